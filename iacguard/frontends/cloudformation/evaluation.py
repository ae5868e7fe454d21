"""A template and its nested stacks, evaluated in one scope: resources, edges, and what they hang on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from yaml.nodes import MappingNode

from iacguard.frontends.cloudformation.attributes import RESOURCE_KEY, Attributes, Before, attributes
from iacguard.frontends.cloudformation.choices import Choices, State
from iacguard.frontends.cloudformation.evaluate import Evaluator, is_expansion, is_plain
from iacguard.frontends.cloudformation.functions import FUNCTIONS
from iacguard.frontends.cloudformation.nested import STACK, Nest
from iacguard.frontends.cloudformation.nodes import call_of, text_of
from iacguard.frontends.cloudformation.places import ResourcePlace
from iacguard.frontends.cloudformation.scope import Record, Scope
from iacguard.frontends.cloudformation.template import SAM, Declared, Template
from iacguard.frontends.cloudformation.texts import looped
from iacguard.model import Edge, Resource, Value
from iacguard.record import field, record

#: States of the deployer's choices that are looked at to see whether a condition can be true.
_MAX_STATES = 256


@record(frozen=False)
class Evaluated:
    """What evaluating came to. ``edges`` by their source.

    ``uncertain``: address -> why it is not known whether the resource exists. ``touched``: address -> the condition
    that it exists under ("" for none), for each that hangs on a choice of the deployer; also for those that do not
    exist here. ``conditions``: address -> the condition of the root's template that it exists under. ``apart``: what
    each resource that is touched came to, where it can be told what one of its properties hangs on. ``evaluators`` are
    those of all templates, the root's first.
    """

    record: Record
    only: frozenset[str] | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    edges: dict[str, tuple[Edge, ...]] = field(default_factory=dict)
    uncertain: dict[str, str] = field(default_factory=dict)
    touched: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    apart: dict[str, Attributes] = field(default_factory=dict)
    evaluators: list[Evaluator] = field(default_factory=list)


@record
class _Existence:
    """Under what a nested stack's resources exist, from the stacks around it."""

    reason: str = ""
    condition: str = ""
    varies: bool = False
    outermost: str = ""


def evaluated(
    template: Template, scope: Scope, nest: Nest, before: Before | None = None, only: frozenset[str] | None = None
) -> Evaluated:
    """``template`` in ``scope``; by default, and else what cannot be the same as ``before``.

    ``only``, if given, are the addresses of the resources to evaluate.
    """
    record = Record(hangs=dict(before.hangs) if before is not None else {})
    found = Evaluated(record, only)
    evaluator = Evaluator(template, scope, FUNCTIONS, record, nest)
    _template(evaluator, nest, before, found, _Existence())
    return found


def _template(evaluator: Evaluator, nest: Nest, before: Before | None, found: Evaluated, around: _Existence) -> None:
    found.evaluators.append(evaluator)
    for declared in (*evaluator.template.resources.values(), *evaluator.made_resources.values()):
        _declared(evaluator, declared, nest, before, found, around)
    if before is None:
        _rest(evaluator)


def _rest(evaluator: Evaluator) -> None:
    """Evaluate what is no resource, for what is wrong in it, and tell of what is not evaluated."""
    _notices(evaluator)
    for loop in evaluator.unknown_loops:
        message = f"{loop.name} is not evaluated; the resources that it makes are not judged"
        evaluator.not_evaluated(loop.key, message)
    for inner, output in evaluator.outputs():
        if is_expansion(output.name):
            inner.member_value(output)
        else:
            inner.mapping(output.value)
    evaluator.referred.clear()


def _notices(evaluator: Evaluator) -> None:
    template = evaluator.template
    for transform in template.macros:
        message = f"the macro {transform.name} is not evaluated; resources are judged as written"
        evaluator.not_evaluated(transform.key, message)
    for transform in template.transforms:
        if transform.name == SAM:
            message = "SAM resources are judged by what is written, without what SAM adds to them"
            evaluator.not_evaluated(transform.key, message)
    for expansion in template.expansions:
        if not expansion.name.startswith("Fn::ForEach"):
            message = f"{expansion.name} is not evaluated; the resources that it makes are not judged"
            evaluator.not_evaluated(expansion.key, message)


