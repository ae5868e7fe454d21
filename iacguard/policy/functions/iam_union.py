"""What several IAM statements allow together, and what several policies of one holder do.

A request is allowed if any statement allows it, so that statements add up:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from iacguard.model import Graph, Resource, Unknown, Value, contains_unknown
from iacguard.policy import logic
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.functions.graph import here, referenced
from iacguard.policy.functions.iam import (
    every_action,
    managed_policy_name,
    names_everything,
    pattern_of,
    plain_list,
    reached,
    statement_list,
)
from iacguard.policy.functions.iam_reach import constrained_by_condition
from iacguard.policy.language import Context
from iacguard.policy.logic import truth

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
        if any(names_everything(r) or self._all_of_service(r) for r in self.resources):
            return True
        return bool(self.spared) and all(
            any(o is not self and o.holds(self) and _covers(o.resources, spared) for o in others)
            for spared in self.spared
        )

    def _all_of_service(self, resource: str) -> bool:
        """Whether it is every resource of its actions' one service: ``iam:*`` on ``arn:aws:iam::*:*``."""
        parts = resource.split(":", 5)
        if len(parts) < 6 or parts[0] != "arn" or parts[3].strip("*") or parts[5].strip("*") or not parts[5]:
            return False
        return bool(self.actions) and all(a.lower().startswith(f"{parts[2]}:") for a in self.actions)

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
            looked_up = all(isinstance(p, str) or p.kind == "data" for p in item.parts)
            if item.parts and looked_up and not item.choices:
                # A partition, account or region that is looked up is a word, whichever.
                out.append("".join(p if isinstance(p, str) else "x" for p in item.parts))
                continue
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
    if len(listed) < 2 or not any(map(_may_lead, listed)):
        return False
    if _everything([g for s in listed if isinstance(s, dict) and (g := _grant(s, False))]):
        return True
    most = [_grant(s, True) if isinstance(s, dict) else _ANYTHING for s in listed]
    possible = contains_unknown(listed) and _everything([g for g in most if g])
    return decided(None, *listed) if possible else False


def _may_lead(statement: Value) -> bool:
    """Whether a statement may be one of those that :func:`_everything` starts from; nearly none are."""
    patterns = plain_list(statement, "actions")
    return patterns is None or reached(patterns, _PROBES[:1]) or every_action_of(patterns)


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


def _items(value: Value) -> list[Value]:
    """The items of a list, an unknown one as an unknown item; none of anything else."""
    return [value] if isinstance(value, Unknown) else value if isinstance(value, list) else []


def _attached(context: Context, graph: Graph, holder: Resource) -> list[Value]:
    found: list[Value] = []
    for arn in _items(holder.attributes.get("managed_policy_arns")):
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
    named = _items(user.attributes.get("groups"))
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
    attributes = [edge.attribute for edge in graph.incoming.get(resource.address, ())]
    if not any(name.startswith("permissions_boundary") for name in attributes):
        return False
    if any(truth(resource.attributes.get(name)) is not False for name in ("roles", "users", "groups")):
        return False
    uses = {name.partition("[")[0].partition(".")[0] for name in attributes}
    return "permissions_boundary" in uses and not uses & _ATTACHING


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("boundary_only", boundary_only, (), "boolean", context=True),
    Function("attached_policies", attached_policies, (), "array", context=True),
    Function("administrator_together", administrator_together, _P("statements: array"), "boolean", "decides"),
)
