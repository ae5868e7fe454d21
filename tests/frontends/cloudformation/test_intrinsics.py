"""Every intrinsic function, short and long, known and unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iacguard.frontends.cloudformation.functions import FUNCTIONS
from iacguard.frontends.contract import Stack
from iacguard.model import Encoded, Reference, Unknown, Value

Evaluate = Callable[[str], Any]
Load = Callable[..., Stack]

RULE_FUNCTIONS = [
    f"Fn::{name}" for name in ("Contains", "EachMemberEquals", "EachMemberIn", "RefAll", "ValueOf", "ValueOfAll")
]

KNOWN: list[tuple[str, Value]] = [
    ("!Ref Name", "web"),
    ("{Ref: Name}", "web"),
    ("!Ref Port", 443),
    ("!Ref Flag", "true"),
    ("!Ref Names", ["a", "b", "c"]),
    ("!Ref Zones", ["z1", "z2"]),
    ("!Ref Empty", ""),
    ("!Ref AWS::Partition", "aws"),
    ("!Ref AWS::URLSuffix", "amazonaws.com"),
    ("!Ref AWS::NoValue", "<absent>"),
    ("[1, !Ref 'AWS::NoValue', 2]", [1, 2]),
    ("{A: 1, B: !Ref 'AWS::NoValue'}", {"A": 1}),
    ("!Sub 'x-${Name}-${Port}'", "x-web-443"),
    ("{'Fn::Sub': 'x-${Name}'}", "x-web"),
    ("!Sub '${!Name} $Name ${ Name }'", "${Name} $Name web"),
    ("!Sub ['${A}-${Name}', {A: !Ref Port}]", "443-web"),
    ("!Sub ['${Name}', {Name: mine}]", "mine"),
    ("!Sub ['${A}', {A: true}]", "true"),
    ("!Sub 'arn:${AWS::Partition}:s3:::x'", "arn:aws:s3:::x"),
    ("!Join ['-', [a, !Ref Name, 1]]", "a-web-1"),
    ("!Join ['', !Ref Names]", "abc"),
    ("{'Fn::Join': [',', []]}", ""),
    ("!Join ['-', [a, !If [No, b, !Ref 'AWS::NoValue'], c]]", "a-c"),
    ("!Select [1, [a, b]]", "b"),
    ("!Select ['0', !Ref Names]", "a"),
    ("!Select [2, !Split [',', 'a,b,c']]", "c"),
    ("!Select [0, [a, !Ref Open]]", "a"),
    ("{'Fn::Select': [0, {'Fn::Split': ['-', {Ref: Name}]}]}", "web"),
    ("!Split ['|', 'a|b']", ["a", "b"]),
    ("!FindInMap [Sizes, dev, Type]", "t3.nano"),
    ("!FindInMap [Sizes, prod, Disks]", [3]),
    ("!FindInMap [Sizes, nope, Type, {DefaultValue: x}]", "x"),
    ("!FindInMap [Nope, dev, Type, {DefaultValue: !Ref Name}]", "web"),
    ("!FindInMap [Same, !Ref Env, Type]", "one"),
    ("{'Fn::FindInMap': [Sizes, dev, Type]}", "t3.nano"),
    ("!If [Yes, a, b]", "a"),
    ("!If [No, a, b]", "b"),
    ("!If [Never, a, b]", "b"),
    ("{'Fn::If': [No, a, !Ref 'AWS::NoValue']}", "<absent>"),
    ("!If [Yes, !If [No, a, b], c]", "b"),
    ("!If [Maybe, same, same]", "same"),
    ("!If [Maybe, !Ref 'AWS::NoValue', !Ref 'AWS::NoValue']", "<absent>"),
    ("!Base64 abc", "abc"),
    ("{'Fn::Base64': !Sub '${Name}'}", "web"),
    ("!Base64 {'Fn::Sub': '${Name}'}", "web"),
    ("!Cidr ['10.0.0.0/16', 3, 8]", ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]),
    ("!Cidr ['10.0.0.0/24', '2', '5']", ["10.0.0.0/27", "10.0.0.32/27"]),
    ("!Cidr ['2001:db8::/56', 2, 64]", ["2001:db8::/64", "2001:db8:0:1::/64"]),
    ("!Select [1, !Cidr ['192.168.0.0/16', 2]]", "192.168.1.0/24"),
    ("!Length [a, b, c]", 3),
    ("{'Fn::Length': !Ref Names}", 3),
    ("'{{not-a-reference}}'", "{{not-a-reference}}"),
    ("{Condition: x}", {"Condition": "x"}),
    ("2012-10-17", "2012-10-17"),
]


@pytest.mark.parametrize(("expression", "expected"), KNOWN, ids=[e for e, _ in KNOWN])
def test_known(value: Evaluate, expression: str, expected: Value) -> None:
    assert value(expression) == expected


# expression, then what must be known of the unknown value
UNKNOWN: list[tuple[str, Any]] = [
    ("!Ref Open", {"kind": "variable", "reason": 'parameter "Open" has no default', "choices": (), "secret": False}),
    ("!Ref Env", {"kind": "variable", "choices": ("dev", "prod"), "present": True}),
    ("!Ref Secret", {"kind": "default", "secret": True, "present": True}),
    ("!Ref Image", {"kind": "data", "present": True}),
    ("!Ref AWS::Region", {"kind": "data", "present": True}),
    ("!Ref AWS::AccountId", {"kind": "data", "present": True}),
    ("!Ref AWS::NotificationARNs", {"kind": "data", "present": False}),
    ("!Ref Bucket", {"kind": "computed", "reference": Reference("Bucket", ""), "present": True}),
    ("!GetAtt Bucket.Arn", {"kind": "computed", "reference": Reference("Bucket", "Arn"), "present": True}),
    ("!GetAtt [Bucket, Arn]", {"reference": Reference("Bucket", "Arn")}),
    ("{'Fn::GetAtt': [Bucket, Website.Url]}", {"reference": Reference("Bucket", "Website.Url")}),
    ("!GetAtt Made.Answer", {"reference": Reference("Made", "Answer"), "present": False}),
    ("!Sub '${Bucket}'", {"kind": "computed", "reference": Reference("Bucket", "")}),
    ("!Sub '${Bucket.Arn}/*'", {"prefix": "", "suffix": "/*", "present": True}),
    ("!Sub 'arn:aws:s3:::${Open}/x'", {"prefix": "arn:aws:s3:::", "suffix": "/x"}),
    ("!Sub 'p-${Secret}'", {"secret": True}),
    ("!Join ['/', [a, !Ref Open, b]]", {"prefix": "a/", "suffix": "/b"}),
    ("!Join [',', !Ref Open]", {"reason": 'parameter "Open" has no default'}),
    ("!Join [',', [a, !If [Maybe, b, !Ref 'AWS::NoValue']]]", {"parts": ()}),
    ("!Select [0, !GetAZs '']", {"reason": "the availability zones are those of the account"}),
    ("!Select [1, [!If [Maybe, a, !Ref 'AWS::NoValue'], b]]", {"reference": None}),
    ("!Split [',', !Ref Open]", {"reason": 'parameter "Open" has no default'}),
    ("!FindInMap [Sizes, !Ref Env, Type]", {"choices": ("t3.nano", "m5.large"), "present": True}),
    ("!Split ['.', !FindInMap [Sizes, !Ref Env, Type]]", {"choices": (["t3", "nano"], ["m5", "large"])}),
    ("!Select [0, !Split ['.', !FindInMap [Sizes, !Ref Env, Type]]]", {"choices": ("t3", "m5"), "present": True}),
    ("!Select [7, !Split ['.', !FindInMap [Sizes, !Ref Env, Type]]]", {"choices": ()}),
    ("!FindInMap [Sizes, !Ref Env, Nope, {DefaultValue: 1}]", 1),
    ("!FindInMap [Sizes, !Ref AWS::Region, Type, {DefaultValue: x}]", {"choices": ("t3.nano", "m5.large", "x")}),
    ("!If [Maybe, a, b]", {"kind": "condition", "choices": ("a", "b"), "present": True}),
    ("!If [Perhaps, true, false]", {"kind": "condition", "choices": (True, False)}),
    ("!If [Maybe, a, !Ref 'AWS::NoValue']", {"choices": ("a", None), "spread": False, "present": False}),
    ("!If [Maybe, !If [Perhaps, a, b], c]", {"choices": ("a", "b", "c")}),
    ("!If [Maybe, !Ref Secret, x]", {"secret": True}),
    ("!Base64 {'Fn::Sub': 'x${Secret}'}", {"secret": True, "prefix": "x"}),
    ("!Cidr [!Ref Open, 1, 8]", {"reason": 'parameter "Open" has no default'}),
    ("!GetAZs {Ref: 'AWS::Region'}", {"kind": "data", "present": True}),
    ("!ImportValue vpc", {"kind": "data", "present": True, "reason": '"vpc" is exported by another stack'}),
    ("!ImportValue {'Fn::Sub': '${Open}-x'}", {"kind": "data"}),
    ("!Length [a, !If [Maybe, b, !Ref 'AWS::NoValue']]", {"kind": "expression"}),
    ("'{{resolve:secretsmanager:db:SecretString:password}}'", {"kind": "data", "secret": True, "present": True}),
    ("'{{resolve:ssm-secure:/db/password:1}}'", {"secret": True}),
    ("'{{resolve:ssm:/db/host}}'", {"kind": "data", "secret": False, "present": True}),
    ("'jdbc:{{resolve:secretsmanager:db}}/x'", {"prefix": "jdbc:", "suffix": "/x", "secret": True}),
    ("!Sub '{{resolve:secretsmanager:${Name}}}'", {"kind": "data", "secret": True, "parts": ()}),
    ("!Sub '{{resolve:secretsmanager:${Bucket}:SecretString:p}}'", {"kind": "data", "secret": True, "parts": ()}),
    ("!Sub 'x{{resolve:ssm:${Open}}}y${Open}'", {"prefix": "x", "suffix": "", "secret": False}),
    ("!Join ['', ['{{resolve:secretsmanager:', !Ref Bucket, '}}']]", {"kind": "data", "secret": True}),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), UNKNOWN, ids=[e for e, _ in UNKNOWN])
def test_unknown(value: Evaluate, expression: str, expected: Any) -> None:
    found = value(expression)
    if not isinstance(expected, dict):
        assert found == expected
        return
    assert isinstance(found, Unknown)
    assert {name: getattr(found, name) for name in expected} == expected


def test_list_keeps_what_is_certain(value: Evaluate) -> None:
    first, maybe, last = value("[a, !If [Maybe, b, !Ref 'AWS::NoValue'], c]")
    assert (first, last) == ("a", "c")
    assert (maybe.spread, maybe.choices, maybe.present) == (True, ("b",), False)


def test_to_json_string(value: Evaluate) -> None:
    found = value("!ToJsonString {a: [1, !Ref Name], b: {c: true}}")
    assert isinstance(found, Encoded)
    assert found.text == '{"a":[1,"web"],"b":{"c":true}}'
    partly = value("!ToJsonString {a: !Ref Open}")
    assert partly.text is None
    assert partly.value["a"].kind == "variable"


WRONG = [
    ("!Ref Nope", "reference", 'there is no parameter or resource "Nope" in this template'),
    ("!GetAtt Nope.Arn", "reference", 'there is no resource "Nope" in this template'),
    ("!Sub '${Nope}'", "reference", 'there is no parameter or resource "Nope" in this template'),
    ("!Sub '${Nope.Arn}'", "reference", 'there is no resource "Nope" in this template'),
    ("!FindInMap [Nope, a, b]", "reference", 'there is no mapping "Nope"'),
    ("!FindInMap [Sizes, dev, Nope]", "reference", 'mapping "Sizes" has no entry "dev", "Nope"'),
    ("!If [Nope, a, b]", "reference", 'there is no condition "Nope"'),
    ("!Foo bar", "reference", "there is no intrinsic function Fn::Foo"),
    ("{'Fn::Foo': bar}", "reference", "there is no intrinsic function Fn::Foo"),
    ("{Ref: [a]}", "value", "Ref takes a name"),
    ("{'Fn::GetAtt': [Bucket, '']}", "value", "Fn::GetAtt takes a resource and an attribute"),
    ("!GetAtt Bucket", "value", "Fn::GetAtt takes a resource and an attribute"),
    ("!GetAtt [Bucket]", "value", "Fn::GetAtt takes a resource and an attribute"),
    ("!If [Yes, a]", "value", "Fn::If takes a condition and two values"),
    ("!Join [a]", "value", "Fn::Join takes a delimiter and a list"),
    ("!Join [',', x]", "value", "Fn::Join takes a delimiter and a list"),
    ("!Join [',', [{a: 1}]]", "value", "Fn::Join takes a list of texts"),
    ("!Select [a, [b]]", "value", "Fn::Select takes an index and a list"),
    ("!Select [3, [a]]", "value", "Fn::Select asks for item 3 of a list of 1"),
    ("!Select [-1, [a]]", "value", "Fn::Select takes an index and a list"),
    ("!Split ['', a]", "value", "Fn::Split takes a delimiter and a text"),
    ("!Sub [a]", "value", "Fn::Sub takes a text, or a list of a text and a mapping"),
    ("!Sub {a: b}", "value", "Fn::Sub takes a text"),
    ("!Sub '${Names}'", "value", "Names is no text; Fn::Sub needs one"),
    ("!Base64 [a]", "value", "Fn::Base64 takes a text"),
    ("!Cidr [x, 1, 8]", "value", "'x' is no block of addresses"),
    ("!Cidr ['10.0.0.0/16', 0, 8]", "value", "Fn::Cidr: count or bits are out of range"),
    ("!Cidr ['10.0.0.0/24', 100, 5]", "value", "10.0.0.0/24 does not hold 100 blocks of 5 bits"),
    ("!Length a", "value", "Fn::Length takes a list"),
]


@pytest.mark.parametrize(("expression", "kind", "message"), WRONG, ids=[e for e, *_ in WRONG])
def test_wrong(
    load: Load, as_json: Callable[[str], str], prelude: str, expression: str, kind: str, message: str
) -> None:
    text = prelude + f"      V: {expression}\n"
    assert [(p.kind, p.message) for p in load(as_json(text)).problems] == [(kind, message)]
    stack = load(text)
    line = prelude.count("\n") + 1
    assert [(p.kind, p.message, p.span.line, p.notice) for p in stack.problems] == [(kind, message, line, False)]
    assert stack.resources[-1].attributes["V"].kind in ("error", "condition")


def test_every_function_is_tested() -> None:
    told = " ".join([e for e, _ in KNOWN] + [e for e, _ in UNKNOWN])
    elsewhere = {"Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"}  # test_conditions
    elsewhere |= {name for name in FUNCTIONS if name in RULE_FUNCTIONS} | {"Fn::Transform", "Fn::ToJsonString"}
    assert {name for name in FUNCTIONS if name.removeprefix("Fn::") not in told} <= elsewhere


@pytest.mark.parametrize("name", [*RULE_FUNCTIONS, "Fn::Transform"])
def test_deliberately_not_evaluated(load: Load, prelude: str, name: str) -> None:
    stack = load(prelude + f"      V: {{'{name}': {{Name: x}}}}\n")
    assert [(p.kind, p.notice) for p in stack.problems] == [("not-evaluated", True)]
    assert stack.resources[-1].attributes.popitem()[1].kind == "function"


def test_text_without_end(load: Load) -> None:
    long = "x" * 4_096
    stack = load(
        f"Parameters:\n  P: {{Default: {long}}}\nResources:\n  R:\n    Type: AWS::A::B\n"
        f"    Properties:\n      V: !Sub '{'${P}' * 100_000}'\n"
    )
    found = stack.resources[0].attributes["V"]
    assert isinstance(found, Unknown)
    assert found.kind == "limit"
