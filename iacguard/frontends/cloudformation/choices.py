"""What the deployer of a template decides: parameters that may be given, comparisons that only the deployment settles.

A *state* says what is decided so far: for a parameter the case that is left, for a comparison its answer. The empty
state leaves everything open. The stack itself is evaluated by default (:meth:`Choices.by_default`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from typing import TypeAlias

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.parameters import (
    PSEUDO,
    Case,
    Declaration,
    Parameter,
    conditional,
    declarations,
    refused,
)
from iacguard.frontends.cloudformation.scope import Scope
from iacguard.frontends.cloudformation.template import Template
from iacguard.model import Step, Unknown, Value
from iacguard.record import record

#: Parameter's name -> the case that is left of it; comparison's text -> its answer.
State: TypeAlias = "Mapping[str, Case | bool]"
#: Guesses which values of a parameter come to the same: those that it returns the same for.
Alike: TypeAlias = Callable[[Value], Hashable]


@record(slots=False)
class Choices:
    """The choices of whoever deploys ``template``, less those that the user has made already (``given``)."""

    template: Template
    given: Mapping[str, str]

    @cached_property
    def declared(self) -> dict[str, Declaration]:
        return declarations(self.template.origin, self.template.parameters)

    @cached_property
    def _compared(self) -> dict[str, tuple[str, ...]]:
        entries = {e.name: e for e in (*self.template.conditions.values(), *self.template.condition_loops)}
        return conditional(entries)

    @cached_property
    def varying(self) -> frozenset[str]:
        """The parameters of which another value can make another stack that we can look at."""
        found = {name for name in self._compared if name in PSEUDO}
        for name, declaration in self.declared.items():
            if name in self.given or declaration.looked_up:
                continue
            values = declaration.any.values
            others = [value for value in values if value != declaration.default]
            if others or (not values and name in self._compared):
                found.add(name)
        return frozenset(found)

    def by_default(self) -> Scope:
        """What counts when nothing more is given than the user has given."""
        parameters = {name: self._by_default(name) for name in self.declared}
        hidden = {name: self._pseudo(name, Case()) for name in self.varying if name in PSEUDO}
        return Scope({**parameters, **hidden})

    def _by_default(self, name: str) -> Parameter:
        declaration = self.declared[name]
        if name in self.given:
            return declaration.given(self.given[name])
        return declaration.by_default(frozenset((name,)) if name in self.varying else frozenset())

    def refused(self) -> list[Problem]:
        """The problems of the values that the user gives."""
        found = [refused(d, self.given[name]) for name, d in self.declared.items() if name in self.given]
        return [problem for problem in found if problem is not None]

    def under(self, state: State) -> Scope:
        """The scope in which ``state`` is decided and everything else that varies is open."""
        if not state:
            return self._undecided
        parameters, hangs = dict(self._undecided.parameters), dict(self._undecided.hangs)
        settled: dict[str, bool] = {}
        for name, case in state.items():
            if isinstance(case, bool):
                settled[name] = case
                continue
            hangs.pop(self._open(name, self._any(name))[1], None)
            parameters[name], reason = self._open(name, case)
            if reason:
                hangs[reason] = name
        return Scope(parameters, settled=settled, hangs=hangs)

    @cached_property
    def _undecided(self) -> Scope:
        """The scope in which all that varies is open."""
        parameters = {name: self._by_default(name) for name in self.declared if name not in self.varying}
        hangs: dict[str, str] = {}
        for name in self.varying:
            parameters[name], reason = self._open(name, self._any(name))
            if reason:
                hangs[reason] = name
        return Scope(parameters, hangs=hangs)

    @cached_property
    def _opened(self) -> dict[tuple[str, Case], tuple[Parameter, str]]:
        return {}

    def _open(self, name: str, case: Case) -> tuple[Parameter, str]:
        """A parameter that varies in one case, and the reason that hangs on it where the case can be divided."""
        known = self._opened.get((name, case))
        if known is None:
            touches = frozenset((name,))
            pseudo = name in PSEUDO
            made = self._pseudo(name, case) if pseudo else self.declared[name].under(case, touches)
            reason = PSEUDO[name] if pseudo else self._reason(name, case)
            known = self._opened[name, case] = made, reason if self.parts(name, case) else ""
        return known

    def _case(self, name: str, state: State) -> Case:
        found = state.get(name)
        return found if isinstance(found, Case) else self._any(name)

    def _any(self, name: str) -> Case:
        return Case() if name in PSEUDO else self.declared[name].any

    def _pseudo(self, name: str, case: Case) -> Parameter:
        touches = frozenset((name,))
        if case.single:
            origin, root = self.template.origin, self.template.root
            return Parameter(
                case.values[0], lambda: Step(origin.span(root, root), f"{name}, as compared"), touches=touches
            )
        unknown = Unknown(PSEUDO[name], "data", present=name != "AWS::NotificationARNs")
        return Parameter(unknown, touches=touches, unlike=case.unlike)

    def _reason(self, name: str, case: Case) -> str:
        value = self.declared[name].under(case).value
        inner = value[0] if isinstance(value, list) and value else value
        return inner.reason if isinstance(inner, Unknown) else ""

    def parts(self, name: str, case: Case, alike: Alike | None = None) -> tuple[Case, ...]:
        """The cases that one falls into, the default first; () where it cannot be divided.

        ``alike`` guesses which values come to the same, and so belong into one case.
        """
        default = None if name in PSEUDO else self.declared[name].default
        named = dict.fromkeys((*(() if default is None else (default,)), *self._compared.get(name, ())))
        if not case.values:
            if case.unlike or not named:
                return ()
            return (*(Case((text,)) for text in named), Case(unlike=tuple(named)))
        if case.single:
            return ()
        own = [text for text in named if text in case.values]
        rest = tuple(text for text in case.values if text not in named)
        return (*(Case((text,)) for text in own), *map(Case, self._grouped(name, rest, alike, not own)))

    def _grouped(
        self, name: str, texts: tuple[str, ...], alike: Alike | None, alone: bool
    ) -> Iterator[tuple[str, ...]]:
        """Texts by what they seem to come to; where that is always the same, together, or in halves where ``alone``.

        Not one by one: what does not matter is then seen of many at once.
        """
        groups: dict[Hashable, list[str]] = {}
        if alike is not None and len(texts) > 2:
            for text in texts:
                groups.setdefault(alike(self.declared[name].typed(text)), []).append(text)
        if len(groups) > 1:
            yield from map(tuple, groups.values())
        elif texts:
            half = len(texts) // 2 if alone else 0
            yield from filter(None, (texts[:half], texts[half:]))

    def split(self, state: State, choice: str, alike: Alike | None = None) -> tuple[State, ...]:
        """The states that ``state`` falls into by one choice: a parameter's name, or a comparison's text."""
        if choice in self.varying:
            return tuple({**state, choice: part} for part in self.parts(choice, self._case(choice, state), alike))
        return () if choice in state else ({**state, choice: True}, {**state, choice: False})

    def is_default(self, state: State) -> bool:
        """Whether all that is decided is what counts when nothing is given."""
        for name, case in state.items():
            if isinstance(case, bool) or name in PSEUDO:
                continue
            default = self.declared[name].default
            if default is not None and case.values != (default,):
                return False
        return True

    @property
    def defaults(self) -> State:
        """The state in which everything that has a default has it."""
        names = ((name, self.declared[name].default) for name in self.varying if name not in PSEUDO)
        return {name: Case((default,)) for name, default in names if default is not None}

    def said(self, state: State) -> dict[str, str]:
        """The parameters that are decided, for people: ``{'parameter "Env"': '"dev" or "test"'}``."""
        found: dict[str, str] = {}
        for name, case in state.items():
            if isinstance(case, bool):
                continue
            secret = name not in PSEUDO and self.declared[name].secret
            label = name if name in PSEUDO else f'parameter "{name}"'
            if case.values:
                texts = "a certain text" if secret else " or ".join(f'"{text}"' for text in case.values)
            else:
                texts = "something else"
            found[label] = texts
        return found
