"""OpenAPI documents of APIs: paths, integrations and who may call them, as SAM writes them into a definition body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samdata import (
    NO_VALUE,
    Data,
    Section,
    branches_of,
    function_of,
    is_no_value,
    mapping,
    only_if,
    text,
)

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
_NO_METHODS = frozenset({"summary", "description", "parameters", "servers"})
_ALL_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def skeleton(at: Node, open_api: bool) -> Section:
    """The body of an API that SAM describes itself."""
    body = Section(at)
    body.update({"openapi": "3.0.1"} if open_api else {"swagger": "2.0"})
    body["info"] = {"version": "1.0", "title": {"Ref": "AWS::StackName"}}
    body["paths"] = Section(at)
    return body


def is_body(value: Data) -> bool:
    """Whether SAM can change ``value``: a document that is written in the template, in one of the two versions."""
    paths = value.get("paths") if isinstance(value, dict) and function_of(value) is None else None
    if not isinstance(paths, dict) or function_of(paths) is not None:
        return False
    version = value.get("openapi")
    known = version if isinstance(version, float | int) else text(version)
    return value.get("swagger") is not None or str(known or "").startswith("3")


def is_open_api(body: Data) -> bool:
    return body.get("openapi") is not None


def method_key(method: str) -> str:
    return ANY if method.lower() == "any" else method.lower()


def contents(item: Data) -> list[Any]:
    """The mappings that ``item`` may be: itself, or the branches of an ``Fn::If``."""
    parts = branches_of(item) if isinstance(item, dict) else None
    found = parts[1:] if parts else [item]
    return [one for one in found if isinstance(one, dict) and not is_no_value(one)]


def paths_of(body: Data) -> dict[str, Data]:
    paths = body.get("paths") if isinstance(body, dict) else None
    return paths if isinstance(paths, dict) and function_of(paths) is None else {}


def methods(body: Data, path: str | None = None, method: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """Path, method and definition of each method that has an integration."""
    for name, item in paths_of(body).items():
        if path is not None and name != path:
            continue
        for one in contents(item):
            for key, definition in list(one.items()):
                if key in _NO_METHODS or (method is not None and method_key(key) != method_key(method)):
                    continue
                for inner in contents(definition):
                    if inner.get(INTEGRATION):
                        yield name, method_key(key), inner


def add_path(body: Data, path: str, method: str, at: Node) -> None:
    """Make room for a method; it stands at ``at``."""
    paths = paths_of(body)
    if not isinstance(paths.get(path), dict):
        _put(paths, path, Section(at), at)
    for item in contents(paths[path]):
        if not isinstance(item.get(method_key(method)), dict):
            _put(item, method_key(method), Section(at), at)


def _put(target: dict[str, Data], name: str, value: Data, at: Node) -> None:
    if isinstance(target, Section):
        target.put(name, value, at)
    else:
        target[name] = value


def has_integration(body: Data, path: str, method: str) -> bool:
    return any(True for _ in methods(body, path, method))


def add_integration(
    body: Data, path: str, method: str, integration: dict[str, Data], responses: Data, condition: str | None, at: Node
) -> None:
    """Describe what is called, only under ``condition``. Where there is one already it stays."""
    add_path(body, path, method, at)
    if condition:
        integration = {**integration, "uri": only_if(condition, integration["uri"])}
    key = method_key(method)
    for item in contents(paths_of(body)[path]):
        for definition in contents(item[key]):
            _put(definition, INTEGRATION, dict(integration), at)
            definition.setdefault("responses", responses)
        if condition and branches_of(item[key]) is None:
            item[key] = only_if(condition, item[key])


def make_conditional(body: Data, path: str, condition: str) -> None:
    paths = paths_of(body)
    paths[path] = {"Fn::If": [condition, paths[path], NO_VALUE]}


def add_security(definition: dict[str, Data], name: str, scopes: Data, at: Node | None) -> None:
    existing = definition.get("security")
    listed = existing if isinstance(existing, list) else []
    security = [*listed, {name: scopes if scopes is not None else []}]
    if at is not None:
        _put(definition, "security", security, at)
    else:
        definition["security"] = security


def names_of(security: Data) -> set[str]:
    """The schemes that a method's ``security`` names."""
    listed = security if isinstance(security, list) else []
    return {name for item in listed if isinstance(item, dict) for name in item}


