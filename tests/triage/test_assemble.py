from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from iacguard.findings import Category, Finding, Fix, Rule
from iacguard.model import FixedPlace, Key, OwnedPlace, Path, Place, Resource, Span, Step
from iacguard.record import replace
from iacguard.source import SourceFile
from iacguard.triage import assemble, complete, locate
from iacguard.triage.assemble import local_block, natural, path_text

MAIN = """\
resource "aws_s3_bucket" "b" {
  acl = "public-read"
}

resource "aws_s3_bucket" "c" {
  acl = "public-read"
  acl = "public-read"
}
"""


@dataclass(frozen=True)
class FakeDecision:
    """What ``assemble`` reads of a policy engine's decision."""

    rule: Rule
    resource: Resource
    verdict: Literal["violated", "satisfied", "undecided"]
    path: Path = ("acl",)
    message: str = "acl is public-read"
    reasons: tuple[str, ...] = ()
    stack: str = "."
    when: str = ""


@dataclass
class Files:
    """A workspace of texts in memory; counts what is read."""

    files: Mapping[str, bytes]
    reads: list[str] = field(default_factory=list)

    def read(self, path: str) -> SourceFile | None:
        self.reads.append(path)
        return SourceFile(path, self.files[path]) if path in self.files else None

    def listing(self, folder: str) -> tuple[str, ...]:
        return ()

    def folders(self, folder: str) -> tuple[str, ...]:
        return ()

    def exists(self, folder: str) -> bool:
        return False


def rule(name: str = "aws-s3-bucket-public-acl", category: Category = "public-storage") -> Rule:
    return Rule(name, "Bucket is public", "high", category, ("aws_s3_bucket",), "why", Fix("make it private"))


def bucket(address: str, line: int = 1, **more: Any) -> Resource:
    """A bucket at ``line`` whose ``acl`` stands on the next line."""
    acl = FixedPlace(Span("main.tf", line + 1, 3, line + 1, 22))
    children: dict[Key, Place] = {"acl": acl}
    place = FixedPlace(Span("main.tf", line, 1, line, 29), children)
    return Resource(address, "aws_s3_bucket", "aws_s3_bucket", "terraform", {}, place, local_block(address), **more)


def located(*decisions: Any) -> list[Finding]:
    return [locate(decision) for decision in decisions]


def findings(*decisions: FakeDecision, text: str = MAIN, reported: frozenset[str] | None = None) -> tuple[Finding, ...]:
    return assemble(complete(located(*decisions), Files({"main.tf": text.encode()}), reported))


def test_a_violation_becomes_a_finding_at_its_attribute() -> None:
    (found,) = findings(FakeDecision(rule(), bucket("aws_s3_bucket.b"), "violated"))
    assert found.span == Span("main.tf", 2, 3, 2, 22)
    assert found.source_lines == ('  acl = "public-read"',)
    assert found.address == "aws_s3_bucket.b"
    assert found.instances == ("aws_s3_bucket.b",)
    assert found.path == "acl"
    # By codeql-action's own hash of this text.
    assert found.line_hash == "e3ee83003fd91d45:1"
    assert len(found.fingerprint) == 64


def test_undecided_keeps_its_reasons() -> None:
    decision: Any = FakeDecision(
        rule(), bucket("aws_s3_bucket.b"), "undecided", reasons=('variable "acl" has no default',)
    )
    (found,) = findings(decision)
    assert (found.verdict, found.reasons) == ("undecided", ('variable "acl" has no default',))
    assert locate(decision, reasons=False) == replace(locate(decision), reasons=())


def test_instances_of_one_block_are_one_finding_also_across_modules_and_stacks() -> None:
    addresses = ["module.b.aws_s3_bucket.b[10]", "module.a[0].aws_s3_bucket.b[2]", "module.a[0].aws_s3_bucket.b[1]"]
    decisions = [FakeDecision(rule(), bucket(a), "violated", message=a) for a in addresses]
    other = FakeDecision(rule(), bucket("module.z.aws_s3_bucket.b"), "violated", stack="./prod")
    (found,) = findings(*decisions, other)
    assert found.instances == (
        "module.a[0].aws_s3_bucket.b[1]",
        "module.a[0].aws_s3_bucket.b[2]",
        "module.b.aws_s3_bucket.b[10]",
        "module.z.aws_s3_bucket.b",
    )
    assert found.address == found.message == found.instances[0]


