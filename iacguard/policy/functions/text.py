"""Texts: patterns, versions, encodings, secrets."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from functools import lru_cache
from importlib import import_module
from typing import Any

from iacguard.late import regex
from iacguard.model import Encoded, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.errors import EvaluationError
from iacguard.policy.functions.base import Function, decided, parameters

_MAX_TEXT = 100_000
_BESIDE = "\uf8ff"


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """``pattern`` compiled. Raises EvaluationError where it is wrong, or can take more than linear time."""
    try:
        compiled = re.compile(pattern)
        # The parser's tree has no public name; a pattern that cannot be proved tame is refused either way.
        wrong = _wild_part(import_module("re._parser").parse(pattern), False)
    except (re.error, RecursionError, OverflowError) as error:
        raise EvaluationError(f"the pattern {pattern!r} is wrong: {error}") from None
    if wrong:
        raise EvaluationError(f"the pattern {pattern!r} has {wrong}, which can take too long")
    return compiled


def _wild_part(tree: Any, repeated: bool) -> str:
    """What in a pattern's tree RE2 lacks, or what repeats a repetition; "" if nothing."""
    for name, argument in tree:
        kind = str(name)
        if kind in ("ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"):
            return "a look-around or a back-reference"
        repeats = kind in ("MAX_REPEAT", "MIN_REPEAT") and int(argument[1]) > 1
        if repeats and repeated and int(argument[1]) > 16:
            return "a repetition inside a repetition"
        for inner in _subtrees(argument):
            found = _wild_part(inner, repeated or (repeats and int(argument[1]) > 16))
            if found:
                return found
    return ""


def _subtrees(argument: Any) -> list[Any]:
    if type(argument).__name__ == "SubPattern":
        return [argument]
    if isinstance(argument, (tuple, list)):
        return [tree for part in argument for tree in _subtrees(part)]
    return []


def matches(text: Value, pattern: Value) -> Value:
    """Whether the pattern is found anywhere in the text; ``^`` and ``$`` tie it to the ends.

    Regular expressions without look-around, back-references and nested repetitions. ``(?i)`` ignores case. Of a text
    that is known in part it is true where a known piece has it: ``"${var.registry}/helm/tiller:v2"``.
    """
    if not isinstance(text, str) or not isinstance(pattern, str):
        return decided(_found_in_piece(text, pattern), text, pattern)
    if len(text) > _MAX_TEXT:
        raise EvaluationError("matches(): the text is too long")
    return compile_pattern(pattern).search(text) is not None


def _found_in_piece(text: Value, pattern: Value) -> bool | None:
    """True where the match lies within one known piece; None elsewhere, as what is not known may have it, too."""
    if not isinstance(text, Unknown) or not isinstance(pattern, str) or "\\b" in pattern or "\\B" in pattern:
        return None
    compiled = compile_pattern(pattern)
    pieces = logic.known_pieces(text)
    if sum(map(len, pieces)) > _MAX_TEXT:
        return None
    for at, piece in enumerate(pieces):
        # A character that no pattern asks for keeps ^ and $ from the ends of a piece that are not the text's.
        before = "" if at == 0 and text.prefix == piece else _BESIDE
        after = "" if at == len(pieces) - 1 and text.suffix == piece else _BESIDE
        found = compiled.search(f"{before}{piece}{after}")
        if found and len(before) <= found.start() and found.end() <= len(before) + len(piece):
            return True
    return None


def lower(text: Value) -> Value:
    """The text in lower case."""
    return text.lower()


def upper(text: Value) -> Value:
    """The text in upper case."""
    return text.upper()


def trim(text: Value) -> Value:
    """The text without white space at its ends."""
    return text.strip()


def split(text: Value, separator: Value) -> Value:
    """The pieces of the text between the separators."""
    return text.split(separator) if separator else list(text)


def replace(text: Value, old: Value, new: Value) -> Value:
    """The text with every ``old`` replaced."""
    return text.replace(old, new)


def equals_ignore_case(text: Value, other: Value) -> Value:
    """Whether two texts are the same but for case. Decided where a known beginning or end differs."""
    if isinstance(text, str) and isinstance(other, str):
        return text.lower() == other.lower()
    unknown, known = (text, other) if isinstance(text, Unknown) else (other, text)
    if isinstance(known, str):
        begins = known.lower().startswith(unknown.prefix.lower())
        if not begins or not known.lower().endswith(unknown.suffix.lower()):
            return False
        if unknown.present and not known:
            return False
    return decided(None, unknown)


