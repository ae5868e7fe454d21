"""Writes every generated page again, or says which one is stale.

python tools/docs.py            writes them
python tools/docs.py --check    exit status 1 where one is stale
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from iacguard.frontends.terraform.functions.document import markdown as terraform_functions  # noqa: E402
from tools.policy_language import page as policy_language  # noqa: E402
from tools.readme import page as readme  # noqa: E402
from tools.vocabulary import page as vocabulary  # noqa: E402

PAGES: dict[str, Callable[[], str]] = {
    "README.md": readme,
    "docs/policy-language.md": policy_language,
    "docs/terraform-functions.md": terraform_functions,
    "docs/vocabulary.md": vocabulary,
}


def stale() -> list[str]:
    """The pages that are not what their makers make."""
    return [name for name, make in PAGES.items() if not _is_current(ROOT / name, make())]


def _is_current(page: Path, made: str) -> bool:
    return page.is_file() and page.read_text("utf-8") == made


def main(arguments: list[str]) -> int:
    """Write or check; returns the exit status."""
    if arguments == ["--check"]:
        found = stale()
        for name in found:
            print(f"{name} is stale: make docs", file=sys.stderr)
        return int(bool(found))
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
