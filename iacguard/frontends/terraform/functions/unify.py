"""One type for several values, as in the items of a list (Terraform's "Conversion of Complex Types")."""

from __future__ import annotations

from collections.abc import Sequence

from iacguard.frontends.terraform.functions.context import FunctionError, to_string
from iacguard.model import Encoded, Unknown, Value


def unify(values: Sequence[Value]) -> list[Value]:
    """Primitives of several types become text where one is text; lists and maps are unified member by member.

    Raises FunctionError for a bool beside a number, or a primitive beside a collection: they have no common type.
    """
    kinds = {_kind(v) for v in values}
    kinds |= {_kind(c) for v in values if isinstance(v, Unknown) and not v.spread for c in v.choices}
    kinds.discard("")
    if kinds <= {"text"} or kinds == {"number"} or kinds == {"bool"}:
        return list(values)
    if "text" in kinds and kinds <= {"text", "number", "bool"}:
        return [v if v is None else to_string(v) for v in values]
    if kinds == {"list"}:
        return _lists(values)
    if kinds == {"map"}:
        return _maps(values)
    if kinds == {"number", "bool"} and any(isinstance(v, Unknown) for v in values):
        return list(values)  # an unknown text among them would make them all texts
    raise FunctionError("the items have no common type")


def _kind(value: Value) -> str:
    if isinstance(value, (str, Encoded)):
        return "text"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "list" if isinstance(value, list) else "map" if isinstance(value, dict) else ""


def _lists(values: Sequence[Value]) -> list[Value]:
    members = iter(unify([item for v in values if isinstance(v, list) for item in v]))
    return [[next(members) for _ in v] if isinstance(v, list) else v for v in values]


def _maps(values: Sequence[Value]) -> list[Value]:
    """Objects of the same attributes are unified attribute by attribute, others as maps."""
    names = {tuple(sorted(v)) for v in values if isinstance(v, dict)}
    if len(names) == 1:
        columns = {key: iter(unify([v[key] for v in values if isinstance(v, dict)])) for key in names.pop()}
        return [{key: next(columns[key]) for key in v} if isinstance(v, dict) else v for v in values]
    members = [m for v in values if isinstance(v, dict) for m in v.values()]
    try:
        unified = iter(unify(members))
    except FunctionError:
        return list(values)  # the attributes of one may be optional, and then they have a type in common
    return [{key: next(unified) for key in v} if isinstance(v, dict) else v for v in values]
