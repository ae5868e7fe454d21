"""The normaliser's tables: loaded late, one small file a provider or service, cached for the process's life.

All scalars are text (YAML's base schema); what a row means is told at the head of each file.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """The table ``tables/<name>.yaml``; empty where there is none."""
    import yaml

    source = files("iacguard.normalise").joinpath("tables", *f"{name}.yaml".split("/"))
    try:
        data = source.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    # yaml's C loader is in the wheels of every platform; a source build without it still works.
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    table = yaml.load(data, loader)  # noqa: S506 (the base loader builds text, lists and maps only)
    return table if isinstance(table, dict) else {}
