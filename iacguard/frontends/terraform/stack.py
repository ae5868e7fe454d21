"""One root module as a stack: its resources, edges and problems."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from iacguard.frontends.contract import Inputs, Stack
from iacguard.frontends.terraform.evaluate import evaluate
from iacguard.frontends.terraform.instances import ModuleInstance
from iacguard.frontends.terraform.linking import read_manifest
from iacguard.frontends.terraform.modules import Library
from iacguard.frontends.terraform.resources import instances, resources
from iacguard.frontends.terraform.scope import Run
from iacguard.frontends.terraform.variables import Given, given
from iacguard.model import Edge, Resource

#: Frames of Python: MAX_DEPTH evaluations of some 10 frames. They live on the heap, not on the C stack.
_FRAMES = 4000


@contextmanager
def _deep() -> Iterator[None]:
    """Room for expressions that lead through many modules: Python's default limit of 1,000 frames ends at eight."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def stack(library: Library, folder: str, inputs: Inputs, fixed: Mapping[str, Given] | None = None) -> Stack:
    """The root module in ``folder``, evaluated with all modules that it calls.

    ``fixed`` are values of variables that go before all others.
    """
    source = library.module(folder)
    assert source is not None, "a root is a folder with code"
    values, problems = given(library, folder, inputs)
    values.update(fixed or {})
    run = Run(evaluate, library.workspace, library, folder, read_manifest(library.workspace, folder))
    run.unknown_defaults = inputs.unknown_defaults
    root = ModuleInstance(run, source, given=values)
    found: list[Resource] = []
    edges: list[Edge] = []
    facts: dict[str, str] = {}
    seen: set[str] = set()
    with _deep():
        for module in instances(root):
            if module.folder not in seen:
                seen.add(module.folder)
                problems += module.source.problems
                _check_locals(module)
                for name, value in module.source.facts.items():
                    facts.setdefault(name, value)
            found += resources(module, edges)
    return Stack(
        name=folder or ".",
        format="terraform",
        resources=tuple(found),
        edges=tuple(dict.fromkeys(edges)),
        problems=tuple(dict.fromkeys([*problems, *run.problems])),
        facts=facts,
    )


def _check_locals(module: ModuleInstance) -> None:
    """Evaluate all locals: a circle among them is told even where no resource uses it."""
    for name, (attribute, doc) in module.source.locals.items():
        module.local(name, attribute, module.scope(doc))