def _declared(
    root: Evaluator, declared: Declared, nest: Nest, before: Before | None, found: Evaluated, around: _Existence
) -> None:
    """Evaluate one resource, and where it is a nested stack all that is in it."""
    address = root.scope.prefix + declared.entry.name
    if not _wanted(found.only, address, declared.type):
        return
    if before is not None and address in before.same and declared.type != STACK:
        found.resources[address], found.edges[address] = before.same[address]
        return
    evaluator = root.within(declared.bound)
    record = evaluator.record
    record.touched, record.referred[:] = set(), ()
    condition = declared.parts.get("Condition")
    truth = evaluator.truth_of_name(condition.value) if condition else None
    reason = truth.reason if truth is not None and truth.value is None else around.reason
    varies = bool(record.touched) or around.varies
    name = text_of(condition.value) if condition else None
    own = f'condition "{root.scope.prefix}{looped(name, declared.bound)}" is true' if name and record.touched else ""
    outermost = around.outermost or (looped(name, declared.bound) if name and not root.scope.prefix else "")
    existence = _Existence(reason, " and ".join(filter(None, (around.condition, own))), varies, outermost)
    if truth is not None and truth.value is False:
        if varies:
            found.touched[address] = existence.condition
        return
    if name is not None and truth is not None and truth.value is None:
        evaluator = evaluator.assuming(looped(name, declared.bound))
    made = _attributes(evaluator, declared, before)
    if made is None:
        return
    if record.touched or varies:
        found.touched[address] = existence.condition
        if made.written is not None and not declared.bound and is_plain(made.written):
            found.apart[address] = made
    found.resources[address] = _resource(evaluator, declared, made.values)
    found.edges[address] = made.edges
    if reason:
        found.uncertain[address] = reason
        found.conditions[address] = outermost
    if declared.type == STACK:
        child = nest.child(root, declared.entry.name)
        if child is not None:
            _template(child, nest, before, found, existence)


def _wanted(only: frozenset[str] | None, address: str, type_: str) -> bool:
    """Whether a resource is to be evaluated, or one of those nested in it."""
    return only is None or address in only or (type_ == STACK and any(a.startswith(f"{address}/") for a in only))


def _attributes(evaluator: Evaluator, declared: Declared, before: Before | None) -> Attributes | None:
    """The attributes of a resource; None for what is none."""
    entry = declared.entry
    if not isinstance(entry.value, MappingNode) or call_of(entry.value) is not None or not declared.type:
        type_ = declared.parts.get("Type")
        made = call_of(type_.value if type_ else entry.value)
        if made is not None and evaluator.open_names:
            evaluator.not_evaluated(entry.key, f'resource "{entry.name}" is made by {made.name}; it is not judged')
            return None
        evaluator.wrong("value", entry.key, f'resource "{entry.name}" has no Type; CloudFormation rejects it')
        return None
    return attributes(evaluator, declared, evaluator.scope.prefix + entry.name, before)


def _resource(evaluator: Evaluator, declared: Declared, values: dict[str, Value]) -> Resource:
    entry = declared.entry
    return Resource(
        address=evaluator.scope.prefix + entry.name,
        type=declared.type,
        native_type=declared.type,
        format="cloudformation",
        attributes=values,
        place=ResourcePlace(evaluator, entry, RESOURCE_KEY),
        block=entry.key.value if declared.bound else entry.name,
        construct=_construct(values),
    )


def _construct(attributes: Mapping[str, Value]) -> str:
    """The path of the CDK construct that made a resource."""
    metadata = attributes.get(RESOURCE_KEY, {}).get("Metadata")
    path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
    return path if isinstance(path, str) else ""


def without_impossible(found: Evaluated, choices: Choices, state: State) -> Evaluated:
    """``found`` without the resources whose condition is never true, whatever is chosen beyond ``state``.

    Three-valued logic does not see that: ``And`` of a comparison and its opposite is only not known.
    """
    answers: dict[str, bool] = {"": True}
    for address, name in found.conditions.items():
        if name not in answers:
            answers[name] = can_be(name, choices, state)
        if not answers[name]:
            del found.resources[address], found.edges[address], found.uncertain[address]
    return found


def can_be(name: str, choices: Choices, state: State) -> bool:
    """Whether a condition of the template is true in one of the cases that ``state`` leaves."""
    pending = [state]
    looked_at = 0
    while pending:
        at = pending.pop()
        evaluator = Evaluator(choices.template, choices.under(at), FUNCTIONS)
        truth = evaluator.condition(name, choices.template.root)
        if truth.value is None and looked_at < _MAX_STATES:
            parts = choices.split(at, truth.choice)
            if not parts:
                return True
            pending += parts
        elif truth.value is not False:
            return True
        looked_at += 1
    return False


def condition_features(evaluators: list[Evaluator]) -> Iterator[tuple[str, str]]:
    """Every condition that is settled, for people: ``condition "IsProd"`` and ``true``."""
    for evaluator in evaluators:
        entries = {**evaluator.template.conditions, **{n: e for n, (_, e) in evaluator.made_conditions.items()}}
        for name, entry in entries.items():
            truth = evaluator.condition(name, entry.key).value
            if truth is not None:
                yield f'condition "{evaluator.scope.prefix}{name}"', "true" if truth else "false"
