"""What can be reached from the internet by the code's own networks: subnets, route tables, groups and who uses them.

Rules: https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html#subnet-types
"""

from __future__ import annotations

from collections.abc import Iterable

from iacguard.model import Graph, Resource, Unknown, Value, contains_unknown
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.functions.graph import here, referenced
from iacguard.policy.functions.network import cidr_prefix, covers_internet, is_private_cidr, never_world
from iacguard.policy.language import Context
from iacguard.policy.logic import all_tri, equal, order, truth

#: The largest block that is no part of "everybody" by itself, but may be one of several that are.
_PART = 6


def open_together(rule: Value, rules: Value) -> Value:
    """Whether a rule that is not open to the world by itself is so with others for the same ports.

    ``open_together(@, resource().ingress_rules)`` of each of four rules for ``0.0.0.0/2``, ``64.0.0.0/2`` and so on.
    Only a rule that holds a block of public addresses of a 64th of the internet or more counts as a part.
    """
    if not isinstance(rule, dict) or not isinstance(rules, list):
        return decided(None if isinstance(rule, Unknown) or isinstance(rules, Unknown) else False, rule, rules)
    sources = rule.get("sources")
    open_ones = [s for s in sources if isinstance(s, Unknown)] if isinstance(sources, list) else [sources]
    if any(not isinstance(s, Unknown) or not (never_world(s) or _never_a_part(s)) for s in open_ones):
        return decided(None, rule) if contains_unknown(sources) else False
    own = _texts([rule])
    if covers_internet(own) or not any(_part(text) for text in own):
        return False
    same = [r for r in rules if isinstance(r, dict) and _reaches(r, rule)]
    if covers_internet(_texts([rule, *same])):
        return True
    return decided(None, rules) if contains_unknown(rules) else False


def _part(text: str) -> bool:
    prefix = cidr_prefix(text)
    return prefix is not None and prefix <= _PART and not is_private_cidr(text)


def _never_a_part(unknown: Unknown) -> bool:
    """Whether each value that an unknown source may have is too small to count."""
    known = bool(unknown.choices) and not unknown.spread
    return known and all(isinstance(c, str) and not covers_internet([c]) and not _part(c) for c in unknown.choices)


def _texts(rules: Iterable[dict[str, Value]]) -> list[str]:
    listed = (rule.get("sources") for rule in rules)
    return [s for sources in listed if isinstance(sources, list) for s in sources if isinstance(s, str)]


def _reaches(other: dict[str, Value], rule: dict[str, Value]) -> bool:
    """Whether another rule surely allows what this one does, from its own sources."""
    protocol = equal(other.get("protocol"), rule.get("protocol")) or equal(other.get("protocol"), "all")
    below = truth(order("lte", other.get("from_port"), rule.get("from_port")))
    above = truth(order("gte", other.get("to_port"), rule.get("to_port")))
    return all_tri((equal(other.get("action"), "allow"), protocol, below, above)) is True


def shown_private(context: Context, subnets: Value) -> Value:
    """Whether the code shows that none of the subnets has a route to an internet gateway.

    ``shown_private(subnet_ids)`` of AWS subnets that are made here, with their route tables. False where one is public,
    and where the code does not tell, because a network that is made elsewhere may be either.
    """
    graph = here(context)[1]
    listed = subnets if isinstance(subnets, list) else [subnets]
    found = [referenced(context, s) for s in listed]
    return bool(found) and all(s is not None and _is_private(context, graph, s) for s in found)


def _is_private(context: Context, graph: Graph, subnet: Resource) -> bool:
    if subnet.type != "aws_subnet" or truth(subnet.attributes.get("map_public_ip_on_launch")) is not False:
        return False
    joined = [a for a in graph.by_type.get("aws_route_table_association", ()) if "subnet_id" in a.attributes]
    own = [a for a in joined if referenced(context, a.attributes["subnet_id"]) is subnet]
    if own:
        return all(_table_is_private(context, graph, a.attributes.get("route_table_id")) for a in own)
    if any(referenced(context, a.attributes["subnet_id"]) is None for a in joined):
        return False
    return _main_table_is_private(context, graph, subnet)


def _main_table_is_private(context: Context, graph: Graph, subnet: Resource) -> bool:
    """A new network's main table leads nowhere; what changes it, refers to the network or its table."""
    network = referenced(context, subnet.attributes.get("vpc_id"))
    if network is None or network.type != "aws_vpc":
        return False
    changers = ("aws_default_route_table", "aws_main_route_table_association")
    if any(graph.by_type.get(kind) for kind in changers):
        return False
    return not any(r.type == "aws_route" for r in graph.referrers(network))


def _table_is_private(context: Context, graph: Graph, value: Value) -> bool:
    table = referenced(context, value)
    if table is None or table.type != "aws_route_table":
        return False
    inline = table.attributes.get("route")
    routes = inline if isinstance(inline, list) else [] if inline is None else [inline]
    apart = [r.attributes for r in graph.referrers(table, "aws_route")]
    return not any(_leads_out(context, route) for route in (*routes, *apart))


def _leads_out(context: Context, route: Value) -> bool:
    if not isinstance(route, dict):
        return True
    gateway = route.get("gateway_id")
    if gateway is None or gateway in ("", "local"):
        return False
    if isinstance(gateway, str):
        return gateway.startswith("igw-")
    found = referenced(context, gateway)
    return found is None or found.type in ("aws_internet_gateway", "aws_internet_gateway_attachment")


#: What names a security group and is not behind it.
_BESIDE = ("aws_security_group", "aws_vpc_security_group", "aws_default_", "aws_ssm_", "aws_iam_", "aws_cloudwatch_")
_SHOWN = 3


def guarded(context: Context) -> Value:
    """What the code puts behind this security group, for a message: ``'it guards aws_instance.web'``."""
    resource, graph = here(context)
    if resource.type not in ("aws_security_group", "aws_default_security_group"):
        return "the group is made elsewhere"
    users = sorted({r.address for r in graph.referrers(resource) if not r.type.startswith(_BESIDE)})
    more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
    return f"it guards {', '.join(users[:_SHOWN])}{more}" if users else "nothing in this code uses the group"


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("open_together", open_together, _P("rule: object", "rules: array"), "boolean", "decides"),
    Function("shown_private", shown_private, _P("subnets"), "boolean", "decides", context=True),
    Function("guarded", guarded, (), "string", context=True),
)
