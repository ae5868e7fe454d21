"""The files of a scan's base folder, read at most once each, never from outside of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Literal

from iacguard.findings import Problem
from iacguard.model import Span
from iacguard.record import record
from iacguard.source import SourceFile

#: Larger files are said and not read. The largest hand-written template known to us has 1.5 MB.
MAX_BYTES = 10_000_000
_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@record
class Content:
    """What reading a file gave: ``data`` as on disk (only its beginning where ``size`` is over the limit)."""

    data: bytes
    size: int

    @property
    def whole(self) -> bool:
        return len(self.data) == self.size


def read_plain(path: str, limit: int = MAX_BYTES, head: int = 65_536) -> Content:
    """The file at ``path`` if it is at most ``limit`` bytes, else its first ``head`` bytes.

    Raises OSError; also for what is not a plain file, which is never waited for.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"it is {_KINDS.get(stat.S_IFMT(status.st_mode), 'not a plain file')}")
        wanted = head if status.st_size > limit else limit + 1
        data = _read(handle, wanted, status.st_size)
    finally:
        os.close(handle)
    return Content(data, max(status.st_size, len(data)) if status.st_size > limit else len(data))


def _read(handle: int, wanted: int, size: int) -> bytes:
    """At most ``wanted`` bytes of a file that says it has ``size``: that many are taken for all, others read on."""
    part = os.read(handle, min(wanted, size + 1))
    if len(part) == size > 0:
        return part
    parts: list[bytes] = []
    while part:
        parts.append(part)
        wanted -= len(part)
        part = os.read(handle, min(wanted, size + 1))
    return b"".join(parts)


def encoding_problem(path: str, data: bytes) -> Problem | None:
    """What is wrong with ``data`` as UTF-8 text, or None. A UTF-8 byte-order mark is fine."""
    for mark, name in _BOMS.items():
        if data.startswith(mark):
            return _encoding(path, 1, f"the file is {name}, not UTF-8", "save it as UTF-8")
    if b"\x00" in data:
        if byte_order(data):
            return _encoding(path, 1, "the file is UTF-16 without a byte-order mark", "save it as UTF-8")
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        return _encoding(path, line, "the file holds binary data", "give it another name or ignore it")
    if data.isascii():
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
        return _encoding(path, line, message, "save the file as UTF-8; it may be Latin-1 or Windows-1252")
    return None


def byte_order(data: bytes) -> Literal["le", "be"] | None:
    """Of text in UTF-16, by its mark or by where its zeros are; None for anything else."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "le" if data[0] == 0xFF else "be"
    sample = data[:400]
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if half and zeros[0] == 0 and zeros[1] > 0.6 * half:
        return "le"
    return "be" if half and zeros[1] == 0 and zeros[0] > 0.6 * half else None


def _encoding(path: str, line: int, message: str, hint: str) -> Problem:
    return Problem("encoding", Span(path, line, 1, line, 2), message, hint)


def relative(base: str, path: str) -> str:
    """The absolute ``path`` relative to ``base`` with forward slashes; "" for the base itself."""
    if path == base:
        return ""
    prefix = base if base.endswith(os.sep) else base + os.sep
    inner = path.removeprefix(prefix) if path.startswith(prefix) else os.path.relpath(path, base)
    return inner.replace(os.sep, "/")


def is_inside(base: str, path: str) -> bool:
    """Whether the absolute ``path`` is ``base`` or below it; by name only."""
    return path == base or path.startswith(base if base.endswith(os.sep) else base + os.sep)


def may_read(base: str, real: str) -> bool:
    """Whether ``real`` (links resolved) is inside ``base`` and not git's own: that can hold credentials."""
    return is_inside(base, real) and ".git" not in relative(base, real).split("/")


class DiskWorkspace:
    """Reads for front ends, below ``base`` (absolute, links resolved) only; implements the contract's Workspace.

    Links are resolved before a path is judged, so one that leaves the base is as good as missing. ``known`` are the
    files that discovery has read already. ``mounts`` are folders elsewhere (absolute, links resolved) that the user
    named, by the path below which front ends see them.
    """

    def __init__(
        self, base: str, known: Mapping[str, SourceFile] | None = None, mounts: Mapping[str, str] | None = None
    ) -> None:
        self._base = base
        self._mounts = dict(mounts or {})
        self._files: dict[str, SourceFile | None] = dict(known or {})
        self._listings: dict[str, tuple[str, ...]] = {}
        self._folders: dict[str, tuple[str, ...]] = {}

    def read(self, path: str) -> SourceFile | None:
        """The UTF-8 file at ``path``, or None: missing, outside, too large, not text, or unreadable."""
        found = self._files.get(path)
        if found is not None:
            return found
        path = self._tidy(path)
        if path not in self._files:
            self._files[path] = self._load(path)
        return self._files[path]

    def listing(self, folder: str) -> tuple[str, ...]:
        """Names of the plain files in ``folder`` (links to plain files inside the base too), sorted."""
        folder = self._tidy(folder)
        if folder not in self._listings:
            self._listings[folder] = self._list(folder)
        return self._listings[folder]

    def folders(self, folder: str) -> tuple[str, ...]:
        """Names of the folders in ``folder``, sorted. Links are left out: they may lead in a circle."""
        folder = self._tidy(folder)
        if folder not in self._folders:
            self._folders[folder] = self._subfolders(folder)
        return self._folders[folder]

    def _subfolders(self, folder: str) -> tuple[str, ...]:
        real = self._real(folder)
        if real is None:
            return ()
        try:
            with os.scandir(real) as entries:
                names = (entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
                return tuple(sorted(name for name in names if name != ".git"))
        except OSError:
            return ()

    def exists(self, folder: str) -> bool:
        """Whether ``folder`` is a folder inside the base."""
        real = self._real(self._tidy(folder))
        return real is not None and os.path.isdir(real)

    def is_file(self, path: str) -> bool:
        """Whether ``path`` is a plain file inside the base."""
        real = self._real(self._tidy(path))
        return real is not None and os.path.isfile(real)

    @staticmethod
    def _tidy(path: str) -> str:
        clean = os.path.normpath(path).replace(os.sep, "/")
        return "" if clean == "." else clean

    def _real(self, path: str) -> str | None:
        if path.startswith("../") or path == ".." or os.path.isabs(path) or "\x00" in path:
            return None
        base = self._base
        for prefix, folder in self._mounts.items():
            if is_inside(prefix, path):
                base, path = folder, path[len(prefix) + 1 :]
                break
        try:
            real = os.path.realpath(os.path.join(base, path))
        except OSError:
            return None
        return real if may_read(base, real) else None

    def _load(self, path: str) -> SourceFile | None:
        real = self._real(path)
        if real is None or not path:
            return None
        try:
            content = read_plain(real)
        except (OSError, ValueError):
            return None
        if not content.whole or encoding_problem(path, content.data):
            return None
        return SourceFile(path, content.data, real)

    def _list(self, folder: str) -> tuple[str, ...]:
        real = self._real(folder)
        if real is None:
            return ()
        try:
            with os.scandir(real) as entries:
                return tuple(sorted(entry.name for entry in entries if self._is_listed(folder, entry)))
        except OSError:
            return ()

    def _is_listed(self, folder: str, entry: os.DirEntry[str]) -> bool:
        try:
            if entry.is_symlink():
                return self.is_file(f"{folder}/{entry.name}" if folder else entry.name)
            return entry.is_file(follow_symlinks=False)
        except OSError:
            return False
