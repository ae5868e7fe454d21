"""Helm charts: rendered where the user lets helm run, reported as not evaluated where not.

What is rendered has no places of its own. Each rendered document says its template (``# Source:``); each of its lines
is taken to the line of the template that reads alike, the nearest one where several do.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import partial

from yaml.error import Mark
from yaml.nodes import Node

from iacguard.findings import Problem
from iacguard.frontends.contract import Render, Stack, Task, Workspace
from iacguard.frontends.kubernetes.manifests import Manifest, Reading, read_document
from iacguard.frontends.yamlplaces import NodePlace, Origin
from iacguard.frontends.yamlscalars import kubernetes_key
from iacguard.frontends.yamltree import read
from iacguard.late import regex
from iacguard.model import Span
from iacguard.source import SourceFile

CHART = "Chart.yaml"
_SOURCE = regex(r"^# Source: (\S.*)$", re.MULTILINE)
_BOUNDARY = regex(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_ACTION = regex(r"\{\{.*?\}\}")
_KEY = regex(r"(?:- +)*([\w./-]+):(?:\s|$)")
#: Longer texts are compared line by line with what stands near only.
_MAX_COMPARED = 3000


def chart_tasks(
    files: Sequence[SourceFile], workspace: Workspace, render: Render | None
) -> tuple[list[Task], list[SourceFile], list[Problem]]:
    """A task for each chart that can be rendered, the files that stand alone, and what is not evaluated."""
    folders = [posixpath.dirname(file.path) for file in files if posixpath.basename(file.path) == CHART]
    charts = [file for file in files if posixpath.basename(file.path) == CHART and not _is_part(file, set(folders))]
    rest = [file for file in files if posixpath.basename(file.path) != CHART]
    if render is None:
        return [], rest, [_not_evaluated(file) for file in charts]
    tasks = [Task(_name(file), partial(_rendered, file, workspace, render)) for file in charts]
    inside = tuple(f"{folder}/templates/" if folder else "templates/" for folder in folders)
    return tasks, [file for file in rest if not file.path.startswith(inside)], []


def _is_part(file: SourceFile, folders: set[str]) -> bool:
    """Whether it is the chart of a dependency, which is rendered with what depends on it."""
    parts = posixpath.dirname(file.path).split("/")
    return any(parts[at] == "charts" and "/".join(parts[:at]) in folders for at in range(len(parts)))


def _name(file: SourceFile) -> str:
    return posixpath.dirname(file.path) or "."


def _not_evaluated(file: SourceFile) -> Problem:
    message = f"the Helm chart {_name(file)} is not evaluated: its objects depend on values that are not known here"
    return Problem("not-evaluated", file.whole(), message, "let helm render it with --helm", notice=True)


def _rendered(file: SourceFile, workspace: Workspace, render: Render) -> Stack:
    from iacguard.frontends.kubernetes import stack_of

    name = _name(file)
    made = render(posixpath.dirname(file.key))
    if made.error:
        message = f"the Helm chart {name} cannot be rendered: {made.error}"
        hint = "values that it needs are given by --helm-values; dependencies must lie in its folder charts"
        return stack_of(name, [], [Problem("not-evaluated", file.whole(), message, hint)])
    reading = Reading()
    for text in _documents(made.output):
        _read(text, file, workspace, reading)
    return stack_of(name, reading.manifests, reading.problems)


def _documents(output: str) -> Iterator[str]:
    """The documents of what was printed, each with the comment that names its source."""
    for text in _BOUNDARY.split(output):
        if _SOURCE.search(text):
            yield text


def _read(text: str, chart: SourceFile, workspace: Workspace, reading: Reading) -> None:
    source = _SOURCE.search(text)
    assert source is not None
    folder = posixpath.dirname(chart.path)
    path = posixpath.normpath(posixpath.join(folder, *source[1].strip().split("/")[1:]))
    template = workspace.read(path) or chart  # a packed dependency has no template to point at
    lines = aligned(text.split("\n"), template.text.split("\n")) if template is not chart else []
    composed = read(SourceFile(template.path, text.encode()), kubernetes_key)
    if composed.problems:
        message = f"what helm makes of this template is no valid YAML: {composed.problems[0].message}"
        reading.problems.append(Problem("syntax", template.whole(), message))
    origin = TemplateOrigin(template, lines)
    known: list[Manifest] = []
    for document in composed.documents:
        known += read_document(NodePlace(origin, document), reading.problems)
    reading.manifests += known


class TemplateOrigin(Origin):
    """The template that a rendered text came from; ``lines`` gives its line (from 1) for each rendered one."""

    def __init__(self, template: SourceFile, lines: Sequence[int]) -> None:
        super().__init__(template, kubernetes_key)
        self._lines = lines

    def position(self, mark: Mark) -> tuple[int, int]:
        line = self._lines[min(mark.line, len(self._lines) - 1)] if self._lines else 1
        text = self.file.line(line)
        return line, len(text) - len(text.lstrip()) + 1

    def span(self, first: Node, last: Node) -> Span:
        line, column = self.start(first)
        return Span(self.file.path, line, column, line, max(column + 1, len(self.file.line(line).rstrip()) + 1))


def aligned(rendered: Sequence[str], template: Sequence[str]) -> list[int]:
    """For each rendered line the line (from 1) of the template that it most likely came from."""
    ours, theirs = [_sign(line) for line in rendered], [_sign(line) for line in template]
    pairs: dict[int, int] = {}
    if len(ours) <= _MAX_COMPARED and len(theirs) <= _MAX_COMPARED:
        from difflib import SequenceMatcher

        for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
            pairs.update((block.a + at, block.b + at) for at in range(block.size) if ours[block.a + at])
    places: dict[str, list[int]] = {}
    for at, sign in enumerate(theirs):
        if sign:
            places.setdefault(sign, []).append(at)
    found, last = [], 0
    for at, sign in enumerate(ours):
        if at in pairs:
            last = pairs[at]
        elif alike := places.get(sign):
            near = last
            last = min(alike, key=lambda place: abs(place - near))
        found.append(last + 1)
    return found


def _sign(line: str) -> str:
    """What of a line survives rendering: its key, or its text where it has none and nothing is put into it."""
    text = line.strip()
    if text.startswith("#"):
        return ""
    match = _KEY.match(text)
    if match:
        return match[1]
    return "" if _ACTION.search(text) else text
