"""``--with``: the other tools that a scan runs, and where their programs are."""

from __future__ import annotations

import os
from collections.abc import Sequence

from iacguard.cli.status import CommandError

CHECKOV = "IACGUARD_CHECKOV"


def tools(names: Sequence[str]) -> dict[str, str]:
    """Each tool with its program. Raises CommandError for one that is not known or not installed."""
    from iacguard.others import TOOLS

    found: dict[str, str] = {}
    for name in names:
        if name.lower() not in TOOLS:
            raise CommandError(f"--with {name!r} is no tool that iacguard runs", f"the tools are {', '.join(TOOLS)}")
        found[name.lower()] = _cfn_lint() if name.lower() == "cfn-lint" else _checkov()
    return found


def _cfn_lint() -> str:
    from iacguard.others.cfnlint import is_installed

    if not is_installed():
        raise CommandError("--with cfn-lint needs cfn-lint", "pip install 'iacguard[cfn-lint]'")
    return ""


def _checkov() -> str:
    from shutil import which

    given = os.environ.get(CHECKOV, "")
    program = os.path.abspath(given or which("checkov") or "")
    if not os.path.isfile(program) or not os.access(program, os.X_OK):
        wrong = f"{CHECKOV} names no program: {given}" if given else "--with checkov needs the program checkov"
        raise CommandError(wrong, f"install it into an environment of its own, and set {CHECKOV} to its path")
    return program
