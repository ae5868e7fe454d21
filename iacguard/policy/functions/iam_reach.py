"""How far an IAM statement reaches: every resource of a kind, actions that could be limited, conditions that limit.

Which action can be limited to resources is AWS's own list, the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from iacguard.model import Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.functions.iam import (
    allowed,
    any_of,
    excludes_others,
    matcher,
    names_everything,
    on_everything,
    pattern_matches,
    statement_list,
)
from iacguard.policy.functions.network import open_to_world
from iacguard.policy.logic import Tri, all_tri, any_tri, equal, not_tri, truth

if TYPE_CHECKING:
    from iacguard.knowledge import Action

#: Keys that say how, when or from which region a call is made, never on what or for what.
_CIRCUMSTANCES = frozenset(
    (
        *("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:securetransport", "aws:requestedregion"),
        *("aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "aws:useragent", "aws:principaltype"),
        *("aws:principalisawsservice", "aws:principalorgid", "aws:principalaccount"),
    )
)
_BY_PATTERN = frozenset(("stringlike", "arnlike", "arnequals"))
#: Patterns of every service principal and of every ARN.
_ALL_OF_AWS = frozenset(("*.amazonaws.com", "arn:*", "arn:aws:*", "arn:aws:iam::*", "arn:aws:iam::*:*"))
#: Stands for an unknown piece of an ARN while it is taken apart.
_HOLE = "\ue0f2"
#: What stands before a resource's name in the ARNs of services that have several kinds. A pattern, compiled when it
#: is first asked: it takes more than half a millisecond.
_TYPE = (
    r"(role|user|group|policy|instance-profile|oidc-provider|saml-provider|table|global-table|secret|key|alias|parameter"
    r"|document|function|layer|instance|volume|snapshot|image|security-group|subnet|vpc|db|dbuser|cluster|cluster-pg"
    r"|service|task|task-definition|container-instance|repository|domain|stream|deliverystream|project|stack|stackset"
    r"|stateMachine|execution|log-group|trail|hostedzone|loadbalancer|targetgroup|workgroup|database|catalog|job"
    r"|rule|event-bus|topic|model|endpoint|notebook-instance|distribution|file-system|access-point|accesspoint"
    r"|bucket|collection|keyspace|canary|permissionSet|connection|environment|workspace|application|compute-environment"
    r"|backup-vault|identity|userpool|identitypool|certificate|autoScalingGroup|build|pipeline|vault)[/:]"
)


def every_resource(statement: Value) -> Value:
    """Whether the statement allows its actions on every resource, or on every one of a kind.

    True for all that ``wildcard_resource`` is true for, and for ``arn:aws:s3:::*``, ``arn:aws:iam::*:role/*``,
    ``arn:aws:secretsmanager:eu-west-1:123456789012:secret:*``: ARNs that name no resource.
    """
    reach = allowed(statement)
    if reach is False:
        return False
    kinds = any_of(statement_list(statement, "resources"), _every_of_a_kind)
    inverted = truth(statement_list(statement, "not_resources"))
    return decided(all_tri((reach, any_tri((kinds, inverted)))), statement)


def _every_of_a_kind(resource: Value) -> Tri:
    if isinstance(resource, str):
        return names_everything(resource) or _names_nothing(resource)
    if not isinstance(resource, Unknown):
        return False
    if resource.choices and not resource.spread:
        answers = {_every_of_a_kind(c) for c in resource.choices}
        return answers.pop() if len(answers) == 1 else None
    everything = names_everything(resource)
    if everything or not resource.parts:
        return everything
    written = _written(resource)
    if written.startswith("arn:") and written.count(":") >= 5:
        return _names_nothing(written)
    # What has no more than unknown pieces is every resource only if those are a star, or "aws" after "arn:".
    return everything if written.strip(_HOLE + "*:/") in ("", "arn") else False


def _written(unknown: Unknown) -> str:
    return "".join(p if isinstance(p, str) else (_written(p) if p.parts else _HOLE) for p in unknown.parts) or _HOLE


def _names_nothing(arn: str) -> bool:
    if "*" not in arn:
        return False
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return False
    # The names of buckets and their objects stand alone: "role/*" is a folder there.
    kind = None if parts[2] == "s3" else re.match(_TYPE, parts[5])
    name = parts[5][kind.end() :] if kind else parts[5]
    return name.strip("*/:") == "" and "*" in name


def unscoped_actions(statement: Value, levels: Value, passed_over: Value = None) -> Value:
    """The actions that the statement allows on every resource though AWS lets a policy limit them to some.

    As they are written (``s3:Put*``), and only those of the access levels asked for: ``list``, ``read``, ``write``,
    ``tagging``, ``permissions``. Actions that match an item of ``passed_over`` (``logs:*``) do not count. Actions of
    services that AWS does not list, and statements with ``NotAction``, give none.
    """
    reach = all_tri((allowed(statement), on_everything(statement)))
    found = statement_list(statement, "actions")
    if reach is False:
        return []
    if isinstance(found, Unknown):
        return logic.blur(found)
    wanted, without = _words(levels), _words(passed_over)
    out: list[Value] = []
    for action in found:
        if isinstance(action, str):
            if _reaches(action.lower(), wanted, without):
                out.append(action if reach else logic.possible(action, logic.first_unknown(statement)))
        elif isinstance(action, Unknown) and _may_reach(action, wanted, without):
            out.append(action if action.spread else logic.possible(action, action))
    return out


