"""Parameters: as declared, and the value that each has under a case of what its deployer may give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.nodes import Entry, call_of, items, members, text_of
from iacguard.frontends.yamlplaces import Origin
from iacguard.frontends.yamlscalars import cloudformation_plain
from iacguard.model import Place, Reference, Span, Step, Unknown, UnknownKind, Value
from iacguard.record import record

#: A finite set of allowed values past this size is not looked at value by value.
MAX_ALLOWED = 64
#: Whatever else a template says, these are known only when it is deployed.
PSEUDO: Mapping[str, str] = {
    "AWS::AccountId": "the account is known only when the stack is deployed",
    "AWS::NotificationARNs": "notification topics are given when the stack is deployed",
    "AWS::Region": "the region is known only when the stack is deployed",
    "AWS::StackId": "the stack's id is known only when it is deployed",
    "AWS::StackName": "the stack's name is given when it is deployed",
}

#: What of a parameter's declaration says which values it may have.
_DECLARING = frozenset(("AllowedValues", "Default", "NoEcho", "Type"))


@record
class Parameter:
    """What a name stands for. ``came`` says where its value came from, ``via`` where the parent stack gives it.

    ``touches`` are the choices of the deployer that the value hangs on, ``references`` the resources that it names.
    ``unlike`` are texts that it surely is not; ``hidden`` is the text of one that is secret and known (NoEcho).
    """

    value: Value
    came: Callable[[], Step] | None = None
    via: Place | None = None
    touches: frozenset[str] = frozenset()
    references: tuple[Reference, ...] = ()
    unlike: tuple[str, ...] = ()
    hidden: str | None = None

    def __repr__(self) -> str:
        # A secret must not reach the message of an error.
        return f"Parameter(value={self.value!r})"


@record
class Case:
    """What of a parameter's possible texts is left: one of ``values``, or where that is empty any but ``unlike``."""

    values: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()

    @property
    def single(self) -> bool:
        return len(self.values) == 1


@record
class Declaration:
    """A parameter as the template declares it. It stands in ``origin``, between the nodes of ``at``."""

    name: str
    type: str
    default: str | None
    allowed: tuple[str, ...]
    secret: bool
    origin: Origin
    at: tuple[Node, Node]

    @property
    def span(self) -> Span:
        """The place of its name, or of its default."""
        return self.origin.span(*self.at)

    @property
    def is_list(self) -> bool:
        return self.type == "CommaDelimitedList" or self.type.startswith("List<")

    @property
    def looked_up(self) -> bool:
        """Whether it is the name of an SSM parameter, whose value is read when the stack is deployed."""
        return self.type.startswith("AWS::SSM::Parameter::Value<")

    @property
    def any(self) -> Case:
        """All that may be given for it."""
        finite = self.allowed and not self.is_list and len(self.allowed) <= MAX_ALLOWED
        return Case(tuple(dict.fromkeys(self.allowed))) if finite else Case()

    def given(self, text: str) -> Parameter:
        """With the text that the user gives."""
        return self._known(text, 'parameter "{}", as given')

    def by_default(self, touches: frozenset[str] = frozenset()) -> Parameter:
        """With nothing given."""
        if self.default is None:
            return self.under(self.any, touches)
        return self._known(self.default, 'default of parameter "{}"', touches)

    def under(self, case: Case, touches: frozenset[str] = frozenset()) -> Parameter:
        """With one of the texts of ``case``."""
        if case.single:
            text = case.values[0]
            if text == self.default:
                return self.by_default(touches)
            return self._known(text, 'parameter "{}" where it is "{}"', touches)
        if self.looked_up or self.secret:
            return self._known(None, "", touches, case.unlike)
        choices = tuple(self.typed(text) for text in case.values)
        texts = case.values or ("",)
        present = "" not in texts or "" in case.unlike
        unknown = Unknown(self.reason(case), "variable", self.span, choices=choices, present=present)
        value: Value = unknown
        if self.is_list and self.allowed:
            each = tuple(dict.fromkeys(self.allowed))
            value = [Unknown(self.reason(case), "variable", self.span, choices=each, spread=True)]
        return Parameter(value, None, touches=touches, unlike=case.unlike)

    def reason(self, case: Case) -> str:
        """Why its value is not known, apart for each case."""
        if case.unlike:
            return f'parameter "{self.name}" is given when the stack is deployed'
        if self.default is None:
            return f'parameter "{self.name}" has no default'
        return f'parameter "{self.name}" may be given another value than its default'

    def typed(self, text: str) -> Value:
        """A text as the parameter's type reads it."""
        if self.is_list:
            return [part.strip() for part in text.split(",")] if text else []
        if self.type == "Number":
            number = cloudformation_plain(text.strip())
            return number if isinstance(number, int | float) and not isinstance(number, bool) else text
        return text

    def _known(
        self, text: str | None, how: str, touches: frozenset[str] = frozenset(), unlike: tuple[str, ...] = ()
    ) -> Parameter:
        """``how`` its value came, of its name and the text: most are never asked how."""
        if self.looked_up:
            reason = f'parameter "{self.name}" is read from SSM when the stack is deployed'
            return Parameter(Unknown(reason, "data", self.span, present=True, secret=self.secret), touches=touches)
        if self.secret:
            reason = f'parameter "{self.name}" is meant to be secret (NoEcho)'
            present = bool(text) or "" in unlike
            # Policies tell by the kind that the text is written in the template.
            kind: UnknownKind = "default" if text and text == self.default else "variable"
            value = Unknown(reason, kind, self.span, secret=True, present=present)
            return Parameter(value, touches=touches, unlike=unlike, hidden=text)
        assert text is not None
        return Parameter(self.typed(text), lambda: Step(self.span, how.format(self.name, text)), touches=touches)


