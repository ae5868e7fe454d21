"""Scan results made by hand: a clean one, a full one and a broken one."""

from __future__ import annotations

import pytest

from iacguard.findings import (
    Checkout,
    Counts,
    Finding,
    Fix,
    PassedOver,
    Problem,
    Rule,
    ScanResult,
    Severity,
)
from iacguard.model import Span, Step
from iacguard.record import replace

_FIX = Fix(
    "Name the address ranges that need it, or put a VPN in front.",
    {"terraform": 'cidr_blocks = ["10.0.0.0/8"]', "cloudformation": "CidrIp: 10.0.0.0/8"},
)


def make_rule(name: str, title: str, severity: Severity) -> Rule:
    return Rule(
        id=name,
        title=title,
        severity=severity,
        category="open-ingress",
        resources=("aws_security_group",),
        why="Anyone can try to log in. Bots do so all day long.",
        fix=_FIX,
        references=("https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html",),
        aliases=("CKV_AWS_24",),
        frameworks={"cis-aws-1.5": ("5.2",), "cwe": ("CWE-284",)},
        source="aws/ec2/security-group-ssh-open.yaml",
    )


SSH = make_rule("aws-ec2-security-group-ssh-open", "Security group opens SSH to the internet", "high")
ACL = make_rule("aws-s3-bucket-public-acl", "Bucket's ACL lets everybody read it", "critical")
PRIVILEGED = make_rule("kubernetes-workload-privileged", "Container runs privileged", "medium")
STORAGE = make_rule("aws-rds-instance-unencrypted", "Database's storage is not encrypted", "low")

_WEB = "module.net.aws_security_group.web"

_FINDINGS = (
    Finding(
        rule=PRIVILEGED,
        verdict="violated",
        message="container 漢字 runs privileged",
        span=Span("k8s/ü b%#.yaml", 7, 8, 7, 24),
        address="Deployment/default/web",
        instances=("Deployment/default/web",),
        resource_type="Deployment",
        format="kubernetes",
        path="containers[0].securityContext.privileged",
        source_lines=("  # 漢字 privileged: true",),
        line_hash="8b7cf3e952e7aeb2:1",
        fingerprint="a1" * 32,
    ),
    Finding(
        rule=SSH,
        verdict="violated",
        message="port 22 is open to 0.0.0.0/0",
        span=Span("modules/net/main.tf", 12, 5, 12, 29),
        address=f"{_WEB}[0]",
        instances=tuple(f"{_WEB}[{n}]" for n in range(6)),
        resource_type="aws_security_group",
        format="terraform",
        path="ingress_rules[0].sources",
        trail=(
            Step(Span("variables.tf", 3, 13, 3, 26), 'default of variable "cidr"'),
            Step(Span("main.tf", 10, 3, 10, 20), 'argument "cidr" of module "net[a]"'),
        ),
        source_lines=("    cidr_blocks = [var.cidr]",),
        line_hash="b1ae1287ec4718d9:1",
        fingerprint="b2" * 32,
        stack=".",
    ),
    Finding(
        rule=ACL,
        verdict="violated",
        message="acl is public-read \x1b[31mred\u202e [x](https://example.org)",
        span=Span("modules/net/main.tf", 40, 2, 42, 2),
        address="aws_s3_bucket_acl.b",
        instances=("aws_s3_bucket_acl.b",),
        resource_type="aws_s3_bucket",
        format="terraform",
        path="acl",
        source_lines=('\tacl\t= "public-read" # \x1b]0;title\x07', "  more", "}"),
        line_hash="bff680108adb0fcc:1",
        fingerprint="c3" * 32,
        stack=".",
        parent="aws_s3_bucket.b",
    ),
    Finding(
        rule=STORAGE,
        verdict="undecided",
        message="storage_encrypted is not known",
        span=Span("z.tf", 1, 1, 1, 32),
        address="aws_db_instance.db",
        instances=("aws_db_instance.db",),
        resource_type="aws_db_instance",
        format="terraform",
        path="storage_encrypted",
        reasons=('variable "enc" has no default',),
        source_lines=('resource "aws_db_instance" "db" {',),
        line_hash="c6805c5e1288b612:1",
        fingerprint="d4" * 32,
        stack=".",
    ),
)


@pytest.fixture
def clean() -> ScanResult:
    """Three files read, nothing found."""
    return ScanResult(
        version="1.2.3",
        base="/srv/my project",
        findings=(),
        problems=(),
        rules=(SSH,),
        counts=Counts({"terraform": 3}, {"terraform": 10}, 1, 80, 300, 0),
    )


@pytest.fixture
def full(clean: ScanResult) -> ScanResult:
    """Findings of every severity, an undecided one, hostile names and values, a checkout."""
    return replace(
        clean,
        findings=_FINDINGS,
        rules=(STORAGE, SSH, ACL, PRIVILEGED),
        counts=Counts({"terraform": 3, "kubernetes": 1}, {"terraform": 10, "kubernetes": 1}, 2, 80, 300, 5),
        checkout=Checkout("https://example.org/team/infra", "0123456789abcdef0123456789abcdef01234567", "main"),
    )


@pytest.fixture
def broken(full: ScanResult) -> ScanResult:
    """The full one, with every way in which a problem has or has not a place."""
    return replace(
        full,
        problems=(
            Problem("module", Span(".", 1, 1, 1, 2), "the folder calls itself"),
            Problem("unreadable", Span("../outside.tfvars", 4, 1, 4, 2), "permission denied"),
            Problem("syntax", Span("broken/a.tf", 3, 1, 3, 2), "no closing \x1b[31mbrace", "close it on line 1"),
            Problem("not-evaluated", Span("chart/x.yaml", 1, 1, 1, 10), "a Helm template is not evaluated", "", True),
        ),
        passed_over=(PassedOver("notes.yaml", "not infrastructure code"),),
    )
