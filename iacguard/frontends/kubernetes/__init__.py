"""Kubernetes manifests, YAML and JSON: what is applied together is one stack."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from iacguard.findings import Problem
from iacguard.frontends.contract import Inputs, Stack, Task, Workspace
from iacguard.frontends.kubernetes.kinds import BUILT_IN_GROUPS, group_of, is_cluster_scoped, type_of
from iacguard.frontends.kubernetes.links import links
from iacguard.frontends.kubernetes.manifests import Manifest, read_manifests, steers_kustomize
from iacguard.model import Resource, Value
from iacguard.source import SourceFile

__all__ = ["load", "prepare"]

#: Stands in an address for a name that the manifest does not give.
_NO_NAME = "?"
_CHART = "Chart.yaml"


def prepare(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    """A task for each kustomization that is deployed, and one for all manifests that no kustomization names.

    Addresses are ``Kind/namespace/name``, ``Kind/name`` for kinds without a namespace; ``Kind.group`` where the kind
    is not one of Kubernetes' own. Where an address is written more than once, the later ones end in ``@file``, and in
    ``@file#2`` and so on where one file has several; files count in the order given.
    """
    tasks: list[Task] = []
    problems: list[Problem] = []
    rest = list(files)
    if any(posixpath.basename(file.path) == _CHART for file in rest):
        from iacguard.frontends.kubernetes.charts import chart_tasks

        more, rest, told = chart_tasks(rest, workspace, inputs.render)
        tasks += more
        problems += told
    kustomizations = [file.path for file in rest if steers_kustomize(file.path)]
    if kustomizations:
        from iacguard.frontends.kubernetes.overlays import overlay_tasks

        more, rest, told = overlay_tasks(rest, kustomizations, workspace)
        tasks += more
        problems += told
    if rest or problems or not tasks:
        tasks.append(Task("the manifests", partial(_stack, rest, problems), divisible=True))
    return tasks


def load(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Stack]:
    """The stacks of :func:`prepare`; the one of plain manifests is named ""."""
    return [task.evaluate() for task in prepare(files, workspace, inputs)]


def _stack(files: Sequence[SourceFile], problems: Sequence[Problem] = ()) -> Stack:
    reading = read_manifests(files)
    return stack_of("", reading.manifests, [*problems, *reading.problems])


def stack_of(name: str, manifests: Sequence[Manifest], problems: list[Problem]) -> Stack:
    """The objects of one stack, linked."""
    resources = tuple(_resources(manifests, problems))
    return Stack(name, "kubernetes", resources, tuple(links(resources)), tuple(problems))


def _resources(manifests: Sequence[Manifest], problems: list[Problem]) -> Iterator[Resource]:
    declared = _declared_scopes(manifests)
    used: Counter[str] = Counter()
    for manifest in manifests:
        type_ = type_of(manifest.api_version, manifest.kind)
        name = _name(manifest)
        if name == _NO_NAME and group_of(manifest.api_version) in BUILT_IN_GROUPS:
            message = f"this {manifest.kind} has no metadata.name; Kubernetes rejects it"
            problems.append(Problem("value", manifest.place.span, message, notice=True))
        address = _unique(_address(manifest, type_, name, declared), manifest.file, used)
        yield Resource(
            address=address,
            type=type_,
            native_type=f"{manifest.api_version}/{manifest.kind}",
            format="kubernetes",
            attributes=manifest.value,
            place=manifest.place,
            block=manifest.source or address,
        )


def _declared_scopes(manifests: Iterable[Manifest]) -> dict[str, bool]:
    """Whether a kind is cluster-scoped, for the kinds whose definitions are among the manifests."""
    scopes: dict[str, bool] = {}
    for manifest in manifests:
        if manifest.kind == "CustomResourceDefinition":
            spec = manifest.value.get("spec")
            names = spec.get("names") if isinstance(spec, dict) else None
            if isinstance(spec, dict) and isinstance(names, dict):
                scopes[f"{names.get('kind')}.{spec.get('group')}"] = spec.get("scope") == "Cluster"
    return scopes


def _metadata(manifest: Manifest, key: str) -> str:
    metadata = manifest.value.get("metadata")
    found: Value = metadata.get(key) if isinstance(metadata, dict) else None
    if isinstance(found, bool):  # an unquoted y or on; the API server rejects it
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else ""


def _name(manifest: Manifest) -> str:
    if name := _metadata(manifest, "name"):
        return name
    prefix = _metadata(manifest, "generateName")
    return f"{prefix}*" if prefix else _NO_NAME


def _address(manifest: Manifest, type_: str, name: str, declared: dict[str, bool]) -> str:
    if is_cluster_scoped(type_, declared):
        return f"{type_}/{name}"
    return f"{type_}/{_metadata(manifest, 'namespace') or 'default'}/{name}"


def _unique(address: str, file: str, used: Counter[str]) -> str:
    used[address] += 1
    if used[address] == 1:
        return address
    placed = f"{address}@{file}"
    used[placed] += 1
    return placed if used[placed] == 1 else f"{placed}#{used[placed]}"
