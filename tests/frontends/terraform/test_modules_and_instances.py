"""Modules, instances, variables and the edges between resource instances."""

from __future__ import annotations

import json

import pytest

from iacguard.frontends.contract import Inputs
from iacguard.model import REST, Reference, Unknown
from iacguard.source import SourceFile
from tests.frontends.terraform.evaluating import by_address, only, stacks

BUCKET_MODULE = """
variable "name" { type = string }
variable "tags" {
  type    = map(string)
  default = {}
}
resource "aws_s3_bucket" "this" {
  bucket = var.name
  tags   = var.tags
}
output "id" { value = aws_s3_bucket.this.id }
output "name" { value = aws_s3_bucket.this.bucket }
"""


def edges(text: str | dict[str, str]) -> set[tuple[str, str, str]]:
    return {(e.source, e.target, e.attribute) for e in only(text).edges}


def addresses(text: str | dict[str, str]) -> list[str]:
    return [r.address for r in only(text).resources]


# ---- instances


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ("", ["a_b.c"]),
        ("count = 0", []),
        ("count = 2", ["a_b.c[0]", "a_b.c[1]"]),
        ('count = "1"', ["a_b.c[0]"]),
        ("count = var.open", ["a_b.c"]),
        ("count = var.open ? 1 : 0", ["a_b.c"]),
        ('for_each = toset(["y", "x"])', ['a_b.c["x"]', 'a_b.c["y"]']),
        ("for_each = {k = 1}", ['a_b.c["k"]']),
        ("for_each = {k = var.open}", ['a_b.c["k"]']),
        ('for_each = toset(["a\\"b$${c}"])', ['a_b.c["a\\"b$${c}"]']),
        ("for_each = var.open", ["a_b.c"]),
        ("for_each = {}", []),
        ("for_each = merge({k = 1}, var.open)", ['a_b.c["k"]', "a_b.c"]),
    ],
)
def test_instances_have_the_addresses_that_terraform_prints(meta: str, expected: list[str]) -> None:
    assert addresses(f'variable "open" {{}}\nresource "a_b" "c" {{\n  {meta}\n}}') == expected


def test_each_and_count_are_bound() -> None:
    found = by_address(
        only(
            """
            resource "a_b" "each" {
              for_each = { x = { port = 1 }, y = { port = 2 } }
              name     = "${each.key}-${each.value.port}"
            }
            resource "a_b" "count" {
              count = 2
              name  = "n${count.index}"
            }
            """
        )
    )
    assert found['a_b.each["y"]'].attributes == {"name": "y-2"}
    assert found["a_b.count[1]"].attributes == {"name": "n1"}


def test_meta_arguments_and_nulls_are_no_attributes() -> None:
    found = only(
        """
        resource "a_b" "c" {
          provider   = aws.west
          depends_on = [a_b.d]
          gone       = null
          kept       = 1
          lifecycle { prevent_destroy = true }
          provisioner "local-exec" { command = "x" }
        }
        resource "a_b" "d" {}
        """
    )
    beside = {"provisioner": [{"$labels": ["local-exec"], "command": "x"}]}
    assert by_address(found)["a_b.c"].attributes == {"kept": 1, "__resource__": beside}
    assert not found.problems


def test_instances_are_bounded_and_the_bound_is_told() -> None:
    stack = only('resource "a_b" "c" {\n  count = 5000\n}')
    assert len(stack.resources) == 1000
    assert [(p.kind, p.notice) for p in stack.problems] == [("too-large", False)]


def test_bound_holds_for_one_block_in_many_modules() -> None:
    files = {
        "main.tf": 'module "m" {\n  source = "./m"\n  count = 30\n}',
        "m/main.tf": 'resource "a_b" "c" {\n  count = 100\n}',
    }
    assert len(only(files).resources) == 1000


@pytest.mark.parametrize("meta", ["count = -1", 'count = "x"', "for_each = [1]", "for_each = null", "count = null"])
def test_wrong_count_is_told_and_leaves_one_instance(meta: str) -> None:
    stack = only(f'resource "a_b" "c" {{\n  {meta}\n}}')
    assert [r.address for r in stack.resources] == ["a_b.c"]
    assert [p.kind for p in stack.problems] == ["value"]


# ---- blocks


