"""``AWS::Serverless::Connector``: the policies by which one resource may use another."""

from __future__ import annotations

from typing import Any

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samcontext import Context, SamError, Source, source_of
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    mapping,
    mappings,
    place_of,
    plain,
    ref,
    referred,
    sub,
    text,
)
from iacguard.knowledge import sam_entry
from iacguard.late import regex
from iacguard.record import record

_SAM_TYPES = {
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
    "AWS::Serverless::Api": "AWS::ApiGateway::RestApi",
    "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
    "AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
}
_PLACEHOLDER = regex(r"%\{([\w.]+)\}")


@record
class _End:
    """One end of a connector."""

    type: str
    arn: Data = None
    role: Data = None
    url: Data = None
    id: Data = None
    name: Data = None
    qualifier: Data = None


def embedded(context: Context) -> None:
    """Make connectors of what resources have under ``Connectors``."""
    for name, declared in context.template.resources.items():
        source = context.sources.get(name) or source_of(declared)
        if source is None:
            continue
        for id_, body in mappings(source.beside.get("Connectors")):
            at = place_of(source.beside["Connectors"], id_) or source.key
            properties = body.get("Properties") if isinstance(body, Section) else None
            if not isinstance(properties, Section):
                continue
            start: dict[str, Data] = {"Id": name}
            if isinstance(properties.get("SourceReference"), dict):
                start.update(properties["SourceReference"])
            properties.put("Source", start, at)
            beside = Section(at)
            beside.take_all(body, "Condition", "DeletionPolicy", "UpdateReplacePolicy")
            beside.take_all(source.beside, "Metadata")
            connector = Source(name + id_, "Connector", at, properties, beside)
            context.sources.setdefault(connector.name, connector)


def expand(context: Context, source: Source) -> None:
    """Put the policies of a connector into ``context.made``."""
    written = source.get("Destination")
    if written is None or source.get("Source") is None:
        raise SamError("a connector needs Source and Destination", source.key)
    permissions = {text(p) or "" for p in as_list(source.get("Permissions"))}
    for index, destination in enumerate(as_list(written)):
        start = _end(context, source, source.get("Source"), destination)
        end = _end(context, source, destination, source.get("Source"))
        suffix = f"Destination{index}" if isinstance(written, list) else ""
        connect(context, source, start, end, permissions, suffix)


def connect(
    context: Context, source: Source, start: _End, end: _End, permissions: set[str], suffix: str, name: str = ""
) -> None:
    """Make what lets ``start`` use ``end``. Raises SamError for ends that SAM does not connect."""
    profile = sam_entry(f"connector:{start.type}>{end.type}")
    at = source.place("Permissions")
    if profile is None:
        raise SamError(f"SAM cannot connect {start.type} to {end.type}", source.place("Destination"))
    wrong = sorted(permissions - set(profile["AccessCategories"]))
    if wrong or not permissions:
        known = ", ".join(profile["AccessCategories"])
        raise SamError(f"Permissions from {start.type} to {end.type} are of {known}", at)
    values = {
        f"{side}.{key}": value
        for side, one in (("Source", start), ("Destination", end))
        for key, value in (("Arn", one.arn), ("ResourceId", one.id), ("Name", one.name), ("Qualifier", one.qualifier))
    }
    categories = {
        category: _filled(profile["AccessCategories"][category], values, source.key)
        for category in profile["categories"]
        if category in permissions
    }
    owner = start if profile["SourcePolicy"] else end
    name = name or source.name
    if profile["type"] == "AWS_LAMBDA_PERMISSION":
        for category, given in categories.items():
            made = context.make(source, f"{name}{category}LambdaPermission{suffix}", "AWS::Lambda::Permission", at)
            made.put("FunctionName", owner.arn)
            for key in ("Action", "Principal", "SourceArn", "SourceAccount"):
                if given.get(key) is not None:
                    made.put(key, given[key])
        return
    statements = [statement for given in categories.values() for statement in given["Statement"]]
    _document(context, source, profile["type"], name, suffix, owner, statements, at)


