"""The command line's entry: builds the commands, runs one, and turns every end of it into an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from iacguard.cli.status import INTERRUPTED, USAGE, CommandError

_HELP = """iacguard decides whether AI-drafted Terraform, CloudFormation and Kubernetes code may ship.

\b
Examples:
  iacguard scan .                          scan a project, show a table
  iacguard scan . --format sarif -o r.sarif
  iacguard explain aws-s3-bucket-public-acl
  iacguard graph . --format json           what the code would create, evaluated
"""
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def build() -> typer.Typer:
    """All commands; their modules import what is heavy only when they run."""
    from iacguard.cli import explain, graph, policy, scan

    app = typer.Typer(
        name="iacguard",
        help=_HELP,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_SETTINGS,
    )
    app.callback(invoke_without_command=True)(_main)
    app.command("scan", help=scan.HELP, short_help="Scan code and report what violates a policy.")(scan.scan)
    app.command("graph", help=graph.HELP, short_help="Show what the code would create.")(graph.graph)
    app.command("explain", help=explain.HELP, short_help="Explain a policy.")(explain.explain)
    app.add_typer(policy.build(), name="policy", short_help="List, show, test and start policies.")
    return app


def _main(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", "-V", help="Show the version and exit."),
) -> None:
    if version:
        from iacguard import __version__

        print(f"iacguard {__version__}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run the command line on ``arguments``; returns the exit status. No exception leaves it."""
    try:
        command: Any = typer.main.get_command(build())
        status = command.main(args=list(arguments), prog_name="iacguard", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except KeyboardInterrupt:
        return _fail("interrupted", "", INTERRUPTED)
    except typer.Abort:
        return _fail("interrupted", "", INTERRUPTED)
    except SystemExit as end:  # the completion script ends the run this way
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:
        return _explain(error)


def _explain(error: Exception) -> int:
    """One line of what went wrong, and a hint."""
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
    for number, line in enumerate(message.splitlines() or [""]):
        say(f"iacguard: {printable(line)}" if number == 0 else f"  {printable(line)}")
    if hint:
        say(f"  {printable(hint)}")
    return status
