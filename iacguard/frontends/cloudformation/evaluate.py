"""The evaluator of one template: nodes to values, in one scope of parameters and conditions.

What a function does stands in :mod:`functions`, what a condition is in :mod:`truths`; here is what they share: the
walk, names, problems.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.findings import Problem, ProblemKind
from iacguard.frontends.cloudformation.loops import FOR_EACH, unrolled
from iacguard.frontends.cloudformation.nodes import OWN_TAGS, Call, Entry, call_of, items, member, members
from iacguard.frontends.cloudformation.scope import Record, Scope
from iacguard.frontends.cloudformation.template import Declared, Template, declared
from iacguard.frontends.cloudformation.truths import Truths
from iacguard.frontends.cloudformation.values import NO_VALUE, one_of, scalar, text_value
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


@record(frozen=False)
class _Unrolling:
    """What the loops of one template make; worked out when first asked for."""

    resources: dict[str, Declared] = field(default_factory=dict)
    conditions: dict[str, tuple[Evaluator, Entry]] = field(default_factory=dict)
    unknown: list[Entry] = field(default_factory=list)
    resources_done: bool = False
    conditions_done: bool = False


#: Known wherever a template is deployed, but for the regions of China and GovCloud, which are left aside.
_FIXED: Mapping[str, Value] = MappingProxyType(
    {"AWS::NoValue": NO_VALUE, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
)
#: Instead of a value: the name stands for something else.
UNNAMED = object()

#: What a function does with its call; ``Fn::If`` is the evaluator's own, for it depends on what holds it.
Function: TypeAlias = "Callable[[Evaluator, Call], Value]"


class Nesting(Protocol):
    """Gives the nested stacks of a template."""

    def output(self, evaluator: Evaluator, node: Node, name: str, output: str) -> Value | None:
        """What the nested stack ``name`` gives out, None where it is not at hand. ``node`` is where that is asked."""


class Evaluator(Truths):
    """Evaluates nodes of ``template``. Bad code becomes a Problem in ``problems`` and an Unknown of kind "error"."""

    def __init__(
        self,
        template: Template,
        scope: Scope,
        functions: Mapping[str, Function],
        record: Record | None = None,
        nesting: Nesting | None = None,
    ) -> None:
        super().__init__(template, scope, record or Record())
        self.functions = functions
        self.origin = template.origin
        self.nesting = nesting
        self._unrolling = _Unrolling()
        self._assuming: dict[str, Evaluator] = {}

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
        other._assuming = {}
        return other

    def assuming(self, condition: str) -> Evaluator:
        """The evaluator of the same template where a condition is taken to be true; the same one each time."""
        known = self._assuming.get(condition)
        if known is None:
            known = self._assuming[condition] = copy(self)
            known.scope = replace(self.scope, assumed={**self.scope.assumed, condition: True})
            known._truths, known._assuming = {}, {}
        return known

    def value(self, node: Node, in_list: bool = False) -> Value:
        if type(node) is ScalarNode and node.tag in OWN_TAGS:
            return scalar(node, self.bound)
        call = call_of(node)
        if call is not None:
            return self._called(call, in_list)
        if isinstance(node, MappingNode):
            return self.mapping(node)
        if isinstance(node, ScalarNode):
            return scalar(node, self.bound)
        if type(node) is JsonSequence:
            values = [self._of_json(node, i, raw, in_list=True) for i, raw in enumerate(node.raw)]
        else:
            values = [self.value(item, in_list=True) for item in node.value]
        return [value for value in values if value is not NO_VALUE]

    def mapping(self, node: Node) -> dict[str, Value]:
        """The members of a mapping, without those that have no value; loops in it are run."""
        found: dict[str, Value] = {}
        if not is_plain(node):
            for evaluator, entry in self.entries(node):
                value = evaluator.member_value(entry)
                if value is not NO_VALUE:
                    found[REST if is_expansion(entry.name) else entry.name] = value
        elif type(node) is JsonMapping:
            for name, raw in node.raw.items():
                value = self._of_json(node, name, raw)
                if value is not NO_VALUE:
                    found[name] = value
        else:
            for key, inner in node.value:
                value = self.value(inner)
                if value is not NO_VALUE:
                    found[key.value] = value
        return found

    def _of_json(self, node: JsonMapping | JsonSequence, step: str | int, raw: Any, in_list: bool = False) -> Value:
        """The value of what stands in ``node``. Most of it is text or a name, for which no node is made."""
        kind = type(raw)
        if kind is str:
            return text_value(raw, self.bound)
        if kind is dict:
            value = self._named_in_json(node, raw) if len(raw) == 1 and not self.bound else UNNAMED
            return self.value(node.child(step), in_list) if value is UNNAMED else value
        text = plain_text(raw)
        return cloudformation_plain(text) if text is not None else self.value(node.child(step), in_list)

    def _named_in_json(self, node: Node, raw: Mapping[str, Any]) -> Value:
        """What a plain ``Ref`` or ``Fn::GetAtt`` gives; UNNAMED where it is none, or not of what is surely there.

        ``node`` is that around it.
        """
        name = raw.get("Ref")
        if type(name) is str:
            value = self.named(name)
            return self._existing(node, name, "") if value is UNNAMED else value
        path = raw.get("Fn::GetAtt")
        if type(path) is list and len(path) == 2 and type(path[0]) is str and type(path[1]) is str:
            name, attribute = path
            return self._existing(node, name, attribute) if attribute and "{{" not in attribute else UNNAMED
        return UNNAMED

    def _existing(self, node: Node, name: str, attribute: str) -> Value:
        """``Ref`` or ``Fn::GetAtt`` of a resource that is surely there, so that nothing can be wrong with it."""
        template = self.template
        there = name in template.resources and not template.renamed and not attribute.startswith("Outputs.")
        return self.refer(node, name, attribute) if there else UNNAMED

    def named(self, name: str) -> Value:
        """What a name stands for that is no resource's and no fact of the deployment's; UNNAMED for any other name."""
        if name in self.bound:
            return self.bound[name]
        if name in _FIXED:
            return _FIXED[name]
        parameter = self.scope.parameters.get(name)
        if parameter is None:
            return UNNAMED
        self.record.touched |= parameter.touches
        self.record.referred += parameter.references
        return parameter.value

    def properties(self, node: Node, only: Container[str] | None = None) -> Iterator[tuple[str, Value]]:
        """The members of a mapping, evaluated one by one, and ``referred`` is what that one refers to.

        Where ``only`` is given, of a plain mapping's other members there is UNNAMED instead of the value.
        """
        referred = self.referred
        if not is_plain(node):
            for evaluator, entry in self.entries(node):
                referred.clear()
                yield entry.name, evaluator.member_value(entry)
        elif type(node) is JsonMapping:
            for name, raw in node.raw.items():
                referred.clear()
                yield name, self._of_json(node, name, raw) if only is None or name in only else UNNAMED
        else:
            for key, inner in node.value:
                referred.clear()
                yield key.value, self.value(inner) if only is None or key.value in only else UNNAMED

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
        properties = resource.parts.get("Properties")
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
    names = list(node.raw) if type(node) is JsonMapping else [key.value for key, _ in node.value]
    if len(set(names)) < len(names):
        return False
    together = "\n".join(names)  # most have nothing of the kind: one look for all of them
    if "Fn::" not in together and "<<" not in together:
        return True
    return not any(name == "<<" or is_expansion(name) for name in names)


def is_expansion(name: str) -> bool:
    """Whether a key stands for members that something else makes."""
    return name.startswith(FOR_EACH) or name == "Fn::Transform"
