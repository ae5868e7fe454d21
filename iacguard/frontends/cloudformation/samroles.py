"""Roles that SAM makes, and what ``Policies`` becomes in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    branches_of,
    function_of,
    is_no_value,
    node_of,
    place_of,
    plain,
    text,
)
from iacguard.knowledge import sam_entry

BASIC = "service-role/AWSLambdaBasicExecutionRole"
_VERSION = "2012-10-17"


def managed_arn(path: str) -> str:
    """The ARN of a policy of AWS's own."""
    return f"arn:aws:iam::aws:policy/{path}"


def trust(service: str) -> Data:
    """The document by which ``service`` may assume a role."""
    statement = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
    return {"Version": _VERSION, "Statement": [statement]}


def allow(name: str, action: Data, resource: Data) -> Data:
    """An inline policy of one statement."""
    return {
        "PolicyName": name,
        "PolicyDocument": {"Statement": [{"Action": action, "Effect": "Allow", "Resource": resource}]},
    }


def s3_write(name: str, bucket: Data) -> Data:
    policy = allow(name + "S3Policy", "s3:PutObject", {"Fn::Join": ["/", [bucket, "*"]]})
    statement = {"Action": "s3:ListBucket", "Effect": "Allow", "Resource": bucket}
    policy["PolicyDocument"]["Statement"].append(statement)
    return policy


def service_role(context: Context, source: Source, name: str, service: str, at: Node) -> Made:
    """A role with nothing but its trust policy."""
    role = context.make(source, name, "AWS::IAM::Role", at)
    role.put("AssumeRolePolicyDocument", trust(service))
    return role


def execution_role(context: Context, source: Source, service: str, arns: Sequence[str], inline: list[Data]) -> Made:
    """The role that a function or state machine runs under, out of its ``Policies``.

    ``arns`` are the managed policies and ``inline`` the inline ones that it has in any case.
    """
    role = context.make(source, source.name + "Role", "AWS::IAM::Role")
    at = source.place("Policies") if "Policies" in source.properties else source.key
    if source.get("AssumeRolePolicyDocument") is not None:
        role.properties.take(source.properties, "AssumeRolePolicyDocument")
    else:
        role.put("AssumeRolePolicyDocument", trust(service))
    managed: list[Data] = [managed_arn(arn) for arn in arns]
    documents = list(inline)
    for index, policy in enumerate(as_list(source.get("Policies"))):
        _sort_in(policy, f"{role.name}Policy{index}", managed, documents, at)
    role.put("ManagedPolicyArns", managed, at)
    if documents:
        role.put("Policies", documents, at)
    role.properties.take(source.properties, "RolePath", "Path")
    role.properties.take(source.properties, "PermissionsBoundary")
    return role


def _sort_in(policy: Data, name: str, managed: list[Data], documents: list[Data], at: Node) -> None:
    """Put one item of ``Policies`` where it belongs."""
    parts = branches_of(policy)
    if parts is None:
        kind, value = _converted(policy, name, at)
        if kind == "managed" and plain(value) not in [plain(other) for other in managed]:
            managed.append(value)
        elif kind == "inline":
            documents.append(value)
        return
    found = [_converted(part, name, at) for part in parts[1:]]
    kinds = {kind for kind, _ in found if kind}
    if len(kinds) > 1:
        raise SamError("Policies: the branches of one Fn::If hold policies of two kinds", at)
    either = {"Fn::If": [parts[0], *(value for _, value in found)]}
    if kinds == {"managed"}:
        managed.append(either)
    elif kinds:
        documents.append(either)


def _converted(policy: Data, name: str, at: Node) -> tuple[str, Data]:
    """Kind ("managed", "inline", "" for no value) and value of one policy."""
    if is_no_value(policy):
        return "", policy
    written = text(policy)
    if written is not None:
        arn = _arn_of(written)
        at = policy if isinstance(policy, Node) else at
        return "managed", node_of(arn, at) if arn != written else policy
    if function_of(policy) is not None:
        return "managed", policy
    if isinstance(policy, dict) and "Statement" in policy:
        return "inline", _inline(name, policy)
    if isinstance(policy, dict) and len(policy) == 1:
        template, arguments = next(iter(policy.items()))
        return "inline", _inline(name, _from_template(template, arguments, place_of(policy, template) or at))
    raise SamError("Policies: this is neither a policy's name or ARN, nor a document, nor a policy template", at)


def _inline(name: str, document: Data) -> Data:
    if not isinstance(document, Section):
        return {"PolicyName": name, "PolicyDocument": document}
    policy = Section(document.at)
    policy["PolicyName"] = name
    policy["PolicyDocument"] = document
    return policy


def _arn_of(name: str) -> str:
    """The ARN that SAM knows for the name of an AWS managed policy, else the name."""
    for path, names in sam_entry("managed").items():
        if name in names.split():
            return managed_arn(path + name)
    return name


def _from_template(name: str, arguments: Data, at: Node) -> Data:
    """The document of one of SAM's policy templates; its statements stand where the template is named."""
    template = sam_entry(f"policy:{name}")
    if template is None:
        raise SamError(f'SAM has no policy template "{name}"', at)
    given = arguments if isinstance(arguments, dict) else {}
    missing = [p for p in template["parameters"] if given.get(p) is None]
    if missing:
        raise SamError(f'policy template "{name}" needs {", ".join(missing)}', at)
    document = Section(at)
    document["Statement"] = [_filled(statement, given) for statement in template["statements"]]
    return document


def _filled(value: Any, given: Data) -> Data:
    """A template's part with what it refers to replaced by what is given."""
    if isinstance(value, dict):
        name = value.get("Ref") if len(value) == 1 else None
        if isinstance(name, str) and name in given:
            return given[name]
        return {key: _filled(inner, given) for key, inner in value.items()}
    return [_filled(item, given) for item in value] if isinstance(value, list) else value


def add_managed(role: Made | None, path: str) -> None:
    """Attach a policy of AWS's to a role that SAM made."""
    if role is not None:
        arns = role.properties["ManagedPolicyArns"]
        if managed_arn(path) not in plain(arns):
            arns.append(managed_arn(path))


def add_inline(role: Made | None, policy: Data) -> None:
    """Add an inline policy to a role that SAM made, unless it has one of the same document."""
    if role is None:
        return
    documents = role.properties.setdefault("Policies", [])
    known = [plain(p.get("PolicyDocument")) for p in documents if isinstance(p, dict)]
    if plain(policy["PolicyDocument"]) not in known:
        documents.append(policy)
