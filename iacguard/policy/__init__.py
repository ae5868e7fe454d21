"""Policies: loaded from YAML, compiled, decided on resources. A policy never knows a file format."""

from __future__ import annotations

from iacguard.policy.compile import Pack, Policy, PolicyError
from iacguard.policy.decide import Decision, decide
from iacguard.policy.load import load_pack

__all__ = ["Decision", "Pack", "Policy", "PolicyError", "decide", "load_pack"]
