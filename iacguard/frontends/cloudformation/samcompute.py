"""SAM's newer ways to run code: capacity providers, network connectors, images of micro VMs, and web functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    function_of,
    get_att,
    is_true,
    mapping,
    mappings,
    place_of,
    ref,
    scalar,
    sub,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samfunction import s3_object
from iacguard.frontends.cloudformation.samroles import BASIC, managed_arn, service_role

_LAMBDA = "lambda.amazonaws.com"
_BY_SAM = {"Key": "lambda:createdBy", "Value": "SAM"}
#: What a connector serves where the template does not say.
_COMPUTE_TYPES = ("MicroVm",)
#: The names that SAM has for groups of regions in ``ReplicaRegions``.
_REGIONS: Mapping[str, str] = MappingProxyType(
    {
        "US": "us-east-1 us-east-2 us-west-1 us-west-2",
        "AP": "ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2",
        "CA": "ca-central-1",
        "EU": "eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1",
        "SA": "sa-east-1",
        "SPARSE_GLOBAL": "us-east-1 eu-west-1 eu-central-1 ap-northeast-1 ap-southeast-2 sa-east-1 ap-southeast-1",
    }
)
#: Longest part of a logical id that goes into a web function's name.
_NAME_PART = 55


def expand_capacity(context: Context, source: Source) -> None:
    """``AWS::Serverless::CapacityProvider``: the provider, and the role that starts its instances."""
    role = _operator(context, source, "OperatorRole", "AWSLambdaManagedEC2ResourceOperator")
    provider = context.make(source, source.name, "AWS::Lambda::CapacityProvider", own=True)
    out = provider.properties
    out.take_all(source.properties, "CapacityProviderName", "VpcConfig", "KmsKeyArn")
    arn = source.get("OperatorRole") if role is None else get_att(role.name, "Arn")
    provider.put("PermissionsConfig", {"CapacityProviderOperatorRoleArn": arn}, source.place("OperatorRole"))
    provider.put("Tags", [*tag_list(source.get("Tags")), _BY_SAM], source.place("Tags"))
    out.take(source.properties, "InstanceRequirements", change=_instances)
    out.take(source.properties, "ScalingConfig", "CapacityProviderScalingConfig", _scaling)
    if source.get("LoggingConfig"):
        out.take(source.properties, "LoggingConfig", "TelemetryConfig", lambda logging: {"LoggingConfig": logging})
    given = mapping(source.get("ManagedResourceTags"))
    if "Tags" in given:
        explicit = {"Mode": "Explicit", "ExplicitTags": tag_list(given["Tags"])}
        provider.put("PropagateTags", explicit, source.place("ManagedResourceTags"))
    _propagate(source, role)


def expand_connector(context: Context, source: Source) -> None:
    """``AWS::Serverless::NetworkConnector``: the way of micro VMs or web functions into a VPC, and its role."""
    role = _operator(context, source, "OperatorRole", "AWSLambdaNetworkConnectorOperatorPolicy")
    connector = context.make(source, source.name, "AWS::Lambda::NetworkConnector", own=True)
    connector.properties.take_all(source.properties, "Name", "OperatorRole")
    egress = Section(source.place("VpcConfig"))
    egress.take_all(source.get("VpcConfig"), *mapping(source.get("VpcConfig")))
    egress["AssociatedComputeResourceTypes"] = as_list(source.get("ComputeTypes")) or list(_COMPUTE_TYPES)
    connector.put("Configuration", {"VpcEgressConfiguration": egress}, source.place("VpcConfig"))
    if role is not None:
        connector.put("OperatorRole", get_att(role.name, "Arn"))
    connector.put("Tags", [*tag_list(source.get("Tags")), _BY_SAM], source.place("Tags"))
    _propagate(source, role)


def expand_image(context: Context, source: Source) -> None:
    """``AWS::Serverless::MicrovmImage``: the image, and the role that builds it."""
    role = None
    if source.get("BuildRoleArn") is None:
        role = service_role(context, source, source.name + "BuildRole", _LAMBDA, source.key)
        role.put("Policies", [_build_policy(context, source)], source.place("CodeUri"))
        role.put("Tags", [_BY_SAM])
    image = context.make(source, source.name, "AWS::Lambda::MicrovmImage", own=True)
    out = image.properties
    out.take_all(source.properties, "Name", "BaseImageArn", "BuildRoleArn", "BaseImageVersion", "Description")
    out.take(source.properties, "CodeUri", "CodeArtifact", lambda uri: {"Uri": uri})
    if role is not None:
        image.put("BuildRoleArn", get_att(role.name, "Arn"))
    if source.get("Description") is None:
        image.put("Description", "")
    image.put("Tags", [*tag_list(source.get("Tags")), _BY_SAM], source.place("Tags"))
    for name in ("EgressNetworkConnectors", "CpuConfigurations", "Resources", "AdditionalOsCapabilities"):
        image.put(name, source.get(name) or [], source.place(name))
    for name in ("Logging", "Hooks"):
        image.put(name, source.get(name) or {}, source.place(name))
    variables = source.get("EnvironmentVariables")
    image.put("EnvironmentVariables", tag_list(variables), source.place("EnvironmentVariables"))
    _propagate(source, role)


def _build_policy(context: Context, source: Source) -> Data:
    uri = source.get("CodeUri")
    location = context.known_text(uri, source.key) or ""
    bucket = location.removeprefix("s3://").partition("/")[0] if location.startswith("s3://") else ""
    part = {"Fn::Select": [2, {"Fn::Split": ["/", uri]}]}
    objects = (
        sub(f"arn:${{AWS::Partition}}:s3:::{bucket}/*")
        if bucket
        else sub("arn:${AWS::Partition}:s3:::${Bucket}/*", {"Bucket": part})
    )
    logs = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": objects},
        {"Effect": "Allow", "Action": logs, "Resource": "*"},
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    return {"PolicyName": "MicrovmImageBuildPolicy", "PolicyDocument": document}


def expand_web(context: Context, source: Source) -> None:
    """``AWS::Serverless::WebFunction``: the function, its role, the revision of its code, and its endpoint."""
    if source.get("AuthType") is None:
        raise SamError("AuthType is required: IamAuth or ApplicationManaged", source.key)
    arn = source.get("ExecutionRoleArn")
    if arn is None:
        role = service_role(context, source, source.name + "Role", _LAMBDA, source.key)
        role.put("ManagedPolicyArns", [managed_arn(BASIC)])
        role.put("Tags", [_BY_SAM, *tag_list(source.get("Tags"))], source.place("Tags"))
        arn = get_att(role.name, "Arn")
    function = context.make(source, source.name, "AWS::Lambda::WebFunction", own=True)
    function.put("FunctionName", _web_name(source), source.place("FunctionName"))
    function.put("Tags", [_BY_SAM, *tag_list(source.get("Tags"))], source.place("Tags"))
    revision = context.make(source, source.name + "Revision", "AWS::Lambda::WebFunctionRevision")
    revision.beside.put("DependsOn", [function.name])
    revision.put("FunctionName", _web_name(source), source.place("FunctionName"))
    revision.properties.take(source.properties, "RevisionDescription", "Description")
    revision.properties.take(source.properties, "KmsKeyArn")
    revision.put("BuildConfig", _build(source), source.place("CodeUri"))
    revision.put("ServiceConfig", _service(source, arn))
    _endpoint(context, source, function, revision)


def _endpoint(context: Context, source: Source, function: Made, revision: Made) -> None:
    endpoint = context.make(source, source.name + "Endpoint", "AWS::Lambda::WebFunctionEndpoint")
    endpoint.beside.put("DependsOn", [function.name, revision.name])
    endpoint.put("FunctionName", _web_name(source), source.place("FunctionName"))
    for name, usual in (("EndpointName", "prod"), ("EndpointType", "HomeRegion"), ("AuthType", None)):
        endpoint.put(name, source.get(name) or usual, source.place(name))
    weights: list[Data] = [{"RevisionId": name, "Weight": w} for name, w in mappings(source.get("RevisionWeights"))]
    latest = {"RevisionId": get_att(revision.name, "RevisionId"), "Weight": 100}
    endpoint.put("RevisionWeights", weights or [latest], source.place("RevisionWeights"))
    if source.get("ReplicaRegions") is not None:
        endpoint.put("Regions", _regions(source), source.place("ReplicaRegions"))
    endpoint.properties.take(source.properties, "EndpointDescription", "Description")
    endpoint.properties.take_all(source.properties, "ScalingConfig", "ThrottleConfig")


def _web_name(source: Source) -> Data:
    """The name of a web function: its own, else one of the logical id and a part of the stack's id."""
    if source.get("FunctionName") is not None:
        return source.get("FunctionName")
    stack = {"Fn::Select": [2, {"Fn::Split": ["/", ref("AWS::StackId")]}]}
    part = {"Fn::Select": [0, {"Fn::Split": ["-", stack]}]}
    return sub(source.name[:_NAME_PART] + "-${StackIdSuffix}", {"StackIdSuffix": part})


