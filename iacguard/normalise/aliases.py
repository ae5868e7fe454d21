"""Other spellings of the same thing: renamed types, and inline blocks brought to the shape of their sub-resources."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from iacguard.model import Unknown
from iacguard.normalise.documents import read
from iacguard.normalise.draft import Draft
from iacguard.normalise.values import may_be, text

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

#: Text attributes that hold JSON: policies see its structure.
_DECODED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"aws_ecs_task_definition": ("container_definitions",), "aws_batch_job_definition": ("container_properties",)}
)

#: CloudFormation's FlowLog names what it watches by ResourceType.
_WATCHED: Mapping[str, str] = MappingProxyType(
    {"Subnet": "subnet_id", "NetworkInterface": "eni_id", "TransitGateway": "transit_gateway_id"}
)

#: The types that are written in more than one way.
_ADAPTED = frozenset((*TYPES, *_DECODED, "aws_flow_log", "aws_instance", "aws_launch_configuration"))

#: Device names that Amazon's, Debian's and Windows' images boot from (EC2 user guide, "Device names for volumes").
_ROOT_DEVICES = frozenset({"/dev/sda1", "/dev/xvda"})


def adapt(draft: Draft) -> None:
    """Bring ``draft`` to the spelling that the rest of normalising, and every policy, knows."""
    if draft.type not in _ADAPTED:
        return
    alias = TYPES.get(draft.type)
    if alias is not None:
        draft.retype(alias)
    for name in _DECODED.get(draft.type, ()):
        _decode(draft, name)
    if draft.resource.format == "cloudformation":
        if draft.type == "aws_flow_log":
            _flow_log(draft)
        elif draft.type in ("aws_instance", "aws_launch_configuration"):
            _root_device(draft)


def _flow_log(draft: Draft) -> None:
    kind = draft.attributes.get("resource_type")
    watched = _WATCHED.get(kind, "") if isinstance(kind, str) else ""
    if watched and "vpc_id" in draft.attributes:
        place = draft.where(("vpc_id",))
        draft.set(watched, draft.attributes["vpc_id"], place)
        draft.remove("vpc_id")


def _root_device(draft: Draft) -> None:
    """CloudFormation maps all devices in one list; Terraform has the root device apart."""
    listed = draft.attributes.get("ebs_block_device")
    if not isinstance(listed, list):
        return
    places = [draft.where(("ebs_block_device", i)) for i in range(len(listed))]
    roots = [isinstance(d, dict) and text(d.get("device_name")) in _ROOT_DEVICES for d in listed]
    if any(roots):
        draft.remove("ebs_block_device")
        for device, place, root in zip(listed, places, roots, strict=True):
            draft.append("root_block_device" if root else "ebs_block_device", device, place)
        return
    for device, place in zip(listed, places, strict=True):
        name = device.get("device_name") if isinstance(device, dict) else device
        if isinstance(name, Unknown) and any(may_be(name, root) for root in _ROOT_DEVICES):
            why = Unknown(name.reason, name.kind, name.span, choices=(device,), spread=True)
            draft.append("root_block_device", why, place)


def _decode(draft: Draft, name: str) -> None:
    value = draft.attributes.get(name)
    if isinstance(value, list | dict) or value is None:
        return
    document = read(value, draft.where((name,)))
    if isinstance(document.value, list | dict | Unknown):
        draft.set(name, document.value, document.place)
