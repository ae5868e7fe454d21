"""What kind of terminal there is, and writing to it."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

from iacguard.record import record

#: The width where there is no terminal to ask.
DEFAULT_WIDTH: Final = 100


@record
class Terminal:
    """Findings go to standard output, everything else to standard error."""

    out_color: bool
    err_color: bool
    err_is_terminal: bool
    width: int
    err_width: int

    @staticmethod
    def detect() -> Terminal:
        """From the streams and the environment: ``NO_COLOR``, ``FORCE_COLOR``, ``CLICOLOR_FORCE``, ``TERM``."""
        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show a character gets an escape instead of a traceback.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        return Terminal(
            _color(sys.stdout), _color(sys.stderr), sys.stderr.isatty(), _width(sys.stdout), _width(sys.stderr)
        )


def _color(stream: TextIO) -> bool:
    """https://no-color.org and https://force-color.org: not empty means set; no colour goes first."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _width(stream: TextIO) -> int:
    if not stream.isatty():
        return DEFAULT_WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    except OSError:
        return DEFAULT_WIDTH


def say(line: str) -> None:
    """One line on standard error. A reader that has gone is no reason to fail."""
    try:
        sys.stderr.write(line + "\n")
    except OSError:
        _detach(sys.stderr)


def print_out(text: str) -> None:
    """``text`` on standard output, written whole; a reader that closed the pipe (``| head``) has seen enough."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _detach(sys.stdout)


def _detach(stream: TextIO) -> None:
    """Point a broken stream at nothing: the interpreter flushes it once more at exit."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return
