"""Map functions. A map whose keys are not all known has the key ``$rest``, which stands for the others."""

from __future__ import annotations

from iacguard.frontends.terraform.functions.collections import holds, is_spread, list_of, spread
from iacguard.frontends.terraform.functions.context import FunctionError, as_item, known_keys, to_string, type_name
from iacguard.frontends.terraform.functions.unify import unify
from iacguard.frontends.terraform.functions.unknowns import derived, find_unknown, one_of
from iacguard.model import REST, Encoded, Unknown, Value
from iacguard.record import replace


def keys(mapping: Value) -> Value:
    if isinstance(mapping, Unknown):
        return derived([mapping])
    names = list(known_keys(_map(mapping)))
    return [spread(derived([mapping[REST]])), *names] if REST in mapping else names


def values(mapping: Value) -> Value:
    if isinstance(mapping, Unknown):
        return derived([mapping])
    found = [mapping[key] for key in known_keys(_map(mapping))]
    return [spread(derived([mapping[REST]])), *found] if REST in mapping else found


def _map(value: Value) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    raise FunctionError(f"a map is required, not {type_name(value)}")


def lookup(mapping: Value, key: Value, *default: Value) -> Value:
    if len(default) > 1:
        raise FunctionError("two or three arguments are required")
    if isinstance(mapping, Unknown):
        return derived([mapping])
    found = _map(mapping)
    if isinstance(key, (Unknown, Encoded)):
        options = [*(found[k] for k in known_keys(found)), *default]
        return derived([key, mapping]) if REST in found or not options else one_of(options, [key])
    if key in found and key != REST:
        return found[key]
    if REST in found:
        return derived([found[REST]])
    if not default:
        raise FunctionError(f"the map has no key {key!r} and there is no default")
    return default[0]


def merge(*maps: Value) -> Value:
    """All maps as one, later ones first. What an unknown map may have replaced is not known any more."""
    result: dict[str, Value] = {}
    rest: Unknown | None = None
    for mapping in maps:
        if mapping is None:
            continue
        if isinstance(mapping, Unknown) and mapping.choices and all(isinstance(c, dict) for c in mapping.choices):
            found = _merge_choices(result, mapping)
            rest = rest if found is None else found
        elif isinstance(mapping, Unknown):
            rest = _override(result, mapping, {})
        else:
            inner = _map(mapping)
            unknown = inner.get(REST)
            if isinstance(unknown, Unknown):
                rest = _override(result, unknown, inner)
            result |= {k: v for k, v in inner.items() if k != REST}
    return {**result, REST: rest} if rest is not None else result


def _override(result: dict[str, Value], unknown: Unknown, kept: dict[str, Value]) -> Unknown:
    for key in result:
        if key not in kept:
            result[key] = derived([unknown])
    return replace(as_item(unknown), reference=None, parts=(), choices=(), present=False)


def _merge_choices(result: dict[str, Value], unknown: Unknown) -> Unknown | None:
    names = {key for choice in unknown.choices for key in choice if key != REST}
    open_ended = any(REST in choice for choice in unknown.choices)
    absent = open_ended
    for key in names | (set(result) if open_ended else set()):
        if key not in result and not all(key in choice for choice in unknown.choices):
            absent = True
            continue
        options = [
            choice[key] if key in choice else derived([unknown]) if REST in choice else result[key]
            for choice in unknown.choices
        ]
        result[key] = one_of(options, [unknown]) if find_unknown(options) is None else derived([unknown])
    return replace(derived([unknown]), kind=unknown.kind) if absent else None


def zipmap(names: Value, values: Value) -> Value:
    if isinstance(names, Unknown):
        return derived([names])
    names = [name.text if isinstance(name, Encoded) and name.text is not None else name for name in names]
    if find_unknown(names) is not None or any(map(is_spread, names)):
        known = [n for n in names if isinstance(n, str)]
        if isinstance(values, Unknown) or len(known) == len(names):
            return derived([names, values])
        return {**{n: derived([names, values]) for n in known}, REST: derived([names, values])}
    if isinstance(values, Unknown) or any(map(is_spread, list_of(values))):
        return {name: derived([values]) for name in names}
    if len(names) != len(values):
        raise FunctionError(f"{len(names)} keys and {len(values)} values")
    return dict(zip(names, values, strict=True))


def matchkeys(values: Value, names: Value, wanted: Value) -> Value:
    if find_unknown([names, wanted]) is not None or isinstance(values, Unknown) or any(map(is_spread, values)):
        return derived([values, names, wanted])
    if len(values) != len(names):
        raise FunctionError("the lists of values and keys differ in length")
    keys_, searched = unify([names, wanted])
    return [v for v, name in zip(values, keys_, strict=True) if holds(searched, name)]


def transpose(mapping: dict[str, Value]) -> Value:
    result: dict[str, list[str]] = {}
    for key in sorted(mapping):
        for item in list_of(mapping[key]):
            text = to_string(item)
            if text is None:
                raise FunctionError("a list has a null")
            result.setdefault(text, []).append(key)
    return {key: sorted(names) for key, names in sorted(result.items())}
