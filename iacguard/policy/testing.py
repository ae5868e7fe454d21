"""A policy's examples: read from its file, and judged against what the policy decides on them.

How code becomes a graph is given as a function (:mod:`iacguard.examples` has the real one): a policy never knows a
file format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from iacguard.findings import Problem
from iacguard.model import Format, Graph, Span
from iacguard.policy.compile import NOWHERE, Pack, Policy, PolicyError, told
from iacguard.policy.decide import Decision, Verdict, decide
from iacguard.policy.fields import Reader
from iacguard.policy.load import builtin_dir
from iacguard.policy.read import build, policy_files, read_text
from iacguard.policy.schema import EXAMPLE_KEYS, FORMATS
from iacguard.record import record

_VERDICTS: tuple[tuple[str, Verdict], ...] = (
    ("violates", "violated"),
    ("undecided", "undecided"),
    ("satisfies", "satisfied"),
)
_FILES: Mapping[Format, str] = {
    "terraform": "main.tf",
    "cloudformation": "template.yaml",
    "kubernetes": "manifests.yaml",
}

#: Evaluates the files (path to text) of one example: its graphs, and the problems on the way.
Evaluate: TypeAlias = Callable[[Format, Mapping[str, str]], tuple[Sequence[Graph], Sequence[Problem]]]


@record
class Example:
    """One example: its files by path, and the addresses expected for each verdict."""

    name: str
    format: Format
    files: Mapping[str, str]
    expected: Mapping[Verdict, tuple[str, ...]]
    span: Span


@record
class ExampleResult:
    """How an example came out; ``failures`` is empty where it passed."""

    policy: str
    example: Example
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


def read_policies(paths: Iterable[str]) -> tuple[tuple[Policy, tuple[Example, ...]], ...]:
    """The policies at ``paths`` (files or folders; the built-in ones if there are none) with their examples, by file.

    Raises PolicyError with everything that is wrong in them, bad expressions and examples included.
    """
    problems: list[Problem] = []
    found: list[tuple[Policy, tuple[Example, ...]]] = []
    for path, relative, shown in _located(paths, problems):
        text = read_text(path, shown, problems)
        if text is None:
            continue
        reader = Reader(shown, text)
        policy = build(reader, relative, compiled=True)
        examples = read_examples(Reader(shown, text), problems) if policy is not None else ()
        problems.extend(reader.problems)
        if policy is not None:
            found.append((policy, examples))
    if problems:
        raise PolicyError(tuple(problems))
    return tuple(found)


def _located(paths: Iterable[str], problems: list[Problem]) -> Iterator[tuple[Path, str, str]]:
    """Each policy file, its path relative to its policy folder, and the path to show."""
    builtin = Path(builtin_dir())
    for given in paths or (str(builtin),):
        path = Path(given)
        if not path.exists():
            problems.append(Problem("policy", NOWHERE, f"{given}: there is no such file or folder"))
            continue
        own = path.resolve().is_relative_to(builtin)
        for file in [path] if path.is_file() else policy_files(path):
            folder = builtin if own else path if path.is_dir() else path.parent
            relative = (file.resolve() if own else file).relative_to(folder).as_posix()
            yield file, relative, f"policies/{relative}" if own else str(file)


def read_examples(reader: Reader, problems: list[Problem]) -> tuple[Example, ...]:
    """The examples in a policy's file; what is wrong with them is added to ``problems``."""
    root = reader.compose()
    nodes = [value for key, value in root.value if key.value == "examples"] if root is not None else []
    found = tuple(e for node in nodes for item in reader.items_of(node, "examples") if (e := _example(reader, item)))
    problems.extend(reader.problems)
    return found


def _example(reader: Reader, node: Any) -> Example | None:
    before = len(reader.problems)
    fields = reader.fields(node, EXAMPLE_KEYS, "an example")
    name = reader.text_of(fields["name"], "name") if "name" in fields else ""
    if not name and len(reader.problems) == before:
        reader.wrong(node, "the example has no 'name'", "say what it shows")
    written = [f for f in FORMATS if f in fields]
    if len(written) + ("files" in fields) != 1:
        reader.wrong(node, "an example has its code under one key", f"use one of {', '.join(FORMATS)} or files")
    expected = {v: reader.texts_of(fields[k], k) if k in fields else () for k, v in _VERDICTS}
    if not any(expected.values()):
        reader.wrong(node, "the example expects nothing", "list addresses under violates, satisfies or undecided")
    if len(reader.problems) > before:
        return None
    if written:
        files = {_FILES[written[0]]: _code(reader, fields[written[0]], written[0])}
        return Example(name, written[0], files, expected, reader.span(node))
    files = {k.value: _code(reader, v, k.value) for k, v in reader.pairs(fields["files"], "files")}
    return Example(name, _format_of(files), files, expected, reader.span(node))


def _code(reader: Reader, node: Any, what: str) -> str:
    return str(node.value) if reader.text_of(node, what) else ""


def _format_of(files: Mapping[str, str]) -> Format:
    if any(path.endswith((".tf", ".tf.json", ".tofu")) for path in files):
        return "terraform"
    return "cloudformation" if any("Resources" in text for text in files.values()) else "kubernetes"


def judge(policy: Policy, example: Example, evaluate: Evaluate) -> ExampleResult:
    """Decide ``policy`` alone on the example's code, and compare."""
    try:  # a front end that fails is the example's result, not the run's end
        graphs, problems = evaluate(example.format, example.files)
    except Exception as error:
        return ExampleResult(policy.rule.id, example, (f"could not be read: {type(error).__name__}: {error}",))
    failures = [f"could not be read: {told(p)}" for p in problems if not p.notice]
    verdicts: dict[str, set[Verdict]] = {}
    pack = Pack((policy,))
    for graph in graphs:
        for outcome in decide(pack, graph, ""):
            if isinstance(outcome, Decision):
                for address in _names(outcome, example):
                    verdicts.setdefault(address, set()).add(outcome.verdict)
            else:
                failures.append(outcome.message)
    failures.extend(_compare(example, {a: _worst(v) for a, v in verdicts.items()}, graphs))
    return ExampleResult(policy.rule.id, example, tuple(failures))


def _names(outcome: Decision, example: Example) -> set[str]:
    """What an example may call the decided resource: its own address, or the split sub-resource that decided."""
    own = outcome.resource.address
    owner = outcome.resource.locate(outcome.path).owner if outcome.verdict != "satisfied" else ""
    listed = {a for addresses in example.expected.values() for a in addresses} & {own, owner}
    return listed or {own}


def _worst(verdicts: set[Verdict]) -> Verdict:
    order: tuple[Verdict, ...] = ("violated", "undecided", "satisfied")
    return next(v for v in order if v in verdicts)


def _compare(example: Example, actual: Mapping[str, Verdict], graphs: Sequence[Graph]) -> Iterator[str]:
    expected = {address: verdict for verdict, addresses in example.expected.items() for address in addresses}
    there = {r.address for g in graphs for r in g.resources}
    for address, verdict in sorted(expected.items()):
        found = actual.get(address)
        if found is None:
            why = "the policy does not apply to it" if address in there else "there is no such resource"
            known = "" if address in there else f"; there are {', '.join(sorted(there)) or 'none'}"
            yield f"{address} must be {verdict}, but {why}{known}"
        elif found != verdict:
            yield f"{address} must be {verdict}, but is {found}"
    for address, found in sorted(actual.items()):
        if address not in expected and found != "satisfied":
            yield f"{address} is {found}, and the example does not list it"
