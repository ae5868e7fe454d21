"""Collection functions. Sets are sorted lists without duplicates; what is certain of a partly known one is kept.

A list of unknown length has an Unknown item with ``spread``; a map of unknown keys the key ``$rest``. Where the order
is that of the keys, the unknown item stands first, so that no later item has a certain index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from iacguard.frontends.terraform.functions.context import (
    FunctionError,
    spread_index,
    to_bool,
    type_name,
)
from iacguard.frontends.terraform.functions.graphemes import graphemes
from iacguard.frontends.terraform.functions.unify import unify
from iacguard.frontends.terraform.functions.unknowns import (
    derived,
    find_unknown,
    identity,
    one_of,
    same,
    unique,
)
from iacguard.model import REST, Encoded, Unknown, Value

MAX_PRODUCT = 20_000


def spread(unknown: Unknown) -> Unknown:
    return unknown if unknown.spread else replace(unknown, spread=True, reference=None)


def is_spread(value: Value) -> bool:
    return isinstance(value, Unknown) and value.spread


def list_of(value: Value, what: str = "a list is required") -> list[Value]:
    if isinstance(value, list):
        return value
    raise FunctionError(f"{what}, not {type_name(value)}")


def _whole(number: int | float) -> int:
    if isinstance(number, int):
        return number
    raise FunctionError("a whole number is required")


def length(value: Value) -> Value:
    if isinstance(value, Unknown):
        return derived([value])
    if isinstance(value, Encoded):
        return derived([value]) if value.text is None else len(graphemes(value.text))
    if isinstance(value, list):
        return derived(value[spread_index(value) :]) if any(map(is_spread, value)) else len(value)
    if isinstance(value, dict):
        return derived([value[REST]]) if REST in value else len(value)
    if isinstance(value, str):
        return len(graphemes(value))
    raise FunctionError(f"a list, a map or a string is required, not {type_name(value)}")


def concat(*lists: Value) -> Value:
    result: list[Value] = []
    for value in lists:
        if isinstance(value, Unknown):
            result.append(spread(value))
        else:
            result.extend(list_of(value))
    if not lists:
        raise FunctionError("at least one list is required")
    return result


def flatten(value: Value) -> Value:
    if isinstance(value, Unknown):
        return derived([value])
    result: list[Value] = []
    stack = [list_of(value)]
    while stack:
        items = stack.pop()
        for index, item in enumerate(items):
            if isinstance(item, list):
                stack += [items[index + 1 :], item]
                break
            # An unknown item may be a list itself, and then its items stand here.
            result.append(spread(item) if isinstance(item, Unknown) and _may_be_list(item) else item)
    return result


def _may_be_list(item: Unknown) -> bool:
    if item.choices:
        return any(isinstance(c, (list, Unknown)) for c in item.choices)
    return not item.parts and item.reference is None


def compact(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    kept = (v for v in values if v is not None and v != "")
    return [v if not isinstance(v, Unknown) or v.present or v.parts else spread(v) for v in kept]


def distinct(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    return unique(unify(values))


def as_set(values: Sequence[Value]) -> list[Value]:
    """The items as a set: once each, sorted; what is not known stands first."""
    items = unique(unify(values))
    if find_unknown(items) is None and not any(isinstance(i, Encoded) for i in items):
        return sorted(items, key=_order)
    # An unknown item may turn out to equal another one: then there is one item fewer.
    lone = len(items) == 1
    unknown = [i if lone or not isinstance(i, Unknown) else spread(i) for i in items if find_unknown([i]) is not None]
    return [*unknown, *sorted((i for i in items if find_unknown([i]) is None), key=_order)]


def _order(value: Value) -> tuple[int, float, str]:
    if value is None:
        return (4, 0, "")
    if isinstance(value, (bool, int, float)):
        return (1, value, "")
    return (2, 0, value) if isinstance(value, str) else (3, 0, identity(value))


def setunion(*sets: Value) -> Value:
    return as_set(concat(*sets))


def setintersection(*sets: Value) -> Value:
    if find_unknown(sets) is not None:
        return derived(sets)
    first, *others = unify([list_of(s) for s in sets])
    return as_set([v for v in first if all(holds(o, v) for o in others)])


def setsubtract(left: Value, right: Value) -> Value:
    if isinstance(left, Unknown) or (isinstance(right, Unknown) and left != []):
        return derived([left, right])
    if isinstance(right, Unknown):
        return []
    first, second = unify([left, right])
    result: list[Value] = []
    for item in first:
        verdict = _membership(second, item)
        if verdict is None:
            result.append(derived([second, item], spread=True))
        elif not verdict:
            result.append(item)
    return as_set(result)


def holds(values: Sequence[Value], wanted: Value) -> bool:
    return any(same(v, wanted) for v in values)


def _membership(values: Sequence[Value], wanted: Value) -> bool | None:
    verdicts = [None if is_spread(v) else same(v, wanted) for v in values]
    return True if True in verdicts else None if None in verdicts else False


def setproduct(*sets: Value) -> Value:
    if len(sets) < 2:
        raise FunctionError("at least two sets are required")
    if any(isinstance(s, Unknown) or any(map(is_spread, list_of(s))) for s in sets):
        return [derived(sets, spread=True)]
    count = 1
    for values in sets:
        count *= len(values)
    if count > MAX_PRODUCT:
        return [Unknown(f"a setproduct of {count} items is not evaluated", "limit", spread=True)]
    result: list[list[Value]] = [[]]
    for values in sets:
        result = [[*row, item] for row in result for item in values]
    return result


def contains(values: Value, wanted: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    verdict = _membership(list_of(values), wanted)
    return derived([values, wanted]) if verdict is None else verdict


def index(values: Value, wanted: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    for position, item in enumerate(list_of(values)):
        verdict = None if is_spread(item) else same(item, wanted)
        if verdict:
            return position
        if verdict is None:
            return derived([values, wanted])
    raise FunctionError("item not found")


def element(values: Value, position: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    items = list_of(values)
    if not items:
        raise FunctionError("the list is empty")
    if isinstance(position, Unknown):
        return derived([position]) if any(map(is_spread, items)) else one_of(items, [position])
    at = _whole(position)
    if any(map(is_spread, items)):
        # Where the list is longer than the index nothing wraps; how long it is, only its known head tells.
        return items[at] if 0 <= at < spread_index(items) else derived(items[spread_index(items) :])
    return items[at % len(items)]


def slice_(values: Value, start: int | float, end: int | float) -> Value:
    first, last = _whole(start), _whole(end)
    if isinstance(values, Unknown):
        return derived([values])
    items = list_of(values)
    if first < 0 or last < first or (last > len(items) and not any(map(is_spread, items))):
        raise FunctionError("the indices are outside the list or in the wrong order")
    known = spread_index(items)
    if last <= known:
        return items[first:last]
    return [*items[first:known], derived(items[known:], spread=True)]


def reverse(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    items = list_of(values)[::-1]
    # A leading unknown item marks an order that is not known (see keys): it stays in front.
    return [items[-1], *items] if items and is_spread(items[-1]) else items


def sort(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    if any(v is None for v in values):
        raise FunctionError("the list has a null")
    known = sorted(v for v in values if isinstance(v, str))
    unknown = [spread(v) if isinstance(v, Unknown) else v for v in values if not isinstance(v, str)]
    return [*unknown, *known]


def chunklist(values: Value, size: int | float) -> Value:
    width = _whole(size)
    if width < 0:
        raise FunctionError("the size must not be negative")
    if isinstance(values, Unknown):
        return derived([values])
    known = spread_index(values)
    if not width:
        return [values] if values else []
    whole = len(values) if known == len(values) else known // width * width
    result: list[Value] = [values[i : i + width] for i in range(0, whole, width)]
    return result if whole == len(values) else [*result, derived(values[known:], spread=True)]


def one(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    items = list_of(values)
    if any(map(is_spread, items)):
        certain = [i for i in items if not is_spread(i)]
        if len(certain) > 1:
            raise FunctionError("the list has more than one item")
        return certain[0] if certain else derived(items)
    if len(items) > 1:
        raise FunctionError("the list has more than one item")
    return items[0] if items else None


def alltrue(values: Value) -> Value:
    return _quantified(values, False)


def anytrue(values: Value) -> Value:
    return _quantified(values, True)


def _quantified(values: Value, decisive: bool) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    found = [to_bool(v) for v in values]
    if any(v is decisive or (v is None and not decisive) for v in found):
        return decisive
    return not decisive if find_unknown(found) is None else derived(found)


def coalesce(*values: Value) -> Value:
    """The first that is neither null nor an empty string."""
    return _first(unify(values), _counts, "all arguments are null or empty strings")


def _counts(value: Value) -> bool | None:
    if isinstance(value, Unknown):
        return True if value.present or value.prefix or value.suffix else None
    return value is not None and value != ""


def coalescelist(*values: Value) -> Value:
    """The first list that is not empty."""
    return _first(values, _counts_list, "all lists are empty")


def _counts_list(value: Value) -> bool | None:
    if isinstance(value, Unknown):
        return True if value.present else None
    items = list_of(value)
    return None if items and all(map(is_spread, items)) else bool(items)


def _first(values: Sequence[Value], counts: Callable[[Value], bool | None], none: str) -> Value:
    candidates: list[Value] = []
    verdict: bool | None = False
    for value in values:
        verdict = counts(value)
        if verdict is not False:
            candidates.append(value)
        if verdict:
            break
    if not candidates:
        raise FunctionError(none)
    return candidates[0] if len(candidates) == 1 else derived(candidates, present=verdict is True)
