"""Which files are scanned, in which language they are, and what was passed over and why.

Every file is read once. Terraform is known by its file names, as Terraform itself does it; YAML and JSON by their
content. What looks like infrastructure code and cannot be read is a Problem, never passed over in silence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from iacguard.checkout import find_root, read_checkout
from iacguard.findings import Checkout, PassedOver, Problem, ProblemKind
from iacguard.frontends.contract import Workspace
from iacguard.frontends.recognise import recognise
from iacguard.model import Language, Span
from iacguard.record import field, record
from iacguard.source import SourceFile
from iacguard.walk import Entry, Guess, Walk, guess, walk
from iacguard.workspace import (
    MAX_BYTES,
    DiskWorkspace,
    byte_order,
    encoding_problem,
    is_inside,
    may_read,
    read_plain,
    relative,
)

_FORMATS: tuple[Language, ...] = ("terraform", "plan", "cloudformation", "kubernetes")
#: Plans are written by a machine and cannot be split.
_MAX_PLAN_BYTES = 50_000_000
#: Where front ends see the folders of modules that lie outside of the base.
_VENDORED, _DOWNLOADED = ".iacguard/modules", ".iacguard/downloads"


class UsageError(Exception):
    """The scan cannot start: a path does not exist, a variable is malformed. ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Beside(NamedTuple):
    """Folders that are read along and not searched: the code of plans, vendored modules, downloaded modules."""

    plan_root: str = ""
    modules_dir: str = ""
    downloads: str = ""


