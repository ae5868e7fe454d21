"""How each cloud writes firewall rules: the members of one rule under common names, where it stands, its direction.

What an absent member means is each provider's documented default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from iacguard.model import REST, Path, Unknown, Value
from iacguard.normalise.values import blocks, boolean, get, integer, items, may_be, text
from iacguard.record import field, record, replace

ANYWHERE = "0.0.0.0/0"

Names: TypeAlias = dict[Any, tuple[Path, ...]]


@record
class Written:
    """One rule as it is written: where (below the block), in which direction, and its members by our names."""

    direction: Value
    action: Value
    protocol: Value
    ports: tuple[Value, ...]
    sources: Value
    groups: Value = None
    priority: Value = None
    description: Value = None
    at: Path = ()
    names: Names = field(default_factory=dict)
    #: Members that stand beside the block, for all of a firewall's rules: their paths from the resource.
    outer: Names = field(default_factory=dict)
    #: What the rule is limited to at the end that it protects, and the source ports; empty where it is for all.
    only: tuple[Value, ...] = ()
    #: Where it stands for any number of such rules: why their number is not known.
    open: Unknown | None = None
    #: Whether the ports limit a rule for every protocol too, as in Azure. Elsewhere such a rule has none.
    ports_always: bool = False


@record
class Hole:
    """Rules of which neither number nor content is known."""

    directions: tuple[str, ...]
    value: Unknown
    at: Path


def _choice(value: Value, table: Mapping[str, str], default: str) -> Value:
    """A word of the provider's in ours; what is neither known nor listed is Unknown."""
    if value is None:
        return default
    if isinstance(value, Unknown):
        found = {_choice(c, table, default) for c in value.choices if isinstance(c, str)}
        return found.pop() if len(found) == 1 and len(value.choices) > 0 else replace(value, choices=(), parts=())
    return table.get((text(value) or "").lower(), Unknown(f"{value!r} is none of {', '.join(table)}", kind="error"))


_ACTIONS = MappingProxyType({"allow": "allow", "deny": "deny", "goto_next": "goto_next"})
_DIRECTIONS = MappingProxyType(
    {"ingress": "ingress", "egress": "egress", "inbound": "ingress", "outbound": "egress",
     "true": "egress", "false": "ingress"}
)  # fmt: skip


def _both(*values: Value) -> list[Value]:
    out: list[Value] = []
    for value in values:
        out.extend(items(value))
    return out


_SG_NAMES: Names = {
    "sources": (("cidr_blocks",), ("ipv6_cidr_blocks",), ("cidr_ipv4",), ("cidr_ipv6",), ("cidr_block",)),
    "source_groups": (
        ("security_groups",), ("source_security_group_id",), ("referenced_security_group_id",),
        ("prefix_list_ids",), ("prefix_list_id",), ("self",),
    ),
    "protocol": (("protocol",), ("ip_protocol",)),
}  # fmt: skip