def _document(
    context: Context,
    source: Source,
    kind: str,
    name: str,
    suffix: str,
    owner: _End,
    statements: list[Data],
    at: Node,
) -> None:
    type_, ending, property_, holder = {
        "AWS_IAM_ROLE_MANAGED_POLICY": ("AWS::IAM::ManagedPolicy", "Policy", "Roles", owner.role),
        "AWS_SQS_QUEUE_POLICY": ("AWS::SQS::QueuePolicy", "QueuePolicy", "Queues", owner.url),
        "AWS_SNS_TOPIC_POLICY": ("AWS::SNS::TopicPolicy", "TopicPolicy", "Topics", owner.arn),
    }[kind]
    if holder is None:
        raise SamError(f"what {property_} is to be cannot be told from the template", source.key)
    made = context.make(source, name + ending + suffix, type_, at)
    made.put("PolicyDocument", {"Version": "2012-10-17", "Statement": statements}, at)
    made.put(property_, [holder])


def _end(context: Context, source: Source, given: Data, other: Data) -> _End:
    if not isinstance(given, dict):
        raise SamError("an end of a connector is a mapping with Id, or with Type and more", source.key)
    id_ = text(given.get("Id"))
    if id_ is None:
        type_ = text(given.get("Type")) or ""
        return _End(
            _SAM_TYPES.get(type_, type_),
            *(given.get(name) for name in ("Arn", "RoleName", "QueueUrl", "ResourceId", "Name", "Qualifier")),
        )
    made = context.made.get(id_)
    declared = context.template.resources.get(id_)
    written = context.changed.get(id_) or (source_of(declared) if declared else None)
    if made is None and written is None:
        raise SamError(f'there is no resource "{id_}" to connect', source.key)
    type_ = made.type if made else declared.type if declared else ""
    properties = made.properties if made else written.properties if written else {}
    known = _filled(sam_entry(f"resource:{type_}") or {}, {"logicalId": id_}, source.key)
    outputs = known.get("Outputs", {})
    role = _role(known.get("Inputs", {}).get("Role"), properties, other)
    qualifier = given.get("Qualifier") if given.get("Qualifier") is not None else outputs.get("Qualifier")
    return _End(type_, outputs.get("Arn"), role, outputs.get("Url"), outputs.get("Id"), outputs.get("Name"), qualifier)


def _role(how: Any, properties: Data, other: Data) -> Data:
    """The role that a resource acts under, by name."""
    value = properties.get(how) if isinstance(how, str) else None
    if isinstance(how, dict):  # an event rule has one for each target
        for target in as_list(properties.get("Targets")):
            arn = target.get("Arn") if isinstance(target, dict) else None
            wanted = other.get("Id") if isinstance(other, dict) else None
            same = wanted is not None and referred(arn) == text(wanted)
            if same or (isinstance(other, dict) and other.get("Arn") is not None and plain(arn) == plain(other["Arn"])):
                value = mapping(target).get("RoleArn")
                break
    name = referred(value)
    return ref(name) if name else None


def _filled(value: Any, values: dict[str, Data], at: Node) -> Any:
    """A profile's part with its placeholders replaced; a text with some of them becomes a ``Fn::Sub``."""
    if isinstance(value, dict):
        return {key: _filled(inner, values, at) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, at) for item in value]
    if not isinstance(value, str):
        return value
    found = [name for name in _PLACEHOLDER.findall(value) if name in values]
    for name in found:
        if values[name] is None:
            raise SamError(f"{name} of the connector is missing", at)
        if value == f"%{{{name}}}":
            return values[name]
    named = {"".join(c for c in name if c.isalnum()): values[name] for name in found}
    spelled = _PLACEHOLDER.sub(lambda m: "${" + "".join(c for c in m[1] if c.isalnum()) + "}", value)
    return sub(spelled, named) if "${" in spelled else spelled


def graph_end(type_: str, arn: Data, id_: Data = None, role: Data = None) -> _End:
    """An end that SAM makes itself."""
    return _End(type_, arn=arn, id=id_, role=role)
