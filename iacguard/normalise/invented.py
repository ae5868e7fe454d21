"""Types and arguments that do not exist: what was made up, misspelt, or has been removed from the provider since.

Compared with the published schemas of the AWS provider and of CloudFormation, in the names that were written, before
anything is translated or folded. Code that is held to another major version of the provider is passed over, as are
templates with macros, which may read what they like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from iacguard.frontends.contract import Stack
from iacguard.knowledge import (
    cloudformation_schema,
    cloudformation_types,
    terraform_schema,
    terraform_types,
    terraform_versions,
)
from iacguard.knowledge.schemas import Attribute
from iacguard.model import REST, Path, Place, Value
from iacguard.normalise.draft import Draft
from iacguard.record import record

#: Types that tools add to templates, and those that a transform takes away.
_NOT_PUBLISHED = ("AWS::CDK::", "AWS::Serverless::")
_PART = re.compile(r"\s*(=|!=|>=|<=|~>|>|<)?\s*v?(\d+)((?:\.\d+)*)\s*")
_DEPTH = 12


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
        return tuple(_terraform(drafts)) if _current(stack.facts.get("provider:aws", "")) else ()
    if stack.format == "cloudformation" and not any(p.kind == "not-evaluated" for p in stack.problems):
        return tuple(_cloudformation(drafts))
    return ()


def _terraform(drafts: Sequence[Draft]) -> Iterator[Made]:
    for draft in drafts:
        if draft.type.startswith("aws_"):
            yield from _made(draft, terraform_types)


def _cloudformation(drafts: Sequence[Draft]) -> Iterator[Made]:
    for draft in drafts:
        if draft.type.startswith("AWS::") and not draft.type.startswith(_NOT_PUBLISHED):
            yield from _made(draft, cloudformation_types)


def _made(draft: Draft, types: Callable[..., Sequence[str]]) -> Iterator[Made]:
    members = _members(draft.type, ())
    if members is None:
        near = types() if "::" in draft.type else types("aws")
        yield Made(draft, type=_said(draft.type, draft.type, near, 0.9))
    elif (found := tuple(_unknown(draft, members))) or REST in draft.attributes:
        yield Made(draft, found)


@cache
def _members(type_: str, path: tuple[str, ...]) -> Mapping[str, Attribute] | None:
    """What a type, or a block of it, may hold; None for a type that does not exist, and below values of any names."""
    schema = cloudformation_schema(type_) if "::" in type_ else terraform_schema(type_)
    if schema is None or not path:
        return None if schema is None else schema.attributes
    found = schema.attribute(path)
    return found.members if found is not None and found.members and found.type != "map" else None


def _unknown(draft: Draft, members: Mapping[str, Attribute]) -> Iterator[tuple[Value, Place]]:
    """The arguments of a resource that its type does not have, each with its place."""
    pending: list[tuple[Value, Mapping[str, Attribute], Path]] = [(draft.attributes, members, ())]
    while pending:
        value, names, path = pending.pop()
        if type(value) is list:
            pending += [(item, names, (*path, at)) for at, item in enumerate(value)][::-1]
        if type(value) is not dict or len(path) > _DEPTH:
            continue
        for name, inner in value.items():
            if name in names:
                if type(inner) is dict or type(inner) is list:
                    held = _members(draft.type, (*(k for k in path if isinstance(k, str)), name))
                    if held is not None:
                        pending.append((inner, held, (*path, name)))
            elif not name.startswith(("$", "_", "/")):
                dotted = ".".join(key for key in (*path, name) if isinstance(key, str))
                known = tuple(n for n, a in names.items() if n != "id" and (a.settable or a.block))
                yield {"argument": _said(dotted, name, known, 0.6)}, draft.where((*path, name))


def _said(text: str, name: str, names: Sequence[str], likeness: float) -> str:
    """``text``, with the existing name that is most like the one that does not exist, if one is."""
    from difflib import get_close_matches

    near = get_close_matches(name, names, 1, likeness)
    return f"{text} (did you mean {near[0]}?)" if near else text


def _current(constraint: str) -> bool:
    """Whether a version constraint of Terraform's allows the major version of the provider that is known here.

    https://developer.hashicorp.com/terraform/language/expressions/version-constraints
    """
    major = int(terraform_versions()["aws"][0].partition(".")[0])
    return all(_allows(part, major) for part in constraint.split(",") if part.strip())


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
