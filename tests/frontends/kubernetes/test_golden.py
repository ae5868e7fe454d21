"""Whole manifests and their graphs. IACGUARD_UPDATE_GOLDEN=1 writes the graphs anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iacguard.model import Format

GOLDEN = Path(__file__).parent / "golden"
SOURCES = sorted(p for p in GOLDEN.iterdir() if p.suffix != ".graph")


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.name)
def test_graph(check_golden: Callable[[Path, Format], None], source: Path) -> None:
    check_golden(source, "kubernetes")


def test_each_has_a_graph() -> None:
    assert {p.name for p in GOLDEN.glob("*.graph")} == {f"{p.name}.graph" for p in SOURCES}
