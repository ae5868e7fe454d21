"""The law of three values: whatever an unknown turns out to be, it never contradicts an answer that was given."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iacguard.model import REST, FixedPlace, Graph, Reference, Resource, Span, Unknown, Value
from iacguard.policy.errors import EvaluationError
from iacguard.policy.functions import FUNCTIONS, Function, ask, invoke
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import equal, truth
from iacguard.policy.trace import Tracer

NAMES = ("a", "b", "c")
TEXTS = ("", "x", "xy", "yx", "22")
SCALARS = st.sampled_from([None, True, False, 0, 1, 22, *TEXTS])
CONCRETE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
UNKNOWNS = st.sampled_from(
    [
        Unknown("u"),
        Unknown("u", present=True, kind="computed", reference=Reference("r.x", "arn")),
        Unknown("u", parts=("x", Unknown("u"))),
        Unknown("u", parts=(Unknown("u"), "y")),
        Unknown("u", choices=("x", "y")),
        Unknown("u", choices=(None, [1, "x"])),
        Unknown("u", choices=(True, False)),
    ]
)


@st.composite
def _open_lists(draw: st.DrawFn, inner: st.SearchStrategy[Value]) -> Value:
    items = draw(st.lists(inner, max_size=3))
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))), Unknown("u", spread=True))
    return items


@st.composite
def _open_maps(draw: st.DrawFn, inner: st.SearchStrategy[Value]) -> Value:
    found = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
    if draw(st.integers(0, 3)) == 0:
        found[REST] = Unknown("u")
    return found


DATA = st.recursive(SCALARS | UNKNOWNS, lambda inner: _open_lists(inner) | _open_maps(inner), max_leaves=8)
ROOTS = st.fixed_dictionaries(dict.fromkeys(NAMES, DATA))


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda p: f"({p[0]}).{p[1]}" if p[1].isalpha() else f"({p[0]} | {p[1]})"),
        two.map(lambda p: f"({p[0]}) && ({p[1]})"),
        two.map(lambda p: f"({p[0]}) || ({p[1]})"),
        # Not bare: "(!a).b" is refused, as it is always null.
        inner.map(lambda e: f"!({e}) || `false`"),
        st.tuples(inner, st.sampled_from(["==", "!=", "<", ">="]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        inner.map(lambda e: f"({e})[*]"),
        inner.map(lambda e: f"({e})[]"),
        inner.map(lambda e: f"({e}).*"),
        st.tuples(inner, st.integers(-2, 2)).map(lambda p: f"({p[0]})[{p[1]}]"),
        inner.map(lambda e: f"({e})[:1]"),
        inner.map(lambda e: f"({e})[::-1]"),
        two.map(lambda p: f"({p[0]})[?{p[1]}]"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]})[?{p[1]}].[{p[2]}]"),
        two.map(lambda p: f"[{p[0]}, {p[1]}]"),
        two.map(lambda p: f"{{a: {p[0]}, b: {p[1]}}}"),
        st.tuples(st.sampled_from(["any", "all", "none", "count"]), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, &{p[2]})"
        ),
        st.tuples(st.sampled_from(["contains", "starts_with", "ends_with", "contains_any"]), inner, inner).map(
            lambda p: f"{p[0]}({p[1]}, {p[2]})"
        ),
        st.tuples(
            st.sampled_from(
                ["length", "keys", "values", "entries", "exists", "to_array", "type", "reverse", "flatten_all"]
            ),
            inner,
        ).map(lambda p: f"{p[0]}({p[1]})"),
        two.map(lambda p: f"not_null({p[0]}, {p[1]})"),
        two.map(lambda p: f"map(&{p[0]}, {p[1]})"),
    )


EXPRESSIONS = st.recursive(
    st.sampled_from([*NAMES, "@", "`true`", "`null`", "`1`", "'x'", "`[]`", '`["x", 22]`']), _grow, max_leaves=5
)


def _concrete(data: st.DataObject, value: Value) -> Value:
    """``value`` with each unknown replaced by something that it may be."""
    if isinstance(value, Unknown):
        if value.choices:
            return data.draw(st.sampled_from(value.choices))
        if value.parts:
            return "".join(p if isinstance(p, str) else data.draw(st.sampled_from(TEXTS)) for p in value.parts)
        return data.draw(st.sampled_from(["x", "arn:x"]) if value.present else CONCRETE)
    if isinstance(value, list):
        out: list[Value] = []
        for item in value:
            many = isinstance(item, Unknown) and item.spread
            out.extend(data.draw(st.lists(CONCRETE, max_size=2)) if many else [_concrete(data, item)])
        return out
    if isinstance(value, dict):
        known = {k: _concrete(data, v) for k, v in value.items() if k != REST}
        more = data.draw(st.dictionaries(st.sampled_from(NAMES), CONCRETE)) if REST in value else {}
        return {**more, **known}
    return value


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(expression=EXPRESSIONS, root=ROOTS, data=st.data())
def test_no_answer_is_contradicted(expression: str, root: dict[str, Any], data: st.DataObject) -> None:
    compiled = compile_expression(expression)
    try:
        before = compiled.evaluate(root, Context())
        after = compiled.evaluate(_concrete(data, root), Context())
    except EvaluationError:
        return  # a wrong type is a failure of the policy, with or without unknowns
    answer = truth(before)
    assert answer is None or answer is truth(after)
    assert equal(before, after) is not False


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(expression=EXPRESSIONS, root=ROOTS, data=st.data())
def test_what_holds_is_what_the_value_says(expression: str, root: dict[str, Any], data: st.DataObject) -> None:
    """An answer that is compiled for itself agrees with the value's truth, and may only know more."""
    compiled = compile_expression(expression)
    concrete = _concrete(data, root)
    try:
        open_value, value = compiled.evaluate(root, Context()), compiled.evaluate(concrete, Context())
        holds = compiled.answer(root, Context())
    except EvaluationError:
        return
    assert compiled.answer(concrete, Context()) is truth(value)
    assert truth(open_value) is None or holds is truth(open_value)
    assert holds is None or holds is truth(value)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(expression=EXPRESSIONS, root=ROOTS)
