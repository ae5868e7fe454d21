"""IAM: one list of statements, however the document is written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Encoded, Key, Place, Span, Step, Unknown
from iacguard.normalise import normalise
from tests.normalise.conftest import statement

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": "s3:*",
            "Resource": ["a", "b"],
            "Principal": {"AWS": ["*", "arn"], "Service": "ec2.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        }
    ],
}
WANTED = statement(
    sid="Read",
    actions=["s3:*"],
    resources=["a", "b"],
    principals=[
        {"type": "AWS", "identifier": "*"},
        {"type": "AWS", "identifier": "arn"},
        {"type": "Service", "identifier": "ec2.amazonaws.com"},
    ],
    conditions=[{"operator": "StringEquals", "key": "aws:SourceVpc", "values": ["vpc-1"]}],
)


@pytest.mark.parametrize("written", [DOCUMENT, json.dumps(DOCUMENT), json.dumps(DOCUMENT, indent=2), Encoded(DOCUMENT)])
def test_every_spelling_is_one(build: Any, written: Any) -> None:
    resource = build.resource("aws_s3_bucket_policy.p", {"bucket": "b", "policy": written})
    assert build.graph(resource).resources[0].attributes["statements"] == [WANTED]


def test_a_lone_statement_and_the_bare_star(build: Any) -> None:
    document = {"Statement": {"Effect": "Deny", "NotAction": ["x"], "NotResource": "y", "NotPrincipal": "*"}}
    resource = build.resource("aws_sqs_queue_policy.p", {"policy": document})
    found = build.graph(resource).resources[0]
    star = [{"type": "*", "identifier": "*"}]
    assert found.attributes["statements"] == [
        statement(effect="Deny", not_actions=["x"], not_resources=["y"], not_principals=star)
    ]
    line = build.line_of(resource, "policy", "Statement", "NotAction")
    assert found.locate(("statements", 0, "not_actions")).span.line == line


@pytest.mark.parametrize(
    "type_", ["aws_iam_policy", "aws_kms_key", "aws_sns_topic_policy", "aws_ecr_repository_policy"]
)
def test_nothing_written_is_an_empty_list(build: Any, type_: str) -> None:
    assert build.graph(build.resource(f"{type_}.p", {})).resources[0].attributes["statements"] == []


def test_trust_and_permissions_of_a_role_are_apart(build: Any) -> None:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
    inline = [{"name": "x", "policy": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]
    role = build.resource("aws_iam_role.r", {"name": "r", "assume_role_policy": trust, "inline_policy": inline})
    apart = build.resource("aws_iam_role_policy.p", {"role": "r", "policy": DOCUMENT})
    found = build.graph(role, apart).by_address["aws_iam_role.r"]
    assert [s["actions"] for s in found.attributes["trust_statements"]] == [["sts:AssumeRole"]]
    assert [s["document"] for s in found.attributes["statements"]] == ["inline_policy[0].policy", "policy"]
    assert found.locate(("statements", 1, "actions")).owner == "aws_iam_role_policy.p"
    inside = build.line_of(role, "inline_policy", 0, "policy", "Statement", 0, "Action")
    assert found.locate(("statements", 0, "actions")).span.line == inside


UNKNOWN = Unknown("a variable", "variable")


def test_a_document_that_is_not_known_is_undecided(build: Any) -> None:
    resource = build.resource("aws_iam_policy.p", {"policy": UNKNOWN})
    (item,) = build.graph(resource).resources[0].attributes["statements"]
    assert isinstance(item, Unknown)
    assert item.spread


@pytest.mark.parametrize("text", ["{", "not json", '{"Statement": [}', "[" * 100_000])
def test_text_that_is_no_json_is_undecided_and_told(build: Any, text: str) -> None:
    resource = build.resource("aws_iam_policy.p", {"policy": text})
    graph, problems = normalise(Stack("", "terraform", (resource,)))
    (item,) = graph.resources[0].attributes["statements"]
    assert isinstance(item, Unknown)
    assert item.kind == "error"
    assert [p.kind for p in problems] == ["value"]
    assert problems[0].span.line == build.line_of(resource, "policy")


@pytest.mark.parametrize("document", [[], 7, True, {"Statement": 3}, {"Statement": ["x"]}, {"Statment": []}])
def test_json_that_is_no_policy_is_never_a_pass(build: Any, document: Any) -> None:
    graph, _ = normalise(
        Stack("", "terraform", (build.resource("aws_iam_policy.p", {"policy": json.dumps(document)}),))
    )
    (item,) = graph.resources[0].attributes["statements"]
    assert isinstance(item, Unknown)


def test_text_with_unknown_parts_keeps_what_is_known(build: Any) -> None:
    text = Unknown(
        "a template",
        parts=(
            '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "',
            UNKNOWN,
            '/*"}, {"Effect": "Deny", "Action": ',
            UNKNOWN,
            ', "Resource": "',
            UNKNOWN,
            '"}]}',
        ),
    )
    first, second = (
        build.graph(build.resource("aws_iam_policy.p", {"policy": text})).resources[0].attributes["statements"]
    )
    assert first["actions"] == ["s3:*"]
    (resource,) = first["resources"]
    assert resource.parts == (UNKNOWN, "/*")
    assert second["effect"] == "Deny"
    assert isinstance(second["actions"][0], Unknown)
    assert second["actions"][0].spread
    assert isinstance(second["resources"][0], Unknown)


def test_an_unknown_statement_among_known_ones(build: Any) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, UNKNOWN]}
    known, unknown = (
        build.graph(build.resource("aws_iam_policy.p", {"policy": document})).resources[0].attributes["statements"]
    )
    assert known["actions"] == ["*"]
    assert isinstance(unknown, Unknown)
    assert unknown.spread


def test_a_lambda_permission_is_a_statement(build: Any) -> None:
    function = build.resource("aws_lambda_function.f", {"function_name": "f"})
    permission = build.resource(
        "aws_lambda_permission.p",
        {"function_name": "f", "action": "lambda:InvokeFunction", "principal": "*", "source_arn": "arn:x"},
    )
    found = build.graph(function, permission).by_address["aws_lambda_function.f"]
    assert found.attributes["statements"] == [
        statement(
            actions=["lambda:InvokeFunction"],
            resources=["f"],
            principals=[{"type": "*", "identifier": "*"}],
            conditions=[{"operator": "ArnLike", "key": "AWS:SourceArn", "values": ["arn:x"]}],
            document="",
        )
    ]
    assert found.locate(("statements", 0, "principals")).span.line == build.line_of(permission, "principal")


@dataclass(frozen=True)
class Heredoc:
    """A place whose text begins on line 11, in column 3."""

    @property
    def span(self) -> Span:
        return Span("main", 10, 1, 10, 20)

    def child(self, key: Key) -> Place | None:
        return self if key == "policy" else None

    def trail(self) -> tuple[Step, ...]:
        return ()

    def text_start(self) -> tuple[int, int] | None:
        return 11, 3


def test_places_inside_a_heredoc(build: Any) -> None:
    from iacguard.record import replace

    text = (
        '{"Version": "2012-10-17",\n "Statement": [\n  {"Effect": "Allow",\n   "Action": "*",\n   "Resource": "*"}]}\n'
    )
    resource = replace(build.resource("aws_iam_policy.p", {"policy": text}), place=Heredoc())
    found = build.graph(resource).resources[0]
    assert found.locate(("statements", 0)).span == Span("main", 13, 3, 15, 20)
    assert found.locate(("statements", 0, "actions")).span == Span("main", 14, 4, 14, 17)


def test_container_definitions_are_read(build: Any) -> None:
    text = json.dumps([{"name": "web", "privileged": True}])
    written = [
        build.resource(f"aws_ecs_task_definition.t{i}", {"container_definitions": v})
        for i, v in enumerate((text, Encoded([{"name": "web", "privileged": True}])))
    ]
    for resource in build.graph(*written).resources:
        assert resource.attributes["container_definitions"] == [{"name": "web", "privileged": True}]
