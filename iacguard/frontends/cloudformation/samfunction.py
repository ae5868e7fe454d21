"""``AWS::Serverless::Function``: the function, its role, version and alias, its URL and where its results go."""

from __future__ import annotations

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source, propagate_tags
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    branches_of,
    digest,
    function_of,
    get_att,
    is_no_value,
    is_true,
    mapping,
    place_of,
    plain,
    ref,
    referred,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samdeploy import prefer
from iacguard.frontends.cloudformation.samevents import function_events
from iacguard.frontends.cloudformation.samroles import BASIC, allow, execution_role, s3_write
from iacguard.late import regex

_KEPT = (
    *("FunctionName", "Handler", "Runtime", "Description", "MemorySize", "Timeout", "VpcConfig", "Role", "Environment"),
    *("KmsKeyArn", "ReservedConcurrentExecutions", "Layers", "FileSystemConfigs", "ImageConfig", "PackageType"),
    *("Architectures", "SnapStart", "EphemeralStorage", "CodeSigningConfigArn", "RuntimeManagementConfig"),
    *("LoggingConfig", "TenancyConfig", "RecursiveLoop", "DurableConfig", "FunctionScalingConfig"),
    "PublishToLatestPublished",
)
_S3 = regex(r"s3://([^/?]+)/([^?]+)(?:\?versionId=(.+))?")
_QUEUES = {"SQS": "sqs:SendMessage", "SNS": "sns:Publish"}


def expand(context: Context, source: Source) -> None:
    """Put all that the function becomes into ``context.made``."""
    before = len(context.made)
    function = context.make(source, source.name, "AWS::Lambda::Function", own=True)
    _write(context, source, function)
    alias = _alias(context, source, function)
    _url(context, source, alias)
    prefer(context, source, alias)
    inline = [*_dead_letters(source), *_destinations(context, source, alias)]
    role = execution_role(context, source, "lambda.amazonaws.com", _managed(context, source), inline)
    if (tags := _tags(source)) and function.properties.get("Tags"):
        role.put("Tags", tags, source.place("Tags"))
    kept = _assign(context, source, function, role)
    function_events(context, source, alias or function, role if kept else None)
    if is_true(source.get("PropagateTags")) and source.get("Tags"):
        propagate_tags(list(context.made.values())[before:], source.get("Tags"))


def _write(context: Context, source: Source, function: Made) -> None:
    out = function.properties
    code = code_of(source, "ImageUri" if text(source.get("PackageType")) == "Image" else "CodeUri")
    if code is not None:
        out.put("Code", code, source.place("CodeUri"))
    out.take_all(source.properties, *_KEPT)
    out.put("Tags", _tags(source), source.place("Tags"))
    if _traced(context, source):
        out.take(source.properties, "Tracing", "TracingConfig", lambda mode: {"Mode": mode})
    queue = source.get("DeadLetterQueue")
    if isinstance(queue, Section):
        at = source.place("DeadLetterQueue")
        if text(queue.get("Type")) not in _QUEUES or queue.get("TargetArn") is None:
            raise SamError("DeadLetterQueue needs a TargetArn and a Type, SQS or SNS", at)
        config = Section(queue.at)
        config.take(queue, "TargetArn")
        out.put("DeadLetterConfig", config, at)
    out.take(source.properties, "CapacityProviderConfig", change=_capacity)


def _capacity(config: Data) -> Data:
    inner = Section(config.at) if isinstance(config, Section) else {}
    if isinstance(inner, Section):
        inner.take(config, "Arn", "CapacityProviderArn")
        inner.take_all(config, "PerExecutionEnvironmentMaxConcurrency", "ExecutionEnvironmentMemoryGiBPerVCpu")
    return {"LambdaManagedInstancesCapacityProviderConfig": inner}


def _tags(source: Source) -> list[Data]:
    return [{"Key": "lambda:createdBy", "Value": "SAM"}, *tag_list(source.get("Tags"))]


def code_of(source: Source, name: str) -> Data:
    """The code's place in S3, None for a local folder, whose place is known only once it is packaged."""
    if source.get("InlineCode") is not None and name == "CodeUri":
        code = Section(source.place("InlineCode"))
        code.take(source.properties, "InlineCode", "ZipFile")
        return code
    uri = source.get(name)
    if name == "ImageUri":
        return {"ImageUri": uri} if uri is not None else None
    code = s3_object(uri)
    if code is not None and source.get("SourceKMSKeyArn") is not None:
        code["SourceKMSKeyArn"] = source.get("SourceKMSKeyArn")
    return code


def s3_object(uri: Data) -> Data:
    """SAM's ``s3://bucket/key`` or ``{Bucket, Key, Version}`` as Lambda's; None for anything else."""
    if isinstance(uri, Section) and function_of(uri) is None:
        code = Section(uri.at)
        code.take(uri, "Bucket", "S3Bucket")
        code.take(uri, "Key", "S3Key")
        code.take(uri, "Version", "S3ObjectVersion")
        code.take(uri, "StorageMode", "S3ObjectStorageMode")
        return code
    match = _S3.fullmatch(text(uri) or "")
    if match is None:
        return None
    found = {"S3Bucket": match[1], "S3Key": match[2]}
    return found | ({"S3ObjectVersion": match[3]} if match[3] else {})


