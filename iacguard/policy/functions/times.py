"""Lengths of time, in the notations that infrastructure code uses. Nothing here reads a clock."""

from __future__ import annotations

import re

from iacguard.model import Value
from iacguard.policy.functions.base import Function, parameters

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ISO = r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
#: A year and a month as the providers' retention settings count them.
_ISO_SECONDS = (365 * 86400, 30 * 86400, 604800, 86400, 3600, 60, 1)


def seconds(text: Value) -> Value:
    """A length of time in seconds: ``'3600s'``, ``'1h30m'``, ``'90d'``, ISO 8601 ``'P90D'``; a number is as it is.

    Null for another text.
    """
    if not isinstance(text, str):
        return text
    compact = text.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", compact):
        return float(compact)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", compact)
    if parts and "".join(n + u for n, u in parts) == compact:
        return sum(float(n) * _SECONDS[u] for n, u in parts)
    iso = re.fullmatch(_ISO, compact)
    if iso is None or not any(iso.groups()):
        return None
    return sum(float(n) * size for n, size in zip(iso.groups(), _ISO_SECONDS, strict=True) if n)


def days(text: Value) -> Value:
    """A length of time in days: ``'P90D'``, ``'2160h'``, ``'90d'``; a number, or a text of digits, is days already."""
    if not isinstance(text, str):
        return text
    if re.fullmatch(r"\s*\d+(?:\.\d+)?\s*", text):
        return float(text)
    length = seconds(text)
    return None if length is None else length / 86400


FUNCTIONS: tuple[Function, ...] = (
    Function("seconds", seconds, parameters("text: string|number"), "number"),
    Function("days", days, parameters("text: string|number"), "number"),
)
