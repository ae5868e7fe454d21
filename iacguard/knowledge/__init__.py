"""What providers and specifications say of resource types and IAM actions, in compact shipped tables.

Tables are opened when first asked for and kept; a look-up unpacks one type. ``SOURCES.md`` names what each was made
from, and the scripts that make them.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from iacguard.knowledge.actions import Action, unpack_actions
from iacguard.knowledge.schemas import Attribute, Members, Schema
from iacguard.knowledge.store import Table, open_table

__all__ = [
    "TERRAFORM_META_ARGUMENTS",
    "Action",
    "Attribute",
    "Schema",
    "cloudformation_schema",
    "cloudformation_types",
    "iam_actions",
    "iam_services",
    "sam_entry",
    "terraform_data_schema",
    "terraform_schema",
    "terraform_types",
    "terraform_versions",
]

#: Shipped majors of each provider; the first is the one taken where the code does not say.
_MAJORS: dict[str, tuple[str, ...]] = {"aws": ("6",), "azurerm": ("4", "5"), "google": ("7", "8")}

#: What Terraform itself reads in every resource block; no provider's schema names them.
TERRAFORM_META_ARGUMENTS = frozenset(
    ("connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner")
)


def terraform_schema(type_: str, major: str = "") -> Schema | None:
    """The schema of a Terraform resource type, or None for an unknown type or provider.

    ``major`` is the provider's major version; where it is not shipped, or empty, the usual one is taken: see
    ``Schema.version``.
    """
    return _terraform(type_, "", major)


def terraform_data_schema(type_: str, major: str = "") -> Schema | None:
    """The schema of a Terraform data source."""
    return _terraform(type_, "data.", major)


def terraform_types(provider: str, major: str = "") -> tuple[str, ...]:
    """All resource types of a provider, sorted; empty for a provider that is not shipped."""
    table = _provider(provider, major)
    return () if table is None else tuple(name for name in table.names if not name.startswith("data."))


def terraform_versions() -> dict[str, tuple[str, ...]]:
    """The exact provider versions that are shipped."""
    tables = {name: [_table(f"terraform-{name}-{major}") for major in majors] for name, majors in _MAJORS.items()}
    return {name: tuple(table.about["version"] for table in found) for name, found in tables.items()}


def cloudformation_schema(type_: str) -> Schema | None:
    """The schema of a CloudFormation type (``AWS::S3::Bucket``), or None for one that AWS does not publish."""
    return _schema(type_, _table("cloudformation"), "cloudformation")


def cloudformation_types() -> tuple[str, ...]:
    """All published CloudFormation types, sorted."""
    return _table("cloudformation").names


@cache
def iam_actions(service: str) -> tuple[Action, ...]:
    """The IAM actions of a service prefix (``s3``, in lower case); empty for one that AWS does not have."""
    packed = _table("iam-actions").get(service)
    return () if packed is None else unpack_actions(packed)


def iam_services() -> tuple[str, ...]:
    """All service prefixes of IAM actions, sorted."""
    return _table("iam-actions").names


@cache
def sam_entry(name: str) -> Any:
    """A fact of AWS SAM's transform, None where it has none. Not to be changed by who gets it.

    ``policy:NAME`` ({parameters, statements}), ``connector:FROM>TO``, ``resource:TYPE``, ``managed`` ({path: names}).
    """
    return _table("sam").get(name)


def _terraform(type_: str, prefix: str, major: str) -> Schema | None:
    provider = type_.partition("_")[0]
    table = _provider(provider, major)
    return None if table is None else _schema(type_, table, provider, prefix + type_)


def _provider(provider: str, major: str) -> Table | None:
    majors = _MAJORS.get(provider)
    if majors is None:
        return None
    return _table(f"terraform-{provider}-{major if major in majors else majors[0]}")


def _schema(type_: str, table: Table, source: str, name: str = "") -> Schema | None:
    packed = table.get(name or type_)
    if packed is None:
        return None
    return Schema(type_, source, table.about["version"], Members(packed["attributes"], packed.get("shared", {})))


@cache
def _table(name: str) -> Table:
    # importlib.resources would cost 8 ms; the package is always a folder.
    with open(os.path.join(os.path.dirname(__file__), "data", f"{name}.table"), "rb") as file:
        return open_table(file.read())
