"""Kustomize, without its binary: which kustomizations of a scan are deployed, and what they make.

Follows Kustomize 5.5 (what kubectl 1.32 carries), https://github.com/kubernetes-sigs/kustomize.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence

from iacguard.frontends.contract import Workspace
from iacguard.frontends.kubernetes.kustomize.build import Built, build, named_files
from iacguard.frontends.kubernetes.kustomize.files import Files
from iacguard.frontends.kubernetes.kustomize.nodes import KustomizeError, from_yaml, text_at
from iacguard.record import record
from iacguard.source import SourceFile

__all__ = ["Built", "KustomizeError", "Plan", "build", "open_files", "plan"]


@record
class Plan:
    """How the kustomizations of a scan hang together.

    ``roots`` are the folders that are built: those no other kustomization uses. ``sources`` says for each which files
    its objects come from, ``patches`` are the files that are no objects by themselves.
    ``unused`` are the folders of components that nothing uses.
    """

    roots: tuple[str, ...]
    sources: dict[str, frozenset[str]]
    patches: frozenset[str]
    unused: tuple[str, ...]


def open_files(
    workspace: Workspace, without: Callable[[bytes], bytes] = lambda data: data, known: Iterable[SourceFile] = ()
) -> Files:
    """The reader of a scan's kustomizations; ``without`` blanks what need not be read (see ``yamltree.read``).

    ``known`` are files that were read already.
    """
    return Files(workspace, without, known)


def plan(files: Files, kustomizations: Sequence[str]) -> Plan:
    """Sort the kustomizations at these paths into roots and what they use."""
    folders = dict.fromkeys(posixpath.dirname(path) for path in kustomizations)
    uses: dict[str, set[str]] = {}
    objects: dict[str, set[str]] = {}
    patches: set[str] = set()
    pending = list(folders)
    while pending:
        folder = pending.pop(0)
        if folder in uses:
            continue
        uses[folder], objects[folder], more = named_files(files, folder)
        patches |= more
        pending += sorted(uses[folder])
    used = {inner for folder, named in uses.items() for inner in named if inner != folder}
    heads = [f for f in folders if f not in used]
    unused = [f for f in heads if _is_component(files, f)]
    roots = [f for f in heads if f not in unused]
    reached = _reach([*roots, *unused], uses)
    for folder in folders:  # what is left leads in a circle, and is built to say so
        if folder not in reached:
            roots.append(folder)
            reached |= _reach([folder], uses)
    sources = {root: frozenset(o for f in _reach([root], uses) for o in objects.get(f, ())) for root in roots}
    return Plan(tuple(roots), sources, frozenset(patches), tuple(unused))


def _reach(starts: Sequence[str], uses: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    pending = list(starts)
    while pending:
        folder = pending.pop()
        if folder not in reached:
            reached.add(folder)
            pending += uses.get(folder, ())
    return reached


def _is_component(files: Files, folder: str) -> bool:
    path = files.kustomization_in(folder)
    found = files.documents(path) if path is not None else None
    return found is not None and any(text_at(from_yaml(d), "kind") == "Component" for d in found[0])
