"""``iacguard policy``: list and show policies; test, check and start policies of one's own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iacguard.cli.explain import POLICY_ID, find
from iacguard.cli.options import IGNORE, POLICY_DIRS, SELECT, SEVERITY, Argument, Command, Option
from iacguard.cli.scan import parse_severities, split
from iacguard.cli.status import CLEAN, FINDINGS, CommandError

if TYPE_CHECKING:
    from iacguard.cli.terminal import Terminal
    from iacguard.findings import Rule

HELP = """List and show policies; test, check and start policies of your own.

\b
Examples:
  iacguard policy list --severity critical,high
  iacguard policy show aws-s3-bucket-public-acl
  iacguard policy new acme-s3-bucket-owner-tag --dir policies
  iacguard policy test policies
"""
_LIST = """List the policies, sorted by id.

\b
Examples:
  iacguard policy list
  iacguard policy list --select 'aws-s3-*' --format json
"""
_SHOW = """Show a policy as iacguard explain does, with the conditions by which it decides and its file."""
_TEST = """Test policies on their own examples; without PATH the built-in ones.

Exit status 1 where an example fails or a policy has none, 2 where a policy cannot be loaded.

\b
Examples:
  iacguard policy test
  iacguard policy test policies/aws/s3/bucket-owner.yaml
"""
_LINT = """Say what is wrong with policies and what is legal but not good; without PATH the built-in ones.

Exit status 1 where something is said.

\b
Examples:
  iacguard policy lint policies
"""
_COVERAGE = """Count which rules of other scanners the policies answer, by the policies' aliases.

\b
Example:
  iacguard policy coverage --against docs/peer-rules.csv --reasons docs/coverage.yaml
"""
_NEW = """Start a policy: writes a complete one, with examples, to change from there.

\b
Examples:
  iacguard policy new aws-s3-bucket-owner-tag --dir policies
  iacguard policy test policies
"""


def list_policies(
    *,
    format_: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: tuple[str, ...],
    policy_dirs: tuple[str, ...],
) -> int:
    """Print the policies that are left after all narrowing."""
    from iacguard.cli.terminal import Terminal, print_out
    from iacguard.policy import load_pack
    from iacguard.report.jsontext import rows

    pack = load_pack(policy_dirs).select(split(select), split(ignore), parse_severities(severity))
    if format_ == "json":
        print_out(rows(map(policy_record, pack.rules)) + "\n")
    else:
        print_out(_table(pack.rules, Terminal.detect()))
    return CLEAN


def policy_record(rule: Rule) -> dict[str, Any]:
    """A policy as ``policy list --format json`` writes it."""
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "category": rule.category,
        "resource": list(rule.resources),
        "aliases": list(rule.aliases),
        "frameworks": {name: list(controls) for name, controls in sorted(rule.frameworks.items())},
        "references": list(rule.references),
        "source": rule.source,
    }


def _table(rules: Sequence[Rule], terminal: Terminal) -> str:
    """One policy a line; titles are cut to the terminal's width, never below what a reader needs."""
    from iacguard.report.text import cut, printable

    if not rules:
        return "No policies.\n"
    ids = max(len(rule.id) for rule in rules)
    room = max(30, terminal.width - ids - 12)
    lines = [f"{rule.id:<{ids}}  {rule.severity:<8}  {cut(printable(rule.title), room)}" for rule in rules]
    return "\n".join([*lines, "", f"{len(rules)} policies"]) + "\n"


def show(*, policy_id: str, policy_dirs: tuple[str, ...]) -> int:
    """Print a policy with its conditions."""
    from iacguard.cli.terminal import Terminal, print_out
    from iacguard.policy import load_pack
    from iacguard.report.explain import explain as render

    terminal = Terminal.detect()
    pack = load_pack(policy_dirs)
    texts = []
    for rule in find(policy_id, pack.rules):
        policy = pack.get(rule.id)
        parts = {"where": policy.where, "each": policy.each, "deny": policy.deny, "at": policy.at}
        conditions = {name: condition.text for name, condition in parts.items() if condition is not None}
        texts.append(render(rule, terminal.out_color, terminal.width, {**conditions, "file": policy.file}))
    print_out("\n".join(texts))
    return CLEAN


def run_tests(*, paths: tuple[str, ...]) -> int:
    """Run the examples of policies."""
    from iacguard.cli.terminal import print_out
    from iacguard.examples import test_policies

    report = test_policies(_existing(paths))
    print_out(report.text())
    return FINDINGS if report.failed or report.untested else CLEAN