def test_another_block_rule_or_verdict_is_another_finding() -> None:
    found = findings(
        FakeDecision(rule(), bucket("aws_s3_bucket.b"), "violated"),
        FakeDecision(rule(), bucket("aws_s3_bucket.c", 5), "violated"),
        FakeDecision(rule("aws-s3-other"), bucket("aws_s3_bucket.b"), "violated"),
        FakeDecision(rule(), bucket("aws_s3_bucket.b"), "undecided"),
    )
    assert [(f.span.line, f.rule.id, f.verdict) for f in found] == [
        (2, "aws-s3-bucket-public-acl", "undecided"),
        (2, "aws-s3-bucket-public-acl", "violated"),
        (2, "aws-s3-other", "violated"),
        (6, "aws-s3-bucket-public-acl", "violated"),
    ]
    assert len({f.fingerprint for f in found}) == 4


def test_an_attribute_of_a_folded_sub_resource_is_reported_there() -> None:
    acl = OwnedPlace(FixedPlace(Span("main.tf", 6, 3, 6, 22)), "aws_s3_bucket_acl.b")
    resource = bucket("aws_s3_bucket.b", origins={("acl",): acl})
    (found,) = findings(FakeDecision(rule(), resource, "violated"))
    assert (found.address, found.parent, found.span.line) == ("aws_s3_bucket_acl.b", "aws_s3_bucket.b", 6)


def test_the_way_of_the_value_is_kept() -> None:
    step = Step(Span("variables.tf", 1, 1, 1, 9), 'default of variable "acl"')
    place = FixedPlace(Span("main.tf", 2, 3, 2, 22), steps=(step,))
    (found,) = findings(FakeDecision(rule(), bucket("aws_s3_bucket.b", origins={("acl",): place}), "violated"))
    assert found.trail == (step,)


def test_only_the_reported_files_and_each_is_read_once() -> None:
    decisions: Any = [FakeDecision(rule(f"a-b-{n}"), bucket("aws_s3_bucket.b"), "violated") for n in range(5)]
    files = Files({"main.tf": MAIN.encode()})
    assert len(assemble(complete(located(*decisions), files, frozenset({"main.tf"})))) == 5
    assert files.reads == ["main.tf"]
    assert findings(*decisions, reported=frozenset({"other.tf"})) == ()


def test_a_file_that_is_gone_leaves_a_finding_without_source() -> None:
    gone: Any = [FakeDecision(rule(), bucket("aws_s3_bucket.b"), "violated")]
    (found,) = assemble(complete(located(*gone), Files({}), None))
    assert (found.source_lines, found.line_hash) == ((), "")
    assert found.fingerprint


def test_the_order_of_decisions_does_not_matter() -> None:
    decisions = [
        FakeDecision(rule(name), bucket(f"aws_s3_bucket.{block}[{index}]", line), "violated", stack=stack)
        for name in ("a-b-c", "a-b-d")
        for block, line in (("b", 1), ("c", 5))
        for index in (0, 1, 10)
        for stack in (".", "x")
    ]
    expected = findings(*decisions)
    for seed in range(5):
        random.Random(seed).shuffle(decisions)
        assert findings(*decisions) == expected


def test_our_fingerprint_survives_moved_lines_and_more_callers() -> None:
    (before,) = findings(FakeDecision(rule(), bucket("module.m.aws_s3_bucket.b"), "violated"))
    (after,) = findings(
        FakeDecision(rule(), bucket("module.m.aws_s3_bucket.b", 4), "violated"),
        FakeDecision(rule(), bucket("module.a[0].aws_s3_bucket.b", 4), "violated"),
        text="# a comment\n\n\n" + MAIN,
    )
    assert before.span.line + 3 == after.span.line
    assert before.fingerprint == after.fingerprint


