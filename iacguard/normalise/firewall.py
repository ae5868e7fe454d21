"""Firewall rules: however a cloud writes them, as ``ingress_rules`` and ``egress_rules``.

Names and numbers of protocols: IANA's protocol numbers, as far as the clouds' documentation names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from iacguard.model import Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import NamedPlace
from iacguard.normalise.rulebooks import ANYWHERE, READERS, Hole, Written
from iacguard.normalise.values import integer, items, text

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


def add_rules(draft: Draft) -> None:
    """Give ``draft`` its ``ingress_rules`` and ``egress_rules``, if its type holds firewall rules."""
    reader = READERS.get(draft.type)
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
    place = NamedPlace(draft.place, written.at, written.names, written.outer)
    for rule in _rules(written):
        if written.direction in ("ingress", "egress"):
            draft.append(f"{written.direction}_rules", _any_number(rule, written.open), place)
            continue
        # Readers take a rule whose direction is not known for one of incoming traffic.
        reason = "the rule's direction is not known"
        draft.append("ingress_rules", Unknown(reason, choices=(rule,), spread=True), place)
        draft.append("egress_rules", Unknown(reason, spread=True), place)


def _any_number(rule: dict[str, Value], why: Unknown | None) -> Value:
    """The rule, or an item that stands for zero or more like it."""
    return rule if why is None else Unknown(why.reason, why.kind, why.span, choices=(rule,), spread=True)


def _rules(written: Written) -> Iterator[dict[str, Value]]:
    protocol = protocol_name(written.protocol)
    sources, groups = split_sources(written.sources)
    groups = [*groups, *_known(items(written.groups))]
    for low, high in _port_ranges(written.ports, protocol, written.ports_always):
        rule: dict[str, Value] = {
            "action": written.action,
            "protocol": protocol,
            "from_port": low,
            "to_port": high,
            "sources": sources,
            "source_groups": groups,
            "priority": written.priority,
            "description": written.description,
        }
        yield {**rule, "only": list(written.only)} if written.only else rule


def protocol_name(value: Value) -> Value:
    """``-1`` and ``*`` are "all", numbers get their name."""
    if isinstance(value, Unknown):
        return _single(value)
    written = (text(value) or "").strip().lower()
    return _PROTOCOLS.get(written, written)


def _single(value: Unknown) -> Unknown:
    """``value`` as one field's: what stands for a whole block is zero or more of them, and its choices are blocks."""
    return Unknown(value.reason, value.kind, value.span, secret=value.secret) if value.spread else value


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


def _port_ranges(ports: tuple[Value, ...], protocol: Value, always: bool) -> list[tuple[Value, Value]]:
    if isinstance(protocol, str) and protocol in _PORTLESS:
        return [NO_PORTS]
    if (protocol == "all" and not always) or not ports:
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
        return (_single(port), _single(port))
    written = (text(port) or "").strip()
    if written in ("*", "any", "0-65535"):
        return ALL_PORTS
    first, _, last = written.partition("-")
    low, high = integer(first), integer(last or first)
    return None if low is None or high is None else (low, high)


#: The types that hold firewall rules of their own.
TYPES = frozenset(READERS)
