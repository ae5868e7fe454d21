"""The reader against python-hcl2, another author's: the same literals, names and structure from the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

from iacguard.frontends.terraform.parse import parse
from iacguard.source import SourceFile
from tools.hcl_differential import compare, differences, ours, theirs

SAMPLES = sorted((Path(__file__).parent / "syntax").glob("*.tf"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_two_readers_agree(sample: Path) -> None:
    assert compare(sample, 60) == ("agree", [])


def test_a_difference_is_told() -> None:
    found, _ = parse(SourceFile("main.tf", b'a = 1\nb = "x${y}z"\nc { d = [true] }\n'))
    assert found is not None
    mine = ours(found.body, b'a = 1\nb = "x${y}z"\nc { d = [true] }\n')
    other = theirs({"a": 1, "b": '"x${y}z"', "c": [{"d": [True]}]})
    assert differences(mine, other) == []
    other = theirs({"a": 2, "b": '"x${y}"', "c": [{"d": [1]}], "e": None})
    assert [line.partition(":")[0] for line in differences(mine, other)] == [".e", ".a", ".b", ".c[0].d[0]"]


@pytest.mark.parametrize("text", [b"a = \n", b"a {"])
def test_what_neither_accepts_is_refused_by_both(tmp_path: Path, text: bytes) -> None:
    broken = tmp_path / "main.tf"
    broken.write_bytes(text)
    assert compare(broken, 60) == ("refused by both", [])
