"""SAM templates as what they are deployed as, where their parts stand, and what SAM would refuse.

What aws-sam-translator makes of the templates in ``sam/`` was recorded by ``tools/sam_compare.py --record``.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from iacguard.frontends.contract import Stack
from tools.sam_compare import Counts, differences, stack_of

TEMPLATES = sorted((Path(__file__).parent / "sam").glob("*.yaml"))
HEAD = "Transform: AWS::Serverless-2016-10-31\n"
FUNCTION = (
    "Type: AWS::Serverless::Function\n    Properties:\n"
    "      Runtime: python3.13\n      Handler: a.b\n      InlineCode: x\n"
)


def resource(stack: Stack, address: str) -> Any:
    return next(r for r in stack.resources if r.address == address)


def function(body: str) -> Stack:
    """A template with one function."""
    lines = "".join(f"      {line}\n" for line in body.splitlines())
    return stack_of(f"{HEAD}Resources:\n  Fn:\n    {FUNCTION}{lines}", "t.yaml")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.stem)
def test_resources_are_those_of_sam(path: Path) -> None:
    ours = stack_of(path.read_text(), path.name)
    theirs = stack_of(path.with_suffix(".expected.json").read_text(), path.name)
    counts = Counts()
    assert list(differences(ours, theirs, counts)) == []
    assert counts.resources >= 15
    assert [p.message for p in ours.problems if not p.notice] == []


def test_attributes_stand_where_the_sam_property_stands() -> None:
    text = (
        HEAD
        + "Globals:\n  Function:\n    Runtime: python3.9\n    Tracing: Active\n"
        + "Resources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n"
        + "      InlineCode: x\n      Policies:\n        - AmazonS3FullAccess\n        - Statement:\n"
        + '            - {Effect: Allow, Action: "*", Resource: "*"}\n        - S3ReadPolicy: {BucketName: b}\n'
        + "      FunctionUrlConfig:\n        AuthType: NONE\n      Events:\n        Get:\n          Type: Api\n"
        + "          Properties: {Path: /a, Method: get}\n"
    )
    stack = stack_of(text, "t.yaml")
    lines = text.splitlines()

    def line(address: str, *path: str | int) -> str:
        number: int = resource(stack, address).locate(path).span.line
        return lines[number - 1].strip()

    assert line("Fn") == "Fn:"
    assert line("Fn", "Runtime") == "Runtime: python3.9"
    assert line("Fn", "TracingConfig", "Mode") == "Tracing: Active"
    assert line("FnRole") == "Fn:"
    assert line("FnRole", "ManagedPolicyArns", 2) == "- AmazonS3FullAccess"
    document = ("Policies", 0, "PolicyDocument", "Statement", 0)
    assert line("FnRole", *document, "Action") == '- {Effect: Allow, Action: "*", Resource: "*"}'
    assert line("FnRole", "Policies", 1, "PolicyDocument", "Statement", 0) == "- S3ReadPolicy: {BucketName: b}"
    assert line("FnUrl", "AuthType") == "AuthType: NONE"
    assert line("FnUrlPublicPermissions") == "AuthType: NONE"
    assert line("FnGetPermissionProd") == "Get:"
    assert line("ServerlessRestApi") == "Get:"
    assert line("ServerlessRestApi", "Body", "paths", "/a", "get") == "Get:"


def test_globals_are_merged_by_kind_of_value() -> None:
    text = (
        f"{HEAD}Globals:\n  Function:\n    Timeout: 3\n    MemorySize: 128\n"
        "    Architectures: [x86_64]\n    Layers: [one]\n    Environment: {Variables: {A: a, B: b}}\n"
        f"Resources:\n  Fn:\n    {FUNCTION}      Timeout: 9\n      Architectures: [arm64]\n      Layers: [two]\n"
        "      Environment: {Variables: {B: c}}\n"
        f"  Other:\n    IgnoreGlobals: '*'\n    {FUNCTION}"
    )
    stack = stack_of(text, "t.yaml")
    attributes = resource(stack, "Fn").attributes
    assert (attributes["Timeout"], attributes["MemorySize"]) == (9, 128)
    assert (attributes["Architectures"], attributes["Layers"]) == (["arm64"], ["one", "two"])
    assert attributes["Environment"] == {"Variables": {"A": "a", "B": "c"}}
    assert "Timeout" not in resource(stack, "Other").attributes


def test_names_that_sam_gives_can_be_referred_to() -> None:
    text = (
        f"{HEAD}Resources:\n  Fn:\n    {FUNCTION}      AutoPublishAlias: live\n      Layers: [!Ref Layer]\n"
        "      Events: {Get: {Type: Api, Properties: {Path: /, Method: get}}}\n"
        "  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: s3://b/k}}\n"
        "  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n"
        "      A: !Ref Fn.Alias\n      B: !Sub '${ServerlessRestApi.Stage}'\n"
        "      C: !GetAtt FnRole.Arn\n      D: !Ref Nothing\n"
    )
    stack = stack_of(text, "t.yaml")
    topic = resource(stack, "Topic").attributes
    (layer,) = resource(stack, "Fn").attributes["Layers"]
    assert resource(stack, layer.reference.address).type == "AWS::Lambda::LayerVersion"
    assert topic["A"].reference.address == "FnAliaslive"
    assert topic["B"].reference.address == "ServerlessRestApiProdStage"
    assert topic["C"].reference == ("FnRole", "Arn")
    # All names are known once everything is expanded: a wrong one is wrong.
    assert [p.message for p in stack.problems] == ['there is no parameter or resource "Nothing" in this template']


def test_loops_run_before_sam() -> None:
    text = (
        "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n"
        "Resources:\n  Fn::ForEach::Each:\n    - Name\n    - [One, Two]\n"
        "    - F${Name}:\n        Type: AWS::Serverless::Function\n        Properties:\n"
        "          Runtime: python3.13\n          Handler: a.b\n"
        "          InlineCode: x\n          Description: !Ref Name\n"
        "          Events: {Get: {Type: Api, Properties: {Path: '/${Name}', Method: get}}}\n"
    )
    stack = stack_of(text, "t.yaml")
    assert [p.message for p in stack.problems] == []
    assert {"FOne", "FOneRole", "FTwo", "FTwoRole", "ServerlessRestApi"} <= {r.address for r in stack.resources}
    assert resource(stack, "FTwo").attributes["Description"] == "Two"
    assert set(resource(stack, "ServerlessRestApi").attributes["Body"]["paths"]) == {"/One", "/Two"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Events: {A: {Type: Pigeon}}", 'SAM rejects "Fn": SAM has no event of type "Pigeon"'),
        ("Events: {A: {Properties: {}}}", 'SAM rejects "Fn": the event "A" has no Type'),
        ("Events: {A: {Type: SQS}}", 'SAM rejects "Fn": the SQS event "A" has no Queue'),
        ("Policies: [{NoSuchPolicy: {}}]", 'SAM rejects "Fn": SAM has no policy template "NoSuchPolicy"'),
        ("Policies: [{S3ReadPolicy: {}}]", 'SAM rejects "Fn": policy template "S3ReadPolicy" needs BucketName'),
        ("FunctionUrlConfig: {Cors: {}}", 'SAM rejects "Fn": FunctionUrlConfig needs an AuthType, AWS_IAM or NONE'),
        (
            "DeadLetterQueue: {Type: MQ, TargetArn: x}",
            'SAM rejects "Fn": DeadLetterQueue needs a TargetArn and a Type, SQS or SNS',
        ),
    ],
)
def test_what_sam_refuses_is_said_and_the_resource_stays(body: str, message: str) -> None:
    stack = function(body)
    assert [p.message for p in stack.problems if not p.notice] == [message]
    assert [r.type for r in stack.resources] == ["AWS::Serverless::Function"]


def test_globals_that_sam_refuses() -> None:
    stack = stack_of(f"{HEAD}Globals: {{Function: {{Role: x}}, Queue: {{}}}}\nResources: {{}}\n", "t.yaml")
    messages = [p.message for p in stack.problems]
    assert messages[0] == 'Globals cannot set "Role" of Function; SAM rejects the template'
    assert messages[1].startswith('Globals cannot hold "Queue", only Api, ')


def test_types_that_are_not_expanded_are_told() -> None:
    location = "{ApplicationId: i, SemanticVersion: 1.0.0}"
    text = (
        f"{HEAD}Resources:\n  A: {{Type: AWS::Serverless::Application, Properties: {{Location: {location}}}}}\n"
        "  B: {Type: AWS::Serverless::Teapot}\n"
    )
    stack = stack_of(text, "t.yaml")
    assert resource(stack, "A").type == "AWS::CloudFormation::Stack"
    told = [p.message for p in stack.problems if p.notice]
    assert any("AWS::Serverless::Teapot is not expanded" in message for message in told)
    assert any("comes from AWS's repository" in message for message in told)


JUNK: tuple[Any, ...] = (None, "x", 1, True, [], {}, [{"a": 1}], {"Ref": "X"}, {"Fn::If": "x"}, {"Fn::GetAtt": []})


def test_no_shape_of_a_template_is_a_crash() -> None:
    plain = [json.loads(path.with_suffix(".expected.json").read_text()) for path in TEMPLATES]
    assert all("Transform" not in template for template in plain)
    chance = random.Random(4)
    for path in TEMPLATES:
        lines = path.read_text().splitlines()
        for _ in range(40):
            at = chance.randrange(len(lines))
            head, colon, _ = lines[at].partition(":")
            if not colon or "{" in head or "[" in head:
                continue
            changed = [*lines[:at], f"{head}: {json.dumps(chance.choice(JUNK))}", *_after(lines, at)]
            assert stack_of("\n".join(changed), path.name).name == path.name


def _after(lines: list[str], at: int) -> list[str]:
    """The lines behind one and all that is in it."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    rest = lines[at + 1 :]
    while rest and len(rest[0]) - len(rest[0].lstrip()) > depth:
        rest.pop(0)
    return rest