def _build(source: Source) -> Data:
    found = s3_object(source.get("CodeUri"))
    if not isinstance(found, dict) or source.get("InlineCode") is not None:
        raise SamError("a web function takes its code from CodeUri, and from S3 only", source.place("CodeUri"))
    if source.get("Runtime") is None:
        raise SamError("Runtime is required", source.key)
    names = {"S3Bucket": "Bucket", "S3Key": "Key", "S3ObjectVersion": "VersionId"}
    code = {names[name]: value for name, value in found.items() if name in names}
    return {"CodeConfig": {"S3Object": code}, "RuntimeConfig": {"Runtime": source.get("Runtime")}}


def _service(source: Source, arn: Data) -> Data:
    service = Section(source.key)
    service["ExecutionRoleArn"] = arn
    given = source.get("EnvironmentVariables")
    variables: Data = given
    if function_of(given) is None:
        variables = Section(source.place("EnvironmentVariables"))
        for name, value in mappings(given):
            known = scalar(value)
            variables.put(name, text(known) if isinstance(known, bool | int | float) else value, place_of(given, name))
        variables.take(source.properties, "EntryPoint", "AWS_LAMBDA_NODEJS_ENTRYPOINT")
    if variables:
        service.put("EnvironmentVariables", variables, source.place("EnvironmentVariables"))
    if source.get("LoggingConfig"):
        service.take(source.properties, "LoggingConfig", "TelemetryConfig", lambda logging: {"LoggingConfig": logging})
    service.take_all(source.properties, "MaxConcurrencyPerEnvironment", "EgressNetworkConnectorArn")
    service.put("TimeoutSeconds", source.get("Timeout") or 30, source.place("Timeout"))
    return service


