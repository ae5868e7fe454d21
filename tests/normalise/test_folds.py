"""Split sub-resources in their parents: by reference, by edge, by literal, and where the parent is not known."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import Edge, Unknown
from iacguard.normalise import normalise
from tests.frontends.conftest import stacks_of

BUCKET = "aws_s3_bucket.logs"
BLOCK = "aws_s3_bucket_public_access_block.logs"


def test_by_the_reference_in_the_value(build: Any) -> None:
    parent = build.resource(BUCKET, {"bucket": "logs"})
    child = build.resource(BLOCK, {"bucket": build.reference(BUCKET), "block_public_acls": True})
    graph = build.graph(parent, child)
    folded = graph.by_address[BUCKET]
    assert folded.attributes["public_access_block"] == [child.attributes]
    assert graph.by_address[BLOCK].parent == BUCKET
    found = folded.locate(("public_access_block", 0, "block_public_acls"))
    assert (found.span.line, found.exact, found.owner) == (build.line_of(child, "block_public_acls"), True, BLOCK)


def test_by_the_edge_of_the_attribute(build: Any) -> None:
    parent = build.resource(BUCKET, {"bucket": "logs"})
    child = build.resource(BLOCK, {"bucket": Unknown("an expression"), "block_public_acls": True})
    graph = build.graph(parent, child, edges=(Edge(BLOCK, BUCKET, "bucket"),))
    assert graph.by_address[BUCKET].attributes["public_access_block"] == [child.attributes]


def test_an_edge_of_another_attribute_does_not_join(build: Any) -> None:
    target = build.resource("aws_s3_bucket.target", {"bucket": "target"})
    child = build.resource("aws_s3_bucket_logging.l", {"bucket": "elsewhere", "target_bucket": "target"})
    graph = build.graph(target, child, edges=(Edge(child.address, target.address, "target_bucket"),))
    assert "logging" not in graph.by_address[target.address].attributes
    assert graph.by_address[child.address].parent == ""


def test_by_equal_literal(build: Any) -> None:
    parent = build.resource(BUCKET, {"bucket": "logs"})
    other = build.resource("aws_s3_bucket.other", {"bucket": "other"})
    child = build.resource(BLOCK, {"bucket": "logs"})
    graph = build.graph(parent, other, child)
    assert len(graph.by_address[BUCKET].attributes["public_access_block"]) == 1
    assert "public_access_block" not in graph.by_address["aws_s3_bucket.other"].attributes


def test_by_the_same_variable(build: Any) -> None:
    name = Unknown('variable "name" has no default', "variable")
    parent = build.resource(BUCKET, {"bucket": name})
    child = build.resource(BLOCK, {"bucket": name})
    assert "public_access_block" in build.graph(parent, child).by_address[BUCKET].attributes


def test_instances_fold_into_their_own_parent(build: Any) -> None:
    parents = [build.resource(f'aws_s3_bucket.b["{k}"]', {"bucket": k}) for k in ("a", "b")]
    children = [
        build.resource(
            f'aws_s3_bucket_versioning.v["{k}"]',
            {"bucket": build.reference(f'aws_s3_bucket.b["{k}"]'), "versioning_configuration": [{"status": s}]},
        )
        for k, s in (("a", "Enabled"), ("b", "Suspended"))
    ]
    graph = build.graph(*parents, *children)
    enabled = [graph.by_address[p.address].attributes["versioning"][0]["enabled"] for p in parents]
    assert enabled == [True, False]


@pytest.mark.parametrize(
    ("kind", "undecided"), [("function", True), ("expression", True), ("variable", False), ("data", False)]
)
def test_a_reference_to_anything_leaves_every_parent_undecided(build: Any, kind: Any, undecided: bool) -> None:
    parent = build.resource(BUCKET, {"bucket": "logs"})
    child = build.resource(BLOCK, {"bucket": Unknown("not known", kind), "block_public_acls": True})
    graph = build.graph(parent, child)
    items = graph.by_address[BUCKET].attributes.get("public_access_block", [])
    assert [isinstance(i, Unknown) and i.spread for i in items] == [True] * undecided
    assert graph.by_address[BLOCK].parent == ""


def test_one_of_two_parents_leaves_both_undecided(build: Any) -> None:
    parents = [build.resource(f"aws_s3_bucket.{n}", {"bucket": n}) for n in ("a", "b", "c")]
    choices = tuple(build.reference(p.address) for p in parents[:2])
    child = build.resource(BLOCK, {"bucket": Unknown("a condition", "condition", choices=choices)})
    graph = build.graph(*parents, child)
    found = [graph.by_address[p.address].attributes.get("public_access_block") for p in parents]
    assert [f is not None and f[0].spread for f in found] == [True, True, False]


@pytest.mark.parametrize(
    ("bucket", "folded"),
    [
        ("aws_s3_bucket.a.id", [True, None]),
        ("var.open ? aws_s3_bucket.a.id : aws_s3_bucket.b.id", [Unknown, Unknown]),
        ("var.set ? aws_s3_bucket.a.id : aws_s3_bucket.b.id", [True, None]),
        ("var.open ? aws_s3_bucket.a.id : aws_s3_bucket.a.bucket", [True, None]),
        ("var.open ? aws_s3_bucket.a.id : var.open", [True, None]),
    ],
)
def test_a_condition_that_is_not_known_folds_into_neither_branch_for_certain(bucket: str, folded: list[Any]) -> None:
    text = f"""
