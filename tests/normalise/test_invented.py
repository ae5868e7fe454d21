"""Arguments and types that do not exist: which are told, and where they stand."""

from __future__ import annotations

import pytest

from iacguard.examples import evaluate
from iacguard.frontends.contract import Stack
from iacguard.knowledge import terraform_versions
from iacguard.model import FixedPlace, Resource, Span
from iacguard.normalise import normalise
from iacguard.normalise.invented import KNOWN_MAJORS

PLACE = FixedPlace(Span("plan.json", 1, 1, 1, 2))


def only(format_: str, text: str) -> Resource:
    (graph,), problems = evaluate(format_, {"main.tf" if format_ == "terraform" else "t.yaml": text})  # type: ignore[arg-type]
    assert not problems
    (resource,) = graph.resources
    return resource


def test_arguments_of_blocks_are_told_with_their_place() -> None:
    text = 'resource "aws_instance" "web" {\n  imds = true\n  metadata_options {\n    http_token = "required"\n  }\n}\n'
    web = only("terraform", text)
    assert web.attributes["unknown_arguments"] == [
        {"argument": "imds"},
        {"argument": "metadata_options.http_token (did you mean http_tokens?)"},
    ]
    lines = [web.locate(("unknown_arguments", at)).span.line for at in (0, 1)]
    assert lines == [2, 4]


def test_properties_are_told_by_the_names_of_the_template() -> None:
    text = "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      VersioningConfiguration: {State: On}\n"
    data = only("cloudformation", text)
    assert data.attributes["unknown_arguments"] == [
        {"argument": "VersioningConfiguration.State (did you mean Status?)"}
    ]
    assert data.locate(("unknown_arguments", 0)).span.line == 5


@pytest.mark.parametrize(
    ("constraint", "told"),
    [
        ("", True),
        ("~> 6.0", True),
        ("~> 5", True),
        (">= 4.0", True),
        (">= 4.0, != 6.1.0", True),
        ("<= 6.2", True),
        ("< 6.5", True),
        ("~> 5.0", False),
        ("5.31.0", False),
        (">= 4.0, < 6.0.0", False),
        ("< 6", False),
        (">= 7.0", False),
        ("latest", False),
    ],
)
def test_code_for_another_major_version_is_passed_over(constraint: str, told: bool) -> None:
    needed = f'terraform {{\n  required_providers {{\n    aws = {{ version = "{constraint}" }}\n  }}\n}}\n'
    made_up = only("terraform", needed + 'resource "aws_sqs_queue" "q" {\n  encryption = true\n}\n')
    assert ("unknown_arguments" in made_up.attributes) is told


def test_templates_with_macros_may_say_what_they_like() -> None:
    text = "Transform: Own\nResources:\n  Data:\n    Type: AWS::S3::Bucket\n    Properties: {Template: standard}\n"
    (graph,), _ = evaluate("cloudformation", {"t.yaml": text})
    assert "unknown_arguments" not in graph.resources[0].attributes


def test_a_type_that_does_not_exist() -> None:
    assert only("terraform", 'resource "aws_s3_buckets" "b" {}\n').attributes["unknown_type"] == (
        "aws_s3_buckets (did you mean aws_s3_bucket?)"
    )


def test_what_terraform_planned_exists() -> None:
    made = Resource("aws_sqs_queue.q", "aws_sqs_queue", "aws_sqs_queue", "terraform", {"removed_since": 1}, PLACE, "")
    told = [normalise(Stack("p", "terraform", (made,), facts=facts))[0] for facts in ({"plan": "made"}, {})]
    assert ["unknown_arguments" in graph.resources[0].attributes for graph in told] == [False, True]


def test_the_majors_are_those_of_the_tables() -> None:
    shipped = {name: tuple(v.partition(".")[0] for v in versions) for name, versions in terraform_versions().items()}
    assert {name: shipped[name] for name in KNOWN_MAJORS} == dict(KNOWN_MAJORS)
