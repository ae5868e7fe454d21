"""What is reachable from the internet by the code's own networks."""

from __future__ import annotations

import pytest

from iacguard.model import Edge, FixedPlace, Graph, Reference, Resource, Span, Unknown, Value
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import truth

MANY = Unknown("variable", "variable", spread=True)


def run(expression: str, data: Value, context: Context | None = None) -> Value:
    return compile_expression(expression).evaluate(data, context or Context())


def made(address: str, **attributes: Value) -> Resource:
    type_ = address.split(".")[-2]
    return Resource(address, type_, type_, "terraform", attributes, FixedPlace(Span("main.tf", 1, 1, 1, 2)), address)


def ref(address: str) -> Unknown:
    return Unknown("after apply", "computed", reference=Reference(address, "id"), present=True)


def rule(*sources: Value, low: int = 22, high: int = 22, protocol: str = "tcp", action: str = "allow") -> Value:
    return {"sources": list(sources), "from_port": low, "to_port": high, "protocol": protocol, "action": action}


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([rule("64.0.0.0/2")], True),
        ([rule("64.0.0.0/2", low=0, high=1024)], True),
        ([rule("64.0.0.0/2", low=0, high=65535, protocol="all")], True),
        ([rule("64.0.0.0/2", low=23, high=65535)], False),
        ([rule("64.0.0.0/2", protocol="udp")], False),
        ([rule("64.0.0.0/2", action="deny")], False),
        ([rule("203.0.113.0/24")], False),
        ([], False),
        ([MANY], None),
    ],
)
def test_open_together(others: list[Value], expected: bool | None) -> None:
    given = {"rule": rule("0.0.0.0/2"), "rules": [rule("0.0.0.0/2"), *others]}
    assert truth(run("open_together(rule, rules)", given)) is expected


VPC_RANGE = Unknown("after apply", "computed", reference=Reference("aws_vpc.main", "cidr_block"))


@pytest.mark.parametrize("sources", [["0.0.0.0/0"], ["10.0.0.0/8"], ["198.51.100.7/32"], [VPC_RANGE], []])
def test_a_rule_that_is_no_part_of_the_world(sources: list[Value]) -> None:
    given = {"rule": rule(*sources), "rules": [rule(*sources), rule("0.0.0.0/0")]}
    assert run("open_together(rule, rules)", given) is False


def test_a_rule_whose_sources_are_not_known() -> None:
    given = {"rule": rule(MANY), "rules": [rule(MANY), rule("64.0.0.0/2")]}
    assert truth(run("open_together(rule, rules)", given)) is None


VPC = made("aws_vpc.main")
GATEWAY = made("aws_internet_gateway.main")
OUT = {"cidr_block": "0.0.0.0/0", "gateway_id": ref("aws_internet_gateway.main")}
NAT = {"cidr_block": "0.0.0.0/0", "nat_gateway_id": ref("aws_nat_gateway.main")}


def world(*resources: Resource, edges: tuple[Edge, ...] = ()) -> Context:
    return Context(resource=resources[0], graph=Graph.of((VPC, GATEWAY, *resources), edges))


def subnet(**attributes: Value) -> Resource:
    return made("aws_subnet.a", vpc_id=ref("aws_vpc.main"), **attributes)


def joined(table: Value) -> Resource:
    return made("aws_route_table_association.a", subnet_id=ref("aws_subnet.a"), route_table_id=table)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ((subnet(), joined(ref("aws_route_table.a")), made("aws_route_table.a", route=[NAT])), True),
        ((subnet(), joined(ref("aws_route_table.a")), made("aws_route_table.a", route=[NAT, OUT])), False),
        ((subnet(), joined(ref("aws_route_table.a")), made("aws_route_table.a")), True),
        ((subnet(), joined(ref("aws_route_table.a")), made("aws_route_table.a", route=[MANY])), False),
        (
            (subnet(), joined(ref("aws_route_table.a")), made("aws_route_table.a", route=[{"gateway_id": "igw-1"}])),
            False,
        ),
        (
            (subnet(), joined(ref("aws_route_table.a")), made("aws_route_table.a", route=[{"gateway_id": "local"}])),
            True,
        ),
        ((subnet(), joined("rtb-1")), False),
        ((subnet(map_public_ip_on_launch=True), joined(ref("aws_route_table.a")), made("aws_route_table.a")), False),
        ((subnet(),), True),
        ((subnet(), made("aws_default_route_table.main", route=[OUT])), False),
        ((subnet(), made("aws_route_table_association.b", subnet_id=MANY, route_table_id="rtb-1")), False),
        ((made("aws_subnet.a", vpc_id="vpc-1"),), False),
    ],
)
def test_shown_private(resources: tuple[Resource, ...], expected: bool) -> None:
    assert run("shown_private(@)", [ref("aws_subnet.a")], world(*resources)) is expected


def test_a_route_of_its_own_makes_a_table_public() -> None:
    table = made("aws_route_table.a")
    route = made("aws_route.out", route_table_id=ref("aws_route_table.a"), gateway_id=ref("aws_internet_gateway.main"))
    edges = (Edge("aws_route.out", "aws_route_table.a", "route_table_id"),)
    context = world(subnet(), joined(ref("aws_route_table.a")), table, route, edges=edges)
    assert run("shown_private(@)", [ref("aws_subnet.a")], context) is False


def test_subnets_that_are_made_elsewhere_are_not_shown_to_be_private() -> None:
    for subnets in ([], ["subnet-1"], [MANY], MANY, None):
        assert run("shown_private(s)", {"s": subnets}, world(subnet())) is False


def test_guarded() -> None:
    group = made("aws_security_group.web")
    users = [made(f"aws_instance.{name}") for name in "abcd"]
    edges = tuple(Edge(u.address, group.address, "vpc_security_group_ids") for u in users)
    assert run("guarded()", None, world(group, *users)) == "nothing in this code uses the group"
    assert run("guarded()", None, world(group, users[0], edges=edges)) == "it guards aws_instance.a"
    shown = run("guarded()", None, world(group, *users, edges=edges))
    assert shown == "it guards aws_instance.a, aws_instance.b, aws_instance.c and 1 more"
    assert run("guarded()", None, world(made("aws_security_group_rule.r"))) == "the group is made elsewhere"
