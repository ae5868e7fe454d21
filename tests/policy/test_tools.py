"""Examples, lint, new policies and the generated page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from iacguard.examples import MemoryWorkspace, test_policies
from iacguard.findings import Problem
from iacguard.model import FixedPlace, Format, Graph, Resource, Span
from iacguard.policy import PolicyError
from iacguard.policy.compile import told
from iacguard.policy.language import compile_expression
from iacguard.policy.lint import lint, paths_of
from iacguard.policy.scaffold import create
from iacguard.policy.testing import judge, read_policies
from iacguard.source import SourceFile

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
title: Bucket is public
severity: high
category: public-storage
resource: aws_s3_bucket
deny: acl == 'public-read'
message: the ACL is {acl}
why: Anybody who guesses the name can read all that is in it.
fix:
  text: Remove the ACL.
  terraform: acl = "private"
references: [https://docs.aws.amazon.com/s3]
"""


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "acme" / "s3" / "public.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return str(tmp_path)


def fake(acls: Mapping[str, str]) -> Graph:
    place = FixedPlace(Span("main.tf", 1, 1, 1, 2))
    made = (Resource(a, "aws_s3_bucket", "aws_s3_bucket", "terraform", {"acl": v}, place, a) for a, v in acls.items())
    return Graph.of(made, ())


def judged(tmp_path: Path, expected: str, acls: Mapping[str, str], *problems: Problem) -> list[str]:
    text = f"{HEAD}examples:\n  - name: one\n    terraform: |\n      x\n    {expected}\n"
    ((policy, (example,)),) = read_policies((write(tmp_path, text),))

    def evaluate(format_: Format, files: Mapping[str, str]) -> tuple[Sequence[Graph], Sequence[Problem]]:
        assert (format_, files) == ("terraform", {"main.tf": "x\n"})
        return [fake(acls)], problems

    return list(judge(policy, example, evaluate).failures)


@pytest.mark.parametrize(
    ("expected", "acls", "failures"),
    [
        ("violates: [a]", {"a": "public-read", "b": "private"}, []),
        ("satisfies: [a]", {"a": "private"}, []),
        ("violates: [a]", {"a": "private"}, ["a must be violated, but is satisfied"]),
        ("satisfies: [a]", {"a": "public-read"}, ["a must be satisfied, but is violated"]),
        ("undecided: [a]", {"a": "private"}, ["a must be undecided, but is satisfied"]),
        (
            "violates: [a]",
            {"a": "public-read", "b": "public-read"},
            ["b is violated, and the example does not list it"],
        ),
        ("violates: [z]", {"a": "private"}, ["z must be violated, but there is no such resource; there are a"]),
    ],
)
def test_examples_are_compared_exactly(
    tmp_path: Path, expected: str, acls: Mapping[str, str], failures: list[str]
) -> None:
    assert judged(tmp_path, expected, acls) == failures


