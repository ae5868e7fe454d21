"""``iacguard scan`` as a whole process: what goes where, and the exit status."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iacguard.cli import app
from iacguard.cli.scan import exit_status
from iacguard.findings import Counts, Finding, Fix, Problem, Rule, ScanResult, Severity
from iacguard.model import Span
from iacguard.record import replace

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ACL = "aws-s3-bucket-public-acl"


def test_findings_on_stdout_the_summary_on_stderr(run: Run, project: Path) -> None:
    done = run(project, "scan", ".", "--select", ACL)
    assert done.returncode == 1
    assert done.stdout.startswith("main.tf\n\n  HIGH      3:3 ")
    assert '   3 |   acl    = "public-read"\n     |   ^^^^^^^^^^^^^^^^^^^^^^\n' in done.stdout
    assert re.fullmatch(
        r"Read 1 Terraform file; 1 Terraform resource decided by 1 policy in \d+\.\d\d s\.\n1 finding: 1 high\.\n",
        done.stderr,
    )


@pytest.mark.parametrize(
    ("severities", "fail_on", "status"),
    [
        ((), "low", 0),
        (("low",), "medium", 0),
        (("low",), "low", 1),
        (("low", "high"), "high", 1),
        (("high",), "critical", 0),
        (("critical",), "critical", 1),
        (("critical",), "none", 0),
    ],
)
def test_the_gate(severities: tuple[Severity, ...], fail_on: str, status: int) -> None:
    result = scanned(*(found(severity) for severity in severities))
    assert exit_status(result, fail_on, exit_zero=False, allow_incomplete=False) == status
    assert exit_status(result, fail_on, exit_zero=True, allow_incomplete=False) == 0


def test_wherever_the_undecided_are_shown_they_say_why(run: Run, project: Path) -> None:
    (project / "main.tf").write_text('variable "acl" {}\nresource "aws_s3_bucket" "b" {\n  acl = var.acl\n}\n')
    why = 'variable "acl" has no default'
    told = {
        (name, *flags): why in run(project, "scan", ".", "--select", ACL, "-f", name, *flags).stdout.replace('\\"', '"')
        for name in ("table", "json", "sarif")
        for flags in ((), ("--show-undecided",))
    }
    assert [key for key, shown in told.items() if not shown] == [("table",), ("sarif",)]
    both = run(project, "scan", ".", "--select", ACL, "-f", "sarif", "-f", "json", "-o", "-", "-o", "out.json")
    assert both.returncode == 0
    assert why in json.loads((project / "out.json").read_text())["undecided"][0]["reasons"]


def test_the_undecided_fail_no_gate() -> None:
    result = scanned(replace(found("critical"), verdict="undecided"))
    assert exit_status(result, "low", exit_zero=False, allow_incomplete=False) == 0


@pytest.mark.parametrize(
    ("fail_on", "exit_zero", "allow_incomplete", "status"),
    [
        ("medium", False, False, 3),
        ("none", False, False, 3),
        ("none", False, True, 0),
        ("medium", False, True, 1),
        ("medium", True, False, 0),
    ],
)
def test_the_gate_of_an_incomplete_scan(fail_on: str, exit_zero: bool, allow_incomplete: bool, status: int) -> None:
    problem = Problem("syntax", Span("x.tf", 1, 1, 1, 2), "no brace")
    result = replace(scanned(found("high")), problems=(problem,))
    assert exit_status(result, fail_on, exit_zero, allow_incomplete) == status
    # A notice does not make a scan incomplete.
    told = replace(result, problems=(replace(problem, notice=True),), findings=())
    assert exit_status(told, fail_on, exit_zero, allow_incomplete) == 0


def scanned(*findings: Finding) -> ScanResult:
    return ScanResult("1", "/", findings, (), (), Counts())


def found(severity: Severity) -> Finding:
    rule = Rule("a-b-c", "t", severity, "governance", ("x",), "w", Fix("f"))
    return Finding(rule, "violated", "m", Span("x.tf", 1, 1, 1, 2), "x.y", ("x.y",), "x", "terraform")


def test_an_incomplete_scan_keeps_the_other_findings(run: Run, broken_project: Path) -> None:
    done = run(broken_project, "scan", ".")
    assert done.returncode == 3
    assert re.search(r"^broken\.tf:\d+:\d+ syntax: ", done.stderr, re.MULTILINE)
    assert "Incomplete: 1 problem in 1 file. What could not be read was not checked." in done.stderr
    assert ACL in done.stdout


def test_quiet_says_problems_only(run: Run, broken_project: Path) -> None:
    done = run(broken_project, "scan", ".", "--quiet")
    assert [line.split(" ")[1] for line in done.stderr.splitlines()] == ["syntax:"]


def test_verbose_lists_what_was_passed_over(run: Run, project: Path) -> None:
    (project / "values.yaml").write_text("a: 1\n", encoding="utf-8")
    assert "values.yaml" not in run(project, "scan", ".").stderr
    assert "values.yaml: passed over: " in run(project, "scan", ".", "-v").stderr


def test_several_formats_each_with_its_output(run: Run, project: Path) -> None:
    done = run(
        project, "scan", ".", "--format", "table", "--format", "sarif", "-f", "json",
        "--output", "out/deep/a.sarif", "-o", "b.json",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.startswith("main.tf\n")
    assert json.loads((project / "out/deep/a.sarif").read_text())["runs"][0]["results"]
    assert json.loads((project / "b.json").read_text())["findings"]
    assert sorted(p.name for p in project.iterdir()) == ["b.json", "main.tf", "out"]


def test_an_output_is_replaced_whole_and_keeps_its_permissions(run: Run, project: Path) -> None:
    report = project / "r.json"
    report.write_text("x" * 100_000, encoding="utf-8")
    report.chmod(0o640)
    run(project, "scan", ".", "-o", "r.json")
    assert json.loads(report.read_text())["tool"] == "iacguard"
    assert stat.S_IMODE(report.stat().st_mode) == 0o640


def test_a_run_that_cannot_start_leaves_an_earlier_report_alone(run: Run, project: Path) -> None:
    (project / "r.sarif").write_text("earlier", encoding="utf-8")
    done = run(project, "scan", "missing", "-o", "r.sarif")
    assert done.returncode == 2
    assert (project / "r.sarif").read_text() == "earlier"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan"], "iacguard: Missing argument 'PATH'"),
        (["scan", "missing"], "iacguard: missing does not exist"),
        (["scan", ".", "--format", "xml"], "iacguard: there is no format 'xml'"),
        (["scan", ".", "--severity", "severe"], "iacguard: 'severe' is not a severity"),
        (["scan", ".", "--var", "x"], "iacguard: --var 'x' has no name and value"),
        (["scan", ".", "--var-file", "none.tfvars"], "none.tfvars"),
        (["scan", ".", "--select", "no-such-policy"], "no-such-policy"),
        (["scan", ".", "--fail-on", "x"], "iacguard: Invalid value for '--fail-on': 'x' is not one of"),
        (["scan", ".", "--nope"], "iacguard: No such option: --nope"),
        (["scan", ".", "-f", "json", "-o", "a", "-o", "b"], "iacguard: there are 2 outputs for 1 formats"),
        (["scan", ".", "-f", "json", "-f", "sarif", "-o", "a", "-o", "./a"], "two reports would be written to"),
        (["scan", ".", "-f", "json", "-o", "."], "iacguard: cannot write .: it is a folder"),
        (["scan", ".", "-f", "json", "-o", "main.tf/x"], "iacguard: cannot write main.tf/x"),
        (["scan", ".", "--policy-dir", "nowhere"], "nowhere"),
        (["graph", "missing"], "iacguard: missing does not exist"),
        (["explain", "no-such-policy"], "no-such-policy"),
        (["policy", "list", "--select", "no-such-policy"], "no-such-policy"),
        (["scna"], "iacguard: No such command 'scna'"),
    ],
)
def test_usage_errors_are_a_line_and_a_hint(
    project: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project)
    assert app.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert 1 <= len(err.splitlines()) <= 2
    assert [path.name for path in project.iterdir()] == ["main.tf"]


def test_a_defect_of_ours_is_a_line_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom\x1b[31m")

    monkeypatch.chdir(project)
    monkeypatch.delenv("IACGUARD_DEBUG", raising=False)
    monkeypatch.setattr("iacguard.stacks.discover", fail)
    assert app.run(["scan", "."]) == 2
    assert capsys.readouterr().err.startswith("iacguard: internal error: RuntimeError: boom\\x1b[31m\n")
    monkeypatch.setenv("IACGUARD_DEBUG", "1")
    assert app.run(["scan", "."]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_a_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(project)
    monkeypatch.setattr("iacguard.stacks.discover", interrupt)
    assert app.run(["scan", "."]) == 130
    assert capsys.readouterr().err == "iacguard: interrupted\n"


def test_colour_only_where_it_is_wanted(run: Run, project: Path) -> None:
    assert "\x1b" not in run(project, "scan", ".").stdout
    assert "\x1b[1;31mHIGH\x1b[0m" in run(project, "scan", ".", FORCE_COLOR="1").stdout
    assert "\x1b[1;31mHIGH\x1b[0m" in run(project, "scan", ".", CLICOLOR_FORCE="1").stdout
    assert "\x1b" not in run(project, "scan", ".", CLICOLOR_FORCE="0").stdout
    assert "\x1b" not in run(project, "scan", ".", FORCE_COLOR="1", NO_COLOR="1").stdout
    done = run(project, "scan", ".", "-f", "table", "-o", "r.txt", FORCE_COLOR="1")
    assert done.returncode == 1
    assert "\x1b" not in (project / "r.txt").read_text()


def test_a_narrow_encoding_is_no_failure(run: Run, project: Path) -> None:
    text = (project / "main.tf").read_text(encoding="utf-8").replace('read"', 'read" # 漢字')
    (project / "main.tf").write_text(text, encoding="utf-8")
    done = run(project, "scan", ".", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "# \\u6f22\\u5b57" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a shell pipe of POSIX")
def test_a_reader_that_leaves_early_is_no_failure(project: Path) -> None:
    root = str(Path(__file__).parents[2])
    command = f"PYTHONPATH='{root}' '{sys.executable}' -m iacguard scan . -f json -f json"
    script = f"{command} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=project, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "1\n"
    assert "Broken" not in done.stderr
    assert "Traceback" not in done.stderr


def test_hostile_names_reach_no_output_unescaped(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31m\u202e"
    folder.mkdir()
    value = '"public-read" # \x1b]0;owned\x07 \u202e\x9b1m'
    (folder / "x\x1b[2J.tf").write_text(f'resource "aws_s3_bucket" "b" {{\n  acl = {value}\n}}\n', encoding="utf-8")
    (folder / "y\x07.tf").write_text("{{{\x1b[31m", encoding="utf-8")
    for name in ("table", "json", "sarif"):
        done = run(tmp_path, "scan", ".", "-f", name)
        assert done.returncode == 3
        for text in (done.stdout, done.stderr):
            assert all(c == "\n" or c.isprintable() for c in text)


def test_two_runs_give_the_same_bytes(run: Run, broken_project: Path) -> None:
    for name in ("table", "json", "sarif"):
        first = run(broken_project, "scan", ".", "-f", name, PYTHONHASHSEED="1")
        second = run(broken_project, "scan", ".", "-f", name, PYTHONHASHSEED="2")
        assert first.stdout == second.stdout
        assert first.stdout