def test_blocks_are_lists_and_dynamic_ones_add_to_static_ones() -> None:
    stack = only(
        """
        resource "aws_security_group" "g" {
          ingress { from_port = 22 }
          dynamic "ingress" {
            for_each = [80, 443]
            iterator = port
            content {
              from_port = port.value
              to_port   = port.key
            }
          }
          ingress { from_port = 1 }
          dynamic "egress" {
            for_each = []
            content { from_port = 0 }
          }
        }
        """
    )
    assert stack.resources[0].attributes == {
        "ingress": [
            {"from_port": 22},
            {"from_port": 80, "to_port": 0},
            {"from_port": 443, "to_port": 1},
            {"from_port": 1},
        ]
    }


def test_dynamic_blocks_nest_and_see_the_outer_iterator() -> None:
    stack = only(
        """
        resource "a_b" "c" {
          dynamic "rule" {
            for_each = { a = ["x", "y"] }
            content {
              name = rule.key
              dynamic "filter" {
                for_each = rule.value
                content { text = "${rule.key}${filter.value}" }
              }
            }
          }
        }
        """
    )
    rule = {"name": "a", "filter": [{"text": "ax"}, {"text": "ay"}]}
    assert stack.resources[0].attributes == {"rule": [rule]}


def test_dynamic_block_over_an_unknown_may_be_there_any_number_of_times() -> None:
    stack = only(
        """
        variable "ports" {}
        resource "a_b" "c" {
          dynamic "rule" {
            for_each = var.ports
            content {
              port = rule.value
              cidr = "0.0.0.0/0"
            }
          }
        }
        """
    )
    (item,) = stack.resources[0].attributes["rule"]
    assert isinstance(item, Unknown)
    assert item.spread
    assert item.choices[0]["cidr"] == "0.0.0.0/0"
    assert isinstance(item.choices[0]["port"], Unknown)


# ---- variables


def test_variable_without_value_is_unknown_with_its_reason() -> None:
    stack = only('variable "x" {\n  sensitive = true\n}\nresource "a_b" "c" {\n  v = var.x\n}')
    value = stack.resources[0].attributes["v"]
    assert isinstance(value, Unknown)
    assert (value.kind, value.reason, value.secret) == ("variable", 'variable "x" has no default', True)
    assert value.span is not None
    assert value.span.line == 1


def test_variable_files_have_terraforms_order() -> None:
    names = "abcdef"
    files = {
        "main.tf": "".join(f'variable "{n}" {{\n  default = 0\n}}\n' for n in names)
        + 'resource "a_b" "c" {\n  v = [var.a, var.b, var.c, var.d, var.e, var.f]\n}',
        "terraform.tfvars": "a = 1\nb = 1\nc = 1\nd = 1\ne = 1",
        "terraform.tfvars.json": '{"b": 2, "c": 2, "d": 2, "e": 2}',
        "z.auto.tfvars": "c = 3\nd = 3\ne = 3",
        "other.tfvars": "f = 9",
    }
    inputs = Inputs({"e": "5"}, (SourceFile("env.tfvars", b"d = 4\ne = 4"),))
    # without a type, the text of the command line stays a text
    assert only(files, inputs).resources[0].attributes["v"] == [1, 2, 3, 4, "5", 0]


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        ("string", "true", "true"),
        ("number", "5", 5),
        ("bool", "true", True),
        ("list(string)", '["a", 1]', ["a", "1"]),
        ("map(number)", '{a = "1"}', {"a": 1}),
        ("any", "[1]", [1]),
    ],
)
def test_values_of_the_command_line_are_read_by_the_variables_type(type_: str, text: str, expected: object) -> None:
    stack = only(f'variable "x" {{\n  type = {type_}\n}}\nresource "a_b" "c" {{\n  v = var.x\n}}', Inputs({"x": text}))
    assert stack.resources[0].attributes["v"] == expected


