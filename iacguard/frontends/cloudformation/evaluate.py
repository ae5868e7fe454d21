"""The evaluator of one template: nodes to values, in one scope of parameters and conditions.

What a function does stands in :mod:`functions`; here is what they share: the walk, names, conditions, problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.findings import Problem, ProblemKind
from iacguard.frontends.cloudformation.conditions import Truth, conjunction, disjunction, negation
from iacguard.frontends.cloudformation.loops import FOR_EACH, unrolled
from iacguard.frontends.cloudformation.nodes import Call, Entry, call_of, items, member, members, text_of
from iacguard.frontends.cloudformation.parameters import Parameter
from iacguard.frontends.cloudformation.scope import Record, Scope
from iacguard.frontends.cloudformation.template import Declared, Template, declared
from iacguard.frontends.cloudformation.texts import as_text, equal, looped
from iacguard.frontends.cloudformation.values import (
    NO_VALUE,
    canonical,
    first_reason,
    one_of,
    scalar,
    text_value,
    truth_of,
)
from iacguard.frontends.jsontree import JsonMapping, JsonSequence, plain_text
from iacguard.frontends.yamlscalars import cloudformation_plain
from iacguard.model import REST, Reference, Unknown, Value
from iacguard.record import field, record, replace

#: Types of which a reference is an ARN, which tells them from the services that a trust policy names by a host's name.
_ISSUERS = frozenset(("AWS::IAM::OIDCProvider", "AWS::IAM::SAMLProvider"))

#: Attributes that are what the property of that name was given.
_ECHOED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("AWS::EC2::SecurityGroup", "VpcId"): "VpcId",
        ("AWS::EC2::Subnet", "AvailabilityZone"): "AvailabilityZone",
        ("AWS::EC2::Subnet", "CidrBlock"): "CidrBlock",
        ("AWS::EC2::Subnet", "VpcId"): "VpcId",
        ("AWS::EC2::VPC", "CidrBlock"): "CidrBlock",
    }
)

#: A condition may name another; so many in a row, no further.
_MAX_CHAIN = 50


@record(frozen=False)
class _Unrolling:
    """What the loops of one template make; worked out when first asked for."""

    resources: dict[str, Declared] = field(default_factory=dict)
    conditions: dict[str, tuple[Evaluator, Entry]] = field(default_factory=dict)
    unknown: list[Entry] = field(default_factory=list)
    resources_done: bool = False
    conditions_done: bool = False


#: Stands among the touched choices for a comparison that only the deployment settles.
OPEN_COMPARISON = "?"

#: What a function does with its call; ``Fn::If`` is the evaluator's own, for it depends on what holds it.
Function: TypeAlias = "Callable[[Evaluator, Call], Value]"


class Nesting(Protocol):
    """Gives the nested stacks of a template."""

    def output(self, evaluator: Evaluator, node: Node, name: str, output: str) -> Value | None:
        """What the nested stack ``name`` gives out, None where it is not at hand. ``node`` is where that is asked."""


class Evaluator:
    """Evaluates nodes of ``template``. Bad code becomes a Problem in ``problems`` and an Unknown of kind "error"."""

    def __init__(
        self,
        template: Template,
        scope: Scope,
        functions: Mapping[str, Function],
        record: Record | None = None,
        nesting: Nesting | None = None,
    ) -> None:
        self.template = template
        self.functions = functions
        self.origin = template.origin
        self.scope = scope
        self.record = record or Record()
        self.nesting = nesting
        #: Loop variables of ``Fn::ForEach``, by name.
        self.bound: Mapping[str, str] = {}
        self._truths: dict[str, tuple[Truth, frozenset[str]]] = {}
        self._open: list[str] = []
        self._unrolling = _Unrolling()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self.record.problems)

    @property
    def referred(self) -> list[Reference]:
        """The resources that were referred to since the list was last emptied."""
        return self.record.referred

    def within(self, bound: Mapping[str, str]) -> Evaluator:
        """The evaluator of the same template inside loops with these variables."""
        if not bound:
            return self
        other = copy(self)
        other.bound = {**self.bound, **bound}
        return other

    def assuming(self, condition: str) -> Evaluator:
        """The evaluator of the same template where a condition is taken to be true."""
        other = copy(self)
        other.scope = replace(self.scope, assumed={**self.scope.assumed, condition: True})
        other._truths = {}
        return other

    def value(self, node: Node, in_list: bool = False) -> Value:
        """The value of ``node``; NO_VALUE where it says that there is none."""
        call = call_of(node)
        if call is not None:
            return self._called(call, in_list)
        if isinstance(node, ScalarNode):
            return scalar(node, self.bound)
        if isinstance(node, MappingNode):
            return self.mapping(node)
        if type(node) is JsonSequence:
            values = [self._of_json(node, i, raw, in_list=True) for i, raw in enumerate(node.raw)]
            return [value for value in values if value is not NO_VALUE]
        values = [self.value(item, in_list=True) for item in node.value]
        return [value for value in values if value is not NO_VALUE]

    def mapping(self, node: Node) -> dict[str, Value]:
        """The members of a mapping, without those that have no value; loops in it are run."""
        found: dict[str, Value] = {}
        if type(node) is JsonMapping and is_plain(node):
            for name, raw in node.raw.items():
                value = self._of_json(node, name, raw)
                if value is not NO_VALUE:
                    found[name] = value
            return found
        if is_plain(node):
            for key, inner in node.value:
                value = self.value(inner)
                if value is not NO_VALUE:
                    found[key.value] = value
            return found
        for evaluator, entry in self.entries(node):
            value = evaluator.member_value(entry)
            if value is not NO_VALUE:
                found[REST if is_expansion(entry.name) else entry.name] = value
        return found

    def _of_json(self, node: JsonMapping | JsonSequence, step: str | int, raw: Any, in_list: bool = False) -> Value:
        """The value of what stands in ``node``. Most of it is text, for which no node is made."""
        if type(raw) is str:
            return text_value(raw, self.bound)
        text = plain_text(raw)
        return cloudformation_plain(text) if text is not None else self.value(node.child(step), in_list)

    def properties(self, node: Node) -> Iterator[tuple[str, Value]]:
        """The members of a mapping, evaluated one by one, and ``referred`` is what that one refers to."""
        if type(node) is JsonMapping and is_plain(node):
            for name, raw in node.raw.items():
                self.referred.clear()
                yield name, self._of_json(node, name, raw)
            return
        for evaluator, entry in self.entries(node):
            self.referred.clear()
            yield entry.name, evaluator.member_value(entry)

    def entries(self, node: Node) -> Iterator[tuple[Evaluator, Entry]]:
        """The members of a mapping, each with the evaluator to read it with; a loop's under the names that it makes."""
        for entry in members(node):
            if entry.name.startswith(FOR_EACH):
                yield from unrolled(self, entry)
            else:
                yield self, entry

    def member_value(self, entry: Entry) -> Value:
        """The value of one member; a loop or a macro that stands for members of its own is unknown, with a notice."""
        if not is_expansion(entry.name):
            return self.value(entry.value)
        return self.not_evaluated(entry.key, f"{entry.name} is not evaluated")

    def _called(self, call: Call, in_list: bool) -> Value:
        if call.name == "Fn::If":
            return self.choose(call, in_list)
        function = self.functions.get(call.name)
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
        return one_of(branches, truth.reason, in_list)

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

    # --- names ------------------------------------------------------------------------------------------------

    def refer(self, node: Node, name: str, attribute: str) -> Value:
        """``Ref`` (no attribute) or ``Fn::GetAtt`` of a resource."""
        if self.template.renamed:
            name, attribute = self._renamed(name, attribute)
        resource = self.template.resources.get(name) or self.made_resources.get(name)
        if resource is None:
            what = f'there is no {"resource" if attribute else "parameter or resource"} "{name}" in this template'
            if not self.open_names:
                return self.wrong("reference", node, what)
            return Unknown(f'"{name}" is made by a transform', kind="computed", present=True)
        if attribute.startswith("Outputs.") and self.nesting is not None:
            given = self.nesting.output(self, node, name, attribute.removeprefix("Outputs."))
            if given is not None:
                return given
        address = self.scope.prefix + name
        self.referred.append(Reference(address, attribute))
        # Custom resources and nested stacks return what their own code says, also nothing.
        certain = not attribute or not resource.returns_anything
        echoed = _ECHOED.get((resource.type, attribute))
        if echoed is not None and (value := self._property(resource, echoed, address)) is not None:
            return value
        reason = f"{name}.{attribute} is known once {name} is created" if attribute else f"{name} is created here"
        made = Unknown(reason, kind="computed", reference=Reference(address, attribute), present=certain)
        return replace(made, parts=("arn:", Unknown(reason, kind="computed"))) if resource.type in _ISSUERS else made

    def _property(self, resource: Declared, name: str, address: str) -> Value:
        """A property that the resource gives back as it was written; None where it is not written as a value."""
        properties = member(resource.entry.value, "Properties")
        written = member(properties.value, name) if properties else None
        if written is None or address in self.record.echoing:
            return None
        self.record.echoing.append(address)
        value = self.within(resource.bound).value(written.value)
        self.record.echoing.pop()
        return None if value is NO_VALUE else value

    def _renamed(self, name: str, attribute: str) -> tuple[str, str]:
        """SAM's ways to name what it makes: ``Api.Stage`` means the stage, a layer's id its hashed one."""
        renamed = self.template.renamed
        first, _, rest = attribute.partition(".")
        if f"{name}.{first}" in renamed:
            return renamed[f"{name}.{first}"], rest
        return renamed.get(name, name), attribute

    @property
    def made_resources(self) -> Mapping[str, Declared]:
        """The resources that loops make, by logical id."""
        if not self._unrolling.resources_done:
            self._unrolling.resources_done = True  # first: a loop's collection may name resources
            for inner, entry in self._unrolled(self.template.expansions):
                self._unrolling.resources[entry.name] = declared(entry, inner.bound)
        return self._unrolling.resources

    @property
    def made_conditions(self) -> Mapping[str, tuple[Evaluator, Entry]]:
        """The conditions that loops make, by name."""
        if not self._unrolling.conditions_done:
            self._unrolling.conditions_done = True
            for inner, entry in self._unrolled(self.template.condition_loops):
                self._unrolling.conditions[entry.name] = inner, entry
        return self._unrolling.conditions

    @property
    def unknown_loops(self) -> list[Entry]:
        """The loops over what is not known."""
        return self._unrolling.unknown

    def outputs(self) -> Iterator[tuple[Evaluator, Entry]]:
        """The template's outputs, those that loops make too."""
        for entry in self.template.outputs:
            if entry.name.startswith(FOR_EACH):
                yield from unrolled(self, entry)
            else:
                yield self, entry

    def _unrolled(self, loops: tuple[Entry, ...]) -> Iterator[tuple[Evaluator, Entry]]:
        for loop in loops:
            if not loop.name.startswith(FOR_EACH):
                continue
            for evaluator, entry in unrolled(self, loop):
                if is_expansion(entry.name):
                    self._unrolling.unknown.append(entry)
                else:
                    yield evaluator, entry

    @property
    def open_names(self) -> bool:
        """Whether what is not in the template may be made by something that is not evaluated."""
        return self.template.open_names or bool(self.unknown_loops)

    # --- problems ---------------------------------------------------------------------------------------------

    def wrong(self, kind: ProblemKind, node: Node, message: str, notice: bool = False) -> Unknown:
        """Report that the code is wrong here; the value to go on with."""
        problem = self.origin.problem(kind, node, message, notice=notice)
        self.record.problems.setdefault(problem)
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
        # What calls nothing has a value; the rest is cheap to ask.
        return [i for i in items(node) if call_of(i) is None or self.value(i, in_list=True) is not NO_VALUE]


def is_plain(node: Node) -> bool:
    """Whether it is a mapping of just the members that are written: no name twice, none merged in or made by a loop."""
    if not isinstance(node, MappingNode):
        return False
    if type(node) is JsonMapping:
        names, written = node.raw.keys(), len(node.raw)
    else:
        names, written = {key.value for key, _ in node.value}, len(node.value)
    if len(names) < written or "<<" in names or "Fn::Transform" in names:
        return False
    return not any(name.startswith(FOR_EACH) for name in names)


def is_expansion(name: str) -> bool:
    """Whether a key stands for members that something else makes."""
    return name.startswith(FOR_EACH) or name == "Fn::Transform"