def _words(value: Value) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _may_reach(action: Unknown, wanted: tuple[str, ...], without: tuple[str, ...]) -> bool:
    if action.choices and not action.spread:
        return any(isinstance(c, str) and _reaches(c.lower(), wanted, without) for c in action.choices)
    if not action.parts:
        return True
    written = "".join(p if isinstance(p, str) else "*" for p in action.parts)
    return ":" not in written or _reaches(written.lower(), wanted, without)


@lru_cache(maxsize=4096)
def _reaches(pattern: str, levels: tuple[str, ...], without: tuple[str, ...]) -> bool:
    # Opening shipped tables costs a few milliseconds: only where a statement asks for it.
    from iacguard.knowledge import iam_actions, iam_services

    service, _, name = pattern.partition(":")
    services = iam_services() if "*" in service or "?" in service else (service,)
    fits, serves = matcher(name if name else service), matcher(service)
    return any(
        action.level in levels and action.scoped and fits(action.name) and not _passed(prefix, action, without)
        for prefix in services
        if serves(prefix)
        for action in iam_actions(prefix)
    )


def _passed(service: str, action: Action, without: tuple[str, ...]) -> bool:
    return any(fits(f"{service}:{action.name}") for fits in map(matcher, without))


def constrained_by_condition(statement: Value) -> Value:
    """Whether a condition narrows what the statement's actions may be used on or for.

    Any key counts (``aws:ResourceTag/team``, ``iam:PassedToService``, ``kms:ViaService``, ``aws:SourceVpce``) but those
    that only tell the circumstances of a call: MFA, TLS, region, time, the caller's own organisation. A value of ``*``,
    and operators that hold when the key is missing (``...IfExists``), narrow nothing.
    """
    return decided(any_of(statement_list(statement, "conditions"), _constrains), statement)


def _constrains(condition: Value) -> Tri:
    key, operator = read_field(condition, "key"), read_field(condition, "operator")
    if isinstance(condition, Unknown) or isinstance(operator, Unknown):
        return None
    name = key.prefix if isinstance(key, Unknown) else str(key or "")
    if isinstance(key, Unknown) and not name:
        return None
    if name.lower() in _CIRCUMSTANCES:
        return False
    plain = str(operator or "").lower().rpartition(":")[2]
    values = statement_list(condition, "values")
    if plain.endswith("ifexists"):
        return False
    if plain == "null":
        return _is_false(values)
    return all_tri((values != [], not_tri(any_of(values, lambda v: _is_anything(v, plain)))))


def _is_anything(value: Value, operator: str) -> bool:
    if not isinstance(value, str):
        return False
    if operator == "ipaddress":
        return truth(open_to_world([value])) is True
    return operator in _BY_PATTERN and (value.strip("*?") == "" or value.lower() in _ALL_OF_AWS)


def _is_false(values: Value) -> Tri:
    # A tag that must be there narrows; one that must not be there does not.
    return any_of(values, lambda v: None if isinstance(v, Unknown) else str(v).lower() == "false")


def denied_to_others(statement: Value, statements: Value) -> Value:
    """Whether one of the document's denials takes the statement's actions from everybody outside a fixed circle.

    ``denied_to_others(@, resource().statements)`` is true for a public statement that stands beside a denial for
    everybody with ``StringNotEquals`` on ``aws:SourceVpce``, ``NotIpAddress`` on ``aws:SourceIp``, another condition on
    a key that ``limited_by_condition`` counts, or ``NotPrincipal``. A denial with further conditions does not count.
    """
    actions = statement_list(statement, "actions")
    answer = any_of(statements, lambda s: all_tri((_denies_strangers(s), _covers_all(s, actions))))
    return decided(answer, statement, statements)


def _denies_strangers(denial: Value) -> Tri:
    conditions = statement_list(denial, "conditions")
    everybody = any_of(statement_list(denial, "principals"), lambda p: equal(read_field(p, "identifier"), "*"))
    ring = all_tri((everybody, truth(conditions), not_tri(any_of(conditions, lambda c: not_tri(excludes_others(c))))))
    named = all_tri((truth(statement_list(denial, "not_principals")), not_tri(truth(conditions))))
    return all_tri((equal(read_field(denial, "effect"), "Deny"), any_tri((ring, named))))


def _covers_all(denial: Value, actions: Value) -> Tri:
    listed = statement_list(denial, "actions")

    def uncovered(action: Value) -> Tri:
        if isinstance(action, Unknown):
            return not_tri(any_of(listed, lambda p: True if p == "*" else None))
        return not_tri(any_of(listed, lambda p: pattern_matches(p, str(action))))

    # With NotAction there is no list that a denial could cover.
    return all_tri((truth(actions), not_tri(any_of(actions, uncovered))))


_P = parameters
_STATEMENT = "statement: object"

FUNCTIONS: tuple[Function, ...] = (
    Function("every_resource", every_resource, _P(_STATEMENT), "boolean", "decides"),
    Function(
        "unscoped_actions",
        unscoped_actions,
        _P(_STATEMENT, "levels: array-string", "passed_over?: array-string"),
        "array",
        "decides",
    ),
    Function("denied_to_others", denied_to_others, _P(_STATEMENT, "statements: array"), "boolean", "decides"),
    Function("constrained_by_condition", constrained_by_condition, _P(_STATEMENT), "boolean", "decides"),
)
