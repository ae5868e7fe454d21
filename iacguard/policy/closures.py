"""How each node of an expression's tree gives its value: one closure a node, made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from iacguard.model import REST, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import (
    filter_item,
    filter_list,
    flatten,
    map_values,
    multiselect,
    project,
    project_item,
    read_field,
    read_index,
    read_slice,
)
from iacguard.policy.errors import ExpressionError
from iacguard.policy.language import Answer, Closure, Context, Expref, Node, Parts
from iacguard.policy.logic import first_unknown, join, truth

if TYPE_CHECKING:
    from iacguard.policy.functions import Function


def later(node: Node, parts: Parts) -> Closure:
    """The closure of a node that may never be run, compiled when it is."""
    made: Closure | None = None

    def run(value: Value, context: Context) -> Value:
        nonlocal made
        if made is None:
            made = parts.closure(node)
        return made(value, context)

    return run


def _identity(value: Value, context: Context) -> Value:
    return value


def _compile_identity(node: Node, parts: Parts) -> Closure:
    return _identity


def _compile_literal(node: Node, parts: Parts) -> Closure:
    literal = node["value"]
    return lambda value, context: literal


def _compile_field(node: Node, parts: Parts) -> Closure:
    name = node["value"]

    def get(value: Value, context: Context) -> Value:
        # What is read a million times a scan: a known map's member, there or not.
        if type(value) is dict:
            if name in value:
                return value[name]
            if REST not in value:
                return None
        return read_field(value, name)

    return get


def _refuse_negation(node: Node) -> None:
    """Refuse ``!a.b``: JMESPath's ``!`` binds tighter, so it is ``(!a).b``, which is null whatever the data is."""
    if node["children"][0]["type"] == "not_expression":
        raise ExpressionError("! binds tighter than what follows, so this is always null", 0, "write !(a.b), !(a[?b])")


def _compile_chain(node: Node, parts: Parts) -> Closure:
    if node["type"] != "pipe":
        _refuse_negation(node)
    closures = [parts.closure(child) for child in node["children"]]
    if len(closures) == 2:
        first, second = closures
        return lambda value, context: second(first(value, context), context)

    def chain(value: Value, context: Context) -> Value:
        for closure in closures:
            value = closure(value, context)
        return value

    return chain


def _compile_index(node: Node, parts: Parts) -> Closure:
    index: int = node["value"]
    return lambda value, context: read_index(value, index)


def _compile_slice(node: Node, parts: Parts) -> Closure:
    cut = slice(*node["children"])
    return lambda value, context: read_slice(value, cut)


