"""Credentials inside longer texts: start-up scripts, configuration files."""

from __future__ import annotations

import re

from iacguard.model import Unknown, Value
from iacguard.policy.functions.base import Function, parameters
from iacguard.policy.functions.text import decode_base64, looks_like_secret

_MAX_TEXT = 100_000
#: Stands for a piece that is not known; no value of a setting holds it.
_GAP = "\0"

# Patterns are compiled, and kept by the library, when they are first used: most scans use none of these.
#: ``NAME=value``, ``name: value``, ``"name": "value"``, ``--name=value``; a bare value is one word without brackets.
_SETTING = (
    r"""(?:^|[\s;,{"'-])(?P<name>[A-Za-z_][\w.-]{1,60})["']?[ \t]*[=:][ \t]*"""
    r"""(?:"(?P<double>[^"\n\0]{3,300})"|'(?P<single>[^'\n\0]{3,300})'"""
    r"""|(?P<bare>[^\s"'`;,(){}\[\]&|<>$%\0][^\s"'`;,(){}\[\]&|<>\0]{2,300})(?=[\s;,&|"'}]|$))"""
)
#: The beginnings of the words that a name must have that :func:`looks_like_secret` takes for a credential's.
_SECRET_WORDS = ("pass", "pwd", "secret", "token", "key", "cred", "connect")
#: ``os.environ`` and the like: code that looks the value up.
_LOOKED_UP = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|[$%@{].*"


def secrets_in(text: Value) -> Value:
    """The names to which a script or a configuration gives a literal credential: ``['DB_PASSWORD']``.

    Read are settings such as ``NAME=value``, ``name: value`` and ``"name": "value"``, of the text itself or of what it
    encodes in Base64; ``looks_like_secret`` decides on each. A credential without a name is ``a key``. References
    (``$NAME``, ``$(command)``) and what the code does not tell are none.
    """
    inner = decode_base64(text)
    plain = text if inner is None or (isinstance(inner, Unknown) and not inner.parts) else inner
    written = _outline(plain)[:_MAX_TEXT]
    # A setting's value that is a credential by its shape is one within the text, too.
    shaped = looks_like_secret(written)
    if not shaped and not _may_name_one(written):
        return []
    names = [found["name"] for found in re.finditer(_SETTING, written) if _is_secret(found)]
    return list(dict.fromkeys(names)) if names or not shaped else ["a key"]


def _may_name_one(text: str) -> bool:
    """Whether a name in the text may be a credential's: it has a word of such names."""
    folded = text.casefold()
    return any(word in folded for word in _SECRET_WORDS)


def _is_secret(found: re.Match[str]) -> bool:
    value = found["double"] or found["single"] or found["bare"]
    return not re.fullmatch(_LOOKED_UP, value) and bool(looks_like_secret(value, found["name"].replace("-", "_")))


def _outline(value: Value) -> str:
    """What is known of a text, with a gap for each piece that is not."""
    out: list[str] = []
    pending: list[Value] = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, Unknown) and part.parts:
            pending.extend(reversed(part.parts))
        elif part is not None:
            out.append(_GAP)
    return "".join(out)


FUNCTIONS: tuple[Function, ...] = (Function("secrets_in", secrets_in, parameters("text"), "array", "decides"),)
