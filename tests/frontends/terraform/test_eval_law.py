"""The law of unknowns over random expressions: no answer is contradicted by any value in an unknown's place.

Expressions of five kinds (numbers, bools, texts, lists and maps of texts) are nested three levels deep, over the
language's own forms and its functions. Each is evaluated with variables that have no value, and again with values.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.frontends.contract import Inputs
from iacguard.model import Encoded, Value, contains_unknown
from tests.frontends.terraform.evaluating import only
from tests.frontends.terraform.test_functions_law import covers

Code: TypeAlias = st.SearchStrategy[str]


class Kinds(NamedTuple):
    """Strategies for the expressions of each type."""

    number: Code
    truth: Code
    text: Code
    texts: Code
    mapping: Code


BASE = Kinds(
    number=st.sampled_from(["0", "1", "2", "-3", "var.n", "var.m"]),
    truth=st.sampled_from(["true", "false", "var.p", "var.q"]),
    text=st.sampled_from(['"a"', '"b-c"', '""', "var.t", "var.s", '"a/${var.t}"', "aws_sqs_queue.q.arn"]),
    texts=st.sampled_from(["[]", '["a", "b"]', "var.l", "[var.t]", '["a", var.s]', "[for x in var.l : x]"]),
    mapping=st.sampled_from(["{}", '{ a = "x" }', "var.o", "{ a = var.t }", '{ (var.t) = "y", b = var.s }']),
)


def calls(template: str, *kinds: Code) -> Code:
    """The template with an expression of each kind for each ``#``."""

    def filled(parts: tuple[str, ...]) -> str:
        pieces = template.split("#")
        return pieces[0] + "".join(part + piece for part, piece in zip(parts, pieces[1:], strict=True))

    return st.tuples(*kinds).map(filled)


def grown(k: Kinds) -> Kinds:
    """Expressions one level deeper."""
    number, truth, text, texts, mapping = k
    return Kinds(
        st.one_of(
            number,
            calls("(# + #)", number, number),
            calls("(# * #)", number, number),
            calls("(# ? # : #)", truth, number, number),
            calls("length(#)", texts),
            calls("length(#)", mapping),
            calls("length(#)", text),
            calls("length(distinct(#))", texts),
            calls("length(toset(#))", texts),
            calls("max(#, #)", number, number),
            calls("abs(#)", number),
            calls("try(tonumber(#), #)", text, number),
            calls("[#, #][var.p ? 0 : 1]", number, number),
            calls("sum([for x in # : length(x)])", texts),
        ),
        st.one_of(
            truth,
            calls("(# && #)", truth, truth),
            calls("(# || #)", truth, truth),
            calls("!#", truth),
            calls("(# == #)", text, text),
            calls("(# != #)", texts, texts),
            calls("(# < #)", number, number),
            calls("contains(#, #)", texts, text),
            calls("startswith(#, #)", text, text),
            calls("endswith(#, #)", text, text),
            calls("strcontains(#, #)", text, text),
            calls("can(#[0])", texts),
            calls("can(#.a)", mapping),
            calls("alltrue([for x in # : x != #])", texts, text),
            calls("anytrue([for x in # : x == #])", texts, text),
            calls('can(regex("^[a-z]+$", #))', text),
        ),
        st.one_of(
            text,
            calls('"${#}-${#}"', text, number),
            calls('"${#}${#}"', text, text),
            calls("(# ? # : #)", truth, text, text),
            calls('"%{ if # }${#}%{ endif }x"', truth, text),
            calls('"%{ for x in # }[${x}]%{ endfor }"', texts),
            calls('coalesce(#, #, "z")', text, text),
            calls("join(#, #)", text, texts),
            calls('join(",", #)', texts),
            calls("upper(#)", text),
            calls("trimspace(#)", text),
            calls("trimprefix(#, #)", text, text),
            calls("trimsuffix(#, #)", text, text),
            calls('replace(#, "a", "x")', text),
            calls('replace(#, "/[a-c]/", "x")', text),
            calls('format("%s=%v", #, #)', text, number),
            calls("substr(#, 0, 1)", text),
            calls("try(#[0], #)", texts, text),
            calls("try(element(#, #), #)", texts, number, text),
            calls('lookup(#, "a", #)', mapping, text),
            calls("try(#.a, #)", mapping, text),
            calls("base64decode(base64encode(#))", text),
            calls("jsonencode(#)", mapping),
            calls("jsonencode([#, #])", text, texts),
            calls("jsondecode(jsonencode([#]))[0]", text),
            calls('try(one(#), "many")', texts),
            calls("md5(#)", text),
        ),
        st.one_of(
            texts,
            calls("[#, #]", text, text),
            calls("concat(#, #)", texts, texts),
            calls("[for x in # : upper(x)]", texts),
            calls("[for x in # : x if x != #]", texts, text),
            calls("[for k, v in # : k]", mapping),
            calls("[for v in # : v]", mapping),
            calls("(# ? # : #)", truth, texts, texts),
            calls("distinct(#)", texts),
            calls("compact(#)", texts),
            calls("reverse(#)", texts),
            calls("sort(#)", texts),
            calls("tolist(toset(#))", texts),
            calls("keys(#)", mapping),
            calls("values(#)", mapping),
            calls("flatten([#, [#]])", texts, texts),
            calls('split(",", join(",", #))', texts),
            calls('split("-", #)', text),
            calls("try(slice(#, 0, 1), #)", texts, texts),
            calls("try(slice(#, 0, 2), #)", texts, texts),
            calls("try([#[0], #[1]], #)", texts, texts, texts),
            calls("coalescelist(#, #)", texts, texts),
            calls("[for x in # : { v = x }][*].v", texts),
            calls("setunion(#, #)", texts, texts),
        ),
        st.one_of(
            mapping,
            calls("{ a = #, b = # }", text, text),
            calls("{ (#) = # }", text, text),
            calls("merge(#, #)", mapping, mapping),
            calls("{ for k, v in # : k => upper(v) }", mapping),
            calls("{ for k, v in # : k => v if v != # }", mapping, text),
            calls("{ for x in distinct(#) : x => # }", texts, text),
            calls("(# ? # : #)", truth, mapping, mapping),
            calls("zipmap([#], [#])", text, text),
            calls("try(jsondecode(jsonencode(#)), #)", mapping, mapping),
        ),
    )


