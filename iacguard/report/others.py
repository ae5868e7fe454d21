"""What other tools found: a section of the table, a list of the JSON report, a run each in SARIF."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Final

from iacguard.findings import OtherFinding, OtherRun, ScanResult
from iacguard.report.jsontext import listed, members, quoted
from iacguard.report.sarif_places import base_uri, location
from iacguard.report.sarif_rules import sentence
from iacguard.report.text import cut, printable, wrap

_MAX_MESSAGE: Final = 1_000
_RANK: Final[dict[str, int]] = {"error": 0, "warning": 1, "note": 2}
_BOLD, _DIM = "\x1b[1m", "\x1b[2m"
_STYLES: Final = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;34m"}


def said(run: OtherRun) -> str:
    """The run in one line: ``cfn-lint 1.58.0: 2 errors, 1 warning``."""
    counts: Counter[str] = Counter(finding.level for finding in run.findings)
    parts = [f"{counts[level]} {level}{'s' * (counts[level] != 1)}" for level in _RANK if counts[level]]
    if run.matched:
        parts.append(f"{run.matched} that iacguard has, too")
    if run.failure:
        parts.append(f"not finished: {printable(run.failure)}")
    name = f"{run.tool} {run.version}".strip()
    return f"{name}: {', '.join(parts) or 'nothing'}"


# --- table ----------------------------------------------------------------------------------------------------


def section(run: OtherRun, width: int, style: Callable[[str, str], str]) -> Iterator[str]:
    """The lines of the table's section on one tool."""
    yield style(_BOLD, cut(said(run), width))
    yield ""
    for file, group in groupby(run.findings, key=lambda f: f.span.file):
        yield style(_BOLD, cut(printable(file), width))
        for finding in group:
            yield from _lines(finding, width, style)
        yield ""


def _lines(finding: OtherFinding, width: int, style: Callable[[str, str], str]) -> Iterator[str]:
    position = f"{finding.span.line}:{finding.span.column}"
    head = f"{finding.level.upper():<8}{position:<9}"
    first, *rest = wrap(printable(finding.message[:_MAX_MESSAGE]), max(20, width - 2 - len(head))) or [""]
    yield f"  {style(_STYLES[finding.level], f'{finding.level.upper():<8}')}{position:<9}{first}"
    margin = " " * (2 + len(head))
    yield from (margin + line for line in rest)
    yield margin + style(_DIM, f"[{printable(finding.rule)}]")


# --- JSON -----------------------------------------------------------------------------------------------------


def record(run: OtherRun) -> dict[str, Any]:
    """A run as the JSON report has it."""
    return {
        "tool": run.tool,
        "version": run.version,
        "failure": run.failure,
        "matched": run.matched,
        "findings": [_record(finding) for finding in run.findings],
    }


def _record(finding: OtherFinding) -> dict[str, Any]:
    span = finding.span
    return {
        "rule": finding.rule,
        "level": finding.level,
        "message": finding.message,
        "place": {
            "file": span.file,
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        },
        "address": finding.address,
    }


# --- SARIF ----------------------------------------------------------------------------------------------------


def sarif_runs(result: ScanResult, most: int, compressed: int) -> str:
    """A run each, as JSON text, with a comma before it; the gravest ``most`` results of each that fit the size."""
    text = ""
    share = compressed // max(1, len(result.others))
    for run in result.others:
        keep = min(len(run.findings), most)
        while True:
            made = _run(result, run, keep)
            size = len(made) if len(made) < share else len(zlib.compress(made.encode("ascii"), 1))
            if size <= share or keep == 0:
                break
            keep = min(keep - 1, int(keep * share / size * 0.95))
        text += ",\n" + made
    return text


def _run(result: ScanResult, run: OtherRun, keep: int) -> str:
    findings = run.findings
    if keep < len(findings):
        order = sorted(range(len(findings)), key=lambda i: (_RANK[findings[i].level], i))[:keep]
        findings = tuple(findings[i] for i in sorted(order))
    used = {finding.rule for finding in findings}
    rules = [rule for rule in run.rules if rule.id in used]
    index = {rule.id: number for number, rule in enumerate(rules)}
    notes = [run.failure] if run.failure else []
    if keep < len(run.findings):
        notes.append(f"{len(run.findings) - keep} results were left out, to stay below the limits of code scanning")
    return members(
        {
            "tool": {"driver": _driver(run, [_rule(rule.id, rule.title, rule.help) for rule in rules])},
            "automationDetails": {"id": f"iacguard/{run.tool}/"},
            "invocations": [
                {
                    "executionSuccessful": not run.failure,
                    "toolExecutionNotifications": [
                        {"level": "error" if note == run.failure else "warning", "message": {"text": sentence(note)}}
                        for note in notes
                    ],
                }
            ],
            "originalUriBaseIds": {"SRCROOT": {"uri": base_uri(result.base)}},
            "columnKind": "unicodeCodePoints",
        },
        {"results": "".join(listed(_result(finding, index[finding.rule]) for finding in findings))},
    )


def _driver(run: OtherRun, rules: list[dict[str, Any]]) -> dict[str, Any]:
    driver: dict[str, Any] = {"name": run.tool, "informationUri": run.home, "rules": rules}
    return {**driver, "version": run.version} if run.version else driver


def _rule(id_: str, title: str, help_: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": id_, "shortDescription": {"text": sentence(title or id_)}}
    if help_.startswith("https://"):
        rule["helpUri"] = help_
    return rule


def _result(finding: OtherFinding, index: int) -> str:
    message = sentence(finding.message[:_MAX_MESSAGE].replace("](", "] ("))
    place = f'"physicalLocation":{location(finding.span)}'
    if finding.address:
        place += f',"logicalLocations":[{{"fullyQualifiedName":{quoted(finding.address)},"kind":"resource"}}]'
    return (
        f'{{"ruleId":{quoted(finding.rule)},"ruleIndex":{index},"level":"{finding.level}",'
        f'"message":{{"text":{quoted(message)}}},"locations":[{{{place}}}]}}'
    )
