"""Rules that name a prefix list of the same code let in what stands in it."""

from __future__ import annotations

from tests.normalise.conftest import Builder

LIST = "aws_ec2_managed_prefix_list"


def test_the_ranges_of_a_list_are_sources_of_the_rule(build: Builder) -> None:
    reference = build.reference
    graph = build.graph(
        build.resource(f"{LIST}.a", {"entry": [{"cidr": "0.0.0.0/0"}, {"cidr": "10.0.0.0/8"}]}),
        build.resource(f'{LIST}.b["x"]', {}),
        build.resource(f"{LIST}_entry.b", {"prefix_list_id": reference(f'{LIST}.b["x"]'), "cidr": "::/0"}),
        build.resource(
            "aws_security_group.web",
            {
                "ingress": [
                    {
                        "protocol": "tcp",
                        "from_port": 22,
                        "to_port": 22,
                        "cidr_blocks": ["192.168.0.0/16"],
                        "prefix_list_ids": [reference(f"{LIST}.a"), "pl-1"],
                    }
                ]
            },
        ),
        build.resource(
            "aws_vpc_security_group_egress_rule.out",
            {"ip_protocol": "-1", "prefix_list_id": reference(f"{LIST}.b")},
        ),
        build.resource(
            "aws_vpc_security_group_ingress_rule.other",
            {"ip_protocol": "-1", "prefix_list_id": reference("data.aws_ec2_managed_prefix_list.other")},
        ),
    )
    rules = {r.address: r.attributes for r in graph.resources}
    web = rules["aws_security_group.web"]["ingress_rules"][0]
    assert web["sources"] == ["192.168.0.0/16", "0.0.0.0/0", "10.0.0.0/8"]
    assert web["source_groups"][1] == "pl-1"
    assert rules["aws_vpc_security_group_egress_rule.out"]["egress_rules"][0]["sources"] == ["::/0"]
    assert rules["aws_vpc_security_group_ingress_rule.other"]["ingress_rules"][0]["sources"] == []
