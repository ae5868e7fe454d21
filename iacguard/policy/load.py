"""The policies of a scan: the built-in ones, kept in a form that loads fast, and those of the user's folders."""

from __future__ import annotations

import os
from os import PathLike
from typing import TYPE_CHECKING

from iacguard.findings import Problem
from iacguard.model import Span
from iacguard.policy.compile import NOWHERE, Listed, Pack, Policy, PolicyError, Shelf, listed

if TYPE_CHECKING:
    from pathlib import Path


def builtin_dir() -> str:
    """The folder of the built-in policies: inside the installed package, else at the top of the checkout."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    shipped = os.path.join(package, "_policies")
    return shipped if os.path.isdir(shipped) else os.path.join(os.path.dirname(package), "policies")


def load_pack(
    policy_dirs: tuple[str, ...] = (), builtin: bool = True, cache_dir: str | PathLike[str] | None = None
) -> Pack:
    """The built-in policies and those of ``policy_dirs``. Raises PolicyError with everything that is wrong in them.

    ``cache_dir`` is where the built-in ones are kept in a form that loads fast; None reads their files.
    """
    shelf = _builtin(cache_dir) if builtin else Shelf(())
    if not policy_dirs:
        return Pack(shelf)
    from iacguard.policy.read import read_folder

    problems: list[Problem] = []
    entries = {entry.id: entry for entry in shelf.listed()}
    for folder, shown in _folders(policy_dirs, problems):
        for policy in read_folder(folder, shown, True, problems):
            _add(entries, policy, problems)
    if problems:
        raise PolicyError(tuple(problems))
    return Pack(entries.values())


def _builtin(cache_dir: str | PathLike[str] | None) -> Shelf:
    folder = builtin_dir()

    def read() -> tuple[Policy, ...]:
        from pathlib import Path

        from iacguard.policy.read import read_folder

        problems: list[Problem] = []
        entries: dict[str, Listed] = {}
        for policy in read_folder(Path(folder), "policies", False, problems):
            _add(entries, policy, problems)
        if problems:
            raise PolicyError(tuple(problems))
        return tuple(entry.load() for entry in entries.values())

    if cache_dir is None:
        return Shelf(map(listed, read()))
    from iacguard.policy.cache import cached

    return cached(folder, os.fspath(cache_dir), read)


def _folders(policy_dirs: tuple[str, ...], problems: list[Problem]) -> list[tuple[Path, str]]:
    if not policy_dirs:
        return []
    from pathlib import Path

    folders: list[tuple[Path, str]] = []
    for given in policy_dirs:
        folder = Path(given)
        if folder.is_dir():
            folders.append((folder, given.rstrip("/") or given))
        else:
            what = "a policy folder is needed, not a file" if folder.exists() else "there is no such policy folder"
            problems.append(Problem("policy", NOWHERE, f"{given}: {what}", "give the folder that holds the policies"))
    return folders


def _add(entries: dict[str, Listed], policy: Policy, problems: list[Problem]) -> None:
    entry = listed(policy)
    other = entries.setdefault(entry.id, entry)
    if other is not entry:
        span = Span(policy.file, 1, 1, 1, 2)
        message = f"the id {policy.rule.id} is taken by {other.load().file}"
        problems.append(Problem("policy", span, message, "the id follows from the path: rename the file or its folder"))