@pytest.mark.parametrize(
    ("type_", "default", "expected"),
    [
        ("string", "5", "5"),
        ("number", '"5"', 5),
        ("bool", '"true"', True),
        ("list(number)", '["1"]', [1]),
        ("set(string)", '["b", "a", "b"]', ["a", "b"]),
        ("map(string)", "{a = 1}", {"a": "1"}),
        ("tuple([string, number])", '[1, "2"]', ["1", 2]),
        ("object({a = string, b = optional(number, 3)})", "{a = 1}", {"a": "1", "b": 3}),
        ("object({a = optional(string)})", "{}", {"a": None}),
        ("object({a = string})", '{a = "x", more = 1}', {"a": "x"}),
        ("object({a = optional(object({b = optional(bool, true)}), {})})", "{}", {"a": {"b": True}}),
        ('list(object({a = optional(string, "d")}))', "[{}, {a = null}]", [{"a": "d"}, {"a": "d"}]),
        ("any", "[1]", [1]),
    ],
)
def test_defaults_are_converted_to_the_type(type_: str, default: str, expected: object) -> None:
    text = f'variable "x" {{\n  type = {type_}\n  default = {default}\n}}\nresource "a_b" "c" {{\n  v = var.x\n}}'
    stack = only(text)
    assert not stack.problems
    assert stack.resources[0].attributes["v"] == expected


def test_value_that_does_not_fit_its_type_is_told() -> None:
    stack = only('variable "x" {\n  type = number\n  default = "abc"\n}\nresource "a_b" "c" {\n  v = var.x\n}')
    assert isinstance(stack.resources[0].attributes["v"], Unknown)
    assert "does not fit its type" in stack.problems[0].message


def test_null_argument_takes_the_default_only_where_not_nullable() -> None:
    files = {
        "main.tf": 'module "m" {\n  source = "./m"\n  a = null\n  b = null\n}',
        "m/main.tf": 'variable "a" {\n  default = 1\n}\nvariable "b" {\n  default = 2\n  nullable = false\n}\n'
        'resource "a_b" "c" {\n  v = [var.a, var.b]\n}',
    }
    assert only(files).resources[0].attributes["v"] == [None, 2]


# ---- modules


def test_module_is_evaluated_for_each_call_and_is_no_root() -> None:
    files = {
        "main.tf": 'module "a" {\n  source = "./bucket"\n  name = "one"\n}\n'
        'module "b" {\n  source = "./bucket"\n  for_each = toset(["x", "y"])\n  name = each.key\n}\n'
        'module "off" {\n  source = "./bucket"\n  count = 0\n  name = "off"\n}',
        "bucket/main.tf": BUCKET_MODULE,
    }
    found = by_address(only(files))
    assert {a: r.attributes["bucket"] for a, r in found.items()} == {
        "module.a.aws_s3_bucket.this": "one",
        'module.b["x"].aws_s3_bucket.this': "x",
        'module.b["y"].aws_s3_bucket.this': "y",
    }
    assert found["module.a.aws_s3_bucket.this"].module == "module.a"
    assert len({r.block for r in found.values()}) == 1


def test_outputs_go_to_siblings_through_nested_modules() -> None:
    files = {
        "main.tf": 'module "a" {\n  source = "./wrap"\n}\nresource "aws_s3_bucket_policy" "p" {\n'
        "  bucket = module.a.id\n}\n"
        'module "c" {\n  source = "./bucket"\n  name = module.a.name\n}',
        "wrap/main.tf": 'module "inner" {\n  source = "../bucket"\n  name = "deep"\n}\n'
        'output "id" { value = module.inner.id }\noutput "name" { value = module.inner.name }',
        "bucket/main.tf": BUCKET_MODULE,
    }
    stack = only(files)
    assert by_address(stack)["module.c.aws_s3_bucket.this"].attributes["bucket"] == "deep"
    inner = "module.a.module.inner.aws_s3_bucket.this"
    assert {(e.source, e.target, e.attribute) for e in stack.edges} == {
        ("aws_s3_bucket_policy.p", inner, "bucket"),
        ("module.c.aws_s3_bucket.this", inner, "bucket"),
    }


def test_module_outside_of_the_scanned_folder_is_read_through_the_workspace() -> None:
    files = {
        "env/main.tf": 'module "a" {\n  source = "../bucket"\n  name = "x"\n}',
        "bucket/main.tf": BUCKET_MODULE,
    }
    (stack,) = stacks(files, scanned=("env/main.tf",))
    assert stack.name == "env"
    assert [r.address for r in stack.resources] == ["module.a.aws_s3_bucket.this"]


