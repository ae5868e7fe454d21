"""SAM resources that become one resource: tables, layers and nested applications."""

from __future__ import annotations

from iacguard.frontends.cloudformation.samcontext import Context, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    digest,
    plain,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samfunction import s3_object

_TYPES = {"String": "S", "Number": "N", "Binary": "B"}


def expand_table(context: Context, source: Source) -> None:
    """``AWS::Serverless::SimpleTable``: a table with one key."""
    table = context.make(source, source.name, "AWS::DynamoDB::Table", own=True)
    key = source.get("PrimaryKey")
    at = source.place("PrimaryKey")
    name, kind = Section(at), "S"
    name["AttributeName"] = "id"
    if isinstance(key, Section):
        if key.get("Name") is None or text(key.get("Type")) not in _TYPES:
            raise SamError(f"PrimaryKey needs a Name and a Type of {', '.join(_TYPES)}", at)
        name.take(key, "Name", "AttributeName")
        kind = _TYPES[text(key.get("Type")) or ""]
    table.put("AttributeDefinitions", [{**name, "AttributeType": kind}], at)
    table.put("KeySchema", [{**name, "KeyType": "HASH"}], at)
    table.properties.take_all(
        source.properties,
        *("PointInTimeRecoverySpecification", "ProvisionedThroughput", "SSESpecification", "TableName"),
    )
    if source.get("ProvisionedThroughput") is None:
        table.put("BillingMode", "PAY_PER_REQUEST")
    table.properties.take(source.properties, "Tags", change=tag_list)


def expand_layer(context: Context, source: Source) -> None:
    """``AWS::Serverless::LayerVersion``: a layer whose logical id has a hash of what it holds."""
    resolved = {name: _resolved(context, source, name) for name in source.properties}
    state: dict[str, Data] = {"Type": "AWS::Serverless::LayerVersion", "Properties": resolved}
    for name in ("Condition", "DependsOn"):
        if source.beside.get(name) is not None:
            state[name] = plain(source.beside[name])
    name = source.name + digest({source.name: state})
    layer = context.make(source, name, "AWS::Lambda::LayerVersion", own=True)
    context.renamed[source.name] = name
    layer.put("LayerName", source.name)
    layer.properties.take_all(
        source.properties,
        *("LayerName", "Description", "CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo"),
    )
    content = s3_object(source.get("ContentUri"))
    if content is not None:
        layer.put("Content", content, source.place("ContentUri"))
    policy = context.known_text(source.get("RetentionPolicy"), source.key)
    if policy is not None or "DeletionPolicy" not in layer.beside:
        layer.beside["DeletionPolicy"] = (policy or "Retain").capitalize()


def _resolved(context: Context, source: Source, name: str) -> Data:
    """A property as SAM hashes it: four of them with their parameters replaced by defaults."""
    value = source.get(name)
    if name in ("LayerName", "LicenseInfo", "Description", "RetentionPolicy"):
        return context.resolved(value)
    return plain(value)


def expand_application(context: Context, source: Source) -> None:
    """``AWS::Serverless::Application``: a nested stack, of a local template or out of AWS's repository."""
    stack = context.make(source, source.name, "AWS::CloudFormation::Stack", own=True)
    location = source.get("Location")
    stack.properties.take_all(source.properties, "Parameters", "NotificationARNs", "TimeoutInMinutes")
    tags: list[Data] = [{"Key": "lambda:createdBy", "Value": "SAM"}]
    if isinstance(location, Section):
        for name, key in (("ApplicationId", "applicationId"), ("SemanticVersion", "semanticVersion")):
            if location.get(name) is not None:
                tags.append({"Key": f"serverlessrepo:{key}", "Value": location[name]})
        message = f'the application "{source.name}" comes from AWS\'s repository; what it makes is not judged'
        at = source.place("Location")
        context.problems.append(context.template.origin.problem("not-evaluated", at, message, notice=True))
    else:
        stack.properties.take(source.properties, "Location", "TemplateURL")
    stack.put("Tags", [*tags, *tag_list(source.get("Tags"))], source.place("Tags"))
