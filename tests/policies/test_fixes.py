"""Every policy's fix mends its own example: put into code that violates the policy, the code no longer does.

``mending`` tells how a snippet is put in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import pytest

from iacguard.examples import evaluate
from iacguard.model import Format
from iacguard.policy import Policy
from iacguard.policy.compile import Pack
from iacguard.policy.decide import Decision, decide
from iacguard.policy.testing import Example, read_policies
from tests.policies.mending import FILES, candidates

#: How many ways and places are tried for one finding.
_TRIES = 400

#: Fixes that cannot be put into an example by merging, and why.
_EXCEPTIONS: Mapping[str, str] = {
    "aws-ec2-default-vpc": "another kind of resource takes its place",
    "aws-iam-user-console-password": "the resource is deleted, and people log in elsewhere",
    "aws-schema-unknown-argument": "a name is replaced by another",
    "aws-schema-unknown-type": "a name is replaced by another",
    "azure-schema-unknown-argument": "a name is replaced by another",
    "azure-schema-unknown-type": "a name is replaced by another",
    "google-iam-service-account-key": "the resource is deleted, and another kind takes its place",
    "kubernetes-pod-kube-system-namespace": "the object moves, so it has another address",
    "kubernetes-pod-missing-service-account": "the object moves, so it has another address",
    "kubernetes-pod-tiller": "the resource is deleted",
    "kubernetes-service-tiller": "the resource is deleted",
}


def _verdicts(policy: Policy, format_: Format, code: str) -> tuple[dict[str, Decision], set[str], set[str]]:
    """The worst decision by address, the addresses of all resources, and the problems."""
    graphs, problems = evaluate(format_, {FILES[format_]: code})
    worst: dict[str, Decision] = {}
    rank = ("satisfied", "undecided", "violated")
    for graph in graphs:
        for outcome in decide(Pack((policy,)), graph, ""):
            if isinstance(outcome, Decision):
                known = worst.get(outcome.resource.address)
                if known is None or rank.index(outcome.verdict) > rank.index(known.verdict):
                    worst[outcome.resource.address] = outcome
    addresses = {r.address for graph in graphs for r in graph.resources}
    return worst, addresses, {p.message for p in problems if not p.notice}


def _mended(policy: Policy, format_: Format, snippet: str, examples: list[Example]) -> bool:
    return any(_mends(policy, format_, snippet, next(iter(e.files.values()))) for e in examples)


def _mends(policy: Policy, format_: Format, snippet: str, code: str) -> bool:
    """Whether some way to put the snippet in leaves a violating resource there, and not violating."""
    before, _, problems = _verdicts(policy, format_, code)
    for address, decision in before.items():
        if decision.verdict != "violated":
            continue
        for changed in _distinct(candidates(format_, code, snippet, address, decision.path)):
            after, there, new = _verdicts(policy, format_, changed)
            found = after.get(address)
            # Not decided any more is mended, too: the resource is there, and the policy does not apply to it.
            if address in there and not new - problems and (found is None or found.verdict == "satisfied"):
                return True
    return False


def _distinct(texts: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in islice(texts, _TRIES):
        if text not in seen:
            seen.add(text)
            yield text


def _cases() -> Iterator[object]:
    for policy, examples in read_policies(()):
        for format_, snippet in policy.rule.fix.snippets.items():
            bad = [e for e in examples if e.format == format_ and e.expected["violated"] and len(e.files) == 1]
            if bad and policy.rule.id not in _EXCEPTIONS:
                yield pytest.param(policy, format_, snippet, bad, id=f"{policy.rule.id}: {format_}")


@pytest.mark.parametrize(("policy", "format_", "snippet", "examples"), tuple(_cases()))
def test_the_fix_mends_an_example(policy: Policy, format_: Format, snippet: str, examples: list[Example]) -> None:
    assert _mended(policy, format_, snippet, examples), f"the fix leaves {policy.rule.id} violated:\n{snippet}"


def test_exceptions_are_policies() -> None:
    assert set(_EXCEPTIONS) <= {policy.rule.id for policy, _ in read_policies(())}


@pytest.mark.parametrize(
    ("identity", "format_", "useless", "useful"),
    [
        ("aws-ecr-repository-mutable-tags", "terraform", "force_delete = true", 'image_tag_mutability = "IMMUTABLE"'),
        ("aws-ecr-repository-mutable-tags", "cloudformation", "EmptyOnDelete: true", "ImageTagMutability: IMMUTABLE"),
        (
            "kubernetes-pod-read-only-root",
            "kubernetes",
            "securityContext: {runAsNonRoot: true}",
            "securityContext: {readOnlyRootFilesystem: true}",
        ),
    ],
)
def test_a_fix_that_mends_nothing_is_found(identity: str, format_: Format, useless: str, useful: str) -> None:
    ((policy, examples),) = [(p, e) for p, e in read_policies(()) if p.rule.id == identity]
    bad = [e for e in examples if e.format == format_ and e.expected["violated"] and len(e.files) == 1]
    assert not _mended(policy, format_, useless, bad)
    assert _mended(policy, format_, useful, bad)
