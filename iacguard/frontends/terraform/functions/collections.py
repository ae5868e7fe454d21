"""Collection functions. Sets are sorted lists without duplicates; what is certain of a partly known one is kept.

A list of unknown length has an Unknown item with ``spread``; a map of unknown keys the key ``$rest``. After such an
item nothing is said of places: further unknown items may stand between the known ones. Where the order is that of the
values or keys, it stands first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    surely_unique,
)
from iacguard.model import REST, Encoded, Unknown, Value
from iacguard.record import replace

MAX_PRODUCT = 20_000
#: More items that are not known are not made of a list of unknown length.
MAX_UNKNOWN_ITEMS = 200


def spread(unknown: Unknown) -> Unknown:
    return unknown if unknown.spread else replace(unknown, spread=True, reference=None)


def _perhaps(item: Value) -> Unknown:
    """An item that is not known, and may be missing."""
    return item if isinstance(item, Unknown) and item.spread else derived([item], spread=True)


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
    stack = [iter(list_of(value))]
    while stack:
        for item in stack[-1]:
            if isinstance(item, list):
                stack.append(iter(item))
                break
            # An unknown item may be a list itself, and then its items stand here.
            result.append(_flat(item) if isinstance(item, Unknown) else item)
        else:
            stack.pop()
    return result


def _flat(item: Unknown) -> Unknown:
    if item.spread or (item.choices and all(isinstance(c, list) for c in item.choices)):
        return spread(item)
    if item.choices:
        return _perhaps(item) if any(isinstance(c, (list, Unknown)) for c in item.choices) else item
    return item if item.parts or item.reference is not None else _perhaps(item)


def compact(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    kept = (v for v in values if v is not None and v != "")
    return [v if not isinstance(v, Unknown) or v.present or v.parts else _perhaps(v) for v in kept]


def distinct(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    return _distinct(values)


def _distinct(values: Sequence[Value]) -> list[Value]:
    """Each item once. One that may turn out to equal another one stands for one item or none."""
    items = surely_unique(unify(values))
    if find_unknown(items) is None:
        return items
    result: list[Value] = []
    for at, item in enumerate(items):
        if find_unknown([item]) is not None and any(same(item, o) is None for i, o in enumerate(items) if i != at):
            result.append(_perhaps(item))
        else:
            result.append(item)
    return result


def as_set(values: Sequence[Value]) -> list[Value]:
    """The items as a set: once each, sorted; what is not known stands first."""
    items = _distinct(values)
    if len(items) < 2:
        return items
    unknown = [
        item if is_spread(item) else derived([item], spread=True) for item in items if find_unknown([item]) is not None
    ]
    return [*unknown, *sorted((item for item in items if find_unknown([item]) is None), key=_order)]


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
    if type(wanted) is not str:
        verdicts = {None if is_spread(v) else same(v, wanted) for v in values}
    elif wanted in values:
        return True
    else:
        verdicts = {None if is_spread(v) else same(v, wanted) for v in values if type(v) is not str}
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
    if type(wanted) is str and isinstance(values, list) and all(kind is str for kind in set(map(type, values))):
        return wanted in values
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
        # The call fails, or there are that many.
        several = 0 <= first <= last <= first + MAX_UNKNOWN_ITEMS and not values.choices
        return [derived([values]) for _ in range(int(last - first))] if several else derived([values])
    items = list_of(values)
    if first < 0 or last < first or (last > len(items) and not any(map(is_spread, items))):
        raise FunctionError("the indices are outside the list or in the wrong order")
    known = spread_index(items)
    if last <= known:
        return items[first:last]
    missing = last - max(first, known)
    if missing > MAX_UNKNOWN_ITEMS:
        return [*items[first:known], derived(items[known:], spread=True)]
    return [*items[first:known], *(derived(items[known:]) for _ in range(missing))]


def reverse(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    items = list_of(values)[::-1]
    first = next(filter(is_spread, items), None)
    return items if first is None else [first, *items]


def sort(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    if any(v is None for v in values):
        raise FunctionError("the list has a null")
    known = sorted(v for v in values if isinstance(v, str))
    unknown = [_perhaps(v) for v in values if not isinstance(v, str)]
    return [*unknown, *known]


def chunklist(values: Value, size: int | float) -> Value:
    width = _whole(size)
    if width < 0:
        raise FunctionError("the size must not be negative")
    if isinstance(values, Unknown):
        return derived([values])
    known = spread_index(values)
    if not width:
        return [values] if values and known else [derived([v], spread=True) for v in values[:1]]
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
    if len(candidates) == 1:
        return candidates[0]
    # Where they are collections, the unknown one may be an empty one.
    plain = not isinstance(candidates[-1], (list, dict, Unknown)) or counts is _counts_list
    return derived(candidates, present=verdict is True and plain)
