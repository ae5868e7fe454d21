"""The shape of a template's nodes: calls of intrinsic functions, short and long, and plain text."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import NamedTuple

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.frontends.jsontree import JsonMapping
from iacguard.frontends.yamlplaces import entries, entry
from iacguard.frontends.yamlscalars import cloudformation_key

_YAML_TAGS = "tag:yaml.org,2002:"
_QUOTED = f"{_YAML_TAGS}str"
#: Of a scalar that means itself: plain, and in quotes. What else means itself has a tag of YAML's own.
OWN_TAGS = ("", _QUOTED)


class Call(NamedTuple):
    """``name`` in its long form (``Fn::Sub``, ``Ref``, ``Condition``); ``node`` is where it is written."""

    name: str
    argument: Node
    node: Node


class Entry(NamedTuple):
    name: str
    key: Node
    value: Node


def call_of(node: Node) -> Call | None:
    """The intrinsic function that ``node`` calls, or None for a node that means itself."""
    tag = node.tag
    if tag not in OWN_TAGS and not tag.startswith(_YAML_TAGS):
        name = tag[1:]
        plain = name in ("Ref", "Condition") or "::" in name
        return Call(name if plain else f"Fn::{name}", _untagged(node), node)
    if not isinstance(node, MappingNode):
        return None
    if type(node) is JsonMapping:
        if len(node.raw) == 1:
            (name,) = node.raw
            if _is_call(name):
                return Call(name, node.child(name), node)
    elif len(node.value) == 1:
        key, argument = node.value[0]
        if _is_call(key.value):
            return Call(key.value, argument, node)
    return None


def _is_call(name: str) -> bool:
    if "::" not in name:
        return name == "Ref"
    # A loop is a member of the mapping that it stands in, not a value.
    return name.startswith(("Fn::", "Rain::")) and not name.startswith("Fn::ForEach")


def _untagged(node: Node) -> Node:
    if isinstance(node, ScalarNode):
        return ScalarNode(_QUOTED, node.value, node.start_mark, node.end_mark, node.style)
    return type(node)("", node.value, node.start_mark, node.end_mark)


def members(node: Node | None, wanted: Container[str] | None = None) -> Iterable[Entry]:
    """The entries of a mapping, each name once, of those ``wanted`` if given; nothing for any other node."""
    if not isinstance(node, MappingNode):
        return ()
    if type(node) is JsonMapping:
        names = [name for name in node.raw if wanted is None or name in wanted]
        return [Entry(name, node.key(name), node.child(name)) for name in names]
    found = {key.value: Entry(key.value, key, value) for key, value in node.value}
    if "<<" in found:
        found = {name: Entry(name, key, value) for name, key, value in entries(node, cloudformation_key)}
    return found.values() if wanted is None else [entry for entry in found.values() if entry.name in wanted]


def member(node: Node | None, name: str) -> Entry | None:
    """One entry of a mapping."""
    if not isinstance(node, MappingNode):
        return None
    if type(node) is JsonMapping:
        return Entry(name, node.key(name), node.child(name)) if name in node.raw else None
    found, merges = None, False
    for key, value in node.value:
        text = key.value
        if text == name:
            found = key, value
        elif text == "<<":
            merges = True
    if found is None and merges:
        found = entry(node, name, cloudformation_key)
    return Entry(name, *found) if found else None


def items(node: Node | None) -> list[Node]:
    """The items of a list, [] for any other node."""
    return list(node.value) if isinstance(node, SequenceNode) else []


def text_of(node: Node | None) -> str | None:
    """The text of a scalar that calls nothing, as written."""
    return node.value if isinstance(node, ScalarNode) and call_of(node) is None else None
