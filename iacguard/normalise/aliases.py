"""Other spellings of the same thing: renamed types, and inline blocks brought to the shape of their sub-resources."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from iacguard.model import Unknown
from iacguard.normalise.documents import read
from iacguard.normalise.draft import Draft

#: Types that a provider keeps under two names, by the one that policies use.
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "aws_alb": "aws_lb",
        "aws_alb_listener": "aws_lb_listener",
        "aws_alb_listener_rule": "aws_lb_listener_rule",
        "aws_alb_listener_certificate": "aws_lb_listener_certificate",
        "aws_alb_target_group": "aws_lb_target_group",
        "aws_alb_target_group_attachment": "aws_lb_target_group_attachment",
        "aws_s3_bucket_object": "aws_s3_object",
    }
)

#: Text attributes that hold a JSON list: policies see the list.
_DECODED: Mapping[str, tuple[str, ...]] = MappingProxyType({"aws_ecs_task_definition": ("container_definitions",)})


def adapt(draft: Draft) -> None:
    """Bring ``draft`` to the spelling that the rest of normalising, and every policy, knows."""
    alias = TYPES.get(draft.type)
    if alias is not None:
        draft.retype(alias)
    for name in _DECODED.get(draft.type, ()):
        _decode(draft, name)


def _decode(draft: Draft, name: str) -> None:
    value = draft.attributes.get(name)
    if isinstance(value, list) or value is None:
        return
    document = read(value, draft.where((name,)))
    if isinstance(document.value, list):
        draft.set(name, list(document.value), document.place)
    elif isinstance(document.value, Unknown):
        draft.set(name, document.value, document.place)
