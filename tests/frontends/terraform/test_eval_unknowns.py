"""What may be said for certain of values that are not known, and the law that nothing more is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.model import REST, Unknown, Value
from tests.frontends.terraform.evaluating import by_address, only, value_of

U = 'variable "u" {}\nvariable "v" {}\nresource "aws_s3_bucket" "b" {}'


def unknown(expression: str) -> Unknown:
    value = value_of(expression, U)
    assert isinstance(value, Unknown), value
    return value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("var.u && false", False),
        ("false && var.u", False),
        ("var.u || true", True),
        ("true || var.u", True),
        ("var.u ? 1 : 1", 1),
        ("aws_s3_bucket.b.arn == null", False),
        ("aws_s3_bucket.b.arn != null", True),
        ('aws_s3_bucket.b.arn == ""', False),
        ('"a-${var.u}" == "b"', False),
        ('"a-${var.u}" == null', False),
        ("[var.u] == []", False),
        ("(var.u ? 1 : 2) == 3", False),
        ("(var.u ? 1 : 2) < 3", True),
        ("(var.u ? {a = 1} : {a = 1, b = 2}).a", 1),
        ("{a = 1, b = var.u}.a", 1),
        ("[1, var.u][0]", 1),
        ("can(aws_s3_bucket.b.arn)", True),
        ("length([var.u, 1])", 2),
        ("[for x in [1, 2] : x if true || var.u]", [1, 2]),
        ('startswith("arn:${var.u}", "arn:")', True),
    ],
)
def test_what_is_certain_is_said(expression: str, expected: Value) -> None:
    value = value_of(expression, U)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "expression",
    [
        "var.u",
        "var.u + 1",
        "!var.u",
        "var.u == 1",
        "var.u == var.u",
        "var.u.a",
        "var.u[0]",
        "[1, 2][var.u]",
        "var.u && true",
        "var.u || false",
        "[for x in var.u : x]",
        "{for x in var.u : x => x}",
        'try(var.u.a, "x")',
        "can(var.u.a)",
        "var.u > 3",
        "length(var.u)",
        '"a-${var.u}" == "a-b"',
        "(var.u ? 1 : 2) == 1",
        "(var.u ? {a = 1} : {}).a == 1 && var.v",
    ],
)
def test_what_is_not_certain_is_not_said(expression: str) -> None:
    assert unknown(expression).reason


def test_conditional_on_an_unknown_is_one_of_two() -> None:
    value = unknown('var.u ? "a" : "b"')
    assert (value.kind, value.choices) == ("condition", ("a", "b"))
    assert unknown('var.u ? "a" : var.v ? "b" : "c"').choices == ("a", "b", "c")
    assert unknown('var.u ? "a" : 1').choices == ("a", "1")


def test_string_keeps_its_known_pieces() -> None:
    value = unknown('"arn:aws:s3:::${var.u}/*"')
    assert (value.prefix, value.suffix) == ("arn:aws:s3:::", "/*")
    assert unknown('"${var.u ? "a" : "b"}-c"').choices == ("a-c", "b-c")
    assert unknown('"%{ if var.u }x%{ else }y%{ endif }z"').choices == ("xz", "yz")


def test_collections_keep_their_known_items() -> None:
    value = value_of('[var.u, "0.0.0.0/0"]', U)
    assert isinstance(value[0], Unknown)
    assert value[1] == "0.0.0.0/0"
    joined = value_of('concat(var.u, ["0.0.0.0/0"])', U)
    assert joined[-1] == "0.0.0.0/0"
    assert joined[0].spread
    kept = value_of('[for c in ["a", "b"] : c if c == var.u]', U)
    assert [(k.spread, k.choices) for k in kept] == [(True, ("a",)), (True, ("b",))]
    rest = value_of('{for k in ["a", "b"] : (k == "a" ? "a" : var.u) => k}', U)
    assert rest["a"] == "a"
    assert isinstance(rest[REST], Unknown)


def test_splat_over_an_unknown_is_a_list_of_unknown_length() -> None:
    (item,) = value_of("var.u[*].a", U)
    assert item.spread


def test_index_that_is_not_known_gives_one_of_the_items() -> None:
    assert unknown("[1, 2][var.u]").choices == (1, 2)
    assert unknown('{a = 1, b = 2}[var.u ? "a" : "b"]').choices == (1, 2)


def test_secrets_stay_secret() -> None:
    stack = only(
        'variable "s" {\n  sensitive = true\n}\n'
        'resource "a_b" "c" {\n  v = "x-${var.s}"\n  w = var.s.a\n  x = upper(var.s)\n}'
    )
    assert all(value.secret for value in by_address(stack)["a_b.c"].attributes.values())


# ---- the law: whatever is put in an unknown's place, the answer does not contradict what was said without it


NUMBERS = st.sampled_from(["0", "1", "2", "var.n", "var.m"])
BOOLS = st.sampled_from(["true", "false", "var.p", "var.q"])
TEXTS = st.sampled_from(['"a"', '"b"', '""', "var.t"])


def grown(numbers: st.SearchStrategy[str], bools: st.SearchStrategy[str], texts: st.SearchStrategy[str]):  # type: ignore[no-untyped-def]
    lists = st.lists(numbers, min_size=1, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    number = st.one_of(
        numbers,
        st.builds(lambda a, op, b: f"({a} {op} {b})", numbers, st.sampled_from("+-*"), numbers),
        st.builds(lambda c, a, b: f"({c} ? {a} : {b})", bools, numbers, numbers),
        st.builds(lambda xs: f"length([for x in {xs} : x if x > 0])", lists),
        st.builds(lambda xs: f"{xs}[0]", lists),
        st.builds(lambda a, b: f"try({a}, {b})", numbers, numbers),
        st.builds(lambda xs: f"max({xs}...)", lists),
    )
    truth = st.one_of(
        bools,
        st.builds(lambda a, op, b: f"({a} {op} {b})", bools, st.sampled_from(["&&", "||", "=="]), bools),
        st.builds(lambda a, op, b: f"({a} {op} {b})", numbers, st.sampled_from(["==", "!=", "<", ">="]), numbers),
        st.builds(lambda a, b: f"({a} == {b})", texts, texts),
        st.builds(lambda a, b: f"startswith({a}, {b})", texts, texts),
        st.builds(lambda a, xs: f"contains({xs}, {a})", numbers, lists),
        bools.map(lambda a: f"!{a}"),
    )
    text = st.one_of(
        texts,
        st.builds(lambda a, b: f'"${{{a}}}-${{{b}}}"', texts, numbers),
        st.builds(lambda c, a, b: f"({c} ? {a} : {b})", bools, texts, texts),
        st.builds(lambda c, a: f'"%{{ if {c} }}${{{a}}}%{{ endif }}x"', bools, texts),
        st.builds(lambda a, b: f'coalesce({a}, {b}, "z")', texts, texts),
        st.builds(lambda a, b: f'join(",", [{a}, {b}])', texts, texts),
    )
    return number, truth, text


LEVEL1 = grown(NUMBERS, BOOLS, TEXTS)
LEVEL2 = grown(*LEVEL1)
EXPRESSIONS = st.one_of(*grown(*LEVEL2))
INPUTS = {"n": "number", "m": "number", "p": "bool", "q": "bool", "t": "string"}
CONCRETE = st.fixed_dictionaries(
    {
        "n": st.sampled_from(["0", "1", "7"]),
        "m": st.sampled_from(["1", "2"]),
        "p": st.sampled_from(["true", "false"]),
        "q": st.sampled_from(["true", "false"]),
        "t": st.sampled_from(['""', '"a"', '"zz"']),
    }
)


def allows(said: Value, real: Value) -> bool:
    """Whether ``real`` is one of the values that ``said`` leaves open."""
    if isinstance(said, Unknown):
        if said.choices and not any(allows(choice, real) for choice in said.choices):
            return False
        if said.parts and not (isinstance(real, str) and real.startswith(said.prefix) and real.endswith(said.suffix)):
            return False
        return not (said.present and real in (None, ""))
    return type(said) is type(real) and bool(said == real)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, CONCRETE)
def test_no_answer_is_contradicted_by_a_concrete_value(expression: str, concrete: dict[str, str]) -> None:
    resource = f'resource "a_b" "c" {{\n  v = [{expression}]\n}}\n'
    open_ = only(resource + "".join(f'variable "{n}" {{\n  type = {t}\n}}\n' for n, t in INPUTS.items()))
    closed = only(
        resource
        + "".join(f'variable "{n}" {{\n  type = {t}\n  default = {concrete[n]}\n}}\n' for n, t in INPUTS.items())
    )
    if closed.problems or open_.problems:
        return  # an expression that fails has no value to compare
    (said,), (real,) = (s.resources[0].attributes["v"] for s in (open_, closed))
    assert not isinstance(real, Unknown)
    assert allows(said, real), (expression, concrete, said, real)


@pytest.mark.parametrize(
    ("expression", "begins", "ends"),
    [
        ("google_service_account.a.email", "app@", ".iam.gserviceaccount.com"),
        ('"serviceAccount:${google_service_account.a.email}"', "serviceAccount:app@", ".iam.gserviceaccount.com"),
        ("google_service_account.a.member", "serviceAccount:app@", ".iam.gserviceaccount.com"),
        ("google_service_account.b.email", "", ".iam.gserviceaccount.com"),
        ("google_service_account.a.unique_id", "", ""),
        ("data.google_compute_default_service_account.d.email", "", "-compute@developer.gserviceaccount.com"),
        ("google_project_service_identity.i.member", "serviceAccount:service-", ".iam.gserviceaccount.com"),
        ("google_project_service_identity.i.email", "service-", ".iam.gserviceaccount.com"),
        ("google_logging_project_sink.s.writer_identity", "serviceAccount:", ""),
        (
            "data.google_storage_project_service_account.s.member",
            "serviceAccount:service-",
            "@gs-project-accounts.iam.gserviceaccount.com",
        ),
        (
            "data.google_compute_default_service_account.d.member",
            "serviceAccount:",
            "-compute@developer.gserviceaccount.com",
        ),
        ("aws_iam_openid_connect_provider.o.arn", "arn:", ""),
        ("data.aws_iam_policy.named.arn", "arn:", "/ReadOnlyAccess"),
        ("data.aws_iam_policy.unnamed.arn", "arn:", ""),
    ],
)
def test_computed_texts_tell_how_they_begin_and_end(expression: str, begins: str, ends: str) -> None:
    accounts = """
        variable "u" {}
        resource "google_service_account" "a" { account_id = "app" }
        resource "google_service_account" "b" { account_id = var.u }
        resource "aws_iam_openid_connect_provider" "o" { url = var.u }
        data "aws_iam_policy" "named" { name = "ReadOnlyAccess" }
        data "aws_iam_policy" "unnamed" { name = var.u }
        data "google_compute_default_service_account" "d" {}
        resource "google_project_service_identity" "i" { service = "sqladmin.googleapis.com" }
        resource "google_logging_project_sink" "s" { name = "all" }
        data "google_storage_project_service_account" "s" {}
    """
    value = value_of(expression, accounts)
    assert isinstance(value, Unknown)
    assert (value.prefix, value.suffix) == (begins, ends)


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ("[var.l[0], var.l[1]]", None),
        ("[element(var.l, 0), element(var.l, 1)]", None),
        ("slice(var.l, 0, 2)", None),
        ('slice(concat(["a"], var.l), 0, 3)', None),
        ("[var.o.x, var.o.y]", None),
        ("[{ a = var.o.x }, { a = var.o.y }]", None),
        ("[jsonencode(var.o.x), jsonencode(var.o.y)]", None),
        ("[var.o + 1, var.o + 2]", None),
        ("[uuid(), uuid()]", None),
        ("[aws_x.y.arn, aws_x.y.id]", None),
        ("[var.o, var.o]", 1),
        ("[aws_x.y.arn, aws_x.y.arn]", 1),
    ],
)
def test_what_looks_alike_is_not_taken_for_one_value(items: str, count: int | None) -> None:
    stack = only(
        f"""
        variable "l" {{ type = list(string) }}
        variable "o" {{}}
        resource "aws_x" "y" {{}}
        resource "a" "b" {{
          length = length(distinct({items}))
          set    = length(toset({items}))
        }}
        """
    )
    attributes = by_address(stack)["a.b"].attributes
    for name in ("length", "set"):
        found = attributes[name]
        assert isinstance(found, Unknown) if count is None else found == count


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("var.u", 'variable "u" has no default'),
        ("var.u.a", 'variable "u" has no default (member a)'),
        ('var.u["a"].b[0]', 'variable "u" has no default (member a.b[0])'),
        ("var.u[var.v]", 'variable "u" has no default'),
    ],
)
def test_the_reason_names_the_member(expression: str, reason: str) -> None:
    assert unknown(expression).reason == reason


def test_the_reason_does_not_grow_without_end() -> None:
    assert 150 < len(unknown("var.u" + ".abc" * 60).reason) < 210
