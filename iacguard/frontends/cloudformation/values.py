"""What the evaluator makes of single nodes, and of several values of which one counts."""

from __future__ import annotations

from collections.abc import Mapping

from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.frontends.cloudformation.conditions import Truth
from iacguard.frontends.cloudformation.nodes import OWN_TAGS, call_of, items, members
from iacguard.frontends.cloudformation.texts import looped, resolved
from iacguard.frontends.yamlscalars import cloudformation_plain, tagged
from iacguard.model import Unknown, Value

#: Past so many, the set of values that a property may have is not kept.
_MAX_CHOICES = 16


class _NoValue:
    """What ``AWS::NoValue`` evaluates to: whatever holds it is left out."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = _NoValue()


def canonical(node: Node, bound: Mapping[str, str]) -> str:
    """An expression as one text, alike for all that mean the same; loop variables are filled in."""
    call = call_of(node)
    if call is not None:
        return f"{call.name}({canonical(call.argument, bound)})"
    if isinstance(node, ScalarNode):
        return repr(looped(node.value, bound))
    if isinstance(node, MappingNode):
        return "{" + ",".join(f"{e.name!r}:{canonical(e.value, bound)}" for e in members(node)) + "}"
    return "[" + ",".join(canonical(item, bound) for item in items(node)) + "]"


def first_reason(left: Value, right: Value) -> str:
    """Why the first of what is not known in two values is not."""
    pending = [right, left]
    while pending:
        value = pending.pop()
        if isinstance(value, Unknown):
            return value.reason
        if isinstance(value, dict | list):
            pending += reversed(list(value.values()) if isinstance(value, dict) else value)
    return "part of it is not known"


def scalar(node: ScalarNode, bound: Mapping[str, str]) -> Value:
    """The value of plain text or of a number; dynamic references in it are unknown."""
    text: str = looped(node.value, bound) if bound else node.value
    tag = node.tag
    value = cloudformation_plain(text) if tag == "" else text
    if tag not in OWN_TAGS:
        value = tagged(tag, text, cloudformation_plain(text))
    return resolved([value]) if type(value) is str and "{{resolve:" in value else value


def text_value(text: str, bound: Mapping[str, str]) -> Value:
    """The value of text in quotes, as :func:`scalar` has it."""
    if bound:
        text = looped(text, bound)
    return resolved([text]) if "{{resolve:" in text else text


def truth_of(value: Value) -> Truth:
    """A value as a condition."""
    if isinstance(value, Unknown):
        return Truth(None, value.reason)
    text = str(value).lower()
    return Truth(text == "true" if text in ("true", "false") else None, "it is neither true nor false")


def one_of(values: list[Value], reason: str, in_list: bool) -> Value:
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
