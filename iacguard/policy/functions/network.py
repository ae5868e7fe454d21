"""Addresses and ports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from iacguard.model import Unknown, Value
from iacguard.policy import logic
from iacguard.policy.functions.base import Function, decided, parameters

_Range = tuple[int, int]

#: Never reached from the internet, or not usable as a source there: RFC 6890 and its registries.
_NOT_PUBLIC_4 = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
)
_PRIVATE_6 = ("::1/128", "fc00::/7", "fe80::/10")
#: All addresses that are given out for the public internet (RFC 4291).
_PUBLIC_6 = "2000::/3"
#: Blocks that hold this share of all addresses are as good as the whole internet: whoever scans it finds the port.
_MOST = 0.5
#: Data sources of networks and machines: what ranges these have is limited by the provider (a VPC's is a /16 at most),
#: and never the whole internet.
_NETWORKS = frozenset(
    (
        *("aws_vpc", "aws_default_vpc", "aws_vpcs", "aws_subnet", "aws_subnets", "aws_vpc_peering_connection"),
        *("aws_eip", "aws_eips", "aws_instance", "aws_instances", "aws_nat_gateway", "aws_network_interface"),
        *("aws_ip_ranges", "azurerm_virtual_network", "azurerm_subnet", "azurerm_public_ip", "google_compute_address"),
        *("google_compute_global_address", "google_compute_instance", "google_compute_subnetwork"),
        "google_netblock_ip_ranges",
    )
)


@lru_cache(maxsize=4096)
def _network(text: str) -> tuple[int, int, int, int] | None:
    """(IP version, first, last, prefix length) of a CIDR block or address; None if it is none."""
    plain = _ipv4(text.strip())
    if plain is not None:
        return plain
    from ipaddress import ip_network  # it takes 2 ms, and nearly all blocks are of IPv4

    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.broadcast_address), found.prefixlen


def _ipv4(text: str) -> tuple[int, int, int, int] | None:
    """As :func:`_network`, of what surely is a block of IPv4."""
    address, slash, length = text.partition("/")
    parts = address.split(".")
    if slash:
        parts.append(length)
    if len(parts) != 4 + len(slash) or not all(
        len(p) < 4 and p.isascii() and p.isdigit() and (p == "0" or p[0] != "0") for p in parts
    ):
        return None
    numbers = [int(part) for part in parts]
    size = numbers.pop() if slash else 32
    if size > 32 or max(numbers) > 255:
        return None
    number, rest = int.from_bytes(bytes(numbers), "big"), (1 << (32 - size)) - 1
    return 4, number & ~rest, number | rest, size


def _ranges(texts: Iterable[str], version: int) -> list[_Range]:
    found = (_network(t) for t in texts)
    return sorted((n[1], n[2]) for n in found if n is not None and n[0] == version)


def _share(ranges: Sequence[_Range], wanted: _Range) -> float:
    """How much of ``wanted`` the ranges hold together, from 0 to 1."""
    held, reached = 0, wanted[0] - 1
    for first, last in sorted(ranges):
        last = min(last, wanted[1])
        held += max(0, last - max(first, reached + 1) + 1)
        reached = max(reached, last)
    return held / (wanted[1] - wanted[0] + 1)


def covers_internet(texts: Sequence[str]) -> bool:
    """Whether known CIDR blocks hold half of all public addresses, or more."""
    return bool(texts) and _covers_internet(tuple(texts))


@lru_cache(maxsize=256)
def _covers_internet(texts: tuple[str, ...]) -> bool:
    """As :func:`covers_internet`: a dozen policies ask it of the same rule."""
    four, six = _ranges(texts, 4), _ranges(texts, 6)
    return bool(
        (four and _share(four, (0, 2**32 - 1)) >= _MOST) or (six and _share(six, _ranges((_PUBLIC_6,), 6)[0]) >= _MOST)
    )


def never_world(item: Unknown) -> bool:
    """Whether an unknown source cannot be the whole internet: a network's own range, a known prefix length."""
    if item.reference is not None and (item.kind == "computed" or _looked_up(item.reference.address) in _NETWORKS):
        return True
    if not item.parts:
        return False
    tail = item.suffix.rpartition("/")
    return tail[1] == "/" and tail[2].isdigit() and int(tail[2]) > 3


def _looked_up(address: str) -> str:
    """The kind of the data source at an address; empty for everything else."""
    _, found, after = f".{address}".rpartition(".data.")
    return after.partition(".")[0] if found else ""


