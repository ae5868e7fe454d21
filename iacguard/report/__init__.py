"""Reporters: each turns a ScanResult into text, and nothing else. The same result gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from iacguard.findings import ScanResult
from iacguard.record import record

__all__ = ["REPORTERS", "ReportOptions", "Reporter"]


@record
class ReportOptions:
    """What the user chose about the output.

    ``show_undecided``: also the findings that could not be decided. ``show_suppressed``: also those that the code
    accepts. ``color``: ANSI colours (table only).
    ``width``: columns of the terminal (table only).
    """

    show_undecided: bool = False
    color: bool = False
    width: int = 100
    show_suppressed: bool = False


Reporter: TypeAlias = Callable[[ScanResult, ReportOptions], str]


def _table(result: ScanResult, options: ReportOptions) -> str:
    from iacguard.report.table import render

    return render(result, options)


def _json(result: ScanResult, options: ReportOptions) -> str:
    from iacguard.report.jsonreport import render

    return render(result, options)


def _sarif(result: ScanResult, options: ReportOptions) -> str:
    from iacguard.report.sarif import render

    return render(result, options)


#: By the name that ``--format`` takes. Each loads late: a scan pays only for what it prints.
REPORTERS: Mapping[str, Reporter] = {"table": _table, "json": _json, "sarif": _sarif}
