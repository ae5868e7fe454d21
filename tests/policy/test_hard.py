"""Which examples are hard: the verdict hangs on more than literals in the judged resource."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from iacguard.policy.hard import is_hard
from iacguard.policy.lint import lint, serves
from iacguard.policy.testing import read_policies

HEAD = """\
title: T
severity: low
category: governance
resource: {resource}
deny: {deny}
message: m
why: Because it is a policy of a test, and nothing else at all.
fix: {{text: t}}
examples:
  - name: one
"""


def hard(tmp_path: Path, format_: str, code: str, kind: str, deny: str, expected: str = "violates: [x.a]") -> bool:
    text = HEAD.format(resource=kind, deny=deny)
    text += indent(f"{format_}: |\n{indent(dedent(code), '  ')}\n{expected}\n", "    ")
    file = tmp_path / "a" / "b" / "c.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    ((policy, (example,)),) = read_policies((str(tmp_path),))
    return is_hard(policy, example)


BUCKET = "acl == 'public-read' || any(logging, &!target_bucket)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('resource "aws_s3_bucket" "a" {\n  acl = "public-read"\n}', False),
        ('resource "aws_s3_bucket" "a" {\n  acl = var.acl\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  # acl = var.acl\n  acl = "private"\n}', False),
        ('resource "aws_s3_bucket" "a" {\n  acl = var.open ? "public-read" : "private"\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  bucket = "${var.prefix}-a"\n  acl = "private"\n}', False),
        ('resource "aws_s3_bucket" "a" {\n  logging {\n    target_bucket = local.logs\n  }\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  logging {\n    target_bucket = aws_s3_bucket.b.id\n  }\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  logging {\n    target_bucket = aws_instance.b.id\n  }\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  count = 2\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  for_each = toset(["x"])\n}', True),
        ('resource "aws_s3_bucket" "a" {\n  dynamic "logging" {\n    for_each = [1]\n    content {}\n  }\n}', True),
        ('locals {\n  acl = lookup(var.acls, "x")\n}', True),
        ('variable "acl" {\n  default = "private"\n}', False),
        ('output "acl" {\n  value = var.acl\n}', False),
        # a sub-resource of it
        (
            'resource "aws_s3_bucket" "a" {}\nresource "aws_s3_bucket_logging" "l" {\n  bucket = aws_s3_bucket.a.id\n}',
            True,
        ),
        # another resource that has nothing to do with the question
        (
            'resource "aws_s3_bucket" "a" {}\nresource "aws_sns_topic" "t" {\n  policy = aws_s3_bucket.a.id\n}',
            False,
        ),
    ],
)
def test_terraform(tmp_path: Path, code: str, expected: bool) -> None:
    assert hard(tmp_path, "terraform", code, "aws_s3_bucket", BUCKET, "violates: [aws_s3_bucket.a]") is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Resources: {A: {Type: AWS::S3::Bucket}}", False),
        ("Conditions: {C: !Equals [a, b]}\nResources: {A: {Type: AWS::S3::Bucket}}", True),
        ("Mappings: {M: {a: {b: c}}}\nResources: {A: {Type: AWS::S3::Bucket}}", True),
        ("Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::S3::Bucket, Properties: {Acl: !Ref P}}}", True),
        ("Parameters: {P: {Type: String}}\nResources: {A: {Type: X, Properties: {BucketName: !Ref P}}}", False),
        ("Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::S3::Bucket}}", False),
        ("Resources: {A: {Type: X, Properties: {Acl: {Ref: B}}}, B: {Type: Y}}", True),
        ("Resources: {A: {Type: X, Properties: {Acl: {'Fn::GetAtt': [B, Arn]}}}, B: {Type: Y}}", True),
        ("Resources: {A: {Type: X, Properties: {Acl: !Sub 'arn:${AWS::Partition}:a'}}}", False),
        ("Resources: {A: {Type: X, Properties: {Acl: !Sub '${B}/a'}}, B: {Type: Y}}", True),
        ("Resources: {A: {Type: AWS::Serverless::Function}}", True),
        ("Resources: {'Fn::ForEach::L': [I, [a], {'A${I}': {Type: AWS::S3::Bucket}}]}", True),
        ("Resources: []", False),
        ("{", False),
    ],
)
def test_cloudformation(tmp_path: Path, code: str, expected: bool) -> None:
    assert hard(tmp_path, "cloudformation", code, "aws_s3_bucket", BUCKET, "violates: [A]") is expected


POD = "kind: Pod\nspec: "


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (POD + "{containers: [{name: a}]}", False),
        (POD + "{containers: [{name: a}, {name: b}]}", True),
        (POD + "{containers: [{name: a}], initContainers: [{name: b}]}", True),
        (POD + "{securityContext: {runAsUser: 1}, containers: [{name: a}]}", False),
        (POD + "{securityContext: {runAsUser: 1}, containers: [{name: a, securityContext: {}}]}", True),
        ("kind: CronJob", True),
        ("kind: PodList\nitems: []", True),
        ("kind: Pod\nspec: &s {}\nstatus: *s", True),
        ("kind: Pod\nspec: {a: '&b', args: ['*']}\nverbs: ['*']", False),
        ("kind: Pod\nmetadata: {name: a & b}", False),
        ("kind: Pod\n---\nkind: Pod", False),
        ("kind: Namespace\n---\nkind: NetworkPolicy", True),
        ("kind: ClusterConfiguration\n---\nkind: KubeletConfiguration", True),
        ("[", False),
    ],
)
def test_kubernetes(tmp_path: Path, code: str, expected: bool) -> None:
    assert hard(tmp_path, "kubernetes", code, "Workload", "pod.spec.hostPID", "violates: [Pod/default/a]") is expected


def test_what_stays_undecided_and_several_files_are_hard(tmp_path: Path) -> None:
    plain = 'resource "aws_s3_bucket" "a" {}'
    expected = "undecided: [aws_s3_bucket.a]"
    assert hard(tmp_path / "1", "terraform", plain, "aws_s3_bucket", "acl", expected)
    text = HEAD.format(resource="Pod", deny="spec")
    text += "    files: {a.yaml: 'kind: Pod', b.yaml: 'kind: Pod'}\n    violates: [Pod/default/a]\n"
    file = tmp_path / "2" / "a" / "b" / "c.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    ((policy, (example,)),) = read_policies((str(tmp_path / "2"),))
    assert is_hard(policy, example)


def test_lint_asks_for_it_and_for_every_format(tmp_path: Path) -> None:
    code = 'resource "aws_s3_bucket" "a" {}'
    hard(tmp_path, "terraform", code, "aws_s3_bucket", "acl", "violates: [aws_s3_bucket.a]")
    messages = [p.message for p in lint((str(tmp_path),), translated=("aws_s3_bucket",))[0]]
    assert "no example is hard" in messages
    assert "no cloudformation example violates the policy" in messages
    ((policy, examples),) = read_policies((str(tmp_path),))
    assert serves(policy, examples) == ("terraform",)
    assert serves(policy, examples, ("aws_s3_bucket",)) == ("terraform", "cloudformation")


def test_a_policy_may_be_for_one_format_only(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "c.yaml"
    file.parent.mkdir(parents=True)
    where = "where: source_format() == 'terraform'\ndeny:"
    file.write_text(HEAD.format(resource="aws_vpc", deny="x").replace("deny:", where).partition("examples")[0])
    ((policy, examples),) = read_policies((str(tmp_path),))
    assert serves(policy, examples, ("aws_vpc",)) == ("terraform",)