def _compile_projection(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base, right = parts.closure(node["children"][0]), later(node["children"][1], parts)
    return lambda value, context: project(base(value, context), lambda item: right(item, context))


def _compile_value_projection(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base, right = parts.closure(node["children"][0]), later(node["children"][1], parts)
    return lambda value, context: project(map_values(base(value, context)), lambda item: right(item, context))


def _compile_filter(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base = parts.closure(node["children"][0])
    kept, condition = (later(child, parts) for child in node["children"][1:])
    met: Answer | None = None

    def run(value: Value, context: Context) -> Value:
        nonlocal met
        found = base(value, context)

        def right(item: Value) -> Value:
            return kept(item, context)

        if type(found) is not list:
            return filter_list(found, lambda item: condition(item, context), right)
        if met is None:
            met = parts.answer(node["children"][2])
        out: list[Value] = []
        for item in found:
            answer = None if isinstance(item, Unknown) else met(item, context)
            if answer:
                project_item(item, right, out)
            elif answer is None:
                filter_item(item, lambda item: condition(item, context), right, out)
        return out

    return run


def _compile_flatten(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base = parts.closure(node["children"][0])
    return lambda value, context: flatten(base(value, context))


def _compile_multiselect_list(node: Node, parts: Parts) -> Closure:
    closures = [parts.closure(child) for child in node["children"]]

    def build(value: Value, context: Context) -> Value:
        return multiselect(value, lambda v: [c(v, context) for c in closures])

    constant = _constants(node)
    if constant is None:
        return build
    # The same list each time: no function changes its arguments.
    return lambda value, context: build(value, context) if value is None or isinstance(value, Unknown) else constant


def _constants(node: Node) -> list[Value] | None:
    """The items of a list that a policy writes out: ``['iam:*', 's3:*']``; None for anything else."""
    if node["type"] == "multi_select_list" and all(child["type"] == "literal" for child in node["children"]):
        return [child["value"] for child in node["children"]]
    return None


def _compile_multiselect_dict(node: Node, parts: Parts) -> Closure:
    pairs = [(child["value"], parts.closure(child["children"][0])) for child in node["children"]]
    return lambda value, context: multiselect(value, lambda v: {k: c(v, context) for k, c in pairs})


def _compile_comparator(node: Node, parts: Parts) -> Closure:
    operator: str = node["value"]
    left, right = (parts.closure(child) for child in node["children"])

    def compare(value: Value, context: Context) -> Value:
        a, b = left(value, context), right(value, context)
        if operator not in ("eq", "ne"):
            return logic.order(operator, a, b)
        answer = logic.equal(a, b)
        if answer is None:
            return logic.one_of((True, False), first_unknown(a, b))
        return answer if operator == "eq" else not answer

    return compare


def _compile_and(node: Node, parts: Parts) -> Closure:
    left, right = parts.closure(node["children"][0]), later(node["children"][1], parts)

    def both(value: Value, context: Context) -> Value:
        first = left(value, context)
        answer = truth(first)
        if answer is False:
            return first
        second = right(value, context)
        return second if answer else join([*logic.falsy_part(first), second], first_unknown(first))

    return both


def _compile_or(node: Node, parts: Parts) -> Closure:
    left, right = parts.closure(node["children"][0]), later(node["children"][1], parts)

    def either(value: Value, context: Context) -> Value:
        first = left(value, context)
        answer = truth(first)
        if answer:
            return first
        second = right(value, context)
        return second if answer is False else join([*logic.truthy_part(first), second], first_unknown(first))

    return either


def _compile_not(node: Node, parts: Parts) -> Closure:
    inner = parts.closure(node["children"][0])

    def negate(value: Value, context: Context) -> Value:
        found = inner(value, context)
        answer = truth(found)
        return logic.one_of((True, False), first_unknown(found)) if answer is None else not answer

    return negate


def _compile_function(node: Node, parts: Parts) -> Closure:
    return _call(*called(node, parts))


def called(node: Node, parts: Parts) -> tuple[Function, list[Closure], list[frozenset[type]]]:
    """The function that a node calls, its arguments, and the types of each with which it can be called outright.

    Raises ExpressionError.
    """
    from iacguard.policy.functions import FUNCTIONS

    name = node["value"]
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"there is no function {name}()", 0, _near(name, FUNCTIONS), name)
    wrong = function.wrong_count(len(node["children"]))
    if wrong:
        raise ExpressionError(f"{name}() {wrong}", 0, f"it is {function.signature}", name)
    arguments = [_compile_argument(child, parts) for child in node["children"]]
    return function, arguments, _fitting(function, node["children"])


def _fitting(function: Function, arguments: list[Node]) -> list[frozenset[type]]:
    """For each argument the types with which the function can be called outright, as it nearly always is."""
    fitting = function.fitting(len(arguments))
    for at, argument in enumerate(arguments):
        items = _constants(argument)
        if items and all(type(item) is str for item in items) and function.takes_texts(at):
            fitting[at] |= {list}  # looked through here, once
    return fitting


def _call(function: Function, arguments: list[Closure], fitting: list[frozenset[type]]) -> Closure:
    """A call of ``function``; where its arguments fit, as they nearly always do, with nothing in between."""
    from iacguard.policy.functions import invoke

    run, with_context = function.call, function.context
    if len(arguments) == 1 and not with_context:
        (only,), (fits,) = arguments, fitting

        def call_with_one(value: Value, context: Context) -> Value:
            argument = only(value, context)
            return run(argument) if type(argument) in fits else invoke(function, [argument], context)

        return call_with_one
    if not arguments:
        return (lambda value, context: run(context)) if with_context else lambda value, context: run()
    if len(arguments) == 2 and not with_context:
        (first, second), (fits_first, fits_second) = arguments, fitting

        def call_with_two(value: Value, context: Context) -> Value:
            one, two = first(value, context), second(value, context)
            if type(one) in fits_first and type(two) in fits_second:
                return run(one, two)
            return invoke(function, [one, two], context)

        return call_with_two

    def call(value: Value, context: Context) -> Value:
        given = [argument(value, context) for argument in arguments]
        for argument, fits in zip(given, fitting, strict=True):
            if type(argument) not in fits:
                return invoke(function, given, context)
        return run(context, *given) if with_context else run(*given)

    return call


def _near(name: str, names: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    return f"did you mean {close[0]}()?" if close else "docs/policy-language.md lists them"


def _compile_argument(node: Node, parts: Parts) -> Closure:
    if node["type"] != "expref":
        return parts.closure(node)
    inner = later(node["children"][0], parts)
    return lambda value, context: Expref(inner, context)


COMPILERS: dict[str, Callable[[Node, Parts], Closure]] = {
    "identity": _compile_identity,
    "current": _compile_identity,
    "literal": _compile_literal,
    "field": _compile_field,
    "subexpression": _compile_chain,
    "index_expression": _compile_chain,
    "pipe": _compile_chain,
    "index": _compile_index,
    "slice": _compile_slice,
    "projection": _compile_projection,
    "value_projection": _compile_value_projection,
    "filter_projection": _compile_filter,
    "flatten": _compile_flatten,
    "multi_select_list": _compile_multiselect_list,
    "multi_select_dict": _compile_multiselect_dict,
    "comparator": _compile_comparator,
    "and_expression": _compile_and,
    "or_expression": _compile_or,
    "not_expression": _compile_not,
    "function_expression": _compile_function,
    "expref": _compile_argument,
}