variable "open" {{}}
variable "set" {{ default = true }}
resource "aws_s3_bucket" "a" {{}}
resource "aws_s3_bucket" "b" {{}}
resource "aws_s3_bucket_public_access_block" "p" {{
  bucket            = {bucket}
  block_public_acls = true
}}
"""
    graph, _ = normalise(stacks_of("terraform", {"main.tf": text}, {})[0])
    found = [graph.by_address[f"aws_s3_bucket.{n}"].attributes.get("public_access_block", [None])[0] for n in "ab"]
    shown = [f["block_public_acls"] if isinstance(f, dict) else Unknown if isinstance(f, Unknown) else f for f in found]
    assert shown == folded
    assert (graph.by_address["aws_s3_bucket_public_access_block.p"].parent == "aws_s3_bucket.a") == (folded[0] is True)


@pytest.mark.parametrize(
    ("bucket", "joined"),
    [
        ("var.o.x", True),
        ('var.o["x"]', True),
        ("var.o.y", False),
        ("var.o", False),
        ("var.o.x.y", False),
        ("module.none.x", False),
    ],
)
def test_members_of_what_is_not_known_are_told_apart(bucket: str, joined: bool) -> None:
    text = f"""
variable "o" {{}}
module "none" {{
  source = "example.com/none"
}}
resource "aws_s3_bucket" "a" {{
  bucket = var.o.x
}}
resource "aws_s3_bucket_public_access_block" "p" {{
  bucket = {bucket}
}}
"""
    graph, _ = normalise(stacks_of("terraform", {"main.tf": text}, {})[0])
    assert (graph.by_address["aws_s3_bucket_public_access_block.p"].parent == "aws_s3_bucket.a") == joined


INLINE = {
    "bucket": "b",
    "acl": "public-read",
    "versioning": [{"enabled": True, "mfa_delete": False}],
    "logging": [{"target_bucket": "logs", "target_prefix": "x/"}],
    "server_side_encryption_configuration": [
        {"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}
    ],
    "lifecycle_rule": [{"id": "old", "enabled": True, "abort_incomplete_multipart_upload_days": 7}],
    "website": [{"index_document": "index.html"}],
}
SPLIT: dict[str, dict[str, Any]] = {
    "aws_s3_bucket_acl": {"acl": "public-read"},
    "aws_s3_bucket_versioning": {"versioning_configuration": [{"status": "Enabled", "mfa_delete": "Disabled"}]},
    "aws_s3_bucket_logging": {"target_bucket": "logs", "target_prefix": "x/"},
    "aws_s3_bucket_server_side_encryption_configuration": {
        "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]
    },
    "aws_s3_bucket_lifecycle_configuration": {
        "rule": [
            {"id": "old", "status": "Enabled", "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}]}
        ]
    },
    "aws_s3_bucket_website_configuration": {"index_document": [{"suffix": "index.html"}]},
}


def test_both_styles_of_the_provider_give_the_same(build: Any) -> None:
    inline = build.graph(build.resource("aws_s3_bucket.b", INLINE)).by_address["aws_s3_bucket.b"].attributes
    parent = build.resource("aws_s3_bucket.b", {"bucket": "b"})
    children = [build.resource(f"{t}.c", {"bucket": "b", **a}) for t, a in SPLIT.items()]
    split = build.graph(parent, *children).by_address["aws_s3_bucket.b"].attributes
    assert _within(inline, split) == []


def _within(small: Any, large: Any, path: str = "") -> list[str]:
    """Where ``large`` does not hold what ``small`` says."""
    if isinstance(small, dict) and isinstance(large, dict):
        return [w for k, v in small.items() for w in _within(v, large.get(k), f"{path}.{k}")]
    if isinstance(small, list) and isinstance(large, list) and len(small) == len(large):
        return [w for i, v in enumerate(small) for w in _within(v, large[i], f"{path}[{i}]")]
    return [] if small == large and type(small) is type(large) else [f"{path}: {small!r} is {large!r}"]


def test_a_made_attribute_points_at_what_it_was_made_from(build: Any) -> None:
    parent = build.resource("aws_s3_bucket.b", {"bucket": "b"})
    child = build.resource(
        "aws_s3_bucket_versioning.v", {"bucket": "b", "versioning_configuration": [{"status": "Suspended"}]}
    )
    found = build.graph(parent, child).by_address["aws_s3_bucket.b"].locate(("versioning", 0, "enabled"))
    assert found.span.line == build.line_of(child, "versioning_configuration", 0, "status")


def test_an_unknown_status_is_an_unknown_flag(build: Any) -> None:
    status = Unknown("a variable", "variable")
    parent = build.resource("aws_s3_bucket.b", {"bucket": "b"})
    child = build.resource(
        "aws_s3_bucket_versioning.v", {"bucket": "b", "versioning_configuration": [{"status": status}]}
    )
    enabled = build.graph(parent, child).by_address["aws_s3_bucket.b"].attributes["versioning"][0]["enabled"]
    assert isinstance(enabled, Unknown)
    one_of = Unknown("a condition", "condition", choices=("Suspended", "Disabled"))
    child = build.resource(
        "aws_s3_bucket_versioning.v", {"bucket": "b", "versioning_configuration": [{"status": one_of}]}
    )
    enabled = build.graph(parent, child).by_address["aws_s3_bucket.b"].attributes["versioning"][0]["enabled"]
    assert enabled is False


def test_grandchildren_come_with_their_parent(build: Any) -> None:
    server = build.resource("azurerm_mssql_server.s", {"name": "s"})
    alert = build.resource("azurerm_mssql_server_security_alert_policy.a", {"server_name": "s", "state": "Enabled"})
    check = build.resource(
        "azurerm_mssql_server_vulnerability_assessment.v",
        {"server_security_alert_policy_id": build.reference(alert.address), "recurring_scans": [{"enabled": True}]},
    )
    graph = build.graph(server, alert, check)
    policy = graph.by_address[server.address].attributes["security_alert_policy"][0]
    assert policy["vulnerability_assessment"][0]["recurring_scans"] == [{"enabled": True}]


def test_a_diagnostic_setting_goes_to_whatever_it_names(build: Any) -> None:
    vault = build.resource("azurerm_key_vault.v", {"name": "v"})
    setting = build.resource(
        "azurerm_monitor_diagnostic_setting.d", {"target_resource_id": build.reference(vault.address)}
    )
    graph = build.graph(vault, setting)
    assert len(graph.by_address[vault.address].attributes["diagnostic_settings"]) == 1
    assert graph.by_address[setting.address].parent == vault.address


def test_kin_fold_and_stay_their_own(build: Any) -> None:
    cluster = build.resource("google_container_cluster.c", {"name": "c", "node_pool": [{"name": "inline"}]})
    pool = build.resource("google_container_node_pool.p", {"cluster": "c", "name": "apart"})
    graph = build.graph(cluster, pool)
    names = [p["name"] for p in graph.by_address[cluster.address].attributes["node_pool"]]
    assert names == ["inline", "apart"]
    assert graph.by_address[pool.address].parent == ""
    assert cluster.attributes["node_pool"] == [{"name": "inline"}]


def test_attached_policies_are_listed(build: Any) -> None:
    role = build.resource("aws_iam_role.r", {"name": "r", "managed_policy_arns": ["arn:1"]})
    one = build.resource("aws_iam_role_policy_attachment.a", {"role": "r", "policy_arn": "arn:2"})
    many = build.resource("aws_iam_policy_attachment.b", {"name": "b", "roles": ["x", "r"], "policy_arn": "arn:3"})
    graph = build.graph(role, one, many)
    assert graph.by_address["aws_iam_role.r"].attributes["managed_policy_arns"] == ["arn:1", "arn:2", "arn:3"]


@pytest.mark.parametrize(
    ("type_", "attributes"),
    [
        ("google_storage_bucket_iam_member", {"role": "r", "member": "allUsers"}),
        ("google_storage_bucket_iam_binding", {"role": "r", "members": ["allUsers"]}),
        ("google_storage_bucket_iam_policy", {"policy_data": '{"bindings": [{"role": "r", "members": ["allUsers"]}]}'}),
    ],
)
def test_google_bindings(build: Any, type_: str, attributes: dict[str, Any]) -> None:
    bucket = build.resource("google_storage_bucket.b", {"name": "b"})
    child = build.resource(f"{type_}.c", {"bucket": "b", **attributes})
    graph = build.graph(bucket, child)
    wanted = [{"role": "r", "members": ["allUsers"], "condition": []}]
    assert graph.by_address[bucket.address].attributes["bindings"] == wanted
    assert graph.by_address[child.address].attributes["bindings"] == wanted
    assert graph.by_address[child.address].parent == bucket.address


def test_a_project_binding_does_not_go_to_its_bucket(build: Any) -> None:
    bucket = build.resource("google_storage_bucket.b", {"name": "b", "project": "p"})
    project = build.resource("google_project.p", {"project_id": "p"})
    child = build.resource("google_project_iam_member.m", {"project": "p", "role": "roles/owner", "member": "user:x"})
    graph = build.graph(bucket, project, child)
    assert graph.by_address["google_project.p"].attributes["bindings"][0]["role"] == "roles/owner"
    assert "bindings" not in graph.by_address[bucket.address].attributes


def test_by_the_same_text_around_a_variable(build: Any) -> None:
    variable = Unknown('variable "env" has no default', "variable")
    parents = [
        build.resource(f"aws_s3_bucket.{suffix}", {"bucket": Unknown("a text", parts=(variable, f"-{suffix}"))})
        for suffix in ("logs", "data")
    ]
    child = build.resource(BLOCK, {"bucket": Unknown("another text", parts=(variable, "-logs"))})
    graph = build.graph(*parents, child)
    assert [("public_access_block" in graph.by_address[p.address].attributes) for p in parents] == [True, False]


def test_through_a_sibling_that_has_the_same_id(build: Any) -> None:
    parent = build.resource(BUCKET, {"bucket": "logs"})
    policy = build.resource("aws_s3_bucket_policy.p", {"bucket": build.reference(BUCKET)})
    child = build.resource(BLOCK, {"bucket": build.reference(policy.address)})
    other = build.resource("aws_s3_bucket_acl.a", {"bucket": build.reference(policy.address, "policy")})
    graph = build.graph(parent, policy, child, other)
    assert graph.by_address[BLOCK].parent == BUCKET
    assert graph.by_address[other.address].parent == ""


def test_siblings_in_a_circle_end(build: Any) -> None:
    addresses = ("aws_s3_bucket_acl.a", "aws_s3_bucket_acl.b")
    pair = [build.resource(a, {"bucket": build.reference(b)}) for a, b in zip(addresses, addresses[::-1], strict=True)]
    graph = build.graph(build.resource(BUCKET, {"bucket": "logs"}), *pair)
    assert [r.parent for r in graph.resources] == ["", "", ""]