def _version(text: Value) -> tuple[int, ...] | None:
    found = re.match(r"\s*[vV]?(\d{1,9}(?:\.\d{1,9}){0,5})", str(text))
    return tuple(int(part) for part in found[1].split(".")) if found else None


def version_at_least(version: Value, minimum: Value) -> Value:
    """Whether a version is ``minimum`` or later: ``version_at_least('1.29', '1.27')``. Null if either is no version.

    Numbers are compared part by part, missing parts are 0, what follows the numbers is passed over.
    """
    have, need = _version(version), _version(minimum)
    if have is None or need is None:
        return None
    size = max(len(have), len(need))
    return have + (0,) * (size - len(have)) >= need + (0,) * (size - len(need))


def tls_version(text: Value) -> Value:
    """The lowest TLS version that a setting allows, as a number (``1.2``); 0 for SSL, null if it names none.

    Reads the providers' spellings: ``TLS1_2``, ``TLSv1.2_2021``, ``Policy-Min-TLS-1-2-2019-07``, ``TLS_1_2``, ``1.2``
    and the names of AWS load balancers' security policies (``ELBSecurityPolicy-TLS13-1-2-2021-06``).
    """
    setting = str(text).strip()
    if setting.startswith("ELBSecurityPolicy"):
        found = re.search(r"-1-([0-3])(?:-|$)", setting)
        return float(f"1.{found[1]}") if found else 1.0
    if re.search(r"(?i)ssl ?v?[23]", setting):
        return 0.0
    if exact := re.fullmatch(r"1\.([0-3])", setting):
        return float(f"1.{exact[1]}")
    named = re.search(r"(?i)tls[ v_-]*1(?:[._-]?([0-3])(?!\d))?", setting)
    return float(f"1.{named[1] or 0}") if named else None


def tls_at_least(text: Value, minimum: Value) -> Value:
    """Whether a TLS setting allows nothing older than ``minimum``: ``tls_at_least(min_tls_version, '1.2')``.

    Null where it names no version. It reads what :func:`tls_version` reads.
    """
    lowest = tls_version(text)
    return None if lowest is None else lowest >= float(minimum)


def decode_json(text: Value) -> Value:
    """The structure that a JSON text encodes; null if it is no JSON. What ``jsonencode`` made is given as it was."""
    if isinstance(text, Encoded):
        return text.value
    if isinstance(text, Unknown):
        return logic.blur(text)
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def decode_base64(text: Value) -> Value:
    """The text that a base64 text encodes, as far as it is known; null if it encodes none."""
    if isinstance(text, Unknown):
        return text.encodes if text.encodes is not None else logic.blur(text)
    if not isinstance(text, str) or (len(text) % 4 and not text.endswith("=")):
        return None
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def entropy(text: Value) -> Value:
    """Shannon's entropy of the text, in bits a character: about 4 and more for random keys."""
    counts: Counter[str] = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


