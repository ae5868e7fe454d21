"""JMESPath's own functions (https://jmespath.org/specification.html#built-in-functions), with unknowns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from iacguard.model import REST, Encoded, Unknown, Value, contains_unknown
from iacguard.policy import logic
from iacguard.policy.access import flatten_item, map_values, plain_text, project_item, surrounded
from iacguard.policy.errors import EvaluationError
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.language import Expref


def absolute(value: Any) -> Value:
    """The number without its sign."""
    return abs(value)


def average(numbers: list[Any]) -> Value:
    """The mean of the numbers; null for an empty list."""
    return sum(numbers) / len(numbers) if numbers else None


def ceil(value: Any) -> Value:
    """The next whole number at or above."""
    return math.ceil(value)


def contains(subject: Value, search: Value) -> Value:
    """Whether a list has the item ``search``, or a text the part ``search``.

    A known item or piece of text decides even where others are not known.
    """
    search = plain_text(search)
    if isinstance(subject, list):
        return decided(_list_contains(subject, search), search, subject)
    if isinstance(subject, str):
        if isinstance(search, Unknown):
            return logic.one_of((True, False), search)
        return isinstance(search, str) and search in subject
    return decided(_text_contains(subject, search), subject, search)


def _list_contains(items: list[Value], search: Value) -> logic.Tri:
    if type(search) is str and (search in items or all(type(item) is str for item in items)):
        return search in items  # texts, as nearly always
    return logic.any_tri(_is_item(item, search) for item in items)


def _is_item(item: Value, search: Value) -> logic.Tri:
    if isinstance(item, logic.PossibleItem):
        return False if logic.equal(item.item, search) is False else None
    if isinstance(item, Unknown) and item.spread:
        return None
    return logic.equal(item, search)


def _text_contains(subject: Value, search: Value) -> logic.Tri:
    if not isinstance(subject, Unknown) or not isinstance(search, str):
        return None
    return any(search in piece for piece in logic.known_pieces(subject)) or None


def ends_with(subject: Value, suffix: Value) -> Value:
    """Whether the text ends so. Decided where enough of its end is known."""
    if isinstance(subject, str) and isinstance(suffix, str):
        return subject.endswith(suffix)
    if isinstance(subject, Unknown) and isinstance(suffix, str):
        known = subject.suffix
        return decided(True if known.endswith(suffix) else None if suffix.endswith(known) else False, subject)
    return decided(None, subject, suffix)


def floor(value: Any) -> Value:
    """The next whole number at or below."""
    return math.floor(value)


def join(separator: str, texts: list[str]) -> Value:
    """The texts as one, with the separator between them."""
    return separator.join(texts)


def keys(mapping: Value) -> Value:
    """The names in a map; those that are not known are an open item."""
    if isinstance(mapping, Unknown):
        return logic.blur(mapping)
    known = [k for k in mapping if k != REST]
    return surrounded(known, mapping[REST]) if REST in mapping else known


def length(subject: Value) -> Value:
    """How many characters, items or keys. Not known where items may be there or not."""
    if isinstance(subject, Unknown):
        return logic.blur(subject)
    open_ended = REST in subject if isinstance(subject, dict) else _open_ended(subject)
    return logic.blur(logic.first_unknown(subject)) if open_ended else len(subject)


def _open_ended(subject: Value) -> bool:
    return isinstance(subject, list) and any(isinstance(i, Unknown) and i.spread for i in subject)


def map_items(expression: Expref, items: Value) -> Value:
    """The expression's value for each item, nulls included."""
    if isinstance(items, Unknown):
        return logic.blur(items)
    return [_mapped(expression, item) for item in items]


def _mapped(expression: Expref, item: Value) -> Value:
    if isinstance(item, logic.PossibleItem):
        return logic.possible(expression.of(item.item), item)
    if isinstance(item, Unknown) and item.spread:
        return logic.spread(item)
    return expression.of(item)


def maximum(items: list[Any]) -> Value:
    """The largest number or text; null for an empty list."""
    return max(items) if items else None


def max_by(items: list[Value], expression: Expref) -> Value:
    """The item for which the expression is largest."""
    return _extreme("max_by", items, expression, max)


def merge(*mappings: Value) -> Value:
    """The maps as one; later ones win."""
    merged: dict[str, Value] = {}
    for mapping in mappings:
        merged.update(mapping)
    return merged


def minimum(items: list[Any]) -> Value:
    """The smallest number or text; null for an empty list."""
    return min(items) if items else None


def min_by(items: list[Value], expression: Expref) -> Value:
    """The item for which the expression is smallest."""
    return _extreme("min_by", items, expression, min)


def _extreme(name: str, items: list[Value], expression: Expref, pick: Callable[..., Value]) -> Value:
    if not items:
        return None
    ranked = _ranks(name, items, expression)
    return items[pick(range(len(items)), key=ranked.__getitem__)]


