"""The commands beside ``scan``, in one process; and what every start costs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from iacguard import __version__
from iacguard.cli import app
from iacguard.policy import load_pack

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ACL = "aws-s3-bucket-public-acl"


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command that succeeds prints."""

    def run(*arguments: str) -> str:
        assert app.run(arguments) == 0
        text, err = capsys.readouterr()
        assert err == ""
        return text

    return run


def test_help_without_arguments(out: Callable[..., str]) -> None:
    text = out()
    assert text == out("--help") == out("-h")
    assert "Examples:\n    iacguard scan . " in text
    for command in ("scan", "graph", "explain", "policy"):
        assert re.search(rf"^  {command} +\S", text, re.MULTILINE)
        assert "Examples:\n" in out(command, "--help")


def test_the_version(run: Run, tmp_path: Path, out: Callable[..., str]) -> None:
    assert run(tmp_path, "--version").stdout == run(tmp_path, "-V").stdout == f"iacguard {__version__}\n"
    # Also where something stands before it.
    assert out("--version", "scan") == f"iacguard {__version__}\n"


def test_the_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['iacguard', '--version']; from iacguard.__main__ import main; main();"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('typer', 'click', 'yaml', 'json', 'iacguard')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[1] == "iacguard iacguard.__main__"


def test_the_version_is_there_at_once() -> None:
    """Below 0.15 s, the whole process; the best of five, because the machine may be busy."""

    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "iacguard", "--version"], capture_output=True, timeout=60, check=True)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.15


def test_a_scan_imports_nothing_that_it_does_not_need(project: Path) -> None:
    code = (
        "import sys; from iacguard.cli.app import run; run(['scan', '.']);"
        "heavy = 'typer click rich hcl2 pydantic jinja2 asyncio lark cfnlint'.split();"
        "print('HEAVY', *(m for m in heavy if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "HEAVY"


def test_the_list_of_policies(out: Callable[..., str]) -> None:
    rows = json.loads(out("policy", "list", "--format", "json"))
    rules = load_pack().rules
    assert [row["id"] for row in rows] == [rule.id for rule in rules]
    row = next(row for row in rows if row["id"] == ACL)
    assert row["category"] == "public-storage"
    assert "aws_s3_bucket" in row["resource"]
    assert "CKV_AWS_20" in row["aliases"]
    assert {"title", "severity", "frameworks", "references", "source"} <= set(row)
    table = out("policy", "list")
    assert f"\n{len(rules)} policies\n" in table
    assert ACL in table


def test_the_list_can_be_narrowed(out: Callable[..., str]) -> None:
    narrowed = json.loads(out("policy", "list", "-f", "json", "--select", "aws-s3-*", "--severity", "critical,high"))
    assert narrowed
    assert all(row["id"].startswith("aws-s3-") and row["severity"] in ("critical", "high") for row in narrowed)
    assert ACL not in out("policy", "list", "--ignore", ACL)


def test_explain_by_id_and_by_alias(out: Callable[..., str]) -> None:
    text = out("explain", ACL)
    assert text.startswith(f"{ACL}\n")
    assert {"Why", "How to fix", "References"} <= set(text.splitlines())
    assert "  Terraform:" in text
    assert text in out("explain", "ckv_aws_20")
    assert "  deny   " in out("policy", "show", ACL)


def test_a_near_miss_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["explain", "aws-s3-bucket-publik-acl"]) == 2
    assert capsys.readouterr().err.splitlines()[1] == f"  did you mean {ACL}?"


def test_a_new_policy_passes_its_examples_and_is_used(
    out: Callable[..., str], tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "own")
    assert out("policy", "new", "aws-s3-owner-tag", "--dir", folder).endswith("owner-tag.yaml\n")
    assert out("policy", "test", folder) == "4 of 4 examples pass\n"
    assert out("policy", "lint", folder) == "1 policy, 0 remarks\n"
    arguments = ["scan", str(project), "--policy-dir", folder, "--select", "aws-s3-owner-tag", "--fail-on", "low"]
    assert app.run(arguments) == 1
    assert "[aws-s3-owner-tag]" in capsys.readouterr().out
    assert app.run(["policy", "new", "aws-s3-owner-tag", "--dir", folder]) == 2
    assert "there is a policy already" in capsys.readouterr().err


