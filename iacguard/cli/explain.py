"""``iacguard explain``: what a policy finds, why, and how to mend it. Offline, from the policy itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from iacguard.cli.status import CLEAN, CommandError

if TYPE_CHECKING:
    from iacguard.findings import Rule

HELP = """Explain a policy: what it finds, why that matters and how to mend it.

ID is a policy's id, or the id of another scanner's rule that it decides.

\b
Examples:
  iacguard explain aws-s3-bucket-public-acl
  iacguard explain CKV_AWS_20
"""


def complete_id(incomplete: str) -> list[str]:
    """Shell completion: the ids that begin with what is typed."""
    from iacguard.policy import load_pack

    return [rule.id for rule in load_pack(()).rules if rule.id.startswith(incomplete)]


def explain(
    policy_id: Annotated[str, typer.Argument(metavar="ID", help="A policy's id.", autocompletion=complete_id)],
    policy_dirs: Annotated[
        list[str] | None,
        typer.Option("--policy-dir", metavar="DIR", help="More policies, beside the built-in ones; repeatable."),
    ] = None,
) -> int:
    from iacguard.cli.terminal import Terminal, print_out
    from iacguard.report.explain import explain as render

    terminal = Terminal.detect()
    rules = find(policy_id, tuple(policy_dirs or ()))
    print_out("\n".join(render(rule, terminal.out_color, terminal.width) for rule in rules))
    return CLEAN


def find(policy_id: str, policy_dirs: tuple[str, ...]) -> tuple[Rule, ...]:
    """The policy of that id, else all with that alias. Raises CommandError with the nearest id if there is none."""
    from iacguard.policy import load_pack

    rules = load_pack(policy_dirs).rules
    wanted = policy_id.strip().lower()
    found = tuple(r for r in rules if r.id == wanted)
    found = found or tuple(r for r in rules if wanted in (alias.lower() for alias in r.aliases))
    if found:
        return found
    import difflib

    near = difflib.get_close_matches(wanted, [r.id for r in rules], 1)
    raise CommandError(
        f"there is no policy {policy_id!r}", f"did you mean {near[0]}?" if near else "iacguard policy list shows all"
    )
