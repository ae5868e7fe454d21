"""``iacguard scan``: scan infrastructure code, report, and say by the exit status whether it may ship."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from iacguard.cli.options import (
    ALLOW_INCOMPLETE,
    CLOUDFORMATION,
    IGNORE,
    KUBERNETES,
    PLAN_SCOPE,
    POLICY_DIRS,
    SELECT,
    SEVERITY,
    TERRAFORM,
    Argument,
    Command,
    Option,
)
from iacguard.cli.outputs import STDOUT, Target, pair, write
from iacguard.cli.status import CLEAN, FINDINGS, INCOMPLETE, CommandError
from iacguard.findings import SEVERITIES, ScanResult, Severity

if TYPE_CHECKING:
    from iacguard.cli.terminal import Terminal
    from iacguard.scan import ScanRequest

_HELP = """Scan Terraform, CloudFormation and Kubernetes code and report what violates a policy.

Folders are searched; a named file is read together with its siblings. Plans and states that `terraform show -json`
wrote are scanned, too. Findings go to standard output, everything else to standard error. Nothing is downloaded and
nothing is run, unless --download-modules asks for it.

\b
Examples:
  iacguard scan .
  iacguard scan infra --fail-on high
  iacguard scan . --format table --format sarif --output iacguard.sarif
  iacguard scan main.tf --select 'aws-s3-*' --var region=eu-west-1
  iacguard scan plan.json --plan-root . --plan-scope changed

\b
Exit status:
  0  no finding at or above --fail-on, and everything was read
  1  findings at or above --fail-on
  2  the run could not start: usage, a policy, an output that cannot be written
  3  part of the input could not be read or decided, whatever else was found
     (--allow-incomplete accepts that)
"""


def scan(
    *,
    paths: tuple[str, ...],
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    fail_on: str,
    exit_zero: bool,
    allow_incomplete: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: tuple[str, ...],
    policy_dirs: tuple[str, ...],
    plan_scope: Literal["all", "changed"],
    jobs: str,
    show_undecided: bool,
    show_suppressed: bool,
    no_inline_ignores: bool,
    companions: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    **code: Any,
) -> int:
    """Scan, report, and return the exit status. ``code``: the options on how code is read."""
    targets = pair([name.lower() for name in split(formats)], outputs)
    from iacguard.cli.companions import tools
    from iacguard.cli.terminal import Terminal
    from iacguard.cli.terraform import settings
    from iacguard.scan import ScanRequest

    request = ScanRequest(
        paths=paths,
        select=split(select),
        ignore=split(ignore),
        severities=parse_severities(severity),
        policy_dirs=policy_dirs,
        processes=parse_jobs(jobs),
        plan_scope=plan_scope,
        inline_ignores=not no_inline_ignores,
        reasons=show_undecided or any(target.format == "json" for target in targets),
        tools=tools(split(companions)) if companions else {},
        **settings(code),
    )
    terminal = Terminal.detect()
    started = perf_counter()
    result = _run(request, terminal, quiet)
    _report(result, targets, terminal, show_undecided, show_suppressed)
    _conclude(result, terminal, perf_counter() - started, show_undecided, verbose, quiet)
    return exit_status(result, fail_on, exit_zero, allow_incomplete)


def _run(request: ScanRequest, terminal: Terminal, quiet: bool) -> ScanResult:
    from iacguard.cli.progress import Progress
    from iacguard.scan import scan as run_scan

    progress = Progress(terminal.err_is_terminal and not quiet, terminal.err_width)
    try:
        return run_scan(request, progress)
    finally:
        progress.close()


def _report(
    result: ScanResult, targets: Sequence[Target], terminal: Terminal, show_undecided: bool, show_suppressed: bool
) -> None:
    """Render everything first: either all reports are written or none."""
    from iacguard.cli.terminal import DEFAULT_WIDTH, print_out
    from iacguard.report import REPORTERS, ReportOptions

    texts: list[tuple[Target, str]] = []
    for target in targets:
        to_terminal = target.file == STDOUT
        options = ReportOptions(
            show_undecided=show_undecided,
            show_suppressed=show_suppressed,
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
    if terminal.err_is_terminal and not quiet:
        say("")  # apart from the findings above it
    for line in (*speaker.problems(result.problems), *speaker.summary(result, seconds, show_undecided)):
        say(line)


def exit_status(result: ScanResult, fail_on: str, exit_zero: bool, allow_incomplete: bool) -> int:
    """The run's exit status. An incomplete scan goes before findings: there may be more than were seen."""
    if exit_zero:
        return CLEAN
    complete = result.complete and not any(run.failure for run in result.others)
    if not (complete or allow_incomplete):
        return INCOMPLETE
    failing = SEVERITIES[: _THRESHOLDS.index(fail_on) + 1] if fail_on != "none" else ()
    failed = any(f.verdict == "violated" and f.rule.severity in failing for f in result.findings)
    return FINDINGS if failed else CLEAN