@pytest.mark.parametrize(
    ("source", "message"),
    [("./nowhere", "does not exist"), ("../../up", "lies outside the scanned root")],
)
def test_module_that_cannot_be_found_is_told_at_its_source(source: str, message: str) -> None:
    stack = only(f'module "a" {{\n  name   = 1\n  source = "{source}"\n}}\nresource "a_b" "c" {{\n  v = module.a.x\n}}')
    (problem,) = stack.problems
    assert (problem.kind, problem.span.line, problem.notice) == ("module", 3, False)
    assert message in problem.message
    value = stack.resources[0].attributes["v"]
    assert isinstance(value, Unknown)
    assert value.kind == "module"


def test_remote_module_is_a_notice_and_its_outputs_are_unknown() -> None:
    stack = only(
        'module "a" {\n  source = "org/x/aws"\n}\nresource "a_b" "c" {\n  v = module.a.x\n  w = [module.a.y]\n}'
    )
    assert [(p.kind, p.notice) for p in stack.problems] == [("not-evaluated", True)]
    assert stack.resources[0].attributes["v"].kind == "module"


def test_remote_module_is_read_where_init_has_put_it() -> None:
    manifest = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "a", "Dir": ".terraform/modules/a/sub"}]}
    files = {
        "main.tf": 'module "a" {\n  source = "org/x/aws//sub"\n  name = "n"\n}',
        ".terraform/modules/modules.json": json.dumps(manifest),
        ".terraform/modules/a/sub/main.tf": BUCKET_MODULE,
    }
    (stack,) = stacks(files, scanned=("main.tf",))
    assert [r.address for r in stack.resources] == ["module.a.aws_s3_bucket.this"]
    assert not stack.problems


def test_modules_in_a_circle_are_told_and_scanned() -> None:
    files = {
        "a/main.tf": 'module "b" {\n  source = "../b"\n}\nresource "a_b" "in_a" {}',
        "b/main.tf": 'module "a" {\n  source = "../a"\n}\nresource "a_b" "in_b" {}',
    }
    (stack,) = stacks(files)
    assert [r.address for r in stack.resources if r.type == "a_b"] == ["a_b.in_a", "module.b.a_b.in_b"]
    (problem,) = stack.problems
    assert problem.kind == "module"
    assert "a -> b -> a" in problem.message


def test_module_that_calls_itself_is_told() -> None:
    (problem,) = only('module "me" {\n  source = "./"\n}').problems
    assert problem.kind == "module"


def test_folder_with_nothing_but_values_is_no_root() -> None:
    assert stacks({"env/terraform.tfvars": "a = 1"}) == []


def test_override_files_change_what_others_declare() -> None:
    files = {
        "main.tf": 'resource "a_b" "c" {\n  x = 1\n  y = 1\n  rule { n = 1 }\n  rule { n = 2 }\n  other { n = 1 }\n}',
        "x_override.tf": 'resource "a_b" "c" {\n  y = 2\n  rule { n = 3 }\n}',
    }
    expected = {"x": 1, "y": 2, "other": [{"n": 1}], "rule": [{"n": 3}]}
    stack = only(files)
    assert stack.resources[0].attributes == expected
    assert stack.resources[0].locate(("y",)).span.file == "x_override.tf"


def test_tofu_file_stands_in_for_the_tf_file_of_its_name() -> None:
    files = {"main.tf": 'resource "a_b" "old" {}', "main.tofu": 'resource "a_b" "new" {}'}
    assert addresses(files) == ["a_b.new"]


def test_declaring_twice_is_told_and_both_are_scanned() -> None:
    stack = only(
        'resource "a_b" "c" {\n  v = 1\n}\nresource "a_b" "c" {\n  v = 2\n}\nresource "a_b" "c" {\n  v = 3\n}\n'
        'resource "a_b" "d" {\n  v = a_b.c.v\n}\nlocals {\n  x = 1\n  x = 2\n}\nvariable "v" {}\nvariable "v" {}\n'
    )
    found = {r.address: r.attributes["v"] for r in stack.resources}
    assert found == {"a_b.c": 1, "a_b.c (2)": 2, "a_b.c (3)": 3, "a_b.d": 1}
    assert [(p.kind, p.span.line, p.notice) for p in stack.problems if "references mean" in p.message] == [
        ("value", 4, True),
        ("value", 7, True),
        ("value", 18, True),
    ]


