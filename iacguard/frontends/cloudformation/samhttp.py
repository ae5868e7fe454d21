"""``AWS::Serverless::HttpApi`` and ``WebSocketApi``: the APIs of API Gateway's second version."""

from __future__ import annotations

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samapi import (
    authorizer_permission,
    authorizer_uri,
    identity_sources,
)
from iacguard.frontends.cloudformation.sambodies import AUTHORIZER, default_security, is_body, paths_of, schemes_of
from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source, propagate_tags
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    digest,
    function_of,
    is_false,
    is_no_value,
    is_true,
    mapping,
    mappings,
    place_of,
    ref,
    scalar,
    sub,
    text,
)
from iacguard.frontends.cloudformation.samdomains import api_domain
from iacguard.frontends.cloudformation.samfunction import s3_object
from iacguard.frontends.cloudformation.samrest import IAM_SCHEME

_TAG = "httpapi:createdBy"
_SOCKET_TAG = "websocketapi:createdBy"
_STAGE = ("StageVariables", "AccessLogSettings", "DefaultRouteSettings", "RouteSettings")


def expand(context: Context, source: Source) -> None:
    """Put all that the HTTP API becomes into ``context.made``."""
    before = len(context.made)
    api = context.make(source, source.name, "AWS::ApiGatewayV2::Api", own=True)
    body, uri = source.get("DefinitionBody"), source.get("DefinitionUri")
    tags: dict[str, Data] = {**(mapping(source.get("Tags"))), _TAG: "SAM"}
    if is_body(body):
        _body(context, source, body, tags)
    if not is_false(source.get("FailOnWarnings")):
        api.properties.take_all(source.properties, "FailOnWarnings")
    if uri is not None:
        found = s3_object(uri) or {}
        names = {"S3Bucket": "Bucket", "S3Key": "Key", "S3ObjectVersion": "Version"}
        location = {names[n]: value for n, value in found.items() if n in names}
        api.put("BodyS3Location", location, source.place("DefinitionUri"))
    elif body is not None:
        api.properties.take(source.properties, "DefinitionBody", "Body")
    stage = _stage(context, source)
    if is_body(body) or source.get("Tags"):
        given = mapping(source.get("Tags"))
        stage.put("Tags", tags if is_body(body) else given, source.place("Tags"))
    _permissions(context, source)
    api_domain(context, source, _TAG)
    if body is not None:
        made = [m for m in list(context.made.values())[before:] if m.type != "AWS::ApiGatewayV2::Api"]
        if source.get("Tags"):
            propagate_tags(made, tags if is_body(body) else source.get("Tags"))


def _stage(context: Context, source: Source) -> Made:
    given = source.get("StageName")
    name = "$default" if given is None else text(given) or ""
    if name == "$default":
        suffix = "ApiGatewayDefaultStage"
    else:
        suffix = name + "Stage" if name.isalnum() else "Stage" + digest(name)
    stage = context.make(source, source.name + suffix, "AWS::ApiGatewayV2::Stage")
    stage.put("ApiId", ref(source.name))
    stage.put("StageName", "$default")
    stage.properties.take_all(source.properties, "StageName", *_STAGE)
    stage.put("AutoDeploy", True)
    context.renamed[f"{source.name}.Stage"] = stage.name
    return stage


def _body(context: Context, source: Source, body: dict[str, Data], tags: dict[str, Data]) -> None:
    _cors(context, source, body)
    auth = source.get("Auth")
    if isinstance(auth, dict) and function_of(auth) is None:
        _auth(source, body, auth)
    listed = body["tags"] if isinstance(body.get("tags"), list) else []
    named = {text(tag.get("name")): tag for tag in listed if isinstance(tag, dict)}
    for name, value in tags.items():
        if name in named:
            named[name]["x-amazon-apigateway-tag-value"] = value
        else:
            listed.append({"name": name, "x-amazon-apigateway-tag-value": value})
    body["tags"] = listed
    if source.get("DisableExecuteApiEndpoint") is not None:
        servers = body["servers"] if isinstance(body.get("servers"), list) else [{}]
        for server in servers:
            settings = server.setdefault("x-amazon-apigateway-endpoint-configuration", {})
            settings["disableExecuteApiEndpoint"] = source.get("DisableExecuteApiEndpoint")
        body["servers"] = servers
    for name, key in (("Name", "title"), ("Description", "description")):
        info = body.setdefault("info", {}) if source.get(name) is not None else None
        if isinstance(info, dict):
            info[key] = source.get(name)
    warned = source.get("FailOnWarnings")
    if warned is not None and not is_false(warned) and "$default" in paths_of(body):
        paths = paths_of(body)
        paths["/$default"] = paths.pop("$default")


