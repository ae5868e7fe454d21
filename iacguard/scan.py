"""The product in one page: files in, a decided result out.

    discover -> parse and evaluate -> normalise and link -> decide -> triage

Nothing here prints, exits or reads the environment. Bad input becomes a Problem in the result; only what keeps a
scan from starting raises: :class:`UsageError` (paths, variables) and ``PolicyError`` (policies).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from iacguard import __version__
from iacguard.discover import Beside, Discovery, UsageError, discover
from iacguard.findings import Counts, Finding, Problem, ScanResult, Severity
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs, Stack, Task
from iacguard.judge import judge
from iacguard.model import Format, Graph, Span
from iacguard.normalise import normalise
from iacguard.policy import Pack, load_pack
from iacguard.shares import available, in_shares
from iacguard.triage import Suppressions, assemble, locate

__all__ = ["ScanRequest", "UsageError", "graphs", "scan"]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What the user asked for. ``select`` and ``ignore`` are policy ids, aliases or shell patterns over ids.

    ``severities``: only policies of these; empty means all. ``variables`` and ``var_files`` as on Terraform's
    command line. ``policy_dirs`` are searched beside the built-in policies. ``processes``: how many to use at
    once; 0 leaves it to the size of the code and the machine. ``cache_dir`` is where what was made of the built-in
    policies may be kept, and where modules are downloaded to.

    ``ranks``: how many of ``var_files`` come before a variable on the command line. ``environment`` are variables
    from ``TF_VAR_``. ``plan_root`` is the folder of the code that plans were made from; ``plan_scope`` whether all
    resources of a plan are judged, or only those that it changes. ``modules_dir`` is a folder of vendored modules.

    ``parameters`` and ``file_parameters`` are CloudFormation's; the former go first, and each has to be one of a
    template that is scanned. ``inline_ignores``: whether suppressions in the code count.

    ``tools`` are other tools to run, each with its program ("" for one in this Python).
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
    ranks: dict[str, int] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    plan_root: str = ""
    plan_scope: Literal["all", "changed"] = "all"
    modules_dir: str = ""
    download_modules: bool = False
    scan_modules: bool = False
    unknown_defaults: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    file_parameters: dict[str, str] = field(default_factory=dict)
    helm: str = ""
    helm_values: tuple[str, ...] = ()
    inline_ignores: bool = True
    tools: Mapping[str, str] = field(default_factory=dict)


#: Told of every stack that is done: its name.
Progress = Callable[[str], None]

_FORMATS: tuple[Format, ...] = ("terraform", "cloudformation", "kubernetes")
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
    parameters: set[str] = field(default_factory=set)


def scan(request: ScanRequest, progress: Progress = lambda name: None) -> ScanResult:
    """Scan ``request.paths`` and decide every policy on every resource.

    Raises UsageError for a path that does not exist or a bad variable, PolicyError for a policy that cannot be
    loaded. Everything else that goes wrong is among the result's problems.
    """
    whole = load_pack(request.policy_dirs, cache_dir=request.cache_dir)
    pack = whole.select(request.select, request.ignore, request.severities)
    found = _found(request)
    tasks = list(_tasks(found, request))
    size = sum(len(file.data) for files in found.files.values() for file in files)
    processes = request.processes or (available() if size >= _WORTH_SHARING else 1)
    outcomes = in_shares(tasks, lambda share: _judge(share, pack, whole, request, progress), processes)
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


def _judge(tasks: Iterable[Task], pack: Pack, whole: Pack, request: ScanRequest, progress: Progress) -> _Outcome:
    """Evaluate, normalise and decide the stacks of ``tasks``, one after the other.

    ``pack`` are the policies in play, ``whole`` all that there are.
    """
    outcome = _Outcome()
    for stack, graph in _graphs(tasks, outcome.problems):
        outcome.resources[stack.format] += len(graph.resources)
        outcome.stacks += 1
        outcome.parameters.update(f.removeprefix("parameter:") for f in stack.facts if f.startswith("parameter:"))
        judged = _judged(stack, graph)
        accepted = Suppressions(stack.suppressions if request.inline_ignores else ())
        for decision in judge(pack, stack, graph):
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
                outcome.located.append(accepted.accept(locate(decision)))
        outcome.problems.extend(accepted.remarks(whole.names, pack.names))
        progress(stack.name)
    return outcome


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
    found = _found(request)
    problems = list(found.problems)
    return tuple(_graphs(_tasks(found, request), problems)), tuple(ordered(problems))


def _tasks(found: Discovery, request: ScanRequest) -> Iterator[Task]:
    inputs = _inputs(found, request)
    for name, prepare in FRONTENDS.items():
        files = found.files.get(name, ())
        if files:
            yield from prepare(files, found.workspace, inputs)


def _found(request: ScanRequest) -> Discovery:
    downloads = str(_downloads(request)) if request.download_modules else ""
    return discover(request.paths, request.var_files, Beside(request.plan_root, request.modules_dir, downloads))


def _downloads(request: ScanRequest) -> Path:
    if request.cache_dir is None:
        raise UsageError("there is no folder to download modules to", "set IACGUARD_CACHE_DIR")
    return request.cache_dir / "modules"


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
        resources={name: resources[name] for name in _FORMATS if resources[name]},
        stacks=sum(o.stacks for o in outcomes),
        policies=len(pack),
        decided=sum(o.decided for o in outcomes),
        undecided=sum(o.undecided for o in outcomes),
    )
    everything = assemble((f for o in outcomes for f in o.located), found.workspace, found.reported)
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
