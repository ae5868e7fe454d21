"""Suppressions in the code: which findings they cover, and what is said of those that cover none."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from iacguard.findings import Finding, Fix, Rule, Suppression
from iacguard.model import Span
from iacguard.report import REPORTERS, ReportOptions
from iacguard.scan import ScanRequest, scan
from iacguard.triage import Suppressions

RULE = Rule("aws-s3-bucket-acl", "title", "high", "secrets", ("x",), "why", Fix("fix"), aliases=("CKV_AWS_20", "W31"))
HERE = Span("t.yaml", 9, 1, 9, 2)


def finding(address: str = "B", line: int = 5, file: str = "t.yaml", parent: str = "") -> Finding:
    span = Span(file, line, 1, line, 2)
    return Finding(RULE, "violated", "m", span, address, (address,), "x", "cloudformation", parent=parent)


@pytest.mark.parametrize("name", ["aws-s3-bucket-acl", "CKV_AWS_20", "W31", "aws-s3-*"])
def test_by_id_alias_or_pattern(name: str) -> None:
    given = Suppression((name,), "known", "cfn_nag", HERE, "B")
    assert Suppressions([given]).accept(finding()).suppression == given


@pytest.mark.parametrize(
    ("given", "covered"),
    [
        (Suppression(("W31",), "r", "iacguard", HERE, "B"), True),
        (Suppression(("W31",), "r", "iacguard", HERE, "C"), False),
        (Suppression(("W32",), "r", "iacguard", HERE, "B"), False),
        (Suppression(("W31",), "r", "iacguard", HERE, "", 4, 5), True),
        (Suppression(("W31",), "r", "iacguard", HERE, "", 6, 9), False),
        (Suppression(("W31",), "r", "iacguard", Span("u.yaml", 1, 1, 1, 2), "", 1, 99), False),
    ],
)
def test_by_place(given: Suppression, covered: bool) -> None:
    assert (Suppressions([given]).accept(finding()).suppression is not None) == covered


def test_a_sub_resource_is_covered_by_what_it_belongs_to() -> None:
    given = Suppression(("W31",), "r", "iacguard", HERE, "Parent")
    assert Suppressions([given]).accept(finding("Sub", parent="Parent")).suppression == given


def test_remarks() -> None:
    used = Suppression(("W31",), "r", "iacguard", HERE, "B")
    idle = Suppression(("W31",), "r", "iacguard", HERE, "C")
    unknown = Suppression(("nope",), "r", "iacguard", HERE, "B")
    foreign = Suppression(("nope",), "r", "checkov", HERE, "B")
    unasked = Suppression(("other",), "r", "iacguard", HERE, "B")
    given = Suppressions([used, idle, unknown, foreign, unasked])
    given.accept(finding())
    said = [p.message for p in given.remarks(lambda n: n != "nope", lambda n: n == "W31")]
    assert said == [
        'the suppression of "W31" is not needed: nothing is found here',
        'the suppression of "nope" names no policy',
    ]


TEMPLATE = """\
Metadata:
  checkov: {skip: [{id: aws-ec2-snapshot-*, comment: everywhere}]}
Resources:
  Ours:
    Type: AWS::EC2::Volume
    Metadata: {iacguard: {ignore: [{id: aws-ec2-volume-unencrypted, reason: scratch space}]}}
    Properties: {Size: 1, AvailabilityZone: a}
  Nag:
    Type: AWS::EC2::Volume
    Metadata: {cfn_nag: {rules_to_suppress: [{id: F1, reason: why not}]}}
    Properties: {Size: 1, AvailabilityZone: a}
  Checkov:
    Type: AWS::EC2::Volume
    Metadata: {checkov: {skip: [{id: CKV_AWS_3}]}}
    Properties: {Size: 1, AvailabilityZone: a}
  Lint:
    Type: AWS::EC2::Volume
    Metadata: {cfn-lint: {config: {ignore_checks: [aws-ec2-volume-unencrypted]}}}
    Properties: {Size: 1, AvailabilityZone: a}
  NoReason:
    Type: AWS::EC2::Volume
    Metadata: {iacguard: {ignore: [{id: aws-ec2-volume-unencrypted}, aws-ec2-volume-*]}, cfn_nag: x, checkov: [y]}
    Properties: {Size: 1, AvailabilityZone: a}
"""


def test_in_the_metadata_of_templates(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    result = scan(ScanRequest((str(tmp_path),), select=("aws-ec2-volume-unencrypted",)))
    assert [f.address for f in result.findings] == ["NoReason"]
    given = {f.address: f.suppression for f in result.suppressed}
    assert {a: (s.origin, s.reason, s.span.line) for a, s in given.items() if s} == {
        "Ours": ("iacguard", "scratch space", 6),
        "Nag": ("cfn_nag", "why not", 10),
        "Checkov": ("checkov", "", 14),
        "Lint": ("cfn-lint", "", 18),
    }
    assert [p.message for p in result.problems] == [
        'the suppression of "aws-ec2-volume-unencrypted" gives no reason; it does not count',
        'the suppression of "aws-ec2-volume-*" gives no reason; it does not count',
    ]
    everything = scan(ScanRequest((str(tmp_path),), select=("aws-ec2-volume-unencrypted",), inline_ignores=False))
    assert len(everything.findings) == 5
    assert everything.suppressed == ()
    _check_reports(result)


def _check_reports(result: Any) -> None:
    data = json.loads(REPORTERS["json"](result, ReportOptions()))
    assert (len(data["findings"]), len(data["suppressed"]), data["summary"]["suppressed"]) == (1, 4, 4)
    assert data["suppressed"][0]["suppression"]["reason"] == "scratch space"
    assert data["summary"]["findings"]["high"] == 1
    assert "Ours" not in REPORTERS["table"](result, ReportOptions())
    shown = REPORTERS["table"](result, ReportOptions(show_suppressed=True))
    assert "accepted: scratch space (iacguard)" in shown
    results = json.loads(REPORTERS["sarif"](result, ReportOptions()))["runs"][0]["results"]
    assert len(results) == 1
    results = json.loads(REPORTERS["sarif"](result, ReportOptions(show_suppressed=True)))["runs"][0]["results"]
    first = results[0]["suppressions"][0]
    assert (first["kind"], first["justification"]) == ("inSource", "scratch space")


def test_a_construct_path_goes_with_the_finding(tmp_path: Path) -> None:
    template = """\
    Resources:
      V:
        Type: AWS::EC2::Volume
        Metadata: {'aws:cdk:path': App/Data/Volume/Resource}
        Properties: {Size: 1, AvailabilityZone: a}
    """
    (tmp_path / "t.yaml").write_text(textwrap.dedent(template))
    result = scan(ScanRequest((str(tmp_path),), select=("aws-ec2-volume-unencrypted",)))
    assert [f.construct for f in result.findings] == ["App/Data/Volume/Resource"]
    (run,) = json.loads(REPORTERS["sarif"](result, ReportOptions()))["runs"]
    names = [n["fullyQualifiedName"] for n in run["results"][0]["locations"][0]["logicalLocations"]]
    assert names == ["V", "App/Data/Volume/Resource"]
    assert (
        json.loads(REPORTERS["json"](result, ReportOptions()))["findings"][0]["construct"] == "App/Data/Volume/Resource"
    )
