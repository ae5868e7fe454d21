"""Where values stand, how they came there, and policy documents that are made by data sources."""

from __future__ import annotations

import json

import pytest

from iacguard.frontends.contract import Inputs, Stack
from iacguard.model import Encoded, Path, Place, Unknown
from iacguard.source import SourceFile
from tests.frontends.terraform.evaluating import by_address, only

FILES = {
    "main.tf": """\
resource "aws_security_group" "g" {
  name = "web"
  tags = {
    Name  = "web"
    Owner = local.owner
  }
  ingress {
    from_port   = 22
    cidr_blocks = ["10.0.0.0/8", "0.0.0.0/0"]
  }
  dynamic "ingress" {
    for_each = [80, 443]
    content {
      from_port   = ingress.value
      cidr_blocks = var.cidrs
    }
  }
  many = [
    "a",
    { deep = [1, 2] },
  ]
}

resource "aws_iam_policy" "p" {
  name   = "p"
  policy = jsonencode({
    Statement = [{
      Effect = "Allow"
      Action = "*"
    }]
  })
  text = <<-EOT
    first
    second ${local.owner}
  EOT
}

locals {
  owner = var.owner
}

variable "owner" {
  default = "me"
}

variable "cidrs" {}
""",
    "terraform.tfvars": 'other = 1\ncidrs = ["0.0.0.0/0"]\n',
}


@pytest.fixture(scope="module")
def stack() -> Stack:
    return only(FILES)


@pytest.mark.parametrize(
    ("path", "region", "exact"),
    [
        ((), (1, 1, 1, 34), True),
        (("name",), (2, 3, 2, 15), True),
        (("tags",), (3, 3, 3, 11), True),
        (("tags", "Name"), (4, 5, 4, 18), True),
        (("tags", "Owner"), (5, 5, 5, 24), True),
        (("ingress",), (7, 3, 7, 10), True),
        (("ingress", 0), (7, 3, 7, 10), True),
        (("ingress", 0, "from_port"), (8, 5, 8, 21), True),
        (("ingress", 0, "cidr_blocks", 1), (9, 34, 9, 45), True),
        (("ingress", 1, "from_port"), (14, 7, 14, 34), True),
        (("ingress", 2, "cidr_blocks"), (15, 7, 15, 30), True),
        (("ingress", 2, "cidr_blocks", 0), (15, 7, 15, 30), False),
        (("many",), (18, 3, 18, 11), True),
        (("many", 1, "deep", 0), (20, 15, 20, 16), True),
        (("missing",), (1, 1, 1, 34), False),
        (("ingress", 0, "missing"), (7, 3, 7, 10), False),
        (("ingress", 7), (7, 3, 7, 10), False),
    ],
)
def test_path_is_located_exactly(stack: Stack, path: Path, region: tuple[int, int, int, int], exact: bool) -> None:
    found = by_address(stack)["aws_security_group.g"].locate(path)
    span = found.span
    assert (span.line, span.column, span.end_line, span.end_column) == region
    assert found.exact is exact


def test_encoded_argument_is_walked_into(stack: Stack) -> None:
    policy = by_address(stack)["aws_iam_policy.p"]
    assert policy.locate(("policy",)).span.line == 26
    assert policy.locate(("policy", "Statement", 0, "Action")).span.line == 29
    value = policy.attributes["policy"]
    assert isinstance(value, Encoded)
    assert value.text == '{"Statement":[{"Action":"*","Effect":"Allow"}]}'
    assert _walk(value.place, "Statement", 0, "Effect").span.line == 28


def _walk(place: Place | None, *path: str | int) -> Place:
    for key in path:
        assert place is not None, path
        place = place.child(key)
    assert place is not None, path
    return place


def test_heredoc_knows_where_its_text_begins(stack: Stack) -> None:
    policy = by_address(stack)["aws_iam_policy.p"]
    assert policy.attributes["text"] == "first\nsecond me\n"
    text = policy.place.child("text")
    assert text is not None
    assert text.text_start() == (33, 5)
    name = policy.place.child("name")
    assert name is not None
    assert name.text_start() is None


def test_trail_begins_at_the_origin(stack: Stack) -> None:
    group = by_address(stack)["aws_security_group.g"]
    owner = group.locate(("tags", "Owner")).trail
    assert [(s.span.file, s.span.line, s.note) for s in owner] == [
        ("main.tf", 43, 'default of variable "owner"'),
        ("main.tf", 39, 'local "owner"'),
    ]
    cidrs = group.locate(("ingress", 1, "cidr_blocks")).trail
    assert [(s.span.file, s.span.line, s.note) for s in cidrs] == [("terraform.tfvars", 2, 'value of variable "cidrs"')]
    assert group.locate(("name",)).trail == ()


