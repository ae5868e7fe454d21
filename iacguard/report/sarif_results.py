"""SARIF's results: one for each finding."""

from __future__ import annotations

from typing import Any, Final

from iacguard.findings import Finding, Suppression
from iacguard.model import Step
from iacguard.report.sarif_places import is_inside, location
from iacguard.report.sarif_rules import LEVELS, sentence
from iacguard.report.selection import others

#: GitHub keeps 100 related locations of a result.
MAX_STEPS: Final = 100
_MAX_MESSAGE: Final = 2_000
_MAX_INSTANCES: Final = 1_000


def result_of(finding: Finding, rule_index: int) -> dict[str, Any]:
    """The ``result`` of a finding; ``rule_index`` is the place of its rule in the driver's list."""
    violated = finding.verdict == "violated"
    steps = _shown_steps(finding.trail)
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": rule_index,
        "kind": "fail" if violated else "review",
        "level": LEVELS[finding.rule.severity] if violated else "none",
        "message": {"text": _message(finding, steps)},
        "locations": [_primary(finding)],
    }
    if steps:
        result["relatedLocations"] = [_related(number, step) for number, step in enumerate(steps, 1)]
        result["codeFlows"] = [_flow(finding, steps)]
    if finding.line_hash:
        result["partialFingerprints"] = {"primaryLocationLineHash": finding.line_hash}
    if finding.fingerprint:
        result.setdefault("partialFingerprints", {})["iacguard/v1"] = finding.fingerprint
    if finding.suppression is not None:
        result["suppressions"] = [_suppression(finding.suppression)]
    result["properties"] = _properties(finding)
    return result


def _suppression(given: Suppression) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": "inSource", "location": {"physicalLocation": location(given.span)}}
    if given.reason:
        made["justification"] = given.reason[:_MAX_MESSAGE]
    return made


def _shown_steps(trail: tuple[Step, ...]) -> tuple[Step, ...]:
    inside = tuple(step for step in trail if is_inside(step.span))
    if len(inside) <= MAX_STEPS:
        return inside
    half = MAX_STEPS // 2
    return inside[:half] + inside[-half:]


def _message(finding: Finding, steps: tuple[Step, ...]) -> str:
    """What is wrong, where, and the way of the value as links to the related locations."""
    more = others(finding.instances, 10)
    address = f"{finding.address} {more}" if more else finding.address
    where = f"{address} (part of {finding.parent})" if finding.parent else address
    text = f"{_plain(finding.message)} Resource: {_plain(where)}"
    if finding.reasons and finding.verdict == "undecided":
        text += " Not known: " + _plain("; ".join(finding.reasons))
    if steps:
        text += " The value comes from " + ", then ".join(
            f"{_link(step.note)}({number})" for number, step in enumerate(steps[:10], 1)
        )
        text += "."
    return text


def _plain(text: str) -> str:
    """Text from the input as one sentence that holds no link: ``[text](target)`` would be one in SARIF."""
    text = text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 3] + "..."
    return sentence(text.replace("](", "] ("))


def _link(text: str) -> str:
    """The text of a link, with what SARIF (3.11.6) wants escaped in it."""
    text = " ".join(text.split())[:200]
    return "[" + text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]") + "]"


def _primary(finding: Finding) -> dict[str, Any]:
    logical = [{"fullyQualifiedName": finding.address, "kind": "resource"}]
    if finding.parent:
        logical.append({"fullyQualifiedName": finding.parent, "kind": "resource"})
    if finding.construct:
        logical.append({"fullyQualifiedName": finding.construct, "kind": "declaration"})
    return {"physicalLocation": location(finding.span, finding.source_lines), "logicalLocations": logical}


def _related(number: int, step: Step) -> dict[str, Any]:
    return {"id": number, "physicalLocation": location(step.span), "message": {"text": sentence(step.note)}}


def _flow(finding: Finding, steps: tuple[Step, ...]) -> dict[str, Any]:
    """The way of the value as a thread flow: origin first, the finding's own place last."""
    stations = [
        {"location": {"physicalLocation": location(step.span), "message": {"text": sentence(step.note)}}}
        for step in steps
    ]
    last = {
        "physicalLocation": location(finding.span, finding.source_lines),
        "message": {"text": _plain(finding.message)},
    }
    return {"threadFlows": [{"locations": [*stations, {"location": last}]}]}


def _properties(finding: Finding) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "resourceType": finding.resource_type,
        "format": finding.format,
        "path": finding.path,
        "stack": finding.stack,
    }
    if len(finding.instances) > 1:
        properties["instances"] = list(finding.instances[:_MAX_INSTANCES])
        properties["instanceCount"] = len(finding.instances)
    if finding.when:
        properties["when"] = finding.when
    if finding.construct:
        properties["construct"] = finding.construct
    if finding.also:
        properties["also"] = list(finding.also)
    if finding.reasons:
        properties["reasons"] = list(finding.reasons)
    return properties
