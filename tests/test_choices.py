"""What counts where a deployer may choose: the verdict, and the words that say when it holds."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest

from iacguard import judge as judging
from iacguard.findings import Problem
from iacguard.frontends.contract import Stack
from iacguard.model import Graph
from iacguard.normalise import normalise
from iacguard.when import separating
from tests.test_judge import judged

Told = list[tuple[str, str, str]]


def told(text: str, **given: str) -> Told:
    """Address, verdict and condition of every volume that is not satisfied."""
    decisions, problems = judged(textwrap.dedent(text), given)
    assert problems == []
    return [
        (d.resource.address, d.verdict, d.when)
        for d in decisions
        if d.verdict != "satisfied" and d.rule.id == "aws-ec2-volume-unencrypted"
    ]


def volume(encrypted: str, head: str = "", condition: str = "") -> str:
    lines = (
        f"  V:\n    Type: AWS::EC2::Volume\n    Properties: {{Size: 1, AvailabilityZone: a, Encrypted: {encrypted}}}\n"
    )
    return textwrap.dedent(head) + "Resources:\n" + lines + (f"    Condition: {condition}\n" if condition else "")


P_FALSE = 'parameter "P" is "false"'


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("{Type: String, AllowedValues: ['true', 'false']}", [("V", "undecided", P_FALSE)]),
        ("{Type: String, AllowedValues: ['false', 'False']}", [("V", "violated", "")]),
        ("{Type: String, AllowedValues: ['true', 'True']}", []),
        # The default is what is deployed when nobody gives anything else.
        ("{Type: String, AllowedValues: ['true', 'false'], Default: 'true'}", [("V", "undecided", P_FALSE)]),
        ("{Type: String, AllowedValues: ['true', 'false'], Default: 'false'}", [("V", "violated", P_FALSE)]),
        ("{Type: String, Default: 'false'}", [("V", "violated", "")]),
        ("{Type: String, Default: 'true'}", []),
        ("{Type: String}", [("V", "undecided", "")]),
    ],
)
def test_a_parameter_as_a_value(parameter: str, expected: Told) -> None:
    assert told(volume("!Ref P", f"Parameters: {{P: {parameter}}}\n")) == expected


def test_the_value_that_would_violate_is_among_the_reasons() -> None:
    text = volume("!Ref P", "Parameters: {P: {Type: String, AllowedValues: ['true', 'false']}}\n")
    decisions, _ = judged(text, {})
    (found,) = (d for d in decisions if d.verdict == "undecided")
    assert found.reasons == ('it is violated when parameter "P" is "false"',)


def test_a_given_value_leaves_nothing_open() -> None:
    text = volume("!Ref P", "Parameters: {P: {Type: String, AllowedValues: ['true', 'false']}}\n")
    assert told(text, P="true") == []
    assert told(text, P="false") == [("V", "violated", "")]


IS_PROD = "Conditions: {IsProd: !Equals [!Ref Env, prod]}\n"
NOT_PROD = 'condition "IsProd" is false'


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("{Type: String}", [("V", "undecided", NOT_PROD)]),
        ("{Type: String, Default: prod}", [("V", "undecided", NOT_PROD)]),
        ("{Type: String, Default: dev}", [("V", "violated", NOT_PROD)]),
        ("{Type: String, AllowedValues: [dev, test]}", [("V", "violated", "")]),
        ("{Type: String, AllowedValues: [prod]}", []),
        ("{Type: String, NoEcho: true, Default: prod}", [("V", "undecided", NOT_PROD)]),
        ("{Type: String, NoEcho: true, Default: dev}", [("V", "violated", NOT_PROD)]),
        ("{Type: AWS::SSM::Parameter::Value<String>, Default: prod}", [("V", "undecided", NOT_PROD)]),
    ],
)
def test_a_parameter_in_a_condition(parameter: str, expected: Told) -> None:
    assert told(volume("!If [IsProd, true, false]", f"Parameters: {{Env: {parameter}}}\n{IS_PROD}")) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("!Equals [!Ref AWS::Region, us-east-1]", [("V", "undecided", 'condition "C" is false')]),
        ("!Equals [!Ref AWS::Partition, aws]", []),
        ("!Equals [!Select [0, !Ref L], x]", [("V", "undecided", 'condition "C" is false')]),
        ("!Equals [!Join ['', !Ref L], '']", [("V", "undecided", 'condition "C" is false')]),
        ("!Equals [!Sub '${A}-x', b-x]", [("V", "undecided", 'condition "C" is false')]),
        ("!Equals [!Ref A, !Ref B]", [("V", "undecided", 'condition "C" is false')]),
        ("!Or [!Equals [!Ref A, x], !Not [!Equals [!Ref A, x]]]", []),
        ("!And [!Equals [!Ref A, x], !Equals [!Ref A, y]]", [("V", "violated", "")]),
        ("!And [!Equals [!Sub '${A}1', x], !Not [!Equals [!Sub '${A}1', x]]]", [("V", "violated", "")]),
    ],
)
def test_conditions_over_anything(condition: str, expected: Told) -> None:
    head = f"""\
    Parameters:
      A: {{Type: String}}
      B: {{Type: String}}
      L: {{Type: CommaDelimitedList}}
    Conditions:
      C: {condition}
    """
    assert told(volume("!If [C, true, false]", head)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("!Equals [!Ref Env, prod]", [("V", "violated", 'condition "C" is true')]),
        ("!Equals [!Ref Set, other]", [("V", "undecided", 'condition "C" is true')]),
        ("!Equals [!Ref Set, set]", [("V", "violated", 'condition "C" is true')]),
        ("!Equals [a, b]", []),
        ("!Equals [a, a]", [("V", "violated", "")]),
        ("!And [!Equals [!Ref Env, a], !Equals [!Ref Env, b]]", []),
        ("!Not [!Equals [!Ref Few, a]]", [("V", "violated", 'condition "C" is true')]),
        ("!Equals [!Ref Few, c]", []),
    ],
)
def test_resources_under_a_condition(condition: str, expected: Told) -> None:
    head = f"""\
    Parameters:
      Env: {{Type: String}}
      Set: {{Type: String, Default: set}}
      Few: {{Type: String, AllowedValues: [a, b]}}
    Conditions:
      C: {condition}
    """
    assert told(volume("false", head, "C")) == expected


def test_what_depends_on_a_sub_resource_under_a_condition() -> None:
    text = """\
    Parameters: {Tls: {Type: String, AllowedValues: ['yes', 'no']}}
    Conditions: {WithTls: !Equals [!Ref Tls, 'yes']}
    Resources:
      B: {Type: AWS::S3::Bucket}
      P:
        Type: AWS::S3::BucketPolicy
        Condition: WithTls
        Properties:
          Bucket: !Ref B
          PolicyDocument:
            Statement:
              - Effect: Deny
                Principal: '*'
                Action: 's3:*'
                Resource: '*'
                Condition: {Bool: {'aws:SecureTransport': false}}
    """
    decisions, _ = judged(textwrap.dedent(text), {})
    found = [
        (d.resource.address, d.verdict, d.when) for d in decisions if d.rule.id == "aws-s3-bucket-insecure-transport"
    ]
    assert found == [("B", "undecided", 'condition "WithTls" is false')]


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[Stack]:
    """The worlds that are evaluated while a stack is judged."""
    found: list[Stack] = []

    def counted(stack: Stack) -> tuple[Graph, tuple[Problem, ...]]:
        found.append(stack)
        return normalise(stack)

    monkeypatch.setattr(judging, "normalise", counted)
    return found


def test_many_values_are_told_apart_by_what_they_come_to(evaluated: list[Stack]) -> None:
    """Old and new types take turns: a case for each half of halves would be forty."""
    types = [f"{family}.{size}" for size in range(20) for family in ("m3", "m5")]
    text = f"""
        Parameters: {{Type: {{Type: String, AllowedValues: {types}, Default: m5.0}}}}
        Resources: {{I: {{Type: AWS::EC2::Instance, Properties: {{ImageId: a, InstanceType: !Ref Type}}}}}}
    """
    decisions, problems = judged(textwrap.dedent(text), {}, rules=("aws-ec2-instance-ebs-optimized",))
    assert problems == []
    ((verdict, message, when),) = ((d.verdict, d.message, d.when) for d in decisions)
    assert verdict == "undecided"
    assert message.startswith("ebs_optimized is (not set) on m3.0, when")
    assert when == 'parameter "Type" is "m3.0" or "m3.1" or "m3.2" or "m3.3" or "m3.4" or 15 others'
    assert len(evaluated) <= 5


@pytest.mark.parametrize(("type_", "worlds"), [("AWS::SNS::Topic", 1), ("AWS::SSM::Parameter", 3)])
def test_only_what_a_policy_looks_at_is_told_apart(evaluated: list[Stack], type_: str, worlds: int) -> None:
    """It asks for parameters and secrets named as a variable's value is; topics that may be there are no matter."""
    text = f"""
        Parameters: {{P: {{Type: String, AllowedValues: [a, b], Default: a}}}}
        Conditions: {{IsA: !Equals [!Ref P, a]}}
        Resources:
          F:
            Type: AWS::Lambda::Function
            Properties:
              Code: {{ZipFile: a}}
              Role: arn:aws:iam::123456789012:role/f
              Environment: {{Variables: {{DB_PASSWORD: hunter2hunter2}}}}
          Other: {{Type: {type_}, Condition: IsA, Properties: {{Name: hunter2hunter2, Type: String, Value: a}}}}
    """
    decisions, problems = judged(textwrap.dedent(text), {}, rules=("aws-lambda-environment-secret",))
    assert problems == []
    assert [d.verdict for d in decisions] == ["violated" if type_ == "AWS::SNS::Topic" else "undecided"]
    assert len(evaluated) == worlds


