"""Kustomizations as stacks: each that is deployed is judged as it is built, and its files not also by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from iacguard.findings import Problem
from iacguard.frontends.contract import Stack, Task, Workspace
from iacguard.frontends.kubernetes.kinds import type_of
from iacguard.frontends.kubernetes.kustomize import KustomizeError, build, open_files, plan
from iacguard.frontends.kubernetes.kustomize.files import Files
from iacguard.frontends.kubernetes.kustomize.ids import Item
from iacguard.frontends.kubernetes.kustomize.nodes import TreePlace, text_at, to_value
from iacguard.frontends.kubernetes.manifests import (
    Manifest,
    forget_schemas,
    read_manifests,
    steers_kustomize,
    without_schemas,
)
from iacguard.model import Span
from iacguard.source import SourceFile


def overlay_tasks(
    files: Sequence[SourceFile], kustomizations: Sequence[str], workspace: Workspace
) -> tuple[list[Task], list[SourceFile], list[Problem]]:
    """A task for each kustomization that is built, the files that stand alone, and what is not evaluated."""
    reader = open_files(workspace, without_schemas, files)
    found = plan(reader, kustomizations)
    tasks = [Task(_name(r), partial(_overlay, reader, r, sorted(found.sources[r]))) for r in found.roots]
    claimed = {path for paths in found.sources.values() for path in paths}
    rest = [f for f in files if f.path not in claimed and f.path not in found.patches and not steers_kustomize(f.path)]
    return tasks, rest, [_unused(reader, folder) for folder in found.unused]


def _name(folder: str) -> str:
    return folder or "."


def _unused(reader: Files, folder: str) -> Problem:
    path = reader.kustomization_in(folder) or folder
    message = "no kustomization uses this component; its patches are not evaluated"
    return Problem("not-evaluated", Span(path, 1, 1, 1, 2), message, notice=True)


def _overlay(reader: Files, folder: str, sources: Sequence[str]) -> Stack:
    from iacguard.frontends.kubernetes import stack_of

    try:
        built = build(reader, folder)
    except KustomizeError as error:
        problem = error.problem(Span(reader.kustomization_in(folder) or folder, 1, 1, 1, 2))
        hint = problem.hint or "until it is mended, the files that it names are judged as they are written"
        problem = Problem(problem.kind, problem.span, f"{_name(folder)} cannot be built: {problem.message}", hint)
        return _as_written(reader, folder, sources, problem)
    return stack_of(_name(folder), [_manifest(item) for item in built.items], built.problems)


def _as_written(reader: Files, folder: str, sources: Sequence[str], problem: Problem) -> Stack:
    from iacguard.frontends.kubernetes import stack_of

    read = [reader.read(path) for path in sources]
    reading = read_manifests([file for file in read if file is not None])
    return stack_of(_name(folder), reading.manifests, [problem, *reading.problems])


def _manifest(item: Item) -> Manifest:
    value = to_value(item.root)
    assert isinstance(value, dict)
    forget_schemas(value)
    original = item.original
    source = "/".join((type_of("/".join(original.gvk[:2]), original.gvk.kind), original.namespace, original.name))
    return Manifest(text_at(item.root, "apiVersion"), text_at(item.root, "kind"), value, TreePlace(item.root), source)
