"""From the pieces of a template to its parts: strip markers, heredoc indentation and directives.

Follows HCL's template parser (hashicorp/hcl, hclsyntax/parser_template.go): all of these work on the scanner's
text tokens, which end at a line's end in heredocs and template files; so a strip marker there never eats more
than one line's white space, and a line whose start it ate is not dedented.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal as OneOf

from iacguard.frontends.terraform.grammar import MAX_DEPTH, ReadError, too_deep
from iacguard.frontends.terraform.literals import unescape_quoted, unescape_raw
from iacguard.frontends.terraform.syntax import Expr, Literal, Template, TemplateFor, TemplateIf
from iacguard.record import record

Style = OneOf["quoted", "heredoc", "flush", "bare"]
Part = Expr | TemplateIf | TemplateFor | str

#: What Go's unicode.IsSpace takes for white space.
_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


@record(frozen=False)
class Text:
    """A text token; its value changes while markers and indentation are applied."""

    value: str
    start: int
    end: int


@record
class Marker:
    """A ``${...}`` or ``%{...}``. ``value`` is the interpolated expression, the condition or the collection."""

    start: int
    end: int
    kind: OneOf["value", "if", "else", "endif", "for", "endfor"]
    strip_before: bool
    strip_after: bool
    value: Expr | None = None
    key: str | None = None
    item: str = ""


def assemble(
    data: bytes, start: int, end: int, sequences: Sequence[Marker], style: Style, depth: int = 0
) -> tuple[tuple[Part, ...], int]:
    """The parts of the template in ``data[start:end]`` and the offset of its first character of text.

    ``sequences`` are its sequences in order. Raises ReadError for bad escapes and unbalanced directives.
    """
    tokens = _tokens(data, start, end, sequences, style)
    text_start = start
    if style == "flush":
        text_start += _dedent(tokens)
    if not sequences:
        return ("".join(t.value for t in tokens if isinstance(t, Text)),), text_start
    parts = _nest(_meld(tokens), depth)
    if len(parts) == 1 and len(tokens) > 1 and all(isinstance(t, Text) or t.kind == "value" for t in tokens):
        # Text that a strip marker ate up still makes it a string, not the value itself.
        parts = (*parts, "")
    return parts, text_start


def as_expression(parts: tuple[Part, ...], start: int, end: int, heredoc: bool, text_start: int) -> Literal | Template:
    """A Literal where nothing is interpolated, else the Template. ``text_start`` is -1 for quoted ones."""
    if all(isinstance(p, str) for p in parts):
        return Literal(start, end, "".join(p for p in parts if isinstance(p, str)), text_start)
    return Template(start, end, parts, heredoc, text_start)


def _tokens(data: bytes, start: int, end: int, sequences: Sequence[Marker], style: Style) -> list[Text | Marker]:
    tokens: list[Text | Marker] = []
    at, strip = start, False
    for sequence in sequences:
        texts = _texts(data, at, sequence.start, style, strip)
        if sequence.strip_before and texts:
            texts[-1].value = texts[-1].value.rstrip(_SPACE)
        tokens += texts
        tokens.append(sequence)
        at, strip = sequence.end, sequence.strip_after
    tokens += _texts(data, at, end, style, strip)
    return tokens


def _texts(data: bytes, start: int, end: int, style: Style, strip: bool) -> list[Text]:
    raw = data[start:end]
    if not raw:
        return []
    if style == "quoted":
        _refuse_newline(raw, start)
        found = [Text(unescape_quoted(raw.decode("utf-8", errors="replace"), start), start, end)]
    else:
        found = []
        for line in raw.splitlines(keepends=True) if b"\r" not in raw else _lines(raw):
            found.append(Text(unescape_raw(line.decode("utf-8", errors="replace")), start, start + len(line)))
            start += len(line)
    if strip:
        found[0].value = found[0].value.lstrip(_SPACE)
    return found


def _lines(raw: bytes) -> list[bytes]:
    # bytes.splitlines also ends a line at a lone \r, which Terraform does not.
    pieces = raw.split(b"\n")
    return [p + b"\n" for p in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _refuse_newline(raw: bytes, start: int) -> None:
    at = raw.find(b"\n")
    if at >= 0:
        raise ReadError(
            start + at,
            start + at + 1,
            "a quoted string may not run over the end of its line",
            'close it with a `"`, or use a heredoc (<<-EOT) for text of several lines',
        )


def _dedent(tokens: list[Text | Marker]) -> int:
    """Take the smallest indentation of all lines off each; the number of bytes taken off the first."""
    indents: list[int] = []
    adjust: list[Text] = []
    line_start = True
    for token in tokens:
        text = token.value if isinstance(token, Text) else ""
        ends_line = text.endswith("\n")
        if line_start and not (ends_line and not text.strip(_SPACE)):
            indents.append(len(text) - len(text.lstrip(_SPACE)))
            if isinstance(token, Text):
                adjust.append(token)
        line_start = ends_line
    smallest = min(indents, default=0)
    for text_token in adjust:
        text_token.value = text_token.value[smallest:]
    return smallest if adjust and adjust[0] is tokens[0] else 0


def _meld(tokens: list[Text | Marker]) -> list[Text | Marker]:
    melded: list[Text | Marker] = []
    for token in tokens:
        last = melded[-1] if melded else None
        if isinstance(token, Text) and isinstance(last, Text):
            melded[-1] = Text(last.value + token.value, last.start, token.end)
        else:
            melded.append(token)
    return melded


@record(frozen=False)
class _Open:
    """A directive whose end has not come yet."""

    opener: Marker | None
    parts: list[Part]
    then: Template | None = None
    body_start: int = 0


def _nest(tokens: list[Text | Marker], depth: int) -> tuple[Part, ...]:
    stack = [_Open(None, [])]
    for token in tokens:
        if isinstance(token, Text):
            if token.value:
                stack[-1].parts.append(token.value)
        elif token.kind == "value":
            assert token.value is not None
            stack[-1].parts.append(token.value)
        elif token.kind in ("if", "for"):
            if depth + len(stack) > MAX_DEPTH:
                raise too_deep(token.start, token.end)
            stack.append(_Open(token, [], body_start=token.end))
        else:
            _close(stack, token)
    opener = stack[-1].opener
    if opener is not None:
        raise ReadError(
            opener.start,
            opener.end,
            f"the %{{ {opener.kind} }} is never closed",
            f"end it with %{{ end{opener.kind} }}",
        )
    return tuple(stack[0].parts)


def _close(stack: list[_Open], token: Marker) -> None:
    current = stack[-1]
    opener = current.opener
    fits = {"else": "if", "endif": "if", "endfor": "for"}[token.kind]
    if opener is None or opener.kind != fits or (token.kind == "else" and current.then is not None):
        raise ReadError(
            token.start, token.end, f"%{{ {token.kind} }} has no %{{ {fits} }} that it belongs to", "remove it"
        )
    body = Template(current.body_start, token.start, tuple(current.parts), True)
    if token.kind == "else":
        current.then, current.parts, current.body_start = body, [], token.end
        return
    stack.pop()
    assert opener.value is not None
    part: TemplateIf | TemplateFor
    if token.kind == "endfor":
        part = TemplateFor(opener.start, token.end, opener.key, opener.item, opener.value, body)
    elif current.then is None:
        part = TemplateIf(opener.start, token.end, opener.value, body, None)
    else:
        part = TemplateIf(opener.start, token.end, opener.value, current.then, body)
    stack[-1].parts.append(part)
