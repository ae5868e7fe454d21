"""cfn-lint beside a scan: the real package, its places and levels, and what it may not do to the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from iacguard.cli import companions
from iacguard.cli.status import CommandError
from iacguard.findings import ScanResult
from iacguard.others import cfnlint, process
from iacguard.report import REPORTERS, ReportOptions
from iacguard.scan import ScanRequest, scan

TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketNam: x
      VersioningConfiguration:
        Status: Enabled
"""
Run = Callable[..., ScanResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def scanned(tools: dict[str, str], **files: str) -> ScanResult:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        return scan(ScanRequest((str(tmp_path),), tools=tools))

    return scanned


def test_its_errors_stand_in_a_run_of_their_own(run: Run) -> None:
    plain = run({}, one=TEMPLATE)
    result = run({"cfn-lint": ""}, one=TEMPLATE)
    assert result.findings == plain.findings
    assert result.problems == plain.problems
    (other,) = result.others
    assert (other.tool, other.failure) == ("cfn-lint", "")
    assert other.version
    (error,) = [f for f in other.findings if f.level == "error"]
    assert (error.rule, error.address) == ("E3002", "Bucket")
    assert (error.span.file, error.span.line, error.span.column) == ("one.yaml", 6, 7)
    assert "BucketNam" in error.message
    assert error.rule in {rule.id for rule in other.rules}


def test_settings_of_the_folder_do_not_count(run: Run, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "Evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    (tmp_path / ".cfnlintrc").write_text(f"ignore_checks: [E3002]\nappend_rules: [{rules}]\n")
    config = f"Metadata: {{cfn-lint: {{config: {{append_rules: [{rules}]}}}}}}\n"
    (other,) = run({"cfn-lint": ""}, one=TEMPLATE, two=TEMPLATE + config).others
    assert [f.span.file for f in other.findings if f.rule == "E3002"] == ["one.yaml", "two.yaml"]
    assert not (tmp_path / "ran").exists()


def test_names_that_look_like_patterns_or_options(run: Run) -> None:
    (other,) = run({"cfn-lint": ""}, **{"a[1]": TEMPLATE, "--help": TEMPLATE}).others
    assert {f.span.file for f in other.findings} == {"a[1].yaml", "--help.yaml"}


def test_every_format_shows_it(run: Run) -> None:
    result = run({"cfn-lint": ""}, one=TEMPLATE)
    table = REPORTERS["table"](result, ReportOptions())
    assert f"cfn-lint {result.others[0].version}: 1 error" in table
    assert "[E3002]" in table
    (record,) = json.loads(REPORTERS["json"](result, ReportOptions()))["others"]
    assert record["findings"][0]["rule"] == "E3002"
    log = json.loads(REPORTERS["sarif"](result, ReportOptions()))
    first, second = log["runs"]
    assert first["tool"]["driver"]["name"] == "iacguard"
    assert second["tool"]["driver"]["name"] == "cfn-lint"
    assert second["automationDetails"]["id"] != first["automationDetails"]["id"]
    made = second["results"][0]
    assert made["level"] == "error"
    assert second["tool"]["driver"]["rules"][made["ruleIndex"]]["id"] == made["ruleId"]


def test_without_templates_it_is_not_started(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cfnlint, "call", lambda *given: pytest.fail("started"))
    (other,) = run({"cfn-lint": ""}).others
    assert (other.findings, other.failure) == ((), "")


def test_a_run_that_fails_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cfnlint, "call", lambda *given: process.Output("", "it did not end within 1 seconds"))
    result = run({"cfn-lint": ""}, one=TEMPLATE)
    assert result.others[0].failure == "it did not end within 1 seconds"
    assert result.complete  # ours is
    log = json.loads(REPORTERS["sarif"](result, ReportOptions()))
    (invocation,) = log["runs"][1]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "not finished: it did not end" in REPORTERS["table"](result, ReportOptions())


def test_results_over_the_limit_are_left_out_and_said(run: Run) -> None:
    from iacguard.record import replace
    from iacguard.report.others import sarif_runs

    result = run({"cfn-lint": ""}, one=TEMPLATE)
    (other,) = result.others
    error = next(f for f in other.findings if f.level == "error")
    many = tuple(replace(error, span=replace(error.span, line=n), level="note") for n in range(1, 30))
    result = replace(result, others=(replace(other, findings=(*many, error)),))
    cut = json.loads(sarif_runs(result, 5, 1_000_000).removeprefix(","))
    assert [r["level"] for r in cut["results"]] == ["note"] * 4 + ["error"]
    (note,) = cut["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("25 results were left out")


def test_a_missing_extra_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cfnlint, "is_installed", lambda: False)
    with pytest.raises(CommandError, match="needs cfn-lint"):
        companions.tools(["cfn-lint"])
    with pytest.raises(CommandError, match="no tool"):
        companions.tools(["tflint"])
