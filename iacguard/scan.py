"""The product in one page: files in, a decided result out.

    discover -> parse and evaluate -> normalise and link -> decide -> triage

Nothing here prints, exits or reads the environment. Bad input becomes a Problem in the result; only what keeps a
scan from starting raises: :class:`UsageError` (paths, variables) and ``PolicyError`` (policies).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from iacguard import __version__
from iacguard.discover import Discovery, UsageError
from iacguard.findings import Counts, Finding, Problem, ScanResult
from iacguard.frontends.contract import Stack
from iacguard.judge import judge
from iacguard.model import Format, Graph, Language
from iacguard.policy import Decision, Pack, load_pack
from iacguard.record import field, record, replace
from iacguard.request import ScanRequest
from iacguard.shares import available, in_shares
from iacguard.stacks import Piece, evaluated, look, pieces, tasks
from iacguard.triage import Suppressions, assemble, complete, locate

__all__ = ["ScanRequest", "UsageError", "graphs", "scan"]


#: Told of every stack that is done: its name.
Progress = Callable[[str], None]

_FORMATS: tuple[Format, ...] = ("terraform", "cloudformation", "kubernetes")
#: Below this many bytes of code a second process costs more than it saves. A line of a manifest gives the most to do.
_WORTH_SHARING: Mapping[Language, int] = MappingProxyType(
    {"terraform": 400_000, "plan": 400_000, "cloudformation": 100_000, "kubernetes": 60_000}
)


@record(frozen=False)
class _Outcome:
    """What the stacks of one process came to. Holds nothing of their graphs."""

    located: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    resources: Counter[Format] = field(default_factory=Counter)
    stacks: int = 0
    decided: int = 0
    undecided: int = 0
    parameters: set[str] = field(default_factory=set)


def scan(request: ScanRequest, progress: Progress = lambda name: None) -> ScanResult:
    """Scan ``request.paths`` and decide every policy on every resource.

    Raises UsageError for a path that does not exist or a bad variable, PolicyError for a policy that cannot be
    loaded. Everything else that goes wrong is among the result's problems.
    """
    whole = load_pack(request.policy_dirs, cache_dir=request.cache_dir)
    pack = whole.select(request.select, request.ignore, request.severities)
    found = look(request)
    pending = list(tasks(found, request))
    size = sum(len(file.data) / _WORTH_SHARING[name] for name, files in found.files.items() for file in files)
    processes = request.processes or (available() if size >= 1 else 1)

    def judged(share: Iterable[Piece]) -> _Outcome:
        outcome = _judge(share, pack, whole, request, progress)
        outcome.located = complete(outcome.located, found.workspace, found.reported)  # where it is done side by side
        return outcome

    outcomes = in_shares(pieces(pending, processes), judged, processes)
    _check_parameters(request, set().union(*(o.parameters for o in outcomes)))
    result = _result(found, pack, outcomes)
    return _with_others(result, found, request.tools) if request.tools else result


def _with_others(result: ScanResult, found: Discovery, tools: Mapping[str, str]) -> ScanResult:
    from iacguard.others import consult

    files = {name: [file.path for file in files] for name, files in found.files.items()}
    findings, runs = consult(tools, found.base, files, found.reported, result.findings)
    return replace(result, findings=findings, others=runs)


def _check_parameters(request: ScanRequest, known: set[str]) -> None:
    """Raises UsageError for a parameter that no template has: it would be a typing error without effect."""
    for name in request.parameters:
        if name not in known:
            raise UsageError(f"no template that is scanned has a parameter {name!r}")


def _judge(share: Iterable[Piece], pack: Pack, whole: Pack, request: ScanRequest, progress: Progress) -> _Outcome:
    """Evaluate, normalise and decide the stacks of ``share``, one after the other.

    ``pack`` are the policies in play, ``whole`` all that there are.
    """
    outcome = _Outcome()
    for task, part, parts in share:
        for stack, graph in evaluated((task,), outcome.problems):
            if part == 0:
                outcome.resources[stack.format] += len(graph.resources)
                outcome.stacks += 1
                outcome.parameters.update(
                    p.removeprefix("parameter:") for p in stack.facts if p.startswith("parameter:")
                )
            if not stack.suppressions:
                decisions = judge(pack, stack, graph, part, parts)
                _decide(outcome, Suppressions(()), stack, graph, decisions, request.reasons)
            elif part == 0:  # which of the suppressions are of use is known only to who decides all
                accepted = Suppressions(stack.suppressions if request.inline_ignores else ())
                _decide(outcome, accepted, stack, graph, judge(pack, stack, graph), request.reasons)
                outcome.problems.extend(accepted.remarks(whole.names, pack.names))
            if part == 0:
                progress(stack.name)
    return outcome


def _decide(
    outcome: _Outcome,
    accepted: Suppressions,
    stack: Stack,
    graph: Graph,
    decisions: Iterable[Decision | Problem],
    reasons: bool,
) -> None:
    """Count the decisions on one stack and keep those that are no pass."""
    judged = _judged(stack, graph)
    for decision in decisions:
        if isinstance(decision, Problem):
            outcome.problems.append(decision)
            continue
        if judged is not None and decision.resource.address not in judged:
            continue
        if decision.verdict == "undecided":
            outcome.undecided += 1
        else:
            outcome.decided += 1
        if decision.verdict != "satisfied":
            outcome.located.append(accepted.accept(locate(decision, reasons)))


def _judged(stack: Stack, graph: Graph) -> set[str] | None:
    """The addresses that findings may stand at: a changed sub-resource is judged at its parent."""
    if stack.judged is None:
        return None
    found = set(stack.judged)
    pending = list(stack.judged)
    while pending:
        resource = graph.by_address.get(pending.pop())
        if resource is not None and resource.parent and resource.parent not in found:
            found.add(resource.parent)
            pending.append(resource.parent)
    return found


def graphs(request: ScanRequest) -> tuple[tuple[tuple[Stack, Graph], ...], tuple[Problem, ...]]:
    """The evaluated and normalised resources of every stack, undecided: what ``iacguard graph`` shows."""
    found = look(request)
    problems = list(found.problems)
    return tuple(evaluated(tasks(found, request), problems)), tuple(ordered(problems))


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in their one order, each once."""
    return sorted(dict.fromkeys(problems), key=lambda p: (p.span, p.kind, p.message))


def _result(found: Discovery, pack: Pack, outcomes: list[_Outcome]) -> ScanResult:
    resources: Counter[Format] = sum((o.resources for o in outcomes), Counter())
    counts = Counts(
        files={name: len(files) for name, files in found.files.items()},
        resources={name: resources[name] for name in _FORMATS if resources[name]},
        stacks=sum(o.stacks for o in outcomes),
        policies=len(pack),
        decided=sum(o.decided for o in outcomes),
        undecided=sum(o.undecided for o in outcomes),
    )
    everything = assemble(f for o in outcomes for f in o.located)
    findings = tuple(f for f in everything if f.suppression is None)
    suppressed = tuple(f for f in everything if f.suppression is not None)
    rules = {f.rule.id: f.rule for f in everything}
    return ScanResult(
        version=__version__,
        base=found.base,
        findings=findings,
        problems=tuple(ordered([*found.problems, *(p for o in outcomes for p in o.problems)])),
        rules=tuple(rules[name] for name in sorted(rules)),
        counts=counts,
        passed_over=found.passed_over,
        checkout=found.checkout,
        suppressed=suppressed,
    )
