"""From any spelling of a JSON document to its structure: objects, jsonencode, JSON text, text with unknown parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from iacguard.model import REST, Encoded, FixedPlace, Key, Place, Span, Step, Unknown, Value
from iacguard.record import record, replace
from iacguard.source import SourceFile

if TYPE_CHECKING:
    from iacguard.frontends.terraform.jsontext import Json

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
    from iacguard.frontends.terraform.grammar import ReadError
    from iacguard.frontends.terraform.jsontext import read_json

    text = SourceFile(file, source.encode("utf-8", "replace"))
    try:
        root = read_json(text.data)
    except ReadError:
        return None
    return _JsonPlaces(text, start, steps).of(root)


@record
class _JsonPlaces:
    """The places of the parts of a JSON text that begins at line and column ``start`` of its file."""

    text: SourceFile
    start: tuple[int, int]
    steps: tuple[Step, ...]

    def of(self, node: Json) -> FixedPlace:
        """The place of ``node`` and of all that is in it; the reader has bounded its depth."""
        children: dict[Key, Place] = {}
        for key, inner in getattr(node, "members", ()):
            found = self.of(inner)
            # The attribute's line is the key's: that is where a reader looks.
            head = self._span(key.start, inner.end)
            many_lines = head.end_line != head.line and (hasattr(inner, "members") or hasattr(inner, "items"))
            span = self._span(key.start, key.end) if many_lines else head
            children[str(key.value)] = FixedPlace(span, found.children, self.steps)
        for index, inner in enumerate(getattr(node, "items", ())):
            children[index] = self.of(inner)
        return FixedPlace(self._span(node.start, node.end), children, self.steps)

    def _span(self, first: int, last: int) -> Span:
        line, column = self._at(first)
        end_line, end_column = self._at(last)
        return Span(self.text.path, line, column, end_line, end_column)

    def _at(self, offset: int) -> tuple[int, int]:
        line, column = self.text.position(offset)
        return self.start[0] + line - 1, column + (self.start[1] - 1 if line == 1 else 0)
