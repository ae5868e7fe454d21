"""Marks of sensitive values; what ``try`` and ``can`` may still say; entries of maps whose keys are not known."""

from __future__ import annotations

import pytest

from iacguard.model import REST, Encoded, Unknown, Value
from iacguard.normalise import normalise
from tests.frontends.terraform.evaluating import by_address, only, value_of

CONTEXT = """
variable "secret" {
  default   = "x"
  sensitive = true
}
variable "plain" {
  default = "x"
}
variable "given" {}
locals {
  passed = "${var.secret}-1"
  shown  = nonsensitive(var.secret)
  known  = { a = var.given, b = { c = aws_sqs_queue.q.url } }
}
resource "aws_sqs_queue" "q" {}
"""


@pytest.mark.parametrize(
    ("expression", "marked"),
    [
        ('issensitive("x")', False),
        ('issensitive(sensitive("x"))', True),
        ('issensitive(upper(sensitive("x")))', True),
        ('issensitive([1, sensitive("x")])', True),
        ("issensitive(var.secret)", True),
        ("issensitive(var.plain)", False),
        ("issensitive(var.given)", False),
        ("issensitive(local.passed)", True),
        ("issensitive(local.shown)", False),
        ('issensitive(true ? "a" : "b")', False),
        ("issensitive(path.module)", False),
        ("issensitive(sensitive(var.plain) == 1)", True),
    ],
)
def test_marks_are_followed_through_the_code(expression: str, marked: bool) -> None:
    assert value_of(expression, CONTEXT) is marked


def test_marks_go_through_modules() -> None:
    stack = only(
        {
            "main.tf": """
                module "m" {
                  source = "./m"
                  v      = sensitive("x")
                }
                resource "a" "b" {
                  inside  = module.m.inside
                  marked  = issensitive(module.m.marked)
                  through = issensitive(module.m.through)
                  plain   = issensitive(module.m.plain)
                }
            """,
            "m/main.tf": """
                variable "v" {}
                output "inside" { value = issensitive(var.v) }
                output "through" { value = "${var.v}!" }
                output "plain" { value = 1 }
                output "marked" {
                  value     = 1
                  sensitive = true
                }
            """,
        }
    )
    assert stack.resources[0].attributes == {"inside": True, "marked": True, "through": True, "plain": False}


@pytest.mark.parametrize("expression", ["issensitive(aws_sqs_queue.q.url)", 'issensitive(true ? "a" : var.secret)'])
def test_what_a_provider_or_a_branch_marks_is_not_known(expression: str) -> None:
    assert isinstance(value_of(expression, CONTEXT), Unknown)


def test_try_keeps_what_is_there_though_it_is_not_known() -> None:
    found = value_of('try(local.known.a, "fallback")', CONTEXT)
    assert (found.kind, found.reason) == ("variable", 'variable "given" has no default')
    inner = value_of("try(local.known.b, null)", CONTEXT)
    assert inner["c"].reference.address == "aws_sqs_queue.q"
    assert value_of("can(local.known.b.c)", CONTEXT) is True


@pytest.mark.parametrize(
    "expression", ["try(var.given.a, 1)", "try(tonumber(local.known.a), 1)", "try(local.known.a.b, 1)"]
)
def test_try_of_what_may_be_missing_is_not_known(expression: str) -> None:
    found = value_of(expression, CONTEXT)
    assert isinstance(found, Unknown)
    assert found.reference is None


def test_a_local_is_as_sure_the_second_time() -> None:
    context = CONTEXT + "locals {\n  deep = [var.given.a.b]\n}\n"
    twice = value_of("[try(local.deep, 1), try(local.deep, 1)]", context)
    assert twice[0] == twice[1]
    assert isinstance(twice[0], list)


def test_entries_with_keys_that_are_not_known_keep_their_values() -> None:
    found = value_of('{ "${var.given}:sub" = "x", "${var.given}:aud" = ["y"], k = 1 }', CONTEXT)
    rest = found[REST]
    assert found["k"] == 1
    assert rest.choices == ("x", ["y"])
    assert [key.suffix for key in rest.keys] == [":sub", ":aud"]


TRUST = """
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["sts:AssumeRoleWithWebIdentity"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "${var.oidc}:sub"
      values   = ["x"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["y"]
    }
  }
}
variable "oidc" {}
locals {
  written = {
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Resource  = "*"
    Condition = { StringEquals = { "${var.oidc}:sub" = "x" }, StringLike = { "aws:SourceArn" = "y" } }
  }
}
resource "aws_iam_policy" "p" {
  policy = %s
}
"""


