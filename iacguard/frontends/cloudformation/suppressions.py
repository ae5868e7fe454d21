"""What a template's Metadata says is accepted, in our notation and in those of other scanners.

    Metadata:
      iacguard: {ignore: [{id: aws-s3-bucket-logging, reason: it holds the logs itself}]}
      cfn_nag: {rules_to_suppress: [{id: W35, reason: ...}]}
      checkov: {skip: [{id: CKV_AWS_18, comment: ...}]}
      cfn-lint: {config: {ignore_checks: [W3010]}}

In a resource's Metadata it holds for that resource, in the template's for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from yaml.nodes import Node

from iacguard.findings import Suppression
from iacguard.frontends.cloudformation.evaluate import Evaluator
from iacguard.frontends.cloudformation.evaluation import Evaluated
from iacguard.frontends.cloudformation.nodes import items, member, text_of

_Notation: TypeAlias = tuple[str, tuple[str, ...], str]
#: Notation -> the way to its list, and the name of the reason in an item.
_NOTATIONS: tuple[_Notation, ...] = (
    ("iacguard", ("ignore",), "reason"),
    ("cfn_nag", ("rules_to_suppress",), "reason"),
    ("checkov", ("skip",), "comment"),
    ("cfn-lint", ("config", "ignore_checks"), "reason"),
)
_MAX_LINE = 1 << 30


def suppressions(found: Evaluated) -> tuple[Suppression, ...]:
    """All suppressions of a template and its nested ones. Ours without a reason do not count, which is said."""
    return tuple(s for evaluator in found.evaluators for s in _of_template(evaluator))


def _of_template(evaluator: Evaluator) -> Iterator[Suppression]:
    data = evaluator.origin.file.data
    notations = [notation for notation in _NOTATIONS if notation[0].encode() in data]
    if not notations or b"Metadata" not in data:
        return
    template = evaluator.template
    whole = member(template.root, "Metadata")
    if whole is not None:
        yield from _of_metadata(evaluator, notations, whole.value, "")
    for declared in (*template.resources.values(), *evaluator.made_resources.values()):
        metadata = declared.parts.get("Metadata")
        if metadata is not None:
            address = evaluator.scope.prefix + declared.entry.name
            yield from _of_metadata(evaluator, notations, metadata.value, address)


def _of_metadata(
    evaluator: Evaluator, notations: list[_Notation], metadata: Node, address: str
) -> Iterator[Suppression]:
    for origin, way, reason_name in notations:
        node: Node | None = metadata
        for name in (origin, *way):
            found = member(node, name)
            node = found.value if found else None
        for item in items(node):
            id_ = member(item, "id")
            rule = text_of(id_.value if id_ else item)
            reason = member(item, reason_name)
            why = (text_of(reason.value) if reason else None) or ""
            if not rule:
                continue
            if origin == "iacguard" and not why.strip():
                message = f'the suppression of "{rule}" gives no reason; it does not count'
                evaluator.wrong("value", item, message, notice=True)
                continue
            span = evaluator.origin.span(item, item)
            yield Suppression((rule,), " ".join(why.split()), origin, span, address, 1, 0 if address else _MAX_LINE)
