"""A Thompson/Pike machine: the time is linear in the text, whatever the pattern.

Rob Pike's algorithm as Russ Cox describes it in "Regular Expression Matching: the Virtual Machine Approach"
(https://swtch.com/~rsc/regexp/regexp2.html): all threads advance together, in priority order, which gives
leftmost-first matches with submatches, as RE2's.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias

from iacguard.frontends.terraform.functions.context import NotEvaluatedError
from iacguard.frontends.terraform.functions.regex_classes import Ranges
from iacguard.frontends.terraform.functions.regex_syntax import (
    Assertion,
    Chars,
    Either,
    Group,
    Pattern,
    Repeat,
    Sequence,
    Tree,
    nullable,
)

MAX_PROGRAM = 4000
MAX_STEPS = 20_000_000

Slots: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Split:
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Jump:
    to: int


@dataclass(frozen=True, slots=True)
class Save:
    slot: int


@dataclass(frozen=True, slots=True)
class Match:
    pass


Step: TypeAlias = Chars | Assertion | Split | Jump | Save | Match


def compile_program(pattern: Pattern) -> list[Step]:
    """The machine's program for ``pattern``. Raises NotEvaluatedError where it would be too long."""
    program: list[Step] = []
    _emit(Group(0, pattern.tree), program)
    program.append(Match())
    return program


def _emit(tree: Tree, program: list[Step]) -> None:
    if len(program) > MAX_PROGRAM:
        raise NotEvaluatedError("the regular expression is too large to evaluate")
    if isinstance(tree, (Chars, Assertion)):
        program.append(tree)
    elif isinstance(tree, Sequence):
        for item in tree.items:
            _emit(item, program)
    elif isinstance(tree, Group):
        program.append(Save(2 * tree.index))
        _emit(tree.item, program)
        program.append(Save(2 * tree.index + 1))
    elif isinstance(tree, Either):
        _emit_either(tree, program)
    else:
        _emit_repeat(tree, program)


def _emit_either(tree: Either, program: list[Step]) -> None:
    exits = []
    for item in tree.items[:-1]:
        split = len(program)
        program.append(Match())
        _emit(item, program)
        exits.append(len(program))
        program.append(Match())
        program[split] = Split(split + 1, len(program))
    _emit(tree.items[-1], program)
    for place in exits:
        program[place] = Jump(len(program))


def _emit_repeat(tree: Repeat, program: list[Step]) -> None:
    if tree.most is None:
        _emit_open(tree, program)
        return
    for _ in range(tree.least):
        _emit(tree.item, program)
    splits = []
    for _ in range(tree.most - tree.least):
        splits.append(len(program))
        program.append(Match())
        _emit(tree.item, program)
    for split in splits:
        program[split] = _split(tree.greedy, split + 1, len(program))


def _emit_open(tree: Repeat, program: list[Step]) -> None:
    """``x*`` as a loop that tests first; ``x+``, and ``x*`` of what may be empty, as one that tests last.

    Go compiles them so; what a group in an empty round holds depends on it.
    """
    last = tree.least > 0 or nullable(tree.item)
    for _ in range(tree.least - 1):
        _emit(tree.item, program)
    entry = len(program)
    if tree.least == 0:
        program.append(Match())
    start = len(program)
    _emit(tree.item, program)
    if last:
        program.append(_split(tree.greedy, start, len(program) + 1))
    else:
        program.append(Jump(entry))
    if tree.least == 0:
        program[entry] = _split(tree.greedy, start, len(program))


def _split(greedy: bool, inside: int, after: int) -> Split:
    return Split(inside, after) if greedy else Split(after, inside)


def contains(ranges: Ranges, code: int) -> bool:
    """Whether the set of code points holds ``code``."""
    index = bisect_right(ranges, (code, 0x110000)) - 1
    return index >= 0 and ranges[index][1] >= code


def _accepts(step: Chars, char: str) -> bool:
    if contains(step.ranges, ord(char)):
        return True
    if not step.fold:
        return False
    return any(len(c) == 1 and contains(step.ranges, ord(c)) for c in (char.lower(), char.upper()))


def _holds(kind: str, text: str, at: int) -> bool:
    if kind == "text-start":
        return at == 0
    if kind == "text-end":
        return at == len(text)
    if kind == "line-start":
        return at == 0 or text[at - 1] == "\n"
    if kind == "line-end":
        return at == len(text) or text[at] == "\n"
    return (_is_word(text, at - 1) != _is_word(text, at)) == (kind == "word")


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isascii() and (text[at].isalnum() or text[at] == "_")


class Machine:
    """One program, to run over texts."""

    def __init__(self, pattern: Pattern) -> None:
        self.program = compile_program(pattern)
        self.slots = 2 * (len(pattern.names) + 1)

    def search(self, text: str, start: int) -> Slots | None:
        """The leftmost match at or after ``start``: begin and end of each group, -1 where it took no part."""
        if (len(text) - start) * len(self.program) > MAX_STEPS:
            raise NotEvaluatedError("the text is too long for this regular expression")
        threads: list[tuple[int, Slots]] = []
        best: Slots | None = None
        for at in range(start, len(text) + 1):
            seen: set[int] = {place for place, _ in threads}
            if best is None:
                self._add(threads, seen, 0, (-1,) * self.slots, text, at)
            elif not threads:
                break
            following: list[tuple[int, Slots]] = []
            reached: set[int] = set()
            for place, slots in threads:
                step = self.program[place]
                if isinstance(step, Match):
                    best = slots
                    break
                if isinstance(step, Chars) and at < len(text) and _accepts(step, text[at]):
                    self._add(following, reached, place + 1, slots, text, at + 1)
            threads = following
        return best

    def _add(
        self, threads: list[tuple[int, Slots]], seen: set[int], place: int, slots: Slots, text: str, at: int
    ) -> None:
        """Follow the steps that read nothing, in priority order, to those that read or match."""
        pending = [(place, slots)]
        while pending:
            place, slots = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.program[place]
            if isinstance(step, Split):
                pending += [(step.second, slots), (step.first, slots)]
            elif isinstance(step, Jump):
                pending.append((step.to, slots))
            elif isinstance(step, Save):
                pending.append((place + 1, (*slots[: step.slot], at, *slots[step.slot + 1 :])))
            elif isinstance(step, Assertion):
                if _holds(step.kind, text, at):
                    pending.append((place + 1, slots))
            else:
                threads.append((place, slots))
