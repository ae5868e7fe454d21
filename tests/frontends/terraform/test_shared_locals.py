"""Locals that are alike in all instances of a module are computed once, and only those."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.frontends.terraform.modules import ModuleSource
from iacguard.frontends.terraform.parse import parse
from iacguard.frontends.terraform.shared import Shared
from iacguard.source import SourceFile
from tests.frontends.conftest import stacks_of

LOCALS = """
locals {
  text      = "a"
  file      = jsondecode(file("${path.module}/x.json"))
  through   = { for k, v in local.file : k => "${v}-${local.text}" if k != local.text }
  template  = "%{for x in local.through}${x}%{endfor}"
  splat     = local.file[*].a
  loop_a    = local.loop_b
  loop_b    = local.loop_a

  input     = var.x
  by_input  = [for k, v in local.file : v if local.input]
  resource  = aws_s3_bucket.b.id
  by_module = module.m.x
  by_data   = data.aws_region.r.name
  workspace = terraform.workspace
  after     = local.by_input
  shadowed  = { for local in local.file : local.a => local.b }
  escaped   = [[for v in local.file : v], v]
  missing   = local.nothing
  self_deep = { a = [upper(local.self_in)] }
  self_in   = local.self_deep.a[var.i]
}
"""
ALIKE = {"text", "file", "through", "template", "splat", "loop_a", "loop_b", "shadowed"}


def test_those_are_alike_that_depend_on_files_and_functions_only() -> None:
    document, _ = parse(SourceFile("main.tf", LOCALS.encode()))
    assert document is not None
    declared = {a.name: (a, document) for a in document.body.blocks[0].body.attributes}
    for names in (list(declared), list(reversed(declared))):
        shared = Shared(declared)
        assert {name for name in names if name in shared} == ALIKE


FILES = {
    "main.tf": """
module "m" {
  source   = "./m"
  for_each = toset(["a", "b"])
  name     = each.key
}
output "x" { value = [for m in module.m : m.names] }
""",
    "m/main.tf": """
variable "name" {}
locals {
  raw   = { for k, v in { one = "p", two = "q" } : k => upper(v) }
  both  = { for k, v in local.raw : k => "${v}-${var.name}" }
  wrong = local.raw.three
}
resource "aws_s3_bucket" "b" {
  for_each = local.both
  bucket   = each.value
  tags     = local.raw
  acl      = local.wrong
}
output "names" { value = values(local.both) }
""",
}


def resources() -> tuple[Any, ...]:
    stack = stacks_of("terraform", FILES, {})[0]
    shown = [(r.address, r.attributes, r.locate(("bucket",)), r.locate(("tags",))) for r in stack.resources]
    return shown, stack.problems


def test_instances_have_their_own_of_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    found, problems = resources()
    buckets = {address: attributes["bucket"] for address, attributes, *_ in found}
    assert buckets == {
        f'module.m["{m}"].aws_s3_bucket.b["{k}"]': f"{v}-{m}" for m in "ab" for k, v in (("one", "P"), ("two", "Q"))
    }
    assert len(problems) == 1
    monkeypatch.setattr(ModuleSource, "shares", lambda self, name: False)
    assert resources() == (found, problems)


def test_what_is_alike_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("iacguard.frontends.terraform.calls.lookup", _counting(calls))
    resources()
    assert len(calls) == 2


def _counting(calls: list[str]) -> Any:
    from iacguard.frontends.terraform.functions import lookup

    def counted(name: str) -> Any:
        if name == "upper":
            calls.append(name)
        return lookup(name)

    return counted