def _ranks(name: str, items: list[Value], expression: Expref) -> list[Any]:
    ranks = [plain_text(expression.of(item)) for item in items]
    numbers = all(isinstance(r, (int, float)) and not isinstance(r, bool) for r in ranks)
    if not numbers and not all(isinstance(r, str) for r in ranks):
        raise EvaluationError(f"{name}(): the expression must give a number for each item, or a string for each")
    return ranks


def not_null(*values: Value) -> Value:
    """The first argument that is not null."""
    maybe: list[Value] = []
    for value in values:
        if isinstance(value, Unknown) and not logic.never_null(value):
            maybe.append(value)
        elif value is not None:
            return logic.join([*maybe, value], maybe[0]) if maybe else value
    return logic.join([*maybe, None], maybe[0]) if maybe else None


def reverse(subject: Value) -> Value:
    """The list or text from its end."""
    if isinstance(subject, Unknown):
        return logic.blur(subject)
    return subject[::-1]


def sort(items: list[Any]) -> Value:
    """The numbers or texts in ascending order."""
    return sorted(items)


def sort_by(items: list[Value], expression: Expref) -> Value:
    """The items in the order of the expression's values."""
    if not items:
        return items
    ranks = _ranks("sort_by", items, expression)
    return [items[at] for at in sorted(range(len(items)), key=ranks.__getitem__)]


def starts_with(subject: Value, prefix: Value) -> Value:
    """Whether the text begins so. Decided where enough of its beginning is known."""
    if isinstance(subject, str) and isinstance(prefix, str):
        return subject.startswith(prefix)
    if isinstance(subject, Unknown) and isinstance(prefix, str):
        known = subject.prefix
        return decided(True if known.startswith(prefix) else None if prefix.startswith(known) else False, subject)
    return decided(None, subject, prefix)


def total(numbers: list[Any]) -> Value:
    """The sum of the numbers."""
    return sum(numbers)


def to_array(value: Value) -> Value:
    """A list as it is; anything else as a list of one."""
    if isinstance(value, Unknown) and not logic.is_text(value):
        return logic.blur(value)
    return value if isinstance(value, list) else [value]


