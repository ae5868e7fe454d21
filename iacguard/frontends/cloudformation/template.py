"""The sections of a template, by name, before anything is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from yaml.nodes import Node

from iacguard.frontends.cloudformation.nodes import Call, Entry, call_of, items, member, members, text_of
from iacguard.frontends.cloudformation.texts import looped
from iacguard.frontends.yamlplaces import Origin
from iacguard.record import field, record

#: Transforms that CloudFormation itself brings and that leave functions and names what they are.
_NEUTRAL_TRANSFORMS = frozenset(
    {"AWS::LanguageExtensions", "AWS::SecretsManager-2020-07-23", "AWS::CodeDeployBlueGreen"}
)
SAM = "AWS::Serverless-2016-10-31"


@record
class Declared:
    """A resource as written. ``type`` is "" where the template names none; ``bound`` are its loops' variables.

    ``parts`` are what it is declared with, by name (``Properties``, ``Condition``): every case asks for them again.
    """

    entry: Entry
    type: str
    parts: Mapping[str, Entry]
    bound: Mapping[str, str]

    @property
    def returns_anything(self) -> bool:
        """Whether its attributes are what someone's own code or template returns."""
        return self.type.startswith("Custom::") or self.type in (
            "AWS::CloudFormation::CustomResource",
            "AWS::CloudFormation::Stack",
            "AWS::CloudFormation::Macro",
        )


@record
class Template:
    """One template. ``expansions`` are loops and macros that stand among the resources.

    ``open_names``: a transform or module may add names, so one that is not here need not be wrong.
    """

    origin: Origin
    root: Node
    transforms: tuple[Entry, ...]
    parameters: Node | None
    mappings: Mapping[str, Entry]
    conditions: Mapping[str, Entry]
    condition_loops: tuple[Entry, ...]
    resources: Mapping[str, Declared]
    expansions: tuple[Entry, ...]
    outputs: tuple[Entry, ...]
    #: What SAM calls a resource, also one of its attributes ("Api.Stage") -> the logical id that it has.
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def macros(self) -> tuple[Entry, ...]:
        """The transforms that may change anything."""
        return tuple(t for t in self.transforms if t.name not in _NEUTRAL_TRANSFORMS and t.name != SAM)

    @property
    def uses_sam(self) -> bool:
        return any(t.name == SAM for t in self.transforms)

    @property
    def uses_rain(self) -> bool:
        """Whether it is a source file of AWS's packaging tool ``rain``, which puts other files into it."""
        return b"Rain::" in self.origin.file.data

    @property
    def open_names(self) -> bool:
        return (
            bool(self.macros)
            or self.uses_sam
            or self.uses_rain
            or any(not e.name.startswith("Fn::ForEach") for e in self.expansions)
            or any(r.type.endswith("::MODULE") for r in self.resources.values())
        )


def read_template(origin: Origin, root: Node) -> Template:
    """Sort the sections of ``root``, a mapping."""
    resources, expansions = _sorted_out(root, "Resources")
    conditions, loops = _sorted_out(root, "Conditions")
    return Template(
        origin,
        root,
        _transforms(root),
        _section(root, "Parameters"),
        {entry.name: entry for entry in members(_section(root, "Mappings"))},
        {entry.name: entry for entry in conditions},
        loops,
        {entry.name: declared(entry) for entry in resources},
        expansions,
        tuple(members(_section(root, "Outputs"))),
    )


def declared(entry: Entry, bound: Mapping[str, str] = MappingProxyType({})) -> Declared:
    """The resource that an entry of ``Resources`` declares."""
    parts = parts_of(entry)
    type_ = parts.get("Type")
    return Declared(entry, looped((text_of(type_.value) if type_ else None) or "", bound), parts, bound)


def parts_of(entry: Entry) -> dict[str, Entry]:
    """What the resource of an entry is declared with, by name."""
    return {part.name: part for part in members(entry.value)}


def _sorted_out(root: Node, section: str) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The entries of a section, and the loops and macros among them."""
    found = list(members(_section(root, section)))
    expansions = tuple(entry for entry in found if entry.name.startswith("Fn::"))
    return tuple(entry for entry in found if not entry.name.startswith("Fn::")), expansions


def _section(root: Node, name: str) -> Node | None:
    found = member(root, name)
    return found.value if found else None


def _transforms(root: Node) -> tuple[Entry, ...]:
    """``Transform`` as a name, a list of names, or mappings with a Name; ``Fn::Transform`` at the top too."""
    found: list[Entry] = []
    for section in ("Transform", "Fn::Transform"):
        entry = member(root, section)
        if entry is None:
            continue
        for node in items(entry.value) or [entry.value]:
            call: Call | None = call_of(node)
            body = call.argument if call else node
            name = member(body, "Name")
            text = text_of(name.value if name else body)
            found.append(Entry(text or "?", entry.key if node is entry.value else node, node))
    return tuple(found)