def _sg_rule(rule: dict[str, Value], direction: Value, at: Path) -> Written:
    def known(name: str) -> Value:
        return rule.get(name, rule.get(REST))

    own = ["self"] if boolean(rule.get("self")) is True else []
    if isinstance(rule.get("self"), Unknown):
        own = [rule["self"]]
    groups = _both(
        rule.get("security_groups"), rule.get("source_security_group_id"), rule.get("referenced_security_group_id"),
        rule.get("prefix_list_ids"), rule.get("prefix_list_id"), own,
    )  # fmt: skip
    return Written(
        direction,
        "allow",
        known("protocol") if "protocol" in rule else known("ip_protocol"),
        ((known("from_port"), known("to_port")),),
        _both(
            known("cidr_blocks"),
            *(rule.get(n) for n in ("ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "cidr_block", "ipv6_cidr_block")),
        ),
        groups,
        None,
        rule.get("description"),
        at,
        _SG_NAMES,
    )


Rules: TypeAlias = Iterator[Written | Hole]


def _any_number(rule: Unknown, read: Callable[[dict[str, Value]], Written], hole: Hole) -> Rules:
    """What a dynamic block gives whose number is not known, though its content is; else ``hole``."""
    contents = [content for content in rule.choices if isinstance(content, dict)]
    if not contents or len(contents) < len(rule.choices):
        yield hole
    for content in contents if len(contents) == len(rule.choices) else ():
        yield replace(read(content), open=rule)


def _security_group(attributes: dict[str, Value]) -> Rules:
    for direction in ("ingress", "egress"):
        for index, rule in blocks(attributes.get(direction)):
            at: Path = (direction, *index)
            if isinstance(rule, Unknown):
                yield from _any_number(
                    rule, partial(_sg_rule, direction=direction, at=at), Hole((direction,), rule, at)
                )
            else:
                yield _sg_rule(rule, direction, at)


def _security_group_rule(attributes: dict[str, Value]) -> Rules:
    yield _sg_rule(attributes, _choice(attributes.get("type"), _DIRECTIONS, "ingress"), ())


def _vpc_rule(direction: str) -> Callable[[dict[str, Value]], Rules]:
    def read(attributes: dict[str, Value]) -> Rules:
        yield _sg_rule(attributes, direction, ())

    return read


_ACL_NAMES: Names = {
    "sources": (("cidr_block",), ("ipv6_cidr_block",)),
    "action": (("action",), ("rule_action",)),
    "priority": (("rule_no",), ("rule_number",)),
}


def _acl_rule(rule: dict[str, Value], direction: Value, action: Value, priority: Value, at: Path) -> Written:
    return Written(
        direction,
        _choice(action, _ACTIONS, "allow"),
        rule.get("protocol", rule.get(REST)),
        ((rule.get("from_port", rule.get(REST)), rule.get("to_port", rule.get(REST))),),
        _both(rule.get("cidr_block", rule.get(REST)), rule.get("ipv6_cidr_block")),
        None,
        integer(priority),
        None,
        at,
        _ACL_NAMES,
    )


def _network_acl(attributes: dict[str, Value]) -> Rules:
    for direction in ("ingress", "egress"):
        for index, rule in blocks(attributes.get(direction)):
            if isinstance(rule, Unknown):
                yield Hole((direction,), rule, (direction, *index))
            else:
                yield _acl_rule(rule, direction, rule.get("action"), rule.get("rule_no"), (direction, *index))


def _network_acl_rule(attributes: dict[str, Value]) -> Rules:
    direction = _choice(attributes.get("egress"), _DIRECTIONS, "ingress")
    yield _acl_rule(attributes, direction, attributes.get("rule_action"), attributes.get("rule_number"), ())


_NSG_NAMES: Names = {
    "action": (("access",),),
    "from_port": (("destination_port_range",), ("destination_port_ranges",)),
    "to_port": (("destination_port_range",), ("destination_port_ranges",)),
    "sources": (("source_address_prefix",), ("source_address_prefixes",)),
    "source_groups": (("source_application_security_group_ids",), ("source_address_prefix",)),
}
_NSG_EGRESS_NAMES: Names = {
    **_NSG_NAMES,
    "sources": (("destination_address_prefix",), ("destination_address_prefixes",)),
    "source_groups": (("destination_application_security_group_ids",), ("destination_address_prefix",)),
}


_ANY = frozenset({"*", "any", "0.0.0.0/0", "virtualnetwork"})


def _limits(*values: Value) -> tuple[Value, ...]:
    """The items of all values, or none where one of them stands for every address or port."""
    found = [item for value in values for item in items(value) if item not in (None, "")]
    every = any(isinstance(item, str) and item.strip().lower() in _ANY | {"0-65535"} for item in found)
    return () if every else tuple(found)


def _nsg_rule(rule: dict[str, Value], at: Path) -> Written:
    direction = _choice(rule.get("direction", rule.get(REST)), _DIRECTIONS, "ingress")
    far, near = ("destination", "source") if direction == "egress" else ("source", "destination")
    single = rule.get("destination_port_range", rule.get(REST))
    ports = _both(single, rule.get("destination_port_ranges"))
    return Written(
        direction,
        _choice(rule.get("access", rule.get(REST)), _ACTIONS, "allow"),
        rule.get("protocol", rule.get(REST)),
        tuple(ports),
        _both(rule.get(f"{far}_address_prefix", rule.get(REST)), rule.get(f"{far}_address_prefixes")),
        rule.get(f"{far}_application_security_group_ids"),
        integer(rule.get("priority")),
        rule.get("description"),
        at,
        _NSG_EGRESS_NAMES if direction == "egress" else _NSG_NAMES,
        only=(
            *_limits(
                rule.get(f"{near}_address_prefix"),
                rule.get(f"{near}_address_prefixes"),
                rule.get(f"{near}_application_security_group_ids"),
            ),
            *_limits(rule.get("source_port_range"), rule.get("source_port_ranges")),
        ),
        ports_always=True,
    )


def _nsg(attributes: dict[str, Value]) -> Rules:
    for index, rule in blocks(attributes.get("security_rule")):
        if isinstance(rule, Unknown):
            at: Path = ("security_rule", *index)
            hole = Hole(("ingress", "egress"), replace(rule, spread=True), at)
            yield from _any_number(rule, partial(_nsg_rule, at=at), hole)
        else:
            yield _nsg_rule(rule, ("security_rule", *index))


def _nsg_alone(attributes: dict[str, Value]) -> Rules:
    yield _nsg_rule(attributes, ())


_AZURE_NAMES: Names = dict.fromkeys(("sources", "source_groups"), (("start_ip_address",), ("start_ip",)))


def _address_range(attributes: dict[str, Value]) -> Rules:
    """Azure's database firewalls: a range of addresses; 0.0.0.0 to 0.0.0.0 lets in Azure's own services."""
    start = attributes.get("start_ip_address", attributes.get("start_ip", attributes.get(REST)))
    end = attributes.get("end_ip_address", attributes.get("end_ip", attributes.get(REST)))
    groups: list[Value] = []
    sources: Value
    if isinstance(start, Unknown) or isinstance(end, Unknown):
        sources = start if isinstance(start, Unknown) else end
        if may_be(start, "0.0.0.0") and may_be(end, "0.0.0.0"):
            groups = [replace(sources, parts=(), choices=("AzureServices",), reference=None, spread=True)]
    elif start == end == "0.0.0.0":
        sources, groups = [], ["AzureServices"]
    else:
        sources = address_blocks(start, end)
    yield Written("ingress", "allow", "tcp", ("*",), sources, groups, names=_AZURE_NAMES)


def address_blocks(start: Value, end: Value) -> list[Value]:
    """The CIDR blocks that together are the range from ``start`` to ``end``; an Unknown where they are no addresses."""
    ends = _ipv4(str(start).strip()), _ipv4(str(end).strip())
    if ends[0] is not None and ends[1] is not None and ends[0] <= ends[1]:
        return list(_ipv4_blocks(ends[0], ends[1]))
    import ipaddress  # it takes 2 ms, and nearly all ranges are of IPv4

    try:
        first, last = ipaddress.ip_address(str(start).strip()), ipaddress.ip_address(str(end).strip())
        return [str(n) for n in ipaddress.summarize_address_range(first, last)]
    except (ValueError, TypeError):
        return [Unknown(f"{start!r} to {end!r} is no range of addresses", kind="error")]


def _ipv4(text: str) -> int | None:
    """The number of an IPv4 address that is surely one."""
    parts = text.split(".")
    if len(parts) != 4 or not all(
        len(p) < 4 and p.isascii() and p.isdigit() and (p == "0" or p[0] != "0") for p in parts
    ):
        return None
    numbers = [int(part) for part in parts]
    return int.from_bytes(bytes(numbers), "big") if max(numbers) < 256 else None


def _ipv4_blocks(first: int, last: int) -> Iterator[str]:
    while first <= last:
        # The largest block that begins here: by where it may begin, and by what is left.
        bits = min((first & -first).bit_length() - 1 if first else 32, (last - first + 1).bit_length() - 1)
        yield ".".join(str(byte) for byte in first.to_bytes(4, "big")) + f"/{32 - bits}"
        first += 1 << bits


_GOOGLE_NAMES: Names = {
    "from_port": (("ports",),),
    "to_port": (("ports",),),
}
_GOOGLE_OUTER: Mapping[str, Names] = MappingProxyType(
    {
        "ingress": {"sources": (("source_ranges",),), "priority": (("priority",),)},
        "egress": {"sources": (("destination_ranges",),), "priority": (("priority",),)},
    }
)


def _google_firewall(attributes: dict[str, Value]) -> Rules:
    """Without any source the API lets in 0.0.0.0/0, and a rule's priority is 1000 (compute.firewalls, "sourceRanges",
    "destinationRanges" and "priority").
    """
    if boolean(attributes.get("disabled")) is True:
        return
    direction = _choice(attributes.get("direction"), _DIRECTIONS, "ingress")
    groups: list[Value] = []
    if direction == "egress":
        sources = items(attributes.get("destination_ranges"))
    else:
        sources = items(attributes.get("source_ranges"))
        groups = _both(attributes.get("source_tags"), attributes.get("source_service_accounts"))
    if not sources and not groups:
        sources = items(attributes.get(REST, ANYWHERE))
    for action in ("allow", "deny"):
        for index, rule in blocks(attributes.get(action)):
            known = rule if isinstance(rule, dict) else {REST: rule}
            yield Written(
                direction,
                action,
                known.get("protocol", known.get(REST)),
                tuple(items(known.get("ports", known.get(REST)))),
                sources,
                groups,
                integer(attributes.get("priority", attributes.get(REST, 1000))),
                attributes.get("description"),
                (action, *index),
                _GOOGLE_NAMES,
                _GOOGLE_OUTER.get(str(direction), {}),
                only=tuple(_both(attributes.get("target_tags"), attributes.get("target_service_accounts"))),
            )


def _google_policy_rule(attributes: dict[str, Value]) -> Rules:
    if boolean(attributes.get("disabled")) is True:
        return
    direction = _choice(attributes.get("direction"), _DIRECTIONS, "ingress")
    match = get(attributes.get("match"), 0)
    far = "dest" if direction == "egress" else "src"
    sources = _both(get(match, f"{far}_ip_ranges"))
    groups = _both(get(match, f"{far}_address_groups"), get(match, f"{far}_fqdns"), get(match, f"{far}_region_codes"))
    if direction == "ingress":
        for tag in items(get(match, "src_secure_tags")):
            groups.append(get(tag, "name"))
    for index, layer in blocks(get(match, "layer4_configs")):
        known = layer if isinstance(layer, dict) else {REST: layer}
        yield Written(
            direction,
            _choice(attributes.get("action"), _ACTIONS, "allow"),
            known.get("ip_protocol", known.get(REST)),
            tuple(items(known.get("ports", known.get(REST)))),
            sources,
            groups,
            integer(attributes.get("priority")),
            attributes.get("description"),
            ("match", 0, "layer4_configs", *index),
            _GOOGLE_NAMES,
            {"sources": (("match", 0, f"{far}_ip_ranges"),), "priority": (("priority",),), "action": (("action",),)},
        )


READERS: Mapping[str, Callable[[dict[str, Value]], Rules]] = MappingProxyType(
    {
        "aws_security_group": _security_group,
        "aws_default_security_group": _security_group,
        "aws_security_group_rule": _security_group_rule,
        "aws_vpc_security_group_ingress_rule": _vpc_rule("ingress"),
        "aws_vpc_security_group_egress_rule": _vpc_rule("egress"),
        "aws_network_acl": _network_acl,
        "aws_default_network_acl": _network_acl,
        "aws_network_acl_rule": _network_acl_rule,
        "azurerm_network_security_group": _nsg,
        "azurerm_network_security_rule": _nsg_alone,
        **{
            f"azurerm_{name}_firewall_rule": _address_range
            for name in (
                "mssql", "sql", "postgresql", "postgresql_flexible_server", "mysql", "mysql_flexible_server",
                "mariadb", "redis", "synapse",
            )
        },
        "google_compute_firewall": _google_firewall,
        "google_compute_firewall_policy_rule": _google_policy_rule,
        "google_compute_network_firewall_policy_rule": _google_policy_rule,
        "google_compute_region_network_firewall_policy_rule": _google_policy_rule,
    }
)  # fmt: skip
