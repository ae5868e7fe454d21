"""From the names in a plan's configuration to the instances they mean, and sub-resources to their parents."""

from __future__ import annotations

from typing import Any

from iacguard.model import Reference, Unknown
from tests.frontends.plan.planning import block, graph, plan, refers, resource, resources, stack


def edges(document: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(e.source, e.target, e.attribute) for e in stack(document).edges}


def two_buckets(**expressions: Any) -> dict[str, Any]:
    """Two buckets and two blocks of public access, each made for its key."""
    made = [resource(f'aws_s3_bucket.b["{key}"]', {"force_destroy": False}, unknown={"id": True}) for key in "xy"]
    made += [
        resource(f'aws_s3_bucket_public_access_block.p["{key}"]', {"block_public_acls": True}, unknown={"bucket": True})
        for key in "xy"
    ]
    blocks = [block("aws_s3_bucket.b"), block("aws_s3_bucket_public_access_block.p", **expressions)]
    return plan(*made, configuration={"resources": blocks})


def test_sub_resources_fold_per_instance() -> None:
    names = ["aws_s3_bucket.b", "each.key"]
    document = two_buckets(expressions={"bucket": refers(*names)}, for_each_expression={"references": ["var.names"]})
    linked = graph(document)
    for key in "xy":
        bucket = linked.by_address[f'aws_s3_bucket.b["{key}"]']
        assert [b["block_public_acls"] for b in bucket.attributes["public_access_block"]] == [True]
        assert linked.by_address[f'aws_s3_bucket_public_access_block.p["{key}"]'].parent == bucket.address


def test_each_value_follows_the_resource_that_a_block_repeats_over() -> None:
    document = two_buckets(
        expressions={"bucket": refers("each.value.id", "each.value")},
        for_each_expression={"references": ["aws_s3_bucket.b"]},
    )
    assert ('aws_s3_bucket_public_access_block.p["x"]', 'aws_s3_bucket.b["x"]', "bucket") in edges(document)
    assert ('aws_s3_bucket_public_access_block.p["x"]', 'aws_s3_bucket.b["y"]', "bucket") not in edges(document)


def test_constant_index_means_one_instance() -> None:
    document = two_buckets(expressions={"bucket": refers('aws_s3_bucket.b["x"].id')})
    linked = graph(document)
    assert linked.by_address['aws_s3_bucket_public_access_block.p["y"]'].parent == 'aws_s3_bucket.b["x"]'
    assert "public_access_block" not in linked.by_address['aws_s3_bucket.b["y"]'].attributes


def test_where_the_instance_is_not_known_nothing_is_taken_for_certain() -> None:
    document = two_buckets(expressions={"bucket": refers("aws_s3_bucket.b", "local.which")})
    value = resources(document)['aws_s3_bucket_public_access_block.p["x"]'].attributes["bucket"]
    assert [choice.reference.address for choice in value.choices] == ['aws_s3_bucket.b["x"]', 'aws_s3_bucket.b["y"]']
    assert not edges(document)
    linked = graph(document)
    for key in "xy":
        folded = linked.by_address[f'aws_s3_bucket.b["{key}"]'].attributes["public_access_block"]
        assert all(isinstance(item, Unknown) for item in folded)


def test_lists_are_linked_to_every_instance() -> None:
    document = plan(
        *(resource(f"aws_subnet.s[{i}]", {}, unknown={"id": True}) for i in range(3)),
        resource("aws_lb.l", {"subnets": [None] * 3}, unknown={"subnets": [True] * 3}),
        configuration={"resources": [block("aws_lb.l", {"subnets": refers("aws_subnet.s")}), block("aws_subnet.s")]},
    )
    assert edges(document) == {("aws_lb.l", f"aws_subnet.s[{i}]", "subnets") for i in range(3)}


