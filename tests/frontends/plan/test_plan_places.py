"""Findings on a plan: in its own lines, or in the code that it was made from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.findings import Finding
from iacguard.frontends.plan.offsets import JsonText
from iacguard.model import Encoded
from iacguard.model import Path as ModelPath
from iacguard.scan import ScanRequest, graphs, scan
from iacguard.source import SourceFile
from tests.frontends.plan.planning import block, plan, refers, resource, resources, stack

ACL = "aws-s3-bucket-public-acl"
SSH = "aws-ec2-security-group-open-ssh"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 1, 4]), st.booleans())
def test_every_member_is_found_where_it_stands(value: Any, indent: int | None, plain: bool) -> None:
    text = JsonText(SourceFile("p.json", json.dumps(value, indent=indent, ensure_ascii=not plain).encode()))
    pending: list[tuple[ModelPath, Any]] = [((), value)]
    while pending:
        path, expected = pending.pop()
        found = text.find(path)
        assert found is not None
        assert json.loads(text.file.data[found.start : found.end]) == expected
        members = expected.items() if isinstance(expected, dict) else enumerate(expected) if _is_list(expected) else ()
        pending += [((*path, key), inner) for key, inner in members]
        assert text.find((*path, "no such key")) is None or "no such key" in expected


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def public_bucket() -> dict[str, Any]:
    return plan(
        resource("aws_s3_bucket.b", {"bucket": "b", "acl": "public-read"}),
        configuration={"resources": [block("aws_s3_bucket.b", {"bucket": "b", "acl": "public-read"})]},
    )


def findings(folder: Path, *select: str, **more: Any) -> tuple[Finding, ...]:
    result = scan(ScanRequest((str(folder / "plan.json"),), select=select, **more))
    assert result.complete
    return tuple(f for f in result.findings if f.verdict == "violated")


@pytest.mark.parametrize(("indent", "line"), [(2, 14), (None, 1)])
def test_attribute_in_the_plans_own_text(tmp_path: Path, indent: int | None, line: int) -> None:
    text = json.dumps(public_bucket(), indent=indent)
    (tmp_path / "plan.json").write_text(text)
    (found,) = findings(tmp_path, ACL)
    span = found.span
    assert (span.file, span.line, span.end_line) == ("plan.json", line, line)
    assert text.splitlines()[line - 1][span.column - 1 : span.end_column - 1] == '"acl": "public-read"'
    assert (found.address, found.stack, found.format) == ("aws_s3_bucket.b", "plan.json", "terraform")


def test_missing_attribute_is_shown_at_the_address() -> None:
    text = json.dumps(public_bucket(), indent=2)
    (bucket,) = stack(text).resources
    at = bucket.locate(("versioning",))
    assert not at.exact
    assert text.splitlines()[at.span.line - 1].strip() == '"address": "aws_s3_bucket.b",'


CODE = """variable "acl" {}

module "store" {
  source = "./store"
  acl    = var.acl
}

resource "aws_security_group" "g" {
  name = "g"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
MODULE = """variable "acl" {}

resource "aws_s3_bucket" "b" {
  for_each = toset(["x", "y"])
  bucket   = each.key
  acl      = var.acl
}

resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b["x"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "${aws_s3_bucket.b["x"].arn}/*"
    }]
  })
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Code, and the plan that is made of it."""
    rules = [
        {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "description": ""},
        {"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"], "description": ""},
    ]
    document = plan(
        resource("aws_security_group.g", {"name": "g", "ingress": rules}, unknown={"id": True}),
        *(
            resource(
                f'module.store.aws_s3_bucket.b["{key}"]', {"bucket": key, "acl": "public-read"}, unknown={"id": True}
            )
            for key in "xy"
        ),
        resource("module.store.aws_s3_bucket_policy.p", {}, unknown={"bucket": True, "policy": True}),
        variables={"acl": {"value": "public-read"}},
        configuration={
            "module_calls": {
                "store": {
                    "source": "./store",
                    "expressions": {"acl": {"references": ["var.acl"]}},
                    "module": {
                        "resources": [
                            block("aws_s3_bucket.b", {"bucket": refers("each.key"), "acl": refers("var.acl")}),
                            block(
                                "aws_s3_bucket_policy.p",
                                {
                                    "bucket": refers('aws_s3_bucket.b["x"].id'),
                                    "policy": refers('aws_s3_bucket.b["x"].arn'),
                                },
                            ),
                        ]
                    },
                }
            }
        },
    )
    (tmp_path / "store").mkdir()
    (tmp_path / "main.tf").write_text(CODE)
    (tmp_path / "store" / "main.tf").write_text(MODULE)
    (tmp_path / "plan.json").write_text(json.dumps(document, indent=2))
    return tmp_path


def test_with_the_code_at_hand_findings_stand_in_it(project: Path) -> None:
    (acl,) = findings(project, ACL, plan_root=str(project))
    assert (acl.span.file, acl.span.line, acl.source_lines) == ("store/main.tf", 6, ("  acl      = var.acl",))
    # The plan names both instances; they are one line of code.
    assert acl.instances == ('module.store.aws_s3_bucket.b["x"]', 'module.store.aws_s3_bucket.b["y"]')
    assert [step.note for step in acl.trail] == ['value of variable "acl"', 'argument "acl" of module.store']
    assert (project / "plan.json").read_text().splitlines()[
        acl.trail[0].span.line - 1
    ].strip() == '"value": "public-read"'


