"""The same defect, found by us and by another tool: shown once, under both names."""

from __future__ import annotations

from collections.abc import Iterable

from iacguard.findings import Finding, OtherFinding, OtherRun
from iacguard.record import replace


def matched(findings: tuple[Finding, ...], run: OtherRun) -> tuple[tuple[Finding, ...], OtherRun]:
    """Our findings, with what the tool calls them, and the run without what we have found too.

    A finding of the tool is ours where our policy has its rule as an alias, and both stand in the same file, ours
    within the lines of theirs or at the same resource. Undecided findings of ours answer nothing.
    """
    by_alias: dict[tuple[str, str], list[int]] = {}
    for index, finding in enumerate(findings):
        if finding.verdict == "violated":
            for alias in finding.rule.aliases:
                by_alias.setdefault((alias, finding.span.file), []).append(index)
    named: dict[int, list[str]] = {}
    left: list[OtherFinding] = []
    for other in run.findings:
        ours = [i for i in by_alias.get((other.rule, other.span.file), ()) if _same(findings[i], other)]
        for index in ours:
            named.setdefault(index, []).append(f"{run.tool} {other.rule}")
        if not ours:
            left.append(other)
    if not named:
        return findings, run
    told = tuple(
        replace(finding, also=_once([*finding.also, *named[index]])) if index in named else finding
        for index, finding in enumerate(findings)
    )
    return told, replace(run, findings=tuple(left), matched=len(run.findings) - len(left))


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _same(ours: Finding, theirs: OtherFinding) -> bool:
    if theirs.span.line <= ours.span.line <= theirs.span.end_line:
        return True
    return bool(theirs.address) and theirs.address in (ours.address, ours.parent, *ours.instances)