def _traced(context: Context, source: Source) -> bool:
    mode = source.get("Tracing")
    return mode is not None and context.known_text(mode, source.key) != "Disabled"


def _managed(context: Context, source: Source) -> list[str]:
    arns = ["service-role/AWSLambdaBasicDurableExecutionRolePolicy" if source.get("DurableConfig") else BASIC]
    if _traced(context, source):
        arns.append("AWSXrayWriteOnlyAccess")
    if source.get("VpcConfig"):
        arns.append("service-role/AWSLambdaVPCAccessExecutionRole")
    return arns


def _dead_letters(source: Source) -> list[Data]:
    queue = source.get("DeadLetterQueue")
    if not isinstance(queue, Section):
        return []
    policy = allow("DeadLetterQueuePolicy", _QUEUES[text(queue.get("Type")) or ""], queue.get("TargetArn"))
    policy["PolicyDocument"]["Version"] = "2012-10-17"
    return [policy]


def _assign(context: Context, source: Source, function: Made, role: Made) -> bool:
    """Give the function its role; whether the one that SAM makes is needed."""
    given = source.get("Role")
    parts = branches_of(given)
    at = source.place("Role")
    mine = get_att(role.name, "Arn")
    if given is None:
        function.put("Role", mine)
        return True
    empty = [is_no_value(part) for part in parts[1:]] if parts else [False, False]
    if parts is None or not any(empty):
        del context.made[role.name]
        return False
    condition = text(parts[0]) or ""
    if all(empty):
        function.put("Role", mine, at)
        return True
    function.put(
        "Role", {"Fn::If": [condition, *(mine if e else p for e, p in zip(empty, parts[1:], strict=True))]}, at
    )
    name = condition if empty[0] else f"NOT{condition}"
    if not empty[0]:
        context.conditions[name] = {"Fn::Not": [{"Condition": condition}]}
    role.beside.put("Condition", name, at)
    return True


# --- version, alias, URL --------------------------------------------------------------------------------------


def _alias(context: Context, source: Source, function: Made) -> Made | None:
    wanted = source.get("AutoPublishAlias")
    if wanted is None:
        return None
    at = source.place("AutoPublishAlias")
    name = context.known_text(wanted, at)
    if not name:
        raise SamError("AutoPublishAlias must be a text or a Ref to a parameter with a default", at)
    version = context.make(
        source, source.name + "Version" + _version(context, source, function), "AWS::Lambda::Version"
    )
    version.put("FunctionName", ref(function.name))
    version.properties.take(source.properties, "VersionDescription", "Description")
    if "DeletionPolicy" not in version.beside:
        usual = "Delete" if source.get("CapacityProviderConfig") is not None else "Retain"
        version.beside["DeletionPolicy"] = source.get("VersionDeletionPolicy") or usual
    if source.get("CapacityProviderConfig") is not None:
        version.properties.take(source.properties, "FunctionScalingConfig")
    suffix = name.replace("-", "D").replace("_", "U")
    alias = context.make(source, f"{function.name}Alias{suffix}", "AWS::Lambda::Alias", at)
    alias.put("Name", name, at)
    alias.put("FunctionName", ref(function.name))
    alias.put("FunctionVersion", get_att(version.name, "Version"))
    alias.properties.take(source.properties, "ProvisionedConcurrencyConfig")
    context.renamed[f"{function.name}.Version"] = version.name
    context.renamed[f"{function.name}.Alias"] = alias.name
    return alias


def _version(context: Context, source: Source, function: Made) -> str:
    """The hash that gives each state of the code a version of its own."""
    sha = context.known_text(source.get("AutoPublishCodeSha256"), source.key)
    if sha:
        return sha[:10]
    out = function.properties
    if is_true(source.get("AutoPublishAliasAllProperties")):
        return digest({**plain(out), **_published_layers(context, out)})
    state: dict[str, Data] = {**mapping(out.get("Code")), **mapping(out.get("Environment"))}
    if out.get("MemorySize") is not None:
        state["MemorySize"] = out["MemorySize"]
    if text(mapping(out.get("SnapStart")).get("ApplyOn")) not in (None, "None"):
        state["SnapStart"] = out["SnapStart"]
    code = plain(out.get("Code")) or {}
    return digest({name: context.resolved(v) if name in code else plain(v) for name, v in state.items()})


def _published_layers(context: Context, out: Section) -> dict[str, Data]:
    """Layers whose new versions make a new version of the function."""
    names = [referred(layer) or "" for layer in as_list(out.get("Layers"))]
    layers = [context.sources[name] for name in names if name in context.sources]
    return {layer.name: plain(layer.properties) for layer in layers if is_true(layer.get("PublishLambdaVersion"))}


def _target(source: Source, alias: Made | None) -> Data:
    return ref(alias.name if alias else source.name)


