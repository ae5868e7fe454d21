"""Whether an attribute that a policy asks for exists: by the providers' schemas and by what normalising makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from iacguard.knowledge import cloudformation_schema, terraform_schema, terraform_versions
from iacguard.knowledge.schemas import Attribute, Schema
from iacguard.model import REST
from iacguard.normalise.convert import snake
from iacguard.normalise.vocabulary import cloudformation_types, made_attributes

#: Given to every resource by a front end or by normalising.
_ALWAYS = frozenset(("__resource__", REST, "tags", "tags_all"))

#: Arguments that a provider had before the oldest major that is shipped, and that code still writes; inside of blocks
#: with their path. What is below such a block is known, too.
_FORMER: Mapping[str, frozenset[str]] = {
    "azurerm_container_registry": frozenset(("retention_policy",)),
    "azurerm_kubernetes_cluster": frozenset(
        (
            *("addon_profile", "api_server_authorized_ip_ranges", "role_based_access_control"),
            "automatic_channel_upgrade",
            *("default_node_pool.enable_host_encryption", "default_node_pool.enable_node_public_ip"),
        )
    ),
    "azurerm_kubernetes_cluster_node_pool": frozenset(("enable_host_encryption", "enable_node_public_ip")),
    "azurerm_managed_disk": frozenset(("encryption_settings.enabled",)),
    "azurerm_network_interface": frozenset(("enable_ip_forwarding",)),
    "azurerm_postgresql_server": frozenset(("ssl_enforcement",)),
    "azurerm_redis_cache": frozenset(("enable_non_ssl_port",)),
    "azurerm_storage_account": frozenset(("allow_blob_public_access", "enable_https_traffic_only")),
    "azurerm_web_application_firewall_policy": frozenset(
        ("managed_rules.managed_rule_set.rule_group_override.disabled_rules",)
    ),
    "google_compute_subnetwork": frozenset(("enable_flow_logs",)),
    "google_storage_bucket": frozenset(("bucket_policy_only",)),
}


def knows_attribute(kind: str, path: tuple[str, ...]) -> bool | None:
    """Whether resources of ``kind`` have the attribute at ``path`` (names from the outside in, without indices).

    True if any shipped version of the provider has it, or a CloudFormation property becomes it; below a text that
    may hold JSON everything is. None where there is no schema to ask: Kubernetes kinds, shell patterns, types that
    only older majors had.
    """
    if not path or path[0] in _ALWAYS or path[0] in made_attributes(kind) or _former(kind, path):
        return True
    if "::" in kind:
        native = cloudformation_schema(kind)
        return None if native is None else native.attribute(path) is not None
    schemas = [s for major in _majors(kind) if (s := terraform_schema(kind, major)) is not None]
    if not schemas:
        return None
    return any(_has(schema, path) for schema in schemas) or path[-1] in _translated(kind)


def cloudformation_kinds() -> frozenset[str]:
    """The kinds of the common vocabulary that resources of CloudFormation become."""
    return frozenset(kind for kinds in cloudformation_types().values() for kind in kinds)


def _former(kind: str, path: tuple[str, ...]) -> bool:
    names = _FORMER.get(kind, frozenset())
    return any(".".join(path[:depth]) in names for depth in range(1, len(path) + 1))


def _has(schema: Schema, path: tuple[str, ...]) -> bool:
    if schema.attribute(path) is not None:
        return True
    top = schema.attribute(path[:1])
    return top is not None and top.type == "string" and len(path) > 1


def _majors(kind: str) -> tuple[str, ...]:
    versions = terraform_versions().get(kind.partition("_")[0], ())
    return tuple(version.partition(".")[0] for version in versions)


@cache
def _translated(kind: str) -> frozenset[str]:
    """The names, at any depth, that CloudFormation's properties get by rule where no table row renames them."""
    natives = [native for native, kinds in cloudformation_types().items() if kind in kinds]
    schemas = [s for native in natives if (s := cloudformation_schema(native)) is not None]
    return frozenset(snake(name) for schema in schemas for name in _names(schema.attributes, 0))


def _names(attributes: Mapping[str, Attribute], depth: int) -> Iterator[str]:
    for name, attribute in attributes.items():
        yield name
        if depth < 8:  # types that hold themselves
            yield from _names(attribute.members, depth + 1)
