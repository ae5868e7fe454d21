"""Types and arguments that do not exist: what was made up, misspelt, or has been removed from the provider since.

Compared with the published schemas of the AWS and Azure providers and of CloudFormation, in the names that were
written, before anything is translated or folded. Code that is held to another major version of the provider is passed
over, as are templates with macros, which may read what they like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType

from iacguard.frontends.contract import Stack
from iacguard.knowledge import (
    cloudformation_schema,
    cloudformation_types,
    terraform_schema,
    terraform_types,
)
from iacguard.knowledge.schemas import Attribute, Schema
from iacguard.late import regex
from iacguard.model import REST, Path, Place, Value
from iacguard.normalise.draft import Draft
from iacguard.record import record

#: Google's is left out: what only its beta provider has is used under the same names.
KNOWN_MAJORS: Mapping[str, tuple[str, ...]] = MappingProxyType({"aws": ("6",), "azurerm": ("4", "5")})
#: Types that tools add to templates, and those that a transform takes away.
_NOT_PUBLISHED = ("AWS::CDK::", "AWS::Serverless::")
_PART = regex(r"\s*(=|!=|>=|<=|~>|>|<)?\s*v?(\d+)((?:\.\d+)*)\s*")
_DEPTH = 12
#: What our own members of a map begin with, and patterns for its keys in the schemas.
_NO_ARGUMENT = ("$", "_", "/")


@record
class Made:
    """What one resource has that its type has not: the arguments with their places, or the type itself."""

    draft: Draft
    arguments: tuple[tuple[Value, Place], ...] = ()
    type: str = ""

    def tell(self) -> None:
        """Give the resource what its policies ask for."""
        open_ended = REST in self.draft.attributes  # there these would be unknown, too, if they were missing
        if open_ended:
            self.draft.set("unknown_arguments", [])
        for item, place in self.arguments:
            self.draft.append("unknown_arguments", item, place)
        if self.type or open_ended:
            self.draft.set("unknown_type", self.type)


def look(stack: Stack, drafts: Sequence[Draft]) -> tuple[Made, ...]:
    """What the drafts have that does not exist. To be asked before they are changed, and told afterwards."""
    if "plan" in stack.facts:  # Terraform refuses what does not exist; a plan has all that its provider's version has
        return ()
    if stack.format == "terraform":
        majors = {name: _majors(name, stack.facts.get(f"provider:{name}", "")) for name in KNOWN_MAJORS}
        judged = ((draft, majors.get(draft.type.partition("_")[0], ())) for draft in drafts)
        return tuple(made for draft, known in judged if known for made in _made(draft, known))
    if stack.format == "cloudformation" and not any(p.kind == "not-evaluated" for p in stack.problems):
        own = (d for d in drafts if d.type.startswith("AWS::") and not d.type.startswith(_NOT_PUBLISHED))
        return tuple(made for draft in own for made in _made(draft, ("",)))
    return ()


def _made(draft: Draft, majors: Sequence[str]) -> Iterator[Made]:
    known = [names for major in majors if (names := _names(draft.type, major)) is not None]
    if not known:
        yield Made(draft, type=_said(draft.type, draft.type, _types(draft.type, majors[0]), 0.9))
        return
    found = {} if _fits(draft.attributes, known[0]) else _unknown(draft, known[0])
    for names in known[1:] if found else ():
        others = _unknown(draft, names)
        found = {path: within for path, within in found.items() if path in others}
    if found or REST in draft.attributes:
        yield Made(draft, tuple(_argument(draft, path, within, known[0].major) for path, within in found.items()))


def _argument(draft: Draft, path: Path, within: tuple[str, ...], major: str) -> tuple[Value, Place]:
    """What to say of an argument that does not exist, and where it stands; ``within`` are the blocks around it."""
    names = _members(draft.type, within, major) or {}
    known = tuple(name for name, a in names.items() if name != "id" and (a.settable or a.block))
    name = str(path[-1])
    return {"argument": _said(".".join((*within, name)), name, known, 0.6)}, draft.where(path)


def _types(type_: str, major: str) -> Sequence[str]:
    return cloudformation_types() if "::" in type_ else terraform_types(type_.partition("_")[0], major)


class _Names:
    """The names of what a type, or a block of it, may hold, and those of its blocks as they are asked for."""

    __slots__ = ("_blocks", "_path", "_type", "all", "major")

    def __init__(self, type_: str, path: tuple[str, ...], major: str, names: Iterable[str]) -> None:
        self._type, self._path, self.major = type_, path, major
        self.all = frozenset(names)
        self._blocks: dict[str, _Names | None] = {}

    def block(self, name: str) -> _Names | None:
        """What the block ``name`` may hold; None as for :func:`_members`."""
        if name not in self._blocks:
            path = (*self._path, name)
            members = _members(self._type, path, self.major)
            self._blocks[name] = None if members is None else _Names(self._type, path, self.major, members)
        return self._blocks[name]


@cache
def _names(type_: str, major: str) -> _Names | None:
    """What a type may hold; None for one that does not exist."""
    members = _members(type_, (), major)
    return None if members is None else _Names(type_, (), major, members)


def _members(type_: str, path: tuple[str, ...], major: str) -> Mapping[str, Attribute] | None:
    """What a type, or a block of it, may hold; None for a type that does not exist, and below values of any names."""
    schema = _schema(type_, major)
    if schema is None or not path:
        return None if schema is None else schema.attributes
    found = schema.attribute(path)
    return found.members if found is not None and found.members and found.type != "map" else None


@lru_cache(maxsize=64)
def _schema(type_: str, major: str) -> Schema | None:
    """A type's schema, unpacked once for all its blocks."""
    return cloudformation_schema(type_) if "::" in type_ else terraform_schema(type_, major)


