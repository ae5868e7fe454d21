"""RE2's syntax (https://github.com/google/re2/wiki/Syntax), as Go's regexp package accepts it, to a small tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError

Ranges: TypeAlias = tuple[tuple[int, int], ...]

MAX_PATTERN = 4000
MAX_REPEAT = 1000
MAX_DEPTH = 100
LAST = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ``ranges`` (code points, inclusive, sorted); ``fold`` ignores case."""

    ranges: Ranges
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Assertion:
    kind: Literal["text-start", "text-end", "line-start", "line-end", "word", "not-word"]


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    item: Tree
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Group:
    index: int
    item: Tree


Tree: TypeAlias = Chars | Assertion | Sequence | Either | Repeat | Group


@dataclass(frozen=True, slots=True)
class Pattern:
    """``names[i]`` is the name of capturing group i + 1, "" for a numbered one."""

    tree: Tree
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    many_lines: bool = False
    dot_all: bool = False
    lazy: bool = False


_POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_PERL: dict[str, Ranges] = {
    "d": _POSIX["digit"],
    "w": _POSIX["word"],
    "s": ((9, 10), (12, 13), (32, 32)),
}
_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ASSERTIONS: dict[str, Assertion] = {
    "A": Assertion("text-start"),
    "z": Assertion("text-end"),
    "b": Assertion("word"),
    "B": Assertion("not-word"),
}
_COUNT = re.compile(r"\{(\d{1,6})(?:(,)(\d{0,6}))?\}")


def normalised(ranges: list[tuple[int, int]] | Ranges) -> Ranges:
    """The same set, sorted and merged."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    result = []
    start = 0
    for low, high in normalised(ranges):
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        result.append((start, LAST))
    return tuple(result)


@lru_cache(maxsize=64)
def _unicode_class(name: str) -> Ranges:
    """A general category (``L``, ``Lu``) or a script whose letters are named after it (``Greek``)."""
    import unicodedata

    script = name.upper().replace("_", " ") + " "
    result: list[tuple[int, int]] = []
    for code in range(0x20000):
        char = chr(code)
        if len(name) <= 2:
            hit = unicodedata.category(char).startswith(name)
        else:
            hit = unicodedata.name(char, "").startswith(script)
        if hit:
            result.append((code, code))
    if not result:
        raise FunctionError(f"the regular expression has an unknown character class {name!r}")
    if name == "Han":
        raise NotEvaluatedError("the regular expression uses a script that is not evaluated")
    return normalised(result)


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
            return Chars(self._class(flags), flags.fold), flags
        if char == ".":
            return Chars(((0, LAST),) if flags.dot_all else complement(((10, 10),))), flags
        if char == "^":
            return Assertion("line-start" if flags.many_lines else "text-start"), flags
        if char == "$":
            return Assertion("line-end" if flags.many_lines else "text-end"), flags
        if char == "\\":
            return self._escape(flags), flags
        return Chars(((ord(char), ord(char)),), flags.fold), flags

    def _escape(self, flags: _Flags) -> Tree:
        char = self.source[self.at : self.at + 1]
        if char in _ASSERTIONS:
            self.at += 1
            return _ASSERTIONS[char]
        if char == "Q":
            end = self.source.find("\\E", self.at)
            text = self.source[self.at + 1 : end if end >= 0 else len(self.source)]
            self.at = end + 2 if end >= 0 else len(self.source)
            return Sequence(tuple(Chars(((ord(c), ord(c)),), flags.fold) for c in text))
        return Chars(self._escaped_set(), flags.fold)

    def _escaped_set(self) -> Ranges:
        """What stands after a backslash, inside a class or outside."""
        char = self._take()
        if char.lower() in _PERL and char.isascii():
            ranges = _PERL[char.lower()]
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
        if char.isascii() and (char.isalnum()):
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
        ranges = ((0, LAST),) if name == "Any" else _unicode_class(name)
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
                    if found[2] not in _POSIX:
                        raise self._error("an unknown character class")
                    named = _POSIX[found[2]]
                    ranges += complement(named) if found[1] else named
                    self.at = found.end()
                    continue
            ranges += self._class_range()
        self.at += 1
        merged = normalised(ranges)
        if negated and flags.fold:
            merged = _folded(merged)
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
            if named[1] in self.names:
                raise self._error("two groups of one name")
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


def _changed(flags: _Flags, letters: str, on: bool) -> _Flags:
    return _Flags(
        on if "i" in letters else flags.fold,
        on if "m" in letters else flags.many_lines,
        on if "s" in letters else flags.dot_all,
        on if "U" in letters else flags.lazy,
    )


def _folded(ranges: Ranges) -> Ranges:
    """With the other case of every letter; for ranges too large to walk, of ASCII letters only."""
    extra: list[tuple[int, int]] = list(ranges)
    for low, high in ranges:
        for code in range(low, min(high, low + 2000) + 1):
            other = chr(code).swapcase()
            if len(other) == 1:
                extra.append((ord(other), ord(other)))
    return normalised(extra)
