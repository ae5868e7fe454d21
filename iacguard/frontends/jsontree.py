"""JSON as a tree of the nodes that YAML is composed to, in a tenth of the time: read by Python's own scanner, in C.

Everything that YAML might read otherwise is left to YAML's reader, and so is all that is wrong: what comes from here
is what would have come from there. A node is made when the one around it is opened, its place found when it is asked
for: most are never shown.
"""

from __future__ import annotations

import json
import operator
import re
from bisect import bisect_right
from collections.abc import Iterator
from json import decoder
from typing import Any, TypeAlias

from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.source import SourceFile

#: What a node is called in the one that holds it: a member's name, an item's position.
_Step: TypeAlias = "str | int"
#: Where a member stands: from where to where its key, and from where its value. An item has no key.
_Spot: TypeAlias = tuple[int, int, int]

_QUOTED = "tag:yaml.org,2002:str"
_WORDS = {True: "true", False: "false", None: "null"}

# libyaml takes no tab before the first token.
_START = re.compile(rb"[ \r\n]*\{")
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
# A key and its colon must stand on one line, at most 1,024 characters apart; a character may be written as six.
_PARTED = re.compile(rb"\n[ \t\r]*:")
_LONG_LINE = 1000
_LONG_KEY = 100
_GAP = re.compile(rb'"[ \t]{200,}+:')

_BEFORE = re.compile(r"[ \t\r\n]*[{\[,][ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
# Up to a name, past its quote, or past the end of the mapping.
_OPEN = re.compile(r'\{[ \t\r\n]*(["}])')
_NEXT = re.compile(r'[ \t\r\n]*(?:,[ \t\r\n]*(")|(\}))')
#: The root's members and theirs are read one by one: sections, and what they declare.
_WATCHED = 2


class _DoubtError(ValueError):
    """The text is one for YAML's reader."""


class _Plain(str):
    """A number as it is written."""

    __slots__ = ()


def plain_text(raw: Any) -> str | None:
    """The text of plain data that is no text in quotes, as it is written; None for a mapping and a list."""
    if type(raw) is _Plain:
        return str(raw)
    return None if type(raw) is dict or type(raw) is list else _WORDS[raw]


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _DoubtError
    return found


def _refuse(text: str) -> Any:
    raise _DoubtError


#: Reads a text from behind its quote; gives it with where it ends.
_string = decoder.scanstring  # type: ignore[attr-defined]
#: Reads the value at an offset; gives it with where it ends.
_scan = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_Plain, parse_float=_Plain, parse_constant=_refuse
).scan_once  # type: ignore[attr-defined]
#: Reads over a value, to where it ends.
_skip = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def read_json(file: SourceFile, max_depth: int) -> Node | None:
    """The one mapping that the file is; None where it is not surely the same in YAML, or nested too deep."""
    data = file.data
    if not _START.match(data) or not _is_plain(data):
        return None
    text, starts = data.decode("ascii"), file.line_starts
    document = _Document(text, starts)
    try:
        root = _watched(document, text.index("{"), _WATCHED)
    except (ValueError, RecursionError, StopIteration, IndexError):
        return None
    longest = max(map(operator.sub, [*starts[1:], len(data)], starts))
    if not _is_flat(root, max_depth) or (longest > _LONG_LINE and (_GAP.search(data) or _has_long_key(root))):
        return None
    return JsonMapping(root, document, 0)


def _watched(document: _Document, start: int, levels: int) -> dict[str, Any]:
    """The mapping at ``start``; where its members stand is kept. Raises where it is none."""
    text, raw = document.text, dict[str, Any]()
    spots = document.members[start] = _Members(raw, start)
    match = _OPEN.match(text, start)
    while match is not None and match[1] == '"':
        name, end = _string(text, match.end())
        colon = _COLON.match(text, end)
        if colon is None or name in raw:
            raise _DoubtError
        value = colon.end()
        if levels > 1 and text[value] == "{":
            raw[name] = _watched(document, value, levels - 1)
        else:
            raw[name], document.ends[value] = _scan(text, value)
        spots[name] = match.end() - 1, end, value
        match = _NEXT.match(text, document.ends[value])
    if match is None:
        raise _DoubtError
    document.ends[start] = match.end()
    if levels == _WATCHED and text[match.end() :].strip(" \r\n"):
        raise _DoubtError
    return raw


def _is_plain(data: bytes) -> bool:
    """Whether the text has nothing that YAML sees with other eyes, given that it is JSON."""
    if not data.isascii() or b"\x7f" in data or data.rstrip(b" \r\n")[-1:] != b"}":
        return False
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False
    return not (b"\\u" in data and _HALF_PAIR.search(data)) and not _PARTED.search(data)


def _is_flat(root: Any, max_depth: int) -> bool:
    level = [root]
    for _ in range(max_depth):
        level = _inside(level)
        if not level:
            return True
    return False


def _has_long_key(root: Any) -> bool:
    level = [root]
    while level:
        if any(len(name) > _LONG_KEY for outer in level if type(outer) is dict for name in outer):
            return True
        level = _inside(level)
    return False


def _inside(level: list[Any]) -> list[Any]:
    """The mappings and lists that stand in those of ``level``."""
    return [
        inner
        for outer in level
        for inner in (outer.values() if type(outer) is dict else outer)
        if type(inner) is dict or type(inner) is list
    ]


