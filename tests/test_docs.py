"""Generated pages are fresh, and every page and file that the documentation names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools.docs import PAGES, stale

PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_fresh(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == PAGES[name](), "make docs"


def test_no_generated_page_is_stale_or_left_over() -> None:
    assert stale() == [], "make docs"


@pytest.mark.parametrize("page", PROSE, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^(`{3,}).*?^\1", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_pages_that_the_code_promises_exist() -> None:
    named = set()
    for path in (ROOT / "iacguard").rglob("*.py"):
        named |= set(re.findall(r"docs/[a-z-]+\.md", path.read_text("utf-8")))
    assert not [name for name in sorted(named) if not (ROOT / name).is_file()]


def test_make_targets_that_the_documentation_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        t for page in PROSE for t in re.findall(r"`make ([a-z]+)`|^    make ([a-z]+)", page.read_text(), re.MULTILINE)
    }
    assert {a or b for a, b in named} <= targets
