"""Decide policies on resources: violated, satisfied or undecided, with the attribute that decided and the message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal, TypeAlias

from iacguard.findings import Problem, Rule
from iacguard.model import Graph, Path, Resource, Unknown, Value
from iacguard.policy.compile import Condition, Pack, Policy
from iacguard.policy.errors import EvaluationError, ExpressionError
from iacguard.policy.language import Context
from iacguard.policy.logic import PossibleItem, Tri, blur, first_unknown, one_item
from iacguard.policy.message import clean
from iacguard.policy.origins import Origin, member, path_of
from iacguard.policy.trace import Tracer
from iacguard.record import record, replace

Verdict: TypeAlias = Literal["violated", "satisfied", "undecided"]


@record
class Decision:
    """One policy on one resource, or on one item of it where the policy says ``each``.

    ``path`` is the deciding attribute, from the resource's attributes. A satisfied resource makes one decision without
    path and message. ``when`` says under which condition it holds, "" where always.
    """

    rule: Rule
    resource: Resource
    verdict: Verdict
    path: Path = ()
    message: str = ""
    reasons_of: Callable[[], tuple[str, ...]] = tuple
    stack: str = ""
    when: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What was not known, for an undecided one; looked for when asked, for most cases of a choice nobody asks."""
        return self.reasons_of()


def decide(pack: Pack, graph: Graph, stack_name: str, part: int = 0, parts: int = 1) -> Iterator[Decision | Problem]:
    """Every policy of ``pack`` on every resource of ``graph`` that it is for; of ``parts``, only this ``part`` of them.

    A policy that fails on a resource gives a Problem of kind "policy" in the place of its decision.
    """
    for resource in graph.resources[part::parts]:
        context = Context(resource, graph)
        for policy in pack.for_kinds(resource.type, resource.native_type):
            if not (resource.parent and decided_at_parent(policy, graph, resource)):
                yield from _guarded(policy, resource, context, stack_name)


def decide_one(policy: Policy, resource: Resource, graph: Graph, stack_name: str) -> list[Decision | Problem]:
    """One policy on one resource: nothing where ``where`` rules it out, else at least one decision.

    A failure is a Problem of kind "policy", after what was decided before it.
    """
    return _guarded(policy, resource, Context(resource, graph), stack_name)


def decided_at_parent(policy: Policy, graph: Graph, resource: Resource) -> bool:
    """Whether a policy decides a sub-resource together with what it was folded into."""
    parent = graph.by_address.get(resource.parent) if resource.parent else None
    return parent is not None and (policy.decides(parent.type) or policy.decides(parent.native_type))


def _guarded(policy: Policy, resource: Resource, context: Context, stack_name: str) -> list[Decision | Problem]:
    found: list[Decision | Problem] = []
    try:
        attributes = resource.attributes
        applies = policy.applies(attributes, context)
        if applies is False:
            return found
        if policy.each is not None:
            items = policy.items(attributes, context)
            passing = _passing(policy, items, context)
            if passing is not None:
                found.extend(_Run(policy, resource, context, stack_name, applies).items(items, passing))
        else:
            answer = policy.denies(attributes, context)
            if answer is not False:
                found.append(_Run(policy, resource, context, stack_name, applies).whole(answer))
        if not found:
            found.append(Decision(policy.rule, resource, "satisfied", stack=stack_name))
    except Exception as error:
        found.append(_failed(policy, resource, error))
    return found


def _passing(policy: Policy, items: Value, context: Context) -> int | None:
    """How many of the first items surely pass; None where all do."""
    if type(items) is not list:
        return None if items is None else 0
    for at, item in enumerate(items):
        if isinstance(item, Unknown) or policy.denies(item, context) is not False:
            return at
    return None


def _failed(policy: Policy, resource: Resource, error: Exception) -> Problem:
    expected = isinstance(error, (EvaluationError, ExpressionError))
    what = str(error) if expected else f"{type(error).__name__}: {error}"
    message = f"policy {policy.rule.id} failed on {clean(resource.address)}: {clean(what)}"
    return Problem("policy", resource.span, message, f"the policy is written in {policy.file}")


def open_reasons(policy: Policy, resource: Resource, graph: Graph) -> Iterator[str]:
    """What is not known that keeps one policy from deciding one resource; nothing where it decides, or fails.

    Quicker than :func:`decide_one`, for it finds neither places nor messages, and no more than is asked for.
    """
    context = Context(resource, graph)
    try:
        applies = policy.applies(resource.attributes, context)
        if applies is False:
            return
        run = _Run(policy, resource, context, "", applies)
        yield from run.open_items() if policy.each is not None else run.open_whole()
    except Exception:  # it fails again, and is told of, where it is decided
        return


def answers(policy: Policy, resource: Resource, graph: Graph) -> tuple[Tri, ...]:
    """What one policy answers for each item of a resource, for the whole where it says no ``each``; () for nothing.

    Of decisions, it is the part that takes no time.
    """
    context = Context(resource, graph)
    try:
        applies = policy.applies(resource.attributes, context)
        if applies is False:
            return ()
        return _Run(policy, resource, context, "", applies).answers()
    except Exception:  # it fails again, and is told of, where it is decided
        return ()