def test_our_fingerprint_tells_equal_lines_of_one_block_apart() -> None:
    second = bucket("aws_s3_bucket.c", origins={("acl",): FixedPlace(Span("main.tf", 7, 3, 7, 22))})
    first = bucket("aws_s3_bucket.c", origins={("acl",): FixedPlace(Span("main.tf", 6, 3, 6, 22))})
    found = findings(FakeDecision(rule(), first, "violated"), FakeDecision(rule(), second, "violated"))
    assert len({f.fingerprint for f in found}) == 2


def test_our_fingerprint_changes_with_the_line() -> None:
    decision = FakeDecision(rule(), bucket("aws_s3_bucket.b"), "violated")
    (before,), (after,) = findings(decision), findings(decision, text=MAIN.replace("public-read", "public-rw"))
    assert before.fingerprint != after.fingerprint


def test_minified_json_is_fingerprinted_by_the_region() -> None:
    def one(text: str, column: int) -> Finding:
        place = FixedPlace(Span("main.tf", 1, column, 1, column + 10))
        resource = bucket("aws_s3_bucket.b", origins={("acl",): place})
        return findings(FakeDecision(rule(), resource, "violated"), text=text)[0]

    padding = "x" * 2000
    assert one(padding + "0123456789", 2001).fingerprint == one(padding + "yy0123456789zz", 2003).fingerprint


def test_a_byte_order_mark_is_in_githubs_hash() -> None:
    decision: Any = [FakeDecision(rule(), bucket("aws_s3_bucket.b"), "violated", path=())]
    (plain,) = assemble(complete(located(*decision), Files({"main.tf": MAIN.encode()}), None))
    (marked,) = assemble(complete(located(*decision), Files({"main.tf": b"\xef\xbb\xbf" + MAIN.encode()}), None))
    assert plain.line_hash != marked.line_hash
    assert plain.source_lines == marked.source_lines


@pytest.mark.parametrize(("category", "shown"), [("secrets", '  acl = "*******"'), ("governance", '  acl = "hunter2"')])
def test_secrets_are_masked_in_source_lines(category: Category, shown: str) -> None:
    decision = FakeDecision(rule(category=category), bucket("aws_s3_bucket.b"), "violated")
    (found,) = findings(decision, text=MAIN.replace("public-read", "hunter2"))
    assert found.source_lines == (shown,)


def test_long_regions_keep_their_first_lines() -> None:
    place = FixedPlace(Span("main.tf", 1, 1, 9, 2))
    short = FixedPlace(Span("main.tf", 1, 1, 3, 1))
    (long,) = findings(FakeDecision(rule(), bucket("aws_s3_bucket.b", origins={("acl",): place}), "violated"))
    (two,) = findings(FakeDecision(rule(), bucket("aws_s3_bucket.b", origins={("acl",): short}), "violated"))
    assert len(long.source_lines) == 8
    assert two.source_lines == tuple(MAIN.split("\n")[:2])


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("aws_s3_bucket.b", "aws_s3_bucket.b"),
        ('module.a["x.y[0]"].module.b[1].aws_s3_bucket.b["k]"]', "aws_s3_bucket.b"),
        ('aws_s3_bucket.b["a\\"]b"]', "aws_s3_bucket.b"),
        ("Deployment/default/module.a.web", "Deployment/default/module.a.web"),
        ("WebBucket", "WebBucket"),
    ],
)
def test_local_block(address: str, block: str) -> None:
    assert local_block(address) == block


def test_natural_order() -> None:
    names = ["b[10]", "b[2]", "b", "a[1]", "b[02]", f"b[{'9' * 5000}]"]
    assert sorted(names, key=natural) == ["a[1]", "b", "b[02]", "b[2]", "b[10]", f"b[{'9' * 5000}]"]


def test_path_text() -> None:
    assert path_text(()) == ""
    assert path_text(("ingress_rules", 0, "cidr_blocks")) == "ingress_rules[0].cidr_blocks"
    assert path_text((0, "a")) == "[0].a"
    assert path_text(("labels", 'app.io/"x\\')) == 'labels."app.io/\\"x\\\\"'
