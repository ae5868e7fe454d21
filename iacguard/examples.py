"""Policies tested on their own examples, through the whole way of the data: front end, normaliser, decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, normpath

from iacguard.findings import Problem
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs
from iacguard.model import Format, Graph
from iacguard.normalise import normalise
from iacguard.policy.testing import Example, ExampleResult, judge, read_policies
from iacguard.record import record
from iacguard.source import SourceFile

__all__ = ["Example", "ExampleResult", "TestReport", "evaluate", "run_examples", "test_policies"]

_CODE: Mapping[Format, tuple[str, ...]] = {
    "terraform": (".tf", ".tf.json", ".tofu"),
    "cloudformation": (".yaml", ".yml", ".json", ".template"),
    "kubernetes": (".yaml", ".yml", ".json"),
}


@record
class TestReport:
    """The results of all examples, in the order of files. ``untested``: ids of policies without an example."""

    __test__ = False  # not a test class, whatever pytest makes of the name

    results: tuple[ExampleResult, ...]
    untested: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[ExampleResult, ...]:
        return tuple(r for r in self.results if not r.passed)

    def text(self) -> str:
        """What ``iacguard policy test`` prints: each failure with its place, then a count."""
        lines = [_told(result) for result in self.failed]
        lines += [f"{identity}: has no example" for identity in self.untested]
        passed = len(self.results) - len(self.failed)
        lines.append(f"{passed} of {len(self.results)} examples pass")
        return "\n".join(lines) + "\n"


def _told(result: ExampleResult) -> str:
    span = result.example.span
    head = f"{span.file}:{span.line}: {result.policy}: {result.example.name} ({result.example.format})"
    return "\n".join((head, *(f"    {failure}" for failure in result.failures)))


@record
class MemoryWorkspace:
    """The files of an example, as a front end may read them."""

    files: Mapping[str, SourceFile]

    def read(self, path: str) -> SourceFile | None:
        return self.files.get(normpath(path))

    def listing(self, folder: str) -> tuple[str, ...]:
        wanted = _folder(folder)
        return tuple(sorted(path.rpartition("/")[2] for path in self.files if dirname(path) == wanted))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = f"{_folder(folder)}/".lstrip("/")
        below = (path.removeprefix(start) for path in self.files if path.startswith(start))
        return tuple(sorted({rest.partition("/")[0] for rest in below if "/" in rest}))

    def exists(self, folder: str) -> bool:
        wanted = _folder(folder)
        return not wanted or any(path.startswith(f"{wanted}/") for path in self.files)


def _folder(path: str) -> str:
    clean = normpath(path) if path else ""
    return "" if clean == "." else clean


def evaluate(format_: Format, files: Mapping[str, str]) -> tuple[Sequence[Graph], Sequence[Problem]]:
    """The normalised graphs of code given as texts by path, and the problems on the way."""
    sources = {normpath(path): SourceFile(normpath(path), text.encode()) for path, text in files.items()}
    code = tuple(sources[path] for path in sorted(sources) if path.endswith(_CODE[format_]))
    graphs: list[Graph] = []
    problems: list[Problem] = []
    for task in FRONTENDS[format_](code, MemoryWorkspace(sources), Inputs()):
        stack = task.evaluate()
        graph, more = normalise(stack)
        graphs.append(graph)
        problems += [*stack.problems, *more]
    return graphs, problems


def run_examples(paths: Sequence[str] = ()) -> Iterator[ExampleResult]:
    """Each example of the policies at ``paths`` (files or folders; the built-in ones if none), decided.

    Raises PolicyError where a policy cannot be read.
    """
    for policy, examples in read_policies(paths):
        for example in examples:
            yield judge(policy, example, evaluate)


def test_policies(paths: Sequence[str]) -> TestReport:
    """All examples of the policies at ``paths`` (the built-in ones if empty), and which policies have none.

    Raises PolicyError where a policy cannot be read.
    """
    results: list[ExampleResult] = []
    untested: list[str] = []
    for policy, examples in read_policies(paths):
        results.extend(judge(policy, example, evaluate) for example in examples)
        if not examples:
            untested.append(policy.rule.id)
    return TestReport(tuple(results), tuple(untested))


# pytest takes every imported function of this name for a test.
test_policies.__test__ = False  # type: ignore[attr-defined]
