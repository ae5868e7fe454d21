"""What a plan knows, leaves unknown and hides, as the attributes of resources."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import Reference, Unknown, Value
from tests.frontends.plan.planning import block, plan, refers, resource, resources, stack


def attributes(item: dict[str, Any], *blocks: dict[str, Any], **more: Any) -> dict[str, Value]:
    configuration = {"resources": list(blocks), **more} if blocks else None
    return resources(plan(item, configuration=configuration))[item["address"]].attributes


def test_known_values_are_taken_and_nulls_are_absent() -> None:
    values = {"bucket": "b", "acl": None, "tags": {"a": "x", "b": None}, "n": 1, "rule": [{"id": "r", "gone": None}]}
    assert attributes(resource("aws_s3_bucket.b", values)) == {
        "bucket": "b",
        "tags": {"a": "x"},
        "n": 1,
        "rule": [{"id": "r"}],
    }


def test_resources_are_terraforms_with_their_addresses_and_modules() -> None:
    found = resources(
        plan(
            resource('aws_s3_bucket.b["k.x"]', {"bucket": "b"}),
            resource('module.a["x.y"].module.c[0].aws_sns_topic.t', {"name": "t"}),
        )
    )
    assert [(r.address, r.type, r.format, r.module) for r in found.values()] == [
        ('aws_s3_bucket.b["k.x"]', "aws_s3_bucket", "terraform", ""),
        ('module.a["x.y"].module.c[0].aws_sns_topic.t', "aws_sns_topic", "terraform", 'module.a["x.y"].module.c[0]'),
    ]


def test_what_the_provider_computes_is_absent_as_it_is_in_code() -> None:
    item = resource(
        "aws_s3_bucket.b",
        {"bucket": "b", "versioning": [], "force_destroy": False, "policy": "", "tags_all": {"a": "b"}},
        unknown={"id": True, "arn": True, "acl": True, "logging": True},
    )
    assert attributes(item, block("aws_s3_bucket.b", {"bucket": "b"})) == {
        "bucket": "b",
        "force_destroy": False,
        "tags_all": {"a": "b"},
    }


def test_blocks_that_open_a_door_stay_unknown_where_dynamic_ones_may_make_them() -> None:
    item = resource("aws_security_group.g", {"name": "g"}, unknown={"ingress": True, "id": True})
    found = attributes(item, block("aws_security_group.g", {"name": "g"}))
    assert isinstance(found["ingress"], Unknown)
    assert not found["ingress"].present
    assert "id" not in found


def test_without_a_configuration_everything_that_is_unknown_is_said_to_be() -> None:
    found = attributes(resource("aws_s3_bucket.b", {}, unknown={"acl": True}))
    assert found["acl"] == Unknown("aws_s3_bucket.b.acl is known after apply", "computed")


def test_unknown_attribute_holds_what_it_will_be_taken_from() -> None:
    found = resources(
        plan(
            resource("aws_kms_key.k", {}, unknown={"arn": True}),
            resource("aws_sns_topic.t", {}, unknown={"kms_master_key_id": True}),
            configuration={
                "resources": [
                    block("aws_kms_key.k"),
                    block("aws_sns_topic.t", {"kms_master_key_id": refers("aws_kms_key.k.arn")}),
                ]
            },
        )
    )
    value = found["aws_sns_topic.t"].attributes["kms_master_key_id"]
    assert value == Unknown(
        "aws_kms_key.k.arn is known after apply",
        "computed",
        reference=Reference("aws_kms_key.k", "arn"),
        present=True,
    )


def test_parts_of_lists_maps_and_blocks_are_unknown_by_themselves() -> None:
    item = resource(
        "aws_instance.i",
        {"tags": {"a": "x"}, "ids": [None, "s"], "disk": [{"size": 8}]},
        unknown={"tags": {"b": True}, "ids": [True, False], "disk": [{"key": True}], "net": [{"id": True}]},
    )
    names = {"tags": refers("var.t"), "ids": refers("var.i"), "disk": [{"key": refers("var.k"), "size": 8}]}
    found = attributes(item, block("aws_instance.i", {**names, "net": [{"id": refers("var.n")}]}))
    assert found["tags"]["a"] == "x"
    assert isinstance(found["tags"]["b"], Unknown)
    assert [isinstance(v, Unknown) for v in found["ids"]] == [True, False]
    assert found["disk"][0]["size"] == 8
    assert isinstance(found["disk"][0]["key"], Unknown)
    assert isinstance(found["net"][0]["id"], Unknown)


def test_data_source_is_named_as_the_reason_and_is_no_resource() -> None:
    found = resources(
        plan(
            resource("data.aws_ami.a", {}, unknown={"id": True}, mode="data", actions=("read",)),
            resource("aws_instance.i", {}, unknown={"ami": True}),
            configuration={"resources": [block("aws_instance.i", {"ami": refers("data.aws_ami.a.id")})]},
        )
    )
    assert list(found) == ["aws_instance.i"]
    value = found["aws_instance.i"].attributes["ami"]
    assert (value.kind, value.reason) == ("data", "data.aws_ami.a.id is read when the plan is applied")


@pytest.mark.parametrize("mark", [True, {"password": True}])
def test_sensitive_values_are_secret(mark: Any) -> None:
    item = resource("aws_db_instance.d", {"password": "hunter2secret"}, sensitive={"password": True})
    item["sensitive"] = mark
    (value,) = attributes(item).values()
    assert value.secret
    assert value.present
    assert "hunter2" not in repr(stack(plan(item)))


def test_sensitive_and_null_is_nothing_and_sensitive_and_unknown_a_secret() -> None:
    item = resource("a_b.c", {"x": None, "y": ""}, unknown={"z": True}, sensitive={"x": True, "y": True, "z": True})
    found = attributes(item)
    assert set(found) == {"y", "z"}
    assert [found[name].secret for name in ("y", "z")] == [True, True]
    assert [found[name].present for name in ("y", "z")] == [False, False]


@pytest.mark.parametrize("actions", [("delete",), ("forget",)])
def test_what_goes_is_left_out(actions: tuple[str, ...]) -> None:
    document = plan(resource("a_b.c", {"x": 1}, actions=actions), resource("a_b.d", {}))
    assert [r.address for r in stack(document).resources] == ["a_b.d"]


def test_replaced_stays_and_its_deposed_object_does_not_count() -> None:
    document = plan(resource("a_b.c", {"x": 1}, actions=("delete", "create")))
    document["resource_changes"].append(
        {**document["resource_changes"][0], "deposed": "1234", "change": {"actions": ["delete"], "after": None}}
    )
    assert [(r.address, r.attributes) for r in stack(document).resources] == [("a_b.c", {"x": 1})]


def test_resources_among_the_changes_alone_count() -> None:
    document = plan(resource("a_b.c", {"x": 1}), resource("module.m.a_b.d", {"y": 2}))
    del document["planned_values"]
    found = stack(document)
    assert [(r.address, r.module, r.attributes) for r in found.resources] == [
        ("a_b.c", "", {"x": 1}),
        ("module.m.a_b.d", "module.m", {"y": 2}),
    ]
    assert not found.problems


def test_prior_state_is_not_judged() -> None:
    prior = {"values": {"root_module": {"resources": [resource("a_b.old", {"x": 1})]}}}
    assert [r.address for r in stack(plan(resource("a_b.new"), prior_state=prior)).resources] == ["a_b.new"]


def test_provider_constraints_are_facts() -> None:
    document = plan(resource("a_b.c"), configuration={})
    document["configuration"]["provider_config"] = {"aws": {"name": "aws", "version_constraint": "~> 5.0"}}
    assert stack(document).facts == {"plan": "made", "provider:aws": "~> 5.0"}


def test_scope_of_changes_names_what_is_made_or_changed() -> None:
    document = plan(
        resource("a_b.new"),
        resource("a_b.same", actions=("no-op",)),
        resource("a_b.other", actions=("update",)),
        resource("a_b.again", actions=("create", "delete")),
        resource("a_b.gone", actions=("delete",)),
    )
    assert stack(document).judged is None
    assert stack(document, plan_scope="changed").judged == frozenset(("a_b.new", "a_b.other", "a_b.again"))
    assert len(stack(document, plan_scope="changed").resources) == 4