def _cors(context: Context, source: Source, body: dict[str, Data]) -> None:
    config = source.get("CorsConfiguration")
    if config is None:
        return
    at = source.place("CorsConfiguration")
    if isinstance(scalar(config), bool):
        body["x-amazon-apigateway-cors"] = {"allowOrigins": ["*"]} if is_true(config) else {}
        return
    if not isinstance(config, Section):
        body["x-amazon-apigateway-cors"] = _in_their_words(context, config, at)
        return
    cors = Section(at)
    for name in ("AllowOrigins", "AllowHeaders", "AllowMethods", "ExposeHeaders", "MaxAge", "AllowCredentials"):
        if not (name == "AllowCredentials" and is_false(config.get(name))):
            cors.take(config, name, name[0].lower() + name[1:])
    body["x-amazon-apigateway-cors"] = cors


def _in_their_words(context: Context, config: Data, at: Node) -> Data:
    """A configuration behind a function, with OpenAPI's names; a parameter may also say ``true``."""
    if context.known(config, at) in (True, "true"):
        return {"allowOrigins": ["*"]}
    called = function_of(config)
    argument = called[1] if called else config
    if isinstance(argument, list):
        return {called[0] if called else "": [_in_their_words_of(item) for item in argument]}
    return config


def _in_their_words_of(value: Data) -> Data:
    if not isinstance(value, dict) or function_of(value) is not None:
        return value
    return {name[0].lower() + name[1:]: inner for name, inner in value.items()}


def _auth(source: Source, body: dict[str, Data], auth: dict[str, Data]) -> None:
    at = source.place("Auth")
    authorizers = mapping(auth.get("Authorizers"))
    schemes = schemes_of(body, at, http=True)
    iam = is_true(auth.get("EnableIamAuthorizer"))
    if iam:
        schemes["AWS_IAM"] = {name: IAM_SCHEME[name] for name in ("type", "name", "in", "x-amazon-apigateway-authtype")}
    for name, config in authorizers.items():
        where = place_of(authorizers, name) or at
        if not isinstance(config, dict):
            raise SamError(f"the authorizer {name} must be a mapping", where)
        scheme = Section(where)
        scheme.update(_authorizer(config))
        schemes[name] = scheme
    default = auth.get("DefaultAuthorizer")
    if default is None or is_no_value(default):
        return
    chosen = text(default)
    if chosen is None or (chosen not in authorizers and not (iam and chosen == "AWS_IAM")):
        raise SamError("DefaultAuthorizer is not among Authorizers", at)
    scopes = authorizers[chosen].get("AuthorizationScopes") if chosen in authorizers else None
    default_security(body, chosen, None, scopes, False, place_of(auth, "DefaultAuthorizer"))


def _authorizer(config: dict[str, Data]) -> dict[str, Data]:
    """The security scheme of an authorizer: JWT where it has that configuration, else Lambda."""
    jwt = config.get("JwtConfiguration")
    if isinstance(jwt, dict):
        inner: dict[str, Data] = {
            "jwtConfiguration": {name.lower(): value for name, value in jwt.items()},
            "identitySource": config.get("IdentitySource"),
            "type": "jwt",
        }
        return {"type": "oauth2", AUTHORIZER: inner}
    inner = {"type": "request", "authorizerUri": authorizer_uri(config.get("FunctionArn"))}
    role = config.get("FunctionInvokeRole")
    if role is not None and text(role) != "NONE":
        inner["authorizerCredentials"] = role
    identity = config.get("Identity")
    if isinstance(identity, dict):
        if identity.get("ReauthorizeEvery") is not None:
            inner["authorizerResultTtlInSeconds"] = identity["ReauthorizeEvery"]
        inner["identitySource"] = identity_sources(identity, "$request.", "$")
    inner["authorizerPayloadFormatVersion"] = config.get("AuthorizerPayloadFormatVersion")
    if config.get("EnableSimpleResponses") is not None and not is_false(config["EnableSimpleResponses"]):
        inner["enableSimpleResponses"] = config["EnableSimpleResponses"]
    return {"type": "apiKey", "name": "Unused", "in": "header", AUTHORIZER: inner}


def _permissions(context: Context, source: Source) -> None:
    auth = source.get("Auth")
    for name, config in mappings(auth.get("Authorizers") if isinstance(auth, dict) else None):
        wanted = isinstance(config, dict) and is_true(config.get("EnableFunctionDefaultPermissions"))
        if wanted and config.get("FunctionArn") is not None:
            at = place_of(auth["Authorizers"], name)
            made = f"{source.name}{name}AuthorizerPermission"
            authorizer_permission(context, source, made, config["FunctionArn"], "${AWS::Partition}", at)


# --- WebSocket ------------------------------------------------------------------------------------------------

_SOCKET = (
    *("ApiKeySelectionExpression", "Description", "DisableExecuteApiEndpoint", "DisableSchemaValidation"),
    *("IpAddressType", "RouteSelectionExpression"),
)
_ROUTE = (
    *("ApiKeyRequired", "ModelSelectionExpression", "OperationName", "RequestModels", "RequestParameters"),
    "RouteResponseSelectionExpression",
)
_INVOKE = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s}/invocations"


