"""Ignore files mean what git says they mean: each case is decided by git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iacguard.walk import walk

FILES = (
    "a.tf",
    "b.tf",
    "ab.tf",
    "a b.tf",
    "a .tf",
    "[a].tf",
    "a-b.tf",
    "é.tf",
    "#a.tf",
    "!a.tf",
    "x/a.tf",
    "x/b.tf",
    "x/y/a.tf",
    "x/y/z/a.tf",
    "xy/a.tf",
    "y/x/a.tf",
    "y/x/b.tf",
    "a/x.tf",
    "a/a/a.tf",
)
PIECES: tuple[str, ...] = (
    "a",
    "b",
    "x",
    "y",
    "z",
    "*",
    "**",
    "?",
    "/",
    "[ab]",
    "[!a]",
    "[^a]",
    "[a-x]",
    "[",
    "]",
    "-",
    "!",
    "\\",
    " ",
)
PIECES = (
    *PIECES,
    ".tf",
    "*.tf",
    "/**/",
    "**/",
    "/**",
    "#",
    "[[:alpha:]]",
    "[[:x:]]",
    "\\a",
    "\\*",
    "\\ ",
    "***",
    "é",
    "\r",
)


def make_tree(root: Path) -> None:
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("# x\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)


def by_git(root: Path) -> set[str]:
    command = ["git", "ls-files", "--others", "--exclude-per-directory=.gitignore", "-z"]
    out = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout
    return {name.decode() for name in out.split(b"\0") if name.endswith(b".tf")}


def by_us(root: Path) -> set[str]:
    return {entry.path for entry in walk(str(root), (str(root),)).entries}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree").resolve()
    make_tree(root)
    return root


@pytest.mark.parametrize(
    "rules",
    [
        "*.tf\n!a.tf\n",
        "/a.tf\n",
        "x/\n",
        "x\n!x/a.tf\n",
        "x/*\n!x/y\n",
        "**/a.tf\n",
        "x/**\n",
        "x/**/a.tf\n",
        "a**/x.tf\n",
        "y/x/\n",
        "[a].tf\n\\[a].tf\n",
        "\\#a.tf\n",
        "\\!a.tf\n",
        "# a comment\n\n   \n",
        "a.tf   \n",
        "a\\ .tf\n",
        "\ufeffa.tf\n",
        "a.tf\r\nb.tf\r\n",
        "?.tf\n",
        "[!a].tf\n",
        "[]a].tf\n",
        "[[:alpha:]].tf\n",
        "[a-\n",
        "a.tf\\\n",
        "/\n",
        "//a.tf\n",
        "x//a.tf\n",
        "*/x/a.tf\n",
        "**\n!a/\n",
    ],
)
def test_means_what_git_means(tree: Path, rules: str) -> None:
    (tree / ".gitignore").write_text(rules, encoding="utf-8", newline="")
    assert by_us(tree) == by_git(tree)


LINES = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join), min_size=1, max_size=3)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outer=LINES, inner=LINES)
def test_generated_patterns(tree: Path, outer: list[str], inner: list[str]) -> None:
    (tree / ".gitignore").write_text("\n".join(outer), encoding="utf-8", newline="")
    (tree / "x" / ".gitignore").write_text("\n".join(inner), encoding="utf-8", newline="")
    try:
        assert by_us(tree) == by_git(tree)
    finally:
        (tree / "x" / ".gitignore").unlink()


def test_our_own_ignore_file_outranks_gits(tmp_path: Path) -> None:
    make_tree(tmp_path)
    (tmp_path / ".gitignore").write_text("x/\n")
    (tmp_path / ".iacguardignore").write_text("!x/\na/\n")
    seen = by_us(tmp_path)
    assert "x/a.tf" in seen
    assert "a/x.tf" not in seen


def test_what_was_ignored_is_told_with_the_file_that_says_so(tmp_path: Path) -> None:
    make_tree(tmp_path)
    (tmp_path / ".gitignore").write_text("/a.tf\n/x/\n")
    passed = {p.file: p.reason for p in walk(str(tmp_path), (str(tmp_path),)).passed_over}
    assert passed == {"a.tf": "ignored by .gitignore", "x/": "ignored by .gitignore"}


def test_a_folder_that_was_asked_for_is_not_ignored_but_what_is_in_it_may_be(tmp_path: Path) -> None:
    make_tree(tmp_path)
    (tmp_path / ".gitignore").write_text("x/\nb.tf\n")
    seen = {e.path for e in walk(str(tmp_path), (str(tmp_path / "x"),)).entries}
    assert seen == {"x/a.tf", "x/y/a.tf", "x/y/z/a.tf"}
