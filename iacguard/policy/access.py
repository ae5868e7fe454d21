"""What the operators of the condition language do with values, known or not: read, project, filter, flatten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from iacguard.model import REST, Encoded, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.errors import EvaluationError
from iacguard.policy.logic import PossibleItem, blur, first_unknown, join, lift, one_item, possible, spread, truth


def read_field(value: Value, name: str) -> Value:
    """``value.name``: null where there is none, unknown where there may be one."""
    if type(value) is dict:
        if name in value:
            return value[name]
        return blur(value[REST]) if REST in value else None
    if isinstance(value, Unknown):
        if value.choices:
            return lift(lambda c: read_field(c, name), value)
        return None if value.parts else blur(value)
    return value.get(name) if isinstance(value, Mapping) else None


def read_index(value: Value, index: int) -> Value:
    """``value[index]``; an item that may be missing before it makes it a choice or unknown."""
    if isinstance(value, list):
        size = len(value)
        if not any(isinstance(item, Unknown) and item.spread for item in value):
            return value[index] if -size <= index < size else None
        return _open_index(value, index)
    if isinstance(value, Unknown):
        if value.choices:
            return lift(lambda c: read_index(c, index), value)
        return None if value.parts else blur(value)
    return None


def _open_index(items: list[Value], index: int) -> Value:
    ahead = items if index >= 0 else list(reversed(items))
    wanted = index if index >= 0 else -index - 1
    for at, item in enumerate(ahead):
        if isinstance(item, Unknown) and item.spread:
            break
        if at == wanted:
            return item
    candidates: list[Value] = []
    why = first_unknown(items)
    for item in ahead:
        if isinstance(item, PossibleItem):
            candidates.append(item.item)
        elif isinstance(item, Unknown) and item.spread:
            return blur(why)
        else:
            candidates.append(item)
            if wanted == 0:
                return join(candidates, why)
    return join([*candidates, None], why)


def read_slice(value: Value, cut: slice) -> Value:
    """``value[start:stop:step]``; a list of unknown length keeps what stands before its first open item."""
    if isinstance(value, Unknown):
        if value.choices:
            return lift(lambda c: read_slice(c, cut), value)
        return None if value.parts else blur(value)
    if not isinstance(value, list):
        return None
    if cut.step == 0:
        raise EvaluationError("a slice's step cannot be 0")
    fixed = next((at for at, i in enumerate(value) if isinstance(i, Unknown) and i.spread), None)
    if fixed is None or (cut == slice(None, None, None)):
        return value[cut]
    forward = (cut.step or 1) > 0 and (cut.start or 0) >= 0 and cut.stop is not None
    if forward and 0 <= cut.stop <= fixed:
        return value[cut]
    return [spread(first_unknown(value))]


Projector: TypeAlias = Callable[[Value], Value]


def project_item(item: Value, right: Projector, out: list[Value]) -> None:
    """Add what ``right`` makes of ``item`` to ``out``: not where it is null, as a possible one where it may be."""
    if isinstance(item, PossibleItem):
        result = right(item.item)
        if result is not None:
            out.append(possible(result, item))
    elif isinstance(item, Unknown) and item.spread:
        result = right(one_item(item))
        if result is not None:
            out.append(_any_number(result, item))
    else:
        result = right(item)
        if isinstance(result, Unknown) and not logic.never_null(result):
            out.append(possible(_without_null(result), result))
        elif result is not None:
            out.append(result)


def _any_number(value: Value, why: Unknown) -> Unknown:
    """Zero or more items that all are ``value``."""
    if isinstance(value, Unknown) and not value.choices:
        return spread(why)
    choices = value.choices if isinstance(value, Unknown) else (value,)
    return Unknown(why.reason, why.kind, why.span, choices=choices, spread=True, secret=why.secret)


def _without_null(unknown: Unknown) -> Value:
    if None not in unknown.choices:
        return unknown
    return join([c for c in unknown.choices if c is not None], unknown)


def project(base: Value, right: Projector) -> Value:
    if isinstance(base, list):
        out: list[Value] = []
        for item in base:
            project_item(item, right, out)
        return out
    if isinstance(base, Unknown):
        if base.choices:
            return lift(lambda c: project(c, right), base)
        return None if base.parts else blur(base)
    return None


def surrounded(known: list[Value], rest: Value) -> list[Value]:
    """``known`` items among others, of which ``rest`` says why they are not known."""
    return [spread(first_unknown(rest)), *known, spread(first_unknown(rest))]


def map_values(base: Value) -> Value:
    """A map's values as a list, null for anything else.

    Keys that are not known may stand anywhere: an open item at both ends says so.
    """
    if isinstance(base, dict):
        known = [v for k, v in base.items() if k != REST]
        return surrounded(known, base[REST]) if REST in base else known
    if isinstance(base, Unknown):
        if base.choices:
            return lift(map_values, base)
        return None if base.parts else blur(base)
    return None


def filter_item(item: Value, condition: Projector, right: Projector, out: list[Value]) -> None:
    """Add what ``right`` makes of ``item`` to ``out`` where ``condition`` holds, or may hold."""
    if isinstance(item, Unknown) and item.spread:
        inner = item.item if isinstance(item, PossibleItem) else one_item(item)
        if truth(condition(inner)) is not False:
            project_item(item, right, out)
        return
    met = condition(item)
    answer = truth(met)
    if answer:
        project_item(item, right, out)
    elif answer is None:
        result = right(item)
        if result is not None:
            out.append(possible(result, first_unknown(met)))


def filter_list(base: Value, condition: Projector, right: Projector) -> Value:
    if isinstance(base, list):
        out: list[Value] = []
        for item in base:
            filter_item(item, condition, right, out)
        return out
    if isinstance(base, Unknown):
        if base.choices:
            return lift(lambda c: filter_list(c, condition, right), base)
        return None if base.parts else blur(base)
    return None


def flatten_item(item: Value) -> list[Value]:
    """What flattening puts in the place of ``item``."""
    if isinstance(item, list):
        return item
    if isinstance(item, PossibleItem):
        if isinstance(item.item, list):
            return [possible(i, item) for i in item.item]
        return [item] if not isinstance(item.item, Unknown) else [spread(item)]
    if isinstance(item, Unknown) and not item.spread and not logic.is_text(item):
        plain = item.choices and not any(isinstance(c, (list, Unknown)) for c in item.choices)
        return [item] if plain else [spread(item)]
    return [item]


def flatten(base: Value) -> Value:
    """``base[]`` without its projection: items that are lists are opened one level."""
    if isinstance(base, list):
        return [inner for item in base for inner in flatten_item(item)]
    if isinstance(base, Unknown):
        if base.choices:
            return lift(flatten, base)
        return None if base.parts else blur(base)
    return None


def multiselect(value: Value, build: Projector) -> Value:
    if value is None:
        return None
    if isinstance(value, Unknown) and not logic.never_null(value):
        if value.choices:
            return lift(lambda c: multiselect(c, build), value)
        return logic.one_of((None, build(value)), value)
    return build(value)


def plain_text(value: Value) -> Value:
    """An encoded structure as its text; anything else as it is."""
    return logic.text_of(value) if isinstance(value, Encoded) else value
