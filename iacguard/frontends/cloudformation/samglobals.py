"""SAM's ``Globals``: what all resources of a type have in common, merged into each before anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samdata import Data, Section, function_of, mappings, place_of, text

#: AWS's documentation of "Globals section": what each type takes from there.
SUPPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        name: frozenset(properties.split())
        for name, properties in {
            "Function": """Handler Runtime CodeUri DeadLetterQueue Description MemorySize Timeout VpcConfig Environment
                Tags PropagateTags Tracing KmsKeyArn AutoPublishAlias AutoPublishAliasAllProperties Layers
                DeploymentPreference RolePath PermissionsBoundary ReservedConcurrentExecutions
                ProvisionedConcurrencyConfig AssumeRolePolicyDocument EventInvokeConfig FileSystemConfigs
                CodeSigningConfigArn Architectures SnapStart EphemeralStorage FunctionUrlConfig
                RuntimeManagementConfig LoggingConfig RecursiveLoop SourceKMSKeyArn TenancyConfig DurableConfig
                CapacityProviderConfig FunctionScalingConfig PublishToLatestPublished VersionDeletionPolicy""",
            "Api": """Auth Name DefinitionUri CacheClusterEnabled CacheClusterSize MergeDefinitions Variables
                EndpointConfiguration MethodSettings BinaryMediaTypes MinimumCompressionSize Cors GatewayResponses
                AccessLogSetting CanarySetting TracingEnabled OpenApiVersion Domain AlwaysDeploy PropagateTags
                SecurityPolicy EndpointAccessMode""",
            "HttpApi": """Auth AccessLogSettings StageVariables Tags CorsConfiguration DefaultRouteSettings Domain
                RouteSettings FailOnWarnings PropagateTags""",
            "WebSocketApi": """AccessLogSettings ApiKeySelectionExpression DefaultRouteSettings
                DisableExecuteApiEndpoint DisableSchemaValidation Domain FailOnWarnings IpAddressType PropagateTags
                RouteSelectionExpression RouteSettings StageVariables Tags""",
            "SimpleTable": "SSESpecification",
            "StateMachine": "PropagateTags",
            "LayerVersion": "PublishLambdaVersion",
            "CapacityProvider": """VpcConfig OperatorRole Tags InstanceRequirements ScalingConfig KmsKeyArn
                PropagateTags LoggingConfig ManagedResourceTags""",
            "MicrovmImage": """BuildRoleArn BaseImageArn BaseImageVersion Logging EgressNetworkConnectors
                CpuConfigurations Resources AdditionalOsCapabilities Hooks EnvironmentVariables Tags PropagateTags""",
            "NetworkConnector": "OperatorRole Tags PropagateTags",
        }.items()
    }
)
#: A list that is replaced where all others are joined.
_REPLACED = frozenset({("Function", "Architectures")})


def faults(globals_: Data, at: Node) -> Iterator[tuple[Node, str]]:
    """What SAM refuses in ``Globals``, each with its place."""
    for kind, properties in mappings(globals_):
        supported = SUPPORTED.get(kind)
        if supported is None:
            known = ", ".join(sorted(SUPPORTED))
            yield place_of(globals_, kind) or at, f'Globals cannot hold "{kind}", only {known}'
            continue
        for name, _ in mappings(properties):
            if name not in supported:
                message = f'Globals cannot set "{name}" of {kind}; SAM rejects the template'
                yield place_of(properties, name) or at, message


def merged(globals_: Data, kind: str, properties: Section, ignored: Data) -> Section:
    """``properties`` of a resource of ``AWS::Serverless::<kind>`` with those of ``Globals``.

    Maps are merged, lists are joined (the global one first), everything else is replaced. ``ignored`` is the
    resource's ``IgnoreGlobals``: ``*`` or a list of names.
    """
    shared = globals_.get(kind) if isinstance(globals_, dict) else None
    if not isinstance(shared, dict) or text(ignored) == "*":
        return properties
    skipped = {text(item) for item in ignored} if isinstance(ignored, list) else set()
    result = Section(properties.at)
    for name, value in shared.items():
        if name in SUPPORTED[kind] and name not in skipped:
            result.put(name, value, place_of(shared, name))
    for name, value in properties.items():
        both = name in result and (kind, name) not in _REPLACED
        result.put(name, _merge(result[name], value) if both else value, place_of(properties, name))
    return result


def _merge(shared: Data, own: Data) -> Data:
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    if isinstance(shared, Section) and isinstance(own, Section) and not (function_of(shared) or function_of(own)):
        result = Section(own.at)
        for source in (shared, own):
            for name, value in source.items():
                result.put(name, _merge(result[name], value) if name in result else value, place_of(source, name))
        return result
    return own
