"""What values carry while they are evaluated, and how they leave the evaluator as plain data.

Inside the evaluator a value may also be a :class:`Linked` (a value that was taken from resources, so that an edge
can be drawn even where it is known), a :class:`SetList` (a set: ``for`` and ``for_each`` treat it differently), or
an :class:`Opaque` (a whole resource or module). None of them leaves it: :class:`Border` takes them off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iacguard.findings import ProblemKind
from iacguard.model import REST, Encoded, Reference, Unknown, Value
from iacguard.record import record, replace

#: A value of more items than this is cut off: no real plan is that large, and hostile ones grow exponentially.
MAX_NODES = 500_000
#: A longer string is not built.
MAX_TEXT = 8_000_000
#: The types of values that hold no others. (``type(x) in PRIMITIVES`` is the fastest test there is for them.)
PRIMITIVES = frozenset([str, int, bool, float, type(None)])
_NO_REFERENCES: frozenset[Reference] = frozenset()


class EvalError(Exception):
    """The expression must fail when it is applied. ``kind`` is that of the problem to report."""

    def __init__(self, message: str, kind: ProblemKind = "value", start: int = -1, end: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.kind: ProblemKind = kind
        self.start = start
        self.end = end


class LimitError(EvalError):
    """A bound of ours was reached; the code may well be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "too-large")


class SetList(list[Value]):
    """A set of values, in Terraform's order."""


class Opaque:
    """A whole resource or module as a value: an object whose attributes are evaluated when asked for.

    Its three methods are for its two kinds to write. It is no ABC: ``isinstance`` on one takes nearly three times as
    long, and the evaluator asks it of every value.
    """

    __slots__ = ()

    def attribute(self, name: str) -> Value:
        """The value of one attribute. Raises EvalError where there can be none."""
        raise NotImplementedError

    def unknown(self) -> Unknown:
        """What stands for it as a whole, outside the evaluator."""
        raise NotImplementedError

    def as_object(self) -> Value:
        """All of it as a map, for ``for`` and for functions that want one."""
        raise NotImplementedError


class Open:
    """The instances of a block whose ``count`` or ``for_each`` is not wholly known.

    ``known`` are the certain ones by key; ``rest`` stands for all others.
    """

    __slots__ = ("keyed", "known", "rest", "seen")

    def __init__(self, known: dict[Value, Value], rest: Value, keyed: bool, seen: Unknown) -> None:
        self.known = known
        self.rest = rest
        self.keyed = keyed
        self.seen = seen

    def collection(self) -> Value:
        """It as a map or list with an item that stands for the instances that are not known."""
        open_ended = replace(whole(self.rest), spread=not self.keyed, present=False)
        if self.keyed:
            return {**self.known, REST: open_ended}
        return [*self.known.values(), open_ended]


@record
class Linked:
    """A value that no longer shows which resource attributes it was made from. ``value`` is never a collection."""

    value: Value
    references: frozenset[Reference]


#: More entries of a map than this are not told apart where their keys are not known.
_MAX_ENTRIES = 32


def put_entry(result: dict[str, Value], key: Unknown, value: Value) -> None:
    """Add an entry to ``result`` of which the key is not known."""
    before = result.get(REST)
    keys, choices = (before.keys, before.choices) if isinstance(before, Unknown) else ((), ())
    whole_entries = REST not in result or len(keys) == len(choices) > 0
    fits = len(choices) < _MAX_ENTRIES and (REST not in result or len(choices) > 0)
    result[REST] = Unknown(
        key.reason,
        "expression",
        key.span,
        choices=(*choices, value) if fits else (),
        keys=(*keys, replace(key, spread=False)) if fits and whole_entries else (),
    )


def whole(value: Value) -> Unknown:
    """The Unknown that stands for a resource or module as a whole."""
    if isinstance(value, Opaque):
        return value.unknown()
    return value if isinstance(value, Unknown) else Unknown("it is not known how many there are")


def bare(value: Value) -> Value:
    """``value`` without its outermost link."""
    return value.value if type(value) is Linked else value


def link(value: Value, references: Iterable[Reference]) -> Value:
    """``value`` with ``references`` attached to it, or to the members of a collection."""
    wanted = frozenset(references)
    if not wanted:
        return value
    if isinstance(value, list):
        return type(value)(link(item, wanted) for item in value)
    if isinstance(value, dict):
        return {key: _link_rest(item, wanted) if key == REST else link(item, wanted) for key, item in value.items()}
    if isinstance(value, Unknown):
        if value.spread:
            return _link_rest(value, wanted)
        if wanted == {value.reference}:
            return value
    if value is None or isinstance(value, (Opaque, Open)):
        return value
    if type(value) is Linked:
        return Linked(value.value, value.references | wanted)
    return Linked(value, wanted)


