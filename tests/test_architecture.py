"""The walls of the house: who imports whom, who speaks to the world, and what a start may cost."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "iacguard"
MODULES = sorted(PACKAGE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NETWORK = {"socket", "urllib.request", "http.client", "http.server", "ssl", "ftplib", "smtplib", "asyncio", "requests"}
#: Where the name that is imported is not the name that is installed.
INSTALLED_AS = {
    "hcl2": "python-hcl2",
    "yaml": "pyyaml",
    "tree_sitter": "tree-sitter",
    "tree_sitter_hcl": "tree-sitter-hcl",
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.Module) -> Iterator[str]:
    """The module of every import, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def test_imports_run_one_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_dependencies_are_those_that_are_declared_and_each_is_used() -> None:
    used = {name.partition(".")[0] for path in MODULES for name in imported(ast.parse(path.read_text()))}
    foreign = {INSTALLED_AS.get(n, n) for n in used - sys.stdlib_module_names - {"iacguard"}}
    declared = {re.split(r"[<>=~!\[ ]", line)[0].lower() for line in PROJECT["dependencies"]}
    assert foreign == declared


def test_every_dependency_is_explained_and_has_both_bounds() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        name = re.split(r"[<>=~!\[ ]", line)[0]
        assert f"| `{name}` |" in explained, f"{name} is not in docs/dependencies.md"
        assert ">=" in line
        assert "<" in line


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_the_command_line_speaks_to_the_world(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not NETWORK & set(imported(tree)), "no network"
    if relative(path).startswith(("iacguard/cli/", "iacguard/__main__")):
        return
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if not _is_script(tree):
        assert "print" not in calls
        assert not {"sys.exit", "exit", "quit"} & calls
    assert not {"os.environ", "os.getenv", "sys.stdout", "sys.stderr", "sys.stdin"} & (names | calls)


def _is_script(tree: ast.Module) -> bool:
    """A table's maker (``python -m iacguard...``) may print and exit."""
    return any(isinstance(n, ast.If) and ast.unparse(n.test) == "__name__ == '__main__'" for n in tree.body)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_keeps_state_or_grows_without_end(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Global)], "no global state"
    assert text.count("\n") <= 525, "cut it in two"
    assert ast.get_docstring(tree) or not tree.body, "say what it is for"


def loaded(*arguments: str) -> set[str]:
    """The modules that a run of iacguard has loaded at its end."""
    script = (
        "import os, sys, runpy\n"
        "os._exit = sys.exit\n"  # a scan leaves without taking itself apart
        f"sys.argv = ['iacguard', *{list(arguments)!r}]\n"
        "try:\n    runpy.run_module('iacguard', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


HEAVY = {
    "rich",
    "pydantic",
    "jinja2",
    "asyncio",
    "pathspec",
    "hcl2",
    "lark",
    "cfnlint",
    "multiprocessing",
    "hypothesis",
}


def test_a_scan_loads_nothing_heavy() -> None:
    assert not HEAVY & loaded("scan", "fixtures/broken/crlf", "--format", "sarif", "--output", "-")


def test_the_version_needs_next_to_nothing() -> None:
    assert not (HEAVY | {"typer", "click", "yaml", "tree_sitter", "jmespath"}) & loaded("--version")
