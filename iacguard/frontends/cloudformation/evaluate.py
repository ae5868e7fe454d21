"""The evaluator of one template: nodes to values, in one scope of parameters and conditions.

What a function does stands in :mod:`functions`; here is what they share: the walk, names, conditions, problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.findings import Problem, ProblemKind
from iacguard.frontends.cloudformation.conditions import Truth, conjunction, disjunction, negation
from iacguard.frontends.cloudformation.nodes import Call, Entry, call_of, items, members, text_of
from iacguard.frontends.cloudformation.parameters import Parameter
from iacguard.frontends.cloudformation.template import Template
from iacguard.frontends.cloudformation.texts import equal, resolved
from iacguard.frontends.yamlscalars import cloudformation_plain, tagged
from iacguard.model import REST, Reference, Unknown, Value

#: A condition may name another; so many in a row, no further.
_MAX_CHAIN = 50
#: Past so many, the set of values that a property may have is not kept.
_MAX_CHOICES = 16


class _NoValue:
    """What ``AWS::NoValue`` evaluates to: whatever holds it is left out."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = _NoValue()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a template is evaluated under. ``assumed`` are conditions taken as given, whatever they say themselves."""

    parameters: Mapping[str, Parameter]
    assumed: Mapping[str, bool]


#: What a function does with its call; ``Fn::If`` is the evaluator's own, for it depends on what holds it.
Function: TypeAlias = "Callable[[Evaluator, Call], Value]"


class Evaluator:
    """Evaluates nodes of ``template``. Bad code becomes a Problem in ``problems`` and an Unknown of kind "error"."""

    def __init__(self, template: Template, scope: Scope, functions: Mapping[str, Function]) -> None:
        self.template = template
        self._functions = functions
        self.origin = template.origin
        self.scope = scope
        self.problems: list[Problem] = []
        #: The resources that were referred to since the list was last emptied.
        self.referred: list[Reference] = []
        self._truths: dict[str, Truth] = {}
        self._open: list[str] = []

    def value(self, node: Node, in_list: bool = False) -> Value:
        """The value of ``node``; NO_VALUE where it says that there is none."""
        call = call_of(node)
        if call is not None:
            return self._called(call, in_list)
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if isinstance(node, MappingNode):
            return self.mapping(node)
        values = [self.value(item, in_list=True) for item in node.value]
        return [value for value in values if value is not NO_VALUE]

    def mapping(self, node: Node) -> dict[str, Value]:
        """The members of a mapping, without those that have no value."""
        found: dict[str, Value] = {}
        for entry in members(node):
            value = self.member_value(entry)
            if value is not NO_VALUE:
                found[REST if _is_expansion(entry.name) else entry.name] = value
        return found

    def member_value(self, entry: Entry) -> Value:
        """The value of one member; a loop or a macro that stands for members of its own is unknown, with a notice."""
        if not _is_expansion(entry.name):
            return self.value(entry.value)
        return self.not_evaluated(entry.key, f"{entry.name} is not evaluated")

    def _called(self, call: Call, in_list: bool) -> Value:
        if call.name == "Fn::If":
            return self.choose(call, in_list)
        function = self._functions.get(call.name)
        if function is not None:
            return function(self, call)
        if self.template.macros or call.name.startswith("Rain::"):
            return self.not_evaluated(call.node, f"{call.name} is not a function of CloudFormation itself")
        return self.wrong("reference", call.node, f"there is no intrinsic function {call.name}")

    # --- conditions -------------------------------------------------------------------------------------------

    def choose(self, call: Call, in_list: bool = False) -> Value:
        """``Fn::If``. Under a condition that is not known it is one of its two values."""
        arguments = items(call.argument)
        if len(arguments) != 3:
            return self.wrong("value", call.node, "Fn::If takes a condition and two values")
        truth = self.truth_of_name(arguments[0])
        if truth.value is not None:
            return self.value(arguments[1 if truth.value else 2], in_list)
        branches = [self.value(argument, in_list) for argument in arguments[1:]]
        return _one_of(branches, truth.reason, in_list)

    def truth_of_name(self, node: Node) -> Truth:
        """The truth of a condition's name, as ``Fn::If`` and a resource's ``Condition`` give it."""
        name = text_of(node)
        return self.condition(name, node) if name is not None else self.truth(node)

    def condition(self, name: str, node: Node) -> Truth:
        """The truth of a named condition; ``node`` is where it is named."""
        if name in self.scope.assumed:
            return Truth(self.scope.assumed[name])
        if name in self._truths:
            return self._truths[name]
        entry = self.template.conditions.get(name)
        if entry is None:
            return self._no_truth("reference", node, f'there is no condition "{name}"', self.template.open_names)
        if name in self._open:
            return self._no_truth("reference", entry.key, f'condition "{name}" depends on itself')
        if len(self._open) >= _MAX_CHAIN:
            message = f"more than {_MAX_CHAIN} conditions depend on each other in a row"
            return self._no_truth("too-large", entry.key, message)
        self._open.append(name)
        truth = self.truth(entry.value)
        self._open.pop()
        if truth.value is None:
            truth = Truth(None, f'condition "{name}" is not known: {truth.reason}')
        self._truths[name] = truth
        return truth

    def truth(self, node: Node) -> Truth:
        """The truth of a condition's expression."""
        call = call_of(node)
        if call is None:
            return self._named_or_literal(node)
        arguments = items(call.argument)
        if call.name == "Condition":
            return self.truth_of_name(call.argument)
        if call.name == "Fn::Equals" and len(arguments) == 2:
            left, right = self.value(arguments[0]), self.value(arguments[1])
            answer = equal(left, right)
            unknown = next((v.reason for v in (left, right) if isinstance(v, Unknown)), "part of a list is not known")
            return Truth(answer, "" if answer is not None else unknown)
        if call.name == "Fn::Not" and len(arguments) == 1:
            return negation(self.truth(arguments[0]))
        if call.name == "Fn::And" and arguments:
            return conjunction([self.truth(argument) for argument in arguments])
        if call.name == "Fn::Or" and arguments:
            return disjunction([self.truth(argument) for argument in arguments])
        if call.name in ("Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or"):
            return self._no_truth("value", call.node, f"{call.name} has the wrong number of arguments")
        return _truth_of(self.value(node))

    def _no_truth(self, kind: ProblemKind, node: Node, message: str, notice: bool = False) -> Truth:
        self.wrong(kind, node, message, notice)
        return Truth(None, message)

    def _named_or_literal(self, node: Node) -> Truth:
        found = list(members(node))
        if len(found) == 1 and found[0].name == "Condition":
            return self.truth_of_name(found[0].value)
        return _truth_of(self.value(node))

    # --- names ------------------------------------------------------------------------------------------------

    def refer(self, node: Node, name: str, attribute: str) -> Value:
        """``Ref`` (no attribute) or ``Fn::GetAtt`` of a resource."""
        resource = self.template.resources.get(name)
        if resource is None:
            what = f'there is no {"resource" if attribute else "parameter or resource"} "{name}" in this template'
            if not self.template.open_names:
                return self.wrong("reference", node, what)
            return Unknown(f'"{name}" is made by a transform', kind="computed", present=True)
        self.referred.append(Reference(name, attribute))
        # Custom resources and nested stacks return what their own code says, also nothing.
        certain = not attribute or not resource.returns_anything
        reason = f"{name}.{attribute} is known once {name} is created" if attribute else f"{name} is created here"
        return Unknown(reason, kind="computed", reference=Reference(name, attribute), present=certain)

    # --- problems ---------------------------------------------------------------------------------------------

    def wrong(self, kind: ProblemKind, node: Node, message: str, notice: bool = False) -> Unknown:
        """Report that the code is wrong here; the value to go on with."""
        problem = self.origin.problem(kind, node, message, notice=notice)
        if problem not in self.problems:
            self.problems.append(problem)
        return Unknown(message, kind="error", span=problem.span)

    def not_evaluated(self, node: Node, message: str) -> Unknown:
        """Tell of something that is deliberately not evaluated; the value to go on with."""
        self.wrong("not-evaluated", node, message, notice=True)
        return Unknown(message, kind="function")

    # --- structure, for places --------------------------------------------------------------------------------

    def branches(self, node: Node) -> Iterator[Node]:
        """The nodes that ``node`` may stand for: itself, or the branches of ``Fn::If`` that may be taken."""
        pending = [node]
        while pending:
            at = pending.pop()
            call = call_of(at)
            arguments = items(call.argument) if call and call.name == "Fn::If" else []
            if len(arguments) != 3:
                yield at
                continue
            truth = self.truth_of_name(arguments[0]).value
            pending += [arguments[2]] if truth is not True else []
            pending += [arguments[1]] if truth is not False else []

    def kept_items(self, node: Node) -> list[Node]:
        """The items of a list that have a value, so that positions agree with :meth:`value`."""
        return [item for item in items(node) if self.value(item, in_list=True) is not NO_VALUE]


