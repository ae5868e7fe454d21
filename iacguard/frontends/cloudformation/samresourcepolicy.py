"""``ResourcePolicy`` of a REST API: SAM's lists of accounts, addresses and VPCs as an IAM document in its body."""

from __future__ import annotations

import re

from yaml.nodes import Node

from iacguard.frontends.cloudformation.sambodies import ANY, contents, paths_of
from iacguard.frontends.cloudformation.samcontext import Context
from iacguard.frontends.cloudformation.samdata import Data, Section, as_list, mapping, plain, sub, text

_POLICY = "x-amazon-apigateway-policy"


def add_resource_policy(context: Context, body: Data, policy: Data, paths: list[str], stage: Data, at: Node) -> None:
    """Add what ``policy`` says of ``paths`` to the body's document."""
    policy = {name: _known(context, value, at) for name, value in mapping(policy).items()}
    document = body.get(_POLICY)
    if not isinstance(document, dict):
        document = Section(at)
    statements = list(as_list(document.get("Statement")))
    for path in paths:
        _of_path(statements, policy, _resources(body, path, stage))
    for custom in as_list(policy.get("CustomStatements")):
        _add(statements, custom)
    if statements:
        document["Version"] = "2012-10-17"
        document["Statement"] = statements
        body[_POLICY] = document


def _known(context: Context, value: Data, at: Node) -> Data:
    """A list with those of its items as texts that are known: SAM tells VPCs from endpoints by them."""
    if not isinstance(value, list):
        return value
    return [item if isinstance(item, dict) else context.known_text(item, at) or item for item in value]


def _resources(body: Data, path: str, stage: Data) -> list[Data]:
    spelled = re.sub(r"\{[a-zA-Z0-9._-]+\+?\}", "*", path)
    names = [name for item in contents(paths_of(body).get(path)) for name in item]
    return [
        sub(
            f"execute-api:/${{__Stage__}}/{'*' if name in (ANY, 'any') else name.upper()}{spelled}",
            {"__Stage__": stage},
        )
        for name in names
    ]


def _of_path(statements: list[Data], policy: Data, resources: list[Data]) -> None:
    for name, effect in (("AwsAccountWhitelist", "Allow"), ("AwsAccountBlacklist", "Deny")):
        accounts = as_list(policy.get(name))
        if accounts:
            statements.append({**_statement(effect, resources), "Principal": {"AWS": accounts}})
    for name, operator in (("IpRangeWhitelist", "NotIpAddress"), ("IpRangeBlacklist", "IpAddress")):
        addresses = as_list(policy.get(name))
        if addresses:
            _except(statements, resources, {operator: {"aws:SourceIp": addresses}})
    for suffix, operator in (("Blacklist", "StringEquals"), ("Whitelist", "StringNotEquals")):
        condition = _networks(policy, suffix)
        if condition:
            _except(statements, resources, {operator: condition})


def _networks(policy: Data, suffix: str) -> dict[str, list[Data]]:
    listed = as_list(policy.get(f"SourceVpc{suffix}"))
    vpcs = [item for item in listed if (text(item) or "").startswith("vpc-")]
    endpoints = [item for item in listed if (text(item) or "").startswith("vpce-")]
    found = {
        "aws:SourceVpc": [*vpcs, *as_list(policy.get(f"IntrinsicVpc{suffix}"))],
        "aws:SourceVpce": [*endpoints, *as_list(policy.get(f"IntrinsicVpce{suffix}"))],
    }
    return {name: values for name, values in found.items() if values}


def _statement(effect: str, resources: list[Data]) -> dict[str, Data]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources, "Principal": "*"}


def _except(statements: list[Data], resources: list[Data], condition: Data) -> None:
    """Everyone is allowed but for those whom the condition denies."""
    _add(statements, _statement("Allow", resources))
    _add(statements, {**_statement("Deny", resources), "Condition": condition})


def _add(statements: list[Data], statement: Data) -> None:
    if plain(statement) not in [plain(other) for other in statements]:
        statements.append(statement)
