"""Three-valued logic of conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Truth(NamedTuple):
    """``value`` is None where the template alone does not tell; ``reason`` says why then.

    ``choice`` is what of the deployer's choices would settle it: a parameter's name, or a comparison's text.
    """

    value: bool | None
    reason: str = ""
    choice: str = ""


def negation(truth: Truth) -> Truth:
    return truth if truth.value is None else Truth(not truth.value)


def conjunction(truths: Sequence[Truth]) -> Truth:
    """False if one is false, whatever the others are."""
    if any(truth.value is False for truth in truths):
        return Truth(False)
    return next((truth for truth in truths if truth.value is None), Truth(True))


def disjunction(truths: Sequence[Truth]) -> Truth:
    """True if one is true, whatever the others are."""
    if any(truth.value is True for truth in truths):
        return Truth(True)
    return next((truth for truth in truths if truth.value is None), Truth(False))
