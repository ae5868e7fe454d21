"""Conditions: three-valued, by name and inline; what exists under them."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Unknown

Load = Callable[..., Stack]

TRUTHS = {"T": True, "F": False, "U": None}


def template(condition: str) -> str:
    return f"""\
        Parameters:
          Open: {{Type: String}}
          Env: {{Type: String, AllowedValues: [dev, prod]}}
        Conditions:
          T: !Equals [a, a]
          F: !Equals [a, b]
          U: !Equals [!Ref Open, a]
          It: {condition}
        Resources:
          R:
            Type: AWS::S3::Bucket
            Condition: It
        """


def truth(load: Load, condition: str) -> bool | None:
    stack = load(template(condition))
    assert stack.problems == ()
    uncertain = stack.alternatives.open().uncertain if stack.alternatives else {}
    if uncertain:
        assert uncertain["R"].startswith('condition "It" is not known: ')
        assert len(stack.resources) == 1
        return None
    return bool(stack.resources)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("!Equals [1, '1']", True),
        ("!Equals [true, 'true']", True),
        ("!Equals [true, 'True']", False),
        ("!Equals ['', !Ref Open]", None),
        ("!Equals [!Ref Open, !Ref Open]", True),
        ("!Equals [!Ref Env, prod]", None),
        ("!Equals [!Ref Env, staging]", False),
        ("!Equals [[a, b], [a, b]]", True),
        ("!Equals [[a], [a, b]]", False),
        ("!Equals [[a, !Ref Open], [b, c]]", False),
        ("!Equals [[a, !Ref Open], [a, c]]", None),
        ("!Equals [!Sub 'x-${Open}', 'y-1']", False),
        ("!Equals [!Sub 'x-${Open}', 'x-1']", None),
        ("!Equals [!Ref AWS::AccountId, '']", False),
        ("!Equals [!Ref AWS::Region, us-east-1]", None),
        ("!Not [!Equals [a, a]]", False),
        ("{'Fn::And': [{Condition: T}, {'Fn::Not': [{Condition: F}]}]}", True),
        ("!Condition T", True),
        ("{Condition: F}", False),
        ("!Or [!Condition U, !And [!Condition T, !Condition T]]", True),
    ],
)
def test_expression(load: Load, condition: str, expected: bool | None) -> None:
    assert truth(load, condition) is expected


@pytest.mark.parametrize(("left", "right"), list(itertools.product(TRUTHS, repeat=2)))
def test_three_values(load: Load, left: str, right: str) -> None:
    """Kleene's tables."""
    pair = {TRUTHS[left], TRUTHS[right]}
    conjunction = False if False in pair else None if None in pair else True
    disjunction = True if True in pair else None if None in pair else False
    assert truth(load, f"!And [!Condition {left}, !Condition {right}]") is conjunction
    assert truth(load, f"!Or [!Condition {left}, !Condition {right}]") is disjunction
    inverted = None if TRUTHS[left] is None else not TRUTHS[left]
    assert truth(load, f"!Not [!Condition {left}]") is inverted


def test_reason_names_the_cause(load: Load) -> None:
    stack = load(
        """\
        Parameters:
          Env: {Type: String}
        Conditions:
          IsProd: !Equals [!Ref Env, prod]
          Both: !And [!Condition IsProd, !Equals [a, a]]
        Resources:
          R: {Type: 'AWS::S3::Bucket', Properties: {A: !If [Both, 1, 2]}}
        """
    )
    found = stack.resources[0].attributes["A"]
    assert isinstance(found, Unknown)
    assert found.reason == (
        'condition "Both" is not known: condition "IsProd" is not known: parameter "Env" has no default'
    )


def test_given_parameter_decides(load: Load) -> None:
    text = template("!Equals [!Ref Env, prod]")
    assert [r.address for r in load(text, Env="prod").resources] == ["R"]
    assert load(text, Env="dev").resources == ()


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("!Condition It", 'condition "It" depends on itself'),
        ("!Not [!Condition Nope]", 'there is no condition "Nope"'),
        ("!Equals [a]", "Fn::Equals has the wrong number of arguments"),
        ("!Not [a, b]", "Fn::Not has the wrong number of arguments"),
        ("!And []", "Fn::And has the wrong number of arguments"),
    ],
)
def test_wrong(load: Load, condition: str, message: str) -> None:
    stack = load(template(condition))
    assert [p.message for p in stack.problems] == [message]
    assert len(stack.resources) == 1


def test_circle_of_conditions(load: Load) -> None:
    stack = load(
        """\
        Conditions:
          A: !Not [!Condition B]
          B: !Not [!Condition C]
          C: !Not [!Condition A]
        Resources:
          R: {Type: 'AWS::S3::Bucket', Condition: A}
        """
    )
    assert [(p.kind, p.message) for p in stack.problems] == [("reference", 'condition "A" depends on itself')]


def test_very_long_chain(load: Load) -> None:
    lines = ["Conditions:", "  C0: !Equals [a, a]"]
    lines += [f"  C{i}: !Not [!Condition C{i - 1}]" for i in range(1, 2_000)]
    lines += ["Resources:", "  R: {Type: 'AWS::S3::Bucket', Condition: C1999}"]
    stack = load("\n".join(lines))
    assert [p.kind for p in stack.problems] == ["too-large"]


@pytest.mark.parametrize("written", ["yaml", "json"])
def test_cases_are_as_if_evaluated_afresh(load: Load, as_json: Callable[[str], str], written: str) -> None:
    text = """
        Parameters:
          Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
          Size: {Type: String, Default: s, AllowedValues: [s, l]}
        Conditions:
          Live: !Equals [!Ref Env, prod]
        Resources:
          Key: {Type: 'AWS::KMS::Key'}
          It:
            Type: AWS::Test::It
            Properties:
              Arn: !GetAtt Key.Arn
              Env: !Ref Env
              Size: !Ref Size
              Gone: !If [Live, !Ref 'AWS::NoValue', !Ref Key]
              Never: !Ref AWS::NoValue
    """
    text = as_json(textwrap.dedent(text)) if written == "json" else text
    found = {}
    alternatives = load(text).alternatives
    assert alternatives is not None
    for env in alternatives.open().split('parameter "Env" may be given another value than its default'):
        for world in env.split('parameter "Size" may be given another value than its default'):
            values = world.stack.resources[1].attributes
            fresh = load(text, Env=values["Env"], Size=values["Size"])
            assert (values, world.stack.edges) == (fresh.resources[1].attributes, fresh.edges)
            assert list(values) == list(fresh.resources[1].attributes)
            found[values["Env"], values["Size"]] = "Gone" in values
    assert found == {("dev", "s"): True, ("dev", "l"): True, ("prod", "s"): False, ("prod", "l"): False}
