"""Strings, heredocs and their ``${}`` and ``%{}``, read straight from the text: what ``descent.py`` stands on."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, Final

from iacguard.frontends.terraform import patterns
from iacguard.frontends.terraform.literals import normal
from iacguard.frontends.terraform.syntax import Expr, Literal, Template
from iacguard.frontends.terraform.templates import Marker, as_expression, assemble

#: Words that mean something else at some places.
RESERVED: Final = frozenset(("for", "in", "if"))


class UnsureError(Exception):
    """Here stands what the way by the grammar must look at."""


class Sequences(ABC):
    """Reads the templates of one file. Every method raises UnsureError or ReadError where the grammar must be asked."""

    __slots__ = ("data", "text")

    def __init__(self, data: bytes, text: str) -> None:
        self.data = data
        self.text = text

    @abstractmethod
    def expression(self, at: int, open_: bool, depth: int) -> Expr:
        """The expression that begins at ``at``; new lines are blanks in it where it is ``open_``."""

    def plain(self, start: int, end: int) -> str:
        """The text of a string without escapes."""
        text = self.text[start:end]
        return text if text.isascii() else normal(self.data[start:end].decode("utf-8", errors="replace"))

    def skip(self, at: int) -> int:
        """The place after blanks, new lines and comments."""
        return patterns.SKIPPED.match(self.text, at).end()  # type: ignore[union-attr]  # it matches nothing, too

    def quoted(self, start: int, depth: int) -> Literal | Template:
        """The string that starts with the quote at ``start``."""
        text = self.text
        parts: list[Any] = []
        markers: list[Marker] = []
        at = start + 1
        simple = True
        while True:
            end = patterns.QUOTED_TEXT.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if end > at:
                part = self.plain(at, end)
                simple = simple and not ("\\" in part or "${" in part or "%{" in part)
                parts.append(part)
            if text.startswith('"', end):
                break
            marker = self._sequence(end, depth)
            simple = simple and marker.kind == "value" and not marker.strip_before and not marker.strip_after
            markers.append(marker)
            parts.append(marker.value)
            at = marker.end
        if simple and markers:
            return Template(start, end + 1, tuple(parts))
        found, _ = assemble(self.data, start + 1, end, markers, "quoted", depth)
        return as_expression(found, start, end + 1, False, -1)

    def _sequence(self, start: int, depth: int) -> Marker:
        """The ``${...}`` or ``%{...}`` that starts at ``start``."""
        text = self.text
        if not text.startswith("${", start):
            return self._directive(start, depth)
        before = text.startswith("~", start + 2)
        value = self.expression(self.skip(start + 2 + before), True, depth + 1)
        after, end = self._sequence_end(value.end)
        return Marker(start, end, "value", before, after, value)

    def _directive(self, start: int, depth: int) -> Marker:
        match = patterns.DIRECTIVE.match(self.text, start)
        if match is None:
            raise UnsureError
        strip, test, mark, loop, first, second = match.groups()
        if first in RESERVED or second in RESERVED:
            raise UnsureError
        value = None if mark else self.expression(match.end(), True, depth + 1)
        after, end = self._sequence_end(match.end() if value is None else value.end)
        kind: Any = mark or test or loop
        key, item = (first, second) if second is not None else (None, first or "")
        return Marker(start, end, kind, strip == "~", after, value, key, item)

    def _sequence_end(self, at: int) -> tuple[bool, int]:
        """Whether a strip marker stands at the end of a sequence, and that end."""
        at = self.skip(at)
        after = self.text.startswith("~", at)
        if not self.text.startswith("}", at + after):
            raise UnsureError
        return after, at + after + 1

    def heredoc(self, start: int, depth: int) -> Literal | Template:
        """The heredoc that starts with the ``<<`` at ``start``."""
        text = self.text
        head = patterns.HEREDOC_HEAD.match(text, start)
        if head is None:
            raise UnsureError
        body = head.end()
        # A line that begins with the marker's word, and goes on, ends it for some readers only.
        last = re.compile(rf"^[ \t]*{head.group(2)}", re.MULTILINE).search(text, body)
        if last is None or text[last.end() : last.end() + 1] not in ("\n", ""):
            raise UnsureError
        line = last.start()
        markers = self.sequences(body, line, depth)
        style = "flush" if head.group(1) else "heredoc"
        parts, text_start = assemble(self.data, body, line, markers, style, depth)  # type: ignore[arg-type]
        return as_expression(parts, start, last.end(), True, text_start)

    def sequences(self, at: int, end: int, depth: int) -> list[Marker]:
        """The ``${...}`` of a text that is not in quotes."""
        text = self.text
        markers: list[Marker] = []
        found = patterns.SEQUENCE.search(text, at, end)
        while found is not None:
            start = found.start()
            if start > at and text[start - 1] == text[start]:
                at = start + 2  # `$${` stands for the characters `${`
            else:
                markers.append(self._sequence(start, depth))
                at = markers[-1].end
                if at > end:
                    raise UnsureError
            found = patterns.SEQUENCE.search(text, at, end)
        return markers