def test_a_failing_example_and_a_bad_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["policy", "new", "aws-s3-owner-tag", "--dir", str(tmp_path)]) == 0
    (path,) = tmp_path.rglob("*.yaml")
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("satisfies: [aws_s3_bucket.data]", "violates: [aws_s3_bucket.data]"), encoding="utf-8")
    capsys.readouterr()
    assert app.run(["policy", "test", str(tmp_path)]) == 1
    assert "aws_s3_bucket.data must be violated, but is satisfied" in capsys.readouterr().out
    path.write_text(good.replace("severity:", "severty:"), encoding="utf-8")
    for arguments in (["policy", "test", str(tmp_path)], ["scan", str(tmp_path), "--policy-dir", str(tmp_path)]):
        assert app.run(arguments) == 2
        text, err = capsys.readouterr()
        assert text == ""
        assert re.search(r"owner-tag\.yaml:2:1: .*severty", err)
    assert app.run(["policy", "lint", str(tmp_path)]) == 1
    assert "severty" in capsys.readouterr().out


def test_the_graph_as_json(out: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "name" {}\n'
        'resource "aws_db_instance" "db" {\n  identifier = var.name\n  password = "hunter2"\n}\n'
        'resource "aws_s3_bucket" "a" {\n  bucket = "a${1 + 1}"\n}\n'
        'resource "aws_s3_bucket_versioning" "v" {\n  bucket = aws_s3_bucket.a.id\n}\n',
        encoding="utf-8",
    )
    data = json.loads(out("graph", str(tmp_path), "--format", "json"))
    assert set(data) == {"resources", "edges", "problems"}
    resources = {r["address"]: r for r in data["resources"]}
    database = resources["aws_db_instance.db"]
    assert (database["type"], database["format"]) == ("aws_db_instance", "terraform")
    assert (database["file"], database["line"]) == ("main.tf", 2)
    assert set(database["attributes"]["identifier"]) == {"$unknown"}
    assert database["attributes"]["password"] == "(masked)"
    assert resources["aws_s3_bucket.a"]["attributes"]["bucket"] == "a2"
    edges = [(e["source"], e["target"], e["attribute"]) for e in data["edges"]]
    assert ("aws_s3_bucket_versioning.v", "aws_s3_bucket.a", "bucket") in edges


def test_the_graph_as_dot(out: Callable[..., str], tmp_path: Path, project: Path) -> None:
    text = out("graph", str(project), "-f", "dot")
    assert text.startswith("digraph iacguard {\n")
    assert '[label="aws_s3_bucket.logs"];' in text
    assert out("graph", str(project), "-f", "dot", "-o", str(tmp_path / "g.dot")) == ""
    assert (tmp_path / "g.dot").read_text(encoding="utf-8") == text


def test_the_graph_of_broken_input(broken_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["graph", str(broken_project)]) == 3
    text, err = capsys.readouterr()
    data = json.loads(text)
    assert "aws_s3_bucket.logs" in [r["address"] for r in data["resources"]]
    assert [(p["kind"], p["place"]["file"]) for p in data["problems"]] == [("syntax", "broken.tf")]
    assert err.startswith("broken.tf:")
    assert app.run(["graph", str(broken_project), "--allow-incomplete"]) == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(run: Run, tmp_path: Path, shell: str) -> None:
    done = run(tmp_path, "--show-completion", shell)
    if done.returncode:  # the option takes no shell where the running one can be detected
        done = run(tmp_path, "--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "iacguard" in done.stdout + done.stderr
    completed = run(tmp_path, _IACGUARD_COMPLETE="complete_bash", COMP_WORDS="iacguard po", COMP_CWORD="1")
    assert completed.stdout.split() == ["policy"]
