"""The normaliser's tables: loaded late, one small file a provider or service, cached for the process's life.

All scalars are text (YAML's base schema); what a row means is told at the head of each file. A scan reads each as JSON
from ``tables/json/``, which ``make docs`` writes: importing a YAML parser costs more than all the tables.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

FOLDER = os.path.join(os.path.dirname(__file__), "tables")


@cache
def load(name: str) -> dict[str, Any]:
    """The table ``tables/<name>.yaml``; empty where there is none."""
    try:
        with open(os.path.join(FOLDER, "json", f"{name}.json"), encoding="utf-8") as file:
            table = json.load(file)
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def names() -> tuple[str, ...]:
    """The names of all tables, sorted."""
    found = []
    for folder, _, files in os.walk(FOLDER):
        inside = os.path.relpath(folder, FOLDER).replace(os.sep, "/")
        found += [f"{inside}/{f}".removeprefix("./") for f in files if f.endswith(".yaml")]
    return tuple(sorted(name.removesuffix(".yaml") for name in found))


def source(name: str) -> dict[str, Any]:
    """The table as it is written, in YAML. Raises OSError where there is none."""
    import yaml

    with open(os.path.join(FOLDER, f"{name}.yaml"), "rb") as file:
        data = file.read()
    # yaml's C loader is in the wheels of every platform; a source build without it still works.
    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    table = yaml.load(data, loader)
    return table if isinstance(table, dict) else {}


def words(value: Any) -> tuple[str, ...]:
    """A scalar of words, or a list of texts, as a tuple."""
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(value) if isinstance(value, list) else ()
