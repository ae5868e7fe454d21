"""Patterns that are compiled late are patterns in all that they are used for."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from iacguard import late
from tests.conftest import ROOT


def test_a_late_pattern_does_what_a_compiled_one_does() -> None:
    text = "a1 b22"
    made = re.compile(r"([a-z])(\d+)", re.I)
    for part in ("match", "fullmatch", "search"):
        ours, theirs = (getattr(p, part)(text) for p in (late.regex(made.pattern, re.I), made))
        assert (ours and ours.groups()) == (theirs and theirs.groups())
    assert late.regex(made.pattern).findall(text) == made.findall(text)
    assert [m.span() for m in late.regex(made.pattern).finditer(text)] == [(0, 2), (3, 6)]
    assert late.regex(made.pattern).split(text) == made.split(text)
    assert late.regex(made.pattern).sub(r"\2\1", text) == "1a 22b"
    assert late.regex(made.pattern).subn("", text) == (" ", 2)
    assert late.regex(made.pattern, re.I).flags == made.flags
    assert late.regex(rb"\d").search(b"a1")


def test_it_stays_usable() -> None:
    digits = late.regex(r"\d+")
    assert digits.search("a1")
    assert digits.pattern == r"\d+"
    assert digits.fullmatch("12")
    assert digits.search("") is None


def test_a_mistake_shows_at_the_first_use() -> None:
    broken = late.regex("(")
    for _ in range(2):
        with pytest.raises(re.error):
            broken.search("")


def test_what_a_pattern_has_not_a_late_one_has_not_either() -> None:
    with pytest.raises(AttributeError):
        late.regex("a").nothing  # type: ignore[attr-defined]  # noqa: B018


def test_a_library_is_imported_with_late_patterns_and_nothing_stays_changed() -> None:
    compiled = re.compile
    with late.everywhere():
        assert re.compile("(") is not None  # not a pattern yet
    assert re.compile is compiled


@pytest.mark.parametrize("loader", ["SafeLoader", "CSafeLoader"])
def test_yaml_reads_as_ever_with_late_patterns(loader: str) -> None:
    code = (
        "import sys, re; from iacguard import late\n"
        "with late.everywhere(): import yaml\n"
        f"print(yaml.load('a: [1, 0x1f, 2020-01-02, ~, yes, 1.5e+3]', Loader=yaml.{loader}))\n"
        f"try: yaml.load('a: \\x01', Loader=yaml.{loader})\n"
        "except yaml.reader.ReaderError as error: print(error.position)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    values, position = done.stdout.splitlines()
    assert values == "{'a': [1, 31, datetime.date(2020, 1, 2), None, True, 1500.0]}"
    assert position == "3"
