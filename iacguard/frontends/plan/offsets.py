"""Where the members of a JSON text stand, found on demand.

A plan has megabytes, and few of its values are ever pointed at: so nothing is composed, and only the objects and lists
on the way to a value are scanned, each once.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from iacguard.late import regex
from iacguard.model import Key, Path, Place, Span, Step
from iacguard.source import SourceFile

_TOKEN = regex(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]', re.DOTALL)
_SPACE = regex(rb"[ \t\r\n]*")
_QUOTE, _COLON, _COMMA = b'":,'
_OPENERS, _BLANK = b"{[", b" \t\r\n"


class Member(NamedTuple):
    """A member's bytes: from its key (or, in a list, its value), its value from ``start`` up to ``end``."""

    key: int
    start: int
    end: int


class JsonText:
    """A text that is known to be valid JSON."""

    __slots__ = ("_members", "file")

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self._members: dict[int, dict[Key, Member]] = {}

    def root(self) -> Member:
        """The whole document."""
        start = self._skip(0)
        return Member(start, start, len(self.file.data.rstrip()))

    def members(self, of: Member) -> dict[Key, Member]:
        """The members of an object or list; none for any other value. Of a name that stands twice, the last."""
        if self.file.data[of.start] not in _OPENERS:
            return {}
        found = self._members.get(of.start)
        if found is None:
            found = self._members[of.start] = self._scan(of.start)
        return found

    def find(self, path: Path) -> Member | None:
        """The member at ``path`` from the root."""
        found: Member | None = self.root()
        for key in path:
            if found is None:
                return None
            found = self.members(found).get(key)
        return found

    def span(self, start: int, end: int) -> Span:
        """The bytes from ``start`` on, up to ``end`` or the end of the line."""
        newline = self.file.data.find(b"\n", start, end)
        return self.file.span(start, (newline if newline >= 0 else end))

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self.file.data, at)
        return match.end() if match else at

    def _scan(self, start: int) -> dict[Key, Member]:
        data = self.file.data
        found: dict[Key, Member] = {}
        depth, name, key, value = 0, None, -1, self._skip(start + 1)
        named = data[start] == _OPENERS[0]
        for match in _TOKEN.finditer(data, start):
            at = match.start()
            token = data[at]
            if token == _QUOTE:
                if depth == 1 and named and key < 0:
                    key, name = at, match.group()
            elif token in _OPENERS:
                depth += 1
            elif token == _COLON:
                if depth == 1:
                    value = self._skip(at + 1)
            elif token == _COMMA:
                if depth == 1:
                    _enter(found, data, name, key, value, at)
                    name, key, value = None, -1, self._skip(at + 1)
            else:
                depth -= 1
                if depth == 0:
                    if value < at:
                        _enter(found, data, name, key, value, at)
                    break
        return found


def _enter(found: dict[Key, Member], data: bytes, name: bytes | None, key: int, value: int, end: int) -> None:
    while end > value and data[end - 1] in _BLANK:
        end -= 1
    if name is None:
        found[len(found)] = Member(value, value, end)
    else:
        found[json.loads(name)] = Member(key, value, end)


class JsonPlace:
    """A member of the text: its line from its key on."""

    __slots__ = ("member", "text")

    def __init__(self, text: JsonText, member: Member) -> None:
        self.text = text
        self.member = member

    @property
    def span(self) -> Span:
        """As much of the member as stands on its first line."""
        return self.text.span(self.member.key, self.member.end)

    def child(self, key: Key) -> Place | None:
        """A member's own member."""
        found = self.text.members(self.member).get(key)
        return None if found is None else JsonPlace(self.text, found)

    def trail(self) -> tuple[Step, ...]:
        """A plan does not say where a value comes from."""
        return ()

    def text_start(self) -> tuple[int, int] | None:
        """JSON has no texts of several lines."""
        return None


class ResourcePlace:
    """A resource of a plan: shown at its address, its attributes at their values."""

    __slots__ = ("path", "text", "values")

    def __init__(self, text: JsonText, path: Path, values: Path) -> None:
        self.text = text
        self.path = path
        self.values = values

    @property
    def span(self) -> Span:
        """The line of the resource's address."""
        found = self.text.find((*self.path, "address")) or self.text.find(self.path) or self.text.root()
        return self.text.span(found.key, found.end)

    def child(self, key: Key) -> Place | None:
        """An attribute's value, where the plan has one."""
        found = self.text.find((*self.path, *self.values, key))
        return None if found is None else JsonPlace(self.text, found)

    def trail(self) -> tuple[Step, ...]:
        """A plan does not say where a value comes from."""
        return ()

    def text_start(self) -> tuple[int, int] | None:
        """A resource is no text."""
        return None
