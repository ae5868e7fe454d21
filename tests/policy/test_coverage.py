"""Coverage counts rules by alias, and reads its files strictly."""

import pytest

from iacguard.findings import Category, Fix, Rule
from iacguard.policy import PolicyError
from iacguard.policy.coverage import PeerRule, coverage, read_catalogue, read_reasons, table

PEERS = (
    PeerRule("a", "A1", "aws", "open-ingress"),
    PeerRule("a", "A2", "azure", "open-ingress"),
    PeerRule("b", "B1", "google", "secrets"),
    PeerRule("b", "B2", "kubernetes", "other"),
    PeerRule("b", "B3", "oracle", "open-ingress"),
)


def rule(aliases: tuple[str, ...], category: Category = "open-ingress") -> Rule:
    return Rule("aws-x-y", "Title", "low", category, ("aws_x",), "why", Fix("mend"), aliases=aliases)


def test_every_group_is_counted() -> None:
    groups = {g.name: g for g in coverage([rule(("A1", "B2"))], PEERS, {"B1": "a matter of taste"})}
    risks = groups["the five risks"]
    assert (risks.total, risks.answered, risks.explained, [p.rule for p in risks.open]) == (2, 1, 0, ["A2"])
    assert risks.share == 50.0
    assert groups["workload hardening and secrets"].explained == 1
    assert groups["others"].answered == 1
    assert groups["both together"].total == 3
    assert "| the five risks | 2 | 1 | 50.0% | 0 | 1 |" in table(groups.values())


def test_the_catalogue_needs_its_columns() -> None:
    assert read_catalogue("scanner,rule,provider,category\na,A1,aws,open-ingress\n", "f.csv") == PEERS[:1]
    with pytest.raises(PolicyError, match=r"f\.csv:1:1: there is no column 'provider'"):
        read_catalogue("scanner,rule\na,A1\n", "f.csv")


def test_reasons_are_read_and_refused() -> None:
    text = "left_out:\n  - rules: [A1, A2]\n    reason: >-\n      it is\n      so\n"
    assert read_reasons(text, "f.yaml") == {"A1": "it is so", "A2": "it is so"}
    assert read_reasons("left_out: []\n", "f.yaml") == {}
    for bad in ("left_out:\n  - rules: [A1]\n", "left_out:\n  - {rules: A1, why: no}\n", "other: []\n"):
        with pytest.raises(PolicyError, match=r"f\.yaml:\d+:\d+"):
            read_reasons(bad, "f.yaml")
