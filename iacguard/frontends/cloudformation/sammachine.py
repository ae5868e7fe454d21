"""``AWS::Serverless::StateMachine``: the state machine, its role, its versions, and what starts it."""

from __future__ import annotations

import json
from typing import Any

from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source, propagate_tags
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    function_of,
    get_att,
    is_true,
    ref,
    scalar,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samevents import events_of, machine_rule
from iacguard.frontends.cloudformation.samfunction import s3_object
from iacguard.frontends.cloudformation.samrest import machine_api
from iacguard.frontends.cloudformation.samroles import add_managed, execution_role
from iacguard.frontends.cloudformation.samschedule import schedule_v2
from iacguard.late import regex

_DYNAMIC = regex(r"\{\{resolve:[a-z-]+:.+\}\}")


def expand(context: Context, source: Source) -> None:
    """Put all that the state machine becomes into ``context.made``."""
    before = len(context.made)
    machine = context.make(source, source.name, "AWS::StepFunctions::StateMachine", own=True)
    out = machine.properties
    _definition(source, machine)
    for name, as_ in (
        ("Name", "StateMachineName"),
        ("Type", "StateMachineType"),
        ("Logging", "LoggingConfiguration"),
        ("Tracing", "TracingConfiguration"),
        ("Role", "RoleArn"),
    ):
        out.take(source.properties, name, as_)
    tags = [{"Key": "stateMachine:createdBy", "Value": "SAM"}, *tag_list(source.get("Tags"))]
    machine.put("Tags", tags, source.place("Tags"))
    if source.get("Role") is None:
        _role(context, source, tags)
        machine.put("RoleArn", get_att(source.name + "Role", "Arn"))
    elif source.get("Policies"):
        raise SamError("a state machine has either Role or Policies", source.place("Policies"))
    alias = _versions(context, source)
    target = alias if alias is not None and is_true(source.get("UseAliasAsEventTarget")) else machine
    boundary = source.get("PermissionsBoundary")
    for event in events_of(context, source, target, None):
        if event.kind in ("Schedule", "CloudWatchEvent", "EventBridgeRule"):
            machine_rule(event, boundary)
        elif event.kind == "Api":
            machine_api(event, boundary)
        elif event.kind == "ScheduleV2":
            schedule_v2(event)
        else:
            raise SamError(f'a state machine has no event of type "{event.kind}"', event.at)
    if is_true(source.get("PropagateTags")) and source.get("Tags"):
        propagate_tags(list(context.made.values())[before:], source.get("Tags"))


def _role(context: Context, source: Source, tags: list[Data]) -> None:
    tracing = source.get("Tracing")
    role = execution_role(context, source, "states.amazonaws.com", (), [])
    if isinstance(tracing, dict) and is_true(tracing.get("Enabled")):
        add_managed(role, "AWSXrayWriteOnlyAccess")
    role.put("Tags", tags)


def _definition(source: Source, machine: Made) -> None:
    if source.get("DefinitionSubstitutions"):
        machine.properties.take(source.properties, "DefinitionSubstitutions")
    definition, uri = source.get("Definition"), source.get("DefinitionUri")
    if definition is None and uri is None:
        raise SamError("a state machine needs Definition or DefinitionUri", source.key)
    if definition is None:
        found = s3_object(uri)
        if found is not None:
            names = {"S3Bucket": "Bucket", "S3Key": "Key", "S3ObjectVersion": "Version"}
            location = {names[n]: value for n, value in found.items() if n in names}
            machine.put("DefinitionS3Location", location, source.place("DefinitionUri"))
        return
    substitutions: dict[str, Data] = {}
    lines = json.dumps(_replaced(definition, substitutions), sort_keys=True, indent=4, default=str).split("\n")
    machine.put("DefinitionString", {"Fn::Join": ["\n", lines]}, source.place("Definition"))
    if substitutions:
        given = machine.properties.get("DefinitionSubstitutions")
        merged = Section(source.place("DefinitionSubstitutions"))
        merged.update(given if isinstance(given, dict) else {})
        merged.update(substitutions)
        machine.put("DefinitionSubstitutions", merged, source.place("DefinitionSubstitutions"))


def _replaced(value: Data, substitutions: dict[str, Data]) -> Any:
    """The definition with every function call named, and the call put among ``substitutions``."""
    if isinstance(value, list):
        return [_replaced(item, substitutions) for item in value]
    if function_of(value) is not None or _DYNAMIC.fullmatch(text(value) or ""):
        name = f"definition_substitution_{len(substitutions) + 1}"
        substitutions[name] = value
        return f"${{{name}}}"
    if isinstance(value, dict):
        return {name: _replaced(value[name], substitutions) for name in sorted(value)}
    return scalar(value)


def _versions(context: Context, source: Source) -> Made | None:
    wanted = source.get("AutoPublishAlias")
    if wanted is None:
        return None
    name = context.known_text(wanted, source.key)
    if name is None:
        raise SamError("AutoPublishAlias must be a text", source.place("AutoPublishAlias"))
    version = context.make(source, source.name + "Version", "AWS::StepFunctions::StateMachineVersion")
    version.put("StateMachineArn", ref(source.name))
    version.put("StateMachineRevisionId", get_att(source.name, "StateMachineRevisionId"))
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        version.beside.setdefault(policy, "Retain")
    alias = context.make(source, f"{source.name}Alias{name}", "AWS::StepFunctions::StateMachineAlias")
    alias.put("Name", name, source.place("AutoPublishAlias"))
    given = source.get("DeploymentPreference")
    preference: dict[str, Data] = dict(given) if isinstance(given, dict) else {"Type": "ALL_AT_ONCE"}
    preference["StateMachineVersionArn"] = ref(version.name)
    alias.put("DeploymentPreference", preference, source.place("DeploymentPreference"))
    return alias
