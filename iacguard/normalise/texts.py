"""Terraform turns the texts "true", "false" and "30" into what the argument is: a boolean, a number.

https://developer.hashicorp.com/terraform/language/expressions/types#type-conversion
"""

from __future__ import annotations

from collections.abc import Mapping

from iacguard.knowledge import Attribute, terraform_schema
from iacguard.model import Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.values import MAX_DEPTH, integer

#: Of all providers, maps of texts.
_TEXTS = frozenset(("annotations", "labels", "tags", "tags_all"))


def read_texts(draft: Draft) -> None:
    """Give ``draft``'s boolean and number arguments their type where they are written as text.

    The schema is asked only where such a text stands. Types without one, and maps of texts, stay as they are.
    """
    written = [name for name, value in draft.attributes.items() if name not in _TEXTS and _holds_text(value)]
    schema = terraform_schema(draft.type) if written else None
    if schema is None:
        return
    for name in written:
        attribute = schema.attributes.get(name)
        if attribute is not None:
            old = draft.attributes[name]
            new = _typed(old, attribute, 0)
            if new is not old:
                draft.set(name, new)


def _holds_text(value: Value) -> bool:
    """Whether a text that may stand for a boolean or a number is somewhere inside."""
    pending = [value]
    while pending:
        found = pending.pop()
        if isinstance(found, str):
            if found in ("true", "false") or found.isdecimal():
                return True
        elif isinstance(found, list):
            pending.extend(found)
        elif isinstance(found, dict):
            pending.extend(found.values())
    return False


def _typed(value: Value, attribute: Attribute, depth: int) -> Value:
    if isinstance(value, str):
        return _scalar(value, attribute.type)
    if depth >= MAX_DEPTH:
        return value
    if isinstance(value, list):
        return _items(value, attribute, depth)
    if isinstance(value, dict) and attribute.members:
        return _object(value, attribute.members, depth)
    return value


def _scalar(value: str, type_: str | None) -> Value:
    if type_ == "bool" and value in ("true", "false"):
        return value == "true"
    number = integer(value) if type_ == "number" else None
    return value if number is None else number


def _items(value: list[Value], attribute: Attribute, depth: int) -> Value:
    new: list[Value] = []
    for item in value:
        if isinstance(item, str):
            new.append(_scalar(item, attribute.item))
        else:
            new.append(_typed(item, attribute, depth + 1))
    return new if any(a is not b for a, b in zip(new, value, strict=True)) else value


def _object(value: dict[str, Value], members: Mapping[str, Attribute], depth: int) -> Value:
    new = {k: _typed(v, members[k], depth + 1) if k in members else v for k, v in value.items()}
    return new if any(new[k] is not v for k, v in value.items()) else value