@pytest.mark.parametrize(
    "policy",
    [
        "data.aws_iam_policy_document.d.json",
        'replace(data.aws_iam_policy_document.d.json, "PLACEHOLDER", "z")',
        "jsonencode({ Statement = [local.written] })",
        '"{\\"Statement\\": [${jsonencode(local.written)}]}"',
        '"${jsonencode({ Statement = local.written })}"',
    ],
)
def test_one_condition_key_that_is_not_known_leaves_the_others_known(policy: str) -> None:
    graph, _ = normalise(only(TRUST % policy))
    (statement,) = graph.by_address["aws_iam_policy.p"].attributes["statements"]
    if isinstance(statement, Unknown):
        assert policy.startswith('"{')  # a text with an encoded part that is not known
        return
    first, second = statement["conditions"]
    assert (first["operator"], first["key"].suffix, first["values"]) == ("StringEquals", ":sub", ["x"])
    assert second == {"operator": "StringLike", "key": "aws:SourceArn", "values": ["y"]}


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("jsonencode(local.doc)", 3),
        ("jsonencode(local.docs.admin)", 9),
        ("jsonencode({ Statement = local.listed })", 12),
        ("jsonencode(var.doc)", 16),
    ],
)
def test_a_statement_stands_where_a_local_writes_it(code: str, line: int) -> None:
    text = f"""locals {{
  doc = {{
    Statement = [{{ Effect = "Allow", Action = "*", Resource = "*" }}]
  }}
  docs = {{
    admin = {{
      Version = "2012-10-17"
      Statement = [
        {{ Effect = "Allow", Action = "*", Resource = "*" }}]
    }}
  }}
  listed = [{{ Effect = "Allow", Action = "*", Resource = "*" }}]
}}
variable "doc" {{
  default = {{
    Statement = [{{ Effect = "Allow", Action = "*", Resource = "*" }}]
  }}
}}
resource "aws_iam_policy" "p" {{
  policy = {code}
}}
"""
    graph, _ = normalise(only({"main.tf": text}))
    located = graph.by_address["aws_iam_policy.p"].locate(("statements", 0, "actions"))
    assert located.span.line == line


REPLACED: list[tuple[str, Value]] = [
    ('replace(jsonencode({ a = "X-1", X = 2, b = var.given }), "X", "y")', {"a": "y-1", "y": 2}),
    ('replace(jsonencode({ a = ["$${X}"], b = var.given }), "$${X}", "y")', {"a": ["y"]}),
]


@pytest.mark.parametrize(("expression", "members"), REPLACED)
def test_replacing_inside_of_json_keeps_its_structure(expression: str, members: Value) -> None:
    found = value_of(expression, CONTEXT)
    assert isinstance(found, Encoded)
    assert found.text is None
    assert {key: value for key, value in found.value.items() if key != "b"} == members
    assert isinstance(found.value["b"], Unknown)


def test_replacing_in_known_json_changes_text_and_structure_alike() -> None:
    found = value_of('replace(jsonencode({ a = "X" }), "X", "y")')
    assert (found.value, found.text) == ({"a": "y"}, '{"a":"y"}')


@pytest.mark.parametrize("wanted", ['\\"a\\"', ":", "true", "\\n", "{"])
def test_replacing_what_may_stand_outside_of_strings_gives_up_the_structure(wanted: str) -> None:
    assert isinstance(value_of(f'replace(jsonencode({{ a = var.given }}), "{wanted}", "y")', CONTEXT), Unknown)


def test_replacing_in_a_document_of_unknown_parts() -> None:
    found = value_of('replace(jsonencode({ a = "${var.given}/X" }), "X", var.given)', CONTEXT)
    assert found.value["a"].prefix == ""
    assert isinstance(value_of("base64encode(jsonencode({ a = var.given }))", CONTEXT).encodes, Unknown)


def test_the_name_of_a_parameter_is_told() -> None:
    context = 'data "aws_ssm_parameter" "ami" {\n  name = "/aws/service/ami-amazon-linux-latest/al2023"\n}'
    found = value_of("data.aws_ssm_parameter.ami.value", context)
    assert found.reason == (
        "data.aws_ssm_parameter.ami.value (/aws/service/ami-amazon-linux-latest/al2023) is read when planning"
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("[rule.value, local.fixed]", [{"$labels": ["x", "f"], "v": "x"}, {"$labels": ["y", "f"], "v": "y"}]),
        ("[]", [{"v": "x"}, {"v": "y"}]),
    ],
)
def test_labels_of_a_dynamic_block_are_those_of_the_blocks_that_it_makes(labels: str, expected: object) -> None:
    text = LABELLED % labels
    assert by_address(only(text))["a.b"].attributes["rule"] == expected
    static = 'resource "a" "b" {\n  rule "x" "f" {\n    v = "x"\n  }\n  rule "y" f {\n    v = "y"\n  }\n}\n'
    if "fixed" in labels:
        assert by_address(only(static))["a.b"].attributes["rule"] == expected


def test_labels_that_are_not_known_or_wrong_are_said() -> None:
    first = by_address(only(LABELLED % "[var.u]"))["a.b"].attributes["rule"][0]
    assert [label.reason for label in first["$labels"]] == ['variable "u" has no default']
    whole = by_address(only(LABELLED % "var.u"))["a.b"].attributes["rule"][0]
    assert [label.spread for label in whole["$labels"]] == [True]
    stack = only(LABELLED % '"x"')
    assert [(p.message, p.span.line) for p in stack.problems] == [("the labels of a block are a list of strings", 9)]


LABELLED = """
locals {
  fixed = "f"
}
variable "u" {}
resource "a" "b" {
  dynamic "rule" {
    for_each = ["x", "y"]
    labels   = %s
    iterator = rule
    content {
      v = rule.value
    }
  }
}
"""
