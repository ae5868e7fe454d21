"""Which folders are root modules: those that nothing in the scan calls."""

from __future__ import annotations

from iacguard.frontends.terraform.modules import Library


def roots(library: Library, *, also_called: bool = False, vendored: str | None = None) -> list[str]:
    """The folders to evaluate, sorted; with ``also_called`` all of them.

    What lies in the folder ``vendored`` is there to be called.

    A folder that another one calls as a module is evaluated there. Of folders that only call each other, the first
    is taken, so that none is passed over.
    """
    folders = library.folders
    if also_called:
        return folders
    if vendored:
        folders = [f for f in folders if f != vendored and not f.startswith(f"{vendored}/")]
    calls = {folder: _calls(library, folder) for folder in folders}
    called = {target for folder, targets in calls.items() for target in targets if target != folder}
    found = [folder for folder in folders if folder not in called]
    reached: set[str] = set()
    for folder in found:
        _reach(folder, calls, reached)
    for folder in folders:
        if folder not in reached:
            found.append(folder)
            _reach(folder, calls, reached)
    return sorted(found)


def _calls(library: Library, folder: str) -> list[str]:
    module = library.module(folder)
    return [] if module is None else [target for _, target in module.local_calls()]


def _reach(start: str, calls: dict[str, list[str]], reached: set[str]) -> None:
    pending = [start]
    while pending:
        folder = pending.pop()
        if folder not in reached:
            reached.add(folder)
            pending.extend(calls.get(folder, ()))
