"""Values of which a part is not known: finding it, passing it on, and what may still be said for certain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from iacguard.model import REST, Encoded, Span, Unknown, Value
from iacguard.record import replace

#: A string in pieces, known and unknown ones, in order.
Pieces: TypeAlias = list[str | Unknown]
_PRIMITIVES = frozenset([str, int, bool, float, type(None)])


def find_unknown(values: Iterable[Value]) -> Unknown | None:
    """The first unknown in ``values``, in reading order, at any depth."""
    stack = list(values)[::-1]
    while stack:
        item = stack.pop()
        if type(item) in _PRIMITIVES:
            continue
        if isinstance(item, Unknown):
            return item
        if isinstance(item, Encoded):
            if item.text is None:
                stack.append(item.value)
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
    return None


def _any_secret(values: Iterable[Value]) -> bool:
    stack = list(values)
    while stack:
        item = stack.pop()
        if isinstance(item, Unknown):
            if item.secret:
                return True
        elif isinstance(item, Encoded):
            stack.append(item.value)
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
    return False


def derived(
    values: Sequence[Value],
    *,
    parts: tuple[str | Unknown, ...] = (),
    choices: tuple[Value, ...] = (),
    spread: bool = False,
    present: bool = False,
    span: Span | None = None,
) -> Unknown:
    """An unknown result of ``values``: it has the reason and place of the first unknown among them."""
    first = find_unknown(values)
    assert first is not None
    return Unknown(
        first.reason,
        "function",
        first.span or span,
        parts=parts,
        choices=choices,
        spread=spread,
        secret=_any_secret(values),
        present=present,
    )


def one_of(results: Sequence[Value], sources: Sequence[Value]) -> Value:
    """One of ``results``, not known which: the value itself where all are the same."""
    distinct = unique(results)
    if len(distinct) == 1:
        return distinct[0]
    first = find_unknown(sources)
    assert first is not None
    present = all(v is not None and not may_be_empty(v) for v in distinct)
    return replace(derived(sources, choices=tuple(distinct), present=present), kind=first.kind)


def may_be_empty(value: Value) -> bool:
    """Whether a known text or collection is empty, or holds nothing but what may stand for no items at all."""
    if isinstance(value, list):
        return all(isinstance(item, Unknown) and item.spread for item in value)
    return value.keys() <= {REST} if isinstance(value, dict) else value == ""


def encoded_text(value: Encoded) -> str | Unknown:
    """The text of a JSON string; unknown, but surely there, where a part of it is."""
    return value.text if value.text is not None else derived([value.value], present=True)


def identity(value: Value) -> str:
    """A text that is equal for equal known values of one type, and differs else. An order for sets, too."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_identity_of_special)


def _identity_of_special(value: object) -> object:
    if isinstance(value, Encoded) and value.text is not None:
        return value.text
    return repr(value)


def unique(values: Sequence[Value]) -> list[Value]:
    """Equal values once, in the order of their first appearance; unknowns too, where nothing tells them apart."""
    seen: dict[tuple[object, ...], Value] = {}
    for value in values:
        seen.setdefault(_key(value), value)
    return list(seen.values())


def surely_unique(values: Sequence[Value]) -> list[Value]:
    """As :func:`unique`, with unknowns once only where they surely are one value.

    Members of one thing look alike (``var.o.x``, ``var.o.y``): a name or being the very same object tells one value.
    """
    seen: dict[tuple[object, ...], Value] = {}
    for value in values:
        known = find_unknown([value]) is None
        seen.setdefault(_key(value) if known or _is_named(value) else ("u", id(value)), value)
    return list(seen.values())


def _is_named(value: Value) -> bool:
    plain = isinstance(value, Unknown) and not value.spread and not value.parts and not value.choices
    return plain and value.reference is not None


def _key(value: Value) -> tuple[object, ...]:
    if isinstance(value, str):
        return ("s", value)
    if isinstance(value, bool):
        return ("b", str(value))
    if isinstance(value, (int, float)):
        return ("n", repr(value))
    return ("o", identity(value))


def same(left: Value, right: Value) -> bool | None:
    """Whether two values are equal as Terraform's ``==`` says; None where that is not known.

    Values of different types are not equal, even ``1`` and ``"1"``.
    """
    if type(left) is str and type(right) is str:
        return left == right
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return _same_unknown(left, right)
    if isinstance(left, Encoded) or isinstance(right, Encoded):
        return _same_encoded(left, right)
    if isinstance(left, list) and isinstance(right, list):
        return _same_list(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return _same_map(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return type(left) is type(right) and bool(left == right)


def _same_encoded(left: Value, right: Value) -> bool | None:
    texts = [encoded_text(v) if isinstance(v, Encoded) else v for v in (left, right)]
    if any(isinstance(t, Unknown) for t in texts):
        return False if None in (left, right) else None
    return bool(texts[0] == texts[1])


def _same_unknown(left: Value, right: Value) -> bool | None:
    unknown, other = (left, right) if isinstance(left, Unknown) else (right, left)
    if unknown.present and (other is None or other == "" or other == [] or other == {}):
        return False
    if unknown.choices and not isinstance(other, Unknown):
        verdicts = {same(choice, other) for choice in unknown.choices}
        return verdicts.pop() if len(verdicts) == 1 else None
    if unknown.parts and isinstance(other, str) and not may_match(unknown, other):
        return False
    return None


def may_match(unknown: Unknown, text: str) -> bool:
    """Whether a string with known pieces may turn out to be ``text``."""
    position = 0
    items = pieces(unknown)
    for index, piece in enumerate(items):
        if not isinstance(piece, str):
            continue
        if index == 0:
            if not text.startswith(piece):
                return False
            position = len(piece)
        elif index == len(items) - 1:
            return len(text) - len(piece) >= position and text.endswith(piece)
        else:
            found = text.find(piece, position)
            if found < 0:
                return False
            position = found + len(piece)
    return True


def _same_list(left: list[Value], right: list[Value]) -> bool | None:
    if any(isinstance(i, Unknown) and i.spread for i in (*left, *right)):
        return None
    if len(left) != len(right):
        return False
    return _all(same(a, b) for a, b in zip(left, right, strict=True))


def _same_map(left: dict[str, Value], right: dict[str, Value]) -> bool | None:
    if REST in left or REST in right:
        shared = (same(left[k], right[k]) for k in left if k in right and k != REST)
        return False if False in shared else None
    if left.keys() != right.keys():
        return False
    return _all(same(value, right[key]) for key, value in left.items())


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    result: bool | None = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is None:
            result = None
    return result


def pieces(value: Value) -> Pieces:
    """A string, known or not, as its pieces; nested parts are flattened."""
    if isinstance(value, Encoded):
        value = encoded_text(value)
    if isinstance(value, str):
        return [value]
    assert isinstance(value, Unknown)
    result: Pieces = []
    stack: Pieces = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Unknown) and item.parts:
            stack.extend(reversed(item.parts))
        else:
            result.append(item)
    return result


def from_pieces(items: Pieces, sources: Sequence[Value]) -> str | Unknown:
    """The string of these pieces: neighbours joined, a single unknown as itself."""
    joined: Pieces = []
    for item in items:
        if isinstance(item, str) and joined and isinstance(joined[-1], str):
            joined[-1] += item
        elif item != "":
            joined.append(item)
    if not joined:
        return ""
    if len(joined) == 1:
        return joined[0]
    present = any(isinstance(i, str) or i.present for i in joined)
    return derived([*sources, *joined], parts=tuple(joined), present=present)