def test_an_example_that_cannot_be_read_fails(tmp_path: Path) -> None:
    problem = Problem("syntax", Span("main.tf", 1, 1, 1, 2), "unclosed brace")
    assert judged(tmp_path, "satisfies: [a]", {"a": "private"}, problem) == [
        "could not be read: main.tf:1:1: unclosed brace"
    ]


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("{name: x, terraform: y}", "the example expects nothing"),
        ("{terraform: y, violates: [a]}", "the example has no 'name'"),
        ("{name: x, violates: [a]}", "an example has its code under one key"),
        ("{name: x, terraform: y, kubernetes: z, violates: [a]}", "an example has its code under one key"),
        ("{name: x, terraform: y, violate: [a]}", "an example has no key 'violate'"),
        ("{name: x, terraform: '', violates: [a]}", "terraform is empty"),
    ],
)
def test_bad_examples(tmp_path: Path, example: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policies((write(tmp_path, f"{HEAD}examples:\n  - {example}\n"),))
    assert message in str(caught.value)


def test_a_failing_example_is_told_with_its_place(tmp_path: Path) -> None:
    text = f"""{HEAD}examples:
  - name: a private one
    terraform: |
      resource "aws_s3_bucket" "a" {{
        acl = "private"
      }}
    violates: [aws_s3_bucket.a]
"""
    report = test_policies((write(tmp_path, text),))
    assert [r.passed for r in report.results] == [False]
    assert report.text() == (
        f"{tmp_path}/acme/s3/public.yaml:13: acme-s3-public: a private one (terraform)\n"
        "    aws_s3_bucket.a must be violated, but is satisfied\n"
        "0 of 1 examples pass\n"
    )


def test_several_files(tmp_path: Path) -> None:
    text = f"""{HEAD}examples:
  - name: through a module
    files:
      main.tf: |
        module "data" {{
          source = "./bucket"
          acl    = "public-read"
        }}
      bucket/main.tf: |
        variable "acl" {{}}
        resource "aws_s3_bucket" "a" {{
          acl = var.acl
        }}
    violates: [module.data.aws_s3_bucket.a]
"""
    report = test_policies((write(tmp_path, text),))
    assert report.text() == "1 of 1 examples pass\n"


def test_the_memory_workspace() -> None:
    files = {p: SourceFile(p, b"") for p in ("main.tf", "a/x.tf", "a/b/y.tf")}
    workspace = MemoryWorkspace(files)
    assert workspace.listing("") == ("main.tf",)
    assert workspace.listing("./a") == ("x.tf",)
    assert (workspace.folders(""), workspace.folders("a"), workspace.folders("a/b")) == (("a",), ("b",), ())
    assert (workspace.exists("a/b"), workspace.exists("c"), workspace.exists(".")) == (True, False, True)
    assert workspace.read("a/../main.tf") is files["main.tf"]
    assert workspace.read("../main.tf") is None


def test_lint(tmp_path: Path) -> None:
    text = HEAD.replace("Bucket is public", "bucket is public, " + "very " * 15 + "much.")
    text = text.replace("https://docs", "http://docs").replace("[https:", "[http:")
    catalogue = tmp_path / "peers.csv"
    catalogue.write_text("scanner,rule\ncheckov,CKV_AWS_20\n")
    folder = write(tmp_path, text + "aliases: [CKV_AWS_21, CKV_AWS_20, CKV_AWS_20]\n")
    problems, count = lint((folder,), str(catalogue))
    messages = "\n".join(map(told, problems))
    assert count == 1
    for expected in (
        "the title has",
        "the title ends in a full stop",
        "the title begins with a small letter",
        "is no https URL",
        "'CKV_AWS_21' is not in the catalogue (did you mean CKV_AWS_20?)",
        "the alias 'CKV_AWS_20' stands twice",
        "no terraform example violates the policy",
        "no terraform example satisfies the policy",
        "there are no examples",
    ):
        assert expected in messages


def test_lint_tells_what_keeps_a_policy_from_loading(tmp_path: Path) -> None:
    problems, count = lint((write(tmp_path, HEAD.replace("acl ==", "acl ===")),), str(tmp_path / "no.csv"))
    assert count == 0
    assert "the catalogue cannot be read" in told(problems[0])
    assert "deny: " in told(problems[1])


def test_lint_knows_attributes(tmp_path: Path) -> None:
    def knows(kind: str, path: tuple[str, ...]) -> bool | None:
        assert kind == "aws_s3_bucket"
        return None if path == ("tags",) else path == ("bucket",)

    folder = write(tmp_path, HEAD.replace("acl == 'public-read'", "acl == 'x' && tags && bucket"))
    messages = [told(p) for p in lint((folder,), "", knows)[0]]
    assert [m.partition(": ")[2] for m in messages if "vocabulary" in m] == [
        "deny: acl is no attribute of aws_s3_bucket (see docs/vocabulary.md)"
    ]


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("a.b[0].c", [("a", "b", "c")]),
        ("a[?b == c].d", [("a", "b"), ("a", "c"), ("a", "d")]),
        ("any(a[*].b, &c && @.d)", [("a", "b"), ("a", "b", "c"), ("a", "b", "d")]),
        ("!(a) || b == 'x'", [("a",), ("b",)]),
        ("resource().z || targets('k')[0].y", []),
        ("a | b.c", [("a", "b", "c")]),
    ],
)
def test_paths_of(expression: str, paths: list[tuple[str, ...]]) -> None:
    assert sorted(paths_of(compile_expression(expression).node)) == paths


def test_a_new_policy_is_complete(tmp_path: Path) -> None:
    first = create("acme-s3-bucket-owner", str(tmp_path))
    create("kubernetes-pod-owner", str(tmp_path))
    assert first == tmp_path / "acme" / "s3" / "bucket-owner.yaml"
    assert test_policies((str(tmp_path),)).text() == "7 of 7 examples pass\n"
    assert lint((str(tmp_path),)) == ((), 2)
    for identity, message in (("acme-s3-bucket-owner", "a policy already"), ("Acme", "cannot be a policy's id")):
        with pytest.raises(PolicyError, match=message):
            create(identity, str(tmp_path))


def test_the_built_in_policies_have_no_lint() -> None:
    problems, count = lint(())
    assert [told(p) for p in problems] == []
    assert count > 0


def test_the_page_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "tools" / "policy_language.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
