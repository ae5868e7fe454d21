"""What is computed once and kept must still be told apart by everything that it depends on."""

from __future__ import annotations

from iacguard.frontends.terraform.functions.regex_machine import Machine
from iacguard.frontends.terraform.functions.regex_syntax import Parser
from iacguard.model import Unknown
from tests.frontends.terraform.evaluating import by_address, only, stacks


def test_a_template_is_rendered_for_each_type_of_a_value() -> None:
    stack = only(
        {
            "t.tftpl": "${v == true} ${v}",
            "main.tf": """
                resource "a" "b" {
                  values = [for v in [true, 1, "true", 1] : templatefile("${path.module}/t.tftpl", { v = v })]
                }
            """,
        }
    )
    assert stack.resources[0].attributes["values"] == ["true true", "false 1", "false true", "false 1"]


def test_a_template_that_calls_a_function_of_the_files_is_not_kept() -> None:
    found = stacks(
        {
            "t.tftpl": '${file("name.txt")}',
            **{
                f"{name}/main.tf": 'resource "a" "b" {\n v = templatefile("../t.tftpl", {})\n}'
                for name in ("one", "two")
            },
            "one/name.txt": "1",
            "two/name.txt": "2",
        }
    )
    assert [stack.resources[0].attributes["v"] for stack in found] == ["1", "2"]


def test_only_the_references_that_a_template_uses_become_edges() -> None:
    stack = only(
        {
            "t.tftpl": "${used.arn} ${name}",
            "main.tf": """
                resource "aws_sqs_queue" "used" {}
                resource "aws_sqs_queue" "unused" {}
                resource "a" "b" {
                  v = templatefile("t.tftpl", {
                    used = aws_sqs_queue.used, name = "n", unused = aws_sqs_queue.unused.arn
                  })
                }
            """,
        }
    )
    assert [(edge.source, edge.target) for edge in stack.edges] == [("a.b", "aws_sqs_queue.used")]
    assert by_address(stack)["a.b"].attributes["v"].suffix == " n"


def test_filesets_of_different_roots_are_told_apart() -> None:
    code = 'resource "a" "b" {\n v = fileset("${path.module}/files", "*")\n}'
    found = stacks({"x/main.tf": code, "y/main.tf": code, "x/files/1": "", "y/files/2": ""})
    assert [stack.resources[0].attributes["v"] for stack in found] == [["1"], ["2"]]


def test_a_machine_gives_the_same_again() -> None:
    machine = Machine(Parser("(?:(a+)|(b+))*$").parse())
    texts = ["aab", "abba", "", "cab", "aab"]
    first = [machine.search(text, 0) for text in texts]
    assert first[0] == first[4] == (0, 3, 0, 2, 2, 3)
    assert first == [Machine(Parser("(?:(a+)|(b+))*$").parse()).search(text, 0) for text in texts]
    assert first == [machine.search(text, 0) for text in texts]


def test_a_machine_that_remembers_no_more_still_answers() -> None:
    machine = Machine(Parser("(a|aa)+(b|ab)c").parse())
    machine._left = 0
    assert machine.search("aaaabc", 0) == Machine(Parser("(a|aa)+(b|ab)c").parse()).search("aaaabc", 0)


def test_files_are_found_by_absolute_paths_too() -> None:
    (stack,) = stacks(
        {
            "x/y/main.tf": """
                resource "a" "b" {
                  name  = "ex-${basename(path.cwd)}"
                  names = [basename(abspath(path.module)), basename(abspath("../z"))]
                  texts = [file("${path.cwd}/t"), file(abspath("../z/u")), file("${abspath(path.module)}/../z/u")]
                  files = fileset(path.cwd, "t*")
                  away  = abspath("../../../..")
                }
            """,
            "x/y/t": "T",
            "x/z/u": "U",
        }
    )
    found = stack.resources[0].attributes
    assert found["name"] == "ex-y"
    assert found["names"] == ["y", "z"]
    assert found["texts"] == ["T", "U", "U"]
    assert found["files"] == ["t"]
    assert isinstance(found["away"], Unknown)


def test_a_slice_of_a_list_that_is_not_known_has_its_length() -> None:
    stack = only(
        """
        data "aws_availability_zones" "all" {}
        locals {
          zones = slice(data.aws_availability_zones.all.names, 0, 3)
          tail  = slice(concat(["a"], data.aws_availability_zones.all.names), 0, 3)
        }
        resource "aws_subnet" "s" {
          count             = length(local.zones)
          cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
          availability_zone = local.zones[count.index]
        }
        resource "a" "b" {
          cidrs = [for i, zone in local.zones : cidrsubnet("10.0.0.0/16", 8, i)]
          tail  = local.tail
        }
        """
    )
    found = by_address(stack)
    assert [found[f"aws_subnet.s[{i}]"].attributes["cidr_block"] for i in range(3)] == [
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.0.2.0/24",
    ]
    assert isinstance(found["aws_subnet.s[0]"].attributes["availability_zone"], Unknown)
    assert found["a.b"].attributes["cidrs"] == ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]
    first, *rest = found["a.b"].attributes["tail"]
    assert first == "a"
    assert [item.spread for item in rest] == [False, False]