def test_json_syntax_gives_the_same_as_native_syntax() -> None:
    body = {"bucket": "n", "versioning": {"enabled": True}, "tags": {"a": "b"}, "grant": [{"id": "1"}, {"id": "2"}]}
    stack = only({"main.tf.json": json.dumps({"resource": {"aws_s3_bucket": {"b": body}}}, indent=1)})
    assert stack.resources[0].attributes == {**body, "versioning": [{"enabled": True}]}
    enabled = stack.resources[0].locate(("versioning", 0, "enabled"))
    assert enabled.exact
    assert enabled.span.line == 7


def test_facts_name_the_providers_versions() -> None:
    stack = only(
        'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n'
        '      version = "~> 5.0"\n    }\n  }\n}'
    )
    assert stack.facts == {"provider:aws": "~> 5.0"}


def test_cycle_between_locals_is_told_once() -> None:
    stack = only('locals {\n  a = local.b\n  b = local.a\n}\nresource "a_b" "c" {\n  v = local.a\n}')
    assert isinstance(stack.resources[0].attributes["v"], Unknown)
    assert [p.kind for p in stack.problems] == ["reference"]


# ---- edges


@pytest.mark.parametrize(
    "reference",
    [
        "aws_s3_bucket.b.id",
        "aws_s3_bucket.b.arn",
        "aws_s3_bucket.b.bucket",
        "local.bucket",
        "module.pass.out",
        "one([aws_s3_bucket.b.id])",
        "one(aws_s3_bucket.b[*].id)",
        'try(aws_s3_bucket.b.id, "")',
        'coalesce(aws_s3_bucket.b.bucket, "x")',
        '"${aws_s3_bucket.b.bucket}"',
        'split("/", aws_s3_bucket.b.bucket)[0]',
        '{for k, v in {x = aws_s3_bucket.b} : k => v.bucket}["x"]',
        "[for b in [aws_s3_bucket.b] : b.id][0]",
        "true ? aws_s3_bucket.b.id : null",
        "merge({x = aws_s3_bucket.b.bucket}, {y = 1}).x",
        'lookup({x = aws_s3_bucket.b.bucket}, "x", null)',
        "element([aws_s3_bucket.other.bucket, aws_s3_bucket.b.bucket], 1)",
        "values({x = aws_s3_bucket.b})[0].bucket",
        "flatten([[aws_s3_bucket.b.bucket]])[0]",
        'aws_s3_bucket.b["id"]',
    ],
)
def test_reference_makes_an_edge_to_the_very_resource(reference: str) -> None:
    files = {
        "main.tf": f"""
            resource "aws_s3_bucket" "b" {{
              bucket = "name"
            }}
            resource "aws_s3_bucket" "other" {{
              bucket = "other"
            }}
            locals {{
              bucket = aws_s3_bucket.b.id
            }}
            module "pass" {{
              source = "./pass"
              in     = aws_s3_bucket.b.bucket
            }}
            resource "aws_s3_bucket_policy" "p" {{
              bucket = {reference}
            }}
            """,
        "pass/main.tf": 'variable "in" {\n  type = string\n}\noutput "out" { value = var.in }',
    }
    assert edges(files) == {("aws_s3_bucket_policy.p", "aws_s3_bucket.b", "bucket")}


@pytest.mark.parametrize(
    ("meta", "reference"),
    [
        ('for_each = toset(["x", "y"])', "aws_s3_bucket.b[each.key].id"),
        ("for_each = aws_s3_bucket.b", "each.value.id"),
        ("for_each = aws_s3_bucket.b", "each.value.bucket"),
        ("for_each = {x = 1, y = 2}", "local.ids[each.key]"),
        ("for_each = {for k, b in aws_s3_bucket.b : k => b.id}", "each.value"),
    ],
)
def test_instances_are_joined_one_to_one(meta: str, reference: str) -> None:
    found = edges(
        f"""
        resource "aws_s3_bucket" "b" {{
          for_each = toset(["x", "y"])
          bucket   = "b-${{each.key}}"
        }}
        locals {{
          ids = {{ for k, b in aws_s3_bucket.b : k => b.bucket }}
        }}
        resource "aws_s3_bucket_acl" "a" {{
          {meta}
          bucket = {reference}
        }}
        """
    )
    assert {e for e in found if e[2] == "bucket"} == {
        ('aws_s3_bucket_acl.a["x"]', 'aws_s3_bucket.b["x"]', "bucket"),
        ('aws_s3_bucket_acl.a["y"]', 'aws_s3_bucket.b["y"]', "bucket"),
    }


