"""Make docs/policy-language.md from the schema and the functions' docstrings.

python tools/policy_language.py            writes the page
python tools/policy_language.py --check    exit status 1 where the page is stale
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from iacguard.policy.functions import SECTIONS, Function
from iacguard.policy.groups import GROUPS
from iacguard.policy.schema import EXAMPLE, POLICY, Key

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "tools" / "policy_language.in.md"
PAGE = ROOT / "docs" / "policy-language.md"


def page() -> str:
    """The whole page."""
    groups = "\n".join(f"- `{name}`: {', '.join(f'`{k}`' for k in kinds)}" for name, kinds in GROUPS.items())
    text = TEMPLATE.read_text("utf-8")
    for name, made in (
        ("POLICY", _keys(POLICY)),
        ("EXAMPLE", _keys(EXAMPLE)),
        ("GROUPS", groups),
        ("FUNCTIONS", "\n\n".join(_section(title, table) for title, table in SECTIONS)),
    ):
        text = text.replace("{{" + name + "}}", made)
    return text


def _keys(keys: Iterable[Key]) -> str:
    rows = (f"| `{k.name}`{' (required)' if k.required else ''} | {k.takes} | {k.meaning} |" for k in keys)
    return "\n".join(("| Key | Takes | Meaning |", "|---|---|---|", *rows))


def _section(title: str, table: Iterable[Function]) -> str:
    return f"### {title}\n\n" + "\n\n".join(map(_function, table))


def _function(function: Function) -> str:
    types = "; ".join(f"{p.name}: {' or '.join(p.types) or 'any'}" for p in function.parameters)
    takes = f"Takes {types}. " if types else ""
    doc = function.doc.replace(":func:", "").replace("``", "`")
    return f"#### `{function.signature}`\n\n{doc}\n\n{takes}Gives {function.returns}. Unknown: {function.unknown}."


def main(arguments: list[str]) -> int:
    made = page()
    if arguments == ["--check"]:
        stale = not PAGE.is_file() or PAGE.read_text("utf-8") != made
        if stale:
            print(f"{PAGE.relative_to(ROOT)} is stale: run python tools/policy_language.py", file=sys.stderr)
        return int(stale)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
