"""Fills README.md's samples with what the program really says.

A sample stands between ``<!-- sample: iacguard ... -->`` and ``<!-- end -->``; the command is run at the root of the
repository, and what it says on both channels is put there.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "README.md"
_SAMPLE = re.compile(r"(<!-- sample: iacguard (?P<arguments>[^\n]*) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page() -> str:
    """README.md with fresh samples."""
    return _SAMPLE.sub(_filled, PAGE.read_text("utf-8"))


def _filled(sample: re.Match[str]) -> str:
    arguments = sample["arguments"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "iacguard", *shlex.split(arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout.rstrip("\n") + "\n" + done.stderr).strip("\n")
    return f"{sample[1]}```console\n$ iacguard {arguments}\n{said}\n$ echo $?\n{done.returncode}\n```\n"
