"""Where iacguard, Checkov and Trivy disagree: ``python -m bench.disagreements REPORTS [--sample N] [--seed S]``.

``REPORTS`` holds the reports of bench.compare (``out/bench``), and iacguard's as JSON: ``CORPUS.iacguard.json``,
``CORPUS.Checkov.json``, ``CORPUS.Trivy.json``; a folder ``CORPUS.Checkov`` of ``PART.json`` stands for a corpus that
Checkov only reads folder by folder. The corpora lie below ``$IACGUARD_CORPORA``.

Findings become (block, policy): a rule of a peer is each policy of ours that names it as an alias. They disagree where
a peer reports a rule of the five categories, or on workloads or secrets, and none of its policies is reported on the
block; and where we report a policy of the five categories of medium severity or more and no peer reports any alias of
it there. Prints a random sample as CSV; ``--missed`` prints instead what we miss among the high and critical findings
of the vulnerable repositories.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.blocks import Block, Blocks
from bench.scanners import ROOT, SCANNERS, Hit, Scanner

FIVE = frozenset({"wildcard-iam", "public-storage", "open-ingress", "missing-encryption", "disabled-logging"})
JUDGED = FIVE | {"workload-hardening", "secrets"}
PROVIDERS = frozenset({"aws", "azure", "google", "kubernetes"})
VULNERABLE = ("terragoat", "sadcloud", "cfngoat", "kubernetes-goat", "kustomizegoat")
COLUMNS = ("corpus", "file", "resource", "provider", "category", "reported_by", "rule", "policies", "line", "severity")


class Rule(NamedTuple):
    """What is known of a policy of ours."""

    id: str
    category: str
    severity: str
    aliases: frozenset[str]


class Disagreement(NamedTuple):
    """One row; the columns of COLUMNS."""

    corpus: str
    file: str
    resource: str
    provider: str
    category: str
    reported_by: str
    rule: str
    policies: str
    line: int
    severity: str


class Found(NamedTuple):
    """What one corpus yields: findings of ours by block, and of each peer with their severities."""

    ours: dict[tuple[Block, str], dict[str, Any]]
    theirs: dict[tuple[Block, str], tuple[str, Hit, str]]


class Policies:
    """Our policies by id and by alias, and the category that docs/peer-rules.csv gives to a peer's rule."""

    def __init__(self, listed: Iterable[dict[str, Any]], catalogue: Path) -> None:
        self.rules = {
            rule["id"]: Rule(rule["id"], rule["category"], rule["severity"], frozenset(map(_plain, rule["aliases"])))
            for rule in listed
        }
        self.by_alias: dict[str, list[Rule]] = {}
        for rule in self.rules.values():
            for alias in rule.aliases:
                self.by_alias.setdefault(alias, []).append(rule)
        with catalogue.open(encoding="utf-8", newline="") as lines:
            self.catalogue = {_plain(row["rule"]): (row["provider"], row["category"]) for row in csv.DictReader(lines)}

    def category(self, rule: str) -> str:
        """Of a peer's rule: that of our policies, else the catalogue's."""
        mine = [known.category for known in self.by_alias.get(rule, ())]
        return next((c for c in mine if c in FIVE), mine[0] if mine else self.catalogue.get(rule, ("", "other"))[1])

    def severity(self, rule: str) -> str:
        """The highest of our policies that decide the peer's rule; "" if none does."""
        order = ("critical", "high", "medium", "low")
        mine = {known.severity for known in self.by_alias.get(rule, ())}
        return next((level for level in order if level in mine), "")


def main(arguments: Sequence[str]) -> int:
    """Print the sample, or what was missed; returns an exit status."""
    parser = argparse.ArgumentParser(prog="bench.disagreements")
    parser.add_argument("reports", type=Path)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--missed", action="store_true")
    asked = parser.parse_args(arguments)
    home = os.environ.get("IACGUARD_CORPORA", "")
    if not home:
        print("set IACGUARD_CORPORA to the folder that holds the corpora of bench/corpora.toml", file=sys.stderr)
        return 2
    listed = json.loads((asked.reports / "policies.json").read_text(encoding="utf-8"))
    policies = Policies(listed, ROOT / "docs/peer-rules.csv")
    corpora = sorted(path.name.removesuffix(".iacguard.json") for path in asked.reports.glob("*.iacguard.json"))
    rows: list[Disagreement] = []
    for corpus in corpora:
        if asked.missed and corpus not in VULNERABLE:
            continue
        found = gather(asked.reports, Path(home).resolve() / corpus, policies)
        rows += missed(corpus, found, policies) if asked.missed else disagreements(corpus, found, policies)
    print(f"{len(rows)} rows in {len(corpora)} corpora", file=sys.stderr)
    output = csv.writer(sys.stdout, lineterminator="\n")
    output.writerow(COLUMNS)
    output.writerows(sorted(rows) if asked.missed else sorted(draw(rows, asked.sample, asked.seed)))
    return 0


