"""What several IAM statements allow together, and which denials can never match.

A request is allowed if any statement allows it, so that statements add up:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from iacguard.model import Graph, Resource, Unknown, Value, contains_unknown
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.functions.graph import here, referenced
from iacguard.policy.functions.iam import (
    every_action,
    managed_policy_name,
    names_everything,
    pattern_of,
    statement_list,
)
from iacguard.policy.functions.iam_reach import constrained_by_condition
from iacguard.policy.language import Context
from iacguard.policy.logic import Tri, any_tri, truth

#: Actions of services far apart: a union that lacks one of them is not everything, and most lack the first.
_PROBES = ("iam:CreateUser", "s3:GetObject", "ec2:RunInstances", "kms:Decrypt", "lambda:InvokeFunction", "sns:Publish")
#: Stands for a star of a pattern that another pattern is to cover: only a star matches all of it.
_STAR = "\ue0f2\ue0f2\ue0f2"


class _Grant(NamedTuple):
    """One statement that allows without a condition that narrows it: the texts of its lists."""

    actions: list[str]
    left_out: list[str]
    resources: list[str]
    spared: list[str]

    def everywhere(self, others: Sequence[_Grant]) -> bool:
        """Whether its actions are allowed on every resource, with what others allow on those that it spares."""
        if any(names_everything(r) for r in self.resources):
            return True
        return bool(self.spared) and all(
            any(o is not self and o.holds(self) and _covers(o.resources, spared) for o in others)
            for spared in self.spared
        )

    def holds(self, other: _Grant) -> bool:
        """Whether it allows all the actions that ``other`` does, wherever that may be."""
        if self.left_out or other.left_out:
            return every_action_of(self.actions) or (bool(self.left_out) and set(self.left_out) <= set(other.left_out))
        return all(_covers(self.actions, a) for a in other.actions)


def _grant(statement: dict[str, Value], hopeful: bool) -> _Grant | None:
    """A statement as a grant; None where it is none. ``hopeful``: what is not known is taken to grant the most."""
    effect, narrowed = logic.equal(statement.get("effect"), "Allow"), truth(constrained_by_condition(statement))
    if effect is False or narrowed or (not hopeful and (effect is None or narrowed is None)):
        return None
    actions, left_out, resources, spared = (_texts(statement, name, hopeful) for name in _LISTS)
    if not hopeful and (None in left_out or None in spared):
        # Exceptions that are not known take from the grant.
        return None
    if None in left_out:
        actions, left_out = ["*"], []
    if None in spared:
        resources, spared = ["*"], []
    return _Grant(*([t for t in texts if t is not None] for texts in (actions, left_out, resources, spared)))


_LISTS = ("actions", "not_actions", "resources", "not_resources")


def _texts(statement: Value, name: str, hopeful: bool) -> list[str | None]:
    """The texts of a list, None for each that is not known; ``hopeful``: of what is granted, the widest it may be."""
    found = statement_list(statement, name)
    out: list[str | None] = []
    for item in [found] if isinstance(found, Unknown) else found:
        if isinstance(item, str):
            out.append(item)
        elif isinstance(item, Unknown):
            out.append(_widest(item) if hopeful and not name.startswith("not_") else None)
    return out


def _widest(unknown: Unknown) -> str:
    return "".join(p if isinstance(p, str) else "*" for p in unknown.parts) or "*"


def every_action_of(patterns: Iterable[str]) -> bool:
    """Whether one of the patterns alone is every action."""
    return any(every_action(p) for p in patterns)


def administrator_together(statements: Value) -> Value:
    """Whether statements that are no administrator's by themselves allow every action on every resource together.

    ``NotAction`` of IAM beside ``iam:*``, or ``NotResource`` of one bucket beside that bucket. Statements with a
    condition that narrows them do not count, and denials are not looked at.
    """
    listed = statements if isinstance(statements, list) else [statements]
    if _everything([g for s in listed if isinstance(s, dict) and (g := _grant(s, False))]):
        return True
    most = [_grant(s, True) if isinstance(s, dict) else _ANYTHING for s in listed]
    possible = len(listed) > 1 and contains_unknown(listed) and _everything([g for g in most if g])
    return decided(None, *listed) if possible else False


#: What a statement of which nothing is known may be.
_ANYTHING = _Grant(["*"], [], ["*"], [])


def _everything(grants: Sequence[_Grant]) -> bool:
    everywhere = [g for g in grants if g.everywhere(grants)]
    if len(grants) < 2 or not everywhere:
        return False
    patterns = tuple(dict.fromkeys(p for g in everywhere for p in g.actions))
    if every_action_of(patterns):
        return True
    inverted = [g.left_out for g in everywhere if g.left_out]
    if inverted:
        return all(
            _covers(patterns, x) or _all_named(x, patterns) or any(not _overlap(x, other) for other in inverted)
            for x in inverted[0]
        )
    return all(_covers(patterns, p) for p in _PROBES) and _all_named("*", patterns)


def _covers(patterns: Iterable[str], wanted: str) -> bool:
    """Whether one pattern alone matches whatever ``wanted``, itself a pattern, matches."""
    text = wanted.replace("*", _STAR).replace("?", _STAR)
    return any(pattern_of(p).fullmatch(text) for p in patterns)


def _overlap(pattern: str, others: Iterable[str]) -> bool:
    """Whether a pattern may match what one of the others does: they differ only where their known beginnings do."""
    start = _beginning(pattern)
    return any(_beginning(o).startswith(start) or start.startswith(_beginning(o)) for o in others)


def _beginning(pattern: str) -> str:
    return pattern.lower().partition("*")[0].partition("?")[0]


@lru_cache(maxsize=256)
def _all_named(wanted: str, patterns: tuple[str, ...]) -> bool:
    """Whether every action of AWS that ``wanted`` matches is matched by one of the patterns."""
    # Opening shipped tables costs a few milliseconds: only where a statement asks for it.
    from iacguard.knowledge import iam_actions, iam_services

    service, _, name = wanted.lower().partition(":")
    loose = "*" in service or "?" in service
    # Of one service, one of its prefix alone is asked for, so that a pattern of another cannot answer.
    found = [s for s in (iam_services() if loose else (service,)) if pattern_of(service).fullmatch(s)]
    named = [f"{s}:{a.name}" for s in found for a in iam_actions(s) if pattern_of(name or "*").fullmatch(a.name)]
    compiled = [pattern_of(p) for p in patterns]
    return bool(named) and all(any(c.fullmatch(n) for c in compiled) for n in named)


#: Services of which every action is on ARNs of the service itself.
_OWN_ARNS = frozenset(("s3", "dynamodb", "sqs", "sns", "iam", "kms", "lambda", "secretsmanager", "rds", "logs"))
#: Names that AWS's own default policies have and its lists of actions have not.
_LEGACY = frozenset(("sns:receive",))
#: S3's actions on objects whose names do not say so.
_ON_OBJECTS = frozenset(("abortmultipartupload", "listmultipartuploadparts", "bypassgovernanceretention"))
_NEITHER = ("objectlambda", "accesspoint", "storagelens", "multiregion", "accessgrant", "accountpublic", "job")


def dead_denials(context: Context, statement: Value) -> Value:
    """The actions that a denial names and never denies.

    Actions that AWS does not have (``s3:DeletObject``); actions on objects where only a bucket is named, and the other
    way round; actions of one service on ARNs of another; and all actions where a condition compares a value with a
    star by ``StringEquals``, which takes the star for a character. Empty for a statement that allows.
    """
    if read_field(statement, "effect") != "Deny":
        return []
    actions = statement_list(statement, "actions")
    if isinstance(actions, Unknown):
        return logic.blur(actions)
    never = any_tri(_never_holds(c) for c in _items(statement_list(statement, "conditions")))
    arns = [_arn(context, r) for r in _items(statement_list(statement, "resources"))]
    out: list[Value] = []
    for action in actions:
        if not isinstance(action, str):
            continue
        answer = True if never else _dead(action.lower(), arns)
        if answer:
            out.append(action)
        elif answer is None:
            out.append(logic.possible(action, logic.first_unknown(statement)))
    return out


def _items(value: Value) -> list[Value]:
    return [value] if isinstance(value, Unknown) else list(value)


def _never_holds(condition: Value) -> Tri:
    if not isinstance(condition, dict):
        return False
    operator = str(read_field(condition, "operator") or "").lower().removeprefix("foranyvalue:")
    if operator not in ("stringequals", "stringequalsignorecase"):
        return False
    values = statement_list(condition, "values")
    if isinstance(values, Unknown) or not values or any(isinstance(v, Unknown) for v in values):
        return False
    # "${*}" is how a policy writes a star that is meant as one.
    return all("*" in str(v) and "${" not in str(v) for v in values)


def _dead(action: str, resources: Sequence[str | None]) -> Tri:
    if _misspelt(action):
        return True
    service = action.partition(":")[0]
    if service not in _OWN_ARNS or not resources:
        return False
    answers = [_out_of_reach(action, service, r) for r in resources]
    return False if False in answers else None if None in answers else True


@lru_cache(maxsize=1024)
def _misspelt(action: str) -> bool:
    from iacguard.knowledge import iam_actions

    service, _, name = action.partition(":")
    if action in _LEGACY:
        return False
    known = iam_actions(service) if name and "*" not in service and "?" not in service else ()
    return bool(known) and not any(pattern_of(name).fullmatch(a.name) for a in known)


def _out_of_reach(action: str, service: str, written: str | None) -> Tri:
    if written is None:
        return None
    parts = written.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return False
    if _HOLE in parts[2] or "*" in parts[2] or "?" in parts[2]:
        return False if _HOLE not in parts[2] else None
    if parts[2] != service:
        return parts[2] in _OWN_ARNS
    if service != "s3" or parts[3] or parts[4]:
        return False
    return _wrong_level(action, parts[5])


def _wrong_level(action: str, name: str) -> Tri:
    level = _level(action)
    if level == "object":
        if "/" in name or "*" in name or "?" in name:
            return False
        return None if _HOLE in name else True
    # A bucket's name has no slash, so that what is written after one never matches a bucket.
    return level == "bucket" and "/" in name.replace(_BUCKET, "")


@lru_cache(maxsize=1024)
def _level(action: str) -> str:
    from iacguard.knowledge import iam_actions

    matching = [a for a in iam_actions("s3") if pattern_of(action.partition(":")[2]).fullmatch(a.name)]
    levels = {_level_of(a.name.lower()) if a.scoped else "" for a in matching}
    return levels.pop() if len(levels) == 1 else ""


def _level_of(name: str) -> str:
    if any(word in name for word in _NEITHER):
        return ""
    if "bucket" in name:
        return "" if "owner" in name and "object" in name else "bucket"
    return "object" if "object" in name or name in _ON_OBJECTS else ""


#: Stands for an unknown piece of an ARN, and for the name of a bucket that is created here.
_HOLE = "\ue0f3"
_BUCKET = "\ue0f4"


def _arn(context: Context, resource: Value) -> str | None:
    """A resource's ARN with marks for what is not known of it; None where nothing is."""
    if isinstance(resource, str):
        return resource
    if not isinstance(resource, Unknown) or resource.choices or resource.spread:
        return None
    if not resource.parts:
        return _created(context, resource)
    return "".join(p if isinstance(p, str) else _created(context, p) or _HOLE for p in resource.parts)


