"""What the tables add to resource types, for those who check or document policies. Nothing here is on a scan's way."""

from __future__ import annotations

import os
from functools import cache

from iacguard.normalise.firewall import TYPES as FIREWALLS
from iacguard.normalise.fold import Fold, folds_of
from iacguard.normalise.scripts import SCRIPTED
from iacguard.normalise.tables import load, words
from iacguard.normalise.workload import POD_TEMPLATES

PROVIDERS = ("aws", "azurerm", "google")


def folds() -> tuple[Fold, ...]:
    """Every fold, provider by provider, in the tables' order."""
    return tuple(f for p in PROVIDERS for found in folds_of(p).values() for f in found)


@cache
def made_attributes(type_: str) -> frozenset[str]:
    """The top-level attributes that normalising may give to resources of ``type_`` beside their schema's own.

    Folded ones whose parent may be any type are included for the provider's types.
    """
    provider = type_.partition("_")[0]
    names: set[str] = set()
    for fold in folds():
        if fold.parent == type_ or (fold.parent == "*" and fold.child.startswith(f"{provider}_")):
            names.update(t.name for t in fold.targets)
    documents = load("documents").get(type_)
    if documents is not None:
        names.add("statements")
        names.update(w.lstrip("~").partition("[")[0] for w in words(documents))
    if type_ == "aws_iam_role":
        names |= {"trust_statements", "inline_policy", "managed_policy_arns"}
    if type_ in ("aws_iam_user", "aws_iam_group"):
        names |= {"inline_policy", "managed_policy_arns"}
    if type_ in FIREWALLS:
        names |= {"ingress_rules", "egress_rules"}
    if type_.startswith("google_"):
        names.add("bindings")
    if type_ in SCRIPTED:
        names.add("user_data_lines")
    if type_.startswith(("aws_", "AWS::", "azurerm_")):
        names |= {"unknown_arguments", "unknown_type"}
    if type_ in POD_TEMPLATES:
        names |= {"pod", "containers"}
    if type_ in ("RoleBinding", "ClusterRoleBinding"):
        names.add("role_rules")
    return frozenset(names)


def cloudformation_types() -> dict[str, tuple[str, ...]]:
    """CloudFormation type -> the Terraform types that its resources may become, sorted by name."""
    found: dict[str, tuple[str, ...]] = {}
    folder = os.path.join(os.path.dirname(__file__), "tables", "cloudformation")
    for file in sorted(os.listdir(folder)):
        for native, row in load(f"cloudformation/{file.removesuffix('.yaml')}").items():
            if isinstance(row, dict):
                others = [v for k, v in row.items() if k.startswith("as ")]
                found[native] = tuple(dict.fromkeys((row["as"], *others)))
    return dict(sorted(found.items()))