def _link_rest(value: Value, wanted: frozenset[Reference]) -> Value:
    """An item that stands for others must stay an Unknown that shows it: the link goes inside."""
    if not isinstance(value, Unknown) or (value.reference is not None and wanted == {value.reference}):
        return value
    choices = value.choices or (replace(value, spread=False),)
    return replace(value, choices=tuple(link(choice, wanted) for choice in choices))


class Border:
    """Takes values out of the evaluator: plain data, and the references that were in them."""

    __slots__ = ("left", "references")

    def __init__(self) -> None:
        self.references: dict[Reference, None] = {}
        self.left = MAX_NODES

    def plain(self, value: Value) -> Value:
        """``value`` as plain data; the very same object where nothing had to be taken off.

        Raises LimitError for a value of more than MAX_NODES items.
        """
        kind = type(value)
        if kind in PRIMITIVES:
            return value
        self.left -= 1
        if self.left < 0:
            raise LimitError(f"a value has more than {MAX_NODES:,} items")
        if kind is dict:
            return self._map(value)
        if isinstance(value, list):
            return self._list(value)
        if kind is Unknown:
            return self._unknown(value)
        if kind is Linked:
            self.references.update(dict.fromkeys(value.references))
            return self.plain(value.value)
        if isinstance(value, Opaque):
            return self.plain(value.unknown())
        if kind is Open:
            return self.plain(value.collection())
        if kind is Encoded:
            inner = self.plain(value.value)
            return value if inner is value.value else replace(value, value=inner)
        return value

    def _map(self, value: dict[str, Value]) -> Value:
        self.left -= len(value)
        changed: dict[str, Value] = {}
        for key, item in value.items():
            if type(item) not in PRIMITIVES:
                inner = self.plain(item)
                if inner is not item:
                    changed[key] = inner
        return {**value, **changed} if changed else value

    def _list(self, value: list[Value]) -> Value:
        self.left -= len(value)
        changed: list[Value] | None = list(value) if type(value) is not list else None
        for place, item in enumerate(value):
            if type(item) not in PRIMITIVES:
                inner = self.plain(item)
                if inner is not item:
                    if changed is None:
                        changed = list(value)
                    changed[place] = inner
        return value if changed is None else changed

    def _unknown(self, value: Unknown) -> Unknown:
        if value.reference is not None:
            self.references[value.reference] = None
        for part in value.parts:
            if type(part) is not str:
                self.plain(part)
        if value.choices:
            choices = tuple(self.plain(choice) for choice in value.choices)
            if any(new is not old for new, old in zip(choices, value.choices, strict=True)):
                return replace(value, choices=choices)
        return value


def strip(value: Value) -> tuple[Value, frozenset[Reference]]:
    """``value`` as plain data, and the references that were in it."""
    if type(value) in PRIMITIVES:
        return value, _NO_REFERENCES
    border = Border()
    plain = border.plain(value)
    return plain, frozenset(border.references)


def is_wholly_known(value: Value) -> bool:
    """Whether no part of ``value`` is unknown, apart from attributes of resources that are surely created."""
    pending = [value]
    while pending:
        item = pending.pop()
        if type(item) in PRIMITIVES:
            continue
        if type(item) is Linked:
            item = item.value
        if isinstance(item, Unknown):
            if not (item.kind == "computed" and item.present):
                return False
        elif isinstance(item, Encoded):
            if item.text is None:
                pending.append(item.value)
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, Open):
            return False
    return True


def as_secret(value: Value) -> Value:
    """``value`` marked as secret, where it is not known; plain data has no marks."""
    plain = bare(value)
    if not isinstance(plain, Unknown):
        return value
    secret = replace(plain, secret=True)
    return Linked(secret, value.references) if type(value) is Linked else secret


def choose(choices: Iterable[Value]) -> Iterator[Value]:
    """The choices, those of a choice in its place."""
    for choice in choices:
        inner = bare(choice)
        if isinstance(inner, Unknown) and inner.choices and not inner.spread and not inner.parts:
            yield from choose(inner.choices)
        else:
            yield choice
