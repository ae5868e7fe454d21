"""Templates and expressions that stand alone, by way of the grammar: it has no start for them, so they are wrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iacguard.frontends.terraform.expressions import Expressions, solid
from iacguard.frontends.terraform.grammar import ReadError, first_error, syntax_tree, without_exponents
from iacguard.frontends.terraform.moving import moved
from iacguard.frontends.terraform.syntax import Expr, Literal, Template
from iacguard.frontends.terraform.templates import as_expression, assemble
from iacguard.late import regex

if TYPE_CHECKING:
    from tree_sitter import Node

_MARKER = regex(rb"IACGUARD_END_*")


def read_template(data: bytes) -> Literal | Template:
    """The template that ``data`` is as a whole. Raises ReadError."""
    if b"${" not in data and b"%{" not in data:
        parts, _ = assemble(data, 0, len(data), (), "bare")
        return as_expression(parts, 0, len(data), False, 0)
    # The grammar has no start for a lone template: it stands in a heredoc whose marker is not in the text.
    marker = max((m.group() for m in _MARKER.finditer(data)), key=len, default=b"IACGUARD_END") + b"_"
    before = b"x = <<" + marker + b"\n"
    whole = before + data + b"\n" + marker + b"\n"
    start, end = len(before), len(before) + len(data)
    attribute = _sole_attribute(whole, start, "a template")
    heredoc = attribute.children[2].children[0].children[0]
    try:
        markers = Expressions(whole).markers(heredoc, 1)
        parts, _ = assemble(whole, start, end, markers, "bare", 1)
    except ReadError as error:
        raise _shifted(error, start) from None
    return moved(as_expression(parts, start, end, False, start), lambda offset: offset - start)


def read_expression(data: bytes) -> Expr:
    """The one expression that ``data`` is as a whole. Raises ReadError."""
    text = data.strip()
    if not text:
        raise ReadError(0, len(data), "expected a value", "")
    skipped = data.index(text[:1])
    before = b"x = "
    start = len(before)
    whole = before + text + b"\n"
    attribute = _sole_attribute(whole, start - skipped, "an expression")
    try:
        found = Expressions(whole).expression(solid(attribute.children)[2], 1)
    except ReadError as error:
        raise _shifted(error, start - skipped) from None
    return moved(found, lambda offset: offset - start + skipped)


def _sole_attribute(whole: bytes, shift: int, what: str) -> Node:
    """The one attribute that the wrapped text must be; else ReadError, its place moved back by ``shift``."""
    root = syntax_tree(without_exponents(whole))
    if root.has_error:
        at = first_error(root).start_byte
        raise _shifted(ReadError(at, at + 1, f"this cannot be read as {what}"), shift)
    items = [c for body in solid(root.children) for c in solid(body.children)]
    if len(items) == 1 and items[0].type == "attribute":
        return items[0]
    at = items[1].start_byte
    raise _shifted(ReadError(at, at + 1, "this does not belong to the expression before it"), shift)


def _shifted(error: ReadError, shift: int) -> ReadError:
    return ReadError(
        max(error.start - shift, 0),
        max(error.end - shift, 0),
        error.message,
        error.hint,
        error.kind,
    )
