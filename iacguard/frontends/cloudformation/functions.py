"""The intrinsic functions, by their long names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from yaml.nodes import Node, ScalarNode, SequenceNode

from iacguard.frontends.cloudformation.evaluate import UNNAMED, Evaluator, Function
from iacguard.frontends.cloudformation.nodes import Call, call_of, items, member, members, text_of
from iacguard.frontends.cloudformation.parameters import PSEUDO
from iacguard.frontends.cloudformation.places import TemplatePlace
from iacguard.frontends.cloudformation.texts import as_text, looped, resolved
from iacguard.frontends.cloudformation.values import NO_VALUE
from iacguard.model import Encoded, Unknown, Value, contains_unknown
from iacguard.record import replace

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
#: Of the values that a mapping may give, so many are kept.
_MAX_CHOICES = 64
_MAX_CIDRS = 256


def _ref(evaluator: Evaluator, call: Call) -> Value:
    name = _name(evaluator, call.argument)
    if isinstance(name, Unknown):
        return _because(name)
    if name is None:
        return evaluator.wrong("value", call.node, "Ref takes a name")
    return _named(evaluator, call.node, name)


def _name(evaluator: Evaluator, node: Node) -> str | Unknown | None:
    """A name as written, or what a function gives for it (the language extensions allow that)."""
    if isinstance(node, ScalarNode) and call_of(node) is None:
        return looped(node.value, evaluator.bound)
    value = evaluator.value(node) if call_of(node) is not None else None
    return value if isinstance(value, str | Unknown) else None


def _named(evaluator: Evaluator, node: Node, name: str) -> Value:
    value = evaluator.named(name)
    if value is not UNNAMED:
        return value
    if name in PSEUDO:
        return Unknown(PSEUDO[name], kind="data", present=name != "AWS::NotificationARNs")
    return evaluator.refer(node, name, "")


def _get_att(evaluator: Evaluator, call: Call) -> Value:
    if isinstance(call.argument, ScalarNode):
        name, _, attribute = looped(call.argument.value, evaluator.bound).partition(".")
    else:
        parts = [as_text(evaluator.value(item)) for item in items(call.argument)]
        if parts and isinstance(parts[0], Unknown):
            return _because(parts[0])
        if len(parts) < 2 or not isinstance(parts[0], str):
            return evaluator.wrong("value", call.node, "Fn::GetAtt takes a resource and an attribute")
        name = parts[0]
        attribute = ".".join(p if isinstance(p, str) else "*" for p in parts[1:])
    if not attribute:
        return evaluator.wrong("value", call.node, "Fn::GetAtt takes a resource and an attribute")
    return evaluator.refer(call.node, name, attribute)


def _sub(evaluator: Evaluator, call: Call) -> Value:
    template, own = call.argument, {}
    if isinstance(template, SequenceNode):
        arguments = items(template)
        if len(arguments) != 2:
            return evaluator.wrong("value", call.node, "Fn::Sub takes a text, or a list of a text and a mapping")
        template = arguments[0]
        own = {entry.name: evaluator.value(entry.value) for entry in members(arguments[1])}
    # A text that is written here is taken raw: its dynamic references may have variables in them.
    text = text_of(template)
    text = evaluator.value(template) if text is None else looped(text, evaluator.bound)
    if not isinstance(text, str):
        return text if isinstance(text, Unknown) else evaluator.wrong("value", call.node, "Fn::Sub takes a text")
    return resolved(_substituted(evaluator, call.node, text, own))


def _substituted(evaluator: Evaluator, node: Node, text: str, own: Mapping[str, Value]) -> Iterator[str | Unknown]:
    at = 0
    for match in _VARIABLE.finditer(text):
        yield text[at : match.start()]
        at = match.end()
        name = match[1].strip()
        if name.startswith("!"):
            yield "${" + name[1:] + "}"
            continue
        if name in own:
            value = own[name]
        elif "." in name:
            resource, _, attribute = name.partition(".")
            value = evaluator.refer(node, resource, attribute)
        else:
            value = _named(evaluator, node, name)
        part = "" if value is NO_VALUE else as_text(value)
        yield part if part is not None else evaluator.wrong("value", node, f"{name} is no text; Fn::Sub needs one")
    yield text[at:]


def _join(evaluator: Evaluator, call: Call) -> Value:
    arguments = items(call.argument)
    if len(arguments) != 2:
        return evaluator.wrong("value", call.node, "Fn::Join takes a delimiter and a list")
    delimiter, values = evaluator.value(arguments[0]), evaluator.value(arguments[1])
    if isinstance(values, Unknown) or isinstance(delimiter, Unknown):
        return _because(values if isinstance(values, Unknown) else delimiter)
    if not isinstance(values, list) or not isinstance(delimiter, str):
        return evaluator.wrong("value", call.node, "Fn::Join takes a delimiter and a list")
    parts: list[str | Unknown] = []
    for value in values:
        text = as_text(value)
        if text is None:
            return evaluator.wrong("value", call.node, "Fn::Join takes a list of texts")
        parts += [delimiter, text] if parts else [text]
    if any(isinstance(p, Unknown) and p.spread for p in parts):
        return _because(next(p for p in parts if isinstance(p, Unknown) and p.spread))
    return resolved(parts)


def _select(evaluator: Evaluator, call: Call) -> Value:
    arguments = items(call.argument)
    if len(arguments) != 2:
        return evaluator.wrong("value", call.node, "Fn::Select takes an index and a list")
    index, values = evaluator.value(arguments[0]), evaluator.value(arguments[1])
    number = _whole(index)
    if isinstance(values, Unknown) and number is not None:
        return _each_choice(values, lambda choice: _item(choice, number))
    for value in (values, index):
        if isinstance(value, Unknown):
            return _because(value)
    if number is None or not isinstance(values, list):
        return evaluator.wrong("value", call.node, "Fn::Select takes an index and a list")
    for value in values[: number + 1]:
        if isinstance(value, Unknown) and value.spread:
            return _because(value)
    if number >= len(values):
        return evaluator.wrong("value", call.node, f"Fn::Select asks for item {number} of a list of {len(values)}")
    return values[number]


def _split(evaluator: Evaluator, call: Call) -> Value:
    arguments = items(call.argument)
    if len(arguments) != 2:
        return evaluator.wrong("value", call.node, "Fn::Split takes a delimiter and a text")
    delimiter, text = evaluator.value(arguments[0]), as_text(evaluator.value(arguments[1]))
    if isinstance(delimiter, Unknown):
        return _because(delimiter)
    if text is None or not isinstance(delimiter, str) or not delimiter:
        return evaluator.wrong("value", call.node, "Fn::Split takes a delimiter and a text")
    if isinstance(text, Unknown):
        return _each_choice(text, lambda choice: choice.split(delimiter) if isinstance(choice, str) else None)
    return text.split(delimiter)


def _item(choice: Value, number: int) -> Value:
    """An item of a list that is wholly known; None where there is no such item."""
    whole = isinstance(choice, list) and not any(isinstance(item, Unknown) for item in choice)
    return choice[number] if isinstance(choice, list) and whole and number < len(choice) else None


def _each_choice(unknown: Unknown, change: Callable[[Value], Value]) -> Value:
    """What a function makes of a value that is one of several; of any other just an unknown for the same reason."""
    made = [change(choice) for choice in unknown.choices]
    if not made or unknown.secret or any(value is None for value in made):
        return _because(unknown)
    return _one_of_mapping(_because(unknown), made)


def _find_in_map(evaluator: Evaluator, call: Call) -> Value:
    arguments = items(call.argument)
    if len(arguments) not in (3, 4):
        return evaluator.wrong("value", call.node, "Fn::FindInMap takes a mapping and two keys")
    name, first, second = (as_text(evaluator.value(argument)) for argument in arguments[:3])
    fallback = member(arguments[3], "DefaultValue") if len(arguments) == 4 else None
    if isinstance(name, Unknown):
        return _because(name)
    mapping = evaluator.template.mappings.get(name or "")
    if mapping is None:
        if fallback is not None:
            return evaluator.value(fallback.value)
        if evaluator.template.macros:
            return Unknown(f'mapping "{name}" may be made by a macro', kind="function")
        return evaluator.wrong("reference", call.node, f'there is no mapping "{name}"')
    found = list(_looked_up(mapping.value, first, second))
    unknown = next((key for key in (first, second) if isinstance(key, Unknown)), None)
    if unknown is not None:
        choices = [evaluator.value(node) for node in found[:_MAX_CHOICES]]
        if fallback is not None:
            choices.append(evaluator.value(fallback.value))
        return _one_of_mapping(unknown, choices if len(found) <= _MAX_CHOICES else [])
    if found:
        return evaluator.value(found[0])
    if fallback is not None:
        return evaluator.value(fallback.value)
    return evaluator.wrong("reference", call.node, f'mapping "{name}" has no entry "{first}", "{second}"')


def _one_of_mapping(unknown: Unknown, choices: list[Value]) -> Value:
    distinct = [c for i, c in enumerate(choices) if c not in choices[:i]]
    if len(distinct) == 1:
        return distinct[0]
    present = bool(distinct) and all(c not in ("", [], None) for c in distinct)
    return Unknown(unknown.reason, kind=unknown.kind, span=unknown.span, choices=tuple(distinct), present=present)


def _looked_up(mapping: Node, first: str | Unknown | None, second: str | Unknown | None) -> Iterator[Node]:
    """The entries under two keys; an unknown key takes all."""
    for outer in members(mapping):
        if isinstance(first, Unknown) or outer.name == first:
            for inner in members(outer.value):
                if isinstance(second, Unknown) or inner.name == second:
                    yield inner.value


def _base64(evaluator: Evaluator, call: Call) -> Value:
    """The text itself: what is encoded is known, and the common vocabulary has it in plain (``user_data``)."""
    text = as_text(evaluator.value(call.argument))
    if text is None:
        return evaluator.wrong("value", call.node, "Fn::Base64 takes a text")
    return replace(text, encodes=text) if isinstance(text, Unknown) else text


def _cidr(evaluator: Evaluator, call: Call) -> Value:
    import ipaddress

    arguments = [evaluator.value(argument) for argument in items(call.argument)]
    if len(arguments) not in (2, 3):
        return evaluator.wrong("value", call.node, "Fn::Cidr takes a block, a count and the bits of each")
    for argument in arguments:
        if isinstance(argument, Unknown):
            return _because(argument)
    count, bits = _whole(arguments[1]), _whole(arguments[2] if len(arguments) == 3 else 8)
    try:
        network = ipaddress.ip_network(str(arguments[0]), strict=False)
    except ValueError:
        return evaluator.wrong("value", call.node, f"{arguments[0]!r} is no block of addresses")
    length = network.max_prefixlen - (bits or 0)
    if count is None or bits is None or not 1 <= count <= _MAX_CIDRS or not network.prefixlen <= length:
        return evaluator.wrong("value", call.node, "Fn::Cidr: count or bits are out of range")
    if count > 1 << (length - network.prefixlen):
        return evaluator.wrong("value", call.node, f"{network} does not hold {count} blocks of {bits} bits")
    first = int(network.network_address)
    kind = type(network)
    return [str(kind((first + (i << bits), length))) for i in range(count)]


def _get_azs(evaluator: Evaluator, call: Call) -> Value:
    evaluator.value(call.argument)
    return Unknown("the availability zones are those of the account", kind="data", present=True)


def _import_value(evaluator: Evaluator, call: Call) -> Value:
    name = as_text(evaluator.value(call.argument))
    what = f'"{name}"' if isinstance(name, str) else "a value"
    return Unknown(f"{what} is exported by another stack", kind="data", present=True)


def _to_json_string(evaluator: Evaluator, call: Call) -> Value:
    value = evaluator.value(call.argument)
    if isinstance(value, Unknown):
        return _because(value)
    if value is NO_VALUE:
        return NO_VALUE
    known = not contains_unknown(value)
    text = json.dumps(value, separators=(",", ":"), default=_encoded_text) if known else None
    return Encoded(value, text, TemplatePlace(evaluator, call.argument))


def _encoded_text(value: Value) -> Value:
    return value.text if isinstance(value, Encoded) else str(value)


def _length(evaluator: Evaluator, call: Call) -> Value:
    value = evaluator.value(call.argument)
    if isinstance(value, Unknown):
        return _because(value)
    if not isinstance(value, list):
        return evaluator.wrong("value", call.node, "Fn::Length takes a list")
    spread = next((v for v in value if isinstance(v, Unknown) and v.spread), None)
    return len(value) if spread is None else _because(spread)


def _truth(evaluator: Evaluator, call: Call) -> Value:
    truth = evaluator.truth(call.node)
    return truth.value if truth.value is not None else Unknown(truth.reason, kind="condition", choices=(True, False))


def _transform(evaluator: Evaluator, call: Call) -> Value:
    name = member((items(call.argument) or [call.argument])[0], "Name")
    text = as_text(evaluator.value(name.value)) if name else None
    return evaluator.not_evaluated(call.node, f"the macro {text if isinstance(text, str) else '?'} is not evaluated")


def _of_rules(evaluator: Evaluator, call: Call) -> Value:
    return evaluator.not_evaluated(call.node, f"{call.name} belongs to a template's Rules and is not evaluated")


def _because(unknown: Value) -> Unknown:
    """An unknown for the same reason, of another value."""
    return Unknown(unknown.reason, span=unknown.span, secret=unknown.secret)


def _whole(value: Value) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else None


#: ``Fn::If`` is not among them: what it gives depends on what holds it (:meth:`Evaluator.choose`).
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "Ref": _ref,
        "Condition": _truth,
        "Fn::And": _truth,
        "Fn::Base64": _base64,
        "Fn::Cidr": _cidr,
        "Fn::Contains": _of_rules,
        "Fn::EachMemberEquals": _of_rules,
        "Fn::EachMemberIn": _of_rules,
        "Fn::Equals": _truth,
        "Fn::FindInMap": _find_in_map,
        "Fn::GetAZs": _get_azs,
        "Fn::GetAtt": _get_att,
        "Fn::ImportValue": _import_value,
        "Fn::Join": _join,
        "Fn::Length": _length,
        "Fn::Not": _truth,
        "Fn::Or": _truth,
        "Fn::RefAll": _of_rules,
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::Sub": _sub,
        "Fn::ToJsonString": _to_json_string,
        "Fn::Transform": _transform,
        "Fn::ValueOf": _of_rules,
        "Fn::ValueOfAll": _of_rules,
    }
)
