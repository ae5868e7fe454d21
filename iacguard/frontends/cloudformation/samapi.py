"""``AWS::Serverless::Api``: the REST API, its deployment and stage, authorizers, usage plan and domain."""

from __future__ import annotations

from yaml.nodes import Node

from iacguard.frontends.cloudformation.sambodies import (
    AUTHORIZER,
    add_security,
    as_open_api,
    contents,
    cors_method,
    cors_methods_of,
    default_security,
    is_body,
    is_open_api,
    methods,
    names_of,
    paths_of,
    schemes_of,
)
from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source, propagate_tags
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    digest,
    function_of,
    is_false,
    is_true,
    mapping,
    mappings,
    place_of,
    plain,
    ref,
    sub,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samdomains import rest_domain
from iacguard.frontends.cloudformation.samfunction import s3_object
from iacguard.frontends.cloudformation.samresourcepolicy import add_resource_policy
from iacguard.frontends.cloudformation.samrest import IAM_SCHEME, KEY_SCHEME

_KEPT = (
    *("BinaryMediaTypes", "MinimumCompressionSize", "FailOnWarnings", "Name", "Description", "Mode"),
    *("ApiKeySourceType", "Policy", "SecurityPolicy", "EndpointAccessMode"),
)
_STAGE = (
    *("StageName", "CacheClusterEnabled", "CacheClusterSize", "Variables", "MethodSettings", "AccessLogSetting"),
    *("CanarySetting", "TracingEnabled"),
)


def expand(context: Context, source: Source) -> None:
    """Put all that the API becomes into ``context.made``."""
    before = len(context.made)
    api = context.make(source, source.name, "AWS::ApiGateway::RestApi", own=True)
    api.properties.take_all(source.properties, *_KEPT)
    _endpoint(source, api)
    body = source.get("DefinitionBody")
    if is_body(body):
        _body(context, source, body)
    elif source.get("Auth") is not None and body is None:
        raise SamError("Auth needs a DefinitionBody that is written here", source.place("Auth"))
    uri = source.get("DefinitionUri")
    if uri is not None:
        api.put("BodyS3Location", _s3(uri), source.place("DefinitionUri"))
    elif body is not None:
        api.properties.take(source.properties, "DefinitionBody", "Body")
    stage = _deployed(context, source, body if uri is None else uri)
    _permissions(context, source)
    _usage_plan(context, source, stage)
    rest_domain(context, source)
    if is_true(source.get("PropagateTags")) and source.get("Tags"):
        propagate_tags(list(context.made.values())[before:], source.get("Tags"))


def _s3(uri: Data) -> Data:
    found = s3_object(uri)
    if found is None:
        return {}
    names = {"S3Bucket": "Bucket", "S3Key": "Key", "S3ObjectVersion": "Version"}
    return {names[name]: value for name, value in found.items() if name in names}


def _endpoint(source: Source, api: Made) -> None:
    config = source.get("EndpointConfiguration")
    if config is None:
        return
    at = source.place("EndpointConfiguration")
    kind = config.get("Type") if isinstance(config, Section) and config.get("Type") is not None else config
    out = Section(at)
    out.put("Types", [kind], place_of(config, "Type"))
    out.take(config, "VPCEndpointIds", "VpcEndpointIds")
    out.take(config, "VpcEndpointIds")
    out.take(config, "IpAddressType")
    api.put("EndpointConfiguration", out, at)
    api.put("Parameters", {"endpointConfigurationTypes": kind}, at)


# --- the body -------------------------------------------------------------------------------------------------