MODULES = {
    "main.tf": """\
variable "cidr" {
  default = "0.0.0.0/0"
}
module "outer" {
  source = "./outer"
  open   = var.cidr
}
resource "a_b" "after" {
  v = module.outer.shown
}
""",
    "outer/main.tf": """\
variable "open" {}
module "inner" {
  source = "./inner"
  cidr   = var.open
}
output "shown" {
  value = var.open
}
""",
    "outer/inner/main.tf": """\
variable "cidr" {}
resource "a_b" "c" {
  v = [var.cidr]
}
""",
}


def test_trail_leads_through_modules() -> None:
    found = by_address(only(MODULES))
    steps = found["module.outer.module.inner.a_b.c"].locate(("v",)).trail
    assert [(s.span.file, s.span.line, s.note) for s in steps] == [
        ("main.tf", 2, 'default of variable "cidr"'),
        ("main.tf", 6, 'argument "open" of module.outer'),
        ("outer/main.tf", 4, 'argument "cidr" of module.outer.module.inner'),
    ]
    steps = found["a_b.after"].locate(("v",)).trail
    assert [(s.span.file, s.span.line, s.note) for s in steps] == [
        ("main.tf", 2, 'default of variable "cidr"'),
        ("main.tf", 6, 'argument "open" of module.outer'),
        ("outer/main.tf", 7, 'output "shown" of module.outer'),
    ]


def test_trail_names_the_command_line_and_for_each() -> None:
    text = """\
variable "names" {
  type = set(string)
}
resource "a_b" "c" {
  for_each = var.names
  v        = each.key
}
"""
    stack = only({"main.tf": text}, Inputs({"names": '["x"]'}))
    steps = by_address(stack)['a_b.c["x"]'].locate(("v",)).trail
    assert [(s.span.line, s.note) for s in steps] == [
        (1, 'variable "names", given on the command line'),
        (5, "for_each of the block"),
    ]
    stack = only({"main.tf": text}, Inputs({}, (SourceFile("prod.tfvars", b'\nnames = ["x"]\n'),)))
    steps = by_address(stack)['a_b.c["x"]'].locate(("v",)).trail
    assert (steps[0].span.file, steps[0].span.line) == ("prod.tfvars", 2)


def test_trail_of_values_in_a_circle_ends() -> None:
    stack = only('locals {\n  a = local.b\n  b = local.a\n}\nresource "a_b" "c" {\n  v = local.a\n}')
    assert len(stack.resources[0].locate(("v",)).trail) == 2


def test_instances_of_one_block_share_it() -> None:
    stack = only('\nresource "a_b" "c" {\n  count = 2\n}')
    assert [r.block for r in stack.resources] == ["main.tf:2", "main.tf:2"]


# ---- policy documents

DOCUMENTS = {
    "main.tf": """\
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "One"
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
  statement {
    sid     = "Two"
    actions = ["s3:PutObject"]
  }
}
data "aws_iam_policy_document" "all" {
  source_policy_documents   = [data.aws_iam_policy_document.base.json]
  override_policy_documents = [module.more.json]
  statement {
    sid         = "Two"
    effect      = "Deny"
    not_actions = ["s3:*", "ec2:*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
  dynamic "statement" {
    for_each = ["a", "b"]
    content {
      actions   = ["x:${statement.value}"]
      resources = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
    }
  }
}
module "more" {
  source = "./more"
}
resource "aws_s3_bucket" "b" {}
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b.id
  policy = data.aws_iam_policy_document.all.json
}
resource "a_b" "simple" {
  policy = data.aws_iam_policy_document.base.json
}
""",
    "more/main.tf": """\
data "aws_iam_policy_document" "it" {
  statement {
    sid     = "One"
    actions = ["*"]
  }
}
output "json" { value = data.aws_iam_policy_document.it.json }
""",
}


def test_policy_documents_are_merged_and_keep_their_places() -> None:
    stack = only(DOCUMENTS)
    assert not stack.problems
    policy = by_address(stack)["aws_s3_bucket_policy.p"].attributes["policy"]
    assert isinstance(policy, Encoded)
    assert policy.text is None
    statements = policy.value["Statement"]
    assert policy.value["Version"] == "2012-10-17"
    assert statements[0] == {"Sid": "One", "Effect": "Allow", "Action": "*"}
    assert statements[1] == {
        "Sid": "Two",
        "Effect": "Deny",
        "NotAction": ["s3:*", "ec2:*"],
        "Principal": {"AWS": "*"},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert [s["Action"] for s in statements[2:]] == ["x:a", "x:b"]
    assert statements[2]["Resource"][1].suffix == "/*"
    places = [_walk(policy.place, "Statement", i).span for i in range(4)]
    assert [(p.file, p.line) for p in places] == [
        ("more/main.tf", 2),
        ("main.tf", 15),
        ("main.tf", 31),
        ("main.tf", 31),
    ]
    assert _walk(policy.place, "Statement", 1, "NotAction").span.line == 18
    assert _walk(policy.place, "Statement", 1, "Principal").span.line == 19
    assert _walk(policy.place, "Statement", 0, "Action", 0).span.line == 4
    assert {(e.source, e.target, e.attribute) for e in stack.edges} == {
        ("aws_s3_bucket_policy.p", "aws_s3_bucket.b", "bucket"),
        ("aws_s3_bucket_policy.p", "aws_s3_bucket.b", "policy"),
    }


def test_wholly_known_policy_document_has_its_text() -> None:
    policy = by_address(only(DOCUMENTS))["a_b.simple"].attributes["policy"]
    assert json.loads(policy.text) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Sid": "Two", "Effect": "Allow", "Action": "s3:PutObject"},
        ],
    }


