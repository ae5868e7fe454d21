"""Make docs/vocabulary.md from the normaliser's tables.

python tools/vocabulary.py            writes the page
python tools/vocabulary.py --check    exit status 1 where the page is stale
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from iacguard.normalise.fold import Fold, Target
from iacguard.normalise.tables import load
from iacguard.normalise.terraformed import kinds
from iacguard.normalise.vocabulary import cloudformation_types, folds
from iacguard.normalise.workload import POD_TEMPLATES

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "tools" / "vocabulary.in.md"
PAGE = ROOT / "docs" / "vocabulary.md"


def page() -> str:
    """The whole page."""
    text = TEMPLATE.read_text("utf-8")
    for name, made in (
        ("DOCUMENTS", _names(load("documents"))),
        ("WORKLOADS", _names(POD_TEMPLATES)),
        ("KUBERNETES", _kubernetes()),
        ("FOLDS", _folds()),
        ("CLOUDFORMATION", _cloudformation()),
    ):
        text = text.replace("{{" + name + "}}", made)
    return text


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _kubernetes() -> str:
    return ", ".join(f"`{type_}` ({kind})" for type_, (_, kind) in kinds().items()) + "."


def _folds() -> str:
    parents: dict[str, list[str]] = {}
    for fold in folds():
        parents.setdefault(fold.parent, []).extend(f"| {_target(t)} | {_child(fold)} |" for t in fold.targets)
    sections = []
    for parent in sorted(parents):
        title = "any resource that is named" if parent == "*" else f"`{parent}`"
        sections.append("\n".join((f"### {title}", "", "| Attribute | From |", "|---|---|", *parents[parent])))
    return "\n\n".join(sections)


def _target(target: Target) -> str:
    name = f"`{target.name}{'[*]' if target.many else ''}`"
    taken = f" ({'.'.join(map(str, target.source))})" if target.source and target.source != (target.name,) else ""
    made = ", ".join(f"`{new}` {_made(path, how, than)}" for new, path, how, than in target.made)
    return f"{name}{taken}{'; ' + made if made else ''}"


def _made(path: tuple[str | int, ...], how: str, than: str) -> str:
    source = ".".join(map(str, path))
    if how == "is":
        return f"= {source} is {than}"
    return f"= {than}" if how == "const" else f"= {source}"


def _child(fold: Fold) -> str:
    return f"`{fold.child}` by {' or '.join(f'`{r}`' for r in fold.references)}{', kin' if fold.kin else ''}"


def _cloudformation() -> str:
    rows = (f"| `{native}` | {_names(types)} |" for native, types in cloudformation_types().items())
    return "\n".join(("| CloudFormation | Terraform |", "|---|---|", *rows))


def main(arguments: list[str]) -> int:
    made = page()
    if arguments == ["--check"]:
        stale = not PAGE.is_file() or PAGE.read_text("utf-8") != made
        if stale:
            print(f"{PAGE.relative_to(ROOT)} is stale: run python tools/vocabulary.py", file=sys.stderr)
        return int(stale)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
