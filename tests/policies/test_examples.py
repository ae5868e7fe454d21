"""Every built-in policy on its own examples, one test each."""

from __future__ import annotations

import pytest

from iacguard.examples import evaluate
from iacguard.policy import Policy
from iacguard.policy.testing import Example, judge, read_policies

CASES = [(policy, example) for policy, examples in read_policies(()) for example in examples]


@pytest.mark.parametrize(
    ("policy", "example"), [pytest.param(p, e, id=f"{p.rule.id}: {e.format}: {e.name}") for p, e in CASES]
)
def test_example(policy: Policy, example: Example) -> None:
    result = judge(policy, example, evaluate)
    assert result.passed, "\n".join(result.failures)


def test_every_policy_is_tested() -> None:
    untested = [policy.rule.id for policy, examples in read_policies(()) if not examples]
    assert untested == []
