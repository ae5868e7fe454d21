"""Terraform's numbers and the escapes of its strings, as HCL's scanner and its number parser define them."""

from __future__ import annotations

import re

from iacguard.frontends.terraform.grammar import ReadError
from iacguard.late import regex

# Compiled where first used (re keeps it): nearly all numbers are digits.
_NUMBER = r"(?a)\d+(\.\d+)?([eE][+-]?\d+)?\Z"
_QUOTED = regex(r"\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\(?s:.)|\\\Z|\$\$\{|%%\{")
_RAW = regex(r"\$\$\{|%%\{")
_SIMPLE_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", '\\"': '"', "\\\\": "\\"}
ESCAPES_HINT = r"Terraform knows \n, \r, \t, \", \\, \uNNNN and \UNNNNNNNN; write a backslash as \\"
#: More digits than this are no quantity of infrastructure, and Python refuses to read 4,300.
_MAX_DIGITS = 1000


def number(text: str, start: int, end: int) -> int | float:
    """The value of a number literal; whole numbers are ``int`` however written, as Terraform prints them.

    Raises ReadError for what Terraform has no number for (``0x1F``, ``1_000``).
    """
    if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    match = re.match(_NUMBER, text)
    if match is None:
        hint = "write it as a decimal number"
        if text[:2] in ("0x", "0X"):
            hint = 'Terraform has no hexadecimal numbers; write the decimal value, or parseint("1F", 16)'
        raise ReadError(start, end, f"{text[:40]} is not a number", hint)
    exponent = match.group(2)
    if len(text) > _MAX_DIGITS or (exponent and len(exponent) > 4):
        raise ReadError(start, end, "a number with more digits than can be read", kind="too-large")
    from decimal import Decimal

    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)


def unescape_quoted(text: str, start: int) -> str:
    """``text`` between quotes with its escapes resolved; ``start`` is its first byte. Raises ReadError."""
    if "\\" not in text and "{" not in text:
        return normal(text)

    def resolve(match: re.Match[str]) -> str:
        found = match.group()
        if found[0] in "$%":
            return found[1:]
        if found in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[found]
        code = int(found[2:], 16) if len(found) > 2 else -1
        if 0 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            return chr(code)
        at = start + len(text[: match.start()].encode("utf-8", errors="replace"))
        raise ReadError(
            at,
            at + len(found.encode("utf-8", errors="replace")),
            f"{found} is not an escape sequence",
            ESCAPES_HINT,
        )

    return normal(_QUOTED.sub(resolve, text))


def unescape_raw(text: str) -> str:
    """Text of a heredoc or a template file: only ``$${`` and ``%%{`` are escapes there."""
    if "{" in text:
        text = _RAW.sub(lambda match: match.group()[1:], text)
    return normal(text)


def normal(text: str) -> str:
    """Terraform holds all strings in Unicode's normal form C."""
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)
