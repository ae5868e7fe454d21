"""What of an evaluator tells whether a condition is true: conditions by name, comparisons, what they hang on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from yaml.nodes import Node, ScalarNode

from iacguard.findings import ProblemKind
from iacguard.frontends.cloudformation.conditions import Truth, conjunction, disjunction, negation
from iacguard.frontends.cloudformation.nodes import Call, Entry, call_of, items, members, text_of
from iacguard.frontends.cloudformation.parameters import Parameter
from iacguard.frontends.cloudformation.scope import Record, Scope
from iacguard.frontends.cloudformation.template import Template
from iacguard.frontends.cloudformation.texts import as_text, equal, looped
from iacguard.frontends.cloudformation.values import canonical, first_reason, truth_of
from iacguard.model import Unknown, Value

#: A condition may name another; so many in a row, no further.
_MAX_CHAIN = 50
#: Stands among the touched choices for a comparison that only the deployment settles.
OPEN_COMPARISON = "?"


class Truths(ABC):
    """The conditions of ``template`` in ``scope``; what they are made of is evaluated by :meth:`value`."""

    def __init__(self, template: Template, scope: Scope, record: Record) -> None:
        self.template = template
        self.scope = scope
        self.record = record
        #: Loop variables of ``Fn::ForEach``, by name.
        self.bound: Mapping[str, str] = {}
        self._truths: dict[str, tuple[Truth, frozenset[str]]] = {}
        self._open: list[str] = []

    @abstractmethod
    def value(self, node: Node, in_list: bool = False) -> Value:
        """The value of ``node``; NO_VALUE where it says that there is none."""

    @abstractmethod
    def wrong(self, kind: ProblemKind, node: Node, message: str, notice: bool = False) -> Unknown:
        """Report that the code is wrong here; the value to go on with."""

    @property
    @abstractmethod
    def made_conditions(self) -> Mapping[str, tuple[Truths, Entry]]:
        """The conditions that loops make, by name, each with the evaluator to read it with."""

    @property
    @abstractmethod
    def open_names(self) -> bool:
        """Whether what is not in the template may be made by something that is not evaluated."""

    def truth_of_name(self, node: Node) -> Truth:
        """The truth of a condition's name, as ``Fn::If`` and a resource's ``Condition`` give it."""
        name = text_of(node)
        return self.condition(looped(name, self.bound), node) if name is not None else self.truth(node)

    def condition(self, name: str, node: Node) -> Truth:
        """The truth of a named condition; ``node`` is where it is named."""
        if name in self.scope.assumed:
            return Truth(self.scope.assumed[name])
        known = self._truths.get(name)
        if known is None:
            before, self.record.touched = self.record.touched, set()
            known = self._named_condition(name, node), frozenset(self.record.touched)
            self.record.touched = before
            if name not in self._open:
                self._truths[name] = known
        self.record.touched |= known[1]
        return known[0]

    def _named_condition(self, name: str, node: Node) -> Truth:
        entry = self.template.conditions.get(name)
        evaluator = self
        if entry is None:
            evaluator, entry = self.made_conditions.get(name, (self, None))
        if entry is None:
            return self._no_truth("reference", node, f'there is no condition "{name}"', self.open_names)
        if name in self._open:
            return self._no_truth("reference", entry.key, f'condition "{name}" depends on itself')
        if len(self._open) >= _MAX_CHAIN:
            message = f"more than {_MAX_CHAIN} conditions depend on each other in a row"
            return self._no_truth("too-large", entry.key, message)
        self._open.append(name)
        truth = evaluator.truth(entry.value)
        self._open.pop()
        if truth.value is not None:
            return truth
        reason = f'condition "{self.scope.prefix}{name}" is not known: {truth.reason}'
        if truth.choice:
            self.record.hangs[reason] = truth.choice
        return Truth(None, reason, truth.choice)

    def truth(self, node: Node) -> Truth:
        """The truth of a condition's expression."""
        call = call_of(node)
        if call is None:
            return self._named_or_literal(node)
        arguments = items(call.argument)
        if call.name == "Condition":
            return self.truth_of_name(call.argument)
        if call.name == "Fn::Equals" and len(arguments) == 2:
            return self._compared(call, arguments)
        if call.name == "Fn::Not" and len(arguments) == 1:
            return negation(self.truth(arguments[0]))
        if call.name == "Fn::And" and arguments:
            return conjunction([self.truth(argument) for argument in arguments])
        if call.name == "Fn::Or" and arguments:
            return disjunction([self.truth(argument) for argument in arguments])
        if call.name in ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or"):
            return self._no_truth("value", call.node, f"{call.name} has the wrong number of arguments")
        return truth_of(self.value(node))

    def _compared(self, call: Call, arguments: list[Node]) -> Truth:
        """``Fn::Equals``. One that is not known hangs on a choice of the deployer, or is a choice of its own."""
        left, right = (self.comparable(argument) for argument in arguments)
        answer = equal(left, right)
        if answer is None:
            answer = self._excluded(arguments[0], right) or self._excluded(arguments[1], left)
            answer = False if answer else None
        if answer is not None:
            return Truth(answer)
        self.record.touched.add(OPEN_COMPARISON)
        reason = first_reason(left, right)
        choice = self.hanging(reason)
        if choice:
            return Truth(None, reason, choice)
        text = f"{self.scope.prefix}{canonical(call.node, self.bound)}"
        if text in self.scope.settled:
            return Truth(self.scope.settled[text])
        return Truth(None, reason, text)

    def hanging(self, reason: str) -> str:
        """The choice of the deployer that would settle an unknown of this reason, "" for none."""
        return self.scope.hangs.get(reason) or self.record.hangs.get(reason, "")

    def comparable(self, node: Node) -> Value:
        """The value of ``node`` for a comparison: of a secret parameter its text, where that is known."""
        value = self.value(node)
        parameter = self._parameter_of(node)
        return parameter.hidden if parameter is not None and parameter.hidden is not None else value

    def _excluded(self, node: Node, other: Value) -> bool:
        parameter = self._parameter_of(node)
        return parameter is not None and as_text(other) in parameter.unlike

    def _parameter_of(self, node: Node) -> Parameter | None:
        call = call_of(node)
        if call is None or call.name != "Ref" or not isinstance(call.argument, ScalarNode):
            return None
        return self.scope.parameters.get(call.argument.value)

    def _no_truth(self, kind: ProblemKind, node: Node, message: str, notice: bool = False) -> Truth:
        self.wrong(kind, node, message, notice)
        return Truth(None, message)

    def _named_or_literal(self, node: Node) -> Truth:
        found = list(members(node))
        if len(found) == 1 and found[0].name == "Condition":
            return self.truth_of_name(found[0].value)
        return truth_of(self.value(node))
