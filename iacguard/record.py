"""Data classes that cost little to define, for a program whose every start counts.

The standard library's ``dataclass`` takes 0.5 ms a class and 5 ms for itself: with it a scan of fifty files takes a
quarter more instructions. A record takes 0.07 ms, and is made in half the time. What a record does is what
``@dataclass(frozen=True, slots=True)`` does, and type checkers treat it as one (PEP 681). ``docs/dependencies.md`` has
the alternatives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import CodeType, FunctionType
from typing import Any, TypeVar, cast, dataclass_transform, overload

T = TypeVar("T")
C = TypeVar("C", bound=type)

_MISSING: Any = type("_Missing", (), {})()


class _Factory:
    """A default that is made anew for each record."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], T]) -> T:
    """The default of a field that each record gets a new one of."""
    return cast(T, _Factory(default_factory))


@overload
def record(cls: C, /) -> C: ...
@overload
def record(*, frozen: bool = True, order: bool = False, eq: bool = True, slots: bool = True) -> Callable[[C], C]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: Any = None, /, *, frozen: bool = True, order: bool = False, eq: bool = True, slots: bool = True) -> Any:
    """Make a record of a class with annotated fields: slots, ``__init__``, equality by fields, a readable ``repr``.

    ``order``: records compare as the tuples of their fields. ``frozen=False``: fields may be assigned, and it has no
    hash. ``eq=False``: it is equal to itself only. ``slots=False``: it has room for cached properties.
    """
    if cls is None:
        return lambda made: _made(made, frozen, order, eq, slots)
    return _made(cls, frozen, order, eq, slots)


def replace(old: T, **changes: Any) -> T:
    """A copy of a record with some fields changed. Raises TypeError for a field that it has not."""
    kind: Any = type(old)
    values = list(kind._values(old))
    for name, value in changes.items():
        at = kind._numbers.get(name)
        if at is None:
            raise TypeError(f"{kind.__name__} has no field {name!r}")
        values[at] = value
    made: T = kind(*values)
    return made


def fields(cls: type) -> tuple[str, ...]:
    """The names of a record's fields, in the order of its ``__init__``."""
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]
    return names


def _made(cls: type, frozen: bool, order: bool, eq: bool, slots: bool) -> type:
    space = dict(cls.__dict__)
    own = tuple(space.get("__annotations__", ()))
    defaults = {**getattr(cls, "_defaults", {}), **{name: space.pop(name) for name in own if name in space}}
    names = (*(name for name in getattr(cls, "__match_args__", ()) if name not in own), *own)
    for name in ("__dict__", "__weakref__"):
        space.pop(name, None)
    values = _getter(names)
    made_here: dict[str, Any] = {"__reduce__": _reduce, "__repr__": _repr}
    if frozen:
        made_here.update(__setattr__=_refuse, __delattr__=_refuse)
    if eq:
        made_here.update(__eq__=_equality(values), __hash__=_hash(values) if frozen else None)
    if order:
        made_here.update(_comparisons(values))
    # What the class writes itself stays.
    numbers = {name: at for at, name in enumerate(names)}
    about = {"__match_args__": names, "_defaults": defaults, "_values": staticmethod(values), "_numbers": numbers}
    space = {**made_here, **space, **about, "__qualname__": cls.__qualname__}
    bases = cls.__bases__
    if frozen:
        bases = (_draft(cls, own, slots),)
        space["__slots__"] = ()
        space["__new__"] = _filler(names, defaults, bases[0])
    else:
        if slots:
            space["__slots__"] = own
        if any("__new__" in base.__dict__ for base in cls.__mro__[1:-1]):  # a base's, with the base's fields
            space["__new__"] = _blank
        space["__init__"] = _filler(names, defaults)
    return type(cls)(cls.__name__, bases, space)


