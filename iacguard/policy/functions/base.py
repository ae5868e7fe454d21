"""What a function of the policy language is, and how one is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from iacguard.model import Encoded, Unknown, Value, contains_unknown
from iacguard.policy.errors import EvaluationError
from iacguard.policy.language import Expref
from iacguard.policy.logic import Tri, blur, first_unknown, from_tri, join, never_null, one_of, text_of, truth
from iacguard.record import record

_MAX_LIFTS = 64

_TYPES: dict[str, tuple[str, ...]] = {
    "boolean": ("bool",),
    "array": ("list",),
    "object": ("dict",),
    "null": ("NoneType",),
    "string": ("str",),
    "number": ("float", "int"),
    "expref": ("Expref",),
}
_NAMES = {python: name for name, pythons in _TYPES.items() for python in pythons}
_CLASSES: tuple[type, ...] = (bool, list, dict, type(None), str, float, int, Expref)
#: In these there may be something unknown.
_CONTAINERS = frozenset((list, dict))

#: "decides": the function takes unknowns and answers what can be answered; "spreads": an unknown anywhere in its
#: arguments makes the answer unknown.
UnknownRule = Literal["spreads", "decides"]
Returns = Literal["boolean", "number", "string", "array", "object", "any"]


@record
class Parameter:
    """One argument: ``types`` are JMESPath's type names, with ``array-string`` for a list of strings; none is any.

    ``plain`` are the Python types of known values that fit without a look at their items.
    """

    name: str
    types: tuple[str, ...] = ()
    plain: frozenset[type] = frozenset()
    optional: bool = False
    variadic: bool = False


@record
class Function:
    """A function that policies may call. Its documentation is the docstring of ``call``.

    ``raw``: it takes an encoded structure as it is, not as its text. ``context``: the context is its first argument.
    """

    name: str
    call: Callable[..., Value]
    parameters: tuple[Parameter, ...]
    returns: Returns
    unknown: UnknownRule = "spreads"
    raw: bool = False
    context: bool = False

    @property
    def signature(self) -> str:
        """``name(a, b, [c])``."""
        shown = (f"{p.name}..." if p.variadic else f"[{p.name}]" if p.optional else p.name for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"

    @property
    def doc(self) -> str:
        """Its documentation, without the indentation of the source."""
        import inspect

        return inspect.getdoc(self.call) or ""

    def wrong_count(self, count: int) -> str:
        """What is wrong with calling it with ``count`` arguments; "" if nothing is."""
        least = sum(not p.optional for p in self.parameters)
        most = len(self.parameters)
        if count < least:
            return f"takes {'at least ' if self._open or most > least else ''}{_arguments(least)}, not {count}"
        if count > most and not self._open:
            return f"takes {'at most ' if most > least else ''}{_arguments(most)}, not {count}"
        return ""

    def fitting(self, count: int) -> list[frozenset[type]]:
        """For each of ``count`` arguments the types that need no look at what is in them."""
        last = len(self.parameters) - 1
        plain = [self.parameters[min(at, last)].plain for at in range(count)]
        return plain if self.unknown == "decides" else [types - _CONTAINERS for types in plain]

    def takes_texts(self, at: int) -> bool:
        """Whether the argument there may be a list of strings."""
        types = self.parameters[min(at, len(self.parameters) - 1)].types
        return not types or "array" in types or "array-string" in types

    @property
    def _open(self) -> bool:
        return bool(self.parameters) and self.parameters[-1].variadic


def _arguments(count: int) -> str:
    return f"{count} argument" if count == 1 else f"{count} arguments"


def parameters(*specs: str) -> tuple[Parameter, ...]:
    """Parameters from ``"name: type|type"``; a trailing ``?`` on the name is optional, ``...`` is any number."""
    return tuple(_parameter(spec) for spec in specs)


def _parameter(spec: str) -> Parameter:
    name, _, types = spec.partition(":")
    listed = tuple(t.strip() for t in types.split("|") if t.strip())
    names = {python for t in listed or _TYPES if "-" not in t for python in _TYPES[t]}
    plain = frozenset(c for c in _CLASSES if c.__name__ in names)
    return Parameter(name.rstrip("?."), listed, plain, name.endswith("?"), name.endswith("..."))


def invoke(function: Function, arguments: list[Value], context: Any) -> Value:
    """Call ``function``: each choice of an argument in turn, encoded structures as text, types checked.

    Raises EvaluationError for an argument of a wrong type.
    """
    arguments = arguments if function.raw else [text_of(a) if isinstance(a, Encoded) else a for a in arguments]
    unknown: Unknown | None = None
    for at, argument in enumerate(arguments):
        if isinstance(argument, Unknown):
            if argument.choices:
                return _each_choice(function, arguments, at, argument, context)
            unknown = argument if unknown is None else unknown
    if not _accepts(function, arguments, context.strict):
        return None
    result = _call(function, arguments, unknown, context)
    if unknown is not None and result is not None and not context.strict and _may_be_null(function, arguments):
        return join((result, None), unknown)
    return result


def ask(function: Function, arguments: list[Value], context: Any) -> Tri:
    """Whether what :func:`invoke` gives counts as true, for a function that returns a boolean.

    Without the value: most of what is not known is asked for its truth only. Raises EvaluationError as that does.
    """
    arguments = arguments if function.raw else [text_of(a) if isinstance(a, Encoded) else a for a in arguments]
    unknown = False
    for at, argument in enumerate(arguments):
        if isinstance(argument, Unknown):
            if argument.choices:
                return _ask_each(function, arguments, at, argument, context)
            unknown = True
    if not _accepts(function, arguments, context.strict):
        return False
    if function.unknown == "spreads" and (unknown or any(_holds_unknown(a) for a in arguments)):
        return None
    answer = truth(function.call(context, *arguments) if function.context else function.call(*arguments))
    return None if answer and unknown and not context.strict and _may_be_null(function, arguments) else answer


def _ask_each(function: Function, arguments: list[Value], at: int, unknown: Unknown, context: Any) -> Tri:
    """What is the same for each choice of an argument, asked no further than to the first that answers otherwise."""
    if _is_too_many(arguments, at, unknown):
        return None
    found: set[Tri] = set()
    for choice in unknown.choices:
        try:
            found.add(ask(function, [*arguments[:at], choice, *arguments[at + 1 :]], context))
        except EvaluationError:
            found.add(None)  # it is only one of several
        if len(found) > 1 or None in found:
            return None
    return found.pop()


def _holds_unknown(argument: Value) -> bool:
    return type(argument) in _CONTAINERS and contains_unknown(argument)


def _may_be_null(function: Function, arguments: list[Value]) -> bool:
    """Whether an unknown argument may be a null that makes the answer null."""
    for at, argument in enumerate(arguments):
        if isinstance(argument, Unknown) and not never_null(argument):
            types = function.parameters[min(at, len(function.parameters) - 1)].types
            if types and "null" not in types:
                return True
    return False


def _call(function: Function, arguments: list[Value], unknown: Unknown | None, context: Any) -> Value:
    if function.unknown == "spreads":
        if unknown is None and any(_holds_unknown(a) for a in arguments):
            unknown = first_unknown(*arguments)
        if unknown is not None:
            return one_of((True, False), unknown) if function.returns == "boolean" else blur(unknown)
    return function.call(context, *arguments) if function.context else function.call(*arguments)


def _each_choice(function: Function, arguments: list[Value], at: int, unknown: Unknown, context: Any) -> Value:
    if _is_too_many(arguments, at, unknown):
        return blur(unknown)
    results: list[Value] = []
    for choice in unknown.choices:
        try:
            results.append(invoke(function, [*arguments[:at], choice, *arguments[at + 1 :]], context))
        except EvaluationError:
            # It is only one of several: the others may be what it really is.
            results.append(blur(unknown))
    return join(results, unknown)


def _is_too_many(arguments: list[Value], at: int, unknown: Unknown) -> bool:
    """Whether there are more choices, with those of the arguments to come, than are looked at one by one."""
    others = sum(len(a.choices) or 1 for a in arguments[at + 1 :] if isinstance(a, Unknown))
    return len(unknown.choices) * max(1, others) > _MAX_LIFTS


def _accepts(function: Function, arguments: list[Value], strict: bool) -> bool:
    """Whether the types fit; False where an argument is null and the answer therefore is. Raises for the rest."""
    last = function.parameters[-1] if function.parameters else None
    for at, argument in enumerate(arguments):
        parameter = function.parameters[at] if at < len(function.parameters) else last
        if parameter is None or not parameter.types or isinstance(argument, Unknown):
            continue
        if argument is None and not strict and "null" not in parameter.types:
            return False
        _check(function, parameter, argument)
    return True


def _check(function: Function, parameter: Parameter, argument: Value) -> None:
    actual = type(argument).__name__
    inner: list[str] = []
    fits = False
    for name in parameter.types:
        outer, _, item = name.partition("-")
        if actual in _TYPES[outer]:
            fits = True
            if item:
                inner.append(item)
    if not fits:
        raise _wrong_type(function, parameter, actual)
    if inner and isinstance(argument, list):
        _check_items(function, parameter, argument, inner)


def _check_items(function: Function, parameter: Parameter, items: list[Value], allowed: list[str]) -> None:
    kinds = [type(i).__name__ for i in items if not isinstance(i, (Unknown, Encoded))]
    for name in allowed:
        if all(kind in _TYPES[name] for kind in kinds):
            return
    raise _wrong_type(function, parameter, f"list of {' and '.join(sorted({_NAMES.get(k, k) for k in kinds}))}")


def _wrong_type(function: Function, parameter: Parameter, actual: str) -> Exception:
    needed = " or ".join(t.replace("array-", "array of ") for t in parameter.types)
    return EvaluationError(f"{function.name}(): {parameter.name} must be {needed}, not {_NAMES.get(actual, actual)}")


def decided(answer: bool | None, *about: Value) -> Value:
    """A tri as the function's answer; where it is unknown, for the first reason found in ``about``."""
    return from_tri(answer, lambda: first_unknown(*about))