def to_number(value: Value) -> Value:
    """The number that a text says; null where it says none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return None


def to_string(value: Value) -> Value:
    """A text as it is; anything else as JSON."""
    if isinstance(value, Unknown):
        return value if logic.is_text(value) else logic.blur(value)
    if isinstance(value, str):
        return value
    why = logic.first_unknown(value) if contains_unknown(value) else None
    return logic.blur(why) if why is not None else json.dumps(_plain(value), separators=(",", ":"))


def _plain(value: Value) -> Value:
    if isinstance(value, Encoded):
        return value.text
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value


def type_name(value: Value) -> Value:
    """``string``, ``number``, ``boolean``, ``array``, ``object`` or ``null``."""
    if isinstance(value, Unknown):
        return "string" if logic.is_text(value) else logic.blur(value)
    if isinstance(value, bool):
        return "boolean"
    kinds: tuple[tuple[Any, str], ...] = ((str, "string"), (list, "array"), (dict, "object"), ((int, float), "number"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def values(mapping: Value) -> Value:
    """The values in a map; those that are not known are an open item."""
    return map_values(mapping)


def entries(mapping: Value) -> Value:
    """The members of a map as a list of ``{key, value}``: ``any(entries(labels), &key == 'app' && value == 'web')``."""
    if isinstance(mapping, Unknown):
        return logic.blur(mapping)
    known: list[Value] = [{"key": k, "value": v} for k, v in mapping.items() if k != REST]
    return surrounded(known, mapping[REST]) if REST in mapping else known


def any_item(items: Value, expression: Expref) -> Value:
    """Whether the expression holds for at least one item: ``any(ingress, &from_port == `22`)``.

    One item that surely does decides it; it is false only where no item can.
    """
    return _quantified(items, expression, logic.any_tri)


def all_items(items: Value, expression: Expref) -> Value:
    """Whether the expression holds for every item; true for an empty list."""
    return _quantified(items, expression, logic.all_tri)


def no_item(items: Value, expression: Expref) -> Value:
    """Whether the expression holds for no item; true for an empty list."""
    return _quantified(items, expression, lambda answers: logic.not_tri(logic.any_tri(answers)))


def _quantified(items: Value, expression: Expref, combine: Callable[[list[logic.Tri]], logic.Tri]) -> Value:
    if isinstance(items, Unknown):
        return logic.one_of((True, False), items)
    found = [_one(item, expression) for item in items]
    # An item that may not be there decides nothing by itself, neither for "any" nor for "all".
    answer = combine([a for a, sure, _ in found if sure])
    with_possible = combine([a for a, _, _ in found])
    if answer is not None and answer is with_possible:
        return answer
    open_ones = (w for a, sure, w in found if w is not None and (a is None or not sure))
    return logic.one_of((True, False), next(open_ones, logic.first_unknown(items)))


def _one(item: Value, expression: Expref) -> tuple[logic.Tri, bool, Unknown | None]:
    if isinstance(item, logic.PossibleItem):
        return logic.truth(expression.of(item.item)), False, item
    if isinstance(item, Unknown) and item.spread:
        return logic.truth(expression.of(logic.one_item(item))), False, item
    met = expression.of(item)
    answer = logic.truth(met)
    return answer, True, logic.first_unknown(met) if answer is None else None


def count(items: Value, expression: Expref) -> Value:
    """For how many items the expression holds."""
    if isinstance(items, Unknown):
        return logic.blur(items)
    found = [_one(item, expression) for item in items]
    open_one = next((w for a, sure, w in found if a is None or (a and not sure)), None)
    return logic.blur(open_one) if open_one is not None else sum(a is True for a, _, _ in found)


def contains_any(items: Value, wanted: Value) -> Value:
    """Whether the list has at least one of ``wanted``: ``contains_any(actions, ['*', 's3:*'])``."""
    if isinstance(items, Unknown) or isinstance(wanted, Unknown):
        return logic.one_of((True, False), logic.first_unknown(items, wanted))
    answers = [_is_item(item, w) for item in items for w in wanted if not (isinstance(w, Unknown) and w.spread)]
    if items and any(isinstance(w, Unknown) and w.spread for w in wanted):
        answers.append(None)
    return decided(logic.any_tri(answers), items, wanted)


def exists(value: Value) -> Value:
    """Whether the value is there at all: not null. False, 0 and empty lists exist."""
    if isinstance(value, Unknown):
        return True if logic.never_null(value) else logic.one_of((True, False), value)
    return value is not None


def known(value: Value) -> Value:
    """Whether the code tells the value, in all its parts. Never unknown itself."""
    return not contains_unknown(value)


def flatten_all(items: Value) -> Value:
    """Lists within the list opened to any depth, nulls left out."""
    if isinstance(items, Unknown):
        return logic.blur(items)
    pending = list(reversed(items))
    out: list[Value] = []
    while pending:
        item = pending.pop()
        inside = isinstance(item, list) or (isinstance(item, logic.PossibleItem) and isinstance(item.item, list))
        if inside:
            pending.extend(reversed(flatten_item(item)))
        else:
            # An unknown may be a list itself: it then stands for any number of items.
            for opened in flatten_item(item):
                project_item(opened, lambda i: i, out)
    return out


_P = parameters
_A = "array-number", "array-string"

#: The specification's own.
JMESPATH: tuple[Function, ...] = (
    Function("abs", absolute, _P("value: number"), "number"),
    Function("avg", average, _P("numbers: array-number"), "number"),
    Function("ceil", ceil, _P("value: number"), "number"),
    Function("contains", contains, _P("subject: array|string", "search"), "boolean", "decides"),
    Function("ends_with", ends_with, _P("subject: string", "suffix: string"), "boolean", "decides"),
    Function("floor", floor, _P("value: number"), "number"),
    Function("join", join, _P("separator: string", "texts: array-string"), "string"),
    Function("keys", keys, _P("mapping: object"), "array", "decides"),
    Function("length", length, _P("subject: string|array|object"), "number", "decides"),
    Function("map", map_items, _P("expression: expref", "items: array"), "array", "decides"),
    Function("max", maximum, _P("items: array-number|array-string"), "any"),
    Function("max_by", max_by, _P("items: array", "expression: expref"), "any"),
    Function("merge", merge, _P("mappings...: object"), "object"),
    Function("min", minimum, _P("items: array-number|array-string"), "any"),
    Function("min_by", min_by, _P("items: array", "expression: expref"), "any"),
    Function("not_null", not_null, _P("values..."), "any", "decides"),
    Function("reverse", reverse, _P("subject: array|string"), "any", "decides"),
    Function("sort", sort, _P("items: array-number|array-string"), "array"),
    Function("sort_by", sort_by, _P("items: array", "expression: expref"), "array"),
    Function("starts_with", starts_with, _P("subject: string", "prefix: string"), "boolean", "decides"),
    Function("sum", total, _P("numbers: array-number"), "number"),
    Function("to_array", to_array, _P("value"), "array", "decides"),
    Function("to_number", to_number, _P("value"), "number"),
    Function("to_string", to_string, _P("value"), "string", "decides"),
    Function("type", type_name, _P("value"), "string", "decides"),
    Function("values", values, _P("mapping: object"), "array", "decides"),
    Function("entries", entries, _P("mapping: object"), "array", "decides"),
)

#: What it lacks.
LISTS: tuple[Function, ...] = (
    Function("any", any_item, _P("items: array", "expression: expref"), "boolean", "decides"),
    Function("all", all_items, _P("items: array", "expression: expref"), "boolean", "decides"),
    Function("none", no_item, _P("items: array", "expression: expref"), "boolean", "decides"),
    Function("count", count, _P("items: array", "expression: expref"), "number", "decides"),
    Function("contains_any", contains_any, _P("items: array", "wanted: array"), "boolean", "decides"),
    Function("exists", exists, _P("value"), "boolean", "decides"),
    Function("flatten_all", flatten_all, _P("items: array"), "array", "decides"),
    Function("known", known, _P("value"), "boolean", "decides", raw=True),
)
