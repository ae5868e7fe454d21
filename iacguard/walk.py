"""Walks folders in one order, respects ignore files, and never follows a link out of the base or in a circle."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from iacguard.findings import PassedOver, Problem
from iacguard.frontends.recognise import RENDERED
from iacguard.ignore import IgnoreRules, ignored_by
from iacguard.model import Span
from iacguard.record import field, record
from iacguard.workspace import is_inside, may_read, read_plain, relative

#: As far as a file's name tells: in Terraform's language, perhaps a template or manifest, or neither.
Guess: TypeAlias = Literal["terraform", "document", "other"]

_TERRAFORM = (".tf", ".tofu", ".tf.json", ".tofu.json", ".tfvars", ".tfvars.json")
_DOCUMENTS = (".yaml", ".yml", ".json", ".template", ".cfn", ".cform")
_MAYBE_DOCUMENTS = (*_DOCUMENTS, *(document + engine for document in _DOCUMENTS for engine in RENDERED))
_IGNORE_FILES = (".gitignore", ".iacguardignore")  # the later one outranks the earlier one
_MAX_IGNORE_BYTES = 1_000_000
_SKIPPED = {
    ".terraform": "Terraform's own copies of providers and modules",
    ".terragrunt-cache": "Terragrunt's own copies of modules",
    "node_modules": "installed packages",
    ".venv": "a Python environment",
    ".tox": "a Python environment",
    "__pycache__": "compiled Python",
    ".hg": "version control",
    ".svn": "version control",
}
_IGNORE_HINT = "if that is meant, name it in .iacguardignore"


class Entry(NamedTuple):
    """A file that may be infrastructure code: ``path`` relative to the base, ``absolute`` to open it.

    ``linked``: it was reached through a link, so ``absolute`` is perhaps not its real path.
    """

    path: str
    absolute: str
    guess: Guess
    linked: bool = False
    named: bool = False


@record(frozen=False)
class Walk:
    """What was seen. ``entries`` are sorted by path; ``other_files`` counts those of no interest by their name."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    other_files: int = 0


class _Folder(NamedTuple):
    absolute: str
    path: str
    layers: tuple[IgnoreRules, ...]
    linked: bool = False


def guess(name: str) -> Guess:
    """What a file may be, by its name alone; Terraform minds the case of its names."""
    if name.endswith(_TERRAFORM):
        return "terraform"
    return "document" if name.lower().endswith(_MAYBE_DOCUMENTS) else "other"


def walk(base: str, folders: Iterable[str], deep: bool = True) -> Walk:
    """All candidate files below ``folders`` (absolute, inside ``base``); only directly in them if not ``deep``.

    The folders themselves are never ignored: they were asked for.
    """
    walker = _Walker(base, tuple(folders), deep)
    walker.run()
    walker.seen.entries.sort()
    return walker.seen


