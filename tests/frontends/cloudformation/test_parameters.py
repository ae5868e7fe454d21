"""What a parameter's value is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Unknown, Value

Load = Callable[..., Stack]


def parameter(load: Load, body: str, **given: str) -> Value:
    stack = load(
        f"Parameters:\n  P: {body}\nResources:\n  R: {{Type: 'AWS::A::B', Properties: {{V: !Ref P}}}}\n", **given
    )
    assert stack.problems == ()
    return stack.resources[0].attributes["V"]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("{Type: String, Default: a}", "a"),
        ("{Type: String, Default: true}", "true"),
        ("{Type: String, Default: yes}", "true"),
        ("{Type: String, Default: 'yes'}", "yes"),
        ("{Type: String, Default: 5}", "5"),
        ("{Type: String, Default: 1.50}", "1.50"),
        ("{Type: String, Default: }", ""),
        ("{Type: Number, Default: 5}", 5),
        ("{Type: Number, Default: '5'}", 5),
        ("{Type: Number, Default: 1.5}", 1.5),
        ("{Type: Number, Default: x}", "x"),
        ("{Type: CommaDelimitedList, Default: 'a, b'}", ["a", "b"]),
        ("{Type: CommaDelimitedList, Default: ''}", []),
        ("{Type: CommaDelimitedList, Default: [a, b]}", ["a", "b"]),
        ("{Type: 'List<Number>', Default: '1,2'}", ["1", "2"]),
        ("{Type: 'AWS::EC2::VPC::Id', Default: vpc-1}", "vpc-1"),
        ("{Default: a}", "a"),
    ],
)
def test_default(load: Load, body: str, value: Value) -> None:
    found = parameter(load, body)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("type_", "given", "value"),
    [("String", "x", "x"), ("Number", "80", 80), ("CommaDelimitedList", "a,b", ["a", "b"]), ("String", "", "")],
)
def test_given(load: Load, type_: str, given: str, value: Value) -> None:
    assert parameter(load, f"{{Type: {type_}, Default: d}}", P=given) == value
    assert parameter(load, f"{{Type: {type_}}}", P=given, Other="y") == value


@pytest.mark.parametrize(
    ("body", "kind", "choices", "secret", "present"),
    [
        ("{Type: String}", "variable", (), False, False),
        ("{Type: String, AllowedValues: [a, b]}", "variable", ("a", "b"), False, True),
        ("{Type: String, AllowedValues: ['', b]}", "variable", ("", "b"), False, False),
        ("{Type: Number, AllowedValues: [1, '2']}", "variable", (1, 2), False, True),
        ("{Type: String, NoEcho: true}", "variable", (), True, False),
        ("{Type: String, NoEcho: 'True', Default: x}", "default", (), True, True),
        ("{Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}", "data", (), False, True),
    ],
)
def test_unknown(load: Load, body: str, kind: str, choices: tuple[Value, ...], secret: bool, present: bool) -> None:
    found = parameter(load, body)
    assert isinstance(found, Unknown)
    assert (found.kind, found.choices, found.secret, found.present) == (kind, choices, secret, present)
    assert found.span is not None
    assert found.span.line == 2


def test_secret_default_is_kept_nowhere(load: Load) -> None:
    stack = load(
        """\
        Parameters:
          P: {Type: String, NoEcho: true, Default: hunter2}
        Resources:
          R: {Type: 'AWS::A::B', Properties: {V: !Ref P, W: !Sub 'x${P}'}}
        """
    )
    assert "hunter2" not in repr(stack.resources[0].attributes)