def test_what_a_macro_may_read_exists_in_no_case() -> None:
    text = """
        Transform: OurMacro
        Parameters: {P: {Type: String, AllowedValues: [a, b], Default: a}}
        Conditions: {IsB: !Equals [!Ref P, b]}
        Resources:
          T: {Type: AWS::SNS::Topic, Condition: IsB, Properties: {TopicNam: a}}
    """
    rules = ("aws-schema-unknown-argument",)
    decisions, _ = judged(textwrap.dedent(text), {}, rules=rules)
    assert [d.verdict for d in decisions] in ([], ["satisfied"])
    decisions, _ = judged(textwrap.dedent(text).replace("Transform: OurMacro", ""), {}, rules=rules)
    assert [(d.verdict, d.when) for d in decisions] == [("undecided", 'condition "IsB" is true')]


def test_too_many_cases_are_said_and_decided_by_default() -> None:
    names = [f"P{n}" for n in range(12)]
    parameters = "".join(f"  {n}: {{Type: String, AllowedValues: [a, b], Default: a}}\n" for n in names)
    conditions = "".join(f"  C{n}: !Equals [!Ref {n}, a]\n" for n in names)
    rule = "{IpProtocol: tcp, FromPort: %d, ToPort: 22, CidrIp: 0.0.0.0/0}"
    rules = "".join(f"        - !If [C{n}, {rule % i}, !Ref AWS::NoValue]\n" for i, n in enumerate(names))
    group = "  G:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      SecurityGroupIngress:\n"
    text = f"Parameters:\n{parameters}Conditions:\n{conditions}Resources:\n{group}{rules}"
    decisions, problems = judged(text, {}, notices=True)
    assert [(p.kind, p.notice) for p in problems] == [("too-large", True)]
    assert "cases that matter" in problems[0].message
    found = [d for d in decisions if d.verdict == "violated"]
    assert len(found) == 12
    assert {d.when for d in found} == {""}


@pytest.mark.parametrize(
    ("inside", "outside", "words"),
    [
        ([{"a": "1"}], [{"a": "2"}], "a is 1"),
        ([{"a": "1"}, {"a": "2"}], [{"a": "3"}], "a is 1 or 2"),
        ([{"a": "1", "b": "1"}], [{"a": "1", "b": "2"}, {"a": "2", "b": "1"}], "a is 1 and b is 1"),
        ([{"a": "1", "condition c": "true"}], [{"a": "2", "condition c": "false"}], "condition c is true"),
        ([{"a": "1", "b": "2"}, {"a": "2", "b": "1"}], [{"a": "1", "b": "1"}], "b is 2, or a is 2"),
        ([{"a": "1"}], [{"b": "1"}], "a is 1"),
        ([{}], [{}], "other parameters are given"),
        (
            [{"p": '"1" or "2" or "3"'}, {"p": '"4" or "5" or "6" or "7"'}],
            [{"p": '"8"'}],
            'p is "1" or "2" or "3" or "4" or "5" or 2 others',
        ),
    ],
)
def test_words(inside: list[Mapping[str, str]], outside: list[Mapping[str, str]], words: str) -> None:
    assert separating(inside, outside, []) == words
