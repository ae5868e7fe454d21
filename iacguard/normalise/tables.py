"""The normaliser's tables: loaded late, one small file a provider or service, cached for the process's life.

All scalars are text (YAML's base schema); what a row means is told at the head of each file.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """The table ``tables/<name>.yaml``; empty where there is none."""
    import yaml

    try:
        with open(os.path.join(os.path.dirname(__file__), "tables", f"{name}.yaml"), "rb") as file:
            data = file.read()
    except (OSError, ValueError):
        return {}
    # yaml's C loader is in the wheels of every platform; a source build without it still works.
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    table = yaml.load(data, loader)
    return table if isinstance(table, dict) else {}


def words(value: Any) -> tuple[str, ...]:
    """A scalar of words, or a list of texts, as a tuple."""
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(value) if isinstance(value, list) else ()
