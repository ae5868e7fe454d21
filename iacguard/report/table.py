"""The table: what people look at every day. Grouped by file; each finding with its line, cause and fix."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from iacguard.findings import Finding, ScanResult
from iacguard.report import ReportOptions
from iacguard.report.others import section
from iacguard.report.selection import others, shown_findings
from iacguard.report.snippet import snippet
from iacguard.report.text import cut, printable, width, wrap

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_STYLES = {
    "critical": "\x1b[1;97;41m",
    "high": "\x1b[1;31m",
    "medium": "\x1b[1;33m",
    "low": "\x1b[1;34m",
    "undecided": "\x1b[1;35m",
}
_LABEL = max(len(name) for name in _STYLES)
#: Lines are never wider than this: longer ones are hard to read.
_WIDEST = 140
_TRAIL = 8


def render(result: ScanResult, options: ReportOptions) -> str:
    """``result`` for a reader at a terminal. Nothing in it can steer the terminal, whatever the input holds."""
    findings = shown_findings(result, options.show_undecided, options.show_suppressed)
    if not findings and not result.others:
        return _nothing(result) + "\n"
    painter = _Painter(options.color, max(40, min(options.width, _WIDEST)))
    lines: list[str] = [] if findings else [_nothing(result), ""]
    for file, group in groupby(findings, key=lambda f: f.span.file):
        lines += [painter.style(_BOLD, cut(printable(file), painter.width)), ""]
        for finding in group:
            lines += [*painter.finding(finding), ""]
    for run in result.others:
        lines += section(run, painter.width, painter.style)
    return "\n".join(lines)


def _nothing(result: ScanResult) -> str:
    return "No findings." if result.complete else "No findings in what could be read."


class _Painter:
    """Lays out one finding; ``width`` in columns."""

    def __init__(self, color: bool, width: int) -> None:
        self._color = color
        self.width = width

    def style(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self._color and text else text

    def finding(self, finding: Finding) -> Iterator[str]:
        label = finding.rule.severity if finding.verdict == "violated" else "undecided"
        yield from self._heading(finding, label)
        gutter = max(4, len(str(finding.span.line)))
        yield from self._source(finding, gutter, _STYLES[label])
        margin = " " * (gutter + 2)
        yield from self._labelled(margin, "", finding.message)
        for reason in finding.reasons if finding.verdict == "undecided" else ():
            yield from self._labelled(margin, "not known: ", reason)
        yield from self._labelled(margin, "in ", _address(finding))
        if finding.construct:
            yield from self._labelled(margin, "made by ", finding.construct)
        if finding.also:
            yield from self._labelled(margin, "also: ", ", ".join(finding.also))
        yield from self._trail(finding, margin)
        if finding.suppression is not None:
            text = f"{finding.suppression.reason or 'no reason given'} ({finding.suppression.origin})"
            yield from self._labelled(margin, "accepted: ", text)
            return
        yield from self._labelled(margin, "fix: ", finding.rule.fix.text)

    def _heading(self, finding: Finding, label: str) -> Iterator[str]:
        """``high  Title  policy-id``; the id on a line of its own where both do not fit."""
        position = f"{finding.span.line}:{finding.span.column}"
        title = printable(finding.rule.title)
        badge = self.style(_STYLES[label], label.upper())
        pad = " " * (_LABEL - len(label) + 1)
        name = self.style(_DIM, f"[{finding.rule.id}]")
        lead = _LABEL + 3 + len(position) + 1
        if lead + width(title) + len(finding.rule.id) + 3 <= self.width:
            yield f"  {badge}{pad}{position} {self.style(_BOLD, title)} {name}"
            return
        first, *rest = wrap(title, self.width - lead) or [""]
        yield f"  {badge}{pad}{position} {self.style(_BOLD, first)}"
        yield from (" " * lead + self.style(_BOLD, line) for line in rest)
        # Never cut: an id is there to be copied.
        yield " " * max(2, min(lead, self.width - len(finding.rule.id) - 2)) + name

    def _source(self, finding: Finding, gutter: int, style: str) -> Iterator[str]:
        if not finding.source_lines or not finding.source_lines[0].strip():
            return
        shown = snippet(finding.span, finding.source_lines[0], self.width - gutter - 3)
        yield f"{self.style(_DIM, f'{shown.number:>{gutter}} |')} {shown.line}"
        yield f"{self.style(_DIM, ' ' * gutter + ' |')} {' ' * shown.start}{self.style(style, '^' * shown.length)}"

    def _labelled(self, margin: str, label: str, text: str) -> Iterator[str]:
        indent = " " * len(label)
        for index, line in enumerate(wrap(printable(text), self.width - len(margin) - len(label))):
            yield margin + (indent if index else self.style(_DIM, label)) + line

    def _trail(self, finding: Finding, margin: str) -> Iterator[str]:
        """Where the value came from, origin first."""
        steps = finding.trail
        for index, step in enumerate(steps[:_TRAIL]):
            text = f"{step.span.file}:{step.span.line}:{step.span.column} {step.note}"
            yield from self._labelled(margin, "from " if index == 0 else "then ", text)
        if len(steps) > _TRAIL:
            yield f"{margin}{self.style(_DIM, 'then ')}{len(steps) - _TRAIL} more steps"


def _address(finding: Finding) -> str:
    more = others(finding.instances)
    text = f"{finding.address} {more}" if more else finding.address
    return f"{text} (part of {finding.parent})" if finding.parent else text
