"""What the front ends' tests share: stacks from text, and a graph written out as lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath

import pytest

from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs, Stack
from iacguard.model import Encoded, Format, Path, Resource, Unknown, Value
from iacguard.source import SourceFile


class NoFiles:
    """A workspace without any file but those that are loaded."""

    def read(self, path: str) -> SourceFile | None:
        return None

    def listing(self, folder: str) -> tuple[str, ...]:
        return ()

    def folders(self, folder: str) -> tuple[str, ...]:
        return ()

    def exists(self, folder: str) -> bool:
        return False


def stacks_of(format_: Format, files: Mapping[str, str | bytes], variables: Mapping[str, str]) -> list[Stack]:
    sources = [
        SourceFile(path, text.encode() if isinstance(text, str) else text) for path, text in sorted(files.items())
    ]
    inputs = Inputs(dict(variables), parameters=dict(variables))
    return [task.evaluate() for task in FRONTENDS[format_](sources, NoFiles(), inputs)]


@pytest.fixture
def stacks() -> Callable[[Format, Mapping[str, str | bytes], Mapping[str, str]], list[Stack]]:
    return stacks_of


@pytest.fixture
def check_golden() -> Callable[[FilePath, Format], None]:
    """Compare the graph of a source file with the ``.graph`` beside it; IACGUARD_UPDATE_GOLDEN=1 writes it anew."""

    def check(source: FilePath, format_: Format) -> None:
        (stack,) = stacks_of(format_, {source.name: source.read_bytes()}, {})
        lines = "\n".join(graph_lines(stack)) + "\n"
        golden = source.with_suffix(source.suffix + ".graph")
        if os.environ.get("IACGUARD_UPDATE_GOLDEN"):
            golden.write_text(lines, encoding="utf-8")
        assert lines == golden.read_text(encoding="utf-8")

    return check


def graph_lines(stack: Stack) -> Iterator[str]:
    """Every resource with every value, its line and columns and the way it came; then edges, facts and problems."""
    for resource in stack.resources:
        span = resource.span
        yield f"{resource.address} [{resource.type}] {span.line}:{span.column}-{span.end_column}"
        yield from _value_lines(resource, (), resource.attributes)
    for edge in stack.edges:
        yield f"edge {edge.source} -> {edge.target} ({edge.attribute})"
    for name, fact in stack.facts.items():
        yield f"fact {name} = {fact}"
    for problem in stack.problems:
        weight = "notice" if problem.notice else "problem"
        yield f"{weight} {problem.kind} {problem.span.line}:{problem.span.column} {problem.message}"


def _value_lines(resource: Resource, path: Path, value: Value) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _value_lines(resource, (*path, key), inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _value_lines(resource, (*path, index), inner)
    else:
        at = resource.locate(path)
        where = f"{at.span.line}:{at.span.column}-{at.span.end_column}{'' if at.exact else ' ~'}"
        trail = "".join(f" <- {step.note} @{step.span.line}" for step in reversed(at.trail))
        yield f"  {'.'.join(map(str, path))} = {shown(value)} @{where}{trail}"


def shown(value: Value) -> str:
    """A value in one line; an unknown as ?(what is known of it)."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Encoded):
        return f"json({shown(value.value)})"
    if not isinstance(value, Unknown):
        return repr(value)
    marks: list[str] = [value.kind]
    marks += [f"= {value.reference.address}.{value.reference.attribute}"] if value.reference else []
    marks += ["of " + " | ".join(map(shown, value.choices))] if value.choices else []
    marks += ["text " + " + ".join(map(shown, value.parts))] if value.parts else []
    marks += [name for name in ("spread", "secret", "present") if getattr(value, name)]
    return f"?({', '.join(marks)}: {value.reason})"
