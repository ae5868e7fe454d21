"""A whole file read straight from its text, where it is written as nearly all code is; see ``descent.py``."""

from __future__ import annotations

import re

from iacguard.frontends.terraform.descent import Descent
from iacguard.frontends.terraform.grammar import ReadError
from iacguard.frontends.terraform.literals import normal
from iacguard.frontends.terraform.patterns import CHAIN, DIGITS, LINE_END, NAME, PLAIN_STRING, SKIP, compiled
from iacguard.frontends.terraform.sequences import UnsureError
from iacguard.frontends.terraform.syntax import Attribute, Block, Body, Expr, Literal, Template
from iacguard.frontends.terraform.templates import Marker, as_expression, assemble

_MAX_DEPTH = 20
#: Control characters, which no reader agrees on, and carriage returns that end no line.
_ODD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")

#: The next item of a body: its end, an argument (the value too, where it is plain and alone), or a block's header.
_ITEM = compiled(
    rf"{SKIP}(?:(\}})|(\Z)|({NAME})(?:[ \t]*=(?![=>])[ \t]*(?:(?:({PLAIN_STRING})|({DIGITS})|({CHAIN})){LINE_END})?|"
    rf'((?:[ \t]+(?:"[^"\\$%{{\r\n]*"|{NAME}))*)[ \t]*(\{{)))'
)
_CLOSE, _END, _NAME, _STRING, _DIGITS, _CHAIN, _LABELS, _OPEN = range(1, 9)
_LABEL = compiled(rf'"([^"]*)"|({NAME})')
_LINE_END = compiled(LINE_END)
#: A block that ends on its header's line: with nothing, or with one argument.
_ONE_LINE = compiled(rf"[ \t]*(?:(\}})|({NAME})[ \t]*=(?![=>])[ \t]*)")
_CLOSED = compiled(r"[ \t]*\}")


def read(data: bytes) -> Body | None:
    """The body of the file with the text ``data``; None where the grammar must be asked. Never raises."""
    if _ODD.search(data) is not None:
        return None
    try:
        return _Direct(data).document()
    except (UnsureError, ReadError):
        return None


def read_template(data: bytes) -> Literal | Template | None:
    """The template that ``data`` is as a whole; None where the grammar must be asked. Never raises."""
    try:
        parts, _ = assemble(data, 0, len(data), _sequences(data), "bare")
        return as_expression(parts, 0, len(data), False, 0)
    except (UnsureError, ReadError):
        return None


def _sequences(data: bytes) -> list[Marker]:
    if b"${" not in data and b"%{" not in data:
        return []
    if _ODD.search(data) is not None:
        raise UnsureError
    text = data.decode("latin-1")
    return Descent(data, text).sequences(0, len(text), 1)


def read_expression(data: bytes) -> Expr | None:
    """The one expression that ``data`` is as a whole; None where the grammar must be asked. Never raises."""
    if _ODD.search(data) is not None:
        return None
    text = data.decode("latin-1").rstrip(" \t\r\n")
    start = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        found = Descent(data, text).expression(start, False, 1)
    except (UnsureError, ReadError):
        return None
    return found if found.end == len(text) else None


class _Direct:
    __slots__ = ("_descent", "_text")

    def __init__(self, data: bytes) -> None:
        self._text = data.decode("latin-1")
        self._descent = Descent(data, self._text)

    def document(self) -> Body:
        attributes, blocks, end = self._items(0, 1)
        if end < len(self._text):
            raise UnsureError  # a `}` too many
        return Body(0, end, attributes, blocks)

    def _items(self, at: int, depth: int) -> tuple[tuple[Attribute, ...], tuple[Block, ...], int]:
        """Arguments, blocks and the end (the place of the ``}``) of a body whose text starts at ``at``."""
        if depth > _MAX_DEPTH:
            raise UnsureError
        text, descent = self._text, self._descent
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            item = _ITEM.match(text, at)
            if item is None:
                raise UnsureError
            kind = item.lastindex
            if kind == _OPEN:
                block = self._block(item, depth)
                blocks.append(block)
                at = self._line_end(block.end)
                continue
            if kind in (_CLOSE, _END):
                if (kind == _END) != (depth == 1):
                    raise UnsureError
                return tuple(attributes.values()), tuple(blocks), item.start(kind)
            name, start = item.group(_NAME), item.start(_NAME)
            if name in attributes:
                raise UnsureError
            expr: Expr
            if kind == _NAME:
                expr = descent.expression(item.end(), False, depth)
                at = self._line_end(expr.end)
            else:
                assert kind is not None
                expr = self._plain(kind, item)
                at = item.end()
            attributes[name] = Attribute(start, expr.end, name, expr)

    def _plain(self, kind: int, item: re.Match[str]) -> Expr:
        start, end = item.span(kind)
        if kind == _STRING:
            return Literal(start, end, self._descent.plain(start + 1, end - 1))
        return Literal(start, end, int(item.group(kind))) if kind == _DIGITS else self._descent.chain(start, item[kind])

    def _line_end(self, at: int) -> int:
        match = _LINE_END.match(self._text, at)
        if match is None:
            raise UnsureError
        return match.end()

    def _block(self, item: re.Match[str], depth: int) -> Block:
        opened = item.start(_OPEN)
        start, kind = item.start(_NAME), item.group(_NAME)
        labels = self._labels(item) if item.group(_LABELS) else ()
        rest = _LINE_END.match(self._text, opened + 1)
        if rest is None:
            attributes, closed = self._one_line(opened + 1, depth)
            blocks: tuple[Block, ...] = ()
        else:
            attributes, blocks, closed = self._items(rest.end(), depth + 1)
        body = Body(opened, closed + 1, attributes, blocks)
        return Block(start, closed + 1, kind, labels, body, opened)

    def _labels(self, item: re.Match[str]) -> tuple[str, ...]:
        labels = _LABEL.findall(self._text, item.start(_LABELS), item.end(_LABELS))
        return tuple(
            name or (quoted if quoted.isascii() else normal(quoted.encode("latin-1").decode("utf-8", errors="replace")))
            for quoted, name in labels
        )

    def _one_line(self, at: int, depth: int) -> tuple[tuple[Attribute, ...], int]:
        match = _ONE_LINE.match(self._text, at)
        if match is None:
            raise UnsureError
        if match.group(1) is not None:
            return (), match.start(1)
        expr = self._descent.expression(match.end(), False, depth + 1)
        close = _CLOSED.match(self._text, expr.end)
        if close is None:
            raise UnsureError
        return (Attribute(match.start(2), expr.end, match.group(2), expr),), close.end() - 1
