"""Templates as stacks: resources, edges, what is not evaluated, what is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.frontends.contract import Stack
from iacguard.model import REST, Edge, Format
from iacguard.source import SourceFile

Load = Callable[..., Stack]
LoadStacks = Callable[[Format, Mapping[str, str | bytes], Mapping[str, str]], list[Stack]]

BUCKET = "Resources:\n  B: {Type: 'AWS::S3::Bucket'}\n"


def problems(stack: Stack) -> list[tuple[str, int, str, bool]]:
    return [(p.kind, p.span.line, p.message, p.notice) for p in stack.problems]


def test_one_stack_a_template(stacks: LoadStacks) -> None:
    found = stacks("cloudformation", {"b/t.yaml": BUCKET, "a.json": '{"Resources": {}}'}, {})
    assert [(s.name, s.format, len(s.resources)) for s in found] == [
        ("a.json", "cloudformation", 0),
        ("b/t.yaml", "cloudformation", 1),
    ]


def test_resource(load: Load) -> None:
    (resource,) = load(BUCKET).resources
    assert (resource.address, resource.type, resource.native_type) == ("B", "AWS::S3::Bucket", "AWS::S3::Bucket")
    assert (resource.block, resource.module, resource.parent, resource.attributes) == ("B", "", "", {})


def test_what_stands_beside_the_properties(load: Load) -> None:
    (resource,) = load(
        """\
        Resources:
          B:
            Type: AWS::S3::Bucket
            DeletionPolicy: Retain
            UpdateReplacePolicy: Delete
            DependsOn: [X]
            Metadata: {iacguard: {skip: x}}
            Properties: {BucketName: b}
        """
    ).resources
    assert resource.attributes == {
        "BucketName": "b",
        "__resource__": {
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Delete",
            "Metadata": {"iacguard": {"skip": "x"}},
        },
    }


def test_edges(load: Load) -> None:
    stack = load(
        """\
        Conditions:
          No: !Equals [a, b]
        Resources:
          Key: {Type: 'AWS::KMS::Key'}
          Log: {Type: 'AWS::S3::Bucket'}
          Data:
            Type: AWS::S3::Bucket
            DependsOn: Key
            Metadata: {x: !Ref Key}
            Properties:
              Encryption: {Rule: {KeyId: !GetAtt Key.Arn}}
              LoggingConfiguration: {Bucket: !Ref Log, Prefix: !Sub '${Log}/x'}
              Name: !If [No, !Ref Key, plain]
              Again: [!Ref Log, !Ref Log]
        """
    )
    assert list(dict.fromkeys(stack.edges)) == [
        Edge("Data", "Key", "Encryption"),
        Edge("Data", "Log", "LoggingConfiguration"),
        Edge("Data", "Log", "Again"),
    ]


def test_resources_that_never_exist(load: Load) -> None:
    stack = load(
        """\
        Conditions:
          No: !Equals [a, b]
        Resources:
          A: {Type: 'AWS::S3::Bucket', Condition: No}
          B: {Type: 'AWS::S3::Bucket', Properties: {X: !If [No, !Ref A, none]}}
        Outputs:
          O: {Condition: No, Value: !Ref A}
        """
    )
    assert [r.address for r in stack.resources] == ["B"]
    assert stack.problems == ()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Properties: !If [Maybe, {A: 1}, {A: 1}]", {"A": 1}),
        ("Properties: {'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: s3://x}}, A: 1}", {"A": 1}),
        ("Properties: {'Fn::ForEach::Loop': [x, [a], {k: v}], A: 1}", {"A": 1, "k": "v"}),
        ("Properties: {'Fn::ForEach::Loop': [x, !Ref Open, {k: v}], A: 1}", {"A": 1}),
        ("Properties:", {}),
        ("Properties: text", {}),
    ],
)
def test_properties_in_odd_shapes(load: Load, body: str, expected: dict[str, Any]) -> None:
    stack = load(
        f"""\
        Parameters:
          Open: {{Type: String}}
        Conditions:
          Maybe: !Equals [!Ref Open, x]
        Resources:
          R:
            Type: AWS::A::B
            {body}
        """
    )
    attributes = stack.resources[0].attributes
    rest = attributes.pop(REST, None)
    assert attributes == expected
    assert (rest is not None) == ("Fn::Transform" in body or "!Ref Open" in body)


def test_include_under_other_properties(load: Load) -> None:
    stack = load(
        "Resources:\n  R:\n    Type: AWS::A::B\n    Properties:\n      P:\n        A: 1\n"
        "        Fn::Transform: {Name: 'AWS::Include'}\n"
    )
    found = stack.resources[0].attributes["P"]
    assert found["A"] == 1
    assert found[REST].kind == "function"
    assert problems(stack) == [("not-evaluated", 7, "Fn::Transform is not evaluated", True)]


SAM = "AWS::Serverless-2016-10-31"


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (f"Transform: {SAM}", []),
        (f"Transform: [AWS::LanguageExtensions, {SAM}]", []),
        ("Transform: AWS::LanguageExtensions", []),
        ("Transform: [Mine]", ["the macro Mine is not evaluated; resources are judged as written"]),
        ("Transform: {Name: 'AWS::Include', Parameters: {}}", ["the macro AWS::Include is not evaluated; "]),
        ("Fn::Transform: {Name: Mine}", ["the macro Mine is not evaluated; "]),
    ],
)
def test_transforms(load: Load, head: str, told: list[str]) -> None:
    stack = load(f"{head}\n{BUCKET}")
    assert [p.notice for p in stack.problems] == [True] * len(told)
    assert all(p.message.startswith(start) for p, start in zip(stack.problems, told, strict=True))
    assert len(stack.resources) == 1


def test_names_that_a_transform_may_add_are_not_wrong(load: Load) -> None:
    stack = load(
        f"""\
        Transform: {SAM}
        Resources:
          F: {{Type: 'AWS::Serverless::Teapot', Properties: {{Role: !GetAtt FRole.Arn, Api: !Ref Made}}}}
        """
    )
    assert {p.kind for p in stack.problems} == {"not-evaluated"}
    assert stack.resources[0].attributes["Role"].kind == "computed"
    assert stack.edges == ()


def test_loops_over_resources_are_told_of(load: Load) -> None:
    stack = load(
        """\
        Transform: AWS::LanguageExtensions
        Parameters:
          Names: {Type: CommaDelimitedList}
        Resources:
          Fn::ForEach::Buckets:
            - Name
            - !Ref Names
            - Bucket${Name}: {Type: 'AWS::S3::Bucket'}
          B: {Type: 'AWS::S3::Bucket', Properties: {X: !Ref Bucketa}}
        """
    )
    message = "Fn::ForEach::Buckets is not evaluated; the resources that it makes are not judged"
    assert problems(stack) == [("not-evaluated", 5, message, True)]
    assert [r.address for r in stack.resources] == ["B"]


@pytest.mark.parametrize(
    ("text", "kind", "line", "message"),
    [
        ("AWSTemplateFormatVersion: 2010-09-09\n", "syntax", 1, "this template has no Resources; "),
        ("Resources:\n  B: {Properties: {}}\n", "value", 2, 'resource "B" has no Type; '),
        ("Resources:\n  B: text\n", "value", 2, 'resource "B" has no Type; '),
        ("Resources:\n  B: {Type: [a]}\n", "value", 2, 'resource "B" has no Type; '),
        (BUCKET + "  B: {Type: 'AWS::SQS::Queue'}\n", "syntax", 3, "the key 'B' is here a second time, after line 2"),
        (BUCKET + "---\na: 1\n", "syntax", 4, "a template is one document; "),
        ("Resources:\n\tB: 1\n", "syntax", 2, "a tab is used for indentation"),
        (BUCKET + "Outputs:\n  O: {Value: !Ref Nope}\n", "reference", 4, "there is no parameter or resource"),
        ("", "syntax", 1, "this template has no Resources; "),
    ],
)
def test_broken(load: Load, text: str, kind: str, line: int, message: str) -> None:
    stack = load(text)
    assert [(p.kind, p.span.line, p.notice) for p in stack.problems] == [(kind, line, False)]
    assert stack.problems[0].message.startswith(message)


def test_broken_part_costs_no_other_resource(load: Load) -> None:
    stack = load("Resources:\n  A: {Properties: {}}\n  B: {Type: 'AWS::S3::Bucket', Properties: {X: !Ref Nope}}\n")
    assert [r.address for r in stack.resources] == ["B"]
    assert len(stack.problems) == 2


_PIECES = st.sampled_from(
    ["!Ref X", "!GetAtt X.Y", "!Sub '${X}${Y.Z}'", "!If [C, 1, {a: b}]", "!Join [',', [a, !Ref X]]", "!Select [0, []]"]
) | st.sampled_from(
    ["!Split [a, b]", "{'Fn::If': 1}", "{Ref: {Ref: X}}", "!FindInMap [M, a, b]", "!Cidr [1, 2]", "[!Ref AWS::NoValue]"]
)  # fmt: skip
_LINES = st.lists(
    st.tuples(
        st.sampled_from(["Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Transform", "R"]),
        st.sampled_from(["X", "C", "M", "Fn::ForEach::L", "Type", "Properties", "Condition"]),
        _PIECES,
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(_LINES, st.text(max_size=30))
def test_never_raises(lines: list[tuple[str, str, str]], tail: str) -> None:
    from iacguard.frontends.cloudformation import load
    from iacguard.frontends.contract import Inputs

    text = "Resources:\n  B: {Type: 'A::B', Condition: C, Properties: {P: !If [C, !Ref X, !Sub '${X}']}}\n"
    text += "".join(f"{section}:\n  {name}: {{Type: {piece}, {name}: {piece}}}\n" for section, name, piece in lines)
    for body in (text, text + tail):
        file = SourceFile("t.yaml", body.encode("utf-8", errors="replace"))
        (stack,) = load([file], None, Inputs())  # type: ignore[arg-type]
        for resource in stack.resources:
            for key in resource.attributes:
                resource.locate((key, 0))
        if stack.alternatives is not None:
            opened = stack.alternatives.open()
            for reason in opened.uncertain.values():
                for world in opened.split(reason):
                    assert all(world.features)


def test_attributes_that_give_a_property_back(load: Load) -> None:
    stack = load(
        """\
        Parameters: {Cidr: {Type: String, Default: 10.1.0.0/16}}
        Resources:
          Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref Cidr}}
          Pool: {Type: AWS::EC2::VPC, Properties: {Ipv4IpamPoolId: p}}
          Self: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !GetAtt Self.CidrBlock}}
          Group:
            Type: AWS::EC2::SecurityGroup
            Properties: {A: !GetAtt Vpc.CidrBlock, B: !GetAtt Pool.CidrBlock, C: !Sub '${Vpc.CidrBlock}!'}
        """
    )
    assert stack.problems == ()
    group = stack.resources[-1].attributes
    assert (group["A"], group["C"]) == ("10.1.0.0/16", "10.1.0.0/16!")
    assert group["B"].reason == "Pool.CidrBlock is known once Pool is created"
    assert stack.resources[2].attributes["CidrBlock"].kind == "computed"
    assert Edge("Group", "Vpc", "A") in stack.edges