def declarations(origin: Origin, section: Node | None) -> dict[str, Declaration]:
    """Every parameter of the template."""
    return {entry.name: _declaration(origin, entry) for entry in members(section)}


def _declaration(origin: Origin, entry: Entry) -> Declaration:
    parts = {part.name: part for part in members(entry.value, _DECLARING)}
    default = parts.get("Default")
    texts = [_scalar_text(node) for node in items(_value(parts, "AllowedValues"))]
    return Declaration(
        name=entry.name,
        type=text_of(_value(parts, "Type")) or "String",
        default=_default_text(default.value) if default else None,
        allowed=tuple(text for text in texts if text is not None),
        secret=(text_of(_value(parts, "NoEcho")) or "").lower() in ("true", "yes", "on"),
        origin=origin,
        at=(default.key, default.value) if default else (entry.key, entry.key),
    )


def _value(parts: Mapping[str, Entry], name: str) -> Node | None:
    return parts[name].value if name in parts else None


def refused(declaration: Declaration, text: str) -> Problem | None:
    """The problem of a given value that CloudFormation would refuse."""
    if not declaration.allowed or declaration.looked_up:
        return None
    parts = declaration.typed(text) if declaration.is_list else [text]
    if all(part in declaration.allowed for part in parts):
        return None
    shown = "the value that is given" if declaration.secret else f'"{text}"'
    message = f'parameter "{declaration.name}": {shown} is none of its AllowedValues; CloudFormation rejects it'
    return Problem("value", declaration.span, message)


def passed(declaration: Declaration, value: Value, via: Place, touches: frozenset[str], span: Span) -> Parameter:
    """The parameter of a nested stack with the value that its parent gives it."""
    from iacguard.frontends.cloudformation.texts import as_text

    def came() -> Step:
        return Step(span, f'parameter "{declaration.name}" of a nested stack')

    if isinstance(value, Unknown) or (isinstance(value, list) and declaration.is_list):
        return Parameter(value, came, via, touches)
    text = ",".join(str(item) for item in value) if isinstance(value, list) else as_text(value)
    if not isinstance(text, str):
        unknown = text if isinstance(text, Unknown) else Unknown("it is no text", "error", span)
        return Parameter(unknown, came, via, touches)
    known = declaration.given(text)
    return Parameter(known.value, came if known.came else None, via, touches, hidden=known.hidden)


def conditional(conditions: Mapping[str, Entry]) -> dict[str, tuple[str, ...]]:
    """The parameters that conditions name, each with the texts that it is compared with."""
    found: dict[str, list[str]] = {}
    pending = [entry.value for entry in conditions.values()]
    while pending:
        node = pending.pop()
        call = call_of(node)
        if call is None:
            pending += [value for _, value in node.value] if isinstance(node, MappingNode) else items(node)
            continue
        for name in _names(call.name, call.argument):
            found.setdefault(name, [])
        if call.name == "Fn::Equals" and len(pair := items(call.argument)) == 2:
            for one, other in (pair, pair[::-1]):
                inner, text = call_of(one), _scalar_text(other)
                if inner is not None and inner.name == "Ref" and text is not None:
                    found.setdefault(str(inner.argument.value), []).append(text)
        pending.append(call.argument)
    return {name: tuple(dict.fromkeys(texts)) for name, texts in found.items()}


def _names(function: str, argument: Node) -> Iterator[str]:
    if function == "Ref" and isinstance(argument, ScalarNode):
        yield argument.value
    elif function == "Fn::Sub":
        text = text_of((items(argument) or [argument])[0])
        for part in (text or "").split("${")[1:]:
            yield part.partition("}")[0].strip()


def _default_text(node: Node) -> str | None:
    if isinstance(node, SequenceNode):
        return ",".join(text for text in map(text_of, node.value) if text is not None)
    return _scalar_text(node)


def _scalar_text(node: Node) -> str | None:
    """A scalar as text, which is what every parameter is; ``yes`` and ``True`` are the boolean true."""
    if not isinstance(node, ScalarNode) or call_of(node) is not None:
        return None
    value = cloudformation_plain(node.value) if node.tag == "" else node.value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(node.value)
