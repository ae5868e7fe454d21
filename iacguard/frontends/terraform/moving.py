"""Syntax read from a copy of some text, put back to where that text stands in its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_OFFSETS = frozenset(("start", "end", "text_start", "header_end"))

N = TypeVar("N", bound=tuple[Any, ...])


def moved(node: N, where: Callable[[int], int]) -> N:
    """``node`` with every offset, at every depth, mapped by ``where``; -1 ("none") stays."""
    fields: dict[str, Any] = node._asdict()  # type: ignore[attr-defined]  # every node is a named tuple
    made: N = node._replace(**{name: _moved(name, value, where) for name, value in fields.items()})  # type: ignore[attr-defined]
    return made


def _moved(name: str, value: Any, where: Callable[[int], int]) -> Any:
    if name in _OFFSETS:
        return where(value) if value >= 0 else value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return moved(value, where)
    if isinstance(value, tuple):
        return tuple(_moved("", member, where) for member in value)
    return value
