"""Firewall rules of every cloud in one shape."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import Unknown
from tests.normalise.conftest import rule

ANY = "0.0.0.0/0"
SSH = {"from_port": 22, "to_port": 22}

CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "inline",
        "aws_security_group",
        {"ingress": [{"protocol": "tcp", **SSH, "cidr_blocks": [ANY], "description": "d"}]},
        {"ingress_rules": [rule(protocol="tcp", **SSH, sources=[ANY], description="d")]},
    ),
    (
        "ports as text",
        "aws_security_group",
        {"ingress": [{"protocol": "6", "from_port": "22", "to_port": "22"}]},
        {"ingress_rules": [rule(protocol="tcp", **SSH)]},
    ),
    (
        "all protocols",
        "aws_default_security_group",
        {
            "egress": [
                {"protocol": -1, "from_port": 0, "to_port": 0, "cidr_blocks": [ANY], "ipv6_cidr_blocks": ["::/0"]}
            ]
        },
        {"egress_rules": [rule(sources=[ANY, "::/0"])]},
    ),
    (
        "icmp has no ports",
        "aws_security_group",
        {"ingress": [{"protocol": "icmp", "from_port": -1, "to_port": -1, "cidr_blocks": [ANY]}]},
        {"ingress_rules": [rule(protocol="icmp", from_port=-1, to_port=-1, sources=[ANY])]},
    ),
    (
        "groups",
        "aws_security_group",
        {
            "ingress": [
                {"protocol": "tcp", **SSH, "security_groups": ["sg-1"], "self": True, "prefix_list_ids": ["pl-1"]}
            ]
        },
        {"ingress_rules": [rule(protocol="tcp", **SSH, source_groups=["sg-1", "pl-1", "self"])]},
    ),
    (
        "rule apart",
        "aws_security_group_rule",
        {"type": "egress", "protocol": "udp", "from_port": 53, "to_port": 53, "cidr_blocks": ["10.0.0.0/8"]},
        {"egress_rules": [rule(protocol="udp", from_port=53, to_port=53, sources=["10.0.0.0/8"])]},
    ),
    (
        "newer rule apart",
        "aws_vpc_security_group_ingress_rule",
        {"ip_protocol": "tcp", **SSH, "cidr_ipv4": ANY},
        {"ingress_rules": [rule(protocol="tcp", **SSH, sources=[ANY])]},
    ),
    (
        "network ACL",
        "aws_network_acl",
        {"ingress": [{"action": "deny", "protocol": "tcp", **SSH, "cidr_block": ANY, "rule_no": 100}]},
        {"ingress_rules": [rule(action="deny", protocol="tcp", **SSH, sources=[ANY], priority=100)]},
    ),
    (
        "network ACL rule",
        "aws_network_acl_rule",
        {"egress": True, "rule_action": "allow", "protocol": "-1", "cidr_block": ANY, "rule_number": 9},
        {"egress_rules": [rule(sources=[ANY], priority=9)]},
    ),
    (
        "NSG",
        "azurerm_network_security_group",
        {
            "security_rule": [
                {
                    "direction": "Inbound",
                    "access": "Allow",
                    "protocol": "Tcp",
                    "priority": 100,
                    "destination_port_range": "3389",
                    "source_address_prefix": "*",
                }
            ]
        },
        {"ingress_rules": [rule(protocol="tcp", from_port=3389, to_port=3389, sources=[ANY], priority=100)]},
    ),
    (
        "NSG, many ranges",
        "azurerm_network_security_rule",
        {
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "*",
            "destination_port_ranges": ["22", "1000-2000"],
            "source_address_prefixes": ["Internet", "VirtualNetwork"],
        },
        {
            "ingress_rules": [
                rule(action="deny", from_port=a, to_port=b, sources=[ANY], source_groups=["VirtualNetwork"])
                for a, b in ((22, 22), (1000, 2000))
            ]
        },
    ),
    (
        "NSG, ranges of tcp",
        "azurerm_network_security_rule",
        {
            "direction": "Outbound",
            "access": "Allow",
            "protocol": "Tcp",
            "destination_port_ranges": ["22", "1000-2000"],
            "destination_address_prefix": "10.1.1.1",
            "source_address_prefix": "*",
        },
        {
            "egress_rules": [
                rule(protocol="tcp", from_port=a, to_port=b, sources=["10.1.1.1/32"])
                for a, b in ((22, 22), (1000, 2000))
            ]
        },
    ),
    (
        "NSG, of some destinations and source ports",
        "azurerm_network_security_rule",
        {
            "direction": "Inbound",
            "access": "Deny",
            "protocol": "Tcp",
            "source_port_range": "1024",
            "destination_port_range": "22",
            "source_address_prefix": "*",
            "destination_address_prefixes": ["10.0.1.4", "10.0.1.5"],
        },
        {
            "ingress_rules": [
                {
                    **rule(action="deny", protocol="tcp", from_port=22, to_port=22, sources=[ANY]),
                    "only": ["10.0.1.4", "10.0.1.5", "1024"],
                }
            ]
        },
    ),
    (
        "NSG, of the whole network",
        "azurerm_network_security_rule",
        {
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "source_port_range": "0-65535",
            "destination_port_range": "22",
            "source_address_prefix": "*",
            "destination_address_prefix": "VirtualNetwork",
        },
        {"ingress_rules": [rule(protocol="tcp", from_port=22, to_port=22, sources=[ANY])]},
    ),
    (
        "database, world",
        "azurerm_mssql_firewall_rule",
        {"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"},
        {"ingress_rules": [rule(protocol="tcp", sources=[ANY])]},
    ),
    (
        "database, range",
        "azurerm_redis_firewall_rule",
        {"start_ip": "10.0.0.0", "end_ip": "10.0.0.2"},
        {"ingress_rules": [rule(protocol="tcp", sources=["10.0.0.0/31", "10.0.0.2/32"])]},
    ),
    (
        "database, Azure",
        "azurerm_postgresql_firewall_rule",
        {"start_ip_address": "0.0.0.0", "end_ip_address": "0.0.0.0"},
        {"ingress_rules": [rule(protocol="tcp", source_groups=["AzureServices"])]},
    ),
    (
        "google",
        "google_compute_firewall",
        {"allow": [{"protocol": "tcp", "ports": ["22", "80-90"]}], "source_ranges": [ANY], "priority": 10},
        {
            "ingress_rules": [
                rule(protocol="tcp", from_port=a, to_port=b, sources=[ANY], priority=10)
                for a, b in ((22, 22), (80, 90))
            ]
        },
    ),
    (
        "google, no source",
        "google_compute_firewall",
        {"deny": [{"protocol": "all"}]},
        {"ingress_rules": [rule(action="deny", sources=[ANY], priority=1000)]},
    ),
    (
        "google, targets",
        "google_compute_firewall",
        {"allow": [{"protocol": "tcp"}], "source_ranges": [ANY], "target_tags": ["web", "app"]},
        {"ingress_rules": [{**rule(protocol="tcp", sources=[ANY], priority=1000), "only": ["web", "app"]}]},
    ),
    (
        "google, tags only",
        "google_compute_firewall",
        {"allow": [{"protocol": "tcp"}], "source_tags": ["web"]},
        {"ingress_rules": [rule(protocol="tcp", source_groups=["web"], priority=1000)]},
    ),
    ("google, disabled", "google_compute_firewall", {"allow": [{"protocol": "tcp"}], "disabled": True}, {}),
    (
        "google, egress",
        "google_compute_firewall",
        {"direction": "EGRESS", "allow": [{"protocol": "icmp"}]},
        {"egress_rules": [rule(protocol="icmp", from_port=-1, to_port=-1, sources=[ANY], priority=1000)]},
    ),
    (
        "google policy",
        "google_compute_network_firewall_policy_rule",
        {
            "direction": "INGRESS",
            "action": "allow",
            "priority": 5,
            "match": [{"src_ip_ranges": [ANY], "layer4_configs": [{"ip_protocol": "tcp", "ports": ["22"]}]}],
        },
        {"ingress_rules": [rule(protocol="tcp", **SSH, sources=[ANY], priority=5)]},
    ),
]


@pytest.mark.parametrize(("type_", "attributes", "wanted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_rules(build: Any, type_: str, attributes: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = build.graph(build.resource(f"{type_}.x", attributes)).resources[0].attributes
    assert {k: found[k] for k in ("ingress_rules", "egress_rules")} == {
        "ingress_rules": [],
        "egress_rules": [],
        **wanted,
    }


def test_rules_fold_into_their_group_after_the_inline_ones(build: Any) -> None:
    group = build.resource("aws_security_group.g", {"ingress": [{"protocol": "tcp", "from_port": 1, "to_port": 1}]})
    apart = build.resource(
        "aws_vpc_security_group_ingress_rule.r",
        {"security_group_id": build.reference(group.address), "ip_protocol": "tcp", **SSH, "cidr_ipv4": ANY},
    )
    graph = build.graph(group, apart)
    found = graph.by_address[group.address]
    assert [r["from_port"] for r in found.attributes["ingress_rules"]] == [1, 22]
    located = found.locate(("ingress_rules", 1, "sources"))
    assert (located.span.line, located.owner) == (build.line_of(apart, "cidr_ipv4"), apart.address)
    assert found.locate(("ingress_rules", 0, "from_port")).span.line == build.line_of(group, "ingress", 0, "from_port")
    assert graph.by_address[apart.address].parent == group.address


def test_the_sources_of_a_google_firewall_stand_beside_its_blocks(build: Any) -> None:
    written = build.resource(
        "google_compute_firewall.x",
        {"allow": [{"protocol": "tcp", "ports": ["22"]}], "source_ranges": ["10.0.0.0/8", ANY]},
    )
    by_default = build.resource("google_compute_firewall.y", {"allow": [{"protocol": "tcp", "ports": ["22"]}]})
    first, second = build.graph(written, by_default).resources
    place = first.locate(("ingress_rules", 0, "sources", 1))
    assert place.span.line == build.line_of(written, "source_ranges", 1)
    port = first.locate(("ingress_rules", 0, "from_port"))
    assert port.span.line == build.line_of(written, "allow", 0, "ports")
    assert second.locate(("ingress_rules", 0, "sources", 0)).span.line == build.line_of(by_default, "allow", 0)


def test_what_lets_in_azures_services_stands_at_the_first_address(build: Any) -> None:
    rule = build.resource(
        "azurerm_mssql_firewall_rule.azure", {"start_ip_address": "0.0.0.0", "end_ip_address": "0.0.0.0"}
    )
    place = build.graph(rule).resources[0].locate(("ingress_rules", 0, "source_groups", 0))
    assert place.span.line == build.line_of(rule, "start_ip_address")


@pytest.mark.parametrize(
    ("start", "end", "perhaps"),
    [
        (Unknown("v"), Unknown("v"), True),
        ("0.0.0.0", Unknown("v"), True),
        (Unknown("v"), "10.0.0.9", False),
        (Unknown("v", choices=("0.0.0.0", "10.0.0.1")), "0.0.0.0", True),
        (Unknown("v", choices=("10.0.0.1", "10.0.0.2")), Unknown("v"), False),
        (Unknown("v", parts=("10.0.0.", Unknown("v"))), Unknown("v"), False),
    ],
)
def test_a_range_that_is_not_known_may_let_in_azure(build: Any, start: Any, end: Any, perhaps: bool) -> None:
    rule = build.resource("azurerm_mssql_firewall_rule.r", {"start_ip_address": start, "end_ip_address": end})
    (found,) = build.graph(rule).resources[0].attributes["ingress_rules"]
    assert [g.choices for g in found["source_groups"]] == ([("AzureServices",)] if perhaps else [])


def test_what_is_not_known_stays_open(build: Any) -> None:
    unknown = Unknown("a variable", "variable")
    group = build.resource(
        "aws_security_group.g",
        {"ingress": [{"protocol": "tcp", "from_port": unknown, "to_port": 22, "cidr_blocks": unknown}, unknown]},
    )
    first, second = build.graph(group).resources[0].attributes["ingress_rules"]
    assert first["from_port"] is unknown
    assert first["to_port"] == 22
    assert first["sources"][0].spread
    assert isinstance(second, Unknown)


def test_the_fields_of_a_block_that_is_not_known_are_single_values_that_may_be_anything(build: Any) -> None:
    hole = Unknown("for_each", spread=True, choices=({"protocol": "tcp", "ports": ["22"]},))
    attributes = {"allow": [hole], "source_ranges": [ANY]}
    (found,) = (
        build.graph(build.resource("google_compute_firewall.x", attributes)).resources[0].attributes["ingress_rules"]
    )
    assert found["sources"] == [ANY]
    assert [found[name] for name in ("protocol", "from_port", "to_port")] == [Unknown("for_each")] * 3


@pytest.mark.parametrize("type_", ["aws_security_group", "azurerm_network_security_group"])
def test_rules_of_a_dynamic_block_are_known_but_for_their_number(build: Any, type_: str) -> None:
    amazon = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8"]}
    azure = {
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "destination_port_range": "22",
        "source_address_prefix": "10.0.0.0/8",
    }
    name, content = ("ingress", amazon) if type_.startswith("aws") else ("security_rule", azure)
    hole = Unknown("for_each", "variable", spread=True, choices=(content,))
    found = build.graph(build.resource(f"{type_}.x", {name: [hole]})).resources[0].attributes
    (rule_,) = found["ingress_rules"]
    assert (rule_.spread, rule_.reason) == (True, "for_each")
    assert rule_.choices == (rule(protocol="tcp", from_port=22, to_port=22, sources=["10.0.0.0/8"]),)
    assert found["egress_rules"] == []


def test_an_unknown_direction_leaves_both_lists_open(build: Any) -> None:
    lone = build.resource(
        "aws_security_group_rule.r", {"type": Unknown("?"), "protocol": "tcp", **SSH, "cidr_blocks": [ANY]}
    )
    found = build.graph(lone).resources[0].attributes
    assert all(found[k][0].spread for k in ("ingress_rules", "egress_rules"))
    assert found["ingress_rules"][0].choices == (rule(protocol="tcp", **SSH, sources=[ANY]),)
    assert found["egress_rules"][0].choices == ()