class _Walker:
    def __init__(self, base: str, roots: tuple[str, ...], deep: bool) -> None:
        self.base = base
        self.roots = roots
        self.deep = deep
        self.seen = Walk()
        self.followed: set[str] = set()

    def run(self) -> None:
        pending = [_Folder(root, relative(self.base, root), self._layers_above(root)) for root in self.roots]
        while pending:
            pending.extend(self._visit(pending.pop()))

    def _layers_above(self, root: str) -> tuple[IgnoreRules, ...]:
        layers: list[IgnoreRules] = []
        parts = relative(self.base, root).split("/")
        for depth in range(len(parts) if root != self.base else 0):
            path = "/".join(parts[:depth])
            layers += self._ignore_files(os.path.join(self.base, path), path, _IGNORE_FILES)
        return tuple(layers)

    def _ignore_files(self, absolute: str, path: str, names: Iterable[str]) -> list[IgnoreRules]:
        found = []
        for name in names:
            try:
                if not os.path.islink(os.path.join(absolute, name)):  # git does not follow them either
                    content = read_plain(os.path.join(absolute, name), _MAX_IGNORE_BYTES)
                    found.append(IgnoreRules.parse(path, name, content.data))
            except FileNotFoundError:
                continue
            except OSError as error:
                message = f"the ignore file could not be read: {error.strerror or error}"
                self._problem(_join(path, name), message, "nothing was ignored by it")
        return found

    def _visit(self, folder: _Folder) -> list[_Folder]:
        try:
            with os.scandir(folder.absolute) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            reason = error.strerror or str(error)
            self._problem(folder.path, f"the folder could not be read: {reason}", "check its permissions")
            return []
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and folder.absolute not in self.roots:
            self._pass_over(folder.path + "/", _SKIPPED[".venv"])
            return []
        present = [name for name in _IGNORE_FILES if name in names]
        layers = folder.layers
        if present:
            layers += tuple(self._ignore_files(folder.absolute, folder.path, present))
        inner: list[_Folder] = []
        for entry in entries:
            found = self._look_at(entry, folder, layers)
            if found is not None and self.deep:
                inner.append(found)
        return inner

    def _look_at(self, entry: os.DirEntry[str], parent: _Folder, layers: tuple[IgnoreRules, ...]) -> _Folder | None:
        """Notes a file; returns a folder that is to be visited."""
        path = _join(parent.path, entry.name)
        try:
            if entry.is_symlink():
                return self._link(entry, path, layers)
            if entry.is_dir(follow_symlinks=False):
                return self._folder(entry, path, layers, parent.linked)
            kind = guess(entry.name)
            if kind == "other":
                self.seen.other_files += 1
            elif by := ignored_by(layers, path, is_folder=False):
                self._pass_over(path, f"ignored by {by}")
            elif entry.is_file(follow_symlinks=False):
                self.seen.entries.append(Entry(path, entry.path, kind, parent.linked))
            else:
                self._problem(path, "it is not a plain file (a pipe, a socket or a device)", _IGNORE_HINT)
        except OSError as error:
            self._problem(path, f"it could not be looked at: {error.strerror or error}", "check its permissions")
        return None

    def _folder(
        self, entry: os.DirEntry[str], path: str, layers: tuple[IgnoreRules, ...], linked: bool
    ) -> _Folder | None:
        if entry.name == ".git":
            return None
        reason = _SKIPPED.get(entry.name, "")
        if not reason and (by := ignored_by(layers, path, is_folder=True)):
            reason = f"ignored by {by}"
        if reason:
            self._pass_over(path + "/", reason)
            return None
        return _Folder(entry.path, path, layers, linked)

    def _link(self, entry: os.DirEntry[str], path: str, layers: tuple[IgnoreRules, ...]) -> _Folder | None:
        kind = guess(entry.name)
        # git sees a link as a file, whatever it leads to; a rule for folders is meant for this one too
        by = ignored_by(layers, path, is_folder=False) or ignored_by(layers, path, is_folder=True)
        if by or entry.name in _SKIPPED:
            if kind != "other":
                self._pass_over(path, f"ignored by {by}" if by else _SKIPPED[entry.name])
            return None
        try:
            is_folder = entry.is_dir()
            os.stat(entry.path)
        except OSError as error:
            self._broken_link(path, kind, error)
            return None
        real = os.path.realpath(entry.path)
        if is_folder:
            return self._folder_link(entry, path, real, layers)
        if kind == "other":
            self.seen.other_files += 1
        elif kind == "document" and self._is_scanned(real) and guess(real) != "other":
            self._pass_over(path, f"a link to {relative(self.base, real)}, which is read there")
        else:
            self.seen.entries.append(Entry(path, entry.path, kind, linked=True))
        return None

    def _folder_link(
        self, entry: os.DirEntry[str], path: str, real: str, layers: tuple[IgnoreRules, ...]
    ) -> _Folder | None:
        if not may_read(self.base, real):
            self._problem(path, "the link leads out of the scanned root and was not followed", _IGNORE_HINT)
        elif is_inside(real, os.path.realpath(os.path.dirname(entry.path))):
            self._problem(path, "the link leads back to a folder above it and was not followed", _IGNORE_HINT)
        elif self._is_scanned(real) or real in self.followed:
            self._pass_over(path, f"a link to {relative(self.base, real)}, which is read there")
        else:
            self.followed.add(real)
            return _Folder(entry.path, path, layers, linked=True)
        return None

    def _broken_link(self, path: str, kind: Guess, error: OSError) -> None:
        if error.errno == errno.ELOOP:
            self._problem(path, "the link leads in a circle", _IGNORE_HINT)
        elif kind != "other":
            self._problem(path, f"the link leads to nothing that can be read: {error.strerror}", _IGNORE_HINT)
        else:
            self.seen.other_files += 1

    def _is_scanned(self, real: str) -> bool:
        return self.deep and any(is_inside(root, real) for root in self.roots)

    def _problem(self, path: str, message: str, hint: str) -> None:
        self.seen.problems.append(Problem("unreadable", Span(path or ".", 1, 1, 1, 2), message, hint))

    def _pass_over(self, path: str, reason: str) -> None:
        self.seen.passed_over.append(PassedOver(path, reason))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
