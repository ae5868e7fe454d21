"""``Api`` and ``HttpApi`` events: routes in the API's body, permissions, and who may call them."""

from __future__ import annotations

import re

from yaml.nodes import Node

from iacguard.frontends.cloudformation.sambodies import (
    ANY,
    INTEGRATION,
    add_integration,
    add_path,
    add_security,
    has_integration,
    is_body,
    make_conditional,
    method_key,
    methods,
    schemes_of,
    skeleton,
)
from iacguard.frontends.cloudformation.samcontext import Context, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    get_att,
    is_false,
    mapping,
    mappings,
    ref,
    referred,
    scalar,
    sub,
    text,
)
from iacguard.frontends.cloudformation.samevents import Event, permission, start_role
from iacguard.frontends.cloudformation.samresourcepolicy import add_resource_policy

IMPLICIT = {"Api": ("ServerlessRestApi", "RestApiId"), "HttpApi": ("ServerlessHttpApi", "ApiId")}
IAM_SCHEME = {"x-amazon-apigateway-authtype": "awsSigv4", "type": "apiKey", "name": "Authorization", "in": "header"}
KEY_SCHEME = {"type": "apiKey", "name": "x-api-key", "in": "header"}
_VARIABLE = re.compile(r"\{([a-zA-Z0-9._-]+\+?)\}")


# --- before the functions: which API has which routes ---------------------------------------------------------


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
        routes[path if method == ANY else f"{method.upper()} {path}"] = settings


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


def api_name(value: Data) -> str | None:
    return referred(value) or text(value)


# --- events ---------------------------------------------------------------------------------------------------


def _api_of(event: Event, property_: str) -> Source | None:
    name = api_name(event.get(property_))
    api = event.context.sources.get(name or "")
    if event.kind == "Api" and api is None and name is not None and referred(event.get(property_)) is not None:
        return event.context.native(name)
    return api


def _stage_suffix(api: Source | None) -> str:
    if api is None:
        return "AllStages"
    return text(api.get("StageName")) or "Stage"


def _invoked(event: Event, version: str, partition: str, path: str) -> Data:
    name = event.target.name if event.target.type == "AWS::Lambda::Alias" else f"{event.target.name}.Arn"
    head = f"arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/"
    return sub(f"{head}${{{name}}}{path}")


def _execute_arn(event: Event, partition: str, api: Data, method: str, path: str) -> Data:
    template = f"arn:{partition}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/"
    return sub(template + method + path, {"__ApiId__": api, "__Stage__": "*"})


def _without_variables(path: str) -> str:
    return _VARIABLE.sub("*", re.sub(r"^(.+)/$", r"\1", path))


def function_api(event: Event) -> None:
    """A route of a REST API that calls the function."""
    path, method = text(event.need("Path")), text(event.need("Method"))
    if path is None or method is None:
        raise SamError(f'Path and Method of event "{event.id}" must be texts', event.at)
    api = _api_of(event, "RestApiId")
    name = "*" if method.lower() == "any" else method.upper()
    arn = _execute_arn(event, "aws", event.get("RestApiId"), name, _without_variables(path))
    permission(event, "apigateway.amazonaws.com", arn, suffix=_stage_suffix(api))
    body = api.get("DefinitionBody") if api is not None and (api.managed or api.get("MergeDefinitions")) else None
    if api is None or not is_body(body):
        return
    if api.managed and has_integration(body, path, method):
        raise SamError(f"the method {method} of {path} is defined twice", event.at)
    streamed = text(event.get("ResponseTransferMode")) == "RESPONSE_STREAM"
    uri = (
        _invoked(event, "2021-11-15", "aws", "/response-streaming-invocations")
        if streamed
        else _invoked(event, "2015-03-31", "aws", "/invocations")
    )
    integration: dict[str, Data] = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    if streamed:
        integration["responseTransferMode"] = "STREAM"
    credentials = _caller(event, api)
    if credentials is not None:
        integration["credentials"] = credentials
    if event.get("TimeoutInMillis") is not None:
        integration["timeoutInMillis"] = event.get("TimeoutInMillis")
    add_integration(body, path, method, integration, {}, event.source.condition, event.at)
    _rest_auth(event, api, body, path, method)
    _rest_parameters(event, body, path, method)


def _caller(event: Event, api: Source) -> Data:
    """Under AWS_IAM, whose credentials call the function."""
    own = mapping(event.get("Auth"))
    shared = mapping(api.get("Auth"))
    iam = text(own.get("Authorizer")) == "AWS_IAM" or (not own and text(shared.get("DefaultAuthorizer")) == "AWS_IAM")
    if not iam:
        return None
    role = next((auth["InvokeRole"] for auth in (own, shared) if "InvokeRole" in auth), None)
    if role is not None and scalar(role) in ("NONE", None, ""):
        return None
    return "arn:aws:iam::*:user/*" if role is None or text(role) == "CALLER_CREDENTIALS" else role


def _rest_auth(event: Event, api: Source, body: Data, path: str, method: str) -> None:
    auth = event.get("Auth")
    if not isinstance(auth, dict):
        return
    shared = mapping(api.get("Auth"))
    authorizers = mapping(shared.get("Authorizers"))
    at = event.place("Auth")
    name = text(auth.get("Authorizer"))
    for _, _, definition in methods(body, path, method):
        if name:
            config = authorizers.get(name)
            scopes = config.get("AuthorizationScopes") if isinstance(config, dict) else None
            own = auth.get("AuthorizationScopes")
            usable = name != "NONE" and isinstance(config, dict)
            add_security(definition, name, (own if own is not None else scopes) if usable else None, at)
            if name == "AWS_IAM":
                schemes_of(body, at).setdefault("AWS_IAM", dict(IAM_SCHEME))
        if auth.get("ApiKeyRequired") is not None:
            required = not is_false(auth["ApiKeyRequired"])
            add_security(definition, "api_key" if required else "api_key_false", None, at)
            if required:
                schemes_of(body, at).setdefault("api_key", dict(KEY_SCHEME))
    if isinstance(auth.get("ResourcePolicy"), dict):
        add_resource_policy(body, auth["ResourcePolicy"], [path], _stage_suffix(api), at)


