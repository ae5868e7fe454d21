"""``AWS::Serverless::GraphQLApi``: AppSync's API with its sources of data, functions and resolvers."""

from __future__ import annotations

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samconnectors import connect, graph_end
from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    get_att,
    is_false,
    mapping,
    mappings,
    place_of,
    ref,
    sub,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samroles import trust

_KEPT = ("XrayEnabled", "Visibility", "OwnerContact", "IntrospectionConfig", "QueryDepthLimit", "ResolverCountLimit")
_AUTHORIZERS = {
    "AWS_LAMBDA": ("LambdaAuthorizer", "LambdaAuthorizerConfig"),
    "OPENID_CONNECT": ("OpenIDConnect", "OpenIDConnectConfig"),
    "AMAZON_COGNITO_USER_POOLS": ("UserPool", "UserPoolConfig"),
}
_PASS_ON = (
    "\nexport function request(ctx) {\n    return {};\n}\n\nexport function response(ctx) {\n"
    "    return ctx.prev.result;\n}\n"
)
_RUNTIME = {"Name": "APPSYNC_JS", "RuntimeVersion": "1.0.0"}


def expand(context: Context, source: Source) -> None:
    """Put all that the API becomes into ``context.made``."""
    api = context.make(source, source.name, "AWS::AppSync::GraphQLApi", own=True)
    api.put("Name", source.name)
    api.properties.take_all(source.properties, "Name", *_KEPT)
    tags = {**mapping(source.get("Tags")), "graphqlapi:createdBy": "SAM"}
    api.put("Tags", tag_list(tags), source.place("Tags"))
    _auth(context, source, api)
    _logging(context, source, api)
    schema = _part(context, source, "Schema", "AWS::AppSync::GraphQLSchema", source.key)
    schema.properties.take(source.properties, "SchemaInline", "Definition")
    schema.properties.take(source.properties, "SchemaUri", "DefinitionS3Location")
    _keys_and_cache(context, source)
    names = _sources(context, source)
    _resolvers(context, source, _functions(context, source, names), schema)


def _part(context: Context, source: Source, suffix: str, type_: str, at: Node) -> Made:
    made = context.make(source, source.name + suffix, type_, at)
    made.put("ApiId", get_att(source.name, "ApiId"))
    return made


def _role(context: Context, source: Source, name: str, at: Node) -> Made:
    role = context.make(source, name, "AWS::IAM::Role", at)
    role.put("AssumeRolePolicyDocument", trust("appsync.amazonaws.com"))
    return role


def _auth(context: Context, source: Source, api: Made) -> None:
    auth = source.get("Auth")
    at = source.place("Auth")
    if not isinstance(auth, Section):
        raise SamError("a GraphQLApi needs Auth", at)
    api.properties.take(auth, "Type", "AuthenticationType")
    functions = [_authorizer(auth, api.properties)]
    additional: list[Data] = []
    for one in as_list(auth.get("Additional")):
        if isinstance(one, Section):
            provider = Section(one.at)
            provider.take(one, "Type", "AuthenticationType")
            functions.append(_authorizer(one, provider))
            if isinstance(provider.get("UserPoolConfig"), Section):
                provider["UserPoolConfig"].pop("DefaultAction", None)  # only the first way has one
            additional.append(provider)
    if additional:
        api.put("AdditionalAuthenticationProviders", additional, place_of(auth, "Additional"))
    start = graph_end("AWS::AppSync::GraphQLApi", ref(api.name), get_att(api.name, "ApiId"))
    for number, arn in enumerate([f for f in functions if f is not None], 1):
        name = f"{source.name}ToLambdaAuthConnector{number}"
        connect(context, source, start, graph_end("AWS::Lambda::Function", arn), {"Write"}, "", name)


def _authorizer(auth: Section, out: Section) -> Data:
    """Write the configuration of one way to authenticate; gives the function that it calls."""
    names = _AUTHORIZERS.get(text(auth.get("Type")) or "")
    if names is None:
        return None
    out.take(auth, *names)
    config = auth.get(names[0])
    return config.get("AuthorizerUri") if names[0] == "LambdaAuthorizer" and isinstance(config, dict) else None