def _is_expansion(name: str) -> bool:
    return name.startswith("Fn::ForEach") or name == "Fn::Transform"


def _scalar(node: ScalarNode) -> Value:
    text: str = node.value
    value = cloudformation_plain(text) if node.tag == "" else text
    if node.tag not in ("", "tag:yaml.org,2002:str"):
        value = tagged(node.tag, text, cloudformation_plain(text))
    return resolved([value]) if isinstance(value, str) and "{{resolve:" in value else value


def _truth_of(value: Value) -> Truth:
    if isinstance(value, Unknown):
        return Truth(None, value.reason)
    text = str(value).lower()
    return Truth(text == "true" if text in ("true", "false") else None, "it is neither true nor false")


def _one_of(values: list[Value], reason: str, in_list: bool) -> Value:
    """One of ``values``, it is not known which. In a list, no value is no item; elsewhere it is null."""
    if all(value is NO_VALUE for value in values):
        return NO_VALUE
    choices: list[Value] = []
    spread = False
    for value in values:
        if value is NO_VALUE:
            spread = spread or in_list
            choices += [] if in_list else [None]
        elif isinstance(value, Unknown) and value.kind == "condition" and value.choices:
            spread = spread or value.spread
            choices += value.choices
        else:
            choices.append(value)
    distinct = [c for i, c in enumerate(choices) if not any(_same(c, d) for d in choices[:i])]
    if len(distinct) == 1 and not spread:
        return distinct[0]
    return Unknown(
        reason,
        kind="condition",
        choices=tuple(distinct) if len(distinct) <= _MAX_CHOICES else (),
        spread=spread,
        secret=any(isinstance(c, Unknown) and c.secret for c in distinct),
        present=not spread and all(_present(c) for c in distinct),
    )


def _same(left: Value, right: Value) -> bool:
    return type(left) is type(right) and bool(left == right)


def _present(value: Value) -> bool:
    if isinstance(value, Unknown):
        return value.present
    return value is not None and value not in ("", [], {})