def gather(reports: Path, corpus: Path, policies: Policies) -> Found:
    """All findings in one corpus, by block."""
    blocks = Blocks(corpus)
    found = Found({}, {})
    report = json.loads((reports / f"{corpus.name}.iacguard.json").read_text(encoding="utf-8"))
    for finding in report["findings"]:
        place = finding["place"]
        for address in dict.fromkeys((finding["address"], finding["parent"] or finding["address"])):
            block = blocks.find(place["file"], place["line"], address)
            if block and finding["verdict"] == "violated":
                found.ours.setdefault((block, finding["rule"]), finding)
    for scanner in SCANNERS[1:]:
        for part, hit, severity in _peer(reports, corpus, scanner):
            file = str(Path(part) / hit.file)
            block = blocks.find(file, hit.line, hit.resource)
            if block:
                moved = hit._replace(file=file, rule=_plain(hit.rule))
                found.theirs.setdefault(
                    (block, moved.rule), (scanner.name, moved, severity or policies.severity(moved.rule))
                )
    return found


def _peer(reports: Path, corpus: Path, scanner: Scanner) -> Iterator[tuple[str, Hit, str]]:
    """Folder within the corpus, finding, and the peer's own severity if its report says it."""
    whole = reports / f"{corpus.name}.{scanner.name}.json"
    parts = [("", whole)] if whole.is_file() else []
    parts += [(path.stem, path) for path in sorted((reports / f"{corpus.name}.{scanner.name}").glob("*.json"))]
    for part, path in parts:
        severities = _severities(path) if scanner.name == "Trivy" else {}
        try:
            hits = scanner.read(path, corpus / part)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            print(f"{path.name}: not read ({type(error).__name__})", file=sys.stderr)
            continue
        for hit in hits:
            yield part, hit, severities.get(_plain(hit.rule), "")


def _severities(path: Path) -> dict[str, str]:
    results = json.loads(path.read_text(encoding="utf-8", errors="replace")).get("Results") or ()
    flat = (found for result in results for found in result.get("Misconfigurations") or ())
    return {_plain(found["ID"]): found["Severity"].lower() for found in flat}


def disagreements(corpus: str, found: Found, policies: Policies) -> Iterator[Disagreement]:
    """Both sides of one corpus."""
    for (block, rule), (name, hit, severity) in found.theirs.items():
        category = policies.category(rule)
        mine = policies.by_alias.get(rule, ())
        if (
            category in JUDGED
            and provider(block) in PROVIDERS
            and not any((block, known.id) in found.ours for known in mine)
        ):
            ids = " ".join(sorted(known.id for known in mine))
            yield _row(corpus, hit.file, block, category, name, rule, ids, hit.line, severity)
    seen: set[int] = set()
    for (block, policy), finding in found.ours.items():
        known = policies.rules[policy]
        if id(finding) in seen:
            continue
        seen.add(id(finding))
        blocks = [other for other, rule in found.ours if rule == policy and found.ours[other, rule] is finding]
        if known.category not in FIVE or known.severity == "low" or finding["severity"] == "low":
            continue
        if not any((other, alias) in found.theirs for other in blocks for alias in known.aliases):
            place = finding["place"]
            yield _row(
                corpus, place["file"], block, known.category, "iacguard", policy, "", place["line"], known.severity
            )


def missed(corpus: str, found: Found, policies: Policies) -> Iterator[Disagreement]:
    """High and critical findings of a peer in the five categories on a block where we report nothing of the kind."""
    ours = {(block, policies.rules[policy].category) for block, policy in found.ours}
    for (block, rule), (name, hit, severity) in found.theirs.items():
        category = policies.category(rule)
        mine = policies.by_alias.get(rule, ())
        decided = any((block, known.id) in found.ours for known in mine)
        if category in FIVE and severity in ("high", "critical") and not decided:
            note = " ".join(sorted(known.id for known in mine))
            label = note if (block, category) not in ours else f"{note} (another of the category is reported)"
            yield _row(corpus, hit.file, block, category, name, rule, label, hit.line, severity)


def draw(rows: Sequence[Disagreement], count: int, seed: int) -> list[Disagreement]:
    """A random sample that takes turns between sides, providers and categories while they last."""
    chance = random.Random(seed)
    strata: dict[tuple[bool, str, str], list[Disagreement]] = {}
    for row in sorted(rows):
        strata.setdefault((row.reported_by == "iacguard", row.provider, row.category), []).append(row)
    for members in strata.values():
        chance.shuffle(members)
    queues = [members for _, members in sorted(strata.items())]
    taken: list[Disagreement] = []
    while len(taken) < count and any(queues):
        taken += [members.pop() for members in queues if members][: count - len(taken)]
    return taken


def _row(
    corpus: str, file: str, block: Block, category: str, by: str, rule: str, policies: str, line: int, severity: str
) -> Disagreement:
    return Disagreement(corpus, file, block.name, provider(block), category, by, rule, policies, line, severity)


def provider(block: Block) -> str:
    """The provider whose resource it is."""
    for start, name in (("aws", "aws"), ("AWS", "aws"), ("azurerm", "azure"), ("azapi", "azure"), ("google", "google")):
        if block.kind.startswith(start):
            return name
    return "kubernetes" if "/" in block.name else "other"


def _plain(rule: str) -> str:
    return rule.removeprefix("AVD-")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