def test_instances_of_counted_blocks_and_modules_are_joined_one_to_one() -> None:
    files = {
        "main.tf": """
            module "m" {
              source   = "./bucket"
              for_each = toset(["x", "y"])
              name     = each.key
            }
            resource "aws_s3_bucket_acl" "a" {
              count  = 2
              bucket = module.m[["x", "y"][count.index]].id
            }
            """,
        "bucket/main.tf": BUCKET_MODULE,
    }
    assert edges(files) == {
        ("aws_s3_bucket_acl.a[0]", 'module.m["x"].aws_s3_bucket.this', "bucket"),
        ("aws_s3_bucket_acl.a[1]", 'module.m["y"].aws_s3_bucket.this', "bucket"),
    }


def test_unknown_count_links_the_representatives() -> None:
    found = edges(
        """
        variable "n" {}
        resource "aws_s3_bucket" "b" {
          count = var.n
        }
        resource "aws_s3_bucket_acl" "first" {
          bucket = aws_s3_bucket.b[0].id
        }
        resource "aws_s3_bucket_acl" "one" {
          bucket = one(aws_s3_bucket.b[*].id)
        }
        resource "aws_s3_bucket_acl" "each" {
          count  = var.n
          bucket = aws_s3_bucket.b[count.index].id
        }
        """
    )
    assert found == {(f"aws_s3_bucket_acl.{name}", "aws_s3_bucket.b", "bucket") for name in ("first", "one", "each")}


def test_edges_name_the_top_level_attribute_of_nested_references() -> None:
    found = edges(
        'resource "aws_kms_key" "k" {}\n'
        'resource "aws_s3_bucket" "b" {\n  rule {\n    apply { key = aws_kms_key.k.arn }\n  }\n}'
    )
    assert found == {("aws_s3_bucket.b", "aws_kms_key.k", "rule")}


def test_written_argument_gives_its_value_and_a_computed_one_its_reference() -> None:
    stack = only(
        """
        resource "aws_s3_bucket" "b" {
          bucket = "name"
          rule { on = true }
        }
        resource "a_b" "c" {
          known    = aws_s3_bucket.b.bucket
          computed = aws_s3_bucket.b.arn
          flag     = aws_s3_bucket.b.force_destroy
          inner    = aws_s3_bucket.b.rule[0].on
          deeper   = aws_s3_bucket.b.rule[0].computed
          object   = aws_s3_bucket.b
        }
        """
    )
    value = by_address(stack)["a_b.c"].attributes
    assert value["known"] == "name"
    assert value["inner"] is True
    assert value["computed"].reference == Reference("aws_s3_bucket.b", "arn")
    assert (value["computed"].kind, value["computed"].present) == ("computed", True)
    assert value["flag"].present is False
    assert isinstance(value["deeper"], Unknown)
    assert value["object"].reference == Reference("aws_s3_bucket.b", "")


def test_object_with_an_unknown_key_keeps_what_is_certain() -> None:
    stack = only('variable "k" {}\nresource "a_b" "c" {\n  v = { a = 1, (var.k) = 2 }\n  w = { (var.k) = 2 }.x\n}')
    value = stack.resources[0].attributes
    assert value["v"]["a"] == 1
    assert isinstance(value["v"][REST], Unknown)
    assert isinstance(value["w"], Unknown)


def test_order_of_files_and_blocks_does_not_matter() -> None:
    parts = [
        'resource "a_b" "c" {\n  v = local.x\n}\n',
        "locals {\n  x = var.y + 1\n}\n",
        'variable "y" {\n  default = 1\n}\n',
    ]
    forward = only({f"{i}.tf": part for i, part in enumerate(parts)})
    backward = only({f"{9 - i}.tf": part for i, part in enumerate(parts)})
    assert forward.resources[0].attributes == backward.resources[0].attributes == {"v": 2}
