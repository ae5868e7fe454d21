"""Whether an expression holds, compiled for that answer alone.

It is what decides a policy, and hardly ever needs the value: where something is not known, the value would be an
:class:`~iacguard.model.Unknown` that says so, put together only to be asked for its truth. Here "and", "or", "not",
comparisons and the quantifiers work on answers (Kleene's strong logic); all else gives its value, and that its truth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from iacguard.model import REST, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.closures import called
from iacguard.policy.language import Answer, Closure, Context, Node, Parts, operands
from iacguard.policy.logic import PossibleItem, Tri, one_item, truth

if TYPE_CHECKING:
    from iacguard.policy.functions import Function


def compile_answer(node: Node, parts: Parts) -> Answer:
    """What tells whether the value of a node counts as true. Raises ExpressionError."""
    make = _COMPILERS.get(node["type"])
    found = make(node, parts) if make is not None else None
    return found if found is not None else _of_value(node, parts)


def _of_value(node: Node, parts: Parts) -> Answer:
    closure = parts.closure(node)

    def holds(value: Value, context: Context) -> Tri:
        found = closure(value, context)
        return found if found is True or found is False else truth(found)

    return holds


def _compile_and(node: Node, parts: Parts) -> Answer:
    return _of_operands(operands(node), parts, False)


def _compile_or(node: Node, parts: Parts) -> Answer:
    return _of_operands(operands(node), parts, True)


def _of_operands(nodes: list[Node], parts: Parts, settles: bool) -> Answer:
    """The first operand that answers ``settles`` settles it; what stands after it is neither run nor compiled."""
    first = parts.answer(nodes[0])
    others: list[Answer | None] = [None] * (len(nodes) - 1)

    def holds(value: Value, context: Context) -> Tri:
        result = first(value, context)
        if result is settles:
            return settles
        for at, answer in enumerate(others):
            if answer is None:
                answer = others[at] = parts.answer(nodes[at + 1])
            found = answer(value, context)
            if found is settles:
                return settles
            if found is None:
                result = None
        return result

    return holds


def _compile_not(node: Node, parts: Parts) -> Answer:
    inner = parts.answer(node["children"][0])

    def holds(value: Value, context: Context) -> Tri:
        found = inner(value, context)
        return None if found is None else not found

    return holds


def _compile_field(node: Node, parts: Parts) -> Answer:
    name = node["value"]

    def holds(value: Value, context: Context) -> Tri:
        if type(value) is dict and (name in value or REST not in value):
            found = value.get(name)
        else:
            found = read_field(value, name)
        return found if found is True or found is False else truth(found)

    return holds


def _compile_comparator(node: Node, parts: Parts) -> Answer:
    operator = node["value"]
    wanted = operator == "eq"
    left, right = (parts.closure(child) for child in node["children"])
    if operator not in ("eq", "ne"):
        return _ordered(operator, left, right)
    if node["children"][1]["type"] == "literal" and type(node["children"][1]["value"]) in _SCALARS:
        return _compared(left, node["children"][1]["value"], wanted)

    def holds(value: Value, context: Context) -> Tri:
        found = logic.equal(left(value, context), right(value, context))
        return None if found is None else found is wanted

    return holds


_SCALARS = frozenset((str, int, float, bool))
_ORDERED = frozenset((str, int, float))


def _compared(left: Closure, literal: Value, wanted: bool) -> Answer:
    """Whether a value is the one that the policy names, nearly all that policies compare."""
    kind = type(literal)

    def holds(value: Value, context: Context) -> Tri:
        found = left(value, context)
        if type(found) is kind:
            return (found == literal) is wanted
        if found is None:
            return not wanted
        answer = logic.equal(found, literal)
        return None if answer is None else answer is wanted

    return holds


def _ordered(operator: str, left: Closure, right: Closure) -> Answer:
    def holds(value: Value, context: Context) -> Tri:
        one, other = left(value, context), right(value, context)
        if type(one) is Unknown and not one.choices and type(other) in _ORDERED:
            return None
        return truth(logic.order(operator, one, other))

    return holds


def _compile_function(node: Node, parts: Parts) -> Answer | None:
    if node["value"] in ("any", "all", "none") and [c["type"] for c in node["children"]][1:] == ["expref"]:
        return _quantified(node, parts)
    function, arguments, fitting = called(node, parts)
    return _asked(function, arguments, fitting) if function.returns == "boolean" else None


def _asked(function: Function, arguments: list[Closure], fitting: list[frozenset[type]]) -> Answer:
    """Whether a call answers yes; where its arguments fit, as they nearly always do, with nothing in between."""
    from iacguard.policy.functions import ask

    run = function.call
    if len(arguments) == 1 and not function.context:
        (only,), (fits,) = arguments, fitting

        def holds_of_one(value: Value, context: Context) -> Tri:
            argument = only(value, context)
            if type(argument) not in fits:
                return ask(function, [argument], context)
            found = run(argument)
            return found if found is True or found is False else truth(found)

        return holds_of_one
    if len(arguments) == 2 and not function.context:
        (first, second), (fits_first, fits_second) = arguments, fitting

        def holds_of_two(value: Value, context: Context) -> Tri:
            one, two = first(value, context), second(value, context)
            if type(one) not in fits_first or type(two) not in fits_second:
                return ask(function, [one, two], context)
            found = run(one, two)
            return found if found is True or found is False else truth(found)

        return holds_of_two

    def holds(value: Value, context: Context) -> Tri:
        given = [argument(value, context) for argument in arguments]
        if any(type(argument) not in fits for argument, fits in zip(given, fitting, strict=True)):
            return ask(function, given, context)
        return truth(run(context, *given) if function.context else run(*given))

    return holds


def _quantified(node: Node, parts: Parts) -> Answer:
    """As the functions ``any``, ``all`` and ``none``, but no further than to the item that settles it."""
    items_of = parts.closure(node["children"][0])
    condition = node["children"][1]["children"][0]
    settles, negated = node["value"] != "all", node["value"] == "none"
    met: Answer | None = None

    def holds(value: Value, context: Context) -> Tri:
        nonlocal met
        items = items_of(value, context)
        if type(items) is not list:
            # Nothing there, mostly: null, which does not hold.
            return False if items is None and not context.strict else truth(parts.closure(node)(value, context))
        if not items:
            return (not settles) is not negated
        if met is None:
            met = parts.answer(condition)
        answer = _over(items, met, settles, context)
        return None if answer is None else answer is not negated

    return holds


def _over(items: list[Value], condition: Answer, settles: bool, context: Context) -> Tri:
    """``settles`` where one item surely gives that answer, its opposite where none can, else not known."""
    result: Tri = not settles
    for item in items:
        if isinstance(item, Unknown) and item.spread:
            inner = item.item if isinstance(item, PossibleItem) else one_item(item)
            if condition(inner, context) is not (not settles):
                result = None
            continue
        found = condition(item, context)
        if found is settles:
            return settles
        if found is None:
            result = None
    return result


_COMPILERS: dict[str, Callable[[Node, Parts], Answer | None]] = {
    "and_expression": _compile_and,
    "or_expression": _compile_or,
    "not_expression": _compile_not,
    "comparator": _compile_comparator,
    "field": _compile_field,
    "function_expression": _compile_function,
}