def run_lint(*, paths: tuple[str, ...], catalogue: str) -> int:
    """Print what is wrong with policies."""
    from iacguard.attributes import cloudformation_kinds, knows_attribute
    from iacguard.cli.summary import plural
    from iacguard.cli.terminal import print_out
    from iacguard.policy.compile import told
    from iacguard.policy.lint import lint
    from iacguard.report.text import printable

    problems, count = lint(_existing(paths), catalogue, knows_attribute, cloudformation_kinds())
    lines = [printable(told(problem)) for problem in problems]
    lines.append(f"{plural(count, 'policy', 'policies')}, {plural(len(problems), 'remark')}")
    print_out("\n".join(lines) + "\n")
    return FINDINGS if problems else CLEAN


def run_coverage(*, against: str, reasons: str, output_format: str, list_open: bool) -> int:
    """Print how many of other scanners' rules the policies answer."""
    import json

    from iacguard.cli.terminal import print_out
    from iacguard.policy import load_pack
    from iacguard.policy.coverage import coverage, read_catalogue, read_reasons, table

    if not against:
        raise CommandError("there is nothing to count against", "give --against FILE: the other scanners' rules as CSV")
    known = read_reasons(_text(reasons), reasons) if reasons else {}
    groups = coverage(load_pack(()).rules, read_catalogue(_text(against), against), known)
    if output_format == "json":
        records = [
            {
                "name": g.name.removeprefix("- "),
                "rules": g.total,
                "answered": g.answered,
                "share": round(g.share, 1),
                "explained": g.explained,
                "open": [p.rule for p in g.open],
            }
            for g in groups
        ]
        print_out(json.dumps(records, indent=2) + "\n")
        return CLEAN
    text = table(groups)
    if list_open:
        left = sorted({f"{p.scanner} {p.rule} ({p.provider}, {p.category})" for g in groups for p in g.open})
        text += "\n" + "\n".join(left) + "\n"
    print_out(text)
    return CLEAN


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}", "give a text file in UTF-8") from None


def _existing(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Raises CommandError for a path that does not exist: that is no remark about a policy."""
    for path in paths:
        if not os.path.exists(path):
            raise CommandError(f"{path} does not exist", "give policy files or folders of them")
    return paths


def start(*, policy_id: str, folder: str) -> int:
    """Write a new policy and print its path."""
    from iacguard.cli.terminal import print_out
    from iacguard.policy.scaffold import create
    from iacguard.report.text import printable

    path = create(policy_id, folder)
    print_out(f"{printable(str(path))}\n")
    return CLEAN


_PATHS = Argument("paths", "PATH", "Policy files and folders of them.", many=True, required=False)
COMMANDS = (
    Command(
        name="list",
        run=list_policies,
        summary="List the policies.",
        help=_LIST,
        options=(
            Option("format_", ("--format", "-f"), "one", "table or json.", default="table", choices=("table", "json")),
            SELECT,
            IGNORE,
            SEVERITY,
            POLICY_DIRS,
        ),
    ),
    Command(
        name="show",
        run=show,
        summary="Show a policy with its conditions.",
        help=_SHOW,
        argument=POLICY_ID,
        options=(POLICY_DIRS,),
    ),
    Command(name="test", run=run_tests, summary="Run policies on their own examples.", help=_TEST, argument=_PATHS),
    Command(
        name="lint",
        run=run_lint,
        summary="Say what is wrong or not good in policies.",
        help=_LINT,
        argument=_PATHS,
        options=(
            Option(
                "catalogue", ("--catalogue",), "one", "A CSV file whose column 'rule' has the known aliases.", "FILE"
            ),
        ),
    ),
    Command(
        name="coverage",
        run=run_coverage,
        summary="Count which rules of other scanners the policies answer.",
        help=_COVERAGE,
        options=(
            Option(
                "against", ("--against",), "one", "A CSV file of their rules: scanner,rule,provider,category.", "FILE"
            ),
            Option("reasons", ("--reasons",), "one", "A YAML file that says why rules are left out.", "FILE"),
            Option(
                "output_format", ("--format", "-f"), "one", "table or json.", default="table", choices=("table", "json")
            ),
            Option("list_open", ("--open",), "flag", "List the rules that are neither answered nor explained."),
        ),
    ),
    Command(
        name="new",
        run=start,
        summary="Start a policy.",
        help=_NEW,
        argument=Argument("policy_id", "ID", "provider-service-rule: aws-s3-bucket-owner-tag."),
        options=(Option("folder", ("--dir",), "one", "The folder of your policies.", "DIR", default="policies"),),
    ),
)
