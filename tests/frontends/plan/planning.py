"""Plans for tests, in the form that Terraform's "JSON Output Format" documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from iacguard.frontends.contract import Inputs, Stack
from iacguard.frontends.plan import prepare
from iacguard.frontends.plan.configuration import split_module
from iacguard.model import Graph, Resource
from iacguard.normalise import normalise
from iacguard.source import SourceFile
from tests.frontends.conftest import NoFiles


def resource(
    address: str,
    values: Mapping[str, Any] | None = None,
    *,
    unknown: Mapping[str, Any] | None = None,
    sensitive: Mapping[str, Any] | None = None,
    actions: tuple[str, ...] = ("create",),
    mode: str = "managed",
) -> dict[str, Any]:
    """One resource, to be given to :func:`plan`."""
    module = _module_of(address)
    local = address.removeprefix(f"{module}.") if module else address
    local = local.removeprefix("data.")
    type_, _, rest = local.partition(".")
    return {
        "address": address,
        "module": module,
        "mode": mode,
        "type": type_,
        "name": rest.partition("[")[0],
        "values": dict(values or {}),
        "unknown": dict(unknown or {}),
        "sensitive": dict(sensitive or {}),
        "actions": list(actions),
    }


def _module_of(address: str) -> str:
    found = ""
    rest = address
    while rest.startswith("module."):
        end = rest.find(".", len("module."))
        bracket = rest.find("[", len("module."))
        if 0 <= bracket < end:
            end = rest.index("].", bracket) + 1
        found = f"{found}.{rest[:end]}".lstrip(".")
        rest = rest[end + 1 :]
    return found


def plan(*resources: dict[str, Any], configuration: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A whole plan. ``configuration`` is the root module's."""
    root: dict[str, Any] = {"resources": [], "child_modules": []}
    modules = {"": root}
    for item in resources:
        if item["actions"] not in (["delete"], ["forget"]):
            _module(modules, item["module"])["resources"].append(_planned(item))
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": root},
        "resource_changes": [_change(item) for item in resources],
    }
    if configuration is not None:
        document["configuration"] = {"root_module": dict(configuration)}
    return {**document, **more}


def _module(modules: dict[str, dict[str, Any]], address: str) -> dict[str, Any]:
    if address not in modules:
        outer = split_module(address)[0]
        made: dict[str, Any] = {"resources": [], "address": address, "child_modules": []}
        _module(modules, outer)["child_modules"].append(made)
        modules[address] = made
    return modules[address]


def _planned(item: dict[str, Any]) -> dict[str, Any]:
    kept = {key: item[key] for key in ("address", "mode", "type", "name", "values")}
    return {**kept, "sensitive_values": item["sensitive"]}


def _change(item: dict[str, Any]) -> dict[str, Any]:
    gone = item["actions"] in (["delete"], ["forget"])
    return {
        **{key: item[key] for key in ("address", "mode", "type", "name")},
        "module_address": item["module"],
        "change": {
            "actions": item["actions"],
            "before": item["values"] if gone else None,
            "after": None if gone else item["values"],
            "after_unknown": item["unknown"],
            "after_sensitive": item["sensitive"],
        },
    }


def block(address: str, expressions: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A resource block of the configuration; a text is a reference, a list of texts several, else it is a constant."""
    mode = "data" if address.startswith("data.") else "managed"
    type_, _, name = address.removeprefix("data.").partition(".")
    shown = {key: expression(value) for key, value in (expressions or {}).items()}
    return {"address": address, "mode": mode, "type": type_, "name": name, "expressions": shown, **more}


def expression(value: Any) -> Any:
    """``refers("a.b.id")`` for references, a list of maps for blocks, anything else for a constant."""
    if isinstance(value, References):
        return {"references": list(value)}
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [{key: expression(inner) for key, inner in item.items()} for item in value]
    return {"constant_value": value}


class References(tuple[str, ...]):
    """Names in an expression, as Terraform lists them."""


def refers(*names: str) -> References:
    """The names with their own beginnings after each: ``a.b.id``, ``a.b``."""
    found: list[str] = []
    for name in names:
        found.append(name)
        parts = name.split(".")
        if parts[0] not in ("var", "each", "local", "count") and len(parts) > 2:
            found.append(".".join(parts[:2]))
    return References(found)


def stack(document: Mapping[str, Any] | str, **inputs: Any) -> Stack:
    """The stack of one plan."""
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    (task,) = prepare([SourceFile("plan.json", text.encode())], NoFiles(), Inputs(**inputs))
    return task.evaluate()


def resources(document: Mapping[str, Any], **inputs: Any) -> dict[str, Resource]:
    """The resources of one plan by address."""
    return {r.address: r for r in stack(document, **inputs).resources}


def graph(document: Mapping[str, Any]) -> Graph:
    """One plan, normalised."""
    found, problems = normalise(stack(document))
    assert not problems
    return found
