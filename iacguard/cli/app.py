"""The command line's entry: finds the command, runs it, and turns every end of it into an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from iacguard.cli.options import Command, parse
from iacguard.cli.status import INTERRUPTED, USAGE, CommandError

_HELP = """iacguard decides whether AI-drafted Terraform, CloudFormation and Kubernetes code may ship.

\b
Examples:
  iacguard scan .                          scan a project, show a table
  iacguard scan . --format sarif -o r.sarif
  iacguard explain aws-s3-bucket-public-acl
  iacguard graph . --format json           what the code would create, evaluated
"""


def commands() -> tuple[Command, ...]:
    """The commands at the top, in the order of the help text."""
    from iacguard.cli import explain, graph, scan

    return (scan.COMMAND, graph.COMMAND, explain.COMMAND)


def find(words: Sequence[str]) -> tuple[Command, Sequence[str]] | None:
    """The command that ``words`` begin with, and the words after it. Loads that command's module only."""
    match list(words):
        case ["scan", *rest]:
            from iacguard.cli.scan import COMMAND

            return COMMAND, rest
        case ["graph" | "explain" as name, *rest]:
            return next(c for c in commands() if c.name == name), rest
        case ["policy", name, *rest]:
            from iacguard.cli.policy import COMMANDS

            return next(((c, rest) for c in COMMANDS if c.name == name), None)
    return None


def build() -> Any:
    """The typer application of all commands."""
    from iacguard.cli import policy
    from iacguard.cli.typed import build as build_typed

    group = ("List, show, test and start policies.", policy.HELP, list(policy.COMMANDS))
    return build_typed(_HELP, commands(), {"policy": group})


def run(arguments: Sequence[str]) -> int:
    """Run the command line on ``arguments``; returns the exit status. No exception leaves it."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _fail("interrupted", "", INTERRUPTED)
    except SystemExit as end:  # shell completion ends the run this way
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:
        return _explain(error)


def _run(arguments: Sequence[str]) -> int:
    found = None if "_IACGUARD_COMPLETE" in os.environ else find(arguments)
    if found is not None:
        command, rest = found
        values = parse(command, rest)
        if values is not None:
            return command.run(**values)
    words = list(arguments)
    status = build().main(args=words, prog_name="iacguard", standalone_mode=False, obj=words)
    if status == INTERRUPTED:  # typer turns the signal into a status of its own
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def _explain(error: Exception) -> int:
    """One line of what went wrong, and a hint."""
    if type(error).__name__ == "Abort":  # typer's word for an interrupt at a prompt
        return _fail("interrupted", "", INTERRUPTED)
    if isinstance(error, CommandError) or _is_expected(error):
        return _fail(str(error), getattr(error, "hint", ""))
    # Errors of the option parser, wherever this version of typer keeps their classes.
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "iacguard"
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        return _fail(message, f"{command} --help shows the options")
    if os.environ.get("IACGUARD_DEBUG"):
        import traceback

        traceback.print_exception(error)
    return _fail(
        f"internal error: {type(error).__name__}: {error}",
        "this is a defect of iacguard; IACGUARD_DEBUG=1 shows where, please report it",
    )


def _is_expected(error: Exception) -> bool:
    """Whether it is one of the two errors by which a run cannot start. Their modules are loaded if one was raised."""
    for module, name in (("iacguard.discover", "UsageError"), ("iacguard.policy", "PolicyError")):
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            return True
    return False


def _fail(message: str, hint: str, status: int = USAGE) -> int:
    from iacguard.cli.terminal import Terminal, say
    from iacguard.report.text import printable

    Terminal.detect()
    first, *more = message.splitlines() or [""]
    say(f"iacguard: {printable(first)}")
    for line in more:  # several policies' errors: each begins with its own file and line
        say(printable(line))
    if hint:
        say(f"  {printable(hint)}")
    return status
