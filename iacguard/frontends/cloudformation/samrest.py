"""``Api`` and ``HttpApi`` events: routes in the API's body, permissions, and who may call them."""

from __future__ import annotations

import re

from iacguard.frontends.cloudformation.sambodies import (
    ANY,
    INTEGRATION,
    add_integration,
    add_security,
    has_integration,
    is_body,
    method_key,
    methods,
    schemes_of,
)
from iacguard.frontends.cloudformation.samcontext import SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    as_list,
    get_att,
    is_false,
    is_true,
    mapping,
    referred,
    scalar,
    sub,
    text,
)
from iacguard.frontends.cloudformation.samevents import Event, permission, start_role
from iacguard.frontends.cloudformation.samresourcepolicy import add_resource_policy
from iacguard.late import regex

IAM_SCHEME = {"x-amazon-apigateway-authtype": "awsSigv4", "type": "apiKey", "name": "Authorization", "in": "header"}
KEY_SCHEME = {"type": "apiKey", "name": "x-api-key", "in": "header"}
_VARIABLE = regex(r"\{([a-zA-Z0-9._-]+\+?)\}")


def api_name(value: Data) -> str | None:
    return referred(value) or text(value)


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
    body = api.get("DefinitionBody") if api is not None else None
    if api is None or not is_body(body):
        return
    if not api.managed and not is_true(api.get("MergeDefinitions")):
        if is_true(mapping(event.get("Auth")).get("OverrideApiAuth")):
            _rest_auth(event, api, body, path, method)
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
    _rest_parameters(event, api, body, path, method)


def _caller(event: Event, api: Source) -> Data:
    """Under AWS_IAM, whose credentials call the function."""
    own = mapping(event.get("Auth"))
    shared = mapping(api.get("Auth"))
    iam = text(own.get("Authorizer")) == "AWS_IAM" or (not own and text(shared.get("DefaultAuthorizer")) == "AWS_IAM")
    if not iam:
        return None
    role = next((auth["InvokeRole"] for auth in (own, shared) if "InvokeRole" in auth), "CALLER_CREDENTIALS")
    if role is None or scalar(role) in ("NONE", ""):
        return None
    return "arn:aws:iam::*:user/*" if text(role) == "CALLER_CREDENTIALS" else role


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
        add_resource_policy(event.context, body, auth["ResourcePolicy"], [path], _stage_suffix(api), at)


def _rest_parameters(event: Event, api: Source, body: Data, path: str, method: str) -> None:
    """``RequestParameters`` and ``RequestModel``: what a request must bring."""
    found: list[Data] = []
    cached: list[Data] = []
    for parameter in as_list(event.get("RequestParameters")):
        name = text(parameter)
        settings: Data = {}
        if isinstance(parameter, dict) and len(parameter) == 1:
            name, settings = next(iter(parameter.items()))
        location, _, rest = (name or "").removeprefix("method.request.").partition(".")
        required = mapping(settings).get("Required", False)
        where = "query" if location == "querystring" else location
        found.append({"in": where, "name": rest, "required": required, "type": "string"})
        cached += [name] if is_true(mapping(settings).get("Caching")) else []
    for _, _, definition in methods(body, path, method):
        _model(event, body, definition)
        if found:
            kept = as_list(definition.get("parameters")) if api.managed else []
            definition["parameters"] = [*kept, *found]
        if cached:
            mapping(definition[INTEGRATION])["cacheKeyParameters"] = cached


def _model(event: Event, body: dict[str, Data], definition: dict[str, Data]) -> None:
    model = mapping(event.get("RequestModel"))
    name = (text(model.get("Model")) or "").lower()
    if not name:
        return
    required = {"required": model["Required"]} if model.get("Required") is not None else {}
    if body.get("swagger") is not None:
        schema = {"in": "body", "name": name, "schema": {"$ref": f"#/definitions/{name}"}, **required}
        definition["parameters"] = [*as_list(definition.get("parameters")), schema]
    else:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        definition["requestBody"] = {"content": content, **required}
    of_body, of_parameters = model.get("ValidateBody"), model.get("ValidateParameters")
    if of_body is None and of_parameters is None:
        return
    checks = (is_true(of_body), is_true(of_parameters))
    validator = _VALIDATORS[checks]
    validators = body.setdefault("x-amazon-apigateway-request-validators", {})
    validators[validator] = {"validateRequestBody": checks[0], "validateRequestParameters": checks[1]}
    definition["x-amazon-apigateway-request-validator"] = validator


_VALIDATORS = {
    (True, True): "body-and-params",
    (True, False): "body-only",
    (False, True): "params-only",
    (False, False): "no-validation",
}


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
        integration: dict[str, Data] = {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "payloadFormatVersion": "2.0",
            "uri": _invoked(event, "2015-03-31", "${AWS::Partition}", "/invocations"),
        }
        add_integration(body, path, method, integration, {}, event.source.condition, event.at)
        if path == "$default" and method_key(method) == ANY:
            for _, _, definition in methods(body, path, method):
                definition["isDefaultRoute"] = True
    _http_auth(event, api, body, path, method)
    _http_settings(event, body, path, method)


def _http_settings(event: Event, body: Data, path: str, method: str) -> None:
    for _, _, definition in methods(body, path, method):
        for name, key in (("TimeoutInMillis", "timeoutInMillis"), ("PayloadFormatVersion", "payloadFormatVersion")):
            if event.get(name) is not None:
                mapping(definition[INTEGRATION])[key] = event.get(name)
    for name in re.findall(r"\{(.*?)\}", path):
        for _, _, definition in methods(body, path, method):
            parameters = definition.setdefault("parameters", [])
            known = [p for p in as_list(parameters) if text(mapping(p).get("name")) == name]
            for parameter in known:
                parameter.update({"in": "path", "required": True})
            if isinstance(parameters, list) and not known:
                parameters.append({"name": name, "in": "path", "required": True})


def _http_permission(event: Event, body: Data, path: str, method: str) -> None:
    default = path == "$default"
    if not default and _is_default(event, body):
        return  # the default route's permission covers it
    route = "" if default else _without_variables(path)
    name = "*" if method_key(method) == ANY else method.upper()
    if path == "/$default" and name == "*":
        name, route = "$default", ""
    arn = _execute_arn(event, "${AWS::Partition}", event.get("ApiId"), name, route)
    permission(event, "apigateway.amazonaws.com", arn)


def _is_default(event: Event, body: Data) -> bool:
    """Whether the same function already answers all routes."""
    wanted = f"${{{event.target.name}.Arn}}"
    if not is_body(body):
        return False
    return any(wanted in str(mapping(d[INTEGRATION]).get("uri")) for _, _, d in methods(body, "$default", ANY))


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
        own = None if name in ("NONE", "AWS_IAM") else auth.get("AuthorizationScopes") or scopes
        add_security(definition, name, own, event.place("Auth"))


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
