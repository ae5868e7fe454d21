"""Prefix lists of AWS that are made in the same code: rules that name one let in what stands in it.

https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
"""

from __future__ import annotations

from collections.abc import Iterable

from iacguard.late import regex
from iacguard.model import Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.firewall import split_sources
from iacguard.normalise.values import items

_LIST = "aws_ec2_managed_prefix_list"
_KEYS = regex(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")


def open_prefix_lists(drafts: Iterable[Draft]) -> None:
    """Add to the sources of firewall rules the ranges of the prefix lists that they name.

    The list stays among the rule's ``source_groups``. A list that is made elsewhere says nothing of its ranges.
    """
    lists = _ranges(drafts)
    if not lists:
        return
    for draft in drafts:
        for name in ("ingress_rules", "egress_rules"):
            for rule in items(draft.attributes.get(name)):
                if isinstance(rule, dict):
                    _extend(rule, lists)


def _ranges(drafts: Iterable[Draft]) -> dict[str, list[Value]]:
    """Address of a list, also without its instance's key -> the ranges in it."""
    found: dict[str, list[Value]] = {}
    for draft in drafts:
        if draft.type == _LIST:
            cidrs = [_cidr(entry) for entry in items(draft.attributes.get("entry"))]
            for address in {draft.address, _KEYS.sub("", draft.address)}:
                found.setdefault(address, []).extend(cidrs)
    for draft in drafts if found else ():
        if draft.type == f"{_LIST}_entry":
            for address in _named(draft.attributes.get("prefix_list_id"), found):
                found[address].append(draft.attributes.get("cidr"))
    return found


def _cidr(entry: Value) -> Value:
    return entry.get("cidr") if isinstance(entry, dict) else entry


def _named(value: Value, lists: dict[str, list[Value]]) -> set[str]:
    if not isinstance(value, Unknown) or value.reference is None:
        return set()
    address = value.reference.address
    return {a for a in (address, _KEYS.sub("", address)) if a in lists}


def _extend(rule: dict[str, Value], lists: dict[str, list[Value]]) -> None:
    added: list[Value] = []
    for group in items(rule.get("source_groups")):
        # The instance that is named, else all instances of the block: which one is not told.
        named = _named(group, lists)
        for address in [max(named, key=len)] if named else ():
            added += split_sources([c for c in lists[address] if c is not None])[0]
    if added:
        rule["sources"] = [*items(rule.get("sources")), *added]