def _body(context: Context, source: Source, body: dict[str, Data]) -> None:
    version = text(source.get("OpenApiVersion"))
    _cors(source, body)
    auth = source.get("Auth")
    if isinstance(auth, dict) and function_of(auth) is None:
        _auth(context, source, body, auth)
    for name, response in mappings(source.get("GatewayResponses")):
        _gateway_response(body, name, response, source.place("GatewayResponses"))
    if source.get("BinaryMediaTypes") is not None:
        given = as_list(source.get("BinaryMediaTypes"))
        types = [(context.known_text(item, source.key) or "").replace("~1", "/") or item for item in given]
        body["x-amazon-apigateway-binary-media-types"] = types
    if isinstance(source.get("Models"), dict):
        models = {name.lower(): model for name, model in mappings(source.get("Models"))}
        body["definitions"] = {**mapping(body.get("definitions")), **models}
    if source.get("DisableExecuteApiEndpoint") is not None:
        setting = {"disableExecuteApiEndpoint": source.get("DisableExecuteApiEndpoint")}
        holder = body.setdefault("servers", [{}])[0] if is_open_api(body) else body
        holder["x-amazon-apigateway-endpoint-configuration"] = setting
    if is_open_api(body) and (version or text(body["openapi"]) or "3").startswith("3"):
        as_open_api(body)


def _cors(source: Source, body: dict[str, Data]) -> None:
    cors = source.get("Cors")
    if cors is None:
        return
    given = cors if isinstance(cors, Section) and function_of(cors) is None else {"AllowOrigin": cors}
    origin = given.get("AllowOrigin") if given.get("AllowOrigin") is not None else "'*'"
    for item in paths_of(body).values():
        for one in contents(item):
            if "options" not in one:
                allowed = given.get("AllowMethods")
                allowed = cors_methods_of(one) if allowed is None else allowed
                credentials = is_true(given.get("AllowCredentials"))
                one["options"] = cors_method(
                    origin, given.get("AllowHeaders"), allowed, given.get("MaxAge"), credentials
                )


def _gateway_response(body: dict[str, Data], name: str, response: Data, at: Node) -> None:
    if not isinstance(response, dict):
        raise SamError(f"the gateway response {name} must be a mapping", at)
    parameters: dict[str, Data] = {}
    for kind, prefix in (("Headers", "header."), ("Paths", "path."), ("QueryStrings", "querystring.")):
        for key, value in mappings(mapping(response.get("ResponseParameters")).get(kind)):
            parameters[f"gatewayresponse.{prefix}{key}"] = value
    made: dict[str, Data] = {
        "responseParameters": parameters,
        "responseTemplates": response.get("ResponseTemplates") or {},
    }
    if response.get("StatusCode") is not None:
        made["statusCode"] = text(response["StatusCode"]) or response["StatusCode"]
    body.setdefault("x-amazon-apigateway-gateway-responses", {})[name] = made


def _auth(context: Context, source: Source, body: dict[str, Data], auth: dict[str, Data]) -> None:
    at = source.place("Auth")
    default = text(auth.get("DefaultAuthorizer"))
    authorizers = mapping(auth.get("Authorizers"))
    schemes = schemes_of(body, at) if authorizers or default == "AWS_IAM" else {}
    if default == "AWS_IAM":
        schemes.setdefault("AWS_IAM", dict(IAM_SCHEME))
    for name, config in authorizers.items():
        if not isinstance(config, dict):
            raise SamError(f"the authorizer {name} must be a mapping", place_of(authorizers, name) or at)
        where = place_of(authorizers, name) or at
        scheme = Section(where)
        scheme.update(_authorizer(config))
        schemes[name] = scheme
    if default:
        if default not in authorizers and default != "AWS_IAM":
            raise SamError(f"DefaultAuthorizer {default} is not among Authorizers", at)
        scopes = authorizers[default].get("AuthorizationScopes") if default in authorizers else None
        preflight = not is_false(auth.get("AddDefaultAuthorizerToCorsPreflight"))
        by = place_of(auth, "DefaultAuthorizer")
        default_security(body, default, {*authorizers, "AWS_IAM"}, scopes, preflight, by)
    if is_true(auth.get("ApiKeyRequired")):
        schemes_of(body, at).setdefault("api_key", dict(KEY_SCHEME))
        _keys(body, not is_false(auth.get("AddApiKeyRequiredToCorsPreflight")), place_of(auth, "ApiKeyRequired"))
    policy = auth.get("ResourcePolicy")
    if isinstance(policy, dict):
        where = place_of(auth, "ResourcePolicy") or at
        add_resource_policy(context, body, policy, list(paths_of(body)), source.get("StageName"), where)


