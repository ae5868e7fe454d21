"""Other tools, run on request beside a scan: their results stand in the same report, and never change ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from iacguard.findings import Finding, OtherRun
from iacguard.model import Language
from iacguard.others.process import Request

__all__ = ["TOOLS", "Request", "consult"]


def _cfn_lint(request: Request) -> OtherRun:
    from iacguard.others.cfnlint import run

    return run(request)


def _checkov(request: Request) -> OtherRun:
    from iacguard.others.checkov import run

    return run(request)


#: By the name that ``--with`` takes.
TOOLS: Mapping[str, Callable[[Request], OtherRun]] = MappingProxyType({"cfn-lint": _cfn_lint, "checkov": _checkov})


def consult(
    programs: Mapping[str, str],
    base: str,
    files: Mapping[Language, Sequence[str]],
    reported: frozenset[str] | None,
    findings: tuple[Finding, ...],
) -> tuple[tuple[Finding, ...], tuple[OtherRun, ...]]:
    """Run the tools that ``programs`` names, each with its program ("" for one in this Python).

    ``files`` are those of the scan, relative to ``base``; only findings in ``reported`` count (None: all). Gives our
    findings, those that a tool has too with its name for them, and the rest of what the tools found.
    """
    from iacguard.others.matching import matched

    runs = []
    for name, program in programs.items():
        run = TOOLS[name](Request(program, base, files, reported))
        findings, run = matched(findings, run)
        runs.append(run)
    return findings, tuple(runs)
