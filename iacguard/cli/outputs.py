"""Which report goes where, and writing files so that there is a whole one or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from iacguard.cli.status import CommandError
from iacguard.report import REPORTERS

STDOUT: Final = "-"
_ENDINGS: Final = {".sarif": "sarif", ".sarif.json": "sarif", ".json": "json", ".txt": "table"}


class Target(NamedTuple):
    """A report's format and its file, ``-`` for standard output."""

    format: str
    file: str


def pair(formats: Sequence[str], outputs: Sequence[str]) -> tuple[Target, ...]:
    """Each format with its output. Raises CommandError for what cannot be meant.

    In order; formats without an output go to standard output. Where there are fewer outputs than formats, a file
    named like a format (``.sarif``, ``.json``, ``.txt``) first goes to that one; where no format is named, it
    chooses it.
    """
    for name in formats:
        if name not in REPORTERS:
            raise CommandError(f"there is no format {name!r}", f"the formats are {', '.join(REPORTERS)}")
    chosen = list(formats) or [_ending(file) or "table" for file in outputs] or ["table"]
    if len(outputs) > len(chosen):
        raise CommandError(
            f"there are {len(outputs)} outputs for {len(chosen)} formats", "give a --format for every --output"
        )
    _refuse_twice(outputs)
    files: list[str | None] = [None] * len(chosen)
    pending = list(outputs)
    if len(outputs) < len(chosen):
        pending = [file for file in outputs if not _place_by_name(file, chosen, files)]
    free = [index for index, file in enumerate(files) if file is None]
    for index, file in zip(free, pending, strict=False):
        files[index] = file
    return tuple(Target(name, file or STDOUT) for name, file in zip(chosen, files, strict=True))


def _place_by_name(file: str, chosen: list[str], files: list[str | None]) -> bool:
    wanted = _ending(file)
    for index, name in enumerate(chosen):
        if name == wanted and files[index] is None:
            files[index] = file
            return True
    return False


def _ending(file: str) -> str:
    return next((name for ending, name in _ENDINGS.items() if file.lower().endswith(ending)), "")


def _refuse_twice(outputs: Sequence[str]) -> None:
    seen: set[str] = set()
    for file in outputs:
        if not file:
            raise CommandError("an --output is empty", "give a file, or - for standard output")
        if file != STDOUT and os.path.abspath(file) in seen:
            raise CommandError(f"two reports would be written to {file}", "give each an --output of its own")
        seen.add(os.path.abspath(file))


def write(file: str, text: str) -> None:
    """Write ``text`` to ``file``: whole or not at all; missing parent folders are made.

    Raises CommandError. A pipe or a device is written to as it is; through a link, its target is replaced.
    """
    try:
        target = os.path.realpath(file)
        if os.path.exists(target) and not os.path.isfile(target):
            if os.path.isdir(target):
                raise CommandError(f"cannot write {file}: it is a folder", "give a file")
            with open(target, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _replace(target, text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CommandError(f"cannot write {file}: {reason}", "check the path and its permissions") from error


def _replace(target: str, text: str) -> None:
    # As tempfile does it, which would cost 2 ms at import: a name that nobody can foresee, readable by the user alone.
    temporary = os.path.join(os.path.dirname(target), f".iacguard-{os.urandom(8).hex()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
            stream.write(text)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(target: str) -> int:
    """The permissions of the file that is replaced, else what the user's umask gives a new file."""
    with contextlib.suppress(OSError):
        return os.stat(target).st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
