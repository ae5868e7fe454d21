"""The values that Kustomize works on: a tree that can be changed, in which every node knows its place in the source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.findings import Problem, ProblemKind
from iacguard.frontends.yamlplaces import NodePlace, Origin, entries
from iacguard.frontends.yamlscalars import kubernetes_plain, tagged
from iacguard.late import regex
from iacguard.model import Key, Place, Span, Step, Value
from iacguard.record import record

_STR: Final = "tag:yaml.org,2002:str"
_DATE = regex(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(\.\d+)?[ \t]*(Z|[-+]\d\d?(?::?\d\d)?)?)?"
)
# go-yaml v3, which Kustomize reads with, has YAML 1.2's booleans.
_BOOLEANS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_MAX_DEPTH = 150
#: Nodes that one kustomization may make by copying.
_BUDGET = 500_000


class KustomizeError(Exception):
    """A kustomization cannot be built. ``kind`` and ``hint`` are those of the Problem that it becomes."""

    def __init__(self, message: str, place: Place | Span | None = None, kind: ProblemKind = "value", hint: str = ""):
        super().__init__(message)
        self.message, self.kind, self.hint = message, kind, hint
        self.span = place if isinstance(place, Span) or place is None else place.span

    def problem(self, default: Span) -> Problem:
        """The Problem, at ``default`` where the error has no place of its own."""
        return Problem(self.kind, self.span or default, self.message, self.hint)


@record(frozen=False, eq=False)
class Leaf:
    """A scalar: what it is as JSON, and the text that stands for it."""

    value: Value
    text: str
    place: Place


@record(frozen=False, eq=False)
class Mapping:
    """Members by name, in their order."""

    entries: dict[str, Tree]
    place: Place


@record(frozen=False, eq=False)
class Listing:
    """Items in their order."""

    items: list[Tree]
    place: Place


Tree: TypeAlias = Leaf | Mapping | Listing


def plain_value(text: str) -> Value:
    """What Kustomize takes an unquoted scalar for: YAML 1.2's booleans, numbers as the API server, dates as times."""
    value = kubernetes_plain(text)
    if isinstance(value, bool) and text not in _BOOLEANS:
        return text
    if isinstance(value, str) and text[:4].isdigit() and (match := _DATE.fullmatch(text)):
        return _time(match)
    return value


def _time(match: re.Match[str]) -> str:
    from datetime import UTC, datetime, timedelta, timezone

    year, month, day, hour, minute, second, _, zone = match.groups()
    if hour is None and (len(month) != 2 or len(day) != 2):
        return match[0]
    offset = timedelta()
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3].strip(":")), int(zone[-2:]) if len(zone) > 3 else 0
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    try:
        zoned = timezone(offset) if offset else UTC
        made = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zoned
        )
    except ValueError:
        return match[0]
    return made.strftime("%Y-%m-%dT%H:%M:%S") + ("Z" if not offset else made.isoformat()[-6:])


def text_key(text: str) -> str | None:
    """Keys of what Kustomize reads are text as written."""
    return None


def from_yaml(place: NodePlace, plain: Callable[[str], Value] = plain_value) -> Tree:
    """A composed node as a tree of its own; aliases are copied. The node must have passed its checks.

    ``plain`` reads unquoted scalars: JSON patches are read by another version of YAML than objects.
    """
    node, origin = place.node, place.origin
    if isinstance(node, ScalarNode):
        return _leaf(node, place, plain)
    if isinstance(node, MappingNode):
        return Mapping({n: from_yaml(NodePlace(origin, v, k), plain) for n, k, v in entries(node, text_key)}, place)
    return Listing([from_yaml(NodePlace(origin, item), plain) for item in node.value], place)


def _leaf(node: Node, place: NodePlace, plain: Callable[[str], Value]) -> Leaf:
    text: str = node.value
    if node.tag == "":
        return Leaf(plain(text), text, place)
    return Leaf(text if node.tag == _STR else tagged(node.tag, text, plain(text)), text, place)


