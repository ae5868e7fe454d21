"""Decide a stack in every way that it may turn out.

A stack is decided as it is by default. Where its deployer may choose otherwise (a CloudFormation parameter, a
condition), each policy is decided again on each resource that this can touch, first with nothing chosen: three-valued
decisions then often settle all cases at once. Where they do not, the reason of the undecided decision says which
choice to look at, and each of its cases is decided by itself, and so on (:meth:`World.split`).

What comes of it, by policy, resource and place:

- violated by default, or in each case that is open by default: violated;
- violated only where something else is chosen, or in some of the cases that are open: undecided;
- either way, what is not violated in all cases says when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from iacguard.findings import Problem
from iacguard.frontends.contract import Alternatives, Stack, World
from iacguard.model import REST, Encoded, Graph, Resource, Span, Unknown, Value
from iacguard.normalise import normalise
from iacguard.policy import Decision, Pack, decide
from iacguard.policy.compile import Policy
from iacguard.policy.decide import answers, decide_one, decided_at_parent, open_reasons
from iacguard.record import field, record, replace
from iacguard.when import separating

__all__ = ["judge"]

#: Worlds of one stack that are evaluated, and of one decision; past it, what is left stays undecided.
MAX_WORLDS = 160
MAX_LEAVES = 64
#: A stack's worlds may evaluate so many resources together, so that a large template is not evaluated a hundred times.
MAX_RESOURCES = 20_000
#: So deep in a resource a value is looked for that stands for one of many.
_GUESS_DEPTH = 6


class Leaf(NamedTuple):
    """One case: its world, and what one policy decides there on one resource."""

    world: World
    decisions: tuple[Decision, ...]


def judge(pack: Pack, stack: Stack, graph: Graph, part: int = 0, parts: int = 1) -> Iterator[Decision | Problem]:
    """Every policy of ``pack`` on every resource of ``stack``, whose normalised graph is ``graph``.

    Of ``parts``, it is only this ``part`` of the resources.
    """
    decided = decide(pack, graph, stack.name, part, parts)
    if stack.alternatives is None:
        yield from decided
        return
    yield from _Judgement(pack, stack, graph, stack.alternatives).run(decided)


@record(frozen=False)
class _Judgement:
    pack: Pack
    stack: Stack
    graph: Graph
    alternatives: Alternatives
    graphs: dict[int, tuple[World, Graph]] = field(default_factory=dict)
    parts: dict[int, dict[str, list[Resource]]] = field(default_factory=dict)
    differing: dict[str, frozenset[str]] = field(default_factory=dict)
    asked: dict[tuple[str, tuple[str, str]], bool] = field(default_factory=dict)
    hanging: dict[tuple[int, str], bool] = field(default_factory=dict)
    spent: int = 0
    full: bool = False

    def run(self, decided: Iterator[Decision | Problem]) -> Iterator[Decision | Problem]:
        by_default: dict[tuple[str, str], list[Decision]] = {}
        for decision in decided:
            if isinstance(decision, Problem):
                yield decision
            else:
                by_default.setdefault((decision.rule.id, decision.resource.address), []).append(decision)
        root, touched = self.alternatives.open(), self.alternatives.touched
        opened = self._graph(root)
        assert opened is not None
        for resource in opened.resources:
            for policy in self.pack.for_kinds(resource.type, resource.native_type):
                key = (policy.rule.id, resource.address)
                open_ = resource.address in touched and any(d.verdict == "undecided" for d in by_default.get(key, ()))
                if open_ or self._may_differ(policy, resource, opened):
                    here = by_default.pop(key, [])
                    if not self._is_open(policy, resource, opened, root):
                        yield from self._always(resource.address, here)
                    else:
                        yield from self._in_all_cases(policy, resource, here, root)
                elif resource.address in touched:
                    yield from self._always(resource.address, by_default.pop(key, []))
        for group in by_default.values():
            yield from group
        if self.full:
            yield self._limit()

    def _is_open(self, policy: Policy, resource: Resource, opened: Graph, root: World) -> bool:
        """Whether something that may be chosen can change what is decided by default, or where."""
        return resource.address not in self.graph.by_address or self._chooses(policy, resource, opened, root)

    def _chooses(self, policy: Policy, resource: Resource, graph: Graph, world: World) -> bool:
        """Whether anything that a decision may look at hangs on a choice that ``world`` leaves open.

        Much quicker than to ask why a decision is open, and mostly the answer is no.
        """
        others = list(self._relatives(policy, resource, graph))
        if any(self._may_split(other, resource, world) for other in others):
            return True
        words = policy.words
        return any(self._hangs_on_choice(each, words, world) for each in (resource, *others))

    @staticmethod
    def _may_split(other: Resource, resource: Resource, world: World) -> bool:
        """Whether it is open if a relative exists, and not for the reason that the resource itself may not."""
        reason = world.uncertain.get(other.address)
        return reason is not None and reason != world.uncertain.get(resource.address) and world.hangs(reason)

    def _hangs_on_choice(self, resource: Resource, words: frozenset[str] | None, world: World) -> bool:
        for name, value in resource.attributes.items():
            if words is None or name in words or name == REST:
                key = id(resource), name
                known = self.hanging.get(key)
                if known is None:
                    known = self.hanging[key] = any(map(world.hangs, _reasons(value)))
                if known:
                    return True
        return False

    def _always(self, address: str, here: list[Decision]) -> Iterator[Decision]:
        """What is decided by default, where it is the same in all cases in which the resource exists."""
        when = self.alternatives.touched.get(address, "")
        for decision in here:
            yield _with_when(decision, when, True) if when and decision.verdict == "violated" else decision

    def _may_differ(self, policy: Policy, resource: Resource, opened: Graph) -> bool:
        """Whether a policy may decide otherwise on a resource of the ``opened`` graph than it does by default."""
        if resource.parent and decided_at_parent(policy, opened, resource):
            return False
        address, touched = resource.address, self.alternatives.touched
        if address not in self.graph.by_address or (
            address in touched and self._sees(policy, self._differing(resource))
        ):
            return True
        if any(part.address in touched for part in self._parts(opened).get(address, ())):
            return True
        return any(self._asks_touched(question, resource, opened) for question in policy.looks_at)

    def _asks_touched(self, question: tuple[str, str], resource: Resource, opened: Graph) -> bool:
        """Whether a function gives a resource that may turn out otherwise; ``question``: the function, and the type."""
        key = "" if question[0] == "resources" else resource.address, question
        known = self.asked.get(key)
        if known is None:
            touched = self.alternatives.touched
            found = self._asked(*question, resource, opened)
            known = self.asked[key] = any(other.address in touched for other in found)
        return known

    def _differing(self, opened: Resource) -> frozenset[str]:
        """The attributes of a resource that are not what they are by default."""
        known = self.differing.get(opened.address)
        if known is None:
            ours, theirs = self.graph.by_address[opened.address].attributes, opened.attributes
            names = (n for n in {**ours, **theirs} if n not in ours or n not in theirs or ours[n] != theirs[n])
            known = self.differing[opened.address] = frozenset(names)
        return known

    def _sees(self, policy: Policy, attributes: frozenset[str]) -> bool:
        """Whether a policy may look at one of the attributes; one that looks at all of a resource does."""
        words = policy.words
        return bool(attributes) and (words is None or REST in attributes or not words.isdisjoint(attributes))

    def _relatives(self, policy: Policy, resource: Resource, graph: Graph) -> Iterator[Resource]:
        """The other resources that a decision may look at: folded sub-resources, and what its functions ask for.

        Of those that it may look at wherever they are, only what may turn out otherwise.
        """
        yield from self._parts(graph).get(resource.address, ())
        for function, kind in policy.looks_at:
            found = self._asked(function, kind, resource, graph)
            yield from (
                found if function != "resources" else (r for r in found if r.address in self.alternatives.touched)
            )

    @staticmethod
    def _asked(function: str, kind: str, resource: Resource, graph: Graph) -> Iterable[Resource]:
        """What a function gives that looks at other resources."""
        if function == "resources":
            return graph.by_type.get(kind, ()) if kind else graph.resources
        return graph.targets(resource, kind) if function == "targets" else graph.referrers(resource, kind)

    def _parts(self, graph: Graph) -> Mapping[str, list[Resource]]:
        """Address -> the sub-resources that are folded into the resource there."""
        known = self.parts.get(id(graph))
        if known is None:
            known = self.parts[id(graph)] = {}
            for resource in graph.resources:
                if resource.parent:
                    known.setdefault(resource.parent, []).append(resource)
        return known

    def _family(self, address: str, root: World) -> frozenset[str]:
        """A resource and all that is folded into it: what a policy that does not look around can see."""
        found, pending = {address}, [address]
        parts = self._parts(self.graphs[id(root)][1])
        while pending:
            inner = [r.address for r in parts.get(pending.pop(), ()) if r.address not in found]
            found.update(inner)
            pending += inner
        return frozenset(found)

    def _seen(self, policy: Policy, resource: Resource, root: World) -> frozenset[str]:
        """The addresses that a decision may look at in any world, for ``root`` has all links."""
        graph = self.graphs[id(root)][1]
        seen = [resource]
        for function, kind in policy.looks_at:
            seen += self._asked(function, kind, resource, graph)
        return frozenset().union(*(self._family(other.address, root) for other in seen))

    def _in_all_cases(
        self, policy: Policy, opened: Resource, here: list[Decision], root: World
    ) -> Iterator[Decision | Problem]:
        address = opened.address
        leaves: list[Leaf] = []
        reasons: list[str] = []
        pending = [root]
        while pending:
            world = pending.pop()
            graph = self._graph(world)
            if graph is None or len(leaves) > MAX_LEAVES:
                self.full = True
                yield from here
                return
            resource = graph.by_address.get(address)
            if resource is None:
                continue  # it does not exist in this case
            if reason := self._split_by(policy, world, resource, graph):
                reasons.append(reason)
                only = self._seen(policy, opened, root)
                pending += reversed(world.split(reason, only, _alike(policy, resource, graph, reason)))
                continue
            if world is root and address in self.graph.by_address:  # nothing to tell apart
                yield from self._always(address, here) if not here or root.default(address) else here
                return
            found = decide_one(policy, resource, graph, self.stack.name)
            decisions = tuple(d for d in found if isinstance(d, Decision))
            if len(decisions) < len(found):
                yield from (d for d in found if isinstance(d, Problem))
                return
            leaves.append(Leaf(world, decisions))
        if here and not any(leaf.world.default(address) for leaf in leaves):
            yield from here
            return
        yield from self._merged(address, here, leaves, reasons)

    def _split_by(self, policy: Policy, world: World, resource: Resource, graph: Graph) -> str:
        """The reason of what to tell apart next in ``world``; "" where it settles all that can be settled."""
        if not self._chooses(policy, resource, graph, world):
            return ""
        for other in self._relatives(policy, resource, graph):
            if self._may_split(other, resource, world):
                return world.uncertain[other.address]
        return next(filter(world.hangs, open_reasons(policy, resource, graph)), "")

    def _graph(self, world: World) -> Graph | None:
        """The world's graph; None where no more worlds may be evaluated."""
        known = self.graphs.get(id(world))
        if known is not None:
            return known[1]
        if self.graphs and (len(self.graphs) >= MAX_WORLDS or self.spent > MAX_RESOURCES):
            return None
        graph, _ = normalise(world.stack)
        self.spent += len(graph.resources)
        self.graphs[id(world)] = world, graph
        return graph

    def _merged(self, address: str, here: list[Decision], leaves: list[Leaf], reasons: list[str]) -> Iterator[Decision]:
        """One decision for each place where something is wrong in one of the cases, else that nothing is."""
        places = _by_place(leaves)
        existing = address in self.graph.by_address
        defaults = {i for i, leaf in enumerate(leaves) if leaf.world.default(address)} if existing else set()
        violated = {p: {i for i, d in found.items() if d.verdict == "violated"} for p, found in places.items()}
        sure = {p for p, where in violated.items() if defaults and where.issuperset(defaults)}
        if not sure and defaults and set().union(*violated.values()).issuperset(defaults):
            sure = {p for p, where in violated.items() if where.intersection(defaults)}
        silent = True
        for place, found in places.items():
            where = violated[place]
            if where:
                silent = False
                yield _with_when(
                    found[min(where & defaults or where)], self._when(address, leaves, where, reasons), place in sure
                )
            elif open_ := sorted(defaults.intersection(found)):
                silent = False
                yield found[open_[0]]
        if silent and here:
            yield replace(here[0], verdict="satisfied", path=(), message="", reasons_of=tuple)

    def _when(self, address: str, leaves: list[Leaf], where: set[int], reasons: list[str]) -> str:
        parts = [self.alternatives.touched.get(address, "")]
        if len(where) < len(leaves):
            inside = [leaves[i].world.features for i in sorted(where)]
            outside = [leaf.world.features for i, leaf in enumerate(leaves) if i not in where]
            parts.append(separating(inside, outside, reasons))
        said = list(dict.fromkeys(filter(None, parts)))
        return (", and " if any(", or " in part for part in said) else " and ").join(said)

    def _limit(self) -> Problem:
        span = next((r.span for r in self.graph.resources), Span(self.stack.name, 1, 1, 1, 2))
        message = (
            f"conditions and parameters of this template allow more than {MAX_WORLDS} cases that matter; "
            "what hangs on those that were not looked at is decided by default"
        )
        hint = "give parameters with --parameter NAME=VALUE"
        return Problem("too-large", Span(self.stack.name, span.line, 1, span.line, 2), message, hint, notice=True)


