"""A Thompson/Pike machine: the time is linear in the text, whatever the pattern.

Rob Pike's algorithm as Russ Cox describes it in "Regular Expression Matching: the Virtual Machine Approach"
(https://swtch.com/~rsc/regexp/regexp2.html): all threads advance together, in priority order, which gives
leftmost-first matches with submatches, as RE2's. Steps are remembered, as in a DFA that is built while it runs
(https://swtch.com/~rsc/regexp/regexp3.html, "Step 3"), with the slots that each of them sets.
"""

from __future__ import annotations

from bisect import bisect_right
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
from iacguard.record import record

MAX_PROGRAM = 4000
MAX_STEPS = 20_000_000
#: Threads in the steps that one machine remembers; later ones are worked out each time.
MAX_REMEMBERED = 200_000

Slots: TypeAlias = tuple[int, ...]


@record
class Split:
    first: int
    second: int


@record
class Jump:
    to: int


@record
class Save:
    slot: int


@record
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


class _State:
    """The threads between two characters, by priority: where each stands in the program, and where they lead.

    Nothing follows a thread that has matched. ``seeding``: a match may still begin later. ``moves`` of ``table`` say,
    for each thread after a character, which thread it comes from (-1: a new one) and which slots it sets.
    """

    __slots__ = ("matched", "places", "seeding", "table")

    def __init__(self, places: tuple[int, ...], matched: bool, seeding: bool) -> None:
        self.places = places
        self.matched = matched
        self.seeding = seeding and not matched
        self.table: dict[object, tuple[_State, _Moves]] = {}


_Moves: TypeAlias = tuple[tuple[int, tuple[int, ...]], ...]


class Machine:
    """One program, to run over texts. It remembers the states that it came through, so most steps are a look-up."""

    def __init__(self, pattern: Pattern) -> None:
        self.program = compile_program(pattern)
        self.slots = 2 * (len(pattern.names) + 1)
        self._kinds = tuple(dict.fromkeys(step.kind for step in self.program if isinstance(step, Assertion)))
        self._states: dict[tuple[tuple[int, ...], bool], _State] = {}
        self._empty = _State((), False, True)
        self._left = MAX_REMEMBERED

    def search(self, text: str, start: int) -> Slots | None:
        """The leftmost match at or after ``start``: begin and end of each group, -1 where it took no part."""
        size = len(text)
        if (size - start) * len(self.program) > MAX_STEPS:
            raise NotEvaluatedError("the text is too long for this regular expression")
        blank = (-1,) * self.slots
        best: Slots | None = None
        state = self._empty
        threads: list[Slots] = []
        char = ""
        for at in range(start, size + 1):
            held = tuple(_holds(kind, text, at) for kind in self._kinds) if self._kinds else ()
            state, moves = state.table.get((char, held)) or self._next(state, char, held)
            threads = [_moved(threads[source] if source >= 0 else blank, saves, at) for source, saves in moves]
            if state.matched:
                best = threads[-1]
            if best is not None and len(threads) <= state.matched:
                break
            char = text[at] if at < size else ""
        return best

    def _next(self, state: _State, char: str, held: tuple[bool, ...]) -> tuple[_State, _Moves]:
        """The state after ``char`` ("" at the start), where the assertions hold that ``held`` says."""
        places: list[int] = []
        moves: list[tuple[int, tuple[int, ...]]] = []
        seen: set[int] = set()
        matched = False
        for source, place in enumerate(state.places):
            step = self.program[place]
            if isinstance(step, Chars) and _accepts(step, char):
                matched = self._follow(place + 1, source, held, seen, places, moves)
                if matched:
                    break
        if state.seeding and not matched:
            matched = self._follow(0, -1, held, seen, places, moves)
        found = (self._remembered(tuple(places), matched, state.seeding), tuple(moves))
        if self._left > 0:
            state.table[(char, held)] = found
            self._left -= len(places) + 1
        return found

    def _remembered(self, places: tuple[int, ...], matched: bool, seeding: bool) -> _State:
        key = (places, seeding)
        found = self._states.get(key)
        if found is None:
            found = _State(places, matched, seeding)
            if self._left > 0:
                self._states[key] = found
        return found

    def _follow(
        self,
        place: int,
        source: int,
        held: tuple[bool, ...],
        seen: set[int],
        places: list[int],
        moves: list[tuple[int, tuple[int, ...]]],
    ) -> bool:
        """Follow the steps that read nothing, in priority order, to those that read; True where one matches."""
        pending: list[tuple[int, tuple[int, ...]]] = [(place, ())]
        while pending:
            place, saves = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.program[place]
            if isinstance(step, Split):
                pending += [(step.second, saves), (step.first, saves)]
            elif isinstance(step, Jump):
                pending.append((step.to, saves))
            elif isinstance(step, Save):
                pending.append((place + 1, (*saves, step.slot)))
            elif isinstance(step, Assertion):
                if held[self._kinds.index(step.kind)]:
                    pending.append((place + 1, saves))
            else:
                places.append(place)
                moves.append((source, saves))
                if isinstance(step, Match):
                    return True
        return False


def _moved(slots: Slots, saves: tuple[int, ...], at: int) -> Slots:
    if not saves:
        return slots
    changed = list(slots)
    for slot in saves:
        changed[slot] = at
    return tuple(changed)
