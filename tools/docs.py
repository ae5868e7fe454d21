"""Writes every generated page again, or says which one is stale.

python tools/docs.py            writes them
python tools/docs.py --check    exit status 1 where one is stale
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from iacguard.frontends.terraform.functions.document import markdown as terraform_functions  # noqa: E402
from iacguard.normalise.tables import names as table_names  # noqa: E402
from iacguard.normalise.tables import source  # noqa: E402
from tools.accuracy import page as accuracy  # noqa: E402
from tools.policy_language import page as policy_language  # noqa: E402
from tools.policy_pages import FOLDER  # noqa: E402
from tools.policy_pages import pages as policy_pages  # noqa: E402
from tools.readme import page as readme  # noqa: E402
from tools.vocabulary import page as vocabulary  # noqa: E402

TABLES = "iacguard/normalise/tables/json"
PAGES: dict[str, Callable[[], str]] = {
    "README.md": readme,
    "docs/accuracy.md": accuracy,
    "docs/policy-language.md": policy_language,
    "docs/terraform-functions.md": terraform_functions,
    "docs/vocabulary.md": vocabulary,
}


def made() -> dict[str, str]:
    """Every page as it should be, by its path."""
    return {**{name: make() for name, make in PAGES.items()}, **policy_pages(), **_tables()}


def _tables() -> dict[str, str]:
    """The normaliser's tables as scans read them."""
    return {
        f"{TABLES}/{name}.json": json.dumps(source(name), indent=0, ensure_ascii=False) + "\n" for name in table_names()
    }


def stale() -> list[str]:
    """The pages that are not what their makers make, and those that nothing makes any more."""
    pages = made()
    return [name for name, text in pages.items() if not _is_current(ROOT / name, text)] + _left_over(pages)


def _left_over(pages: Iterable[str]) -> list[str]:
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / FOLDER).glob("*.md")}
    there |= {path.relative_to(ROOT).as_posix() for path in (ROOT / TABLES).rglob("*.json")}
    return sorted(there.difference(pages))


def _is_current(page: Path, made: str) -> bool:
    return page.is_file() and page.read_text("utf-8") == made


def main(arguments: list[str]) -> int:
    """Write or check; returns the exit status."""
    if arguments == ["--check"]:
        found = stale()
        for name in found:
            print(f"{name} is stale: make docs", file=sys.stderr)
        return int(bool(found))
    pages = made()
    for name, text in pages.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text, "utf-8")
    for name in _left_over(pages):
        (ROOT / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
