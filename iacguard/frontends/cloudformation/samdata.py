"""Templates as data that can be rearranged: what SAM's transform works on.

A template's mappings become :class:`Section`, its lists become lists, scalars and calls of functions stay the nodes
that they are. Generated parts are plain dicts, lists and scalars. :func:`node_of` turns all of it back into nodes,
each with the place of what it came from, so that a generated resource is evaluated and placed like a written one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.frontends.cloudformation.nodes import call_of, items, members
from iacguard.frontends.cloudformation.texts import looped
from iacguard.frontends.yamlscalars import cloudformation_plain

# Section | dict | list | Node | str | bool | int | float | None; a recursive alias costs mypy more than it gives.
Data: TypeAlias = Any

_STR = "tag:yaml.org,2002:str"
NO_VALUE: dict[str, str] = {"Ref": "AWS::NoValue"}


class Section(dict[str, Data]):
    """A mapping that knows where it and its keys stand. ``at`` is its place; ``keys`` without one have that too."""

    __slots__ = ("at", "places")

    def __init__(self, at: Node) -> None:
        super().__init__()
        self.at = at
        self.places: dict[str, Node] = {}

    def put(self, name: str, value: Data, at: Node | None = None) -> None:
        """Set ``name``; its key stands at ``at``."""
        self[name] = value
        if at is not None:
            self.places[name] = at

    def take(self, source: Data, name: str, as_: str = "", change: Callable[[Data], Data] | None = None) -> None:
        """Set what ``source`` has under ``name``, with its place; nothing where it has none."""
        if not isinstance(source, dict) or source.get(name) is None:
            return
        value = change(source[name]) if change else source[name]
        self.put(as_ or name, value, place_of(source, name))

    def take_all(self, source: Data, *names: str) -> None:
        for name in names:
            self.take(source, name)


def place_of(source: Data, name: str) -> Node | None:
    """Where the key ``name`` of ``source`` stands."""
    return source.places.get(name, source.at) if isinstance(source, Section) else None


def data_of(node: Node, through_if: bool = False, bound: Mapping[str, str] = MappingProxyType({})) -> Data:
    """``node`` as data. ``through_if``: both branches of ``Fn::If`` too, so that they can be changed.

    ``bound`` are the variables of loops; they are filled in where they stand in plain text.
    """
    call = call_of(node)
    if call is not None:
        if through_if and call.name == "Fn::If":
            return {"Fn::If": [data_of(argument, through_if, bound) for argument in items(call.argument)]}
        return node
    if isinstance(node, MappingNode):
        section = Section(node)
        for entry in members(node):
            section.put(looped(entry.name, bound), data_of(entry.value, through_if, bound), entry.key)
        return section
    if isinstance(node, SequenceNode):
        return [data_of(item, through_if, bound) for item in node.value]
    if bound and isinstance(node, ScalarNode) and looped(node.value, bound) != node.value:
        return ScalarNode(_STR, looped(node.value, bound), node.start_mark, node.end_mark, node.style)
    return None if not node.tag and cloudformation_plain(node.value) is None else node


def node_of(value: Data, at: Node) -> Node:
    """The node of ``value``; what has no place of its own stands at ``at``."""
    if isinstance(value, Node):
        return value
    if isinstance(value, dict):
        own = value.at if isinstance(value, Section) else at
        pairs = []
        for name, inner in value.items():
            key = place_of(value, name) or at
            pairs.append((ScalarNode(_STR, name, key.start_mark, key.end_mark), node_of(inner, key)))
        return MappingNode("", pairs, own.start_mark, own.end_mark)
    if isinstance(value, list):
        return SequenceNode("", [node_of(item, at) for item in value], at.start_mark, at.end_mark)
    if isinstance(value, str):
        return ScalarNode(_STR, value, at.start_mark, at.end_mark)
    text = "null" if value is None else str(value).lower()
    return ScalarNode("", text, at.start_mark, at.end_mark)


def text(value: Data) -> str | None:
    """The text of a scalar, as written; None for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    return value.value if isinstance(value, ScalarNode) and call_of(value) is None else None