def _rest_parameters(event: Event, body: Data, path: str, method: str) -> None:
    """``RequestParameters`` and ``RequestModel``: what a request must bring."""
    found: list[Data] = []
    for parameter in as_list(event.get("RequestParameters")):
        name = text(parameter)
        settings: Data = {}
        if isinstance(parameter, dict) and len(parameter) == 1:
            name, settings = next(iter(parameter.items()))
        location, _, rest = (name or "").removeprefix("method.request.").partition(".")
        required = settings.get("Required", False) if isinstance(settings, dict) else False
        where = "query" if location == "querystring" else location
        found.append({"in": where, "name": rest, "required": required, "type": "string"})
    model = event.get("RequestModel")
    name = (text(model.get("Model")) or "").lower() if isinstance(model, dict) else ""
    for _, _, definition in methods(body, path, method):
        if name and body.get("swagger") is not None:
            schema: dict[str, Data] = {"in": "body", "name": name, "schema": {"$ref": f"#/definitions/{name}"}}
            if isinstance(model, dict) and model.get("Required") is not None:
                schema["required"] = model["Required"]
            found = [schema, *found]
        if found:
            definition["parameters"] = [*as_list(definition.get("parameters")), *found]


def function_http_api(event: Event) -> None:
    """A route of an HTTP API that calls the function."""
    path, method = text(event.need("Path")), text(event.need("Method"))
    if path is None or method is None:
        raise SamError(f'Path and Method of event "{event.id}" must be texts', event.at)
    api = _api_of(event, "ApiId")
    if api is None and api_name(event.get("ApiId")) not in event.context.template.resources:
        raise SamError("ApiId must name an API of the same template", event.place("ApiId"))
    body = api.get("DefinitionBody") if api is not None else None
    _http_permission(event, body, path, method)
    if api is None or not is_body(body):
        return
    if not has_integration(body, path, method):
        version = event.get("PayloadFormatVersion")
        integration: dict[str, Data] = {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "payloadFormatVersion": version if version is not None else "2.0",
            "uri": _invoked(event, "2015-03-31", "${AWS::Partition}", "/invocations"),
        }
        if event.get("TimeoutInMillis") is not None:
            integration["timeoutInMillis"] = event.get("TimeoutInMillis")
        add_integration(body, path, method, integration, {}, event.source.condition, event.at)
        if path == "$default" and method_key(method) == ANY:
            for _, _, definition in methods(body, path, method):
                definition["isDefaultRoute"] = True
    _http_auth(event, api, body, path, method)


def _http_permission(event: Event, body: Data, path: str, method: str) -> None:
    default = path == "$default"
    if not default and _is_default(event, body):
        return  # the default route's permission covers it
    route = "" if default else _without_variables(path)
    name = "*" if method_key(method) == ANY else method.upper()
    partition = "${AWS::Partition}"
    arn = _execute_arn(event, partition, event.get("ApiId"), name, route)
    permission(event, "apigateway.amazonaws.com", arn)


def _is_default(event: Event, body: Data) -> bool:
    """Whether the same function already answers all routes."""
    wanted = f"${{{event.target.name}.Arn}}"
    if not is_body(body):
        return False
    return any(wanted in str(d[INTEGRATION].get("uri")) for _, _, d in methods(body, "$default", ANY))


def _http_auth(event: Event, api: Source, body: Data, path: str, method: str) -> None:
    auth = event.get("Auth")
    if not isinstance(auth, dict):
        return
    shared = mapping(api.get("Auth"))
    chosen = auth.get("Authorizer") if auth.get("Authorizer") is not None else shared.get("DefaultAuthorizer")
    name = text(chosen)
    if name is None:
        raise SamError("Auth of an HttpApi event needs an Authorizer", event.place("Auth"))
    authorizers = mapping(shared.get("Authorizers"))
    config = authorizers.get(name)
    scopes = config.get("AuthorizationScopes") if isinstance(config, dict) else None
    for _, _, definition in methods(body, path, method):
        add_security(definition, name, auth.get("AuthorizationScopes") or scopes, event.place("Auth"))


def machine_api(event: Event, boundary: Data) -> None:
    """A route of a REST API that starts the state machine."""
    path, method = text(event.need("Path")), text(event.need("Method"))
    role = start_role(event, boundary, "apigateway.amazonaws.com")
    api = _api_of(event, "RestApiId")
    body = api.get("DefinitionBody") if api is not None and api.managed else None
    if api is None or not is_body(body) or path is None or method is None:
        return
    integration: dict[str, Data] = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": sub("arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution"),
        "responses": {"200": {"statusCode": "200"}, "400": {"statusCode": "400"}},
        "credentials": get_att(role.name, "Arn"),
        "requestTemplates": {"application/json": sub(_request(event))},
    }
    responses = {"200": {"description": "OK"}, "400": {"description": "Bad Request"}}
    add_integration(body, path, method, integration, responses, event.source.condition, event.at)
    _rest_auth(event, api, body, path, method)


def _request(event: Event) -> str:
    template = "$util.escapeJavaScript($input.json('$'))"
    if text(event.get("UnescapeMappingTemplate")) == "true":
        template += '.replaceAll("\\\\\'","\'")'
    return '{"input": "' + template + '", "stateMachineArn": "${' + event.target.name + '}"}'
