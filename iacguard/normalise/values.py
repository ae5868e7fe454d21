"""Tolerant readers of evaluated values: odd shapes and unknowns are normal here, and nothing raises."""

from __future__ import annotations

from iacguard.model import REST, Unknown, Value
from iacguard.record import replace

#: How deep values are followed; deeper than any real template, shallow enough for the interpreter's stack.
MAX_DEPTH = 60


def get(value: Value, *path: str | int) -> Value:
    """The member at ``path``: None where there is none, the Unknown where one stands in the way."""
    for key in path:
        if isinstance(value, Unknown):
            return value
        if isinstance(key, int):
            if not isinstance(value, list) or not -len(value) <= key < len(value):
                return None
            value = value[key]
        elif isinstance(value, dict):
            value = value.get(key, value.get(REST))
        elif isinstance(value, list) and value and not isinstance(value[0], list):
            value = get(value[0], key)
        else:
            return None
    return value


def items(value: Value) -> list[Value]:
    """``value`` as a list of items: a lone value is a list of one, None is empty, an Unknown is a spread item."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, Unknown):
        return [as_items(value)]
    return [value]


def as_items(value: Unknown) -> Unknown:
    """The Unknown as an item of a list: one that surely is a single string stays one item."""
    if value.parts or value.spread:
        return value
    if value.reference is not None and value.present:
        return value
    if value.choices and all(isinstance(c, str) for c in value.choices):
        return value
    return replace(value, spread=True)


def blocks(value: Value) -> list[tuple[tuple[int, ...], Value]]:
    """Items that are dicts or Unknowns, each with the list index it stands under (() for a lone dict)."""
    if isinstance(value, dict):
        return [((), value)]
    if isinstance(value, Unknown):
        return [((), as_items(value))]
    if isinstance(value, list):
        return [((i,), v) for i, v in enumerate(value) if isinstance(v, dict | Unknown)]
    return []


def text(value: Value) -> str | None:
    """A scalar as text, None for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None


def boolean(value: Value) -> bool | Unknown | None:
    """true and false also where they are written as text; None where it is neither."""
    if isinstance(value, bool | Unknown):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return None


def integer(value: Value) -> int | Unknown | None:
    """A whole number also where it is written as text; None where it is none."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value == value and abs(value) < 2**53 else None
    if isinstance(value, str) and len(value) < 20:
        digits = value.strip().removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() else None
    return None


def same(left: Value, right: Value, depth: int = 0) -> bool:
    """Whether two scalars, or two unknowns of one origin, surely are the same value."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if not isinstance(left, Unknown) or not isinstance(right, Unknown) or left.spread or right.spread:
        return False
    if left.parts or right.parts:
        return (
            depth < MAX_DEPTH
            and len(left.parts) == len(right.parts)
            and all(same(a, b, depth + 1) for a, b in zip(left.parts, right.parts, strict=True))
        )
    one_origin = (left.kind, left.reason, left.reference) == (right.kind, right.reason, right.reference)
    fixed = left.kind in ("variable", "default", "data", "module") or left.reference is not None
    return one_origin and fixed and not left.choices and not right.choices


def origin_of(value: Value) -> tuple[str, ...] | None:
    """A key that two values share if they are :func:`same`; None for one that is the same as no other."""
    if isinstance(value, str):
        return ("", value) if value else None
    while isinstance(value, Unknown) and value.parts:
        first = next((p for p in value.parts if isinstance(p, Unknown)), None)
        if first is None:
            break
        value = first
    return (value.kind, value.reason) if isinstance(value, Unknown) else None


def may_be(value: Value, wanted: str) -> bool:
    """Whether a text, known or not, may be ``wanted``."""
    if not isinstance(value, Unknown):
        return text(value) == wanted
    if value.choices:
        return any(may_be(choice, wanted) for choice in value.choices)
    return wanted.startswith(value.prefix) and wanted.endswith(value.suffix)
