"""Every name in the tables is one that CloudFormation or a provider has: checked against their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from iacguard.knowledge import Attribute, cloudformation_schema, terraform_schema
from iacguard.model import FixedPlace, Resource, Span
from iacguard.normalise.cloudformation import translate
from iacguard.normalise.draft import Draft
from iacguard.normalise.tables import load
from iacguard.normalise.vocabulary import cloudformation_types, folds, made_attributes

#: Parents and children that the majors at hand no longer have, kept for code that is pinned to older ones.
GONE = (
    "azurerm_sql_",
    "azurerm_postgresql_server",
    "azurerm_postgresql_firewall_rule",
    "azurerm_postgresql_configuration",
    "azurerm_postgresql_active_directory_administrator",
    "azurerm_postgresql_virtual_network_rule",
    "azurerm_mysql_server",
    "azurerm_mysql_firewall_rule",
    "azurerm_mysql_configuration",
    "azurerm_mysql_active_directory_administrator",
    "azurerm_mariadb_",
    "azurerm_servicebus_namespace_network_rule_set",
)
#: References that older majors or CloudFormation's rows bring.
OLDER = {
    ("aws_iam_role_policy", "roles"),
    ("aws_iam_user_policy", "users"),
    ("aws_iam_group_policy", "groups"),
    ("azurerm_network_watcher_flow_log", "network_security_group_id"),
    ("azurerm_storage_account_network_rules", "storage_account_name"),
    ("azurerm_storage_container", "storage_account_name"),
    ("azurerm_storage_share", "storage_account_name"),
}
FIREWALL_LISTS = {"ingress_rules", "egress_rules", "statements"}


@pytest.mark.parametrize(("native", "types"), sorted(cloudformation_types().items()), ids=str)
def test_both_types_of_a_row(native: str, types: tuple[str, ...]) -> None:
    schema = cloudformation_schema(native)
    assert schema is not None
    assert [t for t in types if terraform_schema(t) is None] == []
    row = load(f"cloudformation/{native.split('::')[1].lower()}")[native]
    wrong = [k for k in row if k != "as" and not _known(schema.attributes, k.removeprefix("as ").split("."))]
    assert wrong == []


def _known(members: Mapping[str, Attribute], path: list[str]) -> bool:
    for at, name in enumerate(path):
        found = members.get(name)
        if found is None:
            return False
        if found.type == "any" or (found.type == "map" and at + 1 < len(path)):
            return True
        members = found.members
    return True


@pytest.mark.parametrize(("native", "types"), sorted(cloudformation_types().items()), ids=str)
def test_top_level_names_of_a_row_are_arguments(native: str, types: tuple[str, ...]) -> None:
    row = load(f"cloudformation/{native.split('::')[1].lower()}")[native]
    known: set[str] = set()
    for type_ in types:
        schema = terraform_schema(type_)
        assert schema is not None
        known |= set(schema.attributes) | made_attributes(type_)
    assert [t for t in _targets(row) if t not in known | EXTRA.get(native, set())] == []


#: What CloudFormation says and Terraform's argument has no name for; it keeps a name of its own.
EXTRA: dict[str, set[str]] = {"AWS::IAM::Policy": {"roles"}}


def _targets(row: Mapping[str, Any]) -> Iterator[str]:
    for key, entry in row.items():
        if "." in key or key == "as" or key.startswith("as "):
            continue
        for text in [entry] if isinstance(entry, str) else entry if isinstance(entry, list) else entry.values():
            head = text.split()[0].split(".")[0]
            if head not in ("=", ""):
                yield head


#: Nested names that Terraform has no place for, and why they stay.
EXTRA_NESTED = {
    # Terraform writes the network interface's groups at the instance.
    ("AWS::EC2::Instance", "NetworkInterfaces.GroupSet"),
    # Maps of CloudFormation whose keys are an argument of a block in Terraform; no policy asks for them.
    (
        "AWS::Athena::WorkGroup",
        "WorkGroupConfiguration.MonitoringConfiguration.CloudWatchLoggingConfiguration.LogTypes",
    ),
    ("AWS::NetworkFirewall::FirewallPolicy", "FirewallPolicy.PolicyVariables.RuleVariables"),
    ("AWS::WAFv2::WebACL", "AssociationConfig.RequestBody"),
    # A resource of its own in Terraform.
    ("AWS::SNS::Topic", "DataProtectionPolicy"),
    ("AWS::IAM::Policy", "Roles"),
}


@pytest.mark.parametrize(("native", "types"), sorted(cloudformation_types().items()), ids=str)
def test_nested_names_of_a_row_are_arguments(native: str, types: tuple[str, ...]) -> None:
    """Every property that a row names is translated, and what comes out is looked up, level by level."""
    row = load(f"cloudformation/{native.split('::')[1].lower()}")[native]
    wrong = []
    for key, entry in row.items():
        if key == "as" or key.startswith("as ") or isinstance(entry, dict) or (native, key) in EXTRA_NESTED:
            continue
        unknown = [_unknown_names(native, key, type_) for type_ in types]
        if all(unknown):
            wrong.append((key, min(unknown, key=len)))
    assert wrong == []


def _unknown_names(native: str, key: str, type_: str) -> list[str]:
    """The names that a property leads to and that ``type_`` does not have."""
    source, target = cloudformation_schema(native), terraform_schema(type_)
    assert source is not None
    assert target is not None
    path = key.split(".")
    place = FixedPlace(Span("t.yaml", 1, 1, 1, 2))
    draft = Draft(Resource("R", native, native, "cloudformation", _sample(source.attributes, path), place, "R"))
    assert translate(draft) is not None
    made = made_attributes(type_)
    return [name for name in _foreign(draft.attributes, target.attributes, ()) if name.split(".")[0] not in made]


def _sample(members: Mapping[str, Attribute], path: list[str]) -> dict[str, Any]:
    """The smallest value in which ``path`` is written."""
    attribute = members.get(path[0])
    kind = attribute.type if attribute else "string"
    inner: Any = {"string": "x", "number": 1, "bool": True, "any": {"k": "v"}, "map": {"k": "v"}}.get(kind, {})
    if attribute is not None and len(path) > 1:
        inner = _sample(attribute.members, path[1:])
    elif attribute is not None and kind in ("list", "set") and not attribute.members:
        inner = "x"
    if kind in ("list", "set"):
        inner = [inner]
    elif kind == "map" and len(path) > 1:
        inner = {"key": inner}
    return {path[0]: inner}


def _foreign(value: Any, members: Mapping[str, Attribute], at: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _foreign(item, members, at)
    elif isinstance(value, dict):
        for name, inner in value.items():
            found = members.get(name)
            if found is None:
                yield ".".join((*at, name))
            elif found.members:
                yield from _foreign(inner, found.members, (*at, name))


def test_folds_name_types_and_references() -> None:
    wrong = []
    for fold in folds():
        if fold.child.startswith(GONE) or fold.parent.startswith(GONE):
            continue
        child, parent = terraform_schema(fold.child), terraform_schema(fold.parent)
        if child is None or (parent is None and fold.parent != "*"):
            wrong.append(f"{fold.child} of {fold.parent}")
            continue
        names = {*fold.references, *(str(t.source[0]) for t in fold.targets if t.source)} - FIREWALL_LISTS
        wrong += [f"{fold.child}.{n}" for n in names if n not in child.attributes and (fold.child, n) not in OLDER]
    assert wrong == []


def test_documents_are_attributes() -> None:
    wrong = []
    for type_, entry in load("documents").items():
        schema = terraform_schema(type_)
        for word in entry.split():
            name = word.lstrip("~").partition("[")[0]
            if schema is None or name not in {*schema.attributes, "inline_policy", "policy", "policy_document"}:
                wrong.append(f"{type_}.{name}")
    assert wrong == []
