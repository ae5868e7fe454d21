"""Keeps the secrets of a plan out of every report: Terraform writes sensitive values into its JSON in plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from iacguard.source import SourceFile

#: Shorter texts are covered only where they stand as a whole: parts of words are equal to them by chance.
_PART_LENGTH = 6
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_MARKED = (("values", "sensitive_values"), ("after", "after_sensitive"), ("before", "before_sensitive"))


def masked(file: SourceFile) -> SourceFile:
    """The plan ``file`` for display: of equal length, with an asterisk for every byte of a sensitive value.

    Covered are texts and numbers, wherever they stand, as the same value may stand in the configuration and the
    variables, too. A file that is no JSON is covered as a whole: nothing tells what of it is sensitive.
    """
    try:
        secrets = set(_leaves(_sensitive(json.loads(file.data))))
    except (ValueError, RecursionError):
        return _file(file, re.sub(rb"[^\s{}\[\]:,\"]", b"*", file.data))
    data = file.data
    texts = sorted((s for s in secrets if isinstance(s, str) and s), key=len, reverse=True)
    spellings = {spelling: s for s in texts for spelling in _spellings(s)}
    if spellings:
        data = _cover_texts(data, spellings)
    for number in (s for s in secrets if isinstance(s, (int, float))):
        pattern = rb"(?<=[:\[,\s])" + re.escape(json.dumps(number).encode()) + rb"(?=[\s,\]}])"
        data = re.sub(pattern, lambda m: b"*" * len(m.group()), data)
    return _file(file, data)


def _file(file: SourceFile, data: bytes) -> SourceFile:
    return SourceFile(file.path, (b"\xef\xbb\xbf" if file.bom else b"") + data, file.key)


def _spellings(text: str) -> set[bytes]:
    """How a text may be written between quotes: Go escapes ``<``, ``>`` and ``&``, others what is not ASCII."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    go = plain
    for char in "<>&\u2028\u2029":
        go = go.replace(char, f"\\u{ord(char):04x}")
    forms = {plain, go, json.dumps(text)[1:-1], plain.replace("/", "\\/")}
    # A text inside of a document that is itself a text: quoted twice.
    forms |= {json.dumps(form, ensure_ascii=False)[1:-1] for form in tuple(forms)}
    return {form.encode("utf-8", "surrogatepass") for form in forms}


def _cover_texts(data: bytes, spellings: dict[bytes, str]) -> bytes:
    whole = set(spellings)
    parts = sorted((s for s in spellings if len(s) >= _PART_LENGTH), key=len, reverse=True)
    inner = re.compile(b"|".join(map(re.escape, parts))) if parts else None

    def cover(match: re.Match[bytes]) -> bytes:
        text = match.group()[1:-1]
        if text in whole:
            return b'"' + b"*" * len(text) + b'"'
        if inner is None or not inner.search(text):
            return match.group()
        return b'"' + inner.sub(lambda m: b"*" * len(m.group()), text) + b'"'

    return re.sub(_STRING, cover, data, flags=re.DOTALL)


def _sensitive(root: Any) -> Iterator[Any]:
    """Every value that the document marks as sensitive, and the variables that the configuration does."""
    pending = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        if not isinstance(item, dict):
            continue
        for value, mark in _MARKED:
            if mark in item and value in item:
                yield from _marked(item[value], item[mark])
        if item.get("sensitive") is True:
            yield from (item[name] for name in ("value", "default") if name in item)
        pending.extend(item.values())
    if isinstance(root, dict):
        yield from _variables(root)


def _variables(root: dict[str, Any]) -> Iterator[Any]:
    configuration = root.get("configuration")
    module = configuration.get("root_module") if isinstance(configuration, dict) else None
    declared = module.get("variables") if isinstance(module, dict) else None
    given = root.get("variables")
    if isinstance(declared, dict) and isinstance(given, dict):
        for name, variable in declared.items():
            if isinstance(variable, dict) and variable.get("sensitive") is True:
                yield given.get(name)


def _marked(value: Any, mark: Any) -> Iterator[Any]:
    pending = [(value, mark)]
    while pending:
        item, sensitive = pending.pop()
        if sensitive is True:
            yield item
        elif isinstance(item, dict) and isinstance(sensitive, dict):
            pending.extend((inner, sensitive.get(key)) for key, inner in item.items())
        elif isinstance(item, list) and isinstance(sensitive, list):
            pending.extend(zip(item, sensitive, strict=False))


def _leaves(values: Iterator[Any]) -> Iterator[str | int | float]:
    pending = list(values)
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, (str, int, float)) and not isinstance(item, bool):
            yield item
