"""``iacguard policy``: list and show policies; test, check and start policies of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iacguard.cli.explain import complete_id, find
from iacguard.cli.scan import parse_severities, split
from iacguard.cli.status import CLEAN

if TYPE_CHECKING:
    from iacguard.cli.terminal import Terminal
    from iacguard.findings import Rule

_HELP = """List and show policies; test, check and start policies of your own.

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
_SHOW = """Show a policy: what it finds, why, and how to mend it. The same as iacguard explain."""

_PolicyDirs = Annotated[
    list[str] | None,
    typer.Option("--policy-dir", metavar="DIR", help="More policies, beside the built-in ones; repeatable."),
]


class ListFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


def build() -> typer.Typer:
    """The commands below ``iacguard policy``."""
    app = typer.Typer(help=_HELP, no_args_is_help=False, rich_markup_mode=None)
    app.callback(invoke_without_command=True)(_main)
    app.command("list", help=_LIST)(list_policies)
    app.command("show", help=_SHOW)(show)
    return app


def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def list_policies(
    format_: Annotated[
        ListFormat, typer.Option("--format", "-f", help="table or json.", case_sensitive=False)
    ] = ListFormat.TABLE,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="ID", help="Only these policies: ids, aliases or patterns such as aws-s3-*."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="ID", help="Not these policies; like --select.")
    ] = None,
    severity: Annotated[
        list[str] | None, typer.Option("--severity", metavar="SEVERITY", help="Only these severities: critical,high.")
    ] = None,
    policy_dirs: _PolicyDirs = None,
) -> int:
    from iacguard.cli.terminal import Terminal, print_out
    from iacguard.policy import load_pack
    from iacguard.report.jsontext import rows

    pack = load_pack(tuple(policy_dirs or ())).select(split(select), split(ignore), parse_severities(severity))
    if format_ is ListFormat.JSON:
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


def show(
    policy_id: Annotated[str, typer.Argument(metavar="ID", help="A policy's id.", autocompletion=complete_id)],
    policy_dirs: _PolicyDirs = None,
) -> int:
    from iacguard.cli.terminal import Terminal, print_out
    from iacguard.report.explain import explain as render

    terminal = Terminal.detect()
    rules = find(policy_id, tuple(policy_dirs or ()))
    print_out("\n".join(render(rule, terminal.out_color, terminal.width) for rule in rules))
    return CLEAN
