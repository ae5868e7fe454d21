"""Syntax read from a copy of some text, put back to where that text stands in its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from iacguard.frontends.terraform.syntax import Node

_OFFSETS = frozenset(("start", "end", "text_start", "header_end"))

N = TypeVar("N", bound=Node)


def moved(node: N, where: Callable[[int], int]) -> N:
    """``node`` with every offset, at every depth, mapped by ``where``; -1 ("none") stays."""
    return replace(node, **{f.name: _moved(f.name, getattr(node, f.name), where) for f in fields(node)})


def _moved(name: str, value: Any, where: Callable[[int], int]) -> Any:
    if name in _OFFSETS:
        return where(value) if value >= 0 else value
    if isinstance(value, Node):
        return moved(value, where)
    if isinstance(value, tuple):
        return tuple(_moved("", member, where) for member in value)
    return value