def test_the_tracer_sees_the_same_value(expression: str, root: dict[str, Any]) -> None:
    compiled = compile_expression(expression)
    tracer = Tracer(root, Context())
    try:
        expected = compiled.evaluate(root, Context())
        value, _ = tracer.resolve(compiled.node, root, ())
        path = tracer.explain(compiled.node, root, ())
        reasons = list(tracer.reasons(compiled.node, root))
    except EvaluationError:
        return
    assert repr(value) == repr(expected)
    assert path is None or isinstance(path, tuple)
    assert truth(expected) is not None or reasons


ASKED = [
    function
    for function in FUNCTIONS.values()
    if function.returns == "boolean" and not any("expref" in p.types for p in function.parameters)
]


#: What IAM statements are made of, and addresses and the like that functions compare texts with.
WORDS = st.sampled_from(
    ["*", "s3:*", "s3:GetObject", "Allow", "aws:SourceAccount", "StringEquals", "0.0.0.0/0", *TEXTS]
)
LISTS = _open_lists(WORDS | UNKNOWNS)
PARTS = st.fixed_dictionaries(dict.fromkeys(("type", "identifier", "key", "operator"), WORDS | UNKNOWNS))
STATEMENTS = st.fixed_dictionaries(
    {"effect": st.just("Allow") | UNKNOWNS},
    optional={
        **dict.fromkeys(("actions", "not_actions", "resources", "not_resources"), LISTS),
        **{name: st.lists(PARTS, max_size=2) for name in ("principals", "conditions")},
    },
)
BY_TYPE: dict[str, st.SearchStrategy[Value]] = {
    "string": WORDS,
    "number": st.sampled_from([0, 1, 22]),
    "boolean": st.booleans(),
    "null": st.none(),
    "object": STATEMENTS,
    "array": LISTS,
}


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(function=st.sampled_from(ASKED), data=st.data())
def test_what_is_asked_of_a_function_is_the_truth_of_its_value(function: Function, data: st.DataObject) -> None:
    fitting = (
        st.one_of(UNKNOWNS, *(BY_TYPE[name.partition("-")[0]] for name in parameter.types or ("string", "array")))
        for parameter in function.parameters
    )
    arguments, context = [data.draw(strategy) for strategy in fitting], _context()
    try:
        value = invoke(function, arguments, context)
    except EvaluationError:
        with pytest.raises(EvaluationError):
            ask(function, arguments, context)
        return
    assert ask(function, arguments, context) is truth(value)


@pytest.mark.parametrize(
    ("call", "given_here", "expected"),
    [
        ("starts_with", [Unknown("u", choices=("x", "y")), "x"], None),
        ("starts_with", [Unknown("u", choices=("x", "xy")), "x"], True),
        ("starts_with", [Unknown("u", choices=("y", "z")), "x"], False),
        ("starts_with", [Unknown("u", choices=("x", 1)), "x"], None),
        ("starts_with", [Unknown("u"), "x"], None),
        ("starts_with", [None, "x"], False),
    ],
)
def test_what_is_asked_of_each_choice(call: str, given_here: list[Value], expected: bool | None) -> None:
    assert ask(FUNCTIONS[call], given_here, _context()) is expected


def test_a_yes_is_none_where_an_argument_may_be_null() -> None:
    limited = {"key": "aws:SourceAccount", "operator": "StringEquals", "values": ["123456789012"]}
    arguments = [{"effect": "Allow", "conditions": [limited]}, Unknown("u")]
    assert truth(invoke(FUNCTIONS["limited_by_condition"], arguments, _context())) is None
    assert ask(FUNCTIONS["limited_by_condition"], arguments, _context()) is None
    assert ask(FUNCTIONS["limited_by_condition"], arguments[:1], _context()) is True


def _context() -> Context:
    """A resource alone."""
    resource = Resource("r.x", "r", "r", "terraform", {}, FixedPlace(Span("x.tf", 1, 1, 1, 2)), "r.x")
    return Context(resource, Graph.of([resource], []))