def test_references_lead_through_arguments_and_outputs_of_modules() -> None:
    inner = {
        "resources": [block("aws_s3_bucket_versioning.v", {"bucket": refers("var.bucket")})],
        "variables": {"bucket": {}},
    }
    bucket = {
        "resources": [block("aws_s3_bucket.this")],
        "outputs": {"id": {"expression": {"references": ["aws_s3_bucket.this.id", "aws_s3_bucket.this"]}}},
    }
    document = plan(
        resource("module.bucket[0].aws_s3_bucket.this", {}, unknown={"id": True}),
        resource("module.bucket[1].aws_s3_bucket.this", {}, unknown={"id": True}),
        resource("module.v.aws_s3_bucket_versioning.v", {}, unknown={"bucket": True}),
        configuration={
            "module_calls": {
                "bucket": {"module": bucket},
                "v": {
                    "expressions": {"bucket": {"references": ["module.bucket[1].id", "module.bucket[1]"]}},
                    "module": inner,
                },
            }
        },
    )
    value = resources(document)["module.v.aws_s3_bucket_versioning.v"].attributes["bucket"]
    assert value.reference == Reference("module.bucket[1].aws_s3_bucket.this", "id")
    assert edges(document) == {("module.v.aws_s3_bucket_versioning.v", "module.bucket[1].aws_s3_bucket.this", "bucket")}


def test_siblings_in_one_module_instance_are_linked_to_each_other() -> None:
    inner = {"resources": [block("a_b.c"), block("a_b.d", {"x": refers("a_b.c.id")})]}
    made = [
        resource(f'module.m["{key}"].a_b.{name}', {}, unknown={"x": True})
        for key in ("p", "q.r")
        for name in ("c", "d")
    ]
    document = plan(*made, configuration={"module_calls": {"m": {"module": inner}}})
    assert edges(document) == {(f'module.m["{key}"].a_b.d', f'module.m["{key}"].a_b.c', "x") for key in ("p", "q.r")}


def test_references_inside_blocks_belong_to_the_block_that_fits() -> None:
    document = plan(
        resource("aws_security_group.a", {}, unknown={"id": True}),
        resource("aws_security_group.b", {}, unknown={"id": True}),
        resource(
            "aws_security_group.g",
            {"ingress": [{"from_port": 2}, {"from_port": 1}]},
            unknown={"ingress": [{"security_groups": True}, {"security_groups": True}]},
        ),
        configuration={
            "resources": [
                block(
                    "aws_security_group.g",
                    {
                        "ingress": [
                            {"from_port": 1, "security_groups": refers("aws_security_group.a.id")},
                            {"from_port": 2, "security_groups": refers("aws_security_group.b.id")},
                        ]
                    },
                )
            ]
        },
    )
    rules = resources(document)["aws_security_group.g"].attributes["ingress"]
    assert [r["security_groups"].reference.address for r in rules] == ["aws_security_group.b", "aws_security_group.a"]


def test_a_circle_of_names_ends() -> None:
    inner = {"outputs": {"o": {"expression": {"references": ["var.v"]}}}, "variables": {"v": {}}}
    call = {"expressions": {"v": {"references": ["module.m.o", "module.m"]}}, "module": inner}
    document = plan(
        resource("module.m.a_b.x"),
        resource("a_b.c", {}, unknown={"x": True}),
        configuration={"resources": [block("a_b.c", {"x": refers("module.m.o")})], "module_calls": {"m": call}},
    )
    assert isinstance(resources(document)["a_b.c"].attributes["x"], Unknown)


def test_state_is_scanned_and_linked_by_ids() -> None:
    document = {
        "format_version": "1.0",
        "values": {
            "root_module": {
                "resources": [
                    _existing("aws_s3_bucket.b", id="logs", bucket="logs", arn="arn:aws:s3:::logs"),
                    _existing("aws_s3_bucket_versioning.v", id="logs", bucket="logs"),
                    _existing("aws_s3_bucket_policy.p", id="logs", bucket="logs"),
                    _existing("aws_flow_log.f", log_destination="arn:aws:s3:::logs"),
                ]
            }
        },
    }
    assert edges(document) == {
        ("aws_s3_bucket_versioning.v", "aws_s3_bucket.b", "id"),
        ("aws_s3_bucket_versioning.v", "aws_s3_bucket.b", "bucket"),
        ("aws_s3_bucket_policy.p", "aws_s3_bucket.b", "id"),
        ("aws_s3_bucket_policy.p", "aws_s3_bucket.b", "bucket"),
        ("aws_flow_log.f", "aws_s3_bucket.b", "log_destination"),
    }
    linked = graph(document)
    assert linked.by_address["aws_s3_bucket_versioning.v"].parent == "aws_s3_bucket.b"
    assert stack(document, plan_scope="changed").judged is None


def _existing(address: str, **values: Any) -> dict[str, Any]:
    type_, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": type_, "name": name, "values": values}
