"""What tests share: iacguard as its users start it, in a process of its own."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it said."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> str:
        """Standard error as text."""
        return self.stderr.decode("utf-8")

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.stdout.decode("utf-8"))


def run_iacguard(
    *arguments: str | Path,
    cwd: Path = ROOT,
    timeout: float = 120,
    environment: Mapping[str, str] | None = None,
    as_ordinary_user: bool = False,
) -> Ran:
    """Run ``iacguard`` with ``arguments``; fails where it takes longer than ``timeout`` seconds.

    ``as_ordinary_user``: permissions count for it, also where the tests run as root.
    """
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-m", "iacguard", *map(str, arguments)],
        cwd=cwd,
        env=clean,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
        preexec_fn=_respect_permissions if as_ordinary_user else None,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def _respect_permissions() -> None:
    """Without these two capabilities, root too is refused what a file's mode refuses its owner."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)
        libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_READ_SEARCH, 0, 0, 0)


@pytest.fixture
def iacguard() -> Callable[..., Ran]:
    """``run_iacguard`` for tests that want it handed in."""
    return run_iacguard
