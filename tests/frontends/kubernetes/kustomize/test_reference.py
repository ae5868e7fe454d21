"""What is built equals what kubectl builds: from committed outputs, and from kubectl itself where it is installed."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from iacguard.frontends.kubernetes.kustomize import build, open_files
from iacguard.frontends.kubernetes.kustomize.nodes import to_value, walk
from iacguard.workspace import DiskWorkspace


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kustomize_reference", Path(__file__).parent / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


reference = _load()
CASES = sorted(reference.CASES.glob("*.txt"))


def built(case: Path, base: Path) -> list[Any]:
    folder, files = reference.read_case(case)
    reference.write_files(files, base)
    made = build(open_files(DiskWorkspace(str(base.resolve()))), folder)
    assert made.problems == []
    lines = {name: text.count("\n") + 1 for name, text in files.items()}
    for item in made.items:
        for node in walk(item.root):
            span = node.place.span
            assert span.file in files, "every field comes from a file of the case"
            assert 1 <= span.line <= lines[span.file]
    objects: list[Any] = reference.normal(to_value(item.root) for item in made.items)
    return objects


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_equals_the_committed_output(case: Path, tmp_path: Path) -> None:
    assert built(case, tmp_path) == json.loads(case.with_suffix(".json").read_text("utf-8"))


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("case", CASES, ids=lambda p: p.stem)
def test_equals_kubectl(case: Path, tmp_path: Path) -> None:
    ours = built(case, tmp_path)
    folder, _ = reference.read_case(case)
    assert ours == reference.rendered(tmp_path / folder)


def test_there_are_enough() -> None:
    assert len(CASES) >= 60
    assert {p.stem for p in reference.CASES.glob("*.json")} == {p.stem for p in CASES}