def test_blocks_of_a_set_are_found_in_their_own_order(project: Path) -> None:
    (rule,) = (f for f in findings(project, "aws-ec2-*", plan_root=str(project)) if "22" in f.message)
    assert rule.span.file == "main.tf"
    assert 15 < rule.span.line < 21


def test_code_tells_the_parts_of_what_the_plan_does_not_know(project: Path) -> None:
    request = ScanRequest((str(project / "plan.json"),), plan_root=str(project))
    (((_, graph),), problems) = graphs(request)
    assert not problems
    policy = graph.by_address["module.store.aws_s3_bucket_policy.p"]
    assert isinstance(policy.attributes["policy"], Encoded)
    (statement,) = policy.attributes["statements"]
    assert statement["actions"] == ["s3:GetObject"]
    assert policy.locate(("statements", 0, "principals")).span.line == 15
    bucket = graph.by_address['module.store.aws_s3_bucket.b["x"]']
    assert policy.parent == bucket.address
    # Without the code the document is not known at all.
    ((_, alone),) = graphs(ScanRequest((str(project / "plan.json"),)))[0]
    assert alone.by_address["module.store.aws_s3_bucket_policy.p"].attributes["statements"] != [statement]


def test_known_policy_is_placed_by_statement(project: Path) -> None:
    document = json.loads((project / "plan.json").read_text())
    store = document["planned_values"]["root_module"]["child_modules"][0]
    written = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::x/*"}],
    }
    store["resources"][2]["values"]["policy"] = json.dumps(written)
    document["resource_changes"][3]["change"]["after_unknown"] = {"bucket": True}
    (project / "plan.json").write_text(json.dumps(document))
    ((_, graph),) = graphs(ScanRequest((str(project / "plan.json"),), plan_root=str(project)))[0]
    policy = graph.by_address["module.store.aws_s3_bucket_policy.p"]
    assert policy.attributes["statements"][0]["resources"] == ["arn:aws:s3:::x/*"]
    at = policy.locate(("statements", 0, "actions"))
    assert (at.span.file, at.span.line) == ("store/main.tf", 16)


def test_resource_that_the_code_lacks_stays_in_the_plan(project: Path) -> None:
    (project / "main.tf").write_text(CODE.partition("resource")[0])
    request = ScanRequest((str(project / "plan.json"),), plan_root=str(project))
    ((_, graph),) = graphs(request)[0]
    assert graph.by_address["aws_security_group.g"].span.file == "plan.json"


def test_plan_root_without_code_is_said(project: Path) -> None:
    (project / "empty").mkdir()
    request = ScanRequest((str(project / "plan.json"),), plan_root=str(project / "empty"))
    (_, problems) = graphs(request)
    assert [(p.notice, p.message) for p in problems] == [
        (True, "there is no Terraform code in empty; findings are placed in the plan")
    ]


def test_changed_scope_judges_a_parent_whose_part_changes(tmp_path: Path) -> None:
    document = plan(
        resource("aws_s3_bucket.same", {"bucket": "a", "acl": "public-read"}, actions=("no-op",)),
        resource("aws_s3_bucket.b", {"bucket": "b"}, actions=("no-op",)),
        resource("aws_s3_bucket_acl.b", {"bucket": "b", "acl": "public-read"}),
        configuration={
            "resources": [
                block("aws_s3_bucket.same", {"acl": "public-read"}),
                block("aws_s3_bucket.b"),
                block("aws_s3_bucket_acl.b", {"bucket": refers("aws_s3_bucket.b.id"), "acl": "public-read"}),
            ]
        },
    )
    (tmp_path / "plan.json").write_text(json.dumps(document))
    assert len(findings(tmp_path, ACL)) == 2
    (found,) = findings(tmp_path, ACL, plan_scope="changed")
    assert (found.address, found.parent) == ("aws_s3_bucket_acl.b", "aws_s3_bucket.b")


def test_items_that_stand_elsewhere_in_the_code_are_not_mistaken(project: Path) -> None:
    """A rule that the code does not have is shown at the block, not at the rule that has its index."""
    document = json.loads((project / "plan.json").read_text())
    group = document["planned_values"]["root_module"]["resources"][0]["values"]
    group["ingress"].append({"from_port": 3389, "to_port": 3389, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]})
    (project / "plan.json").write_text(json.dumps(document))
    ((_, graph),) = graphs(ScanRequest((str(project / "plan.json"),), plan_root=str(project)))[0]
    spans = [graph.by_address["aws_security_group.g"].locate(("ingress", i, "from_port")).span.line for i in range(3)]
    assert spans[:2] == [17, 11]
    assert spans[2] not in (11, 17)


def test_values_do_not_depend_on_the_code(project: Path) -> None:
    alone = resources(json.loads((project / "plan.json").read_text()))
    ((_, graph),) = graphs(ScanRequest((str(project / "plan.json"),), plan_root=str(project)))[0]
    for address, found in alone.items():
        known = {k: v for k, v in found.attributes.items() if isinstance(v, (str, int))}
        assert known.items() <= graph.by_address[address].attributes.items()