def split(values: Sequence[str]) -> tuple[str, ...]:
    """Repeated and comma-separated values as one list."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def parse_severities(values: Sequence[str]) -> tuple[Severity, ...]:
    """Raises CommandError for a name that is no severity."""
    asked = [value.lower() for value in split(values)]
    for name in asked:
        if name not in SEVERITIES:
            raise CommandError(f"{name!r} is not a severity", f"the severities are {', '.join(SEVERITIES)}")
    return tuple(severity for severity in SEVERITIES if severity in asked)


def parse_jobs(value: str) -> int:
    """A number of processes, 0 for "as fits"; raises CommandError."""
    if not value or value == "auto":
        return 0
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= _MOST_JOBS:
        raise CommandError(f"--jobs {value!r} is no number of processes", f"give 1 to {_MOST_JOBS}, or auto")
    return int(value)


_MOST_JOBS = 256
_THRESHOLDS = (*SEVERITIES, "none")
COMMAND = Command(
    name="scan",
    run=scan,
    summary="Scan code and report what violates a policy.",
    help=_HELP,
    argument=Argument("paths", "PATH", "Folders and files to scan.", many=True),
    options=(
        Option("formats", ("--format", "-f"), "many", "table, json or sarif; repeatable.  [default: table]", "FORMAT"),
        Option(
            "outputs",
            ("--output", "-o"),
            "many",
            "File for a report instead of standard output; repeatable. With fewer outputs than formats a name that "
            "ends in .sarif, .json or .txt goes with that format, else they pair in order. - is standard output.",
            "FILE",
        ),
        Option(
            "fail_on",
            ("--fail-on",),
            "one",
            "Exit with 1 from this severity on; lower ones are shown and do not fail.",
            default="medium",
            choices=_THRESHOLDS,
        ),
        Option("exit_zero", ("--exit-zero",), "flag", "Exit with 0 whatever was found or could not be read."),
        ALLOW_INCOMPLETE,
        SELECT,
        IGNORE,
        SEVERITY,
        POLICY_DIRS,
        *TERRAFORM,
        PLAN_SCOPE,
        *CLOUDFORMATION,
        *KUBERNETES,
        Option("companions", ("--with",), "many", "Run cfn-lint or checkov, too; repeatable.", "TOOL"),
        Option("jobs", ("--jobs", "-j"), "one", "Processes to use at once, or auto.", "N", default="auto"),
        Option("show_suppressed", ("--show-suppressed",), "flag", "Show also what the code itself accepts."),
        Option("no_inline_ignores", ("--no-inline-ignores",), "flag", "Let suppressions in the code not count."),
        Option("show_undecided", ("--show-undecided",), "flag", "Show also what the code alone cannot decide."),
        Option("verbose", ("--verbose", "-v"), "flag", "List passed-over files and every notice."),
        Option("quiet", ("--quiet", "-q"), "flag", "No summary and no notices; problems are still said."),
    ),
)