def _keys(body: dict[str, Data], preflight: bool, at: Node | None) -> None:
    for _, method, definition in methods(body):
        named = names_of(definition.get("security"))
        if "api_key_false" in named:
            kept = [s for s in definition["security"] if not (isinstance(s, dict) and "api_key_false" in s)]
            definition["security"] = kept
        elif preflight or method != "options":
            others = [s for s in as_list(definition.get("security")) if not (isinstance(s, dict) and "api_key" in s)]
            definition["security"] = others
            add_security(definition, "api_key", None, at)


def _authorizer(config: dict[str, Data]) -> dict[str, Data]:
    """The security scheme of an authorizer: Cognito where it has a user pool, else Lambda."""
    identity = mapping(config.get("Identity"))
    header = identity.get("Header") if identity.get("Header") is not None else "Authorization"
    scheme: dict[str, Data] = {"type": "apiKey", "name": header, "in": "header"}
    pool = config.get("UserPoolArn")
    if pool is not None:
        scheme["x-amazon-apigateway-authtype"] = "cognito_user_pools"
        inner: dict[str, Data] = {"type": "cognito_user_pools", "providerARNs": as_list(pool)}
    else:
        request = text(config.get("FunctionPayloadType")) == "REQUEST"
        scheme["x-amazon-apigateway-authtype"] = "custom"
        scheme["name"] = "Unused" if request else header
        inner = {"type": "request" if request else "token", "authorizerUri": authorizer_uri(config.get("FunctionArn"))}
        if identity.get("ReauthorizeEvery") is not None:
            inner["authorizerResultTtlInSeconds"] = identity["ReauthorizeEvery"]
        role = config.get("FunctionInvokeRole")
        if role is not None and text(role) != "NONE":
            inner["authorizerCredentials"] = role
        if request and (sources := identity_sources(identity, "method.request.", "")):
            inner["identitySource"] = ", ".join(sources)
    if identity.get("ValidationExpression") is not None and text(config.get("FunctionPayloadType")) != "REQUEST":
        inner["identityValidationExpression"] = identity["ValidationExpression"]
    scheme[AUTHORIZER] = inner
    return scheme


def authorizer_uri(arn: Data) -> Data:
    template = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations"
    return sub(template, {"__FunctionArn__": arn})


def identity_sources(identity: Data, request: str, mark: str) -> list[str]:
    """What identifies a caller, in API Gateway's words."""
    prefixes = {
        "Headers": f"{request}header.",
        "QueryStrings": f"{request}querystring.",
        "StageVariables": f"{mark}stageVariables.",
        "Context": f"{mark}context.",
    }
    return [prefix + (text(item) or "") for name, prefix in prefixes.items() for item in as_list(identity.get(name))]


# --- deployment, stage, and what hangs on them ----------------------------------------------------------------


def _deployed(context: Context, source: Source, definition: Data) -> Made:
    """The deployment and the stage. The hash of the definition in the deployment's id is ours, not SAM's."""
    state = digest([plain(definition), plain(source.get("Domain")), plain(source.get("OpenApiVersion"))])
    name = source.name + "Deployment" + (state if definition is not None else "")
    deployment = context.make(source, name, "AWS::ApiGateway::Deployment")
    deployment.put("RestApiId", ref(source.name))
    if source.get("OpenApiVersion") is None:
        deployment.put("StageName", "Stage")
    named = text(source.get("StageName")) or ""
    suffix = named + "Stage" if named.isalnum() else "Stage" + digest(named)
    stage = context.make(source, source.name + suffix, "AWS::ApiGateway::Stage")
    stage.put("RestApiId", ref(source.name))
    stage.put("DeploymentId", ref(deployment.name))
    stage.properties.take_all(source.properties, *_STAGE)
    stage.properties.take(source.properties, "Tags", change=tag_list)
    context.renamed[f"{source.name}.Stage"] = stage.name
    context.renamed[f"{source.name}.Deployment"] = deployment.name
    return stage


