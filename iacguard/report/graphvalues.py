"""Evaluated attributes as plain JSON: what is not known says why, and no secret is shown."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from iacguard.late import regex
from iacguard.model import Encoded, Unknown, Value
from iacguard.report.jsontext import dumps

#: What stands for a secret that is written in the code.
MASK: Final = "(masked)"
_MAX_DEPTH: Final = 200
_SECRET_NAME: Final = regex(
    r"(?:password|passwd|secret|token|api_?key|private_?key|secret_?key|access_?key|credentials?)$", re.IGNORECASE
)
#: The fields that hold a Kubernetes Secret's content.
_SECRET_FIELDS: Final = ("data", "stringData")


def plain(attributes: dict[str, Value], resource_type: str) -> dict[str, Any]:
    """``attributes`` with every Unknown as ``{"$unknown": reason}``, every Encoded as its text where that is known.

    Texts given to names that say they are secret are masked: passwords, tokens, the data of a Kubernetes Secret.
    """
    shown = {key: _value(value, key, 0) for key, value in attributes.items()}
    if resource_type == "Secret":
        for key in _SECRET_FIELDS:
            if isinstance(attributes.get(key), dict):
                shown[key] = dict.fromkeys(attributes[key], MASK)
    return shown


def _value(value: Value, key: str, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return {"$unknown": "nested too deep to be shown"}
    if isinstance(value, Unknown):
        return {"$unknown": "a secret" if value.secret else value.reason}
    if isinstance(value, Encoded):
        return _encoded(value, key, depth)
    if isinstance(value, dict):
        return _mapping(value, depth)
    if isinstance(value, (list, tuple)):
        return [_value(item, key, depth + 1) for item in value]
    if isinstance(value, str):
        return MASK if value and _SECRET_NAME.search(key) else value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _encoded(value: Encoded, key: str, depth: int) -> Any:
    """The text; the structure where part of it is not known; the masked structure as text where it holds a secret."""
    inner = _value(value.value, key, depth + 1)
    if value.text is None:
        return inner
    masked = dumps(inner)
    return masked if MASK in masked and MASK not in value.text else value.text


def _mapping(value: dict[Any, Value], depth: int) -> dict[str, Any]:
    shown = {str(name): _value(item, str(name), depth + 1) for name, item in value.items()}
    # An environment variable as a pair: {name: DB_PASSWORD, value: ...}.
    name = value.get("name")
    if isinstance(name, str) and _SECRET_NAME.search(name) and isinstance(value.get("value"), str):
        shown["value"] = MASK
    return shown
