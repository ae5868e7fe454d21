"""Exit statuses, and the errors that end a run with one line. ``docs/exit-status.md`` explains them to users."""

from __future__ import annotations

from typing import Final

#: No finding at or above the threshold, and everything was read.
CLEAN: Final = 0
#: At least one finding at or above the threshold, and everything was read.
FINDINGS: Final = 1
#: The run could not start or be finished: usage, configuration, a policy, an output that cannot be written.
USAGE: Final = 2
#: Part of the input was not read or not decided; it goes before FINDINGS, and the summary says both.
INCOMPLETE: Final = 3
#: What a shell reports for a program that was interrupted (128 + SIGINT).
INTERRUPTED: Final = 130


class CommandError(Exception):
    """Ends the run with exit status 2: ``message`` says what was wrong, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
