"""From any spelling of a JSON document to its structure: objects, jsonencode, JSON text, text with unknown parts."""

from __future__ import annotations

import json
from typing import NamedTuple

from iacguard.model import REST, Encoded, FixedPlace, Key, Place, Span, Step, Unknown, Value
from iacguard.record import record, replace

#: Longest text that is read as a document; AWS's own bounds are far below.
MAX_TEXT = 1_000_000
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"


class Read(NamedTuple):
    """A document's structure and place. ``error`` says why a text is no JSON; its value is then an Unknown."""

    value: Value
    place: Place
    error: str = ""


def read(value: Value, place: Place) -> Read:
    """The structure of the document ``value`` that stands at ``place``. Never raises."""
    if isinstance(value, Encoded):
        return Read(value.value, value.place or place)
    if isinstance(value, str):
        return _text((value,), place)
    if isinstance(value, Unknown) and value.parts:
        return _text(value.parts, place)
    return Read(value, place)


def _text(parts: tuple[str | Unknown, ...], place: Place) -> Read:
    flat = list(_flatten(parts))
    unknowns = [p for p in flat if not isinstance(p, str)]
    source = _with_placeholders(flat)
    try:
        if len(source) > MAX_TEXT:
            raise ValueError(f"longer than {MAX_TEXT} characters")
        found = json.loads(source)
    except (ValueError, RecursionError) as error:
        if unknowns:
            why = f"it is built from a value that is not known ({unknowns[0].reason})"
            return Read(replace(unknowns[0], reason=why, parts=(), reference=None, spread=False), place)
        reason = f"it is not valid JSON: {_short(error)}"
        return Read(Unknown(f"the policy document cannot be read; {reason}", kind="error"), place, reason)
    if unknowns:
        found = _fill(found, unknowns)
    return Read(found, TextPlace(place, source))


def _short(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} of the text"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _flatten(parts: tuple[str | Unknown, ...]) -> list[str | Unknown]:
    out: list[str | Unknown] = []
    pending = list(reversed(parts))
    while pending:
        part = pending.pop()
        if isinstance(part, Unknown) and part.parts:
            pending.extend(reversed(part.parts))
        else:
            out.append(part)
    return out


def _with_placeholders(parts: list[str | Unknown]) -> str:
    """The text with a placeholder for each unknown, quoted where it stands outside of a JSON string."""
    out: list[str] = []
    inside = False
    number = 0
    for part in parts:
        if isinstance(part, str):
            out.append(part)
            inside = _in_string(part, inside)
        else:
            mark = f"{_OPEN}{number}{_CLOSE}"
            out.append(mark if inside else f'"{mark}"')
            number += 1
    return "".join(out)


def _in_string(text: str, inside: bool) -> bool:
    at = 0
    while at < len(text):
        if text[at] == "\\" and inside:
            at += 1
        elif text[at] == '"':
            inside = not inside
        at += 1
    return inside


def _fill(value: Value, unknowns: list[Unknown]) -> Value:
    """Put the unknowns back where their placeholders stand."""
    if isinstance(value, str):
        return _fill_text(value, unknowns)
    if isinstance(value, list):
        return [_fill(v, unknowns) for v in value]
    if isinstance(value, dict):
        out: dict[str, Value] = {}
        for key, inner in value.items():
            known = _fill_text(key, unknowns)
            if isinstance(known, str):
                out[known] = _fill(inner, unknowns)
            elif REST in out:
                out[REST] = replace(known, parts=(), choices=(), keys=())
            else:
                out[REST] = replace(known, parts=(), choices=(_fill(inner, unknowns),), keys=(known,))
        return out
    return value


def _fill_text(text: str, unknowns: list[Unknown]) -> str | Unknown:
    if _OPEN not in text:
        return text
    parts: list[str | Unknown] = []
    for index, piece in enumerate(text.split(_OPEN)):
        number, close, rest = piece.partition(_CLOSE)
        if index and close and number.isdigit() and int(number) < len(unknowns):
            parts.append(unknowns[int(number)])
        else:
            rest = piece
        if rest:
            parts.append(rest)
    if len(parts) == 1:
        return parts[0]
    first = next((p for p in parts if isinstance(p, Unknown)), None)
    if first is None:
        return text
    return Unknown(first.reason, first.kind, first.span, parts=tuple(parts), secret=first.secret, present=True)


@record
class TextPlace:
    """The place of a JSON text; its members are found by reading the text again when a finding asks."""

    inner: Place
    source: str

    @property
    def span(self) -> Span:
        return self.inner.span

    def child(self, key: Key) -> Place | None:
        start = self.inner.text_start()
        if start is None:
            return None
        root = _tree(self.source, self.inner.span.file, start, self.inner.trail())
        return None if root is None else root.child(key)

    def trail(self) -> tuple[Step, ...]:
        return self.inner.trail()

    def text_start(self) -> tuple[int, int] | None:
        return self.inner.text_start()


def _tree(source: str, file: str, start: tuple[int, int], steps: tuple[Step, ...]) -> Place | None:
    """Places of a JSON text's members, shifted to where the text starts in its file."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        node = yaml.compose(source.replace("\t", " "), loader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return None if node is None else _node_place(node, file, start, steps, 0)


def _node_place(node: object, file: str, start: tuple[int, int], steps: tuple[Step, ...], depth: int) -> FixedPlace:
    import yaml

    children: dict[Key, Place] = {}
    if isinstance(node, yaml.MappingNode) and depth < 30:
        for key, inner in node.value:
            found = _node_place(inner, file, start, steps, depth + 1)
            # The attribute's line is the key's: that is where a reader looks.
            head = _span(key.start_mark, inner.end_mark, file, start)
            one_line = head.end_line == head.line or isinstance(inner, yaml.ScalarNode)
            span = head if one_line else _span(key.start_mark, key.end_mark, file, start)
            children[str(key.value)] = FixedPlace(span, found.children, steps)
    elif isinstance(node, yaml.SequenceNode) and depth < 30:
        for index, inner in enumerate(node.value):
            children[index] = _node_place(inner, file, start, steps, depth + 1)
    assert isinstance(node, yaml.Node)
    return FixedPlace(_span(node.start_mark, node.end_mark, file, start), children, steps)


def _span(first: object, last: object, file: str, start: tuple[int, int]) -> Span:
    def at(mark: object) -> tuple[int, int]:
        line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
        return start[0] + line, column + (start[1] if line == 0 else 1)

    (line, column), (end_line, end_column) = at(first), at(last)
    return Span(file, line, column, end_line, end_column)
