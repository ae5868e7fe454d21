"""A line of progress on a terminal, for scans that take a while. Nothing of it is ever in a pipe or a log."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Final

from iacguard.report.text import cut, printable

#: A scan that is done by then shows nothing.
PATIENCE: Final = 1.0
_EVERY: Final = 0.1
_BAR: Final = 20
_BLOCK: Final = 6


class Progress:
    """Called with the name of every stack that is done. How many there will be is not known, so the bar wanders."""

    def __init__(self, enabled: bool, width: int) -> None:
        self._enabled = enabled
        self._width = width
        self._started = monotonic()
        self._drawn = 0.0
        self._done = 0

    def __call__(self, name: str) -> None:
        self._done += 1
        now = monotonic()
        if not self._enabled or now - self._started < PATIENCE or now - self._drawn < _EVERY:
            return
        self._drawn = now
        stacks = "1 stack" if self._done == 1 else f"{self._done} stacks"
        bar = _bar(int((now - self._started) / _EVERY))
        line = cut(f"{bar} {stacks}, {now - self._started:.0f} s  {printable(name)}", self._width - 1)
        sys.stderr.write(f"\r\x1b[2K{line}")
        sys.stderr.flush()

    def close(self) -> None:
        """Wipe the line."""
        if self._drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._drawn = 0.0


def _bar(tick: int) -> str:
    """A block that goes to and fro."""
    room = _BAR - _BLOCK
    offset = room - abs(tick % (2 * room) - room)
    return "[" + " " * offset + "=" * _BLOCK + " " * (room - offset) + "]"