def _url(context: Context, source: Source, alias: Made | None) -> None:
    config = source.get("FunctionUrlConfig")
    if not isinstance(config, Section):
        return
    at = source.place("FunctionUrlConfig")
    url = context.make(source, source.name + "Url", "AWS::Lambda::Url", at)
    url.properties.take_all(config, "Cors", "AuthType", "InvokeMode")
    url.put("TargetFunctionArn", _target(source, alias), at)
    kind = config.get("AuthType")
    if kind is None:
        raise SamError("FunctionUrlConfig needs an AuthType, AWS_IAM or NONE", at)
    if text(kind) != "NONE":
        return
    where = place_of(config, "AuthType")
    for suffix, action, name, value in (
        ("UrlPublicPermissions", "lambda:InvokeFunctionUrl", "FunctionUrlAuthType", "NONE"),
        ("URLInvokeAllowPublicAccess", "lambda:InvokeFunction", "InvokedViaFunctionUrl", True),
    ):
        permission = context.make(source, source.name + suffix, "AWS::Lambda::Permission", where)
        permission.put("Action", action)
        permission.put("FunctionName", _target(source, alias))
        permission.put("Principal", "*")
        permission.put(name, value)


# --- destinations of asynchronous calls -----------------------------------------------------------------------

_DESTINATIONS = {
    "SQS": ("sqs:SendMessage", "SQSPolicy"),
    "SNS": ("sns:publish", "SNSPolicy"),
    "EventBridge": ("events:PutEvents", "EventBridgePolicy"),
    "Lambda": ("lambda:InvokeFunction", "LambdaPolicy"),
}


def _destinations(context: Context, source: Source, alias: Made | None) -> list[Data]:
    """``EventInvokeConfig`` as its resources; gives the policies that the role needs for it."""
    config = source.get("EventInvokeConfig")
    if not isinstance(config, Section):
        return []
    name = source.name + "EventInvokeConfig"
    made = context.make(source, name, "AWS::Lambda::EventInvokeConfig", source.place("EventInvokeConfig"))
    made.put("FunctionName", ref(source.name))
    made.put("Qualifier", alias.properties["Name"] if alias else "$LATEST")
    made.properties.take_all(config, "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
    if alias:
        made.beside["DependsOn"] = [alias.name]
    policies: list[Data] = []
    targets = Section(made.key)
    written = config.get("DestinationConfig")
    for which in ("OnSuccess", "OnFailure"):
        if isinstance(written, Section) and isinstance(written.get(which), Section):
            at = place_of(written, which) or made.key
            arn = _destination(context, source, written[which], name + which, at)
            targets.put(which, {"Destination": arn}, at)
            policies.append(_may_send(written[which], name + which, arn, at))
    made.put("DestinationConfig", targets, place_of(config, "DestinationConfig"))
    return policies


def _destination(context: Context, source: Source, target: Section, name: str, at: Node) -> Data:
    """Where it goes: what is written, else a queue or topic that SAM makes."""
    kind, arn = text(target.get("Type")), target.get("Destination")
    condition, other = None, None
    parts = branches_of(arn)
    if parts is not None:
        empty = [is_no_value(part) for part in parts[1:]]
        if empty == [True, False]:
            condition, other = text(parts[0]), parts[2]
        elif empty == [False, True]:
            condition, other = _negated(context, text(parts[0]) or "", name), parts[1]
    if arn is not None and condition is None:
        return arn
    if kind not in ("SQS", "SNS"):
        raise SamError("a destination needs a Destination where its Type is neither SQS nor SNS", at)
    type_, suffix = ("AWS::SQS::Queue", "Queue") if kind == "SQS" else ("AWS::SNS::Topic", "Topic")
    made = context.make(source, name + suffix, type_, at)
    mine = get_att(made.name, "Arn") if kind == "SQS" else ref(made.name)
    context.renamed[f"{source.name}.Destination{suffix}"] = made.name
    if condition is None:
        return mine
    made.beside.put("Condition", _both(context, source, condition), at)
    return {"Fn::If": [condition, mine, other]}


def _negated(context: Context, condition: str, name: str) -> str:
    owner = name.removesuffix("OnSuccess").removesuffix("OnFailure")
    negated = f"NOT{condition}{digest(owner)}"
    context.conditions[negated] = {"Fn::Not": [{"Condition": condition}]}
    return negated


def _both(context: Context, source: Source, condition: str) -> str:
    if source.condition is None:
        return condition
    name = f"{source.condition}AND{condition}{digest(source.name)}"
    context.conditions[name] = {"Fn::And": [{"Condition": source.condition}, {"Condition": condition}]}
    return name


def _may_send(target: Section, name: str, arn: Data, at: Node) -> Data:
    kind = text(target.get("Type"))
    if kind == "S3Bucket":
        return s3_write(name, arn)
    if kind not in _DESTINATIONS:
        raise SamError(f"a destination's Type is one of {', '.join(_DESTINATIONS)} and S3Bucket", at)
    action, suffix = _DESTINATIONS[kind]
    return allow(name + suffix, action, arn)
