"""``regex``, ``regexall`` and ``replace`` with RE2's meaning.

A pattern is read by our own parser. One that cannot backtrack much runs on Python's ``re``, written out again so
that every construct means what it means in RE2; any other runs on a machine of linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError
from iacguard.frontends.terraform.functions.regex_machine import Machine, Slots
from iacguard.frontends.terraform.functions.regex_syntax import (
    Assertion,
    Chars,
    Either,
    Group,
    Parser,
    Pattern,
    Repeat,
    Sequence,
    Tree,
    nullable,
)
from iacguard.late import regex
from iacguard.model import Value

MAX_TEXT = 1_000_000
MAX_RESULTS = 100_000
#: Python's engine takes a text of this length with at most two open repetitions: some 10^6 steps at worst.
MAX_BACKTRACKING_TEXT = 1000

_ASSERTIONS = {
    "text-start": r"\A",
    "text-end": r"\Z",
    "line-start": r"(?m:^)",
    "line-end": r"(?m:$)",
    "word": r"(?a:\b)",
    "not-word": r"(?a:\B)",
}


class Engine(Protocol):
    def search(self, text: str, start: int) -> Slots | None:
        """Begin and end of the leftmost match at or after ``start`` and of its groups."""


class _Python:
    def __init__(self, pattern: Pattern) -> None:
        self.compiled = re.compile(_python(pattern.tree))

    def search(self, text: str, start: int) -> Slots | None:
        found = self.compiled.search(text, start)
        return None if found is None else tuple(at for pair in found.regs for at in pair)


def first_match(source: str, text: str) -> Value:
    """The first match. Raises FunctionError where there is none."""
    pattern = _capturing(source)
    for slots in _matches(source, text):
        return _captures(pattern, text, slots)
    raise FunctionError("the pattern did not match")


def all_matches(source: str, text: str) -> Value:
    pattern = _capturing(source)
    return [_captures(pattern, text, slots) for slots in _matches(source, text)]


def replace_all(source: str, text: str, replacement: str) -> str:
    """Every match replaced; ``$1``, ``${name}`` and ``$$`` as Go's ``Regexp.Expand`` reads them."""
    pattern = _pattern(source)
    result = []
    done = 0
    for slots in _matches(source, text):
        result += [text[done : slots[0]], _expanded(replacement, pattern, text, slots)]
        done = slots[1]
    return "".join([*result, text[done:]])


def _capturing(source: str) -> Pattern:
    pattern = _pattern(source)
    if any(pattern.names) and not all(pattern.names):
        raise FunctionError("the regular expression mixes named and numbered groups")
    return pattern


def _captures(pattern: Pattern, text: str, slots: Slots) -> Value:
    groups = [None if slots[2 * i] < 0 else text[slots[2 * i] : slots[2 * i + 1]] for i in range(len(slots) // 2)]
    if not pattern.names:
        return groups[0]
    if any(pattern.names):
        return dict(zip(pattern.names, groups[1:], strict=True))
    return groups[1:]


_EXPANSION = regex(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)


def _expanded(replacement: str, pattern: Pattern, text: str, slots: Slots) -> str:
    def group(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        index = int(name) if name.isdigit() else pattern.names.index(name) + 1 if name in pattern.names else -1
        if not 0 <= index <= len(pattern.names) or slots[2 * index] < 0:
            return ""
        return text[slots[2 * index] : slots[2 * index + 1]]

    return _EXPANSION.sub(group, replacement) if "$" in replacement else replacement


def _matches(source: str, text: str) -> Iterator[Slots]:
    """All matches from left to right, none overlapping; an empty one is not taken right after another."""
    if len(text) > MAX_TEXT:
        raise NotEvaluatedError("the text is too long for a regular expression")
    engine = _engine(source, len(text) > MAX_BACKTRACKING_TEXT)
    at = 0
    previous = -1
    count = 0
    while at <= len(text):
        slots = engine.search(text, at)
        if slots is None:
            return
        begin, end = slots[0], slots[1]
        if end > begin or begin != previous:
            count += 1
            if count > MAX_RESULTS:
                raise NotEvaluatedError("the regular expression matches too often")
            yield slots
        previous = end
        at = end if end > begin else end + 1


@lru_cache(maxsize=256)
def _pattern(source: str) -> Pattern:
    return Parser(source).parse()


@lru_cache(maxsize=256)
def _engine(source: str, long_text: bool) -> Engine:
    pattern = _pattern(source)
    if _safe(pattern.tree, long_text):
        return _Python(pattern)
    return Machine(pattern)


def _safe(tree: Tree, long_text: bool) -> bool:
    """Whether backtracking stays small: few open repetitions, and none within another."""
    repeats = list(_repeats(tree, 0))
    if any(depth > 0 for _, depth in repeats):
        return False
    if any(_branches(repeat.item) or nullable(repeat.item) for repeat, _ in repeats):
        return False
    return len(repeats) <= (1 if long_text else 2)


def _repeats(tree: Tree, depth: int) -> Iterator[tuple[Repeat, int]]:
    """All repetitions that may give back what they took, with how many of them lie around each."""
    if isinstance(tree, Repeat):
        open_ended = tree.most is None or tree.most - tree.least > 1
        if open_ended:
            yield tree, depth
        yield from _repeats(tree.item, depth + open_ended)
    elif isinstance(tree, Group):
        yield from _repeats(tree.item, depth)
    elif isinstance(tree, (Sequence, Either)):
        for item in tree.items:
            yield from _repeats(item, depth)


def _branches(tree: Tree) -> bool:
    if isinstance(tree, (Either, Repeat)):
        return isinstance(tree, Either) or tree.most != tree.least or _branches(tree.item)
    if isinstance(tree, Group):
        return _branches(tree.item)
    return isinstance(tree, Sequence) and any(_branches(item) for item in tree.items)


def _python(tree: Tree) -> str:
    """``tree`` in the syntax of Python's ``re``."""
    if isinstance(tree, Chars):
        return _python_class(tree)
    if isinstance(tree, Assertion):
        return _ASSERTIONS[tree.kind]
    if isinstance(tree, Sequence):
        return "".join(_python(item) for item in tree.items)
    if isinstance(tree, Either):
        return "(?:" + "|".join(_python(item) for item in tree.items) + ")"
    if isinstance(tree, Group):
        return f"({_python(tree.item)})"
    most = "" if tree.most is None else str(tree.most)
    return f"(?:{_python(tree.item)}){{{tree.least},{most}}}{'' if tree.greedy else '?'}"


def _python_class(chars: Chars) -> str:
    body = "".join(f"\\U{low:08x}" if low == high else f"\\U{low:08x}-\\U{high:08x}" for low, high in chars.ranges)
    text = f"[{body}]" if body else r"(?!)"
    return f"(?i:{text})" if chars.fold else text
