"""Three-valued logic over values: truth, equality, order, and what can be said of an Unknown.

A *tri* is ``True``, ``False`` or ``None`` for "not known" (Kleene's strong logic). Every function here keeps one law:
whatever concrete value an :class:`~iacguard.model.Unknown` turns out to be, it never contradicts an answer given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from iacguard.model import REST, Encoded, Unknown, Value
from iacguard.record import record

Tri: TypeAlias = bool | None

#: All values that JMESPath counts as false.
FALSY: tuple[Value, ...] = (None, False, "", [], {})
_MAX_CHOICES = 24


@record
class PossibleItem(Unknown):
    """An item that may or may not be in its list: a filter's condition on it is not known. ``item`` is its value."""

    item: Value = None


def possible(item: Value, why: Unknown) -> PossibleItem:
    """``item`` as a member that is there or not; ``why`` says what it hangs on."""
    if isinstance(item, PossibleItem):
        return item
    return PossibleItem(why.reason, why.kind, why.span, spread=True, secret=why.secret, item=item)


def spread(why: Unknown) -> Unknown:
    """Zero or more items of which nothing is known."""
    return Unknown(why.reason, why.kind, why.span, spread=True, secret=why.secret)


def blur(unknown: Unknown) -> Unknown:
    """What comes out of ``unknown`` by an operation that nothing can be said about."""
    u = unknown
    if type(u) is Unknown and not (u.parts or u.choices or u.reference or u.spread or u.present):
        return u
    return Unknown(u.reason, u.kind, u.span, secret=u.secret)


def one_of(choices: Sequence[Value], why: Unknown) -> Unknown:
    """A value that is one of ``choices``, all known."""
    return Unknown(why.reason, why.kind, why.span, choices=tuple(choices), secret=why.secret)


def from_tri(answer: Tri, why: Callable[[], Unknown]) -> Value:
    """A tri as a value: an unknown one is "true or false" for the reason that ``why`` gives."""
    return answer if answer is not None else one_of((True, False), why())


def first_unknown(*values: Value) -> Unknown:
    """The first Unknown inside ``values``; one that says so where there is none."""
    pending = list(reversed(values))
    while pending:
        value = pending.pop()
        if isinstance(value, Unknown):
            return value
        if isinstance(value, Encoded):
            pending.append(value.value)
        elif isinstance(value, list):
            pending.extend(reversed(value))
        elif isinstance(value, dict):
            pending.extend(reversed(list(value.values())))
    return Unknown("it cannot be decided from the code")


def is_text(unknown: Unknown) -> bool:
    """Whether it surely is a string: it has known pieces, or is an identifier of a resource created here."""
    return bool(unknown.parts) or (unknown.present and unknown.reference is not None)


def never_null(unknown: Unknown) -> bool:
    """Whether it surely is not null."""
    if unknown.choices:
        return all(c is not None and not (isinstance(c, Unknown) and not never_null(c)) for c in unknown.choices)
    return unknown.present or bool(unknown.parts)


def text_of(encoded: Encoded) -> str | Unknown:
    """An encoded structure as the string that it is."""
    if encoded.text is not None:
        return encoded.text
    why = first_unknown(encoded.value)
    return Unknown(why.reason, why.kind, why.span, present=True, secret=why.secret)


def truth(value: Value) -> Tri:
    """Whether JMESPath counts ``value`` as true: all but null, false, and empty strings, lists and maps."""
    if value is None or value is False:
        return False
    if value is True:
        return True
    if isinstance(value, (str, int, float)):
        return value != "" if isinstance(value, str) else True
    if isinstance(value, list):
        return _list_truth(value)
    if isinstance(value, dict):
        if not value:
            return False
        return None if len(value) == 1 and REST in value else True
    if isinstance(value, Unknown):
        return _unknown_truth(value)
    return value.text != "" if isinstance(value, Encoded) else True


def _list_truth(items: list[Value]) -> Tri:
    if not items:
        return False
    for item in items:
        if not (isinstance(item, Unknown) and item.spread):
            return True
    return None


