"""What the reporters share: which findings are shown, and how often each severity occurs."""

from __future__ import annotations

from iacguard.findings import SEVERITIES, Finding, ScanResult, Severity


def shown_findings(result: ScanResult, show_undecided: bool, show_suppressed: bool = False) -> tuple[Finding, ...]:
    """The violated findings, and the undecided and the suppressed ones where they are asked for; in their order."""
    found = result.findings
    if show_suppressed and result.suppressed:
        everything = (*found, *result.suppressed)
        found = tuple(sorted(everything, key=lambda f: (f.span.file, f.span.line, f.span.column, f.rule.id, f.address)))
    if show_undecided:
        return found
    return tuple(f for f in found if f.verdict == "violated")


def by_severity(result: ScanResult) -> dict[Severity, int]:
    """The number of violated findings of each severity, most severe first; also where it is zero."""
    counts = dict.fromkeys(SEVERITIES, 0)
    for finding in result.findings:
        if finding.verdict == "violated":
            counts[finding.rule.severity] += 1
    return counts


def others(instances: tuple[str, ...], shown: int = 3) -> str:
    """The instances but the first, in words: ``and b[1], b[2]``, ``and b[1], b[2], b[3] and 7 more``."""
    rest = instances[1:]
    if not rest:
        return ""
    named = ", ".join(rest[:shown])
    return f"and {named}" if len(rest) <= shown else f"and {named} and {len(rest) - shown} more"
