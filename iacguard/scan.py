"""The product in one page: files in, a decided result out.

    discover -> parse and evaluate -> normalise and link -> decide -> triage

Nothing here prints, exits or reads the environment. Bad input becomes a Problem in the result; only what keeps a
scan from starting raises: :class:`UsageError` (paths, variables) and ``PolicyError`` (policies).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from iacguard import __version__
from iacguard.discover import Discovery, UsageError, discover
from iacguard.findings import Counts, Problem, ScanResult, Severity
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs, Stack
from iacguard.model import Format, Graph, Span
from iacguard.normalise import normalise
from iacguard.policy import Decision, Pack, decide, load_pack
from iacguard.triage import assemble

__all__ = ["ScanRequest", "UsageError", "graphs", "scan"]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What the user asked for. ``select`` and ``ignore`` are policy ids, aliases or shell patterns over ids.

    ``severities``: only policies of these; empty means all. ``variables`` and ``var_files`` as on Terraform's
    command line. ``policy_dirs`` are searched beside the built-in policies.
    """

    paths: tuple[str, ...]
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    policy_dirs: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    var_files: tuple[str, ...] = ()


#: Told of every stack that is done: its name.
Progress = Callable[[str], None]


def scan(request: ScanRequest, progress: Progress = lambda name: None) -> ScanResult:
    """Scan ``request.paths`` and decide every policy on every resource.

    Raises UsageError for a path that does not exist or a bad variable, PolicyError for a policy that cannot be
    loaded. Everything else that goes wrong is among the result's problems.
    """
    pack = load_pack(request.policy_dirs).select(request.select, request.ignore, request.severities)
    found = discover(request.paths, request.var_files)
    decisions: list[Decision] = []
    problems: list[Problem] = list(found.problems)
    resources: Counter[Format] = Counter()
    stacks = 0
    for stack, graph in _graphs(found, request, problems):
        resources[stack.format] += len(graph.resources)
        stacks += 1
        for outcome in decide(pack, graph, stack.name):
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                decisions.append(outcome)
        progress(stack.name)
    counts = Counts(
        files={name: len(files) for name, files in found.files.items()},
        resources=dict(resources),
        stacks=stacks,
        policies=len(pack.rules),
        decided=sum(d.verdict != "undecided" for d in decisions),
        undecided=sum(d.verdict == "undecided" for d in decisions),
    )
    return _result(found, pack, decisions, problems, counts)


def graphs(request: ScanRequest) -> tuple[tuple[tuple[Stack, Graph], ...], tuple[Problem, ...]]:
    """The evaluated and normalised resources of every stack, undecided: what ``iacguard graph`` shows."""
    found = discover(request.paths, request.var_files)
    problems = list(found.problems)
    return tuple(_graphs(found, request, problems)), tuple(ordered(problems))


def _graphs(found: Discovery, request: ScanRequest, problems: list[Problem]) -> Iterator[tuple[Stack, Graph]]:
    inputs = Inputs(request.variables, found.var_files, frozenset(p.span.file for p in found.problems))
    for name, load in FRONTENDS.items():
        files = found.files.get(name, ())
        if not files:
            continue
        for stack in load(files, found.workspace, inputs):
            problems.extend(stack.problems)
            try:
                graph, more = normalise(stack)
            except Exception as error:  # a defect of ours must not cost the user the other stacks
                problems.append(_internal(stack, error))
                continue
            problems.extend(more)
            yield stack, graph


def _internal(stack: Stack, error: Exception) -> Problem:
    where = stack.resources[0].span if stack.resources else Span(stack.name or ".", 1, 1, 1, 2)
    return Problem(
        "internal",
        where,
        f"{stack.name or 'the manifests'} could not be normalised: {type(error).__name__}: {error}",
        "this is a defect of iacguard; please report it with the file",
    )


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in their one order, each once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.span, p.kind, p.message))


def _result(
    found: Discovery, pack: Pack, decisions: list[Decision], problems: list[Problem], counts: Counts
) -> ScanResult:
    return ScanResult(
        version=__version__,
        base=found.base,
        findings=assemble(decisions, found.workspace, found.reported),
        problems=tuple(ordered(problems)),
        rules=pack.rules,
        counts=counts,
        passed_over=found.passed_over,
        checkout=found.checkout,
    )