def _reasons(value: Value) -> Iterator[str]:
    """Why parts of a value are not known."""
    pending = [value]
    while pending:
        at = pending.pop()
        if isinstance(at, dict):
            pending += at.values()
        elif isinstance(at, list):
            pending += at
        elif isinstance(at, Unknown):
            yield at.reason
            pending += (*at.parts, *at.choices, *at.keys, at.encodes)
        elif isinstance(at, Encoded):
            pending.append(at.value)


def _alike(policy: Policy, resource: Resource, graph: Graph, reason: str) -> Callable[[Value], Hashable]:
    """Tells values apart by what a policy seems to decide where they are what is not known for one reason.

    It says only which values to look at together first: each case is evaluated by itself after that.
    """
    violating: set[Hashable] = set()

    def alike(value: Value) -> Hashable:
        attributes = _with(value, resource.attributes, reason, 0)
        found = answers(policy, replace(resource, attributes=attributes), graph)
        if True not in found or found in violating:
            return found
        violating.add(found)
        return found, value  # a case of its own, so that the message can name a value

    return alike


def _with(value: Value, part: Value, reason: str, depth: int) -> Value:
    """``part`` where what is not known for one reason is ``value``."""
    if isinstance(part, Unknown):
        return value if part.reason == reason and value in part.choices else part
    if depth > _GUESS_DEPTH:
        return part
    if isinstance(part, dict):
        return {name: _with(value, inner, reason, depth + 1) for name, inner in part.items()}
    return [_with(value, inner, reason, depth + 1) for inner in part] if isinstance(part, list) else part


def _by_place(leaves: list[Leaf]) -> Mapping[Span, dict[int, Decision]]:
    """Place -> number of the case -> the decision there; satisfied ones left out."""
    found: dict[Span, dict[int, Decision]] = {}
    for index, leaf in enumerate(leaves):
        for decision in leaf.decisions:
            if decision.verdict != "satisfied":
                here = found.setdefault(decision.resource.locate(decision.path).span, {})
                known = here.get(index)
                if known is None or known.verdict == "undecided":
                    here[index] = decision
    return found


def _with_when(decision: Decision, when: str, sure: bool) -> Decision:
    message = f"{decision.message}, when {when}" if when else decision.message
    if sure:
        return replace(decision, verdict="violated", message=message, reasons_of=tuple, when=when)
    said = (f"it is violated when {when}",)
    return replace(decision, verdict="undecided", message=message, reasons_of=lambda: said, when=when)