@record
class _Run:
    policy: Policy
    resource: Resource
    context: Context
    stack: str
    applies: Tri

    def whole(self, answer: Tri) -> Decision:
        """The decision on the resource as a whole, where the policy's ``deny`` gives ``answer``: not False."""
        return self._decision(answer, bool(self.applies), self.resource.attributes, (), ())

    def answers(self) -> tuple[Tri, ...]:
        attributes = self.resource.attributes
        if self.policy.each is None:
            return (self._answer(attributes),)
        found = self.policy.items(attributes, self.context)
        if isinstance(found, Unknown):
            return (None,)
        return tuple(self._answer(_item(i)[0]) for i in (found if isinstance(found, list) else (found,)))

    def open_whole(self) -> Iterator[str]:
        """The reasons why the resource is not decided."""
        attributes = self.resource.attributes
        answer = self.policy.denies(attributes, self.context)
        if answer is None or (answer and self.applies is None):
            yield from self._open_reasons(answer, attributes, ())

    def open_items(self) -> Iterator[str]:
        """The reasons why items of the resource are not decided."""
        found = self.policy.items(self.resource.attributes, self.context)
        if isinstance(found, Unknown):
            yield from (reason for decision in self._unknown_list(found) for reason in decision.reasons)
            return
        for item in () if found is None else found if isinstance(found, list) else (found,):
            value, sure = _item(item)
            answer = self.policy.denies(value, self.context)
            if answer is None or (answer and not (sure and self.applies)):
                yield from self._open_reasons(answer, value, () if sure else (item.reason,))

    def items(self, found: Value, passing: int) -> Iterator[Decision]:
        """A decision on each of ``found`` that does not surely pass; the first ``passing`` do."""
        if isinstance(found, Unknown):
            yield from self._unknown_list(found)
            return
        items = found if isinstance(found, list) else [found]
        origins: Origin = None
        for at, item in enumerate(items[passing:], passing):
            value, sure = _item(item)
            answer = self.policy.denies(value, self.context)
            if answer is False:
                continue
            if origins is None:
                origins = self._origins(items is not found)
            reasons = () if sure else (item.reason,)
            yield self._decision(answer, sure and bool(self.applies), value, member(origins, at), reasons)

    def _unknown_list(self, found: Unknown) -> Iterator[Decision]:
        """Undecided, unless no item whatever would violate, or each list that it can be has none that does."""
        answer = self.policy.denies(blur(found), self.context)
        if answer is False:
            return
        if found.choices and all(self._no_violation(c) for c in found.choices):
            return
        decision = self._decision(answer, False, blur(found), (), (found.reason,))
        yield replace(decision, path=path_of(self._origins(False)) or ())

    def _no_violation(self, choice: Value) -> bool:
        if choice is None:
            return True
        items = choice if isinstance(choice, list) else [choice]
        return all(self._answer(_item(i)[0]) is False for i in items)

    def _origins(self, wrap: bool) -> Origin:
        assert self.policy.each is not None
        tracer = Tracer(self.resource.attributes, self.context, self.policy.deny.expression.parts)
        _, origins = tracer.resolve(self.policy.each.expression.node, self.resource.attributes, ())
        return [origins] if wrap else origins

    def _answer(self, value: Value) -> Tri:
        answer = self.policy.denies(value, self.context)
        return None if answer and self.applies is None else answer

    def _decision(self, answer: Tri, sure: bool, value: Value, origin: Origin, reasons: tuple[str, ...]) -> Decision:
        """The decision where ``deny`` gives ``answer`` at ``value``; ``sure``: that is there, and is decided on."""
        policy = self.policy
        message = policy.message.message.render(value, self.context)
        path = self._path(answer, value, origin)
        if answer and sure:
            return Decision(policy.rule, self.resource, "violated", path, message, stack=self.stack)
        why = partial(self._reasons, answer, value, reasons)
        return Decision(policy.rule, self.resource, "undecided", path, message, why, self.stack)

    def _reasons(self, answer: Tri, value: Value, reasons: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(self._open_reasons(answer, value, reasons)))
        except Exception as error:  # the decision stands; that it cannot be explained must not cost the others
            return (f"iacguard failed to find out why: {type(error).__name__}: {error}",)

    def _open_reasons(self, answer: Tri, value: Value, reasons: tuple[str, ...]) -> Iterator[str]:
        policy = self.policy
        tracer = Tracer(self.resource.attributes, self.context, policy.deny.expression.parts)
        yield from reasons
        none = not reasons
        if self.applies is None and policy.where is not None:
            for reason in tracer.reasons(policy.where.expression.node, self.resource.attributes):
                none = False
                yield reason
        if answer is None:
            for reason in tracer.reasons(policy.deny.expression.node, value):
                none = False
                yield reason
        if none:
            yield first_unknown(value).reason

    def _path(self, answer: Tri, value: Value, origin: Origin) -> Path:
        policy = self.policy
        tracer = Tracer(self.resource.attributes, self.context, policy.deny.expression.parts)
        if policy.at is not None:
            found = path_of(tracer.resolve(policy.at.expression.node, value, origin)[1])
        else:
            found = tracer.decided_by(policy.deny.expression.node, answer, value, origin)
        return found if found else (path_of(origin) or ())


def _item(item: Value) -> tuple[Value, bool]:
    """An item's value, and whether it is surely there."""
    if isinstance(item, PossibleItem):
        return item.item, False
    if isinstance(item, Unknown) and item.spread:
        return one_item(item), False
    return item, True


__all__ = ["Condition", "Decision", "Verdict", "decide", "decide_one"]
