"""The value of each parameter: given, its default, or unknown with what may be known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from yaml.nodes import Node, ScalarNode, SequenceNode

from iacguard.frontends.cloudformation.nodes import Entry, items, member, members, text_of
from iacguard.frontends.yamlplaces import Origin
from iacguard.frontends.yamlscalars import cloudformation_plain
from iacguard.model import Step, Unknown, UnknownKind, Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """``step`` says where its value came from, None where it has none."""

    value: Value
    step: Step | None


def parameters(origin: Origin, section: Node | None, given: Mapping[str, str]) -> dict[str, Parameter]:
    """Every parameter of the template. ``given`` are the user's values, by name."""
    return {entry.name: _parameter(origin, entry, given.get(entry.name)) for entry in members(section)}


def _parameter(origin: Origin, entry: Entry, given: str | None) -> Parameter:
    name, body = entry.name, entry.value
    type_ = _text(body, "Type") or "String"
    span = origin.span(entry.key, entry.key)
    default = member(body, "Default")
    if default is not None:
        span = origin.span(default.key, default.value)
    text = given if given is not None else _default_text(default.value) if default else None
    if type_.startswith("AWS::SSM::Parameter::Value<"):
        reason = f'parameter "{name}" is read from SSM when the stack is deployed'
        return Parameter(Unknown(reason, kind="data", span=span, present=True), None)
    if (_text(body, "NoEcho") or "").lower() == "true":
        reason = f'parameter "{name}" is meant to be secret (NoEcho)'
        # Policies tell by the kind that the text is written in the template.
        kind: UnknownKind = "default" if text and given is None else "variable"
        return Parameter(Unknown(reason, kind=kind, span=span, secret=True, present=bool(text)), None)
    if text is None:
        allowed = member(body, "AllowedValues")
        texts = [t for t in map(text_of, items(allowed.value if allowed else None)) if t is not None]
        choices = tuple(_typed(t, type_) for t in texts)
        present = bool(texts) and "" not in texts
        reason = f'parameter "{name}" has no default'
        return Parameter(Unknown(reason, kind="variable", span=span, choices=choices, present=present), None)
    how = f'parameter "{name}", as given' if given is not None else f'default of parameter "{name}"'
    return Parameter(_typed(text, type_), Step(span, how))


def _text(body: Node, name: str) -> str | None:
    found = member(body, name)
    return text_of(found.value) if found else None


def _default_text(node: Node) -> str | None:
    """The default as text, which is what every parameter is; ``yes`` and ``True`` are the boolean true."""
    if isinstance(node, SequenceNode):
        return ",".join(text for text in map(text_of, node.value) if text is not None)
    if not isinstance(node, ScalarNode):
        return None
    value = cloudformation_plain(node.value) if node.tag == "" else node.value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else node.value


def _typed(text: str, type_: str) -> Value:
    if type_ == "CommaDelimitedList" or type_.startswith("List<"):
        return [part.strip() for part in text.split(",")] if text else []
    if type_ == "Number":
        number = cloudformation_plain(text.strip())
        return number if isinstance(number, int | float) and not isinstance(number, bool) else text
    return text
