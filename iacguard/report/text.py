"""Text on a terminal: nothing that the input says can steer it, and columns line up.

Everything here works on what is *shown*: control characters, escapes, bidirectional controls, invisible and
unencodable characters are shown as backslash escapes.
"""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import combining, east_asian_width

_TAB = "    "


def printable(text: str) -> str:
    """``text`` with every character that is not printable as an escape: ``\\x1b``, ``\\u202e``, ``\\n``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else escape(c) for c in text)


def escape(character: str) -> str:
    """A character as Python would write it in a string, also one that no encoding can write."""
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if named is not None:
        return named
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """How many columns printable ``text`` takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def cells(line: str) -> list[str]:
    """What is shown for each character of a source line; a tab takes four columns."""
    return [_TAB if c == "\t" else c if c.isprintable() else escape(c) for c in line]


def cut(text: str, columns: int) -> str:
    """Printable ``text`` in at most ``columns`` columns; three dots say that something was cut."""
    if width(text) <= columns:
        return text
    kept = ""
    room = max(0, columns - 3)
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return kept + "..."[: max(0, columns)]


def wrap(text: str, columns: int) -> list[str]:
    """Printable ``text`` in lines of at most ``columns`` columns, broken at blanks, else inside a long word."""
    columns = max(20, columns)
    lines: list[str] = []
    line = ""
    for word in _pieces(text.split(), columns):
        joined = f"{line} {word}" if line else word
        if line and width(joined) > columns:
            lines.append(line)
            line = word
        else:
            line = joined
    return [*lines, line] if line else lines


def _pieces(words: Iterable[str], columns: int) -> Iterable[str]:
    for word in words:
        if width(word) <= columns:
            yield word
            continue
        piece = ""
        for character in word:
            if width(piece) + _columns(character) > columns:
                yield piece
                piece = ""
            piece += character
        yield piece