def _unknown_truth(unknown: Unknown) -> Tri:
    if unknown.choices:
        answers = {truth(c) for c in unknown.choices}
        return answers.pop() if len(answers) == 1 else None
    if unknown.present or any(known_pieces(unknown)):
        return True
    return None


def known_pieces(unknown: Unknown) -> tuple[str, ...]:
    """The known pieces of its text, in order; pieces that touch are one."""
    pieces: list[str] = []
    touching = False
    pending: list[str | Unknown] = list(reversed(unknown.parts))
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            if touching:
                pieces[-1] += part
            else:
                pieces.append(part)
            touching = True
        elif part.parts:
            pending.extend(reversed(part.parts))
        else:
            touching = False
    return tuple(p for p in pieces if p)


def could_be_text(unknown: Unknown, text: str) -> bool:
    """Whether the known pieces allow ``text``: it begins, ends and goes on as they say."""
    prefix, suffix = unknown.prefix, unknown.suffix
    if not (text.startswith(prefix) and text.endswith(suffix)):
        return False
    at = 0
    for piece in known_pieces(unknown):
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def all_tri(answers: Iterable[Tri]) -> Tri:
    """Kleene's "and" over ``answers``."""
    result: Tri = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            result = None
    return result


def any_tri(answers: Iterable[Tri]) -> Tri:
    """Kleene's "or" over ``answers``."""
    result: Tri = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            result = None
    return result


def not_tri(answer: Tri) -> Tri:
    """Kleene's "not"."""
    return None if answer is None else not answer


_SIMPLE = frozenset((str, int, float, type(None)))


def equal(left: Value, right: Value) -> Tri:
    """JMESPath's ``==``: by type and structure; a boolean never equals a number."""
    if type(left) in _SIMPLE and type(right) in _SIMPLE:
        # Texts, numbers and null, nearly all that policies compare.
        return bool(left == right)
    if isinstance(left, Encoded):
        left = text_of(left)
    if isinstance(right, Encoded):
        right = text_of(right)
    if isinstance(left, Unknown):
        return _equal_unknown(left, right)
    if isinstance(right, Unknown):
        return _equal_unknown(right, left)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list):
        return isinstance(right, list) and _equal_lists(left, right)
    if isinstance(left, dict):
        return isinstance(right, dict) and _equal_maps(left, right)
    return bool(left == right)


def _equal_unknown(unknown: Unknown, other: Value) -> Tri:
    if unknown.choices:
        answers = {equal(c, other) for c in unknown.choices}
        return answers.pop() if len(answers) == 1 else None
    if isinstance(other, Unknown):
        return _equal_unknowns(unknown, other)
    if is_text(unknown) and not (isinstance(other, str) and could_be_text(unknown, other)):
        return False
    if unknown.present and truth(other) is False:
        return False
    return None


def _equal_unknowns(left: Unknown, right: Unknown) -> Tri:
    if right.choices:
        return _equal_unknown(right, left)
    short, long = sorted((left.prefix, right.prefix), key=len)
    if not long.startswith(short):
        return False
    short, long = sorted((left.suffix, right.suffix), key=len)
    return None if long.endswith(short) else False


def _equal_lists(left: list[Value], right: list[Value]) -> Tri:
    fixed_left, fixed_right = _fixed(left), _fixed(right)
    if fixed_left == len(left) and fixed_right == len(right):
        return len(left) == len(right) and all_tri(map(equal, left, right))
    if fixed_left == len(left) and len(left) < _certain(right):
        return False
    if fixed_right == len(right) and len(right) < _certain(left):
        return False
    shared = min(fixed_left, fixed_right)
    return False if all_tri(map(equal, left[:shared], right[:shared])) is False else None


def _fixed(items: list[Value]) -> int:
    """How many items stand before the first that may be many or none."""
    for at, item in enumerate(items):
        if isinstance(item, Unknown) and item.spread:
            return at
    return len(items)


def _certain(items: list[Value]) -> int:
    return sum(not (isinstance(item, Unknown) and item.spread) for item in items)