def schemes_of(body: Data, at: Node, http: bool = False) -> dict[str, Data]:
    """The body's security schemes, to be added to; those of a REST API go where they belong at the end."""
    if not http:
        return _inner(body, "securityDefinitions", at)
    return _inner(_inner(body, "components", at), "securitySchemes", at)


def _inner(holder: dict[str, Data], name: str, at: Node) -> dict[str, Data]:
    found = holder.get(name)
    if not isinstance(found, dict) or function_of(found) is not None:
        found = Section(at)
        _put(holder, name, found, at)
    return found


def default_security(
    body: Data, default: str, known: set[str] | None, scopes: Data, preflight: bool, at: Node | None
) -> None:
    """Give every method the API's authorizer, unless it has one of ``known`` (None: has any) or says NONE."""
    for _, method, definition in methods(body):
        if method == "options" and not preflight:
            continue
        if known is None and definition.get("security"):
            continue
        existing = definition.get("security")
        listed = existing if isinstance(existing, list) else []
        named = names_of(listed)
        if "NONE" in named:
            kept = [item for item in listed if not (isinstance(item, dict) and "NONE" in item)]
            if kept:
                definition["security"] = kept
            continue
        if known is not None and named & known:
            continue
        add_security(definition, default, scopes, at)


def cors_method(allow: Data, headers: Data, allowed: Data, age: Data, credentials: bool) -> Data:
    """The ``options`` method by which a REST API answers preflight requests, which need no authorization."""
    given = {
        "Access-Control-Allow-Origin": (allow, "string"),
        "Access-Control-Allow-Headers": (headers, "string"),
        "Access-Control-Allow-Methods": (allowed, "string"),
        "Access-Control-Max-Age": (age, "integer"),
        "Access-Control-Allow-Credentials": ("'true'" if credentials else None, "string"),
    }
    used = {name: pair for name, pair in given.items() if pair[0] is not None}
    return {
        "summary": "CORS support",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        INTEGRATION: {
            "type": "mock",
            "requestTemplates": {"application/json": '{\n  "statusCode" : 200\n}\n'},
            "responses": {
                "default": {
                    "statusCode": "200",
                    "responseParameters": {f"method.response.header.{n}": value for n, (value, _) in used.items()},
                    "responseTemplates": {"application/json": "{}\n"},
                }
            },
        },
        "responses": {
            "200": {
                "description": "Default response for CORS method",
                "headers": {name: {"type": kind} for name, (_, kind) in used.items()},
            }
        },
    }


def cors_methods_of(item: dict[str, Data]) -> str:
    """The methods of a path, as a preflight answer lists them."""
    names = _ALL_METHODS if ANY in item else sorted({name.upper() for name in item} | {"OPTIONS"})
    return "'" + ",".join(names) + "'"


def as_open_api(body: dict[str, Data]) -> None:
    """Put what version 2 of the format has elsewhere where version 3 has it."""
    components = dict(mapping(body.get("components")))
    for old, new in (("securityDefinitions", "securitySchemes"), ("definitions", "schemas")):
        if body.get(old):
            components[new] = body.pop(old)
    if components:
        body["components"] = components
    for item in paths_of(body).values():
        for one in contents(item):
            options = one.get("options")
            if isinstance(options, dict) and mapping(options.get(INTEGRATION)).get("type") == "mock":
                _answer_as_open_api(options)


def _answer_as_open_api(options: dict[str, Data]) -> None:
    options.pop("consumes", None)
    options.pop("produces", None)
    answer = mapping(mapping(options.get("responses")).get("200"))
    for name, header in list(mapping(answer.get("headers")).items()):
        answer["headers"][name] = {"schema": header}