def _draft(cls: type, own: tuple[str, ...], slots: bool) -> type:
    """A class like the frozen one to come, with its slots, whose fields may be assigned."""
    space = {"__setattr__": object.__setattr__, "__module__": cls.__module__}
    return type(cls)(cls.__name__, cls.__bases__, {**space, "__slots__": own} if slots else space)


def _blank(cls: type, *values: Any, **named: Any) -> Any:
    return object.__new__(cls)


def _filler(fields: tuple[str, ...], defaults: dict[str, Any], draft: type | None = None) -> Callable[..., Any]:
    """An ``__init__``; for what is frozen, a ``__new__`` that fills a draft.

    It is a template with the fields' own names: to compile a text for each class took half of a record's time.
    """
    given = fields[len(fields) - len(defaults) :]
    if not defaults.keys() <= set(given):
        raise TypeError(f"a field without a default follows one that has one: {', '.join(fields)}")
    makers = {at: defaults[name].make for at, name in enumerate(fields) if isinstance(defaults.get(name), _Factory)}
    code = _template(len(fields), frozenset(makers), draft is not None)
    own = {f"_{at}": name for at, name in enumerate(fields)}
    code = code.replace(
        co_varnames=tuple([own.get(name, name) for name in code.co_varnames]),
        co_names=tuple([own.get(name, name) for name in code.co_names]),
    )
    names: dict[str, Any] = {f"__make_{at}": make for at, make in makers.items()}
    names.update(__missing=_MISSING, __blank=object.__new__, __draft=draft)
    values = (_MISSING if isinstance(defaults[name], _Factory) else defaults[name] for name in given)
    return FunctionType(code, names, code.co_name, tuple(values))


@cache
def _template(count: int, made: frozenset[int], drafted: bool) -> CodeType:
    """The code that fills ``count`` fields, called ``_0``, ``_1`` and so on; those of ``made`` are made if missing.

    A draft becomes a record at last: half of what it takes to fill frozen slots.
    """
    parameters = "".join(f", _{at}" for at in range(count))
    lines = [
        f" __made._{at} = __make_{at}() if _{at} is __missing else _{at}" if at in made else f" __made._{at} = _{at}"
        for at in range(count)
    ]
    if drafted:
        lines = [" __made = __blank(__draft)", *lines, " __made.__class__ = __cls", " return __made"]
        head = f"def __new__(__cls{parameters}):"
    else:
        head = f"def __init__(__made{parameters}):"
    names: dict[str, Any] = {}
    exec("\n".join([head, *lines, " pass"]), {}, names)
    (function,) = names.values()
    return cast(CodeType, function.__code__)


def _refuse(record: Any, name: str, value: Any = None) -> None:
    raise AttributeError(f"{type(record).__name__}.{name} cannot be changed")


def _getter(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of some fields; attrgetter gives no tuple for less than two."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def _reduce(record: Any) -> tuple[Any, ...]:
    return type(record), record._values(record)


def _repr(record: Any) -> str:
    shown = ", ".join(f"{name}={getattr(record, name)!r}" for name in record.__match_args__)
    return f"{type(record).__qualname__}({shown})"


def _equality(values: Callable[[Any], Any]) -> Callable[[Any, Any], bool]:
    def equal(one: Any, other: Any) -> bool:
        if one is other:
            return True
        return bool(values(one) == values(other)) if type(one) is type(other) else NotImplemented

    return equal


def _hash(values: Callable[[Any], Any]) -> Callable[[Any], int]:
    return lambda record: hash(values(record))


def _comparisons(values: Callable[[Any], Any]) -> dict[str, Callable[[Any, Any], bool]]:
    return {
        "__lt__": lambda one, other: values(one) < values(other) if type(one) is type(other) else NotImplemented,
        "__le__": lambda one, other: values(one) <= values(other) if type(one) is type(other) else NotImplemented,
        "__gt__": lambda one, other: values(one) > values(other) if type(one) is type(other) else NotImplemented,
        "__ge__": lambda one, other: values(one) >= values(other) if type(one) is type(other) else NotImplemented,
    }