def scalar(value: Data) -> Data:
    """The Python value of a scalar node; everything else as it is."""
    if isinstance(value, ScalarNode) and call_of(value) is None:
        return value.value if value.tag else cloudformation_plain(value.value)
    return value


def is_true(value: Data) -> bool:
    return scalar(value) is True or text(value) in ("true", "True")


def is_false(value: Data) -> bool:
    return scalar(value) is False or text(value) in ("false", "False")


def function_of(value: Data) -> tuple[str, Data] | None:
    """Name and argument of the intrinsic function that ``value`` calls."""
    if isinstance(value, Node):
        call = call_of(value)
        return (call.name, data_of(call.argument, through_if=True)) if call else None
    if isinstance(value, dict) and len(value) == 1:
        name, argument = next(iter(value.items()))
        return (name, argument) if name == "Ref" or name.startswith("Fn::") else None
    return None


def branches_of(value: Data) -> list[Data] | None:
    """Condition and both values of an ``Fn::If``."""
    called = function_of(value)
    if called is None or called[0] != "Fn::If" or not isinstance(called[1], list) or len(called[1]) != 3:
        return None
    return called[1]


def is_no_value(value: Data) -> bool:
    called = function_of(value)
    return called is not None and called[0] == "Ref" and text(called[1]) == "AWS::NoValue"


def referred(value: Data) -> str | None:
    """The logical id that a ``Ref`` or ``Fn::GetAtt`` names."""
    called = function_of(value)
    if called is None or called[0] not in ("Ref", "Fn::GetAtt"):
        return None
    argument = called[1][0] if isinstance(called[1], list) and called[1] else called[1]
    name = text(argument)
    return name.partition(".")[0] if name is not None else None


def plain(value: Data) -> Any:
    """``value`` as JSON would have it, functions in their long form."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Node):
        called = function_of(value)
        if called is None:
            return scalar(value) if isinstance(value, ScalarNode) else plain(data_of(value))
        name, argument = called
        if name == "Fn::GetAtt" and isinstance(argument, ScalarNode):
            return {name: argument.value.split(".", 1)}
        return {name: plain(argument)}
    return value


def digest(value: Data, length: int = 10) -> str:
    """What SAM puts behind a logical id so that it changes with ``value``; "" for nothing."""
    if not value:
        return ""
    known = value if isinstance(value, str) else plain(value)
    if not isinstance(known, str):
        known = json.dumps(known, separators=(",", ":"), sort_keys=True, default=str)
    return hashlib.sha1(known.encode(), usedforsecurity=False).hexdigest()[:length]


def ref(name: str) -> Data:
    return {"Ref": name}


def get_att(name: str, attribute: str) -> Data:
    return {"Fn::GetAtt": [name, attribute]}


def sub(template: str, names: dict[str, Data] | None = None) -> Data:
    return {"Fn::Sub": [template, names] if names else template}


def only_if(condition: str | None, value: Data) -> Data:
    """``value`` where the condition holds, else nothing."""
    return {"Fn::If": [condition, value, NO_VALUE]} if condition else value


def tag_list(tags: Data) -> list[Data]:
    """SAM's map of tags as CloudFormation's list of them; each stands where the map's key does."""
    found: list[Data] = []
    for name, value in tags.items() if isinstance(tags, dict) else ():
        at = place_of(tags, name)
        tag: Section | dict[str, Data] = Section(at) if at is not None else {}
        tag["Key"] = name
        tag["Value"] = "" if scalar(value) is None else value
        found.append(tag)
    return found


def as_list(value: Data) -> list[Data]:
    """A list, or one item as a list of it."""
    return value if isinstance(value, list) else [] if value is None else [value]


def mapping(value: Data) -> dict[str, Data]:
    """A mapping, an empty one for anything else."""
    return value if isinstance(value, dict) and function_of(value) is None else {}


def mappings(value: Data) -> Iterator[tuple[str, Data]]:
    """The entries of a mapping, nothing for anything else."""
    yield from mapping(value).items()