EXPRESSIONS = st.one_of(*grown(grown(grown(BASE))))
TYPES = {
    "n": "number",
    "m": "number",
    "p": "bool",
    "q": "bool",
    "t": "string",
    "s": "string",
    "l": "list(string)",
    "o": "map(string)",
}
CONCRETE = st.fixed_dictionaries(
    {
        "n": st.sampled_from(["0", "1", "-2"]),
        "m": st.sampled_from(["1", "2"]),
        "p": st.sampled_from(["true", "false"]),
        "q": st.sampled_from(["true", "false"]),
        "t": st.sampled_from(["", "a", "zz", "b-c", "1"]),
        "s": st.sampled_from(["a", "b", " x "]),
        "l": st.sampled_from(["[]", '["a"]', '["b", "", "a"]', '["b-c", "b-c"]']),
        "o": st.sampled_from(["{}", '{"a":"x"}', '{"b":"","c":"a"}']),
    }
)


def code(expression: str) -> str:
    variables = "".join(f'variable "{name}" {{\n  type = {kind}\n}}\n' for name, kind in TYPES.items())
    return f'{variables}resource "aws_sqs_queue" "q" {{}}\nresource "a_b" "c" {{\n  v = [{expression}]\n}}\n'


def as_texts(value: Value) -> Value:
    """``value`` with JSON as its text."""
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    return value.text if isinstance(value, Encoded) and value.text is not None else value


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, CONCRETE)
def test_no_answer_is_contradicted_by_a_concrete_value(expression: str, concrete: dict[str, str]) -> None:
    text = code(expression)
    open_, closed = only(text), only(text, Inputs(variables=concrete))
    if closed.problems or open_.problems:
        return  # an expression that fails has no value to compare
    (said,), (real,) = (stack.resources[-1].attributes["v"] for stack in (open_, closed))
    real = as_texts(real)
    if real is None or contains_unknown(real):
        return  # the queue's ARN is not known in either
    assert covers(said, real), (expression, concrete, said, real)