def _permissions(context: Context, source: Source) -> None:
    """Let the API call the functions of its authorizers."""
    auth = source.get("Auth")
    for name, config in mappings(auth.get("Authorizers") if isinstance(auth, dict) else None):
        if not isinstance(config, dict) or config.get("FunctionArn") is None or config.get("UserPoolArn") is not None:
            continue
        if is_true(config.get("DisableFunctionDefaultPermissions")):
            continue
        at = place_of(auth["Authorizers"], name)
        authorizer_permission(
            context, source, f"{source.name}{name}AuthorizerPermission", config["FunctionArn"], "aws", at
        )


def authorizer_permission(
    context: Context, source: Source, name: str, function: Data, partition: str, at: Node | None
) -> None:
    template = f"arn:{partition}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/authorizers/*"
    permission = context.make(source, name, "AWS::Lambda::Permission", at)
    permission.put("Action", "lambda:InvokeFunction")
    permission.put("FunctionName", function)
    permission.put("Principal", "apigateway.amazonaws.com")
    permission.put("SourceArn", sub(template, {"__ApiId__": ref(source.name)}))


def _usage_plan(context: Context, source: Source, stage: Made) -> None:
    auth = source.get("Auth")
    plan = auth.get("UsagePlan") if isinstance(auth, dict) else None
    kind = context.known_text(plan.get("CreateUsagePlan"), source.key) if isinstance(plan, dict) else None
    if not isinstance(plan, dict) or kind not in ("SHARED", "PER_API"):
        return
    at = place_of(auth, "UsagePlan")
    prefix = "Serverless" if kind == "SHARED" else source.name
    old = {n: context.made.get(prefix + n) for n in ("UsagePlan", "ApiKey")}
    usage = context.make(source, prefix + "UsagePlan", "AWS::ApiGateway::UsagePlan", at)
    key = context.make(source, prefix + "ApiKey", "AWS::ApiGateway::ApiKey", at)
    link = context.make(source, prefix + "UsagePlanKey", "AWS::ApiGateway::UsagePlanKey", at)
    stages, keys = old["UsagePlan"], old["ApiKey"]
    usage.put(
        "ApiStages",
        [
            *(stages.properties["ApiStages"] if stages else []),
            {"ApiId": ref(source.name), "Stage": ref(stage.name)},
        ],
    )
    usage.properties.take_all(plan, "UsagePlanName", "Description", "Quota", "Tags", "Throttle")
    key.put("Enabled", True)
    key.put(
        "StageKeys",
        [
            *(keys.properties["StageKeys"] if keys else []),
            {"RestApiId": ref(source.name), "StageName": ref(stage.name)},
        ],
    )
    link.put("KeyId", ref(key.name))
    link.put("KeyType", "API_KEY")
    link.put("UsagePlanId", ref(usage.name))
    if kind == "SHARED":
        _share(context, source, stages, [usage, key, link])
    for name, made in (("UsagePlan", usage), ("ApiKey", key), ("UsagePlanKey", link)):
        context.renamed[f"{source.name}.{name}"] = made.name


def _keep_strictest(before: Made, resource: Made) -> None:
    """What is shared is kept as the API asks that wants most: Retain, then Snapshot, then Delete."""
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        had, wanted = text(before.beside.get(policy)), text(resource.beside.get(policy))
        stricter = wanted == "Retain" or (policy == "UpdateReplacePolicy" and (wanted, had) == ("Snapshot", "Delete"))
        if had is not None and not stricter:
            resource.beside.take(before.beside, policy)


def _share(context: Context, source: Source, before: Made | None, made: list[Made]) -> None:
    """A usage plan of several APIs is there where one of them is."""
    name = "SharedUsagePlanCondition"
    had = context.conditions.get(name)
    listed = had["Fn::Or"] if isinstance(had, dict) and "Fn::Or" in had else [had] if had is not None else []
    free = source.condition is None or (before is not None and "Condition" not in before.beside)
    for resource in made:
        resource.beside.pop("Condition", None)
        if not free:
            resource.beside["Condition"] = name
        if before is not None:
            _keep_strictest(before, resource)
    if free:
        context.conditions.pop(name, None)
        return
    listed = [item for item in listed if item != {"Condition": source.condition}]
    listed.append({"Condition": source.condition})
    context.conditions[name] = {"Fn::Or": listed} if len(listed) > 1 else listed[0]
