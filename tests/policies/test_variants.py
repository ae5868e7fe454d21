"""A policy decides the same however the code says it, and never more where values are not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from iacguard.examples import evaluate
from iacguard.model import Format
from iacguard.policy import Policy
from iacguard.policy.compile import Pack
from iacguard.policy.decide import Decision, Verdict, decide
from iacguard.policy.testing import Example, read_policies
from tests.policies.variants import unknown, variants

#: Policies that are satisfied where a value is not known, though the literal violates them, and why. Those of the
#: category secrets are, too: what is not written is no secret in the code.
_ASKS_FOR_LITERALS: Mapping[str, str] = {
    "aws-iam-denial-never-matches": "only what surely never matches is wrong",
    "aws-iam-resource-policy-other-account": "an account that is given from outside may be the own one",
}
#: Where resources are joined by names, names that are not known join nothing.
_JOINED_BY_NAME = frozenset(("aws-s3-bucket-access-logging",))


def _verdicts(policy: Policy, format_: Format, files: Mapping[str, str]) -> dict[str, Verdict]:
    """The worst verdict by address."""
    graphs, _ = evaluate(format_, files)
    found: dict[str, Verdict] = {}
    rank: tuple[Verdict, ...] = ("satisfied", "undecided", "violated")
    for graph in graphs:
        for outcome in decide(Pack((policy,)), graph, ""):
            if isinstance(outcome, Decision):
                address = outcome.resource.address
                found[address] = max(outcome.verdict, found.get(address, "satisfied"), key=rank.index)
    return found


def _chosen(examples: tuple[Example, ...]) -> Iterator[tuple[Format, str]]:
    """The first example of each format that violates, and the first that satisfies."""
    seen: set[tuple[Format, bool]] = set()
    for example in examples:
        key = (example.format, bool(example.expected["violated"]))
        if len(example.files) == 1 and key not in seen:
            seen.add(key)
            yield example.format, next(iter(example.files.values()))


@pytest.mark.parametrize(
    ("format_", "code", "names"),
    [
        (
            "terraform",
            'resource "a" "b" {\n  c = "d"\n  e {\n    f = 1\n  }\n}\n',
            ["variable", "condition", "module", "for_each", "dynamic"],
        ),
        (
            "cloudformation",
            "Resources: {A: {Type: X, Properties: {B: c}}}",
            ["json", "parameter", "mapping", "condition", "loop"],
        ),
        (
            "kubernetes",
            "{apiVersion: v1, kind: Pod, spec: {hostPID: true}}",
            ["overlay", "list", "manifest", "provider"],
        ),
    ],
)
def test_code_has_variants(format_: Format, code: str, names: list[str]) -> None:
    made = list(variants(format_, code))
    assert [v.name for v in made] == names
    assert len({tuple(v.files.items()) for v in made} | {(("main.tf", code),)}) == len(names) + 1


CASES = [pytest.param(policy, examples, id=policy.rule.id) for policy, examples in read_policies(())]


@pytest.mark.parametrize(("policy", "examples"), CASES)
def test_the_verdict_is_the_same_in_other_words(policy: Policy, examples: tuple[Example, ...]) -> None:
    for format_, code in _chosen(examples):
        plain = _verdicts(policy, format_, {"main.tf" if format_ == "terraform" else "all.yaml": code})
        for variant in variants(format_, code):
            found = _verdicts(policy, variant.format, variant.files)
            if variant.format != format_:  # its addresses are the provider's
                assert sorted(found.values()) == sorted(plain.values()), f"{variant.name}:\n{variant.files}"
                continue
            move = variant.address or str
            assert found == {move(a): v for a, v in plain.items()}, f"{variant.name}:\n{variant.files}"


@pytest.mark.parametrize(("policy", "examples"), CASES)
def test_nothing_is_found_or_passed_by_values_that_are_not_known(policy: Policy, examples: tuple[Example, ...]) -> None:
    literals = policy.rule.category == "secrets" or policy.rule.id in _ASKS_FOR_LITERALS
    for format_, code in _chosen(examples):
        files = unknown(format_, code)
        if files is None:
            continue
        plain = _verdicts(policy, format_, {"main.tf" if format_ == "terraform" else "all.yaml": code})
        for address, verdict in _verdicts(policy, format_, files).items():
            before = plain.get(address)
            if before == "violated" and not literals:
                assert verdict != "satisfied", f"{address} passes:\n{files}"
            if before == "satisfied" and policy.rule.id not in _JOINED_BY_NAME:
                assert verdict != "violated", f"{address} is found:\n{files}"
