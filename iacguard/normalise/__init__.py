"""Every format's resources in one vocabulary: ``docs/vocabulary.md`` says what comes out, the tables say how."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from iacguard.findings import Problem
from iacguard.frontends.contract import Stack
from iacguard.model import Edge, Graph, Path
from iacguard.normalise.draft import Draft
from iacguard.normalise.invented import look

__all__ = ["normalise"]


def normalise(stack: Stack) -> tuple[Graph, tuple[Problem, ...]]:
    """The stack's resources in the common vocabulary, linked; what was found wrong on the way are the problems.

    Never raises for what a file says, and never changes the stack's own data.
    """
    drafts = [Draft(resource) for resource in stack.resources]
    problems: list[Problem] = []
    made = look(stack, drafts)
    edges = _STEPS[stack.format](drafts, list(stack.edges), problems)
    for one in made:
        one.tell()
    return Graph.of((d.finish() for d in drafts), edges), tuple(problems)


def _terraform(drafts: list[Draft], edges: list[Edge], problems: list[Problem]) -> list[Edge]:
    from iacguard.normalise.cloud import cloud
    from iacguard.normalise.texts import read_texts

    if any(draft.type.startswith("azapi_") for draft in drafts):
        from iacguard.normalise.azapi import adapt_azapi

        for draft in drafts:
            adapt_azapi(draft)
    for draft in drafts:
        read_texts(draft)
    cloud(drafts, edges, problems)
    if any(draft.type.startswith(("kubernetes_", "kubectl_")) for draft in drafts):
        edges = edges + _terraformed(drafts)
    return edges


def _terraformed(drafts: list[Draft]) -> list[Edge]:
    """Turn what the Terraform provider ``kubernetes`` makes into objects; the edges between them."""
    from iacguard.normalise.cluster import surround
    from iacguard.normalise.terraformed import join, objects
    from iacguard.normalise.workload import add_pod

    found = objects(drafts)
    for draft in found:
        add_pod(draft)
    edges = join(found)
    surround(found, edges)
    return edges


def _cloudformation(drafts: list[Draft], edges: list[Edge], problems: list[Problem]) -> list[Edge]:
    from iacguard.normalise.cloud import cloud
    from iacguard.normalise.cloudformation import rename_edges, translate

    moves: dict[str, Mapping[Path, Path]] = {}
    for draft in drafts:
        moved = translate(draft)
        if moved is not None:
            moves[draft.address] = moved
    edges = rename_edges(edges, moves)
    cloud(drafts, edges, problems)
    return edges


def _kubernetes(drafts: list[Draft], edges: list[Edge], problems: list[Problem]) -> list[Edge]:
    from iacguard.normalise.cluster import surround
    from iacguard.normalise.workload import add_pod

    for draft in drafts:
        add_pod(draft)
    surround(drafts, edges)
    return edges


_STEPS: dict[str, Callable[[list[Draft], list[Edge], list[Problem]], list[Edge]]] = {
    "terraform": _terraform,
    "cloudformation": _cloudformation,
    "kubernetes": _kubernetes,
}