def test_policy_document_from_an_unknown_source_says_that_there_may_be_more() -> None:
    stack = only(
        """
        variable "more" {}
        data "aws_iam_policy_document" "d" {
          source_policy_documents = [var.more, "not json"]
          statement { actions = ["*"] }
        }
        resource "a_b" "c" {
          policy = data.aws_iam_policy_document.d.json
        }
        """
    )
    statements = stack.resources[0].attributes["policy"].value["Statement"]
    assert [isinstance(s, Unknown) and s.spread for s in statements] == [True, True, False]


MANY = """
locals {
  many = {
    ssh = {
      port  = 22
      cidrs = var.nets.open
    }
    web = {
      port  = 443
      cidrs = [var.cidr]
    }
  }
}
variable "cidr" { default = "0.0.0.0/0" }
variable "nets" {
  default = {
    closed = ["10.0.0.0/8"]
    open   = ["0.0.0.0/0"]
  }
}
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = local.many
    iterator = rule
    content {
      from_port   = rule.value.port
      cidr_blocks = rule.value["cidrs"]
      dynamic "deep" {
        for_each = rule.value.cidrs
        content {
          cidr = deep.value
          port = rule.value.port
        }
      }
    }
  }
}
resource "aws_vpc_security_group_ingress_rule" "r" {
  for_each = local.many
  cidr     = local.many["ssh"].cidrs
  port     = each.value.port
  either   = merge(local.many.web, {}).port
  index    = local.many[var.cidr].port
}
"""


@pytest.mark.parametrize(
    ("address", "path", "expected"),
    [
        (
            "aws_security_group.g",
            ("ingress", 0, "cidr_blocks"),
            [(18, 'default of variable "nets"'), (6, 'local "many"'), (23, "for_each of the dynamic block")],
        ),
        (
            "aws_security_group.g",
            ("ingress", 1, "cidr_blocks"),
            [(14, 'default of variable "cidr"'), (10, 'local "many"'), (23, "for_each of the dynamic block")],
        ),
        (
            "aws_security_group.g",
            ("ingress", 1, "deep", 0, "cidr"),
            [
                (14, 'default of variable "cidr"'),
                (10, 'local "many"'),
                (23, "for_each of the dynamic block"),
                (29, "for_each of the dynamic block"),
            ],
        ),
        (
            "aws_security_group.g",
            ("ingress", 0, "deep", 0, "port"),
            [(5, 'local "many"'), (23, "for_each of the dynamic block")],
        ),
        (
            'aws_vpc_security_group_ingress_rule.r["web"]',
            ("cidr",),
            [(18, 'default of variable "nets"'), (6, 'local "many"')],
        ),
        (
            'aws_vpc_security_group_ingress_rule.r["web"]',
            ("port",),
            [(9, 'local "many"'), (39, "for_each of the block")],
        ),
        (
            'aws_vpc_security_group_ingress_rule.r["web"]',
            ("either",),
            [(14, 'default of variable "cidr"'), (8, 'local "many"')],
        ),
        (
            'aws_vpc_security_group_ingress_rule.r["web"]',
            ("index",),
            [
                (18, 'default of variable "nets"'),
                (14, 'default of variable "cidr"'),
                (3, 'local "many"'),
            ],
        ),
    ],
)
def test_trails_lead_to_the_member_that_is_used(address: str, path: Path, expected: list[tuple[int, str]]) -> None:
    located = by_address(only(MANY))[address].locate(path)
    assert [(step.span.line, step.note) for step in located.trail] == expected


def test_google_policy_is_made_of_its_bindings() -> None:
    stack = only(
        """
        data "google_iam_policy" "p" {
          binding {
            role    = "roles/owner"
            members = ["allUsers"]
          }
        }
        resource "a_b" "c" {
          policy = data.google_iam_policy.p.policy_data
        }
        """
    )
    policy = stack.resources[0].attributes["policy"]
    assert policy.value == {"bindings": [{"role": "roles/owner", "members": ["allUsers"]}]}
    assert _walk(policy.place, "bindings", 0, "members").span.line == 5