def _logging(context: Context, source: Source, api: Made) -> None:
    given = source.get("Logging")
    if given is not None and is_false(given):
        return
    at = source.place("Logging") if given is not None else source.key
    config = Section(at)
    config["FieldLogLevel"] = "ALL"
    if isinstance(given, Section):
        config.take_all(given, "ExcludeVerboseContent", "FieldLogLevel", "CloudWatchLogsRoleArn")
    if "CloudWatchLogsRoleArn" not in config:
        role = _role(context, source, source.name + "CloudWatchRole", at)
        arn = sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSAppSyncPushToCloudWatchLogs")
        role.put("ManagedPolicyArns", [arn])
        config["CloudWatchLogsRoleArn"] = get_att(role.name, "Arn")
    api.put("LogConfig", config, at)


def _keys_and_cache(context: Context, source: Source) -> None:
    for name, key in mappings(source.get("ApiKeys")):
        at = place_of(source.get("ApiKeys"), name) or source.key
        made = _part(context, source, name, "AWS::AppSync::ApiKey", at)
        made.properties.take_all(key, "ApiKeyId", "Description")
        made.properties.take(key, "ExpiresOn", "Expires")
    if isinstance(source.get("Cache"), Section):
        cache = _part(context, source, "ApiCache", "AWS::AppSync::ApiCache", source.place("Cache"))
        cache.properties.take_all(
            source.get("Cache"),
            *("ApiCachingBehavior", "Type", "Ttl", "AtRestEncryptionEnabled", "TransitEncryptionEnabled"),
        )
    domain = source.get("DomainName")
    if isinstance(domain, Section):
        at = source.place("DomainName")
        made = context.make(source, source.name + "DomainName", "AWS::AppSync::DomainName", at)
        made.properties.take_all(domain, "CertificateArn", "DomainName", "Description")
        joined = _part(context, source, "DomainNameApiAssociation", "AWS::AppSync::DomainNameApiAssociation", at)
        joined.put("DomainName", ref(made.name))


def _sources(context: Context, source: Source) -> dict[str, Data]:
    """The sources of data; gives each one's name by the name that it has in the template."""
    names: dict[str, Data] = {}
    given = source.get("DataSources")
    for kind, type_ in (("DynamoDb", "DynamoDB"), ("Lambda", "Lambda")):
        group = given.get(kind) if isinstance(given, dict) else None
        for name, body in mappings(group):
            if not isinstance(body, Section):
                continue
            at = place_of(group, name) or source.key
            made = _part(context, source, f"{name}{type_}DataSource", "AWS::AppSync::DataSource", at)
            made.put("Name", name)
            made.properties.take_all(body, "Name", "Description", "ServiceRoleArn")
            made.put("Type", "AMAZON_DYNAMODB" if kind == "DynamoDb" else "AWS_LAMBDA")
            target = _table(body, made) if kind == "DynamoDb" else _lambda(body, made)
            if body.get("ServiceRoleArn") is None:
                _connect(context, source, made, body, target, at)
            names[name] = get_att(made.name, "Name")
    return names


def _connect(context: Context, source: Source, made: Made, body: Section, target: Data, at: Node) -> None:
    role = _role(context, source, made.name + "Role", at)
    made.put("ServiceRoleArn", get_att(role.name, "Arn"))
    table = "DynamoDBConfig" in made.properties
    end = graph_end("AWS::DynamoDB::Table" if table else "AWS::Lambda::Function", target)
    permissions = {text(p) or "" for p in as_list(body.get("Permissions"))} if table else {"Write"}
    start = graph_end("AWS::AppSync::DataSource", get_att(made.name, "DataSourceArn"), role=ref(role.name))
    name = made.name + ("ToTableConnector" if table else "ToLambdaConnector")
    connect(context, source, start, end, permissions or {"Read", "Write"}, "", name)


