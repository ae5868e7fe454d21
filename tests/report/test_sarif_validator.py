"""Microsoft's validator: the official schema and the rules of GitHub's ingestion.

``make test`` installs it with npm. Where it is missing these tests fail: a SARIF file that nobody checked is no
SARIF file. Its exit status says nothing; the log that it writes does.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from iacguard.findings import ScanResult
from iacguard.report import REPORTERS, ReportOptions

_MODULES = Path(__file__).parents[2] / "node_modules" / "@microsoft"


def multitool() -> Path:
    folders = sorted(_MODULES.glob("sarif-multitool-*"))
    names = ("Sarif.Multitool", "Sarif.Multitool.exe")
    programs = [folder / name for folder in folders for name in names if (folder / name).is_file()]
    assert programs, "the SARIF validator is missing: `npm ci` installs it (make test does that)"
    return programs[0]


@pytest.mark.parametrize("name", ["clean", "full", "broken"])
def test_the_validator_has_nothing_to_say(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    result: ScanResult = request.getfixturevalue(name)
    report = tmp_path / "report.sarif"
    report.write_text(REPORTERS["sarif"](result, ReportOptions(show_undecided=True)), encoding="utf-8")
    assert complaints(report, tmp_path / "log.sarif") == []


def test_the_validator_would_complain(full: ScanResult, tmp_path: Path) -> None:
    log = json.loads(REPORTERS["sarif"](full, ReportOptions()))
    del log["runs"][0]["tool"]["driver"]["rules"][0]["help"]
    report = tmp_path / "report.sarif"
    report.write_text(json.dumps(log), encoding="utf-8")
    assert [rule for _, rule, _ in complaints(report, tmp_path / "log.sarif")] == ["GH2012"]


def complaints(report: Path, log: Path) -> list[tuple[str, str, Any]]:
    """The validator's errors and warnings: level, rule and arguments; also its own failures."""
    command = [str(multitool()), "validate", str(report), "--rule-kind", "Sarif;Ghas", "--output", str(log)]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    subprocess.run(command, capture_output=True, check=False, timeout=300, env=environment)
    (run,) = json.loads(log.read_text(encoding="utf-8-sig"))["runs"]
    assert run["invocations"][0]["executionSuccessful"]
    found = [
        (result.get("level", "warning"), result["ruleId"], result["message"].get("arguments"))
        for result in run.get("results", ())
        if result.get("level", "warning") in ("error", "warning") and result.get("kind", "fail") == "fail"
    ]
    for invocation in run["invocations"]:
        for key in ("toolExecutionNotifications", "toolConfigurationNotifications"):
            found += [
                (note["level"], "notification", note["message"])
                for note in invocation.get(key, ())
                if note.get("level") in ("error", "warning")
            ]
    return found


@pytest.mark.parametrize("name", ["clean", "full", "broken"])
def test_the_official_schema(name: str, request: pytest.FixtureRequest) -> None:
    schema = json.loads((multitool().parent / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    result: ScanResult = request.getfixturevalue(name)
    log = json.loads(REPORTERS["sarif"](result, ReportOptions(show_undecided=True)))
    validator = jsonschema_rs.validator_for(schema)
    assert [error.message for error in validator.iter_errors(log)] == []
    del log["runs"][0]["tool"]["driver"]["name"]
    assert not validator.is_valid(log)
