"""From a request to evaluated stacks: discover, parse, evaluate, normalise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from iacguard.discover import Beside, Discovery, UsageError, discover
from iacguard.findings import Problem
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs, Stack, Task
from iacguard.model import Graph, Span
from iacguard.normalise import normalise
from iacguard.request import ScanRequest

if TYPE_CHECKING:
    from pathlib import Path


def tasks(found: Discovery, request: ScanRequest) -> Iterator[Task]:
    """A task for every stack of what was found, format by format."""
    inputs = _inputs(found, request)
    for name, prepare in FRONTENDS.items():
        files = found.files.get(name, ())
        if files:
            yield from prepare(files, found.workspace, inputs)


def look(request: ScanRequest) -> Discovery:
    """What there is to scan. Raises UsageError."""
    downloads = str(_downloads(request)) if request.download_modules else ""
    return discover(request.paths, request.var_files, Beside(request.plan_root, request.modules_dir, downloads))


def _downloads(request: ScanRequest) -> Path:
    from pathlib import Path

    if request.cache_dir is None:
        raise UsageError("there is no folder to download modules to", "set IACGUARD_CACHE_DIR")
    return Path(request.cache_dir, "modules")


def _inputs(found: Discovery, request: ScanRequest) -> Inputs:
    download = None
    if request.download_modules:
        from iacguard.download import Downloader

        download = Downloader(_downloads(request), found.downloads).fetch
    render = None
    if request.helm:
        from iacguard.helm import Helm

        render = Helm(request.helm, request.helm_values).render
    return Inputs(
        request.variables,
        found.var_files,
        frozenset(p.span.file for p in found.problems),
        plan_root=found.plan_root,
        plan_scope=request.plan_scope,
        environment=request.environment,
        ranks=request.ranks,
        modules_dir=found.modules_dir,
        download=download,
        scan_modules=request.scan_modules,
        unknown_defaults=request.unknown_defaults,
        parameters={**request.file_parameters, **request.parameters},
        render=render,
    )


#: Each process that has a piece evaluates the whole stack: more of them cost more than they save.
_MOST_PIECES = 4


class Piece(NamedTuple):
    """What one process has to do of a task: ``part`` of so many ``parts`` of its resources."""

    task: Task
    part: int = 0
    parts: int = 1


def pieces(pending: Iterable[Task], processes: int) -> list[Piece]:
    """The tasks, and of each that is divisible a piece for every process, four at the most, one after the other."""
    return [
        Piece(task, part, parts)
        for task in pending
        for parts in (min(processes, _MOST_PIECES) if task.divisible else 1,)
        for part in range(parts)
    ]


def evaluated(pending: Iterable[Task], problems: list[Problem]) -> Iterator[tuple[Stack, Graph]]:
    """Each stack with its graph in the common vocabulary; what is wrong with them is added to ``problems``."""
    for task in pending:
        try:
            stack = task.evaluate()
            problems.extend(stack.problems)
            graph, more = normalise(stack)
        except Exception as error:  # a defect of ours must not cost the user the other stacks
            problems.append(_internal(task, error))
            continue
        problems.extend(more)
        yield stack, graph


def _internal(task: Task, error: Exception) -> Problem:
    return Problem(
        "internal",
        Span(task.name, 1, 1, 1, 2),
        f"{task.name} could not be evaluated: {type(error).__name__}: {error}",
        "this is a defect of iacguard; please report it with the file",
    )