def _fits(attributes: Value, names: _Names) -> bool:
    """Whether a type has all arguments of a resource: to find that out takes half as long as to find those it lacks."""
    pending: list[tuple[Value, _Names]] = [(attributes, names)]
    while pending:
        value, known = pending.pop()
        if type(value) is list:
            pending += [(item, known) for item in value if type(item) is dict]
            continue
        own = known.all
        for name, inner in value.items():
            if name not in own:
                if not name.startswith(_NO_ARGUMENT):
                    return False
            elif type(inner) is dict or type(inner) is list:
                block = known.block(name)
                if block is not None:
                    pending.append((inner, block))
    return True


def _unknown(draft: Draft, names: _Names) -> dict[Path, tuple[str, ...]]:
    """The paths of a resource's arguments that its type does not have, and the names of the blocks around each."""
    out: dict[Path, tuple[str, ...]] = {}
    pending: list[tuple[Value, _Names, tuple[str, ...], Path]] = [(draft.attributes, names, (), ())]
    while pending:
        value, known, within, path = pending.pop()
        if type(value) is list:
            inside = [(item, known, within, (*path, at)) for at, item in enumerate(value) if type(item) is dict]
            pending += inside[::-1]
        if type(value) is not dict or len(path) > _DEPTH:
            continue
        for name, inner in value.items():
            if name in known.all:
                block = known.block(name) if type(inner) is dict or type(inner) is list else None
                if block is not None:
                    pending.append((inner, block, (*within, name), (*path, name)))
            elif not name.startswith(_NO_ARGUMENT):
                out[*path, name] = within
    return out


def _said(text: str, name: str, names: Sequence[str], likeness: float) -> str:
    """``text``, with the existing name that is most like the one that does not exist, if one is."""
    from difflib import get_close_matches

    # What differs more in length cannot be so like it, and is not worth comparing.
    span = (len(name) * likeness / (2 - likeness), len(name) * (2 - likeness) / likeness)
    # Nor can what has too few of its letters.
    letters = dict.fromkeys(map(ord, name))
    alike = [
        n
        for n in names
        if span[0] <= len(n) <= span[1] and len(n) - len(n.translate(letters)) >= likeness * (len(n) + len(name)) / 2
    ]
    near = get_close_matches(name, alike, 1, likeness) if alike else []
    return f"{text} (did you mean {near[0]}?)" if near else text


def _majors(provider: str, constraint: str) -> tuple[str, ...]:
    """The major versions of a provider that are known here and that a version constraint of Terraform's allows.

    https://developer.hashicorp.com/terraform/language/expressions/version-constraints
    """
    parts = [part for part in constraint.split(",") if part.strip()]
    return tuple(major for major in KNOWN_MAJORS[provider] if all(_allows(part, int(major)) for part in parts))


def _allows(part: str, major: int) -> bool:
    found = _PART.fullmatch(part)
    if found is None:
        return False
    operator, first, rest = found[1] or "=", int(found[2]), found[3]
    if operator == "=" or (operator == "~>" and rest):
        return first == major
    if operator == "<":
        return first > major or (first == major and rest.strip(".0") != "")
    return {"!=": True, "<=": first >= major}.get(operator, first <= major)