def _regions(source: Source) -> Data:
    wanted = source.get("ReplicaRegions")
    if function_of(wanted) is not None:
        return wanted
    if isinstance(wanted, list):
        included, excluded = wanted, []
    else:
        included = as_list(mapping(wanted).get("IncludeRegions"))
        excluded = as_list(mapping(wanted).get("ExcludeRegions"))
    names = set(_codes(source, included)) - set(_codes(source, excluded))
    return [*sorted(names), *(item for item in included if text(item) is None)]


def _codes(source: Source, names: list[Data]) -> Iterator[str]:
    for item in names:
        name = text(item)
        if name is None:
            continue
        if name.upper() == "ALL_STANDARD":
            yield from " ".join(_REGIONS.values()).split()
        elif name.upper() in _REGIONS:
            yield from _REGIONS[name.upper()].split()
        elif "-" in name:
            yield name
        else:
            raise SamError(f'"{name}" is no region and no group of regions', source.place("ReplicaRegions"))


def _operator(context: Context, source: Source, name: str, policy: str) -> Made | None:
    """The role that SAM makes where the template names none."""
    if source.get(name) is not None:
        return None
    role = service_role(context, source, source.name + name, _LAMBDA, source.key)
    role.put("ManagedPolicyArns", [managed_arn(policy)])
    role.put("Tags", [_BY_SAM])
    return role


def _propagate(source: Source, role: Made | None) -> None:
    """Add the resource's tags to those of the role that SAM makes for it."""
    if role is not None and is_true(source.get("PropagateTags")) and source.get("Tags"):
        role.put("Tags", [_BY_SAM, *tag_list(source.get("Tags"))], source.place("Tags"))


def _instances(given: Data) -> Data:
    if not isinstance(given, Section):
        return given
    found = Section(given.at)
    found.take(given, "Architectures")
    found.take(given, "AllowedTypes", "AllowedInstanceTypes")
    found.take(given, "ExcludedTypes", "ExcludedInstanceTypes")
    return found


def _scaling(given: Data) -> Data:
    if not isinstance(given, Section):
        return given
    found = Section(given.at)
    found.take(given, "MaxVCpuCount")
    target = mapping(given).get("AverageCPUUtilization")
    found["ScalingMode"] = "Auto" if target is None else "Manual"
    if target is not None:
        policy = {"PredefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization", "TargetValue": target}
        found.put("ScalingPolicies", [policy], place_of(given, "AverageCPUUtilization"))
    return found
