"""Hostile input that cannot live in git, made here: sizes, depths, links, permissions, pipes and names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.broken.test_fixtures_broken import FORMATS, addresses, unsafe
from tests.conftest import ROOT, run_iacguard

GOOD_TF = (ROOT / "fixtures/broken/empty/good.tf").read_text()
GOOD_YAML = (ROOT / "fixtures/broken/crlf-yaml/good.yaml").read_text()
DEPTH = 10_000


def _nested_hcl(root: Path) -> None:
    (root / "main.tf").write_text("locals {\n  x = " + "[" * DEPTH + "]" * DEPTH + "\n}\n")


def _nested_calls(root: Path) -> None:
    (root / "main.tf").write_text("locals {\n  x = " + "upper(" * DEPTH + '"a"' + ")" * DEPTH + "\n}\n")


def _nested_templates(root: Path) -> None:
    (root / "main.tf").write_text("locals {\n  x = " + '"${' * DEPTH + "1" + '}"' * DEPTH + "\n}\n")


def _long_sum(root: Path) -> None:
    (root / "main.tf").write_text("locals {\n  x = " + "1 + " * DEPTH + "1\n}\n")


def _nested_blocks(root: Path) -> None:
    (root / "main.tf").write_text('resource "aws_s3_bucket" "b" {\n' + "a {\n" * DEPTH + "}\n" * DEPTH + "}\n")


def _nested_json(root: Path) -> None:
    (root / "main.tf.json").write_text('{"locals": {"x": ' + "[" * DEPTH + "]" * DEPTH + "}}")


def _nested_manifest(root: Path) -> None:
    (root / "bad.yaml").write_text("apiVersion: v1\nkind: ConfigMap\ndata: " + "[" * DEPTH + "]" * DEPTH + "\n")


def _nested_template(root: Path) -> None:
    deep = '{"Fn::Not": [' * DEPTH + "1" + "]}" * DEPTH
    (root / "bad.json").write_text('{"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": ' + deep + "}}}")


def _large_code(root: Path) -> None:
    with (root / "main.tf").open("wb") as file:
        file.write(b'locals {\n  x = "')
        file.truncate(50_000_000)


def _large_manifest(root: Path) -> None:
    (root / "bad.yaml").write_bytes(b"apiVersion: v1\nkind: ConfigMap\ndata:\n" + b"  # filler\n" * 4_600_000)


def _binary(root: Path) -> None:
    (root / "main.tf").write_bytes(bytes(range(256)) * 100)


def _loop(root: Path) -> None:
    (root / "loop").symlink_to(".")


def _circle(root: Path) -> None:
    (root / "one.tf").symlink_to("two.tf")
    (root / "two.tf").symlink_to("one.tf")


def _way_out(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "main.tf").write_text(GOOD_TF.replace('"good"', '"outside"'))
    (root / "out").symlink_to(outside)


def _way_out_by_file(root: Path) -> None:
    (root.parent / "outside.tf").write_text(GOOD_TF.replace('"good"', '"outside"'))
    (root / "main.tf").symlink_to(root.parent / "outside.tf")


def _way_out_by_module(root: Path) -> None:
    _way_out_by_file(root)
    (root / "main.tf").unlink()
    (root / "main.tf").write_text('module "m" {\n  source = "../outside"\n}\n')


def _refused_file(root: Path) -> None:
    (root / "main.tf").write_text(GOOD_TF)
    (root / "main.tf").chmod(0)


def _refused_folder(root: Path) -> None:
    (root / "inner").mkdir()
    (root / "inner").chmod(0)


def _pipe(root: Path) -> None:
    os.mkfifo(root / "main.tf")


def _noise(root: Path) -> None:
    (root / "main.tf").write_text('"${' * 50_000)


def _long_line(root: Path) -> None:
    (root / "main.tf").write_text("locals {\n  x = [" + '"a", ' * 500_000 + "\n")


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a list nested 10,000 deep": (_nested_hcl, "main.tf"),
    "calls nested 10,000 deep": (_nested_calls, "main.tf"),
    "templates nested 10,000 deep": (_nested_templates, "main.tf"),
    "a sum of 10,000 terms": (_long_sum, "main.tf"),
    "blocks nested 10,000 deep": (_nested_blocks, "main.tf"),
    "JSON syntax nested 10,000 deep": (_nested_json, "main.tf.json"),
    "a manifest nested 10,000 deep": (_nested_manifest, "bad.yaml"),
    "a template nested 10,000 deep": (_nested_template, "bad.json"),
    "50 MB of code": (_large_code, "main.tf"),
    "50 MB of manifest": (_large_manifest, "bad.yaml"),
    "a binary file": (_binary, "main.tf"),
    "a link to its own folder": (_loop, "loop"),
    "two links to each other": (_circle, "one.tf"),
    "a folder link out of the root": (_way_out, "out"),
    "a file link out of the root": (_way_out_by_file, "main.tf"),
    "a module out of the root": (_way_out_by_module, "main.tf"),
    "a file without permissions": (_refused_file, "main.tf"),
    "a folder without permissions": (_refused_folder, "inner"),
    "a pipe": (_pipe, "main.tf"),
    "50,000 open templates": (_noise, "main.tf"),
    "a list of 500,000 items that never ends": (_long_line, "main.tf"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_line_and_the_good_files_stay(case: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "good").mkdir()
    (root / "good" / "good.tf").write_text(GOOD_TF)
    (root / "good" / "good.yaml").write_text(GOOD_YAML)
    make, file = CASES[case]
    make(root)
    ran = run_iacguard("scan", root, "--format", "sarif", timeout=60, as_ordinary_user=True)
    (root / "inner").chmod(0o700) if (root / "inner").exists() else None
    assert "Traceback" not in ran.said
    assert " internal: " not in ran.said
    assert {"aws_security_group.good", "Pod/default/good"} <= addresses(ran)
    assert "aws_security_group.outside" not in addresses(ran)
    assert ran.status == (3 if file else 1), ran.said
    about = [line for line in ran.said.splitlines() if line.startswith(f"{file}:")]
    assert len(about) == (1 if file else 0), ran.said
    assert all(len(line) < 400 for line in about), "a line that nobody can read"


@pytest.mark.parametrize("format_", FORMATS)
def test_file_names_steer_nothing(format_: str, tmp_path: Path) -> None:
    names = (
        b"\x1b[31mred\x1b[0m.tf",
        b"\xff\xfe.tf",
        b"new\nline.tf",
        "\u202eft.tf".encode(),
        b"[bold]x[].tf",
        b"a\x7fb.tf",
    )
    for number, name in enumerate(names):
        path = os.fsencode(tmp_path) + b"/" + name
        with open(path, "w") as file:
            file.write(GOOD_TF.replace('"good"', f'"g{number}"'))
    with open(os.fsencode(tmp_path) + b"/\x1b]0;x\x07.yaml", "w") as file:
        file.write("apiVersion: v1\nkind: Pod\nmetadata: [\n")
    ran = run_iacguard("scan", tmp_path, "--format", format_, "--verbose")
    assert ran.status == 3, ran.said
    assert unsafe(ran.stdout.decode()) == []
    assert unsafe(ran.said) == []
    if format_ == "sarif":
        assert addresses(ran) >= {f"aws_security_group.g{n}" for n in range(len(names))}


def test_a_checkout_may_be_damaged(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"\x00\xff" * 1000)
    (tmp_path / ".git" / "config").write_bytes(b'[remote "origin"]\nurl = \x1b[31m\n')
    (tmp_path / "main.tf").write_text(GOOD_TF)
    ran = run_iacguard("scan", tmp_path, "--format", "sarif")
    assert ran.status == 1
    assert addresses(ran) == {"aws_security_group.good"}


def test_an_ignore_file_may_be_damaged(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(
        b"[\n\\\n\xff\xfe\n" + b"*" * 3000 + b"b\n" + b"**/" * 500 + b"x\n" + b"*a" * 99 + b"b\n"
    )
    (tmp_path / "main.tf").write_text(GOOD_TF)
    assert run_iacguard("scan", tmp_path, "--format", "sarif", timeout=30).status == 1
