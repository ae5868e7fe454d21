"""The product in one page: files in, a decided result out.

    discover -> parse and evaluate -> normalise and link -> decide -> triage

Nothing here prints, exits or reads the environment. Bad input becomes a Problem in the result; only what keeps a
scan from starting raises: :class:`UsageError` (paths, variables) and ``PolicyError`` (policies).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from iacguard import __version__
from iacguard.discover import Discovery, UsageError, discover
from iacguard.findings import Counts, Finding, Problem, ScanResult, Severity
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs, Stack, Task
from iacguard.model import Format, Graph, Span
from iacguard.normalise import normalise
from iacguard.policy import Pack, decide, load_pack
from iacguard.shares import available, in_shares
from iacguard.triage import assemble, locate

__all__ = ["ScanRequest", "UsageError", "graphs", "scan"]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What the user asked for. ``select`` and ``ignore`` are policy ids, aliases or shell patterns over ids.

    ``severities``: only policies of these; empty means all. ``variables`` and ``var_files`` as on Terraform's
    command line. ``policy_dirs`` are searched beside the built-in policies. ``processes``: how many to use at
    once; 0 leaves it to the size of the code and the machine. ``cache_dir`` is where what was made of the built-in
    policies may be kept.
    """

    paths: tuple[str, ...]
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    policy_dirs: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    var_files: tuple[str, ...] = ()
    processes: int = 0
    cache_dir: Path | None = None


#: Told of every stack that is done: its name.
Progress = Callable[[str], None]

#: Below this many bytes of code a second process costs more than it saves.
_WORTH_SHARING = 400_000


@dataclass(slots=True)
class _Outcome:
    """What the stacks of one process came to. Holds nothing of their graphs."""

    located: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    resources: Counter[Format] = field(default_factory=Counter)
    stacks: int = 0
    decided: int = 0
    undecided: int = 0


def scan(request: ScanRequest, progress: Progress = lambda name: None) -> ScanResult:
    """Scan ``request.paths`` and decide every policy on every resource.

    Raises UsageError for a path that does not exist or a bad variable, PolicyError for a policy that cannot be
    loaded. Everything else that goes wrong is among the result's problems.
    """
    pack = load_pack(request.policy_dirs, cache_dir=request.cache_dir).select(
        request.select, request.ignore, request.severities
    )
    found = discover(request.paths, request.var_files)
    tasks = list(_tasks(found, request))
    size = sum(len(file.data) for files in found.files.values() for file in files)
    processes = request.processes or (available() if size >= _WORTH_SHARING else 1)
    outcomes = in_shares(tasks, lambda share: _judge(share, pack, progress), processes)
    return _result(found, pack, outcomes)


def _judge(tasks: Iterable[Task], pack: Pack, progress: Progress) -> _Outcome:
    """Evaluate, normalise and decide the stacks of ``tasks``, one after the other."""
    outcome = _Outcome()
    for stack, graph in _graphs(tasks, outcome.problems):
        outcome.resources[stack.format] += len(graph.resources)
        outcome.stacks += 1
        for decision in decide(pack, graph, stack.name):
            if isinstance(decision, Problem):
                outcome.problems.append(decision)
                continue
            if decision.verdict == "undecided":
                outcome.undecided += 1
            else:
                outcome.decided += 1
            if decision.verdict != "satisfied":
                outcome.located.append(locate(decision))
        progress(stack.name)
    return outcome


def graphs(request: ScanRequest) -> tuple[tuple[tuple[Stack, Graph], ...], tuple[Problem, ...]]:
    """The evaluated and normalised resources of every stack, undecided: what ``iacguard graph`` shows."""
    found = discover(request.paths, request.var_files)
    problems = list(found.problems)
    return tuple(_graphs(_tasks(found, request), problems)), tuple(ordered(problems))


def _tasks(found: Discovery, request: ScanRequest) -> Iterator[Task]:
    inputs = Inputs(request.variables, found.var_files, frozenset(p.span.file for p in found.problems))
    for name, prepare in FRONTENDS.items():
        files = found.files.get(name, ())
        if files:
            yield from prepare(files, found.workspace, inputs)


def _graphs(tasks: Iterable[Task], problems: list[Problem]) -> Iterator[tuple[Stack, Graph]]:
    for task in tasks:
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


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in their one order, each once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.span, p.kind, p.message))


def _result(found: Discovery, pack: Pack, outcomes: list[_Outcome]) -> ScanResult:
    resources: Counter[Format] = sum((o.resources for o in outcomes), Counter())
    counts = Counts(
        files={name: len(files) for name, files in found.files.items()},
        resources={name: resources[name] for name in FRONTENDS if resources[name]},
        stacks=sum(o.stacks for o in outcomes),
        policies=len(pack.rules),
        decided=sum(o.decided for o in outcomes),
        undecided=sum(o.undecided for o in outcomes),
    )
    return ScanResult(
        version=__version__,
        base=found.base,
        findings=assemble((f for o in outcomes for f in o.located), found.workspace, found.reported),
        problems=tuple(ordered([*found.problems, *(p for o in outcomes for p in o.problems)])),
        rules=pack.rules,
        counts=counts,
        passed_over=found.passed_over,
        checkout=found.checkout,
    )
