"""``iacguard explain``: what a policy finds, why, and how to mend it. Offline, from the policy itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iacguard.cli.options import POLICY_DIRS, Argument, Command
from iacguard.cli.status import CLEAN, CommandError

if TYPE_CHECKING:
    from iacguard.findings import Rule

_HELP = """Explain a policy: what it finds, why that matters and how to mend it.

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


def explain(*, policy_id: str, policy_dirs: tuple[str, ...]) -> int:
    """Print the explanation of one policy."""
    from iacguard.cli.terminal import Terminal, print_out
    from iacguard.policy import load_pack
    from iacguard.report.explain import explain as render

    terminal = Terminal.detect()
    rules = find(policy_id, load_pack(policy_dirs).rules)
    print_out("\n".join(render(rule, terminal.out_color, terminal.width) for rule in rules))
    return CLEAN


def find(policy_id: str, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The policy of that id, else all with that alias. Raises CommandError with the nearest id if there is none."""
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


POLICY_ID = Argument("policy_id", "ID", "A policy's id or alias.", complete=complete_id)
COMMAND = Command(
    name="explain",
    run=explain,
    summary="Explain a policy.",
    help=_HELP,
    argument=POLICY_ID,
    options=(POLICY_DIRS,),
)
