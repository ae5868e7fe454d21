"""Messages: a text with ``{expression}`` parts, filled with short, safe renderings of the values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from iacguard.model import REST, Encoded, Reference, Unknown, Value
from iacguard.policy.errors import ExpressionError
from iacguard.policy.language import Context, Expression, compile_expression
from iacguard.policy.logic import PossibleItem
from iacguard.record import record

_MAX_ITEMS = 4
_MAX_LENGTH = 80


@record
class Message:
    """A compiled message: texts and expressions in their order."""

    parts: tuple[str | Expression, ...]

    def render(self, value: Value, context: Context) -> str:
        """The text for one item; ``value`` is the current node."""
        return "".join(p if isinstance(p, str) else shown(p.evaluate(value, context)) for p in self.parts)


def kept(message: Message) -> list[Any]:
    """A message as plain data: texts, and pairs of an expression's text and tree."""
    return [part if isinstance(part, str) else [part.text, part.node] for part in message.parts]


def restored(parts: list[Any]) -> Message:
    """The message that :func:`kept` gave."""
    return Message(tuple(part if isinstance(part, str) else compile_expression(*part) for part in parts))


def compile_message(text: str) -> Message:
    """``text`` compiled. ``{{`` and ``}}`` are braces. Raises ExpressionError with the offset in ``text``."""
    parts: list[str | Expression] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in "{}" and text[at : at + 2] == char * 2:
            literal.append(char)
            at += 2
        elif char == "{":
            end = _closing(text, at)
            parts.append("".join(literal))
            literal.clear()
            parts.append(_part(text[at + 1 : end], at + 1))
            at = end + 1
        elif char == "}":
            raise ExpressionError("a } without its {", at, "write }} for a brace")
        else:
            literal.append(char)
            at += 1
    parts.append("".join(literal))
    return Message(tuple(p for p in parts if p != ""))


def _part(text: str, offset: int) -> Expression:
    try:
        return compile_expression(text)
    except ExpressionError as error:
        raise ExpressionError(str(error), offset + error.offset, error.hint) from None


def _closing(text: str, start: int) -> int:
    """Where the brace at ``start`` is closed: braces nest, and quoted ones do not count."""
    depth, quote, at = 0, "", start
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"`":
            quote = char
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise ExpressionError("a { without its }", start, "write {{ for a brace")


def shown(value: Value) -> str:
    """A value as a message shows it: short, without control characters, credentials masked."""
    if isinstance(value, list):
        shown_items = [_one(item) for item in value[:_MAX_ITEMS]]
        more = len(value) - _MAX_ITEMS
        return ", ".join(shown_items) + (f" and {more} more" if more > 0 else "") if value else "(none)"
    return _one(value)


def _one(value: Value) -> str:
    if isinstance(value, PossibleItem):
        return f"{_one(value.item)} (perhaps: {clean(value.reason)})"
    if isinstance(value, Unknown):
        return _unknown(value)
    if value is None:
        return "(not set)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Encoded):
        return _short(_masked(value.text)) if value.text is not None else "(a JSON document)"
    if isinstance(value, str):
        return _short(_masked(value)) if value else '""'
    return (
        _short(json.dumps(_masked_tree(value), ensure_ascii=False)) if isinstance(value, (list, dict)) else str(value)
    )


def _unknown(value: Unknown) -> str:
    if value.secret:
        return "(secret)"
    if value.choices and len(value.choices) <= _MAX_ITEMS:
        return " or ".join(_one(c) for c in value.choices)
    if any(isinstance(part, str) for part in value.parts) and not isinstance(value, PossibleItem):
        return _short(_pieces(value))
    if value.reference is not None:
        return _short(_name(value.reference))
    return f"(unknown: {clean(value.reason)})"


def _name(reference: Reference) -> str:
    return f"{reference.address}.{reference.attribute}" if reference.attribute else reference.address


def _pieces(value: Unknown) -> str:
    """A text of which some pieces are known: ``${aws_s3_bucket.web.arn}/*``, ``${…}`` for what has no name."""
    pieces: list[str] = []
    for part in value.parts:
        if isinstance(part, str):
            pieces.append(_masked(part))
        elif part.secret:
            pieces.append("(secret)")
        elif part.parts:
            pieces.append(_pieces(part))
        elif part.reference is not None:
            pieces.append(f"${{{_name(part.reference)}}}")
        else:
            pieces.append("${…}")
    return "".join(pieces)


def _masked(text: str) -> str:
    # The table of token patterns is only needed here, for a message that is really shown.
    from iacguard.policy.functions.text import looks_like_secret, mask

    return str(mask(text)) if looks_like_secret(text) else text


def _masked_tree(value: Value) -> Value:
    from iacguard.policy.functions.text import looks_like_secret

    if isinstance(value, Mapping):
        shown_items = ((k, v) for k, v in value.items() if k != REST)
        return {k: "***" if looks_like_secret(v, k) is True else _masked_tree(v) for k, v in shown_items}
    if isinstance(value, list):
        return [_masked_tree(v) for v in value]
    if isinstance(value, Unknown):
        return _unknown(value)
    if isinstance(value, Encoded):
        return value.text
    return _masked(value) if isinstance(value, str) else value


def clean(text: str) -> str:
    """``text`` on one line, control and direction-changing characters made visible."""
    one_line = re.sub(r"\s+", " ", text).strip()
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in one_line)


def _short(text: str) -> str:
    one_line = clean(text)
    return one_line if len(one_line) <= _MAX_LENGTH else one_line[: _MAX_LENGTH - 1] + "…"
