"""Controls are named as their benchmarks number them, so that an index by framework has no strays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from iacguard.policy import Policy
from iacguard.policy.testing import read_policies

_NUMBERS = r"\d{1,2}(\.\d{1,2}){1,3}"
#: How each framework numbers its controls: CIS and PCI DSS by sections, NIST SP 800-53 by family, SOC 2 by criteria
#: of the Trust Services Criteria, MITRE ATT&CK by technique and sub-technique.
SHAPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "cis-aks-1.7",
                "cis-aws-3.0",
                "cis-aws-4.0",
                "cis-azure-2.0",
                "cis-azure-3.0",
                "cis-eks-1.5",
                "cis-gcp-2.0",
                "cis-gcp-3.0",
                "cis-gke-1.6",
                "cis-kubernetes-1.9",
                "pci-dss-4.0",
            ),
            _NUMBERS,
        ),
        "cwe": r"CWE-[1-9]\d{0,3}",
        "mitre-attack": r"T1\d{3}(\.\d{3})?",
        "nist-800-53r5": r"(AC|AT|AU|CA|CM|CP|IA|IR|MA|MP|PE|PL|PM|PS|PT|RA|SA|SC|SI|SR)-[1-9]\d?",
        "soc-2": r"(CC[1-9]|A1|C1|PI1|P[1-8])\.\d",
    }
)
#: Of which provider a CIS benchmark speaks.
_SUBJECTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "cis-aws": frozenset({"aws"}),
        "cis-azure": frozenset({"azure"}),
        "cis-gcp": frozenset({"google"}),
        "cis-eks": frozenset({"aws", "kubernetes"}),
        "cis-aks": frozenset({"azure", "kubernetes"}),
        "cis-gke": frozenset({"google", "kubernetes"}),
        "cis-kubernetes": frozenset({"kubernetes"}),
    }
)
POLICIES = [policy for policy, _ in read_policies(())]


@pytest.mark.parametrize("framework", sorted({name for policy in POLICIES for name in policy.rule.frameworks}))
def test_controls_have_the_frameworks_own_numbers(framework: str) -> None:
    shape = SHAPES[framework]
    odd = {
        (policy.rule.id, control)
        for policy in POLICIES
        for control in policy.rule.frameworks.get(framework, ())
        if not re.fullmatch(shape, control)
    }
    assert odd == set()


def test_a_benchmark_of_one_provider_is_named_by_its_policies_only() -> None:
    assert {f"{policy.rule.id}: {name}" for policy in POLICIES for name in _strangers(policy)} == set()


def test_no_control_is_named_twice() -> None:
    twice = {
        f"{policy.rule.id}: {name}"
        for policy in POLICIES
        for name, controls in policy.rule.frameworks.items()
        if len(set(controls)) != len(controls)
    }
    assert twice == set()


def _strangers(policy: Policy) -> list[str]:
    provider = policy.rule.id.partition("-")[0]
    return [
        name
        for name in policy.rule.frameworks
        if name.startswith("cis-") and provider not in _SUBJECTS[name.rpartition("-")[0]]
    ]