def _table(body: Section, made: Made) -> Data:
    config = Section(body.at)
    config["AwsRegion"] = ref("AWS::Region")
    config.take(body, "Region", "AwsRegion")
    config.take_all(body, "TableName", "UseCallerCredentials", "Versioned")
    config.take(body, "DeltaSync", "DeltaSyncConfig")
    made.put("DynamoDBConfig", config)
    if body.get("TableArn") is not None:
        return body["TableArn"]
    template = "arn:${AWS::Partition}:dynamodb:${__Region__}:${AWS::AccountId}:table/${__TableName__}"
    return sub(template, {"__TableName__": body.get("TableName"), "__Region__": config["AwsRegion"]})


def _lambda(body: Section, made: Made) -> Data:
    made.put("LambdaConfig", {"LambdaFunctionArn": body.get("FunctionArn")}, place_of(body, "FunctionArn"))
    return body.get("FunctionArn")


def _functions(context: Context, source: Source, names: dict[str, Data]) -> dict[str, Data]:
    """The pipeline functions; gives the id of each."""
    ids: dict[str, Data] = {}
    for name, body in mappings(source.get("Functions")):
        at = place_of(source.get("Functions"), name) or source.key
        if not isinstance(body, Section):
            raise SamError(f"the function {name} must be a mapping", at)
        if body.get("Id") is not None:
            ids[name] = body["Id"]
            continue
        made = _part(context, source, name, "AWS::AppSync::FunctionConfiguration", at)
        made.put("Name", name)
        made.properties.take_all(body, "Name", "MaxBatchSize", "Description")
        made.properties.take(body, "InlineCode", "Code")
        made.properties.take(body, "CodeUri", "CodeS3Location")
        made.properties.take(body, "Sync", "SyncConfig")
        made.properties.take(body, "Runtime", change=_runtime)
        made.put("DataSourceName", _source_name(context, source, body.get("DataSource"), names, at))
        ids[name] = get_att(made.name, "FunctionId")
    return ids


def _runtime(given: Data) -> Data:
    runtime = Section(given.at) if isinstance(given, Section) else None
    if runtime is None:
        return given
    runtime.take_all(given, "Name")
    runtime.take(given, "Version", "RuntimeVersion")
    return runtime


def _source_name(context: Context, source: Source, given: Data, names: dict[str, Data], at: Node) -> Data:
    name = text(given)
    if name is None:
        return given
    if name.lower() == "none":
        made = context.made.get(source.name + "NoneDataSource")
        if made is None:
            made = _part(context, source, "NoneDataSource", "AWS::AppSync::DataSource", source.key)
            made.put("Name", made.name)
            made.put("Type", "NONE")
        return get_att(made.name, "Name")
    if name not in names:
        raise SamError(f"there is no source of data {name}", at)
    return names[name]


def _resolvers(context: Context, source: Source, functions: dict[str, Data], schema: Made) -> None:
    for type_, group in mappings(source.get("Resolvers")):
        for name, body in mappings(group):
            at = place_of(group, name) or source.key
            given = body if isinstance(body, Section) else Section(at)
            made = _part(context, source, type_ + name, "AWS::AppSync::Resolver", at)
            made.beside["DependsOn"] = [schema.name]
            made.put("FieldName", name)
            made.properties.take_all(given, "FieldName", "MaxBatchSize")
            made.properties.take(given, "Caching", "CachingConfig")
            made.put("TypeName", type_)
            made.put("Kind", "PIPELINE")
            pipeline = [text(step) or "" for step in as_list(given.get("Pipeline"))]
            unknown = [step for step in pipeline if step not in functions]
            if unknown or not pipeline:
                raise SamError(f"the resolver {name} needs a Pipeline of the API's Functions", at)
            made.put("PipelineConfig", {"Functions": [functions[step] for step in pipeline]})
            made.properties.take(given, "InlineCode", "Code")
            made.properties.take(given, "CodeUri", "CodeS3Location")
            made.properties.take(given, "Runtime", change=_runtime)
            if given.get("InlineCode") is None and given.get("CodeUri") is None:
                made.put("Code", _PASS_ON)
                made.put("Runtime", dict(_RUNTIME))