#: What only a credential looks like, the issuers' published prefixes: a text that each has, and what it looks like.
_TOKENS = (
    ("AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    ("ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    *((f"gh{kind}_", rf"\bgh{kind}_[0-9A-Za-z]{{36,}}\b") for kind in "pousr"),
    ("github_pat_", r"\bgithub_pat_[0-9A-Za-z_]{50,}\b"),
    ("glpat-", r"\bglpat-[0-9A-Za-z_-]{20,}\b"),
    ("xox", r"\bxox[abprs]-[0-9A-Za-z-]{10,}\b"),
    ("k_live_", r"\b[rs]k_live_[0-9A-Za-z]{16,}\b"),
    ("SG.", r"\bSG\.[\w-]{16,}\.[\w-]{16,}\b"),
    ("AIza", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("ya29.", r"\bya29\.[0-9A-Za-z_-]{20,}\b"),
    ("npm_", r"\bnpm_[0-9A-Za-z]{36}\b"),
    ("pypi-", r"\bpypi-[0-9A-Za-z_-]{50,}\b"),
    ("hvs.", r"\bhvs\.[0-9A-Za-z_-]{20,}\b"),
    ("sk-", r"\bsk-[0-9A-Za-z_-]{32,}\b"),
    ("eyJ", r"\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}"),
    (" KEY-----", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    ("AccountKey=", r"\bAccountKey=[0-9A-Za-z+/]{40,}={0,2}"),
)
#: The password in a URL, from the slashes on; what stands before them is looked at where there is one.
_PASSWORD = regex(r"://[^\s:/@]{1,64}:(?!\$)[^\s:/@${}<>]{3,}@")
_SCHEME = regex(r"\b[a-z][a-z0-9+.-]{1,15}\Z")


def _holds_token(text: str) -> bool:
    """Whether part of a text is a credential by its shape. The marks are looked for first: texts may be long."""
    for mark, pattern in _TOKENS:
        # Compiled, and kept by the library, where there is something to look at: hardly ever.
        if mark in text and re.search(pattern, text):
            return True
    if "://" not in text:
        return False
    # One character more than a scheme has, so that the word before it is seen to end.
    return any(_SCHEME.search(text, max(0, m.start() - 17), m.start()) for m in _PASSWORD.finditer(text))


_SECRET_NAME = regex(
    r"(?i)(?:^|[_.\-/ ]|(?<=[a-z]))(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api_?key|access_?key|secret_?key|"
    r"private_?key|client_?secret|auth_?key|account_?key|connection_?string|credentials?)$"
)
#: Names that end like one and give none: tokens that make a call safe to repeat, and the names of secrets.
_NO_SECRET_NAME = (
    r"(?i)(?:creation|idempotency|request|next|page|continuation|pagination|(?:^|[_-])client)[_-]?token$"
    r"|(?:existing|image_?pull|pull|tls|certificate)[_-]?secret$"
)
_HARMLESS = (
    r"(?is)^(?:true|false|null|none|nil|yes|no|on|off|enabled|disabled|required|optional|\d+|[\W_]*"
    r"|arn:.*|\{\{.*\}\}.*|.*\$\{.*|\$\(.*\)|<[^>]*>|projects/.*/secrets/.*|https?://[^@]*|/[\w./-]+|@microsoft\.keyvault.*"
    r"|vault:.*|secretsmanager:.*|ssm:.*|ref\+.*|op://.*|alias/.*)$"
)


def looks_like_secret(text: Value, name: Value = "") -> Value:
    """Whether a text is a literal credential: by its shape, or because its name says so (``db_password``).

    References (ARNs, ``${...}``, ``{{resolve:...}}``, vault paths, URLs without a password), booleans and numbers are
    not. A placeholder such as ``changeme`` under a secret's name is: it is what will be deployed. So is a parameter
    that is meant to be secret (``NoEcho``) and has a default.
    """
    if not isinstance(text, str):
        return _unknown_secret(text)
    if _holds_token(text[:_MAX_TEXT]):
        return True
    if not isinstance(name, str) or len(text) < 3 or not _SECRET_NAME.search(name):
        return False
    return not re.search(_NO_SECRET_NAME, name) and not re.match(_HARMLESS, text[:1000])


def _unknown_secret(text: Value) -> Value:
    if not isinstance(text, Unknown):
        return False
    if text.kind == "default":
        return True
    # It comes from elsewhere, so it is not written here as a literal; pieces that are written still count.
    pieces = logic.known_pieces(text)
    return any(map(_holds_token, pieces))


def mask(text: Value) -> Value:
    """The text with all but its first three characters hidden: what a message may show of a secret."""
    return f"{text[:3]}***" if len(text) > 8 else "***"


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("matches", matches, _P("text: string", "pattern: string"), "boolean", "decides"),
    Function("lower", lower, _P("text: string"), "string"),
    Function("upper", upper, _P("text: string"), "string"),
    Function("trim", trim, _P("text: string"), "string"),
    Function("split", split, _P("text: string", "separator: string"), "array"),
    Function("replace", replace, _P("text: string", "old: string", "new: string"), "string"),
    Function("equals_ignore_case", equals_ignore_case, _P("text: string", "other: string"), "boolean", "decides"),
    Function("version_at_least", version_at_least, _P("version: string|number", "minimum: string"), "boolean"),
    Function("tls_version", tls_version, _P("text: string|number"), "number"),
    Function("tls_at_least", tls_at_least, _P("text: string|number", "minimum: string"), "boolean"),
    Function("decode_json", decode_json, _P("text"), "any", "decides", raw=True),
    Function("decode_base64", decode_base64, _P("text"), "any", "decides"),
    Function("entropy", entropy, _P("text: string"), "number"),
    Function("looks_like_secret", looks_like_secret, _P("text", "name?: string|null"), "boolean", "decides"),
    Function("mask", mask, _P("text: string"), "string"),
)
