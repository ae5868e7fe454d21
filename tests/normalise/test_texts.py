"""Texts that stand for booleans and numbers get the argument's type, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import Unknown

NOT_KNOWN = Unknown("variable", "variable")

CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("a boolean", "azurerm_linux_web_app", {"https_only": "false"}, {"https_only": False}),
    ("a number", "azurerm_key_vault", {"soft_delete_retention_days": "7"}, {"soft_delete_retention_days": 7}),
    ("a text that looks like one", "azurerm_key_vault", {"name": "true", "sku_name": "30"}, {}),
    ("not as Terraform writes it", "azurerm_linux_web_app", {"https_only": "False"}, {}),
    ("no boolean at all", "azurerm_linux_web_app", {"https_only": "no"}, {}),
    (
        "inside blocks",
        "azurerm_monitor_diagnostic_setting",
        {"name": "a", "enabled_log": [{"category": "true"}], "metric": [{"category": "x", "enabled": "true"}]},
        {"metric": [{"category": "x", "enabled": True}]},
    ),
    (
        "two blocks deep, beside what is not known",
        "aws_instance",
        {"root_block_device": [{"encrypted": "true", "volume_size": "8", "kms_key_id": NOT_KNOWN}, NOT_KNOWN]},
        {"root_block_device": [{"encrypted": True, "volume_size": 8, "kms_key_id": NOT_KNOWN}, NOT_KNOWN]},
    ),
    ("a list of numbers", "aws_lb_listener_rule", {"priority": "10", "tags": {"paid": "true"}}, {"priority": 10}),
    ("a type without a schema", "azurerm_sql_server", {"enabled": "true"}, {}),
]


@pytest.mark.parametrize(("type_", "written", "changed"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_texts(build: Any, type_: str, written: dict[str, Any], changed: dict[str, Any]) -> None:
    before = repr(written)
    found = build.graph(build.resource(f"{type_}.x", written)).resources[0].attributes
    assert {k: found[k] for k in written} == {**written, **changed}
    assert repr(written) == before


def test_a_changed_value_stands_where_it_was_written(build: Any) -> None:
    disk = build.resource("aws_instance.x", {"ami": "a", "root_block_device": [{"encrypted": "false"}]})
    found = build.graph(disk).resources[0]
    path = ("root_block_device", 0, "encrypted")
    assert found.locate(path).span.line == build.line_of(disk, *path)
