"""Where values of an expression come from.

An *origin* says where a value stands in the resource's attributes: a path, a list or map of origins for a value that
the expression put together, :class:`Near` for one that was computed from what stands at a path, or None.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from iacguard.model import REST, Path, Value
from iacguard.policy import access
from iacguard.policy.logic import PossibleItem
from iacguard.record import record

Origin: TypeAlias = Any


@record
class Near:
    """The origin of what was computed from the value at ``path``; its members have no better one."""

    path: Path


def member(origin: Origin, key: str | int) -> Origin:
    """The origin of a member of what stands at ``origin``."""
    if isinstance(origin, tuple):
        return (*origin, key)
    if isinstance(origin, list):
        return origin[key] if isinstance(key, int) and -len(origin) <= key < len(origin) else None
    return origin.get(key) if isinstance(origin, dict) else origin


def value_origins(mapping: Value, origin: Origin) -> Origin:
    """The origins of a map's values, as :func:`~iacguard.policy.access.map_values` lists them."""
    if not isinstance(mapping, dict):
        return origin
    known = [member(origin, key) for key in mapping if key != REST]
    return [origin, *known, origin] if REST in mapping else known


def entry_origins(mapping: Value, origin: Origin) -> Origin:
    """The origins of what ``entries`` makes of a map: name and value both stand at the member."""
    places = value_origins(mapping, origin)
    return [{"key": place, "value": place} for place in places] if isinstance(places, list) else places


def flat_origins(items: list[Value], origin: Origin) -> list[Origin]:
    """The origins of what ``flatten_all`` makes of a list, item by item."""
    pending = [(item, member(origin, at)) for at, item in enumerate(items)][::-1]
    found: list[Origin] = []
    while pending:
        item, here = pending.pop()
        if isinstance(held(item), list):
            pending += [(inner, member(here, at)) for at, inner in enumerate(access.flatten_item(item))][::-1]
        elif held(item) is not None:
            found.append(here)
    return found


def path_of(origin: Origin) -> Path | None:
    """The path of an origin, the first one's for several; None where it has none."""
    if isinstance(origin, tuple):
        return origin
    if isinstance(origin, Near):
        return origin.path
    inner = origin if isinstance(origin, list) else list(origin.values()) if isinstance(origin, dict) else ()
    return next((p for p in map(path_of, inner) if p is not None), None)


def held(item: Value) -> Value:
    """An item, also where it is only perhaps in its list."""
    return item.item if isinstance(item, PossibleItem) else item
