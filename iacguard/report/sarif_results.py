"""SARIF's results: one for each finding, as JSON text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from iacguard.findings import Finding, Suppression
from iacguard.model import Step
from iacguard.report.jsontext import quoted
from iacguard.report.sarif_places import is_inside, location
from iacguard.report.sarif_rules import LEVELS, sentence
from iacguard.report.selection import others

#: GitHub keeps 100 related locations of a result.
MAX_STEPS: Final = 100
_MAX_MESSAGE: Final = 2_000
_MAX_INSTANCES: Final = 1_000


def result_of(finding: Finding, rule_index: int) -> str:
    """The ``result`` of a finding; ``rule_index`` is the place of its rule in the driver's list."""
    rule = finding.rule
    steps = _shown_steps(finding.trail) if finding.trail else ()
    judged = f'"kind":"fail","level":"{LEVELS[rule.severity]}"'
    made = [
        f'"ruleId":{quoted(rule.id)},"ruleIndex":{rule_index}',
        judged if finding.verdict == "violated" else '"kind":"review","level":"none"',
        f'"message":{_text(_message(finding, steps))}',
        f'"locations":[{_primary(finding)}]',
    ]
    if steps:
        related = (f'{{"id":{number},{_station(step)}}}' for number, step in enumerate(steps, 1))
        made.append(f'"relatedLocations":[{",".join(related)}],"codeFlows":[{_flow(finding, steps)}]')
    if prints := _fingerprints(finding):
        made.append(f'"partialFingerprints":{{{prints}}}')
    if finding.suppression is not None:
        made.append(f'"suppressions":[{_suppression(finding.suppression)}]')
    made.append(f'"properties":{_properties(finding)}')
    return f"{{{','.join(made)}}}"


def _text(text: str) -> str:
    return f'{{"text":{quoted(text)}}}'


def _list(texts: Iterable[str]) -> str:
    return f"[{','.join(map(quoted, texts))}]"


def _fingerprints(finding: Finding) -> str:
    own = f'"iacguard/v1":{quoted(finding.fingerprint)}' if finding.fingerprint else ""
    if not finding.line_hash:
        return own
    line = f'"primaryLocationLineHash":{quoted(finding.line_hash)}'
    return f"{line},{own}" if own else line


def _suppression(given: Suppression) -> str:
    made = f'"kind":"inSource","location":{{"physicalLocation":{location(given.span)}}}'
    return f'{{{made},"justification":{quoted(given.reason[:_MAX_MESSAGE])}}}' if given.reason else f"{{{made}}}"


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


def _primary(finding: Finding) -> str:
    logical = [_logical(finding.address, "resource")]
    if finding.parent:
        logical.append(_logical(finding.parent, "resource"))
    if finding.construct:
        logical.append(_logical(finding.construct, "declaration"))
    place = location(finding.span, finding.source_lines)
    return f'{{"physicalLocation":{place},"logicalLocations":[{",".join(logical)}]}}'


def _logical(name: str, kind: str) -> str:
    return f'{{"fullyQualifiedName":{quoted(name)},"kind":"{kind}"}}'


def _station(step: Step) -> str:
    return f'"physicalLocation":{location(step.span)},"message":{_text(sentence(step.note))}'


def _flow(finding: Finding, steps: tuple[Step, ...]) -> str:
    """The way of the value as a thread flow: origin first, the finding's own place last."""
    place = location(finding.span, finding.source_lines)
    last = f'"physicalLocation":{place},"message":{_text(_plain(finding.message))}'
    stations = (f'{{"location":{{{station}}}}}' for station in (*map(_station, steps), last))
    return f'{{"threadFlows":[{{"locations":[{",".join(stations)}]}}]}}'


def _properties(finding: Finding) -> str:
    made = [
        f'"resourceType":{quoted(finding.resource_type)},"format":"{finding.format}"',
        f'"path":{quoted(finding.path)},"stack":{quoted(finding.stack)}',
    ]
    if len(finding.instances) > 1:
        made.append(f'"instances":{_list(finding.instances[:_MAX_INSTANCES])}')
        made.append(f'"instanceCount":{len(finding.instances)}')
    if finding.when:
        made.append(f'"when":{quoted(finding.when)}')
    if finding.construct:
        made.append(f'"construct":{quoted(finding.construct)}')
    if finding.also:
        made.append(f'"also":{_list(finding.also)}')
    if finding.reasons:
        made.append(f'"reasons":{_list(finding.reasons)}')
    return f"{{{','.join(made)}}}"
