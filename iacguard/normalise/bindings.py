"""Google IAM: members, bindings and whole policies of any resource as one list of ``bindings``."""

from __future__ import annotations

from iacguard.findings import Problem
from iacguard.model import REST, Unknown, Value
from iacguard.normalise.documents import read
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import MovedPlace, NamedPlace
from iacguard.normalise.values import items

SUFFIXES = ("_iam_member", "_iam_binding", "_iam_policy")


def parent_type(type_: str) -> str:
    """The type that a Google IAM resource belongs to, "" for every other type."""
    if type_.startswith("google_"):
        for suffix in SUFFIXES:
            if type_.endswith(suffix):
                return type_.removesuffix(suffix)
    return ""


def add_bindings(draft: Draft, problems: list[Problem]) -> None:
    """Give a ``*_iam_*`` resource its own ``bindings``."""
    attributes = draft.attributes
    if draft.type.endswith("_iam_policy"):
        _from_policy(draft, problems)
        return
    members = attributes.get("members") if draft.type.endswith("_iam_binding") else attributes.get("member")
    binding = {
        "role": attributes.get("role", attributes.get(REST)),
        "members": items(attributes.get(REST) if members is None else members),
        "condition": items(attributes.get("condition")),
    }
    draft.set("bindings", [])
    draft.append("bindings", binding, NamedPlace(draft.place, (), {"members": (("members",), ("member",))}))


def _from_policy(draft: Draft, problems: list[Problem]) -> None:
    value = draft.attributes.get("policy_data", draft.attributes.get(REST))
    document = read(value, draft.where(("policy_data",)))
    draft.set("bindings", [])
    if document.error:
        message = f"{draft.address}: policy_data is no IAM policy; {document.error}"
        problems.append(Problem("value", document.place.span, message))
    found = document.value
    if isinstance(found, Unknown):
        unknown = Unknown(found.reason, found.kind, found.span, spread=True)
        draft.append("bindings", unknown, document.place)
        return
    listed = found.get("bindings", found.get("binding", found.get(REST))) if isinstance(found, dict) else None
    for index, item in enumerate(items(listed)):
        place = MovedPlace(document.place, old=("bindings", index))
        if isinstance(item, dict):
            binding: dict[str, Value] = {
                "role": item.get("role", item.get(REST)),
                "members": items(item.get("members", item.get(REST))),
                "condition": items(item.get("condition")),
            }
            draft.append("bindings", binding, place)
        elif isinstance(item, Unknown):
            draft.append("bindings", item, place)
