"""Type conversions and marks. Plain data has no marks: ``sensitive`` keeps a known value as it is."""

from __future__ import annotations

from iacguard.frontends.terraform.functions import context
from iacguard.frontends.terraform.functions.collections import as_set
from iacguard.frontends.terraform.functions.context import FunctionError, known_keys, type_name
from iacguard.frontends.terraform.functions.unify import unify
from iacguard.model import REST, Unknown, Value
from iacguard.record import replace


def tostring(value: Value) -> Value:
    # An unknown number's text is the same unknown; it stays what a reference refers to.
    return context.to_string(value)


def tonumber(value: Value) -> Value:
    return context.to_number(value)


def tobool(value: Value) -> Value:
    return context.to_bool(value)


def tolist(value: Value) -> Value:
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, list):
        raise FunctionError(f"a list or a set is required, not {type_name(value)}")
    return unify(value)


def toset(value: Value) -> Value:
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, list):
        raise FunctionError(f"a list or a set is required, not {type_name(value)}")
    return as_set(value)


def tomap(value: Value) -> Value:
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, dict):
        raise FunctionError(f"a map or an object is required, not {type_name(value)}")
    names = list(known_keys(value))
    result: dict[str, Value] = dict(zip(names, unify([value[n] for n in names]), strict=True))
    return {**result, REST: value[REST]} if REST in value else result


def sensitive(value: Value) -> Value:
    return replace(value, secret=True) if isinstance(value, Unknown) else value


def nonsensitive(value: Value) -> Value:
    return replace(value, secret=False) if isinstance(value, Unknown) else value


def unchanged(value: Value) -> Value:
    return value


def type_text(value: Value) -> str:
    """``type()`` of the console: the type's name in the language's own syntax."""
    if isinstance(value, list):
        return "tuple([" + ", ".join(type_text(v) for v in value) + "])"
    if isinstance(value, dict):
        return "object({" + ", ".join(f"{k}: {type_text(value[k])}" for k in sorted(value)) + "})"
    if value is None:
        return "dynamic"
    return type_name(value).removeprefix("a ")
