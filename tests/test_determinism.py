"""The same code gives the same bytes: whatever the order of files on disk, of paths, and of hashes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

FORMATS = ("table", "json", "sarif")
#: Starts iacguard with every listing of a folder in an order of its own.
SHUFFLED = """
import os, random, runpy, sys
order = random.Random(int(sys.argv.pop(1)))
scandir, listdir = os.scandir, os.listdir
class Shuffled:
    def __init__(self, path="."):
        self.inner = scandir(path)
        self.entries = list(self.inner)
        order.shuffle(self.entries)
        self.rest = iter(self.entries)
    def __iter__(self): return self
    def __next__(self): return next(self.rest)
    def __enter__(self): return self
    def __exit__(self, *_): self.inner.close()
    def close(self): self.inner.close()
def listing(path="."):
    names = listdir(path)
    order.shuffle(names)
    return names
os.scandir, os.listdir = Shuffled, listing
sys.argv[0] = "iacguard"
runpy.run_module("iacguard", run_name="__main__")
"""


def output(seed: int, format_: str, *paths: str, undecided: bool = True, jobs: int = 1) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    extra = ["--show-undecided"] if undecided else []
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            SHUFFLED,
            str(seed),
            "scan",
            *paths,
            "--format",
            format_,
            "--exit-zero",
            "--jobs",
            str(jobs),
            *extra,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_orders_and_seeds_change_no_byte(format_: str) -> None:
    first = output(0, format_, "fixtures")
    assert len(first) > 10_000
    for seed in (1, 2):
        assert output(seed, format_, "fixtures") == first


@pytest.mark.parametrize("format_", FORMATS)
def test_the_number_of_processes_changes_no_byte(format_: str) -> None:
    first = output(0, format_, "fixtures", jobs=1)
    assert output(1, format_, "fixtures", jobs=2) == first
    assert output(2, format_, "fixtures", jobs=7) == first


def test_the_order_of_paths_changes_no_byte() -> None:
    projects = sorted(f"fixtures/{p.name}" for p in (ROOT / "fixtures").iterdir() if p.is_dir())
    first = output(0, "sarif", *projects)
    assert output(3, "sarif", *reversed(projects), projects[0]) == first


def test_the_graph_is_the_same_too() -> None:
    runs = []
    for seed in (0, 1):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", SHUFFLED, str(seed), "graph", "fixtures", "--format", "json"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=False)
        runs.append(done.stdout)
    assert runs[0] == runs[1]
    assert len(runs[0]) > 10_000