def _equal_maps(left: dict[str, Value], right: dict[str, Value]) -> Tri:
    open_left, open_right = REST in left, REST in right
    answers: list[Tri] = []
    for key in left.keys() | right.keys():
        if key == REST:
            continue
        if key in left and key in right:
            answers.append(equal(left[key], right[key]))
        elif (key in left and not open_right) or (key in right and not open_left):
            return False
    answers.append(None if open_left or open_right else True)
    return all_tri(answers)


def join(values: Iterable[Value], why: Unknown) -> Value:
    """One value that may be any of ``values``: the value itself where they all agree."""
    distinct: list[Value] = []
    opaque: Unknown | None = None
    for value in values:
        if isinstance(value, Unknown) and not value.choices:
            opaque = value if opaque is None else opaque
        for choice in value.choices if isinstance(value, Unknown) and value.choices else (value,):
            if isinstance(choice, Unknown):
                opaque = choice if opaque is None else opaque
            if not any(_identical(choice, d) for d in distinct):
                distinct.append(choice)
    if len(distinct) == 1:
        return distinct[0]
    if opaque is None and len(distinct) <= _MAX_CHOICES:
        return one_of(distinct, why)
    sure = all(truth(d) is True for d in distinct)
    return Unknown(why.reason, why.kind, why.span, secret=why.secret, present=sure)


def _identical(left: Value, right: Value) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, Unknown):
        return left is right
    return equal(left, right) is True


def lift(operation: Callable[[Value], Value], unknown: Unknown) -> Value:
    """``operation`` on each of the finite set that ``unknown`` is taken from."""
    return join([operation(c) for c in unknown.choices], unknown)


def one_item(unknown: Unknown) -> Value:
    """Each of the items that ``unknown`` stands for in a list: one of its choices, where those are known.

    A choice that is a list itself is several items.
    """
    found = [i for c in unknown.choices for i in (c if isinstance(c, list) else (c,)) if i is not None]
    return join(found, unknown) if found else blur(unknown)


def falsy_part(value: Value) -> tuple[Value, ...]:
    """What ``value``, whose truth is not known, can be where it is false."""
    if isinstance(value, Unknown):
        return tuple(c for c in value.choices if truth(c) is not True) if value.choices else FALSY
    return ([],) if isinstance(value, list) else ({},)


def truthy_part(value: Value) -> tuple[Value, ...]:
    """What ``value``, whose truth is not known, can be where it is true."""
    if isinstance(value, Unknown):
        if value.choices:
            return tuple(c for c in value.choices if truth(c) is not False)
        return (Unknown(value.reason, value.kind, value.span, value.parts, secret=value.secret, present=True),)
    why = first_unknown(value)
    return (Unknown(why.reason, why.kind, why.span, secret=why.secret, present=True),)


def order(operator: str, left: Value, right: Value) -> Value:
    """JMESPath's ``<``, ``<=``, ``>``, ``>=``: numbers with numbers, strings with strings, all else null."""
    if isinstance(left, Encoded):
        left = text_of(left)
    if isinstance(right, Encoded):
        right = text_of(right)
    if isinstance(left, Unknown):
        if left.choices:
            return lift(lambda c: order(operator, c, right), left)
        return one_of((True, False, None), left) if _orderable(right) else None
    if isinstance(right, Unknown):
        if right.choices:
            return lift(lambda c: order(operator, left, c), right)
        return one_of((True, False, None), right) if _orderable(left) else None
    if not _orderable(left) or not _orderable(right) or isinstance(left, str) != isinstance(right, str):
        return None
    return _ORDER[operator](left, right)


def _orderable(value: Value) -> bool:
    return isinstance(value, (int, float, str, Unknown)) and not isinstance(value, bool)


_ORDER: dict[str, Callable[[Value, Value], bool]] = {
    "lt": lambda a, b: bool(a < b),
    "lte": lambda a, b: bool(a <= b),
    "gt": lambda a, b: bool(a > b),
    "gte": lambda a, b: bool(a >= b),
}
