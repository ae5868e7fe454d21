"""JSON (RFC 8259) with byte offsets: exact, so that what Terraform refuses is refused here at the same place."""

from __future__ import annotations

import json
from typing import TypeAlias

from iacguard.frontends.terraform.grammar import MAX_DEPTH, ReadError, too_deep
from iacguard.frontends.terraform.literals import number
from iacguard.late import regex
from iacguard.record import record

_SPACE = regex(rb"[ \t\r\n]*")
_STRING = regex(rb'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"')
_NUMBER = regex(rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = regex(rb"[A-Za-z]+")
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_ESCAPE = regex(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")


@record
class Scalar:
    """A string, number, bool or null, quotes included in its place."""

    start: int
    end: int
    value: str | int | float | bool | None


@record
class Array:
    start: int
    end: int
    items: tuple[Json, ...]


@record
class Object:
    """Members in the order of the text; a name may stand more than once."""

    start: int
    end: int
    members: tuple[tuple[Scalar, Json], ...]


Json: TypeAlias = Scalar | Array | Object


def read_json(data: bytes) -> Json:
    """The one JSON value that ``data`` is. Raises ReadError at the first byte that does not fit."""
    reader = _Reader(data)
    value, at = reader.value(reader.skip(0), 1)
    at = reader.skip(at)
    if at < len(data):
        raise ReadError(at, at + 1, f"unexpected {reader.shown(at)} after the end of the document", "remove it")
    return value


def text_offsets(data: bytes, string: Scalar) -> list[int] | None:
    """For each byte of the string's UTF-8 text, and its end, the byte of ``data`` it was written at.

    None where the text stands there as it is, one byte after the quote.
    """
    raw = data[string.start + 1 : string.end - 1].decode("utf-8", errors="replace")
    if "\\" not in raw:
        return None
    offsets: list[int] = []
    at, done = string.start + 1, 0
    for match in _ESCAPE.finditer(raw):
        plain = len(raw[done : match.start()].encode())
        offsets.extend(range(at, at + plain))
        at += plain
        offsets.extend([at] * len(_decoded(match.group()).encode()))
        at += len(match.group().encode())
        done = match.end()
    offsets.extend(range(at, string.end))
    return offsets


def _decoded(escaped: str) -> str:
    text: str = json.loads(f'"{escaped}"')
    # Half of a surrogate pair is no character; nothing downstream could write it.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Reader:
    """Recursive descent over ``data``; each method gives what it read and the offset after it."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def skip(self, at: int) -> int:
        match = _SPACE.match(self._data, at)
        return match.end() if match else at

    def shown(self, at: int) -> str:
        """What stands at ``at``, for a message."""
        if at >= len(self._data):
            return "the end of the file"
        return f"`{self._data[at : at + 4].decode('utf-8', errors='replace')[:1]}`"

    def value(self, at: int, depth: int) -> tuple[Json, int]:
        if depth > MAX_DEPTH:
            raise too_deep(at, at + 1)
        first = self._data[at : at + 1]
        if first == b'"':
            return self._string(at)
        if first == b"{":
            return self._object(at, depth)
        if first == b"[":
            return self._array(at, depth)
        return self._plain(at)

    def _plain(self, at: int) -> tuple[Scalar, int]:
        word = _WORD.match(self._data, at)
        if word and word.group() in _WORDS:
            return Scalar(at, word.end(), _WORDS[word.group()]), word.end()
        found = _NUMBER.match(self._data, at)
        if found:
            text = found.group().decode("ascii")
            size = number(text.lstrip("-"), at, found.end())
            return Scalar(at, found.end(), -size if text[0] == "-" else size), found.end()
        raise ReadError(at, at + 1, f"expected a value, found {self.shown(at)}", self._advice(at))

    def _advice(self, at: int) -> str:
        first = self._data[at : at + 1]
        if not first:
            return "the document ends too early"
        if first in (b"/", b"#"):
            return 'JSON has no comments; Terraform ignores a property named "//"'
        if first in (b"]", b"}"):
            return "remove the comma before it"
        return 'strings are written in double quotes: "..."'

    def _string(self, at: int) -> tuple[Scalar, int]:
        match = _STRING.match(self._data, at)
        if match is None:
            raise ReadError(
                at, at + 1, "a string is never closed on its line", 'close it with `"`; write \\n for a new line'
            )
        raw = match.group()[1:-1].decode("utf-8", errors="replace")
        if "\\" in raw:
            try:
                raw = _decoded(raw)
            except ValueError:
                hint = r"JSON knows \", \\, \/, \b, \f, \n, \r, \t and \uNNNN"
                raise ReadError(at, match.end(), "a string holds an escape that JSON does not know", hint) from None
        return Scalar(at, match.end(), raw), match.end()

    def _array(self, start: int, depth: int) -> tuple[Array, int]:
        items: list[Json] = []
        at = self.skip(start + 1)
        if self._data[at : at + 1] == b"]":
            return Array(start, at + 1, ()), at + 1
        while True:
            item, at = self.value(at, depth + 1)
            items.append(item)
            at = self.skip(at)
            if self._data[at : at + 1] == b"]":
                return Array(start, at + 1, tuple(items)), at + 1
            at = self._comma(at, start, "]")

    def _object(self, start: int, depth: int) -> tuple[Object, int]:
        members: list[tuple[Scalar, Json]] = []
        at = self.skip(start + 1)
        if self._data[at : at + 1] == b"}":
            return Object(start, at + 1, ()), at + 1
        while True:
            if self._data[at : at + 1] != b'"':
                raise ReadError(
                    at, at + 1, f"expected a name in double quotes, found {self.shown(at)}", self._advice(at)
                )
            name, at = self._string(at)
            at = self.skip(at)
            if self._data[at : at + 1] != b":":
                raise ReadError(at, at + 1, f"expected `:` after a name, found {self.shown(at)}", "add it")
            member, at = self.value(self.skip(at + 1), depth + 1)
            members.append((name, member))
            at = self.skip(at)
            if self._data[at : at + 1] == b"}":
                return Object(start, at + 1, tuple(members)), at + 1
            at = self._comma(at, start, "}")

    def _comma(self, at: int, start: int, closer: str) -> int:
        found = self._data[at : at + 1]
        if found == b",":
            return self.skip(at + 1)
        if not found:
            line = self._data.count(b"\n", 0, start) + 1
            opener = self._data[start : start + 1].decode()
            raise ReadError(
                start, start + 1, f"a `{opener}` opened on line {line} is never closed", f"add the missing `{closer}`"
            )
        raise ReadError(
            at, at + 1, f"expected `,` or `{closer}`, found {self.shown(at)}", "check for a missing comma before it"
        )
