"""The three programs: how each is called, and its report in one shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent


class Hit(NamedTuple):
    """One finding: the scanner's rule, the file relative to the corpus, the resource, the line."""

    rule: str
    file: str
    resource: str
    line: int


class Scanner(NamedTuple):
    """``command`` is called with a corpus and its report's path; ``read`` makes hits of the report."""

    name: str
    command: Callable[[Path, Path], list[str]]
    version: list[str]
    read: Callable[[Path, Path], list[Hit]]
    #: Exit statuses of a scan that came to its end.
    finished: frozenset[int]


def _iacguard(corpus: Path, report: Path) -> list[str]:
    return [str(ROOT / ".venv/bin/iacguard"), "scan", str(corpus), "--format", "sarif", "--exit-zero", "--quiet"]


def _checkov(corpus: Path, report: Path) -> list[str]:
    frameworks = ["--framework", "terraform", "cloudformation", "kubernetes"]
    quiet = ["--skip-download", "--quiet", "--compact", "--output", "json"]
    return [str(ROOT / ".checkov/bin/checkov"), "--directory", str(corpus), *frameworks, *quiet]


def _trivy(corpus: Path, report: Path) -> list[str]:
    same = ["--misconfig-scanners", "terraform,cloudformation,kubernetes"]
    offline = ["--skip-check-update", "--skip-version-check", "--disable-telemetry"]
    cache = ["--cache-dir", str(ROOT / ".trivy/cache")]
    return [
        str(ROOT / ".trivy/bin/trivy"),
        "config",
        *same,
        *offline,
        *cache,
        "--quiet",
        "--format",
        "json",
        str(corpus),
    ]


def _load(report: Path) -> Any:
    text = report.read_text(encoding="utf-8", errors="replace")
    return json.loads(text) if text.strip() else None


def _read_iacguard(report: Path, corpus: Path) -> list[Hit]:
    hits = []
    for run in _load(report)["runs"]:
        for result in run["results"]:
            place = result["locations"][0]
            physical = place["physicalLocation"]
            file = unquote(physical["artifactLocation"]["uri"])
            resource = place["logicalLocations"][0]["fullyQualifiedName"]
            hits.append(Hit(result["ruleId"], file, resource, physical["region"]["startLine"]))
    return hits


def _read_checkov(report: Path, corpus: Path) -> list[Hit]:
    loaded = _load(report)
    hits = []
    for part in loaded if isinstance(loaded, list) else [loaded]:
        for check in (part.get("results") or {}).get("failed_checks", ()):
            lines = check.get("file_line_range") or [0]
            hits.append(Hit(check["check_id"], check["file_path"].lstrip("/"), check["resource"], lines[0]))
    return hits


def _read_trivy(report: Path, corpus: Path) -> list[Hit]:
    hits = []
    for result in (_load(report) or {}).get("Results") or ():
        for found in result.get("Misconfigurations") or ():
            cause = found.get("CauseMetadata") or {}
            resource = cause.get("Resource") or f"line {cause.get('StartLine', 0)}"
            rule = found["ID"].removeprefix("AVD-")
            hits.append(Hit(rule, result["Target"], resource, cause.get("StartLine", 0)))
    return hits


SCANNERS = (
    Scanner("iacguard", _iacguard, [str(ROOT / ".venv/bin/iacguard"), "--version"], _read_iacguard, frozenset({0})),
    Scanner("Checkov", _checkov, [str(ROOT / ".checkov/bin/checkov"), "--version"], _read_checkov, frozenset({0, 1})),
    Scanner("Trivy", _trivy, [str(ROOT / ".trivy/bin/trivy"), "--version"], _read_trivy, frozenset({0})),
)