@record
class Discovery:
    """What a scan works on. All paths are relative to ``base`` (absolute, links resolved), with forward slashes.

    ``files`` are sorted by path. ``reported`` is None where findings of all files are shown, else the files that the
    user named: their siblings are only read along. ``other_files`` counts those that no front end reads by their
    name (``.py``, ``.md``); they are not listed.
    ``plan_root`` and ``modules_dir`` are the folders that were asked for, as the workspace knows them, None for none;
    ``downloads`` is where it sees downloaded modules.
    """

    base: str
    files: Mapping[Language, tuple[SourceFile, ...]]
    workspace: Workspace
    problems: tuple[Problem, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    checkout: Checkout | None = None
    var_files: tuple[SourceFile, ...] = ()
    reported: frozenset[str] | None = None
    other_files: int = 0
    plan_root: str | None = None
    modules_dir: str | None = None
    downloads: str = _DOWNLOADED


@record(frozen=False)
class _Collected:
    """What is gathered while files are read."""

    base: str
    files: dict[str, tuple[Language, SourceFile]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)
    other_files: int = 0

    def problem(self, kind: ProblemKind, path: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(kind, Span(path or ".", 1, 1, 1, 2), message, hint))


class _Roots(NamedTuple):
    folders: tuple[str, ...]
    files: tuple[str, ...]


def discover(paths: tuple[str, ...], var_files: tuple[str, ...] = (), beside: Beside | None = None) -> Discovery:
    """Find and read the infrastructure code at ``paths`` (files or folders; relative ones to the working folder).

    A named file is scanned even where an ignore file excludes it, and its siblings of the same language are read
    along. Raises UsageError for a path that does not exist or is neither file nor folder, and for a variable file
    that cannot be read.
    """
    beside = beside or Beside()
    roots = _resolve(paths)
    plan_root = _folder(beside.plan_root, "the plan's code")
    modules_dir = _folder(beside.modules_dir, "the folder of modules")
    base = _base_of(roots, plan_root)
    found = _Collected(base)
    walked = walk(base, roots.folders)
    for entry in walked.entries:
        _take(found, entry)
    _add_walk(found, walked)
    named = _take_named(found, roots)
    mounts = {_DOWNLOADED: os.path.realpath(beside.downloads)} if beside.downloads else {}
    if modules_dir and not is_inside(base, modules_dir):
        mounts[_VENDORED] = modules_dir
    workspace = DiskWorkspace(base, _readable(found), mounts)
    reported = None
    if roots.files:
        reported = frozenset(named | {path for path in found.files if _is_below(path, base, roots.folders)})
    return Discovery(
        base=base,
        files=_by_format(found),
        workspace=workspace,
        problems=tuple(found.problems),
        passed_over=tuple(PassedOver(path, reason) for path, reason in sorted(found.passed_over.items())),
        checkout=read_checkout(base),
        var_files=tuple(_var_file(base, path) for path in var_files),
        reported=reported,
        other_files=found.other_files,
        plan_root=relative(base, plan_root) if plan_root else None,
        modules_dir=None if not modules_dir else _VENDORED if _VENDORED in mounts else relative(base, modules_dir),
    )


def _folder(path: str, what: str) -> str:
    """The absolute path of a folder that the user named, "" for none. Raises UsageError."""
    if not path:
        return ""
    absolute = os.path.realpath(path)
    if not os.path.isdir(absolute):
        raise UsageError(f"{path}, {what}, is not a folder")
    return absolute


def _readable(found: _Collected) -> dict[str, SourceFile]:
    """The files as all but their front ends see them: without the secrets that a plan holds in plain text."""
    known = {path: source for path, (_, source) in found.files.items()}
    for path, (kind, source) in found.files.items():
        if kind == "plan":
            from iacguard.frontends.plan.masking import masked

            known[path] = masked(source)
    return known


def _by_format(found: _Collected) -> dict[Language, tuple[SourceFile, ...]]:
    groups: dict[Language, list[SourceFile]] = {}
    for _, (kind, source) in sorted(found.files.items()):
        groups.setdefault(kind, []).append(source)
    return {kind: tuple(groups[kind]) for kind in _FORMATS if kind in groups}


def _resolve(paths: Iterable[str]) -> _Roots:
    folders: set[str] = set()
    files: set[str] = set()
    for path in paths:
        if not path or "\x00" in path:
            raise UsageError(f"{path!r} is not a path", "give a file or a folder; . is the working folder")
        absolute = os.path.abspath(path)
        if os.path.isdir(absolute):
            folders.add(os.path.realpath(absolute))
        elif os.path.isfile(absolute):
            files.add(os.path.join(os.path.realpath(os.path.dirname(absolute)), os.path.basename(absolute)))
        elif os.path.lexists(absolute):
            raise UsageError(f"{path} is neither a file nor a folder", "a link may lead nowhere or in a circle")
        else:
            raise UsageError(f"{path} does not exist", _nearest(path, absolute))
    if not folders and not files:
        raise UsageError("nothing to scan", "give a file or a folder; . is the working folder")
    # a folder inside another one that is scanned adds nothing
    outer = {f for f in folders if not any(f != other and is_inside(other, f) for other in folders)}
    return _Roots(tuple(sorted(outer)), tuple(sorted(files)))


def _nearest(path: str, absolute: str) -> str:
    """A hint: the name that was perhaps meant, else where the path stops to exist."""
    parent = os.path.dirname(absolute)
    if not os.path.isdir(parent):
        return f"there is no folder {os.path.dirname(path)}"
    import difflib

    try:
        close = difflib.get_close_matches(os.path.basename(absolute), sorted(os.listdir(parent)), 1)
    except OSError:
        close = []
    return f"did you mean {os.path.join(os.path.dirname(path), close[0])}?" if close else "check the spelling"


def _base_of(roots: _Roots, plan_root: str) -> str:
    folders = [*roots.folders, *(os.path.dirname(f) for f in roots.files), *([plan_root] if plan_root else [])]
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # different drives on Windows
        raise UsageError("the paths have no folder in common", "scan them one after the other") from None
    return find_root(common) or common


def _is_below(path: str, base: str, folders: Iterable[str]) -> bool:
    absolute = os.path.join(base, path)
    return any(is_inside(folder, absolute) for folder in folders)


def _add_walk(found: _Collected, walked: Walk) -> None:
    found.problems.extend(walked.problems)
    found.passed_over.update((p.file, p.reason) for p in walked.passed_over)
    found.other_files += walked.other_files


def _take_named(found: _Collected, roots: _Roots) -> set[str]:
    """Read the files that were named, and their siblings; returns the named paths."""
    named: set[str] = set()
    siblings: dict[str, set[Guess]] = {}
    for absolute in roots.files:
        path = relative(found.base, absolute)
        named.add(path)
        found.passed_over.pop(path, None)  # perhaps ignored in a folder that was named too
        _take(found, Entry(path, absolute, guess(path), os.path.islink(absolute), named=True))
        kind = "terraform" if guess(path) == "terraform" else found.files.get(path, ("",))[0]
        if kind in ("terraform", "kubernetes"):
            siblings.setdefault(os.path.dirname(absolute), set()).add(
                "terraform" if kind == "terraform" else "document"
            )
    for folder, guesses in sorted(siblings.items()):
        walked = walk(found.base, (folder,), deep=False)
        found.problems.extend(p for p in walked.problems if guess(p.span.file) in guesses)
        for entry in walked.entries:
            if entry.guess in guesses:
                _take(found, entry)
    return named


def _take(found: _Collected, entry: Entry) -> None:
    """Read one file and put it where it belongs: scanned, passed over, or a problem."""
    path = entry.path
    if path in found.files or path in found.passed_over:
        return
    if entry.linked and not _link_is_inside(found, entry):
        return
    try:
        content = read_plain(entry.absolute)
    except OSError as error:
        reason = error.strerror or str(error)
        found.problem("unreadable", path, f"the file could not be read: {reason}", "check its permissions")
        return
    if not content.whole:
        _too_large(found, entry, content.data, content.size)
    elif not content.data.removeprefix(b"\xef\xbb\xbf").strip():
        found.passed_over[path] = "empty"
    elif entry.guess == "terraform":
        _accept(found, entry, "terraform", content.data, encoding_problem(path, content.data))
    else:
        _take_document(found, entry, content.data)


def _link_is_inside(found: _Collected, entry: Entry) -> bool:
    real = os.path.realpath(entry.absolute)
    if may_read(found.base, real):
        return True
    found.problem(
        "unreadable",
        entry.path,
        "the link leads out of the scanned root and was not followed",
        "scan its target by itself, or ignore the link in .iacguardignore",
    )
    return False


def _take_document(found: _Collected, entry: Entry, data: bytes) -> None:
    problem = encoding_problem(entry.path, data)
    text = _lenient(data) if problem else data.removeprefix(b"\xef\xbb\xbf")
    seen = recognise(entry.path, text, DiskWorkspace(found.base).is_file)
    if seen.problem is not None:
        found.problems.append(seen.problem)
    if seen.format is not None:
        _accept(found, entry, seen.format, data, problem)
    elif problem is not None and b"\x00" in data and entry.guess == "document" and not byte_order(data):
        found.problems.append(problem)  # binary under a name that promises text: nothing tells what it was
    else:
        found.passed_over[entry.path] = seen.reason or "not infrastructure code"


def _lenient(data: bytes) -> bytes:
    """``data`` as UTF-8 as well as can be, to see what it was meant as."""
    order = byte_order(data)
    encoding = f"utf-16-{order}" if order else "utf-8"
    return data.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace")


def _accept(found: _Collected, entry: Entry, kind: Language, data: bytes, problem: Problem | None) -> None:
    """Take a file for scanning, or what is wrong with its encoding."""
    if problem is not None:
        found.problems.append(problem)
        return
    real = os.path.realpath(entry.absolute) if entry.linked else entry.absolute
    found.files[entry.path] = (kind, SourceFile(entry.path, data, real))


def _take_plan(found: _Collected, entry: Entry) -> bool:
    """Read a plan of more than the usual size; False where it is too large even for one."""
    with suppress(OSError):
        content = read_plain(entry.absolute, _MAX_PLAN_BYTES)
        if content.whole:
            _accept(found, entry, "plan", content.data, encoding_problem(entry.path, content.data))
            return True
    return False


def _too_large(found: _Collected, entry: Entry, head: bytes, size: int) -> None:
    megabytes = f"{size / 1e6:.0f} MB"
    is_code = entry.guess == "terraform" or entry.named
    if entry.guess != "terraform":
        seen = recognise(entry.path, _lenient(head), lambda path: False)
        is_code = is_code or seen.format is not None
        if seen.format == "plan" and _take_plan(found, entry):
            return
    if is_code:
        message = f"the file has {megabytes}; the limit is {MAX_BYTES // 1_000_000} MB"
        found.problem("too-large", entry.path, message, "split it, or ignore it in .iacguardignore")
    else:
        found.passed_over[entry.path] = f"not infrastructure code, as far as its first 64 KB tell ({megabytes})"


def _var_file(base: str, path: str) -> SourceFile:
    absolute = os.path.abspath(path)
    try:
        content = read_plain(absolute)
    except OSError as error:
        raise UsageError(f"{path}: the variable file could not be read: {error.strerror or error}") from None
    name = relative(base, absolute) if is_inside(base, absolute) else absolute.replace(os.sep, "/")
    problem = encoding_problem(name, content.data)
    if problem is not None or not content.whole:
        raise UsageError(f"{path}: {problem.message if problem else 'the variable file is too large'}")
    return SourceFile(name, content.data, os.path.realpath(absolute))
