"""The routes of the APIs that SAM describes itself, found before anything is expanded; the implicit APIs."""

from __future__ import annotations

from yaml.nodes import Node

from iacguard.frontends.cloudformation.sambodies import ANY, add_path, make_conditional, skeleton
from iacguard.frontends.cloudformation.samcontext import Context, Source
from iacguard.frontends.cloudformation.samdata import Section, mapping, mappings, ref, text
from iacguard.frontends.cloudformation.samrest import api_name

#: By the type of the event: the API that is there without being written, and the property that names another one.
IMPLICIT = {"Api": ("ServerlessRestApi", "RestApiId"), "HttpApi": ("ServerlessHttpApi", "ApiId")}


def link(context: Context) -> None:
    """Find the routes of the APIs that SAM describes, and make the implicit APIs."""
    for source in context.sources.values():
        if source.kind in IMPLICIT and source.get("DefinitionBody") is None and source.get("DefinitionUri") is None:
            source.properties["DefinitionBody"] = skeleton(source.key, source.kind == "HttpApi")
            source.managed = True
    conditions: dict[tuple[str, str], dict[str, str | None]] = {}
    for source in list(context.sources.values()):
        if source.kind not in ("Function", "StateMachine"):
            continue
        for name, body in mappings(source.get("Events")):
            kind = text(body.get("Type")) if isinstance(body, Section) else None
            if kind in IMPLICIT:
                _link_event(context, source, name, kind, body, conditions)
    for (api, path), found in conditions.items():
        _limit(context, context.sources[api], path, found)
    for name, _ in IMPLICIT.values():
        _limit_api(context, name, [c for (api, _), found in conditions.items() if api == name for c in found.values()])


def versions(context: Context) -> None:
    """Write the bodies of SAM's own in the version of the format that is asked for."""
    for source in context.sources.values():
        version = text(source.get("OpenApiVersion"))
        if source.kind == "Api" and source.managed and version is not None and version.startswith("3"):
            body = source.get("DefinitionBody")
            body.pop("swagger", None)
            body["openapi"] = version


def _link_event(
    context: Context,
    source: Source,
    name: str,
    kind: str,
    body: Section,
    conditions: dict[tuple[str, str], dict[str, str | None]],
) -> None:
    at = source.properties["Events"].places.get(name, source.key)
    properties = body.get("Properties")
    if not isinstance(properties, Section):
        if kind == "Api":
            return
        properties = Section(at)
        body.put("Properties", properties, at)
    implicit, property_ = IMPLICIT[kind]
    if properties.get(property_) is None:
        properties.put(property_, ref(implicit), at)
        api = _implicit(context, source, kind, implicit, at)
        _pass_tags(source, api)
    if kind == "HttpApi" and not properties.get("Path") and not properties.get("Method"):
        properties.put("Path", "$default", at)
        properties.put("Method", ANY, at)
    found = context.sources.get(api_name(properties.get(property_)) or "")
    path, method = text(properties.get("Path")), text(properties.get("Method"))
    if found is None or not found.managed or path is None or method is None:
        return
    add_path(found.get("DefinitionBody"), path, method, at)
    conditions.setdefault((found.name, path), {})[method] = source.condition
    settings = properties.get("RouteSettings")
    if kind == "HttpApi" and isinstance(settings, Section):
        routes = found.properties.setdefault("RouteSettings", {})
        route = path if method == ANY else f"{method.upper()} {path}"
        if isinstance(routes, dict):
            routes[route] = {**mapping(routes.get(route)), **settings}


def _implicit(context: Context, source: Source, kind: str, name: str, at: Node) -> Source:
    api = context.sources.get(name)
    if api is None or not api.managed:
        api = Source(name, kind, at, Section(at), Section(at), managed=True)
        if kind == "Api":
            api.properties["StageName"] = "Prod"
        api.properties["DefinitionBody"] = skeleton(at, kind == "HttpApi")
        context.sources[name] = api
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if text(source.beside.get(policy)) == "Retain" or policy not in api.beside:
            api.beside.take(source.beside, policy)
    return api


def _pass_tags(source: Source, api: Source) -> None:
    tags = source.get("Tags")
    if isinstance(tags, dict) and tags and text(source.get("PropagateTags")) == "true":
        merged = api.properties.setdefault("Tags", Section(source.place("Tags")))
        merged.update(tags)
        api.properties["PropagateTags"] = True


def _limit(context: Context, api: Source, path: str, found: dict[str, str | None]) -> None:
    """A path that is there only under a condition."""
    names = sorted({c for c in found.values() if c is not None})
    if None in found.values() or not names:
        return
    name = names[0]
    if len(names) > 1:
        spelled = path.replace("/", "SLASH").replace("{", "OB").replace("}", "CB")
        name = f"{api.name}{spelled}PathCondition"
        _either(context, name, names)
    make_conditional(api.get("DefinitionBody"), path, name)


def _limit_api(context: Context, name: str, found: list[str | None]) -> None:
    names = sorted({c for c in found if c is not None})
    if name not in context.sources or None in found or not names:
        return
    condition = names[0] if len(names) == 1 else f"{name}Condition"
    if len(names) > 1:
        _either(context, condition, names)
    context.sources[name].beside["Condition"] = condition


def _either(context: Context, name: str, names: list[str]) -> None:
    """A condition that holds where one of ``names`` does; Fn::Or takes ten at once."""
    pending, number = names, (len(names) - 2) // 9
    while len(pending) > 1:
        called = f"{name}{number}" if number > 0 else name
        number -= 1
        context.conditions[called] = {"Fn::Or": [{"Condition": c} for c in pending[:10]]}
        pending = [*pending[10:], called]
