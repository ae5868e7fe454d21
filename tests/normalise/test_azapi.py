"""The bodies of azapi_resource are the azurerm provider's resources, and what the table does not list is unknown."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from iacguard.attributes import knows_attribute
from iacguard.frontends.contract import Inputs
from iacguard.frontends.terraform import prepare
from iacguard.model import REST, Graph, Unknown
from iacguard.normalise import normalise
from iacguard.normalise.tables import source
from iacguard.source import SourceFile
from iacguard.workspace import DiskWorkspace


def graph(text: str) -> Graph:
    file = SourceFile("main.tf", textwrap.dedent(text).encode())
    (task,) = prepare([file], DiskWorkspace("/nowhere"), Inputs())
    made, problems = normalise(task.evaluate())
    assert problems == ()
    return made


STORAGE = """\
resource "azapi_resource" "data" {
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  name      = "data"
  parent_id = "/subscriptions/s/resourceGroups/g"
  body = BODY{
    kind = "StorageV2"
    sku = { name = "Standard_ZRS" }
    properties = {
      minimumTlsVersion     = "TLS1_1"
      allowBlobPublicAccess = true
      publicNetworkAccess   = "Enabled"
      networkAcls = {
        defaultAction = "Deny"
        bypass        = "AzureServices, Logging"
        ipRules       = [{ value = "198.51.100.1" }, { value = "198.51.100.2" }]
      }
    }
  }END
}
"""


@pytest.mark.parametrize(("start", "end"), [("", ""), ("jsonencode(", ")")])
def test_a_storage_account(start: str, end: str) -> None:
    (found,) = graph(STORAGE.replace("BODY", start).replace("END", end)).resources
    assert (found.type, found.native_type) == ("azurerm_storage_account", "azapi_resource")
    known = {k: v for k, v in found.attributes.items() if k != REST and v is not None}
    (rules,) = known.pop("network_rules")
    assert known == {
        "name": "data",
        "parent_id": "/subscriptions/s/resourceGroups/g",
        "account_kind": "StorageV2",
        "account_tier": "Standard",
        "account_replication_type": "ZRS",
        "infrastructure_encryption_enabled": False,
        "min_tls_version": "TLS1_1",
        "allow_nested_items_to_be_public": True,
        "cross_tenant_replication_enabled": False,
        "public_network_access_enabled": True,
    }
    assert {k: v for k, v in rules.items() if k != REST} == {
        "default_action": "Deny",
        "bypass": ["AzureServices", "Logging"],
        "ip_rules": ["198.51.100.1", "198.51.100.2"],
    }
    assert isinstance(found.attributes[REST], Unknown)
    lines = {
        (): 1,
        ("min_tls_version",): 9,
        ("network_rules",): 12,
        ("network_rules", 0, "default_action"): 13,
        ("network_rules", 0, "ip_rules", 1): 15,
        ("shared_access_key_enabled",): 8,
        ("name",): 3,
    }
    assert {path: found.locate(path).span.line for path in lines} == lines


def test_what_the_api_takes_by_default() -> None:
    (found,) = graph(
        """
        resource "azapi_resource" "data" {
          type = "Microsoft.Storage/storageAccounts@2023-05-01"
          body = { properties = {} }
        }
        """
    ).resources
    assert found.attributes["min_tls_version"] == "TLS1_0"
    assert found.attributes["allow_nested_items_to_be_public"] is False
    assert found.attributes["https_traffic_only_enabled"] is None
    assert found.attributes["diagnostic_settings"] is None
    assert found.attributes["identity"] is None


def test_the_identity_is_an_argument_of_its_own_or_in_the_body() -> None:
    block, body = graph(
        """
        resource "azapi_resource" "block" {
          type = "Microsoft.Web/sites@2023-12-01"
          identity {
            type = "SystemAssigned"
          }
          body = { properties = {} }
        }
        resource "azapi_resource" "body" {
          type = "Microsoft.Web/sites@2023-12-01"
          body = { identity = { type = "SystemAssigned" }, properties = {} }
        }
        """
    ).resources
    assert block.attributes["identity"] == [{"type": "SystemAssigned"}]
    assert isinstance(body.attributes["identity"], Unknown)


def test_an_update_leaves_open_what_it_does_not_name() -> None:
    (found,) = graph(
        """
        resource "azapi_update_resource" "data" {
          type        = "Microsoft.Storage/storageAccounts@2023-05-01"
          resource_id = "/subscriptions/s"
          body = { properties = { allowSharedKeyAccess = false } }
        }
        """
    ).resources
    assert found.attributes["shared_access_key_enabled"] is False
    assert {"min_tls_version", "diagnostic_settings"}.isdisjoint(found.attributes)


def test_an_update_of_what_is_here_is_left_to_that() -> None:
    account, update = graph(
        """
        resource "azurerm_storage_account" "data" {
          name = "data"
        }
        resource "azapi_update_resource" "data" {
          type        = "Microsoft.Storage/storageAccounts@2023-05-01"
          resource_id = azurerm_storage_account.data.id
          body        = { properties = { allowSharedKeyAccess = false } }
        }
        """
    ).resources
    assert (account.type, update.type) == ("azurerm_storage_account", "azapi_update_resource")


def test_rules_of_a_security_group() -> None:
    (found,) = graph(
        """
        resource "azapi_resource" "nsg" {
          type = "Microsoft.Network/networkSecurityGroups@2024-01-01"
          body = {
            properties = {
              securityRules = [{
                name = "ssh"
                properties = {
                  priority             = 100
                  direction            = "Inbound"
                  access               = "Allow"
                  protocol             = "Tcp"
                  destinationPortRange = "22"
                  sourceAddressPrefix  = "Internet"
                }
              }]
            }
          }
        }
        """
    ).resources
    (rule,) = found.attributes["ingress_rules"]
    assert isinstance(rule, dict)
    assert (rule["action"], rule["from_port"], rule["sources"]) == ("allow", 22, ["0.0.0.0/0"])
    assert found.locate(("ingress_rules", 0, "sources", 0)).span.line == 14
    assert found.locate(("ingress_rules", 0, "from_port")).span.line == 13


def test_settings_and_kinds_of_web_apps() -> None:
    app, function = graph(
        """
        resource "azapi_resource" "app" {
          type = "Microsoft.Web/sites@2023-12-01"
          body = {
            kind = "app,linux"
            properties = {
              siteConfig = {
                appSettings = [
                  { name = "MODE", value = "prod" },
                ]
              }
            }
          }
        }
        resource "azapi_resource" "function" {
          type = "microsoft.web/sites@2023-12-01"
          body = { kind = "functionapp,linux", properties = { httpsOnly = true } }
        }
        """
    ).resources
    assert (app.type, function.type) == ("azurerm_linux_web_app", "azurerm_linux_function_app")
    assert app.attributes["app_settings"] == {"MODE": "prod"}
    assert app.locate(("app_settings", "MODE")).span.line == 9
    assert function.attributes["https_only"] is True


@pytest.mark.parametrize(
    "arguments",
    [
        'type = "Microsoft.Storage/storageAccounts@2023-05-01"\n body = var.x',
        'type = "Microsoft.Nothing/things@2023-05-01"\n body = { properties = {} }',
        "type = var.x\n body = { properties = {} }",
        'type = "Microsoft.Web/sites@2023-12-01"\n body = { kind = var.x }',
        'type = "Microsoft.Storage/storageAccounts@2023-05-01"',
    ],
)
def test_what_cannot_be_told_stays_what_it_is(arguments: str) -> None:
    (found,) = graph(f'variable "x" {{}}\nresource "azapi_resource" "r" {{\n {arguments}\n}}\n').resources
    assert found.type == "azapi_resource"


@pytest.mark.parametrize(
    "properties",
    ["var.x", "{ networkAcls = var.x }", "{ networkAcls = [] , minimumTlsVersion = [1] }", '"text"', "[]", "null"],
)
def test_odd_bodies_raise_nothing(properties: str) -> None:
    (found,) = graph(
        'variable "x" {}\nresource "azapi_resource" "r" {\n'
        f'  type = "Microsoft.Storage/storageAccounts@2023-05-01"\n  body = {{ properties = {properties} }}\n}}\n'
    ).resources
    assert found.type == "azurerm_storage_account"


def _paths(row: dict[str, Any], at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, rule in row["set"].items():
        found.append((*at, name))
        if isinstance(rule, dict) and "set" in rule:
            found += _paths(rule, (*at, name))
    return found


def test_every_row_names_attributes_of_its_type() -> None:
    unknown = []
    for row in source("azapi").values():
        kinds = [row["type"]] if isinstance(row["type"], str) else list(row["type"].values())
        for kind in kinds:
            unknown += [(kind, *path) for path in _paths(row) if not knows_attribute(kind, path)]
    assert unknown == []
