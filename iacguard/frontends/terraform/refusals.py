"""What could not be read in one file, as problems: each with its place and with what it cost."""

from __future__ import annotations

from iacguard.findings import Problem
from iacguard.frontends.terraform.grammar import ReadError
from iacguard.source import SourceFile

#: A file with more broken items than this is hardly Terraform; the rest is told as a number.
_MAX_TOLD = 100


class Refusals:
    """Gathers the refusals of one file."""

    __slots__ = ("_file", "_told", "_untold")

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._told: list[Problem] = []
        self._untold = 0

    def add(self, error: ReadError, start: int, end: int) -> None:
        """Note ``error``, which cost the lines of the bytes from ``start`` up to ``end``."""
        if len(self._told) >= _MAX_TOLD:
            self._untold += 1
            return
        text = self._file.data[start:end]
        start += len(text) - len(text.lstrip())
        first = self._file.position(start)[0]
        last = self._file.position(start + len(text.strip()))[0]
        lost = f"line {first} was" if first == last else f"lines {first} to {last} were"
        hint = f"{error.hint}; {lost} not scanned" if error.hint else f"{lost} not scanned"
        self._told.append(problem_of(self._file, ReadError(error.start, error.end, error.message, hint, error.kind)))

    def problems(self) -> tuple[Problem, ...]:
        """All of them in the order of the file."""
        told = sorted(self._told, key=lambda problem: problem.span)
        if self._untold:
            message = f"{self._untold} more parts of this file cannot be read"
            told.append(Problem("syntax", told[-1].span, message, "mend the first ones and scan again"))
        return tuple(told)


def problem_of(file: SourceFile, error: ReadError) -> Problem:
    """The problem that a refusal is; its place is on one line of ``file``."""
    start = min(error.start, len(file.data))
    line_end = file.data.find(b"\n", start)
    end = min(error.end, len(file.data) if line_end < 0 else line_end)
    return Problem(error.kind, file.span(start, max(end, start)), error.message, error.hint)