def leaf(value: Value, place: Place) -> Leaf:
    """A scalar of ours at ``place``."""
    if isinstance(value, bool):
        return Leaf(value, "true" if value else "false", place)
    return Leaf(value, "null" if value is None else str(value), place)


def from_value(value: Value, place: Place) -> Tree:
    """JSON data as a tree; all of it stands at ``place``."""
    if isinstance(value, dict):
        return Mapping({name: from_value(inner, place) for name, inner in value.items()}, place)
    if isinstance(value, list):
        return Listing([from_value(inner, place) for inner in value], place)
    return leaf(value, place)


def to_value(tree: Tree) -> Value:
    """The JSON data of a tree."""
    if isinstance(tree, Mapping):
        return {name: to_value(inner) for name, inner in tree.entries.items()}
    if isinstance(tree, Listing):
        return [to_value(inner) for inner in tree.items]
    return tree.value


class Copier:
    """Copies trees, and stops where what is copied grows without end."""

    def __init__(self) -> None:
        self._left = _BUDGET

    def copy(self, tree: Tree, depth: int = 0) -> Tree:
        """A copy of ``tree`` that shares nothing but places. Raises KustomizeError past the budget."""
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            what = f"more than {_BUDGET:,} values" if self._left < 0 else f"more than {_MAX_DEPTH} levels"
            raise KustomizeError(f"building this makes {what}; it is not built", tree.place, "too-large")
        if isinstance(tree, Mapping):
            return Mapping({n: self.copy(inner, depth + 1) for n, inner in tree.entries.items()}, tree.place)
        if isinstance(tree, Listing):
            return Listing([self.copy(inner, depth + 1) for inner in tree.items], tree.place)
        return Leaf(tree.value, tree.text, tree.place)


def is_null(tree: Tree | None) -> bool:
    """Whether it is missing or null."""
    return tree is None or (isinstance(tree, Leaf) and tree.value is None)


def at(tree: Tree | None, *names: str) -> Tree | None:
    """The member at a path of names."""
    for name in names:
        tree = tree.entries.get(name) if isinstance(tree, Mapping) else None
    return tree


def text_at(tree: Tree | None, *names: str) -> str:
    """The text of the scalar at a path; "" where there is none, or null."""
    found = at(tree, *names)
    return found.text if isinstance(found, Leaf) and found.value is not None else ""


def items_at(tree: Tree | None, *names: str) -> list[Tree]:
    """The items of the list at a path."""
    found = at(tree, *names)
    return list(found.items) if isinstance(found, Listing) else []


def texts_at(tree: Tree | None, *names: str) -> dict[str, Leaf]:
    """The scalars of the mapping at a path, by name."""
    found = at(tree, *names)
    entries = found.entries if isinstance(found, Mapping) else {}
    return {name: inner for name, inner in entries.items() if isinstance(inner, Leaf)}


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node of a tree."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, Mapping):
            pending += node.entries.values()
        elif isinstance(node, Listing):
            pending += node.items


@record
class TreePlace:
    """The place of a built object: each member stands where Kustomize took it from."""

    tree: Tree

    @property
    def span(self) -> Span:
        return self.tree.place.span

    def child(self, key: Key) -> Place | None:
        inner: Tree | None = None
        if isinstance(self.tree, Mapping) and isinstance(key, str):
            inner = self.tree.entries.get(key)
        elif isinstance(self.tree, Listing) and isinstance(key, int) and 0 <= key < len(self.tree.items):
            inner = self.tree.items[key]
        return None if inner is None else TreePlace(inner)

    def trail(self) -> tuple[Step, ...]:
        return self.tree.place.trail()

    def text_start(self) -> tuple[int, int] | None:
        return self.tree.place.text_start()


class InlineOrigin(Origin):
    """The text of a literal block (``patch: |``) as a document of its own, whose places are those in its file."""

    def __init__(self, outer: Origin, start: tuple[int, int], plain_key: Callable[[str], str | None]) -> None:
        super().__init__(outer.file, plain_key)
        self._line, self._column = start

    def position(self, mark: object) -> tuple[int, int]:
        line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
        return self._line + line, self._column + column
