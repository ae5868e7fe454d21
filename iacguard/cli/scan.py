"""``iacguard scan``: scan infrastructure code, report, and say by the exit status whether it may ship."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from iacguard.cli.outputs import STDOUT, Target, pair, write
from iacguard.cli.status import CLEAN, FINDINGS, INCOMPLETE, CommandError
from iacguard.findings import SEVERITIES, ScanResult, Severity

if TYPE_CHECKING:
    from iacguard.cli.terminal import Terminal
    from iacguard.scan import ScanRequest

HELP = """Scan Terraform, CloudFormation and Kubernetes code and report what violates a policy.

Folders are searched; a named file is read together with its siblings. Findings go to standard output, everything
else to standard error. Nothing is downloaded and nothing is run.

\b
Examples:
  iacguard scan .
  iacguard scan infra --fail-on high
  iacguard scan . --format table --format sarif --output iacguard.sarif
  iacguard scan main.tf --select 'aws-s3-*' --var region=eu-west-1

\b
Exit status:
  0  no finding at or above --fail-on, and everything was read
  1  findings at or above --fail-on
  2  the run could not start: usage, a policy, an output that cannot be written
  3  part of the input could not be read or decided, whatever else was found
     (--allow-incomplete accepts that)
"""


class FailOn(StrEnum):
    """The least severity that fails a run."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


def scan(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Folders and files to scan.")],
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", "-f", metavar="FORMAT", help="table, json or sarif; repeatable. [default: table]"),
    ] = None,
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File for a report instead of standard output; repeatable. Goes with the --format of its name's "
            "ending, else in order; - is standard output.",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="Exit with 1 from this severity on.", case_sensitive=False)
    ] = FailOn.MEDIUM,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 whatever was found, also if the scan is incomplete.")
    ] = False,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Accept a scan that could not read everything.")
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="ID", help="Only these policies: ids, aliases or patterns such as aws-s3-*."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="ID", help="Not these policies; like --select.")
    ] = None,
    severity: Annotated[
        list[str] | None,
        typer.Option("--severity", metavar="SEVERITY", help="Only policies of these severities: critical,high."),
    ] = None,
    policy_dirs: Annotated[
        list[str] | None,
        typer.Option("--policy-dir", metavar="DIR", help="More policies, beside the built-in ones; repeatable."),
    ] = None,
    var_files: Annotated[
        list[str] | None,
        typer.Option("--var-file", metavar="FILE", help="Terraform variables from a file; repeatable."),
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=VALUE", help="A Terraform variable; repeatable."),
    ] = None,
    show_undecided: Annotated[
        bool, typer.Option("--show-undecided", help="Show also what the code alone cannot decide.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List passed-over files and every notice.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No summary and no notices; problems are still said.")
    ] = False,
) -> int:
    targets = pair([name.lower() for name in split(formats)], outputs or ())
    from iacguard.cli.terminal import Terminal
    from iacguard.scan import ScanRequest

    request = ScanRequest(
        paths=tuple(paths),
        select=split(select),
        ignore=split(ignore),
        severities=parse_severities(severity),
        policy_dirs=tuple(policy_dirs or ()),
        variables=parse_variables(variables),
        var_files=tuple(var_files or ()),
    )
    terminal = Terminal.detect()
    started = perf_counter()
    result = _run(request, terminal, quiet)
    _report(result, targets, terminal, show_undecided)
    _conclude(result, terminal, perf_counter() - started, show_undecided, verbose, quiet)
    return exit_status(result, fail_on, exit_zero, allow_incomplete)


def _run(request: ScanRequest, terminal: Terminal, quiet: bool) -> ScanResult:
    from iacguard.cli.progress import Progress
    from iacguard.scan import scan as run_scan

    progress = Progress(terminal.err_is_terminal and not quiet, terminal.width)
    try:
        return run_scan(request, progress)
    finally:
        progress.close()


def _report(result: ScanResult, targets: Sequence[Target], terminal: Terminal, show_undecided: bool) -> None:
    """Render everything first: either all reports are written or none."""
    from iacguard.cli.terminal import DEFAULT_WIDTH, print_out
    from iacguard.report import REPORTERS, ReportOptions

    texts: list[tuple[Target, str]] = []
    for target in targets:
        to_terminal = target.file == STDOUT
        options = ReportOptions(
            show_undecided=show_undecided,
            color=to_terminal and terminal.out_color,
            width=terminal.width if to_terminal else DEFAULT_WIDTH,
        )
        texts.append((target, REPORTERS[target.format](result, options)))
    for target, text in texts:
        if target.file == STDOUT:
            print_out(text)
        else:
            write(target.file, text)


def _conclude(
    result: ScanResult, terminal: Terminal, seconds: float, show_undecided: bool, verbose: bool, quiet: bool
) -> None:
    from iacguard.cli.summary import Speaker
    from iacguard.cli.terminal import say

    speaker = Speaker(terminal.err_color, verbose, quiet)
    for line in (*speaker.problems(result.problems), *speaker.summary(result, seconds, show_undecided)):
        say(line)


def exit_status(result: ScanResult, fail_on: FailOn, exit_zero: bool, allow_incomplete: bool) -> int:
    """The run's exit status. An incomplete scan goes before findings: there may be more than were seen."""
    if exit_zero:
        return CLEAN
    if not (result.complete or allow_incomplete):
        return INCOMPLETE
    if fail_on is not FailOn.NONE:
        failing = SEVERITIES[: SEVERITIES.index(fail_on.value) + 1]
        if any(f.verdict == "violated" and f.rule.severity in failing for f in result.findings):
            return FINDINGS
    return CLEAN


def split(values: Sequence[str] | None) -> tuple[str, ...]:
    """Repeated and comma-separated values as one list."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def parse_severities(values: Sequence[str] | None) -> tuple[Severity, ...]:
    """Raises CommandError for a name that is no severity."""
    asked = [value.lower() for value in split(values)]
    for name in asked:
        if name not in SEVERITIES:
            raise CommandError(f"{name!r} is not a severity", f"the severities are {', '.join(SEVERITIES)}")
    return tuple(severity for severity in SEVERITIES if severity in asked)


def parse_variables(values: Sequence[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` texts; the last of a name counts, as in Terraform. Raises CommandError."""
    variables: dict[str, str] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise CommandError(f"--var {text!r} has no name and value", "write --var NAME=VALUE")
        variables[name.strip()] = value
    return variables
