"""RE2's syntax (https://github.com/google/re2/wiki/Syntax), as Go's regexp package accepts it, to a small tree."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError
from iacguard.frontends.terraform.functions.regex_classes import (
    LAST,
    PERL,
    POSIX,
    Ranges,
    complement,
    folded,
    normalised,
    unicode_class,
)
from iacguard.late import regex
from iacguard.record import record

MAX_PATTERN = 4000
MAX_REPEAT = 1000
MAX_DEPTH = 100


@record
class Chars:
    """One character out of ``ranges`` (code points, inclusive, sorted); ``fold`` ignores case."""

    ranges: Ranges
    fold: bool = False


@record
class Assertion:
    kind: Literal["text-start", "text-end", "line-start", "line-end", "word", "not-word"]


@record
class Sequence:
    items: tuple[Tree, ...]


@record
class Either:
    items: tuple[Tree, ...]


@record
class Repeat:
    item: Tree
    least: int
    most: int | None
    greedy: bool


@record
class Group:
    index: int
    item: Tree


Tree: TypeAlias = Chars | Assertion | Sequence | Either | Repeat | Group


@record
class Pattern:
    """``names[i]`` is the name of capturing group i + 1, "" for a numbered one."""

    tree: Tree
    names: tuple[str, ...]


@record
class _Flags:
    fold: bool = False
    many_lines: bool = False
    dot_all: bool = False
    lazy: bool = False


_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ASSERTIONS: dict[str, Assertion] = {
    "A": Assertion("text-start"),
    "z": Assertion("text-end"),
    "b": Assertion("word"),
    "B": Assertion("not-word"),
}
_COUNT = regex(r"\{(\d{1,6})(?:(,)(\d{0,6}))?\}")


def nullable(tree: Tree) -> bool:
    """Whether ``tree`` can match without reading a character."""
    if isinstance(tree, Chars):
        return False
    if isinstance(tree, Sequence):
        return all(nullable(item) for item in tree.items)
    if isinstance(tree, Either):
        return any(nullable(item) for item in tree.items)
    if isinstance(tree, Repeat):
        return tree.least == 0 or nullable(tree.item)
    return nullable(tree.item) if isinstance(tree, Group) else True


class Parser:
    """One pattern. Raises FunctionError for what RE2 rejects: back references, look-around, ``a**``."""

    def __init__(self, source: str) -> None:
        if len(source) > MAX_PATTERN:
            raise NotEvaluatedError("the regular expression is too long to evaluate")
        self.source = source
        self.at = 0
        self.depth = 0
        self.names: list[str] = []

    def parse(self) -> Pattern:
        tree, _ = self._alternatives(_Flags())
        if self.at < len(self.source):
            raise self._error("an unexpected )")
        return Pattern(tree, tuple(self.names))

    def _error(self, what: str) -> FunctionError:
        return FunctionError(f"the regular expression has {what}, at character {self.at + 1}")

    def _peek(self, text: str) -> bool:
        return self.source.startswith(text, self.at)

    def _take(self) -> str:
        if self.at >= len(self.source):
            raise self._error("an unfinished end")
        self.at += 1
        return self.source[self.at - 1]

    def _alternatives(self, flags: _Flags) -> tuple[Tree, _Flags]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotEvaluatedError("the regular expression is nested too deeply to evaluate")
        branches: list[Tree] = []
        items: list[Tree] = []
        repeated = False
        while self.at < len(self.source) and not self._peek(")"):
            if self._peek("|"):
                self.at += 1
                branches.append(Sequence(tuple(items)))
                items = []
                repeated = False
                continue
            count = self._count()
            if count is not None:
                if repeated or not items:
                    raise self._error("a repetition of nothing")
                items[-1] = self._repeat(items[-1], count, flags)
                repeated = True
                continue
            repeated = False
            item, flags = self._item(flags)
            if item is not None:
                items.append(item)
        self.depth -= 1
        branches.append(Sequence(tuple(items)))
        return (branches[0] if len(branches) == 1 else Either(tuple(branches))), flags

    def _count(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        char = self.source[self.at]
        if char in simple:
            self.at += 1
            return simple[char]
        found = _COUNT.match(self.source, self.at)
        if not found:
            return None
        least = int(found[1])
        most = least if found[2] is None else int(found[3]) if found[3] else None
        if least > MAX_REPEAT or (most is not None and (most > MAX_REPEAT or most < least)):
            raise self._error("a repeat count out of range")
        self.at = found.end()
        return least, most

    def _repeat(self, item: Tree, count: tuple[int, int | None], flags: _Flags) -> Repeat:
        lazy = flags.lazy
        if self._peek("?"):
            self.at += 1
            lazy = not lazy
        return Repeat(item, count[0], count[1], not lazy)

    def _item(self, flags: _Flags) -> tuple[Tree | None, _Flags]:
        char = self._take()
        if char == "(":
            return self._group(flags)
        if char == "[":
            return _chars(self._class(flags), flags), flags
        if char == ".":
            return Chars(((0, LAST),) if flags.dot_all else complement(((10, 10),))), flags
        if char == "^":
            return Assertion("line-start" if flags.many_lines else "text-start"), flags
        if char == "$":
            return Assertion("line-end" if flags.many_lines else "text-end"), flags
        if char == "\\":
            return self._escape(flags), flags
        return _chars(((ord(char), ord(char)),), flags), flags

    def _escape(self, flags: _Flags) -> Tree:
        char = self.source[self.at : self.at + 1]
        if char in _ASSERTIONS:
            self.at += 1
            return _ASSERTIONS[char]
        if char == "Q":
            end = self.source.find("\\E", self.at)
            text = self.source[self.at + 1 : end if end >= 0 else len(self.source)]
            self.at = end + 2 if end >= 0 else len(self.source)
            return Sequence(tuple(_chars(((ord(c), ord(c)),), flags) for c in text))
        return _chars(self._escaped_set(), flags)

    def _escaped_set(self) -> Ranges:
        """What stands after a backslash, inside a class or outside."""
        char = self._take()
        if char.lower() in PERL and char.isascii():
            ranges = PERL[char.lower()]
            return ranges if char.islower() else complement(ranges)
        if char in "pP":
            return self._unicode(char == "P")
        code = self._escaped_code(char)
        return ((code, code),)

    def _escaped_code(self, char: str) -> int:
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char == "x":
            found = re.compile(r"\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2})").match(self.source, self.at)
            if not found or int(found[1] or found[2], 16) > LAST:
                raise self._error("a bad \\x escape")
            self.at = found.end()
            return int(found[1] or found[2], 16)
        octal = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}").match(self.source, self.at - 1)
        if octal:
            self.at = octal.end()
            return int(octal[0], 8)
        if char.isalnum() or not char.isascii():
            raise self._error(f"the escape \\{char}, which RE2 does not have")
        return ord(char)

    def _unicode(self, negated: bool) -> Ranges:
        name = self._take()
        if name == "{":
            end = self.source.find("}", self.at)
            if end < 0:
                raise self._error("an unfinished \\p{")
            name = self.source[self.at : end]
            self.at = end + 1
        if name.startswith("^"):
            name, negated = name[1:], not negated
        ranges = ((0, LAST),) if name == "Any" else unicode_class(name)
        return complement(ranges) if negated else ranges

    def _class(self, flags: _Flags) -> Ranges:
        negated = self._peek("^")
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self._peek("]"):
            first = False
            if self._peek("[:"):
                found = re.compile(r"\[:(\^?)(\w+):\]").match(self.source, self.at)
                if found:
                    if found[2] not in POSIX:
                        raise self._error("an unknown character class")
                    named = POSIX[found[2]]
                    ranges += complement(named) if found[1] else named
                    self.at = found.end()
                    continue
            ranges += self._class_range()
        self.at += 1
        merged = normalised(ranges)
        if negated and flags.fold:
            merged = folded(merged)
        return complement(merged) if negated else merged

    def _class_range(self) -> Ranges:
        low = self._class_member()
        if not self._peek("-") or self._peek("-]") or len(low) != 1 or low[0][0] != low[0][1]:
            return low
        self.at += 1
        high = self._class_member()
        if len(high) != 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise self._error("a bad character range")
        return ((low[0][0], high[0][0]),)

    def _class_member(self) -> Ranges:
        char = self._take()
        return self._escaped_set() if char == "\\" else ((ord(char), ord(char)),)

    def _group(self, flags: _Flags) -> tuple[Tree | None, _Flags]:
        if not self._peek("?"):
            return self._captured("", flags), flags
        named = re.compile(r"\?P?<([A-Za-z0-9_]+)>").match(self.source, self.at)
        if named:
            self.at = named.end()
            return self._captured(named[1], flags), flags
        found = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])").match(self.source, self.at)
        if not found:
            raise self._error("a group that RE2 does not have (look-around, for one)")
        self.at = found.end()
        inner = _changed(_changed(flags, found[1], True), found[2] or "", False)
        if found[3] == ")":
            return None, inner
        tree, _ = self._alternatives(inner)
        self._close()
        return tree, flags

    def _captured(self, name: str, flags: _Flags) -> Tree:
        self.names.append(name)
        index = len(self.names)
        tree, _ = self._alternatives(flags)
        self._close()
        return Group(index, tree)

    def _close(self) -> None:
        if not self._peek(")"):
            raise self._error("a missing )")
        self.at += 1


def _chars(ranges: Ranges, flags: _Flags) -> Chars:
    return Chars(folded(ranges), True) if flags.fold else Chars(ranges)


def _changed(flags: _Flags, letters: str, on: bool) -> _Flags:
    return _Flags(
        on if "i" in letters else flags.fold,
        on if "m" in letters else flags.many_lines,
        on if "s" in letters else flags.dot_all,
        on if "U" in letters else flags.lazy,
    )