def _texts(sources: Value) -> tuple[list[str], list[Unknown]]:
    """The known texts of a list or single text, and the unknowns that matter."""
    texts: list[str] = []
    unknowns: list[Unknown] = []
    pending = list(sources) if isinstance(sources, list) else [sources]
    for item in pending:
        if isinstance(item, Unknown):
            unknowns.append(item)
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, str):
            texts.append(item)
    return texts, unknowns


def open_to_world(sources: Value) -> Value:
    """Whether the CIDR blocks let in the whole internet, IPv4 or IPv6.

    True for ``0.0.0.0/0`` and ``::/0``, and for blocks that together hold half of the addresses or more
    (``0.0.0.0/1``, or ``2000::/3``). Other texts (security groups, tags) are passed over.
    ``sources`` is a list or a single text. An unknown source that has a known prefix length, or is the own range of a
    resource created here or of a network that a data source looks up, is not the world.
    """
    texts, unknowns = _texts(sources)
    if covers_internet(texts):
        return True
    return decided(logic.any_tri(_maybe_world(texts, u) for u in unknowns), *unknowns)


def _maybe_world(texts: Sequence[str], unknown: Unknown) -> logic.Tri:
    if isinstance(unknown, logic.PossibleItem):
        inner, open_ones = _texts(unknown.item)
        possible = covers_internet([*texts, *inner]) or any(not never_world(u) for u in open_ones)
        return None if possible else False
    if unknown.choices and not unknown.spread:
        answers = {covers_internet([*texts, c]) if isinstance(c, str) else None for c in unknown.choices}
        return answers.pop() if len(answers) == 1 else None
    return False if never_world(unknown) else None


def public_sources(sources: Value) -> Value:
    """The CIDR blocks of a list that hold public addresses: those not inside a private or reserved range."""
    if isinstance(sources, Unknown):
        return logic.blur(sources)
    out: list[Value] = []
    for item in sources if isinstance(sources, list) else [sources]:
        if isinstance(item, Unknown):
            out.append(item if item.spread else logic.possible(item, item))
        elif isinstance(item, str) and _network(item) and not _private(item):
            out.append(item)
    return out


@lru_cache(maxsize=1024)
def _private(text: str) -> bool:
    network = _network(text)
    if network is None:
        return False
    version, first, last, _ = network
    blocks = _ranges(_NOT_PUBLIC_4 if version == 4 else _PRIVATE_6, version)
    return any(low <= first and last <= high for low, high in blocks)


def is_private_cidr(cidr: Value) -> Value:
    """Whether a CIDR block or address lies wholly within a private or reserved range."""
    return _private(cidr)


def is_cidr(text: Value) -> Value:
    """Whether the text is an address or a CIDR block."""
    return _network(text) is not None


def cidr_prefix(cidr: Value) -> Value:
    """The prefix length of a CIDR block, 32 or 128 for an address; null for another text."""
    network = _network(cidr)
    return None if network is None else network[3]


def cidr_size(cidr: Value) -> Value:
    """How many addresses the CIDR block holds; null for another text."""
    network = _network(cidr)
    return None if network is None else network[2] - network[1] + 1


def cidr_contains(outer: Value, inner: Value) -> Value:
    """Whether the first CIDR block holds the whole of the second."""
    a, b = _network(outer), _network(inner)
    return a is not None and b is not None and a[0] == b[0] and a[1] <= b[1] and b[2] <= a[2]


def covers_port(from_port: Value, to_port: Value, port: Value) -> Value:
    """Whether ``port`` lies in the range. One known end that excludes it decides."""
    if type(from_port) is type(to_port) is type(port) is int:
        return from_port <= port <= to_port
    above = logic.truth(logic.order("lte", from_port, port))
    below = logic.truth(logic.order("gte", to_port, port))
    return decided(logic.all_tri((above, below)), from_port, to_port, port)


def covers_any_port(from_port: Value, to_port: Value, ports: Value) -> Value:
    """Whether at least one of ``ports`` lies in the range: ``covers_any_port(from_port, to_port, `[22, 3389]`)``."""
    if isinstance(ports, Unknown):
        return logic.one_of((True, False), ports)
    if type(from_port) is type(to_port) is int and all(type(port) is int for port in ports):
        return any(from_port <= port <= to_port for port in ports)
    answers = [logic.truth(covers_port(from_port, to_port, port)) for port in ports]
    return decided(logic.any_tri(answers), from_port, to_port, ports)


