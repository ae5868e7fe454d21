"""How many of other scanners' rules the policies answer: counted from their aliases, so that nobody counts by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from iacguard.findings import Problem, Rule
from iacguard.model import Span
from iacguard.policy.compile import PolicyError
from iacguard.policy.fields import Reader
from iacguard.record import record

PROVIDERS = ("aws", "azure", "google", "kubernetes")
RISKS = ("wildcard-iam", "public-storage", "open-ingress", "missing-encryption", "disabled-logging")
HARDENING = ("workload-hardening", "secrets")
_COLUMNS = ("scanner", "rule", "provider", "category")


@record
class PeerRule:
    """A rule of another scanner, with the category that we give it."""

    scanner: str
    rule: str
    provider: str
    category: str


@record
class Group:
    """The rules of one group: how many there are, are aliases of a policy, and stand with a reason why not."""

    name: str
    total: int
    answered: int
    explained: int
    open: tuple[PeerRule, ...]

    @property
    def share(self) -> float:
        """Answered by policies, of all: 0 to 100."""
        return 100.0 * self.answered / self.total if self.total else 100.0


def read_catalogue(text: str, path: str) -> tuple[PeerRule, ...]:
    """The peers' rules in a CSV text with the columns scanner, rule, provider and category. Raises PolicyError."""
    rows = csv.DictReader(io.StringIO(text))
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise _refused(path, f"there is no column {missing[0]!r}", f"the columns are {', '.join(_COLUMNS)}")
    return tuple(PeerRule(*((row[name] or "").strip() for name in _COLUMNS)) for row in rows)


def read_reasons(text: str, path: str) -> dict[str, str]:
    """Rule -> why no policy answers it, from YAML: ``left_out: [{rules: [...], reason: ...}]``. Raises PolicyError."""
    reader = Reader(path, text)
    root = reader.compose()
    reasons: dict[str, str] = {}
    listed = reader.fields(root, ("left_out",), "the file") if root is not None else {}
    for item in reader.items_of(listed["left_out"], "left_out") if "left_out" in listed else ():
        fields = reader.fields(item, ("rules", "reason"), "a reason")
        if "rules" in fields and "reason" in fields:
            reason = " ".join(reader.text_of(fields["reason"], "reason").split())
            reasons.update(dict.fromkeys(reader.texts_of(fields["rules"], "rules"), reason))
        else:
            reader.wrong(item, "an entry needs rules and a reason", "write {rules: [...], reason: ...}")
    if reader.problems:
        raise PolicyError(tuple(reader.problems))
    return reasons


def _refused(path: str, message: str, hint: str) -> PolicyError:
    return PolicyError((Problem("policy", Span(path, 1, 1, 1, 2), message, hint),))


def coverage(rules: Iterable[Rule], catalogue: Iterable[PeerRule], reasons: Mapping[str, str]) -> tuple[Group, ...]:
    """Group by group: the five risks, workload hardening and secrets, and everything else on the four providers."""
    aliases = {alias for rule in rules for alias in rule.aliases}
    peers = [peer for peer in catalogue if peer.provider in PROVIDERS]
    groups = [("the five risks", [p for p in peers if p.category in RISKS])]
    groups += [(f"- {risk}", [p for p in peers if p.category == risk]) for risk in RISKS]
    groups += [("workload hardening and secrets", [p for p in peers if p.category in HARDENING])]
    groups += [("both together", [p for p in peers if p.category in (*RISKS, *HARDENING)])]
    groups += [("others", [p for p in peers if p.category not in (*RISKS, *HARDENING)])]
    return tuple(_group(name, members, aliases, reasons) for name, members in groups)


def _group(name: str, peers: list[PeerRule], aliases: set[str], reasons: Mapping[str, str]) -> Group:
    open_ = tuple(p for p in peers if p.rule not in aliases and p.rule not in reasons)
    answered = sum(p.rule in aliases for p in peers)
    return Group(name, len(peers), answered, len(peers) - answered - len(open_), open_)


def table(groups: Iterable[Group]) -> str:
    """The groups as a Markdown table."""
    rows = [f"| {g.name} | {g.total} | {g.answered} | {g.share:.1f}% | {g.explained} | {len(g.open)} |" for g in groups]
    head = "| Rules of other scanners | Rules | Answered by a policy | Share | Left out with a reason | Open |"
    return "\n".join((head, "|---|---:|---:|---:|---:|---:|", *rows)) + "\n"