class _Members(dict["_Step", "_Spot"]):
    """Where the members of a mapping or a list stand, as far as it has been asked for; it starts ``at`` first."""

    __slots__ = ("at", "raw", "steps")

    def __init__(self, raw: Any, start: int) -> None:
        self.raw = raw
        self.steps: Iterator[_Step] = iter(raw if type(raw) is dict else range(len(raw)))
        self.at = start

    def find_next(self, document: _Document) -> None:
        at = document.end(self.at) if self else self.at
        key = end = start = _after(_BEFORE, document.text, at)
        if type(self.raw) is dict:
            end = document.end(key)
            start = _after(_COLON, document.text, end)
        self[next(self.steps)] = key, end, start
        self.at = start


class _Document:
    """The text that nodes stand in."""

    __slots__ = ("_line_starts", "ends", "members", "text")

    def __init__(self, text: str, line_starts: list[int]) -> None:
        self.text = text
        self._line_starts = line_starts
        #: By where a value starts: where it ends, and where what is in it stands; as far as that is known.
        self.ends: dict[int, int] = {}
        self.members: dict[int, _Members] = {}

    @property
    def document(self) -> _Document:
        return self

    def spot(self, step: _Step) -> _Spot:
        """Where the root stands."""
        start = self.text.index("{")
        return start, start, start

    def end(self, start: int) -> int:
        """Where the value that starts at ``start`` ends."""
        found = self.ends.get(start)
        if found is None:
            found = self.ends[start] = _skip(self.text, start)[1]
        return found

    def mark(self, offset: int) -> Mark:
        line = bisect_right(self._line_starts, offset) - 1
        return Mark("", offset, line, offset - self._line_starts[line], None, 0)


class _Inside:
    """What the members of a mapping or a list know of it: what it is called in what is ``around`` it.

    No way leads from here to a node: nodes that know what holds them would be garbage that only Python's collector
    finds, and that takes longer than reading them.
    """

    __slots__ = ("_around", "_raw", "_step", "document")

    def __init__(self, raw: Any, around: _Around, step: _Step) -> None:
        self._raw = raw
        self._around = around
        self._step = step
        self.document: _Document = around.document

    def spot(self, step: _Step) -> _Spot:
        """Where a member stands."""
        start = self._around.spot(self._step)[2]
        members = self.document.members.get(start)
        if members is None:
            members = self.document.members[start] = _Members(self._raw, start)
        while step not in members:
            members.find_next(self.document)
        return members[step]


_Around: TypeAlias = _Document | _Inside


class _Placed:
    """What the nodes have in common: their place, looked for when it is asked for."""

    #: Of a spot, where it starts.
    _part = 2
    around: _Around
    step: _Step

    def _starts(self) -> Mark:
        return self.around.document.mark(self.around.spot(self.step)[self._part])

    def _ends(self) -> Mark:
        document = self.around.document
        return document.mark(self._end(document, self.around.spot(self.step)[self._part]))

    # Properties and no __getattr__: with that, a class's every attribute is slow.
    start_mark: Any = property(_starts)
    end_mark: Any = property(_ends)

    def _end(self, document: _Document, start: int) -> int:
        return document.end(start)


class JsonScalar(_Placed, ScalarNode):
    """Text in quotes, unless ``tag`` is empty."""

    __slots__ = ("around", "step", "style", "tag", "value")

    def __init__(self, raw: Any, around: _Around, step: _Step) -> None:
        self.around = around
        self.step = step
        if type(raw) is str:
            self.value = raw
            self.tag = _QUOTED
            self.style = '"'
        else:
            self.value = plain_text(raw)
            self.tag = ""
            self.style = ""


class JsonKey(JsonScalar):
    """The name of a member."""

    __slots__ = ()
    _part = 0


class _Collection(_Placed):
    """A mapping or a list: ``raw`` is plain data. The nodes in it are made when they are asked for."""

    tag = ""
    flow_style = True
    raw: Any
    _kept: _Inside | None
    _made: dict[Any, Node]
    _value: list[Any] | None

    def __init__(self, raw: Any, around: _Around, step: _Step) -> None:
        self.raw = raw
        self.around = around
        self.step = step
        self._kept = None
        self._made = {}
        self._value = None

    @property
    def value(self) -> list[Any]:
        if self._value is None:
            self._value = self._opened()
        return self._value

    def child(self, step: Any) -> Node:
        """The node of a member's value; the same one each time, for each case of a choice asks for it again."""
        found = self._made.get(step)
        if found is None:
            raw = self.raw[step]
            kind = JsonMapping if type(raw) is dict else JsonSequence if type(raw) is list else JsonScalar
            found = self._made[step] = kind(raw, self._kept or self._inside(), step)
        return found

    def _end(self, document: _Document, start: int) -> int:
        # A place is one line: of what goes on past it, that it does is all that is asked.
        goes_on = document.text[start + 1] in "\r\n" and len(self.raw) > 0
        return len(document.text) if goes_on else document.end(start)

    def _inside(self) -> _Inside:
        self._kept = _Inside(self.raw, self.around, self.step)
        return self._kept

    def _opened(self) -> list[Any]:
        return [self.child(i) for i in range(len(self.raw))]


class JsonMapping(_Collection, MappingNode):
    __slots__ = ("_kept", "_made", "_value", "around", "raw", "step")

    def key(self, name: str) -> Node:
        """The node of a member's name."""
        return JsonKey(name, self._kept or self._inside(), name)

    def _opened(self) -> list[Any]:
        return [(self.key(name), self.child(name)) for name in self.raw]


class JsonSequence(_Collection, SequenceNode):
    __slots__ = ("_kept", "_made", "_value", "around", "raw", "step")


def _after(what: re.Pattern[str], text: str, at: int) -> int:
    match = what.match(text, at)
    return match.end() if match else at
