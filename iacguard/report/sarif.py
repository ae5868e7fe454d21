"""SARIF 2.1.0 as GitHub code scanning takes it (its documentation: "SARIF support for code scanning").

The driver lists **only the rules that have a result in the run**. GitHub shows a rule through its alerts alone; the
texts of several hundred policies would add more than a megabyte to every upload, most of them for nothing, while its
limit is 10 MB; and a report stays readable. Which policies there are is what ``iacguard policy list`` answers; how
many were in play stands in the run's properties.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

from iacguard.findings import SEVERITIES, Finding, ScanResult
from iacguard.report import ReportOptions
from iacguard.report.home import HOME
from iacguard.report.jsontext import dumps, joined, listed
from iacguard.report.others import sarif_runs
from iacguard.report.sarif_places import base_uri
from iacguard.report.sarif_problems import left_out, notification, notification_descriptors
from iacguard.report.sarif_results import result_of
from iacguard.report.sarif_rules import rule_of
from iacguard.report.selection import shown_findings

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
#: GitHub's limits: results of a run, and bytes of the file once compressed.
MAX_RESULTS: Final = 25_000
MAX_COMPRESSED: Final = 10_000_000
#: Category and (empty) run name: GitHub takes all before the last slash as the category.
AUTOMATION_ID: Final = "iacguard/"
_END: Final = "]}\n"


def render(result: ScanResult, options: ReportOptions) -> str:
    """``result`` as a SARIF log with a run for each tool; what is over a limit of GitHub's is left out and said."""
    findings = shown_findings(result, options.show_undecided, options.show_suppressed)
    if not result.others:
        return _fitting(result, findings, MAX_RESULTS, MAX_COMPRESSED)
    runs = sarif_runs(result, MAX_RESULTS, MAX_COMPRESSED // 3)
    text = _fitting(result, findings, MAX_RESULTS, MAX_COMPRESSED * 2 // 3)
    return text.removesuffix(_END) + runs + _END


def _fitting(result: ScanResult, findings: Sequence[Finding], limit: int, compressed: int) -> str:
    keep = min(len(findings), limit)
    while True:
        text = _log(result, most_severe(findings, keep), len(findings) - keep)
        # Compression never makes it much larger: only a large report pays for the measurement.
        size = len(text) if len(text) < compressed else len(zlib.compress(text.encode("ascii"), 1))
        if size <= compressed or keep == 0:
            return text
        keep = min(keep - 1, int(keep * compressed / size * 0.95))


def most_severe(findings: Sequence[Finding], keep: int) -> Sequence[Finding]:
    """The ``keep`` most severe findings (violated before undecided), in the order they came in."""
    if keep >= len(findings):
        return findings
    rank = {severity: index for index, severity in enumerate(SEVERITIES)}
    order = sorted(
        range(len(findings)), key=lambda i: (findings[i].verdict != "violated", rank[findings[i].rule.severity], i)
    )
    return [findings[i] for i in sorted(order[:keep])]


def _log(result: ScanResult, findings: Sequence[Finding], dropped: int) -> str:
    rules = {f.rule.id: f.rule for f in findings}
    ordered = sorted(rules)
    index = {rule_id: number for number, rule_id in enumerate(ordered)}
    run = joined(
        {
            "tool": {"driver": _driver(result, [rule_of(rules[rule_id]) for rule_id in ordered])},
            "automationDetails": {"id": AUTOMATION_ID},
        },
        {
            "invocations": (f"[{_invocation(result, dropped)}]",),
            **{name: (dumps(value),) for name, value in _about(result).items()},
            "results": listed(result_of(finding, index[finding.rule.id]) for finding in findings),
        },
    )
    return "".join((f'{{"$schema":{dumps(SCHEMA)},\n"version":"2.1.0",\n"runs":[', *run, _END))


def _driver(result: ScanResult, rules: list[dict[str, Any]]) -> dict[str, Any]:
    driver: dict[str, Any] = {
        "name": "iacguard",
        "organization": "iacguard",
        "fullName": f"iacguard {result.version}",
        "version": result.version,
        "semanticVersion": result.version,
        "informationUri": HOME,
        "rules": rules,
    }
    descriptors = notification_descriptors(result)
    return {**driver, "notifications": descriptors} if descriptors else driver


def _invocation(result: ScanResult, dropped: int) -> str:
    notes = [notification(problem) for problem in result.problems]
    if dropped:
        notes.append(dumps(left_out(dropped)))
    return f'{{"executionSuccessful":{dumps(result.complete)},"toolExecutionNotifications":[{",".join(notes)}]}}'


def _about(result: ScanResult) -> dict[str, Any]:
    return {
        "originalUriBaseIds": {"SRCROOT": {"uri": base_uri(result.base)}},
        **_provenance(result),
        "columnKind": "unicodeCodePoints",
        "properties": _properties(result),
    }


def _provenance(result: ScanResult) -> dict[str, Any]:
    """The checkout; SARIF needs its repository's address, so a checkout without a remote has none."""
    checkout = result.checkout
    if checkout is None or not checkout.repository:
        return {}
    details: dict[str, Any] = {"repositoryUri": checkout.repository, "revisionId": checkout.revision}
    if checkout.branch:
        details["branch"] = checkout.branch
    return {"versionControlProvenance": [{**details, "mappedTo": {"uriBaseId": "SRCROOT"}}]}


def _properties(result: ScanResult) -> dict[str, Any]:
    counts = result.counts
    return {
        "files": dict(sorted(counts.files.items())),
        "resources": dict(sorted(counts.resources.items())),
        "policies": counts.policies,
        "decided": counts.decided,
        "undecided": counts.undecided,
        "passedOver": len(result.passed_over),
    }
