"""Every rule of the grammar on plain data and with an operand that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import REST, Encoded, Reference, Unknown, Value
from iacguard.policy.errors import EvaluationError, ExpressionError
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import truth

U = Unknown("variable x has no default", "variable")
ARN = Unknown("known after apply", "computed", reference=Reference("aws_kms_key.k", "arn"), present=True)
PREFIXED = Unknown("variable x", parts=("prod-", U, ".log"))
EITHER = Unknown("condition", "condition", choices=("a", "b"))
MANY = Unknown("dynamic block", spread=True)

DATA: dict[str, Value] = {
    "name": "web",
    "zero": 0,
    "on": True,
    "off": False,
    "empty": "",
    "none": None,
    "list": ["a", "b"],
    "rules": [{"port": 22, "open": False}, {"port": 443, "open": True}, {"port": 80}],
    "nested": [["a"], ["b", "c"], "d"],
    "map": {"x": 1, "y": 2},
    "deep": {"a": [{"b": {"c": "end"}}]},
    "odd-key": 7,
    "u": U,
    "arn": ARN,
    "prefixed": PREFIXED,
    "either": EITHER,
    "open_list": ["a", MANY],
    "only_open": [MANY],
    "u_rules": [{"port": 22, "open": U}, {"port": 443, "open": True}],
    "u_ports": [{"port": U}, {"port": 443}],
    "partly": {"x": 1, REST: U},
    "rest": {REST: U},
    "json": Encoded({"a": 1}, '{"a":1}'),
    "u_json": Encoded({"a": U}, None),
}


def run(expression: str, data: Value = DATA, *, strict: bool = False) -> Value:
    return compile_expression(expression).evaluate(data, Context(strict=strict))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # identifiers, subexpressions
        ("name", "web"),
        ("missing", None),
        ('"odd-key"', 7),
        ("deep.a[0].b.c", "end"),
        ("name.first", None),
        ("@.name", "web"),
        # literals
        ("'text'", "text"),
        (r"'it\'s'", "it's"),
        ("`22`", 22),
        ('`{"a": [1, null]}`', {"a": [1, None]}),
        # indices and slices
        ("list[0]", "a"),
        ("list[-1]", "b"),
        ("list[5]", None),
        ("map[0]", None),
        ("list[::-1]", ["b", "a"]),
        ("list[1:]", ["b"]),
        ("name[0:1]", None),
        # projections
        ("rules[*].port", [22, 443, 80]),
        ("rules[*].open", [False, True]),
        ("nested[]", ["a", "b", "c", "d"]),
        ("map.*", [1, 2]),
        ("rules[?port == `22`].open", [False]),
        ("rules[?open] | [0].port", 443),
        ("name[*]", None),
        ("name[?@]", None),
        # multi-selects
        ("[name, zero]", ["web", 0]),
        ("{n: name, z: missing}", {"n": "web", "z": None}),
        ("missing.[a, b]", None),
        ("rules[*].{p: port}", [{"p": 22}, {"p": 443}, {"p": 80}]),
        # logic; the operands themselves are the result
        ("missing || name", "web"),
        ("name && zero", 0),
        ("empty && name", ""),
        ("!zero", False),
        ("!off", True),
        ("!list", False),
        ("(on || off) && !off", True),
        # comparisons
        ("zero == off", False),
        ("on == `1`", False),
        ('list == `["a", "b"]`', True),
        ('map != `{"y": 2, "x": 1}`', False),
        ("zero < `1`", True),
        ("'a' <= 'b'", True),
        ("name > zero", None),
        ("on >= `0`", None),
        # functions and expression references
        ("length(list)", 2),
        ("sort_by(rules, &port)[*].port", [22, 80, 443]),
        ("max_by(rules, &port).port", 443),
        ("join('-', list)", "a-b"),
        # encoded structures count as their text
        ("json == '{\"a\":1}'", True),
        ("contains(json, 'a')", True),
        ("json.a", None),
        ("decode_json(json).a", 1),
    ],
)
def test_plain(expression: str, expected: Value) -> None:
    assert run(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # logic
        ("u && off", False),
        ("off && u", False),
        ("u && on", None),
        ("on && u", None),
        ("u || on", True),
        ("on || u", True),
        ("u || off", None),
        ("off || u", None),
        ("!u", None),
        ("!(u && off)", True),
        ("(u == 'a') && (u == 'b') && off", False),
        ("(u == 'a' || on) == `true`", True),
        # a comparison is a boolean, whatever its operands are
        ("(u == 'a') == `null`", False),
        ("(u == 'a' && off) == `false`", True),
        # presence
        ("u", None),
        ("arn", True),
        ("!arn", False),
        ("arn == `null`", False),
        ("arn != ''", True),
        ("arn == 'x'", None),
        ("exists(arn)", True),
        ("exists(u)", None),
        # known pieces of a text
        ("prefixed", True),
        ("prefixed == 'dev-1.log'", False),
        ("prefixed == 'prod-1.log'", None),
        ("prefixed == `5`", False),
        ("starts_with(prefixed, 'prod')", True),
        ("starts_with(prefixed, 'dev')", False),
        ("starts_with(prefixed, 'prod-1')", None),
        ("ends_with(prefixed, '.log')", True),
        ("ends_with(prefixed, '.txt')", False),
        ("ends_with(prefixed, '1.log')", None),
        ("contains(prefixed, 'rod')", True),
        ("contains(prefixed, 'zzz')", None),
        ("prefixed.attribute", False),
        ("prefixed[0]", False),
        # one of several
        ("either", True),
        ("either == 'c'", False),
        ("either == 'a'", None),
        ("contains(['a', 'b'], either)", True),
        ("contains(['a'], either)", None),
        ("upper(either) == 'C'", False),
        ("length(either) == `1`", True),
        ("either < 'c'", True),
        # comparisons
        ("u == u", None),
        ("u != 'a'", None),
        ("u < `5`", None),
        ("`5` >= u", None),
        ("u < on", False),
        ("[u, `1`] == [`5`, `2`]", False),
        ("[u, `1`] == [`5`, `1`]", None),
        ("[u] == [`1`, `2`]", False),
        ("open_list == `[]`", False),
        ('open_list == `["b"]`', False),
        ('open_list == `["a"]`', None),
        ('partly == `{"x": 2}`', False),
        ('partly == `{"x": 1}`', None),
        ("map == partly", None),
        # what is read out of an unknown
        ("u.a.b", None),
        ("u[0]", None),
        ("u[*].a", None),
        ("u[]", None),
        ("u.*", None),
        ("u[?a]", None),
        ("u[1:]", None),
        ("u | a", None),
        ("u.[a]", None),
        ("arn.[@]", True),
        ("u.{a: a}", None),
        # open lists and maps
        ("open_list", True),
        ("only_open", None),
        ("open_list[0] == 'a'", True),
        ("open_list[1]", None),
        ("open_list[-1]", None),
        ('open_list[:1] == `["a"]`', True),
        ("open_list[1:]", None),
        ("only_open[]", None),
        ("contains(open_list, 'a')", True),
        ("contains(open_list, 'z')", None),
        ("length(open_list) == `1`", None),
        ("partly", True),
        ("rest", None),
        ("partly.x == `1`", True),
        ("partly.other", None),
        ("partly.*", True),
        ("keys(rest)", None),
        # filters
        ("u_rules[?open]", True),
        ("u_rules[?open && port == `22`]", None),
        ("u_rules[?open && port == `21`]", False),
        ("u_rules[?open].port | contains(@, `22`)", None),
        ("u_rules[?open].port | contains(@, `443`)", True),
        ("u_rules[?open].port | contains(@, `80`)", False),
        ("u_rules[?open] | [0].port == `80`", False),
        ("u_rules[?open] | [0].port == `22`", None),
        ("u_ports[?port == `22`]", None),
        ("u_ports[?port == `22`] | [?port == `443`]", None),
        ("open_list[?@ == 'z']", None),
        ("open_list[?@ == 'a']", True),
        ("only_open[?off]", None),
        # a projection drops nulls, so an unknown may be dropped
        ("[u][*]", None),
        ("[arn][*]", True),
        ("[u, 'a'][]", True),
        # quantifiers
        ("any(u_rules, &open)", True),
        ("any(u_rules, &port == `22` && open)", None),
        ("any(u_rules, &port == `1` && open)", False),
        ("all(u_rules, &open)", None),
        ("all(u_rules, &port == `22` && open)", False),
        ("none(u_rules, &open)", False),
        ("none(u_rules, &port == `1`)", True),
        ("any(open_list, &@ == 'z')", None),
        ("all(open_list, &@ == 'z')", False),
        ("all(`[]`, &@)", True),
        ("any(u, &off)", None),
        ("flatten_all(u)", None),
        ("flatten_all([u, arn])", True),
        ("count(u_rules, &port > `1`) == `2`", True),
        ("count(u_rules, &open) == `2`", None),
        # documents
        ("u_json", True),
        ("u_json == ''", False),
        ("decode_json(u_json).a", None),
        ("decode_json(u_json).b", False),
    ],
)
def test_unknown(expression: str, expected: bool | None) -> None:
    assert truth(run(expression)) is expected


def test_the_reason_survives() -> None:
    found = run("u.a == 'x' && on")
    assert isinstance(found, Unknown)
    assert found.reason == U.reason


@pytest.mark.parametrize(
    ("expression", "offset", "word"),
    [
        ("", 0, "empty"),
        ("a ==", 4, "ends too early"),
        ("a && && b", 5, "'&&'"),
        ("port == 22", 8, "cannot stand here"),
        ("a ? b", 2, "?"),
        ("ok && nothere(a)", 6, "no function nothere"),
        ("ok && contains(a)", 6, "takes 2 arguments, not 1"),
        ("!a.b", 0, "always null"),
        ("!a[?b]", 0, "always null"),
        ("(" * 5000 + "a" + ")" * 5000, 0, "too deeply"),
    ],
)
def test_errors_have_a_place(expression: str, offset: int, word: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(expression)
    assert caught.value.offset == offset
    assert word in str(caught.value)


def test_hints() -> None:
    for expression, hint in (("port == 22", "`22`"), ("containss(a, b)", "contains()"), ("!a.b", "!(a.b)")):
        with pytest.raises(ExpressionError) as caught:
            compile_expression(expression)
        assert hint in caught.value.hint


def test_null_arguments() -> None:
    assert run("contains(missing, 'a')") is None
    assert run("starts_with(missing, 'a') || `true`") is True
    with pytest.raises(EvaluationError, match="subject must be array or string, not null"):
        run("contains(missing, 'a')", strict=True)


@pytest.mark.parametrize("expression", ["abs(name)", "starts_with(name, `1`)", "join('-', [name, `1`])", "sort(rules)"])
def test_wrong_types_fail(expression: str) -> None:
    with pytest.raises(EvaluationError):
        run(expression)


def test_a_wrong_type_among_choices_is_no_failure() -> None:
    data: dict[str, Any] = {"x": Unknown("condition", choices=("ab", 5))}
    assert truth(run("starts_with(x, 'a')", data)) is None
