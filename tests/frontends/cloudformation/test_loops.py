"""``Fn::ForEach`` in every section, and the rest of the language extensions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Edge, Unknown

Load = Callable[..., Stack]


def test_resources_outputs_and_conditions(load: Load) -> None:
    stack = load(
        """\
        Transform: AWS::LanguageExtensions
        Parameters:
          Names: {Type: CommaDelimitedList, Default: 'a,b-2'}
          Env: {Type: String, Default: b-2}
        Conditions:
          Fn::ForEach::Wanted:
            - Name
            - !Ref Names
            - Is&{Name}: !Equals [!Ref Env, !Ref Name]
        Resources:
          Fn::ForEach::Buckets:
            - Name
            - !Ref Names
            - Bucket&{Name}:
                Type: AWS::S3::Bucket
                Condition: Is&{Name}
                Properties: {BucketName: !Sub 'x-${Name}', Tag: 'y-${Name}', Key: !If ['Is&{Name}', !GetAtt Key.Arn, n]}
          Key: {Type: AWS::KMS::Key}
        Outputs:
          Fn::ForEach::Arns:
            - Name
            - [b-2]
            - Arn&{Name}: {Value: !GetAtt ['Bucket&{Name}', Arn]}
        """
    )
    assert stack.problems == ()
    assert [r.address for r in stack.resources] == ["Key", "Bucketb2"]
    made = stack.resources[1]
    assert made.block == "Bucket&{Name}"
    assert (made.attributes["BucketName"], made.attributes["Tag"]) == ("x-b-2", "y-b-2")
    assert stack.edges == (Edge("Bucketb2", "Key", "Key"),)
    assert made.locate(("BucketName",)).span.line == 17


def test_loops_in_loops_and_in_properties(load: Load) -> None:
    stack = load(
        """\
        Transform: AWS::LanguageExtensions
        Mappings: {Ports: {all: {list: [80, 443]}}}
        Resources:
          Fn::ForEach::Envs:
            - Env
            - [dev, prod]
            - Fn::ForEach::Zones:
                - Zone
                - [a, b]
                - 'R${Env}${Zone}':
                    Type: AWS::A::B
                    Properties:
                      Fn::ForEach::Settings:
                        - Port
                        - !FindInMap [Ports, all, list]
                        - 'Port${Port}': {Env: !Ref Env, Zone: !Ref Zone, Port: !Ref Port}
                      Plain: {Fn::ForEach::Inner: [X, [p, q], {'${X}': !Sub '${X}-${Zone}'}], z: 1}
        """
    )
    assert stack.problems == ()
    assert [r.address for r in stack.resources] == ["Rdeva", "Rdevb", "Rproda", "Rprodb"]
    last = stack.resources[-1]
    assert last.attributes == {
        "Port80": {"Env": "prod", "Zone": "b", "Port": "80"},
        "Port443": {"Env": "prod", "Zone": "b", "Port": "443"},
        "Plain": {"p": "p-b", "q": "q-b", "z": 1},
    }
    assert last.locate(("Port443", "Zone")).span.line == 16


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ("[x, [a]]", "takes a variable, a collection and a mapping"),
        ("text", "takes a variable, a collection and a mapping"),
        ("[{a: b}, [a], {}]", "takes a variable, a collection and a mapping"),
        ("[x, text, {R: {Type: A}}]", "runs over a list"),
        ("[x, [[a]], {R: {Type: A}}]", "runs over texts"),
        ("[x, [a], !Ref Nope]", "takes a variable, a collection and a mapping"),
    ],
)
def test_wrong(load: Load, loop: str, message: str) -> None:
    stack = load(f"Resources:\n  Fn::ForEach::L: {loop}\n  B: {{Type: 'AWS::A::B'}}\n")
    assert [p.message.removeprefix("Fn::ForEach::L ") for p in stack.problems] == [message]
    assert [r.address for r in stack.resources] == ["B"]


def test_a_loop_that_never_ends_is_cut(load: Load) -> None:
    items = ", ".join(f"i{n}" for n in range(200))
    loop = "Fn::ForEach::A: [a, [I], {Fn::ForEach::B: [b, [I], {'R${a}${b}': {Type: 'AWS::A::B'}}]}]"
    stack = load(f"Resources:\n  {loop.replace('I', items)}\n")
    assert [p.kind for p in stack.problems] == ["too-large"]
    assert len(stack.resources) <= 20_000


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Length [a, !Ref Name, c]", 3),
        ("{'Fn::Length': !Ref Names}", 3),
        ("!Length {'Fn::Split': [',', 'a,b']}", 2),
        ("{'Fn::FindInMap': [Sizes, staging, Type, {DefaultValue: !Ref Name}]}", "web"),
        ("{'Fn::FindInMap': [!Sub '${Name}x', a, b, {DefaultValue: none}]}", "none"),
        ("{Ref: {'Fn::Sub': 'N${Empty}ame'}}", "web"),
        ("{'Fn::FindInMap': [Sizes, {'Fn::If': [Yes, dev, prod]}, Type]}", "t3.nano"),
        ("{'Fn::Select': [{'Fn::Length': [a]}, [x, y]]}", "y"),
    ],
)
def test_language_extensions(value: Callable[[str], object], expression: str, expected: object) -> None:
    assert value(expression) == expected


def test_json_strings_keep_their_structure(value: Callable[[str], object]) -> None:
    found = value("!ToJsonString {a: [!Ref Name, !If [No, 1, !Ref 'AWS::NoValue']], b: !Ref Open}")
    assert found.value["a"] == ["web"]  # type: ignore[attr-defined]
    assert isinstance(found.value["b"], Unknown)  # type: ignore[attr-defined]


def test_policies_beside_the_properties_may_be_computed(load: Load) -> None:
    stack = load(
        """\
        Parameters: {Env: {Type: String, Default: prod}}
        Conditions: {IsProd: !Equals [!Ref Env, prod]}
        Resources:
          B: {Type: AWS::S3::Bucket, DeletionPolicy: !If [IsProd, Retain, Delete], UpdateReplacePolicy: !Ref Env}
        """
    )
    assert stack.resources[0].attributes["__resource__"] == {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "prod"}
