from __future__ import annotations

import re

import pytest

from iacguard.findings import ScanResult
from iacguard.record import replace
from iacguard.report import REPORTERS, ReportOptions
from iacguard.report.text import width

WIDE = """\
k8s/ü b%#.yaml

  MEDIUM    7:8 Container runs privileged [kubernetes-workload-privileged]
   7 |   # 漢字 privileged: true
     |          ^^^^^^^^^^^^^^^^
      container 漢字 runs privileged
      in Deployment/default/web
      fix: Name the address ranges that need it, or put a VPN in front.

modules/net/main.tf

  HIGH      12:5 Security group opens SSH to the internet [aws-ec2-security-group-ssh-open]
  12 |     cidr_blocks = [var.cidr]
     |     ^^^^^^^^^^^^^^^^^^^^^^^^
      port 22 is open to 0.0.0.0/0
      in module.net.aws_security_group.web[0] and module.net.aws_security_group.web[1],
         module.net.aws_security_group.web[2], module.net.aws_security_group.web[3] and 2 more
      from variables.tf:3:13 default of variable "cidr"
      then main.tf:10:3 argument "cidr" of module "net[a]"
      fix: Name the address ranges that need it, or put a VPN in front.

  CRITICAL  40:2 Bucket's ACL lets everybody read it [aws-s3-bucket-public-acl]
  40 |     acl    = "public-read" # \\x1b]0;title\\x07
     |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      acl is public-read \\x1b[31mred\\u202e [x](https://example.org)
      in aws_s3_bucket_acl.b (part of aws_s3_bucket.b)
      fix: Name the address ranges that need it, or put a VPN in front.
"""

UNDECIDED = """
z.tf

  UNDECIDED 1:1 Database's storage is not encrypted [aws-rds-instance-unencrypted]
   1 | resource "aws_db_instance" "db" {
     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      storage_encrypted is not known
      not known: variable "enc" has no default
      in aws_db_instance.db
      fix: Name the address ranges that need it, or put a VPN in front.
"""

table = REPORTERS["table"]


def test_the_table(full: ScanResult) -> None:
    assert table(full, ReportOptions()) == WIDE


def test_undecided_ones_are_shown_on_request(full: ScanResult) -> None:
    assert table(full, ReportOptions(show_undecided=True)) == WIDE + UNDECIDED


@pytest.mark.parametrize("columns", [40, 52, 60, 80, 133])
def test_no_line_is_wider_than_the_terminal(full: ScanResult, columns: int) -> None:
    lines = table(full, ReportOptions(show_undecided=True, width=columns)).splitlines()
    assert max(map(width, lines)) <= columns


def test_colour_adds_nothing_but_colour(full: ScanResult) -> None:
    colored = table(full, ReportOptions(color=True))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == WIDE


def test_nothing_found(clean: ScanResult, broken: ScanResult) -> None:
    assert table(clean, ReportOptions()) == "No findings.\n"
    assert table(replace(broken, findings=()), ReportOptions()) == "No findings in what could be read.\n"


def test_long_ways_are_shortened(full: ScanResult) -> None:
    finding = full.findings[1]
    long = replace(full, findings=(replace(finding, trail=finding.trail * 10),))
    text = table(long, ReportOptions())
    assert text.count("variables.tf:3:13") == 4
    assert "then 12 more steps" in text