def _created(context: Context, unknown: Unknown) -> str | None:
    found = referenced(context, unknown) if unknown.kind == "computed" else None
    if found is None or unknown.reference is None:
        return None
    attribute = unknown.reference.attribute.lower()
    if found.type == "aws_s3_bucket":
        return (
            f"arn:aws:s3:::{_BUCKET}" if attribute == "arn" else _BUCKET if attribute in ("", "id", "bucket") else None
        )
    service = found.type.split("_")[1]
    # CloudFormation's Ref of a topic or a secret is its ARN; for other types it is no resource of a policy.
    return f"arn:aws:{service}:::{_HOLE}" if service in _OWN_ARNS and attribute in ("arn", "", "id") else None


def attached_policies(context: Context) -> Value:
    """The attributes of the policies of this code that are attached to this role, user or group.

    Of a user also its groups and what is attached to them. What is made elsewhere is an unknown item; policies of AWS's
    own are left out, because their ARNs tell what they are.
    """
    resource, graph = here(context)
    found = _attached(context, graph, resource)
    for group in _groups(context, graph, resource):
        found += [group.attributes, *_attached(context, graph, group)]
    return found


def _attached(context: Context, graph: Graph, holder: Resource) -> list[Value]:
    found: list[Value] = []
    for arn in _items(holder.attributes.get("managed_policy_arns") or []):
        policy = referenced(context, arn)
        if policy is not None:
            found.append(policy.attributes)
        elif isinstance(arn, Unknown) and truth(managed_policy_name(arn)) is False:
            found.append(logic.spread(arn))
    # CloudFormation's managed policies name whom they are attached to.
    return found + [p.attributes for p in graph.referrers(holder, "aws_iam_policy")]


