"""Checkov beside a scan, by a program that prints what Checkov would."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from iacguard.cli import companions
from iacguard.cli.status import CommandError
from iacguard.findings import ScanResult
from iacguard.report import REPORTERS, ReportOptions
from iacguard.scan import ScanRequest, scan

CODE = 'resource "aws_s3_bucket" "b" {\n  bucket = "x"\n  acl    = "public-read"\n}\n'


def failed(folder: Path, check: str, resource: str = "aws_s3_bucket.b", lines: tuple[int, int] = (1, 4)) -> Any:
    return {
        "check_id": check,
        "check_name": f"name of {check}",
        "file_abs_path": str(folder / "main.tf"),
        "file_line_range": list(lines),
        "resource": resource,
        "guideline": None,
    }


def program(folder: Path, text: str, status: int = 0) -> str:
    """A program that prints ``text``, and keeps what it was called with."""
    path = folder / "checkov"
    path.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"open({str(folder / 'called')!r}, 'w').write(repr((sys.argv, os.getcwd())))\n"
        f"print({text!r})\nsys.exit({status})\n"
    )
    path.chmod(0o755)
    return str(path)


def run(tmp_path: Path, text: str) -> ScanResult:
    code = tmp_path / "code"
    code.mkdir()
    (code / "main.tf").write_text(CODE)
    return scan(ScanRequest((str(code),), tools={"checkov": program(tmp_path, text)}))


def report(folder: Path, *checks: Any) -> dict[str, Any]:
    return {"results": {"failed_checks": list(checks)}, "summary": {"checkov_version": "9.9"}}


def test_the_same_defect_is_shown_once_with_both_names(tmp_path: Path) -> None:
    code = tmp_path / "code"
    both = report(code, failed(code, "CKV_AWS_20"), failed(code, "CKV_AWS_144"))
    result = run(tmp_path, json.dumps([both, {"passed": 0}]))
    (other,) = result.others
    assert (other.version, other.matched, other.failure) == ("9.9", 1, "")
    assert [f.rule for f in other.findings] == ["CKV_AWS_144"]
    named = {f.rule.id: f.also for f in result.findings if f.also}
    assert named == {"aws-s3-bucket-public-acl": ("checkov CKV_AWS_20",)}
    assert "also: checkov CKV_AWS_20" in REPORTERS["table"](result, ReportOptions())
    assert REPORTERS["sarif"](result, ReportOptions()).count("CKV_AWS_20") >= 1


def test_another_place_is_another_defect(tmp_path: Path) -> None:
    code = tmp_path / "code"
    elsewhere = failed(code, "CKV_AWS_20", "aws_s3_bucket.other", (10, 12))
    result = run(tmp_path, json.dumps(report(code, elsewhere)))
    assert [f.rule for f in result.others[0].findings] == ["CKV_AWS_20"]
    assert not [f for f in result.findings if f.also]


def test_files_that_were_not_scanned_do_not_count(tmp_path: Path) -> None:
    check = {**failed(tmp_path / "code", "CKV_AWS_144"), "file_abs_path": "/etc/passwd"}
    assert run(tmp_path, json.dumps(report(tmp_path, check))).others[0].findings == ()


def test_it_runs_in_an_empty_folder_on_named_files(tmp_path: Path) -> None:
    run(tmp_path, json.dumps(report(tmp_path)))
    arguments, folder = ast.literal_eval((tmp_path / "called").read_text())
    assert arguments[-2:] == ["-f", str(tmp_path / "code" / "main.tf")]
    assert "--skip-download" in arguments
    assert not folder.startswith(str(tmp_path))


@pytest.mark.parametrize("text", ["Traceback", "[", ""])
def test_a_program_that_prints_something_else_has_failed(tmp_path: Path, text: str) -> None:
    result = run(tmp_path, text)
    assert result.others[0].failure.startswith("it printed")
    assert result.findings


def test_the_program_is_looked_up_by_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("IACGUARD_CHECKOV", raising=False)
    with pytest.raises(CommandError, match="needs the program checkov"):
        companions.tools(["checkov"])
    path = program(tmp_path, "[]")
    assert companions.tools(["checkov"]) == {"checkov": path}
    monkeypatch.setenv("IACGUARD_CHECKOV", str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="IACGUARD_CHECKOV names no program"):
        companions.tools(["checkov"])