def denied_before(rule: Value, rules: Value, port: Value = None) -> Value:
    """Whether a deny rule that is tried before ``rule`` keeps the internet out of ``port``, or of all of its ports.

    ``rules`` are the firewall's: ``denied_before(@, resource().ingress_rules, `22`)``. The lower priority number is
    tried first, as in Azure's security groups, AWS's network ACLs and Google's firewalls; a rule without one is denied
    by none. Of a rule for all protocols it is enough to deny TCP on ``port``. A denial for some destinations or source
    ports counts only for a rule that has the same.
    """
    if not isinstance(rule, dict):
        return decided(None, rule)
    if isinstance(rules, Unknown):
        return decided(None, rules)
    return decided(logic.any_tri(_denies(r, rule, port) for r in rules), *rules, rule, port)


def _denies(candidate: Value, rule: dict[str, Value], port: Value) -> logic.Tri:
    if isinstance(candidate, logic.PossibleItem):
        return None if _denies(candidate.item, rule, port) is not False else False
    if isinstance(candidate, Unknown):
        perhaps = not candidate.choices or any(_denies(c, rule, port) is not False for c in candidate.choices)
        return None if perhaps else False
    if not isinstance(candidate, dict):
        return False
    low, high = (rule.get("from_port"), rule.get("to_port")) if port is None else (port, port)
    protocols = ["all", rule.get("protocol")]
    if port is not None and protocols[1] == "all":
        protocols.append("tcp")
    return logic.all_tri(
        (
            logic.equal(candidate.get("action"), "deny"),
            logic.truth(logic.order("lt", candidate.get("priority"), rule.get("priority"))),
            logic.any_tri(logic.equal(candidate.get("protocol"), p) for p in protocols),
            logic.truth(logic.order("lte", candidate.get("from_port"), low)),
            logic.truth(logic.order("gte", candidate.get("to_port"), high)),
            logic.truth(open_to_world(candidate.get("sources"))),
            _reaches(candidate.get("only"), rule.get("only")),
        )
    )


def _reaches(denied: Value, allowed: Value) -> logic.Tri:
    """Whether a denial that is limited to ``denied`` is one of all that a rule allows."""
    if not denied or denied == allowed:
        return True
    open_ = isinstance(denied, Unknown) or any(isinstance(i, Unknown) and i.reference is None for i in denied)
    return None if open_ else False


def port_count(from_port: Value, to_port: Value) -> Value:
    """How many ports the range holds."""
    return max(0, int(to_port) - int(from_port) + 1)


def ports(from_port: Value, to_port: Value) -> Value:
    """The range in words, for messages: ``port 22``, ``ports 20 to 30``, ``all ports``."""
    low, high = int(from_port), int(to_port)
    if low <= 1 and high >= 65535:
        return "all ports"
    return f"port {low}" if low == high else f"ports {low} to {high}"


def port_in(port: Value, ranges: Value) -> Value:
    """Whether a port lies in a list of ports and ranges written as texts: ``port_in(port, ['22', '8000-9000'])``."""
    number = _number(port)
    if number is None:
        return False
    return any(low <= number <= high for low, high in (_port_range(r) for r in ranges))


def _number(value: Value) -> int | None:
    if isinstance(value, (int, float)):
        return int(value)
    return int(value) if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() else None


def _port_range(value: Value) -> tuple[int, int]:
    if isinstance(value, str) and value.strip() == "*":
        return 0, 65535
    low, _, high = str(value).partition("-")
    first, last = _number(low), _number(high or low)
    return (first, last) if first is not None and last is not None else (1, 0)


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("open_to_world", open_to_world, _P("sources: array|string"), "boolean", "decides"),
    Function("public_sources", public_sources, _P("sources: array|string"), "array", "decides"),
    Function("is_private_cidr", is_private_cidr, _P("cidr: string"), "boolean"),
    Function("is_cidr", is_cidr, _P("text: string"), "boolean"),
    Function("cidr_prefix", cidr_prefix, _P("cidr: string"), "number"),
    Function("cidr_size", cidr_size, _P("cidr: string"), "number"),
    Function("cidr_contains", cidr_contains, _P("outer: string", "inner: string"), "boolean"),
    Function(
        "covers_port", covers_port, _P("from_port: number", "to_port: number", "port: number"), "boolean", "decides"
    ),
    Function(
        "covers_any_port",
        covers_any_port,
        _P("from_port: number", "to_port: number", "ports: array"),
        "boolean",
        "decides",
    ),
    Function(
        "denied_before",
        denied_before,
        _P("rule: object", "rules: array", "port?: number"),
        "boolean",
        "decides",
    ),
    Function("port_count", port_count, _P("from_port: number", "to_port: number"), "number"),
    Function("ports", ports, _P("from_port: number", "to_port: number"), "string"),
    Function("port_in", port_in, _P("port: number|string", "ranges: array"), "boolean"),
)
