"""Expressions and the values that Terraform's language documentation and HCL's specification give them."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import Unknown, Value, contains_unknown
from tests.frontends.terraform.evaluating import by_address, only, problem_of, value_of

# Built by hand from "Types and Values", "Strings and Templates", "Operators", "Conditional Expressions",
# "For Expressions", "Splat Expressions" and hclsyntax/spec.md.
LITERALS: list[tuple[str, Any]] = [
    ("1", 1),
    ("1.5", 1.5),
    ("1e3", 1000),
    ("-3", -3),
    ("true", True),
    ("false", False),
    ("null", None),
    ('"a"', "a"),
    ('"a\\nb"', "a\nb"),
    ('"tab\\there"', "tab\there"),
    ('"\\u00e9"', "é"),
    ('"$${x}"', "${x}"),
    ('"%%{x}"', "%{x}"),
    ("[]", []),
    ("{}", {}),
    ('[1, "a", true]', [1, "a", True]),
    ("[1, 2,]", [1, 2]),
    ("{a = 1, b = 2}", {"a": 1, "b": 2}),
    ('{"a b" : 1}', {"a b": 1}),
    ('{("x") = 1}', {"x": 1}),
    ("{1 = 2}", {"1": 2}),
    ('{"${"k"}-1" = 2}', {"k-1": 2}),
    ("{in = 2, if = 3, null = 4}", {"in": 2, "if": 3, "null": 4}),
]
OPERATORS: list[tuple[str, Any]] = [
    ("1 + 2", 3),
    ("5 - 7", -2),
    ("2 * 3", 6),
    ("7 / 2", 3.5),
    ("6 / 2", 3),
    ("7 % 3", 1),
    ("-7 % 3", -1),
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("10 - 2 - 3", 5),
    ('"3" + 4', 7),
    ('"1.5" * 2', 3),
    ("1 == 1", True),
    ("1 == 1.0", True),
    ('1 == "1"', False),
    ('true == "true"', False),
    ('"a" == "a"', True),
    ("null == null", True),
    ('"" == null', False),
    ("[1] == [1]", True),
    ("[1] == [2]", False),
    ("{a = 1} == {a = 1}", True),
    ("{a = 1} == {b = 1}", False),
    ("1 != 2", True),
    ("1 < 2", True),
    ('"2" > 1', True),
    ("2 <= 2", True),
    ("2 >= 3", False),
    ("true && false", False),
    ("true && true", True),
    ("false || true", True),
    ('"true" && true', True),
    ("!false", True),
    ("!true || true", True),
    ("1 < 2 && 3 < 4", True),
    ("false && true || true", True),
    ("1 + 1 == 2 ? 1 : 0", 1),
]
TEMPLATES: list[tuple[str, Any]] = [
    ('"a${1}b"', "a1b"),
    ('"a${1.5}b"', "a1.5b"),
    ('"${1000000000000000000000}x"', "1000000000000000000000x"),
    ('"x${0.000001}"', "x0.000001"),
    ('"a${true}"', "atrue"),
    ('"${1}"', 1),
    ('"${[1]}"', [1]),
    ('"${"x"}${"y"}"', "xy"),
    ('"${true ? "a" : "b"}-c"', "a-c"),
    ('"%{ if true }yes%{ else }no%{ endif }"', "yes"),
    ('"%{ if false }yes%{ else }no%{ endif }"', "no"),
    ('"%{ if false }yes%{ endif }"', ""),
    ('"%{ for x in ["a", "b"] }${x},%{ endfor }"', "a,b,"),
    ('"%{ for k, v in {a = 1, b = 2} }${k}=${v};%{ endfor }"', "a=1;b=2;"),
    ('"%{ for i, v in ["x", "y"] }${i}${v}%{ endfor }"', "0x1y"),
    ('"a ${~ "b" ~} c"', "abc"),
    ("<<EOT\nhello\n${1 + 1}\nEOT\n", "hello\n2\n"),
    ("<<-EOT\n    a\n      b\n    EOT\n", "a\n  b\n"),
    ("<<EOT\n${1}\nEOT\n", "1\n"),
]
CONDITIONALS: list[tuple[str, Any]] = [
    ("true ? 1 : 2", 1),
    ("false ? 1 : 2", 2),
    ('true ? 1 : "a"', "1"),
    ('false ? "a" : true', "true"),
    ('"true" ? 1 : 2', 1),
    ("true ? null : 1", None),
    ("false ? 1 : true ? 2 : 3", 2),
    ("true ? [] : [1]", []),
]
ACCESS: list[tuple[str, Any]] = [
    ("[1, 2][0]", 1),
    ('[1, 2]["1"]', 2),
    ('{a = 1}["a"]', 1),
    ("{a = 1}.a", 1),
    ("{a = {b = [1, 2]}}.a.b[1]", 2),
    ('{"1" = "x"}[1]', "x"),
    ("[[1, 2], [3]][1][0]", 3),
    ("[{a = 1}, {a = 2}][*].a", [1, 2]),
    ("[{a = 1}, {a = 2}].*.a", [1, 2]),
    ("[{a = [1, 2]}, {a = [3]}][*].a[0]", [1, 3]),
    ("[{a = [1, 2]}, {a = [3]}].*.a[0]", [1, 2]),
    ('"x"[*]', ["x"]),
    ("{a = 1}[*].a", [1]),
    ("null[*]", []),
    ("[][*].a", []),
]
FORS: list[tuple[str, Any]] = [
    ("[for x in [1, 2, 3] : x * 2]", [2, 4, 6]),
    ("[for i, x in [5, 6] : i + x]", [5, 7]),
    ("[for x in [1, 2, 3] : x if x > 1]", [2, 3]),
    ("[for k, v in {b = 1, a = 2} : k]", ["a", "b"]),
    ("[for v in {b = 1, a = 2} : v]", [2, 1]),
    ('[for v in toset(["b", "a"]) : v]', ["a", "b"]),
    ('[for k, v in toset(["b", "a"]) : "${k}${v}"]', ["aa", "bb"]),
    ("{for x in [1, 2] : x => x * x}", {"1": 1, "2": 4}),
    ("{for k, v in {a = 1} : v => k}", {"1": "a"}),
    ('{for x in ["a", "ab", "b"] : substr(x, 0, 1) => x...}', {"a": ["a", "ab"], "b": ["b"]}),
    ("{for k, v in {a = 1, b = 2} : k => v if v > 1}", {"b": 2}),
    ("[for x in [[1, 2], [3]] : [for y in x : y + 1]]", [[2, 3], [4]]),
    ("[for x in [] : x]", []),
    ("{for x in [] : x => x}", {}),
    ('[for o in [{a = "x"}] : o.a]', ["x"]),
]
CALLS: list[tuple[str, Any]] = [
    ("max([1, 5, 3]...)", 5),
    ('try({a = 1}.b, "no")', "no"),
    ('try({a = 1}.a, "no")', 1),
    ("try([1][5], [2][5], 7)", 7),
    ("can({a = 1}.b)", False),
    ("can({a = 1}.a)", True),
    ('jsonencode({a = [1, true, null]}) == "{\\"a\\":[1,true,null]}"', True),
    ('length(toset(["a", "a", "b"]))', 2),
    ("merge({a = 1}, {b = 2}).b", 2),
    ('join("-", [for s in ["x", "y"] : upper(s)])', "X-Y"),
    ("terraform.workspace", "default"),
    ("path.module", "."),
    ("path.root", "."),
    ('core::upper("a")', "A"),
]
TABLE = LITERALS + OPERATORS + TEMPLATES + CONDITIONALS + ACCESS + FORS + CALLS


@pytest.mark.parametrize(("expression", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_expression_has_the_documented_value(expression: str, expected: Value) -> None:
    value = value_of(expression)
    assert value == expected
    # True is 1 and 1.0 is 1 in Python, but not in Terraform
    assert type(value) is type(expected)


FAILURES = [
    ("1 / 0", "division by zero"),
    ("5 % 0", "division by zero"),
    ('"a" + 1', "a number is required"),
    ("null + 1", "a number is required, not null"),
    ("!5", "a bool is required"),
    ("[1][3]", "the list has 1 items, so there is no index 3"),
    ("[1][-1]", "the list has 1 items, so there is no index -1"),
    ("[1][0.5]", "an index must be a whole number"),
    ('{a = 1}["b"]', 'this object has no attribute "b"'),
    ("{a = 1}.b", 'this object has no attribute "b"'),
    ("tomap(null).a", 'null has no attribute "a"'),
    ('"text".a', 'a string has no attribute "a"'),
    ('toset(["a"])[0]', "the items of a set have no index"),
    ('"${null}x"', "null cannot be put into a string"),
    ('"${[1]}x"', "a string is required"),
    ("null ? 1 : 2", "a bool is required, not null"),
    ("[for x in null : x]", "a list, set, map or object is required here"),
    ('[for x in "abc" : x]', "a list, set, map or object is required here"),
    ("{for x in [1, 1] : x => x}", 'two items of the for expression have the key "1"; use ... to group them'),
    ("{(null) = 1}", "an object's key must not be null"),
    ("try({}.a, {}.b)", "try: no argument can be evaluated"),
    ("max(1...)", "only a list or set can be expanded into arguments"),
    ("nosuchfunction(1)", 'there is no function "nosuchfunction"'),
    ("var.missing", 'the variable "missing" is not declared in this module'),
    ("local.missing", 'the local value "missing" is not declared in this module'),
    ("module.missing.out", 'the module "missing" is not declared in this module'),
    ("aws_vpc.missing.id", "aws_vpc.missing is not declared in this module"),
    ("data.aws_vpc.missing.id", "data.aws_vpc.missing is not declared in this module"),
    ("each.key", "each.key needs for_each in the block around it"),
    ("count.index", "count.index needs count in the block around it"),
    ("path.nowhere", "there is no path.nowhere"),
    ("nothing", '"nothing" alone names nothing here'),
]


@pytest.mark.parametrize(("expression", "message"), FAILURES, ids=[row[0] for row in FAILURES])
def test_expression_that_must_fail_is_told(expression: str, message: str) -> None:
    assert message in problem_of(expression)


def test_false_side_is_not_evaluated_where_the_left_decides() -> None:
    assert value_of("null != null && null.a") is False
    assert value_of("null == null || null.a") is True


def test_failing_branch_that_is_not_taken_is_no_problem() -> None:
    assert value_of("true ? 1 : null.a") == 1


def test_depth_of_nesting_ends_in_a_problem_not_in_a_crash() -> None:
    chain = "\n".join(f"l{i} = local.l{i + 1}" for i in range(2000))
    stack = only(f'resource "a" "b" {{\n  value = local.l0\n}}\nlocals {{\n{chain}\nl2000 = 1\n}}')
    value = by_address(stack)["a.b"].attributes["value"]
    assert isinstance(value, Unknown)
    assert value.kind == "limit"
    assert {p.kind for p in stack.problems} == {"too-large"}
    assert not any(p.notice for p in stack.problems)


@pytest.mark.parametrize(
    ("first", "next_", "message"),
    [
        ('"xxxxxxxxxx"', '"${local.lN}${local.lN}"', "characters"),
        ("[1]", "[local.lN, local.lN]", "items"),
        ("[1, 2]", "concat(local.lN, local.lN)", "items"),
        ("{a = 1}", "{a = local.lN, b = local.lN}", "items"),
        ("[1, 2]", "flatten([for x in local.lN : [x, x]])", "items"),
    ],
)
def test_growing_without_bound_ends_in_a_problem(first: str, next_: str, message: str) -> None:
    doubling = "\n".join(f"l{i} = {next_.replace('lN', f'l{i - 1}')}" for i in range(1, 40))
    stack = only(f'resource "a" "b" {{\n  value = local.l39\n}}\nlocals {{\nl0 = {first}\n{doubling}\n}}')
    assert contains_unknown(by_address(stack)["a.b"].attributes["value"])
    assert message in stack.problems[0].message or message in str(stack.problems)
    assert {p.kind for p in stack.problems} == {"too-large"}
