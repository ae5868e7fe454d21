"""The JSON report: all of a scan's result, in the shape that ``docs/json-report.md`` promises."""

from __future__ import annotations

from typing import Any, Final

from iacguard.findings import Finding, PassedOver, Problem, Rule, ScanResult
from iacguard.model import Span
from iacguard.report import ReportOptions
from iacguard.report.home import policy_page
from iacguard.report.jsontext import dumps, joined, listed
from iacguard.report.others import record
from iacguard.report.selection import by_severity

#: The shape's version: members may be added to it, none changes or goes.
SHAPE: Final = 1
#: A longer source line is cut to this many characters around its region.
LONGEST_LINE: Final = 1_000


def render(result: ScanResult, options: ReportOptions) -> str:
    """``result`` as one JSON object. The undecided findings have a list of their own, asked for or not."""
    violated = [f for f in result.findings if f.verdict == "violated"]
    undecided = [f for f in result.findings if f.verdict == "undecided"]
    head = {
        "shape": SHAPE,
        "tool": "iacguard",
        "version": result.version,
        "base": result.base,
        "checkout": _checkout(result),
        "complete": result.complete,
        "summary": _summary(result),
    }
    lists = {
        "findings": map(_finding, violated),
        "undecided": map(_finding, undecided),
        "suppressed": map(_finding, result.suppressed),
        "others": map(record, result.others),
        "problems": map(problem_record, result.problems),
        "passed_over": map(_passed_over, result.passed_over),
        "rules": map(_rule, result.rules),
    }
    return "".join((*joined(head, {name: listed(map(dumps, values)) for name, values in lists.items()}), "\n"))


def _checkout(result: ScanResult) -> dict[str, str] | None:
    checkout = result.checkout
    if checkout is None:
        return None
    return {"repository": checkout.repository, "revision": checkout.revision, "branch": checkout.branch}


def _summary(result: ScanResult) -> dict[str, Any]:
    counts = result.counts
    return {
        "files": dict(sorted(counts.files.items())),
        "resources": dict(sorted(counts.resources.items())),
        "stacks": counts.stacks,
        "policies": counts.policies,
        "decided": counts.decided,
        "undecided": counts.undecided,
        "findings": by_severity(result),
        "suppressed": len(result.suppressed),
        "problems": sum(not p.notice for p in result.problems),
        "notices": sum(p.notice for p in result.problems),
        "passed_over": len(result.passed_over),
    }


def span_record(span: Span) -> dict[str, Any]:
    """A place; lines and columns from 1, columns in code points, the end exclusive."""
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity,
        "category": finding.rule.category,
        "title": finding.rule.title,
        "verdict": finding.verdict,
        "message": finding.message,
        "place": span_record(finding.span),
        "source": [_clipped(line, finding.span) for line in finding.source_lines],
        "address": finding.address,
        "instances": list(finding.instances),
        "parent": finding.parent,
        "resource_type": finding.resource_type,
        "format": finding.format,
        "stack": finding.stack,
        "path": finding.path,
        "trail": [{"place": span_record(step.span), "note": step.note} for step in finding.trail],
        "reasons": list(finding.reasons),
        "when": finding.when,
        "block": finding.block,
        "construct": finding.construct,
        "suppression": _suppression(finding),
        "also": list(finding.also),
        "fingerprint": finding.fingerprint,
        "line_hash": finding.line_hash,
    }


def _suppression(finding: Finding) -> dict[str, Any] | None:
    given = finding.suppression
    if given is None:
        return None
    return {"origin": given.origin, "reason": given.reason, "place": span_record(given.span)}


def _clipped(line: str, span: Span) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    start = max(0, span.column - 1 - LONGEST_LINE // 4)
    return line[start : start + LONGEST_LINE]


def problem_record(problem: Problem) -> dict[str, Any]:
    """A problem as this report and ``iacguard graph`` write it."""
    return {
        "kind": problem.kind,
        "place": span_record(problem.span),
        "message": problem.message,
        "hint": problem.hint,
        "notice": problem.notice,
    }


def _passed_over(item: PassedOver) -> dict[str, str]:
    return {"file": item.file, "reason": item.reason}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "category": rule.category,
        "resources": list(rule.resources),
        "why": rule.why,
        "fix": {"text": rule.fix.text, "snippets": dict(sorted(rule.fix.snippets.items()))},
        "references": list(rule.references),
        "aliases": list(rule.aliases),
        "frameworks": {name: list(controls) for name, controls in sorted(rule.frameworks.items())},
        "source": rule.source,
        "page": policy_page(rule.id),
    }
