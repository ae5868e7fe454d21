"""Firewall rules: however a cloud writes them, as ``ingress_rules`` and ``egress_rules``.

Names and numbers of protocols: IANA's protocol numbers, as far as the clouds' documentation names them. What an
absent member means is each provider's documented default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from iacguard.model import REST, Path, Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import NamedPlace
from iacguard.normalise.values import blocks, boolean, get, integer, items, text

ANYWHERE = "0.0.0.0/0"
ALL_PORTS = (0, 65535)
#: Protocols without ports: no port lies in this range.
NO_PORTS = (-1, -1)

_PROTOCOLS: Mapping[str, str] = MappingProxyType(
    {
        "-1": "all", "*": "all", "all": "all", "any": "all", "asterisk": "all", "": "all",
        "1": "icmp", "6": "tcp", "17": "udp", "50": "esp", "51": "ah", "58": "icmpv6", "132": "sctp", "47": "gre",
        "icmpv6": "icmpv6",
    }
)  # fmt: skip
_PORTLESS = frozenset({"icmp", "icmpv6", "esp", "ah", "gre", "ipip"})
_ANYWHERE = frozenset({"*", "internet", "any", "0.0.0.0/0", "0/0"})
_ANYWHERE_6 = frozenset({"::/0", "0::/0", "::0/0", "0:0:0:0:0:0:0:0/0"})

Names: TypeAlias = dict[Any, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Hole:
    """Rules of which neither number nor content is known."""

    directions: tuple[str, ...]
    value: Unknown
    at: Path


def add_rules(draft: Draft) -> None:
    """Give ``draft`` its ``ingress_rules`` and ``egress_rules``, if its type holds firewall rules."""
    reader = _READERS.get(draft.type)
    if reader is None:
        return
    draft.set("ingress_rules", [])
    draft.set("egress_rules", [])
    for written in reader(draft.attributes):
        if isinstance(written, Hole):
            for direction in written.directions:
                draft.append(f"{direction}_rules", written.value, NamedPlace(draft.place, written.at))
        else:
            _add(draft, written)


def _add(draft: Draft, written: Written) -> None:
    place = NamedPlace(draft.place, written.at, written.names)
    for rule in _rules(written):
        if written.direction in ("ingress", "egress"):
            draft.append(f"{written.direction}_rules", rule, place)
            continue
        unknown = Unknown("the rule's direction is not known", spread=True)
        for name in ("ingress_rules", "egress_rules"):
            draft.append(name, unknown, place)


def _rules(written: Written) -> Iterator[dict[str, Value]]:
    protocol = protocol_name(written.protocol)
    sources, groups = split_sources(written.sources)
    groups = [*groups, *_known(items(written.groups))]
    for low, high in _port_ranges(written.ports, protocol):
        yield {
            "action": written.action,
            "protocol": protocol,
            "from_port": low,
            "to_port": high,
            "sources": sources,
            "source_groups": groups,
            "priority": written.priority,
            "description": written.description,
        }


def protocol_name(value: Value) -> Value:
    """``-1`` and ``*`` are "all", numbers get their name."""
    if isinstance(value, Unknown):
        return value
    written = (text(value) or "").strip().lower()
    return _PROTOCOLS.get(written, written)


def split_sources(value: Value) -> tuple[list[Value], list[Value]]:
    """CIDR ranges, and all else (groups, tags). An unknown stays among the ranges: it may be anywhere."""
    ranges: list[Value] = []
    groups: list[Value] = []
    for item in items(value):
        if isinstance(item, Unknown):
            ranges.append(item)
        elif isinstance(item, str) and item.strip():
            known = item.strip()
            if known.lower() in _ANYWHERE:
                ranges.append(ANYWHERE)
            elif known in _ANYWHERE_6:
                ranges.append("::/0")
            elif not (known[0].isdigit() or ":" in known) or known.startswith(("sg-", "pl-")):
                groups.append(known)
            elif "/" in known or "-" in known:
                ranges.append(known)
            else:
                ranges.append(known + ("/128" if ":" in known else "/32"))
    return ranges, groups


def _known(values: list[Value]) -> list[Value]:
    return [v for v in values if v is not None and v != ""]


def _port_ranges(ports: tuple[Value, ...], protocol: Value) -> list[tuple[Value, Value]]:
    if isinstance(protocol, str) and protocol in _PORTLESS:
        return [NO_PORTS]
    if protocol == "all" or not ports:
        return [ALL_PORTS]
    out: list[tuple[Value, Value]] = []
    for port in ports:
        found = _port_range(port)
        if found is not None:
            out.append(found)
    return out


def _port_range(port: Value) -> tuple[Value, Value] | None:
    """``(from, to)``, ``22``, ``"22"``, ``"1000-2000"``, ``"*"``."""
    if isinstance(port, tuple):
        low, high = integer(port[0]), integer(port[1])
        if low is None and high is None:
            return ALL_PORTS
        low, high = high if low is None else low, low if high is None else high
        return ALL_PORTS if low == -1 else (low, high)
    if isinstance(port, Unknown):
        return (port, port)
    written = (text(port) or "").strip()
    if written in ("*", "any", "0-65535"):
        return ALL_PORTS
    first, _, last = written.partition("-")
    low, high = integer(first), integer(last or first)
    return None if low is None or high is None else (low, high)


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


def _security_group(attributes: dict[str, Value]) -> Rules:
    for direction in ("ingress", "egress"):
        for index, rule in blocks(attributes.get(direction)):
            at: Path = (direction, *index)
            if isinstance(rule, Unknown):
                yield Hole((direction,), rule, at)
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


def _nsg_rule(rule: dict[str, Value], at: Path) -> Written:
    direction = _choice(rule.get("direction", rule.get(REST)), _DIRECTIONS, "ingress")
    far = "destination" if direction == "egress" else "source"
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
    )


def _nsg(attributes: dict[str, Value]) -> Rules:
    for index, rule in blocks(attributes.get("security_rule")):
        if isinstance(rule, Unknown):
            yield Hole(("ingress", "egress"), replace(rule, spread=True), ("security_rule", *index))
        else:
            yield _nsg_rule(rule, ("security_rule", *index))


def _nsg_alone(attributes: dict[str, Value]) -> Rules:
    yield _nsg_rule(attributes, ())


_AZURE_NAMES: Names = {"sources": (("start_ip_address",), ("start_ip",))}


def _address_range(attributes: dict[str, Value]) -> Rules:
    """Azure's database firewalls: a range of addresses; 0.0.0.0 to 0.0.0.0 lets in Azure's own services."""
    start = attributes.get("start_ip_address", attributes.get("start_ip", attributes.get(REST)))
    end = attributes.get("end_ip_address", attributes.get("end_ip", attributes.get(REST)))
    groups: list[Value] = []
    sources: Value
    if isinstance(start, Unknown) or isinstance(end, Unknown):
        sources = start if isinstance(start, Unknown) else end
    elif start == end == "0.0.0.0":
        sources, groups = [], ["AzureServices"]
    else:
        sources = address_blocks(start, end)
    yield Written("ingress", "allow", "tcp", ("*",), sources, groups, names=_AZURE_NAMES)


def address_blocks(start: Value, end: Value) -> list[Value]:
    """The CIDR blocks that together are the range from ``start`` to ``end``; an Unknown where they are no addresses."""
    import ipaddress

    try:
        first, last = ipaddress.ip_address(str(start).strip()), ipaddress.ip_address(str(end).strip())
        return [str(n) for n in ipaddress.summarize_address_range(first, last)]
    except (ValueError, TypeError):
        return [Unknown(f"{start!r} to {end!r} is no range of addresses", kind="error")]


_GOOGLE_NAMES: Names = {
    "from_port": (("ports",),),
    "to_port": (("ports",),),
}


def _google_firewall(attributes: dict[str, Value]) -> Rules:
    """Without any source the API lets in 0.0.0.0/0 (compute.firewalls, "sourceRanges" and "destinationRanges")."""
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
                integer(attributes.get("priority")),
                attributes.get("description"),
                (action, *index),
                _GOOGLE_NAMES,
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
        )


_READERS: Mapping[str, Callable[[dict[str, Value]], Rules]] = MappingProxyType(
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

#: The types that hold firewall rules of their own.
TYPES = frozenset(_READERS)