def _groups(context: Context, graph: Graph, user: Resource) -> Iterator[Resource]:
    if user.type != "aws_iam_user":
        return
    named = _items(user.attributes.get("groups") or [])
    for group in graph.by_type.get("aws_iam_group", ()):
        name = group.attributes.get("name")
        if any(referenced(context, g) is group or (isinstance(g, str) and g == name) for g in named):
            yield group


_ATTACHING = frozenset(("policy_arn", "policy_arns", "managed_policy_arns", "managed_policies"))


def boundary_only(context: Context) -> Value:
    """Whether this policy serves as a permissions boundary in this code, and is attached to nobody.

    A boundary allows nothing by itself: ``s3:*`` in it is a limit, not a grant.
    """
    resource, graph = here(context)
    if any(resource.attributes.get(name) for name in ("roles", "users", "groups")):
        return False
    uses = {e.attribute.partition("[")[0].partition(".")[0] for e in graph.incoming.get(resource.address, ())}
    return "permissions_boundary" in uses and not uses & _ATTACHING


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("boundary_only", boundary_only, (), "boolean", context=True),
    Function("attached_policies", attached_policies, (), "array", context=True),
    Function("administrator_together", administrator_together, _P("statements: array"), "boolean", "decides"),
    Function("dead_denials", dead_denials, _P("statement: object"), "array", "decides", context=True),
)
