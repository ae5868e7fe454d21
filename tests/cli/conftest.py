"""Small projects on disk, and the command line run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

INSECURE = """\
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
  acl    = "public-read"
}
"""
BROKEN = 'resource "aws_s3_bucket" "x" {\n  bucket = "x"\n'

#: Run with these arguments; the first one is the folder it runs in.
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run() -> Run:
    """Run ``python -m iacguard`` in a folder, with an environment of its own; colours are off unless asked for."""

    def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        dropped = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "IACGUARD_DEBUG", "COLUMNS")
        kept = {key: value for key, value in os.environ.items() if key not in dropped}
        return subprocess.run(
            [sys.executable, "-m", "iacguard", *arguments],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return start


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One Terraform file with a public bucket."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.tf").write_text(INSECURE, encoding="utf-8")
    return folder


@pytest.fixture
def broken_project(project: Path) -> Path:
    """The same, beside a file that cannot be parsed."""
    (project / "broken.tf").write_text(BROKEN, encoding="utf-8")
    return project
