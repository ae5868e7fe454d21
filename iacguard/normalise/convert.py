"""The named conversions that table rows use on single values."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from iacguard.late import regex
from iacguard.model import REST, Unknown, Value
from iacguard.normalise.values import MAX_DEPTH, boolean, integer, text
from iacguard.record import replace

_ACRONYM_PLURAL = regex(r"([A-Z])s(?=[A-Z]|$)")
_HEAD = regex(r"([A-Z]+)([A-Z][a-z])")
_HUMP = regex(r"([a-z0-9])([A-Z])")


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """``KMSMasterKeyID`` -> ``kms_master_key_id``."""
    name = _ACRONYM_PLURAL.sub(
        lambda m: m.group(0).upper() if m.start() and name[m.start() - 1].isupper() else m[0], name
    )
    return _HUMP.sub(r"\1_\2", _HEAD.sub(r"\1_\2", name)).replace("-", "_").replace(".", "_").lower()


@lru_cache(maxsize=8192)
def camel(name: str) -> str:
    """``LogConfiguration`` -> ``logConfiguration``."""
    return name[:1].lower() + name[1:]


def kebab(value: str) -> str:
    """``PublicRead`` -> ``public-read``."""
    return snake(value).replace("_", "-")


def convert(value: Value, name: str, argument: str) -> Value:
    """Apply the conversion ``name``; what it does not fit stays as it is, an Unknown keeps what is known of it."""
    if isinstance(value, Unknown):
        return _unknown(value, name, argument)
    if name == "is":
        return None if value is None else text(value) == argument
    if name == "not":
        known = boolean(value)
        return value if known is None or isinstance(known, Unknown) else not known
    if name == "flag":
        known = boolean(value)
        yes, _, no = argument.partition(",")
        return value if known is None or isinstance(known, Unknown) else yes if known else no
    if name == "bool":
        known = boolean(value)
        return value if known is None else known
    if name == "number":
        number = integer(value)
        return value if number is None else number
    if name == "text":
        written = text(value)
        return value if written is None else written
    if name in ("first", "at", "items"):
        return _of_list(value, name, int(argument or 0))
    if name == "const":
        known = boolean(argument)
        return argument if known is None else known
    if isinstance(value, str) and name in _ON_TEXT:
        return _ON_TEXT[name](value)
    return value


def _of_list(value: Value, name: str, index: int) -> Value:
    """A list's item (of ``first`` and ``at``), or a list out of what is none (``items``)."""
    if name == "items":
        return value if isinstance(value, list) else [value]
    if isinstance(value, list):
        return value[index] if index < len(value) else None
    return value if name == "first" else None


_ON_TEXT: dict[str, Callable[[str], str]] = {"kebab": kebab, "lower": str.lower, "upper": str.upper}


def _unknown(value: Unknown, name: str, argument: str) -> Value:
    if name == "const":
        return convert("", name, argument)
    if name == "items":
        return [value]
    changed = tuple(convert(c, name, argument) for c in value.choices)
    if changed and all(c == changed[0] and type(c) is type(changed[0]) for c in changed):
        return changed[0]
    return replace(value, choices=changed, parts=(), present=value.present and name not in ("is", "not", "bool"))


def camel_keys(value: Value, verbatim: frozenset[str], depth: int = 0) -> Value:
    """A structure with every key's first letter lowered; below the keys in ``verbatim`` it stays as written."""
    if depth > MAX_DEPTH:
        return Unknown(f"nested deeper than {MAX_DEPTH} levels", kind="limit")
    if isinstance(value, dict):
        return {
            k if k == REST else camel(k): v if k in verbatim else camel_keys(v, verbatim, depth + 1)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [camel_keys(v, verbatim, depth + 1) for v in value]
    if isinstance(value, Unknown) and value.choices:
        return replace(value, choices=tuple(camel_keys(c, verbatim, depth + 1) for c in value.choices))
    return value
