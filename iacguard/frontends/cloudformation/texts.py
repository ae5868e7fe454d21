"""Text that is partly unknown: joining, comparing, dynamic references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from iacguard.late import regex
from iacguard.model import Encoded, Unknown, Value

_DYNAMIC = regex(r"\{\{resolve:([a-z-]+):([^}]*)\}\}")
#: A template has at most 1 MB; only one that repeats a long parameter without end comes past this.
MAX_TEXT = 2_000_000
#: Of so many parts and so long, a text surely stays below that.
_FEW_PARTS = 1_000
_SHORT = 100_000

# Stands in a text for the unknown of that number; YAML has no such character.
_MARK = "\0{}\0"
_MARKED = regex("\0([0-9]+)\0")
_SECRET_STORES = frozenset({"secretsmanager", "ssm-secure"})


_LOOPED = regex(r"([$&])\{([^{}]*)\}")


def looped(text: str, bound: Mapping[str, str]) -> str:
    """A text with the variables of its loops filled in; ``&{x}`` keeps letters and digits only."""
    if not bound or "{" not in text:
        return text

    def filled(match: re.Match[str]) -> str:
        value = bound.get(match[2])
        if value is None:
            return match[0]
        return value if match[1] == "$" else re.sub(r"[^A-Za-z0-9]", "", value)

    return _LOOPED.sub(filled, text)


def as_text(value: Value) -> str | Unknown | None:
    """A scalar as CloudFormation writes it into text; None for what has no text form (a list, a mapping)."""
    if isinstance(value, str | Unknown):
        return value
    if isinstance(value, Encoded):
        return value.text if value.text is not None else Unknown("part of the JSON is not known", present=True)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None


def concat(parts: Iterable[str | Unknown]) -> str | Unknown:
    """One text of several; unknown parts keep their place in it."""
    merged: list[str | Unknown] = []
    unknowns: list[Unknown] = []
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            merged.append(text)
            text = ""
        merged.append(part)
        unknowns.append(part)
    if not unknowns:
        return text
    if text:
        merged.append(text)
    if len(merged) == 1:
        return unknowns[0]
    return Unknown(
        unknowns[0].reason,
        span=unknowns[0].span,
        parts=tuple(merged),
        secret=any(u.secret for u in unknowns),
        present=len(unknowns) < len(merged) or any(u.present for u in unknowns),
    )


def resolved(parts: Iterable[str | Unknown]) -> str | Unknown:
    """One text of ``parts`` with each ``{{resolve:...}}`` in it as an unknown; those of a secret store are secret.

    The name that is looked up may itself have unknown parts.
    """
    parts = list(parts)
    texts = [part for part in parts if isinstance(part, str)]
    if len(parts) <= _FEW_PARTS and sum(map(len, texts)) <= _SHORT:
        together = "".join(texts)
        if "{{resolve:" not in together and "\0" not in together:
            return concat(parts)
    unknowns: list[Unknown] = []
    text = ""
    for part in parts:
        if isinstance(part, Unknown):
            text += _MARK.format(len(unknowns))
            unknowns.append(part)
        else:
            text += part.replace("\0", "")
            if len(text) > MAX_TEXT:
                return Unknown(f"the text is longer than {MAX_TEXT:,} characters", kind="limit", present=True)
    if "{{resolve:" not in text:
        return concat(_unmarked(text, unknowns))
    found: list[str | Unknown] = []
    at = 0
    for match in _DYNAMIC.finditer(text):
        store, name = match[1], _MARKED.sub("...", match[2])
        reason = f"{store}:{name} is looked up when the stack is deployed"
        found += _unmarked(text[at : match.start()], unknowns)
        found.append(Unknown(reason, kind="data", secret=store in _SECRET_STORES, present=True))
        at = match.end()
    return concat([*found, *_unmarked(text[at:], unknowns)])


def _unmarked(text: str, unknowns: list[Unknown]) -> list[str | Unknown]:
    """The text and the unknowns that were put into it as marks."""
    pieces = _MARKED.split(text)
    return [unknowns[int(piece)] if i % 2 else piece for i, piece in enumerate(pieces)]


def equal(left: Value, right: Value) -> bool | None:
    """Whether two values are equal as ``Fn::Equals`` sees them; None where it is not known."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        if left is right:
            return True
        return _equal_unknown(left, right)
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return _equal_structures(left, right)
    return as_text(left) == as_text(right)


def _equal_structures(left: Value, right: Value) -> bool | None:
    answers: list[bool | None]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        answers = [equal(a, b) for a, b in zip(left, right, strict=True)]
    elif isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        answers = [equal(value, right[key]) for key, value in left.items()]
    else:
        return False
    if False in answers:
        return False
    return None if None in answers else True


def _equal_unknown(left: Value, right: Value) -> bool | None:
    unknown, other = (left, right) if isinstance(left, Unknown) else (right, left)
    if unknown.choices and not isinstance(other, Unknown):
        answers = {equal(choice, other) for choice in unknown.choices}
        return answers.pop() if len(answers) == 1 else None
    text = as_text(other)
    if isinstance(text, str) and unknown.parts and not _could_be(unknown, text):
        return False
    if text == "" and unknown.present:
        return False
    return None


def _could_be(unknown: Unknown, text: str) -> bool:
    prefix, suffix = unknown.prefix, unknown.suffix
    return len(text) >= len(prefix) + len(suffix) and text.startswith(prefix) and text.endswith(suffix)
