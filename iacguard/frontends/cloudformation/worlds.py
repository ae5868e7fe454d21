"""How a template may turn out: the worlds of :class:`iacguard.frontends.contract.Alternatives`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cached_property

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.attributes import Before, Known
from iacguard.frontends.cloudformation.choices import Choices, State
from iacguard.frontends.cloudformation.evaluation import (
    Evaluated,
    can_be,
    condition_features,
    evaluated,
    without_impossible,
)
from iacguard.frontends.cloudformation.nested import Library, Nest
from iacguard.frontends.cloudformation.truths import OPEN_COMPARISON
from iacguard.frontends.contract import Stack, World
from iacguard.model import Value
from iacguard.record import field, record, replace


@record(frozen=False, slots=False)
class TemplateAlternatives:
    """Those of one template. ``base`` is how it was evaluated by default, ``problems`` what was told of it then."""

    name: str
    choices: Choices
    library: Library
    base: Evaluated
    problems: tuple[Problem, ...] = ()
    _worlds: dict[object, TemplateWorld] = field(default_factory=dict)

    @property
    def touched(self) -> Mapping[str, str]:
        return self.base.touched

    @cached_property
    def _untouched(self) -> Known:
        """The resources that are the same in every world."""
        base = self.base
        return {a: (r, base.edges[a]) for a, r in base.resources.items() if a not in base.touched}

    def open(self) -> World:
        return self.world({}, None, Before(self._untouched, self.base.apart))

    def world(self, state: State, only: frozenset[str] | None, before: Before) -> TemplateWorld:
        """The world of ``state``; the same one each time."""
        key = only, tuple(sorted(state.items(), key=lambda item: item[0]))
        if key not in self._worlds:
            self._worlds[key] = TemplateWorld(self, state, only, before)
        return self._worlds[key]

    def after(self, found: Evaluated, choice: str) -> Before:
        """What there is to start from where, of what was open in ``found``, one choice is decided."""
        decided = choice if choice in self.choices.varying else OPEN_COMPARISON
        return Before(self._untouched, found.apart, decided, found.record.hangs)


@record(frozen=False, eq=False, slots=False)
class TemplateWorld:
    """One of them: a state of the choices, evaluated when first asked for; of ``only`` these resources if given."""

    alternatives: TemplateAlternatives
    state: State
    only: frozenset[str] | None
    before: Before

    @cached_property
    def _evaluated(self) -> Evaluated:
        whole = self.alternatives
        scope = whole.choices.under(self.state)
        found = evaluated(whole.choices.template, scope, Nest(whole.library), self.before, self.only)
        return without_impossible(found, whole.choices, self.state)

    @cached_property
    def stack(self) -> Stack:
        # What is not evaluated by default is not in any world.
        return replace(stack_of(self.alternatives.name, self._evaluated), problems=self.alternatives.problems)

    def default(self, address: str) -> bool:
        choices = self.alternatives.choices
        if not choices.is_default(self.state):
            return False
        condition = self._evaluated.conditions.get(address) if address in self._evaluated.uncertain else None
        return not condition or can_be(condition, choices, {**choices.defaults, **self.state})

    @property
    def uncertain(self) -> Mapping[str, str]:
        return self._evaluated.uncertain

    @cached_property
    def features(self) -> Mapping[str, str]:
        found = dict(condition_features(self._evaluated.evaluators))
        found.update(self.alternatives.choices.said(self.state))
        return found

    @cached_property
    def _hanging(self) -> dict[str, bool]:
        return {}

    def hangs(self, reason: str) -> bool:
        known = self._hanging.get(reason)
        if known is None:
            choice = self._choice(reason)
            known = self._hanging[reason] = bool(choice and self.alternatives.choices.split(self.state, choice))
        return known

    def split(
        self, reason: str, only: frozenset[str] | None = None, alike: Callable[[Value], Hashable] | None = None
    ) -> tuple[World, ...]:
        choice = self._choice(reason)
        states = self.alternatives.choices.split(self.state, choice, alike) if choice else ()
        before = self.alternatives.after(self._evaluated, choice)
        return tuple(self.alternatives.world(state, only or self.only, before) for state in states)

    def _choice(self, reason: str) -> str:
        return self._evaluated.evaluators[0].hanging(reason)


def stack_of(name: str, found: Evaluated) -> Stack:
    """What evaluating came to as a stack, without its problems."""
    resources = tuple(found.resources.values())
    edges = tuple(edge for group in found.edges.values() for edge in group)
    return Stack(name, "cloudformation", resources, edges)
