"""The cases of this folder, and what ``kubectl kustomize`` makes of them.

A case is a text file: sections ``-- path --``, each a file; a first line ``build FOLDER`` names the kustomization that
is built, the top one without it. ``python tests/frontends/kubernetes/kustomize/reference.py`` writes the ``.json``
beside each anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)


def read_case(path: Path) -> tuple[str, dict[str, str]]:
    """The folder to build and the files of a case."""
    head, *parts = _SECTION.split(path.read_text("utf-8"))
    folder = head.removeprefix("build ").strip()
    return folder, dict(zip(parts[::2], parts[1::2], strict=True))


def write_files(files: dict[str, str], folder: Path) -> None:
    """Lay a case's files out on disk."""
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def rendered(folder: Path) -> list[Any]:
    """The objects that kubectl prints, in one order. Raises CalledProcessError where it fails."""
    import yaml

    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, check=True, timeout=60)

    class Loader(yaml.SafeLoader):
        """Without dates: they are texts in JSON."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return normal(yaml.load_all(done.stdout, Loader))


def normal(objects: Any) -> list[Any]:
    """Objects in one order; no annotations and empty ones are the same to the API."""
    found = [json.loads(json.dumps(thing)) for thing in objects if thing]
    for thing in found:
        metadata = thing.get("metadata") or {}
        if not metadata.get("annotations", True):
            del metadata["annotations"]
    return sorted(found, key=lambda thing: json.dumps(thing, sort_keys=True))


def main() -> None:
    for path in sorted(CASES.glob("*.txt")):
        folder, files = read_case(path)
        with tempfile.TemporaryDirectory() as base:
            write_files(files, Path(base))
            try:
                objects = rendered(Path(base) / folder)
            except subprocess.CalledProcessError as error:
                sys.exit(f"{path.name}: {error.stderr.decode()}")
        text = json.dumps(objects, indent=1, sort_keys=True, ensure_ascii=False)
        path.with_suffix(".json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