def expand_socket(context: Context, source: Source) -> None:
    """Put all that the WebSocket API becomes into ``context.made``."""
    before = len(context.made)
    api = context.make(source, source.name, "AWS::ApiGatewayV2::Api", own=True)
    api.properties.take_all(source.properties, *_SOCKET)
    api.put("Name", source.name)
    api.properties.take_all(source.properties, "Name")
    api.put("ProtocolType", "WEBSOCKET")
    tags = {**(mapping(source.get("Tags"))), _SOCKET_TAG: "SAM"}
    api.put("Tags", tags, source.place("Tags"))
    routes = source.get("Routes")
    if not isinstance(routes, Section) or not routes:
        raise SamError("a WebSocketApi needs Routes", source.key)
    names = [_route(context, source, key, route, place_of(routes, key) or source.key) for key, route in routes.items()]
    _socket_stage(context, source, names)
    _socket_auth(context, source)
    api_domain(context, source, _SOCKET_TAG)
    if is_true(source.get("PropagateTags")) and source.get("Tags"):
        propagate_tags(list(context.made.values())[before:], tags)


def _route(context: Context, source: Source, key: str, route: Data, at: Node) -> str:
    function = route.get("FunctionArn") if isinstance(route, Section) else None
    if function is None:
        raise SamError(f"the route {key} has no FunctionArn", at)
    base = source.name + key.removeprefix("$").capitalize()
    made = context.make(source, base + "Route", "AWS::ApiGatewayV2::Route", at)
    made.put("ApiId", ref(source.name))
    made.put("RouteKey", key)
    made.properties.take_all(route, *_ROUTE)
    made.put("Target", {"Fn::Join": ["/", ["integrations", ref(base + "Integration")]]})
    auth = source.get("Auth")
    if key == "$connect" and isinstance(auth, dict):
        kind = text(auth.get("AuthType")) or "NONE"
        made.put("AuthorizationType", kind, source.place("Auth"))
        if kind == "CUSTOM":
            made.put("AuthorizerId", ref(source.name + "ConnectAuthorizer"), source.place("Auth"))
    integration = context.make(source, base + "Integration", "AWS::ApiGatewayV2::Integration", at)
    integration.put("ApiId", ref(source.name))
    integration.put("IntegrationType", "AWS_PROXY")
    integration.put("IntegrationUri", sub(_INVOKE % "FunctionArn", {"FunctionArn": function}))
    integration.properties.take(route, "IntegrationTimeout", "TimeoutInMillis")
    permission = context.make(source, base + "Permission", "AWS::Lambda::Permission", at)
    permission.put("Action", "lambda:InvokeFunction")
    permission.put("FunctionName", function)
    permission.put("Principal", "apigateway.amazonaws.com")
    head = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${" + source.name + ".ApiId}/"
    given = source.get("StageName")
    stage = "default" if given is None else text(given)
    named = None if stage else {"__StageName__": given}
    permission.put("SourceArn", sub(f"{head}{stage or '${__StageName__}'}/{key}", named))
    return made.name


def _socket_stage(context: Context, source: Source, routes: list[str]) -> None:
    given = source.get("StageName")
    name = "default" if given is None else text(given) or ""
    suffix = "DefaultStage" if name == "default" else f"{name}Stage"
    stage = context.make(source, source.name + suffix, "AWS::ApiGatewayV2::Stage")
    stage.put("ApiId", ref(source.name))
    stage.put("StageName", "default")
    stage.properties.take_all(source.properties, "StageName", *_STAGE)
    stage.put("Tags", {_SOCKET_TAG: "SAM"})
    stage.put("AutoDeploy", True)
    if source.get("RouteSettings") is not None:
        stage.beside["DependsOn"] = routes
    context.renamed[f"{source.name}.Stage"] = stage.name


def _socket_auth(context: Context, source: Source) -> None:
    auth = source.get("Auth")
    if not isinstance(auth, Section) or text(auth.get("AuthType")) != "CUSTOM":
        return
    at = source.place("Auth")
    if auth.get("AuthArn") is None:
        raise SamError("Auth of type CUSTOM needs an AuthArn", at)
    name = source.name + "ConnectAuthorizer"
    made = context.make(source, name, "AWS::ApiGatewayV2::Authorizer", at)
    made.put("ApiId", ref(source.name))
    made.put("AuthorizerType", "REQUEST")
    made.put("AuthorizerUri", sub(_INVOKE % "AuthArn", {"AuthArn": auth["AuthArn"]}))
    made.put("Name", name)
    made.properties.take_all(auth, "IdentitySource", "Name")
    made.properties.take(auth, "InvokeRole", "AuthorizerCredentialsArn")
    if auth.get("InvokeRole") is None:
        permission = source.name + "AuthorizerPermission"
        authorizer_permission(context, source, permission, auth["AuthArn"], "${AWS::Partition}", at)
