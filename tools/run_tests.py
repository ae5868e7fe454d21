"""Runs the tests, and ends with the runner's closing line.

``--unless-unchanged``: where the very same tree has passed already, only repeats that run's closing line. So
``make test`` followed by ``make check`` runs the tests once.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / ".venv" / ".stamp-tests"
SKIPPED = {".git", ".venv", ".checkov", ".trivy", "node_modules", "out", "dist", "__pycache__"}


def main(arguments: list[str]) -> int:
    """Run pytest with ``arguments``; returns its exit status."""
    whole = not [a for a in arguments if a != "--unless-unchanged"]
    tree = digest()
    if "--unless-unchanged" in arguments:
        passed = closing_line(tree)
        if passed:
            print("the tests have passed on this very tree:")
            print(passed)
            return 0
    STAMP.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "auto", *(a for a in arguments if a != "--unless-unchanged")]
    last = ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as tests:
        assert tests.stdout is not None
        for line in tests.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if tests.returncode == 0 and whole and digest() == tree:
        STAMP.write_text(json.dumps({"tree": tree, "closing": last}))
    return tests.returncode


def closing_line(tree: str) -> str:
    """How the tests ended on ``tree``, "" where they have not passed on it."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return ""
    return str(stamp["closing"]) if stamp.get("tree") == tree else ""


def digest() -> str:
    """A hash over the names and contents of all files of the project, and the interpreter."""
    total = hashlib.sha256(sys.version.encode())
    for path in sorted(files()):
        total.update(b"\0" + os.fsencode(path) + b"\0")
        full = ROOT / path
        if full.is_symlink():
            total.update(os.fsencode(os.readlink(full)))
        elif full.is_file():
            total.update(hashlib.sha256(full.read_bytes()).digest())
    return total.hexdigest()


def files() -> Iterator[str]:
    """All files that git would see, or all but the made ones where there is no git."""
    try:
        command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        yield from (os.fsdecode(name) for name in listed.split(b"\0") if name)
    except (OSError, subprocess.CalledProcessError):
        for folder, folders, names in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in SKIPPED and not f.endswith("_cache")]
            yield from (os.path.relpath(os.path.join(folder, name), ROOT) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
