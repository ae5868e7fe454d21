"""How the time of a scan grows with its input: ``python -m bench.growth [--sizes 1,2,4]``.

Three inputs, each made at several sizes: many root modules, one root with many instances, one root with much data.
Times are CPU seconds of whole scans, without that of an empty one. Exits 1 where doubling an input more than
doubles its time, with a margin for a machine that is busy.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from math import log2
from pathlib import Path

from bench.measure import measure

#: Doubling the input may cost this much: two times, and noise.
_MOST = 2.8

_MODULE = """
variable "name" { type = string }
variable "rules" {
  type = list(object({ port = number, cidrs = list(string), description = optional(string, "") }))
}
resource "aws_security_group" "this" {
  name = var.name
  dynamic "ingress" {
    for_each = [for r in var.rules : r if length(r.cidrs) > 0]
    content {
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = [for c in ingress.value.cidrs : lower(trimspace(c))]
      description = "${var.name}: ${coalesce(ingress.value.description, "none")}"
    }
  }
}
resource "aws_s3_bucket" "this" {
  bucket = replace(format("%s-logs", var.name), "/[^a-z-]/", "")
}
resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "${aws_s3_bucket.this.arn}/*" }]
  })
}
output "id" { value = aws_security_group.this.id }
"""

_ROOT = """
locals {
  apps = { for i in range(%d) : "app-${i}" => { port = 8000 + i, cidrs = ["10.0.${i %% 250}.0/24"] } }
}
module "app" {
  source   = "%s"
  for_each = local.apps
  name     = each.key
  rules    = [{ port = each.value.port, cidrs = each.value.cidrs }]
}
resource "aws_instance" "app" {
  for_each               = module.app
  ami                    = "ami-0123456789"
  vpc_security_group_ids = [each.value.id]
}
"""

_DATA = """
locals {
  rows  = jsondecode(file("${path.module}/rows.json"))
  named = { for row in local.rows : row.name => row if can(regex("^[a-z]+-[0-9]+$", row.name)) }
  tags  = merge([for name, row in local.named : { (name) = join(",", sort(row.tags)) }]...)
}
resource "aws_ssm_parameter" "all" {
  name  = "all"
  type  = "String"
  value = jsonencode(local.tags)
}
"""


def _many_roots(folder: Path, size: int) -> None:
    _write(folder / "modules/app/main.tf", _MODULE)
    for number in range(20 * size):
        _write(folder / f"stacks/s{number}/main.tf", _ROOT % (4, "../../modules/app"))


def _many_instances(folder: Path, size: int) -> None:
    _write(folder / "modules/app/main.tf", _MODULE)
    _write(folder / "main.tf", _ROOT % (100 * size, "./modules/app"))


def _much_data(folder: Path, size: int) -> None:
    rows = [{"name": f"row-{i}", "tags": [f"t{i % 7}", "b", "a"], "nested": {"k": [i] * 5}} for i in range(5000 * size)]
    _write(folder / "rows.json", json.dumps(rows))
    _write(folder / "main.tf", _DATA)


_INPUTS: dict[str, Callable[[Path, int], None]] = {
    "root modules": _many_roots,
    "instances": _many_instances,
    "data": _much_data,
}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _seconds(make: Callable[[Path, int], None] | None, size: int) -> float:
    """The least of three runs: what the machine does beside it only adds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "empty.tf", "")
        if make is not None:
            make(folder, size)
        command = [sys.executable, "-m", "iacguard", "scan", name, "--format", "json", "--exit-zero", "--quiet"]
        with tempfile.TemporaryDirectory() as output:
            runs = [measure(command, Path(output) / "scan.json") for _ in range(3)]
        failed = [run.status for run in runs if run.status != 0]
        if failed:
            raise SystemExit(f"the scan ended with {failed[0]}")
        return min(run.cpu for run in runs)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="1,2,4", help="how many times the smallest input, e.g. 1,2,4")
    sizes = [int(text) for text in options.parse_args().sizes.split(",")]
    start = _seconds(None, 0)
    print(f"{'input':<14}" + "".join(f"{'x' + str(size):>10}" for size in sizes) + f"{'growth':>10}")
    worst = 0.0
    for name, make in _INPUTS.items():
        times = [max(_seconds(make, size) - start, 0.01) for size in sizes]
        steps = zip(times, times[1:], sizes, sizes[1:], strict=False)
        doublings = [(after / before) ** (1 / log2(large / small)) for before, after, small, large in steps]
        worst = max(worst, *doublings)
        print(f"{name:<14}" + "".join(f"{t:>9.2f}s" for t in times) + f"{max(doublings):>9.2f}x")
    print(f"An empty scan takes {start:.2f} s, which is not counted. Growth is the most that a doubling costs.")
    return 1 if worst > _MOST else 0


if __name__ == "__main__":
    sys.exit(main())
