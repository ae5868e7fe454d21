"""The condition language: JMESPath, compiled once to closures, over values of which some are not known.

The grammar is the ``jmespath`` package's parser (https://jmespath.org/specification.html); the evaluator is ours
because it keeps three values (:mod:`iacguard.policy.logic`). On plain data it answers exactly as JMESPath does.
With unknown parts an answer is known only where every concrete value would give the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

from iacguard.model import Graph, Resource, Value
from iacguard.policy import logic
from iacguard.policy.access import (
    filter_list,
    flatten,
    map_values,
    multiselect,
    project,
    read_field,
    read_index,
    read_slice,
)
from iacguard.policy.errors import ExpressionError
from iacguard.policy.logic import first_unknown, join, truth
from iacguard.record import field, record


@record(frozen=False)
class Context:
    """What the functions of one decision may see.

    ``strict``: a function that is given null where it needs something else fails, as JMESPath demands. Policies are
    not strict: there the answer is null, because a missing argument is the commonest thing in infrastructure code.
    """

    resource: Resource | None = None
    graph: Graph | None = None
    strict: bool = False


#: An expression, compiled: the current node and the context give a value.
Closure: TypeAlias = Callable[[Value, Context], Value]
Node: TypeAlias = dict[str, Any]
#: The closures of an expression's nodes, by the nodes' identity.
Parts: TypeAlias = dict[int, Closure]


@record
class Expref:
    """An expression given as an argument (``&name``), bound to the context of the call."""

    closure: Closure
    context: Context

    def of(self, item: Value) -> Value:
        """The expression's value where ``item`` is the current node."""
        return self.closure(item, self.context)


@record
class Expression:
    """One compiled expression. ``node`` is the parser's tree, which the tracer walks.

    ``parts`` are the closures of the tree's nodes that have been compiled: the tracer runs single nodes.
    """

    text: str
    node: Node
    closure: Closure
    parts: Parts = field(default_factory=dict)

    def evaluate(self, value: Value, context: Context | None = None) -> Value:
        """The value at ``value``; without a context exactly as JMESPath.

        Raises EvaluationError where a function is given a wrong type.
        """
        return self.closure(value, context or Context(strict=True))


def parse(text: str) -> Node:
    """The tree of ``text``. Raises ExpressionError with the offset of the offending character."""
    from jmespath import exceptions
    from jmespath.parser import Parser

    try:
        node: Any = Parser().parse(text).parsed
    except exceptions.EmptyExpressionError:
        raise ExpressionError("the expression is empty") from None
    except exceptions.IncompleteExpressionError:
        raise ExpressionError("the expression ends too early", len(text)) from None
    except exceptions.LexerError as error:
        raise ExpressionError(error.message, error.lexer_position) from None
    except exceptions.ParseError as error:
        message = f"{error.token_value!r} cannot stand here"
        raise ExpressionError(message, error.lex_position, _parse_hint(str(error.token_value))) from None
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    return cast(Node, node)


def _parse_hint(token: str) -> str:
    if token.isdigit() or token.startswith("-"):
        return f"write numbers as `{token}` between backticks"
    if token in ("true", "false", "null"):
        return f"write `{token}` between backticks"
    return ""


def compile_expression(text: str, node: Node | None = None) -> Expression:
    """``text`` as an expression; ``node`` is its tree, if it was parsed and compiled before: then only what is run
    is compiled again.

    Raises ExpressionError: bad grammar, unknown function, wrong number of arguments.
    """
    tree = parse(text) if node is None else node
    parts: Parts = {}
    try:
        if node is None:
            _compile_all(tree, parts)
        return Expression(text, tree, compile_node(tree, parts), parts)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    except ExpressionError as error:
        if error.function:
            error.offset = max(0, text.find(f"{error.function}("))
        raise


def compile_node(node: Node, parts: Parts) -> Closure:
    """The closure of one node of the parser's tree, from ``parts`` if it is there. What may not be run waits."""
    closure = parts.get(id(node))
    if closure is None:
        closure = parts[id(node)] = _COMPILERS[node["type"]](node, parts)
    return closure


def _compile_all(node: Node, parts: Parts) -> None:
    """Compile every node of a tree, whether it will be run or not: an error shows before the scan."""
    if node["type"] in _COMPILERS:
        compile_node(node, parts)
    for child in node["children"]:
        if isinstance(child, dict):
            _compile_all(child, parts)


def _later(node: Node, parts: Parts) -> Closure:
    """The closure of a node that may never be run, compiled when it is."""
    made: Closure | None = None

    def run(value: Value, context: Context) -> Value:
        nonlocal made
        if made is None:
            made = compile_node(node, parts)
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
        return read_field(value, name)

    return get


def _refuse_negation(node: Node) -> None:
    """Refuse ``!a.b``: JMESPath's ``!`` binds tighter, so it is ``(!a).b``, which is null whatever the data is."""
    if node["children"][0]["type"] == "not_expression":
        raise ExpressionError("! binds tighter than what follows, so this is always null", 0, "write !(a.b), !(a[?b])")


def _compile_chain(node: Node, parts: Parts) -> Closure:
    if node["type"] != "pipe":
        _refuse_negation(node)
    closures = [compile_node(child, parts) for child in node["children"]]
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
    base, right = compile_node(node["children"][0], parts), _later(node["children"][1], parts)
    return lambda value, context: project(base(value, context), lambda item: right(item, context))


def _compile_value_projection(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base, right = compile_node(node["children"][0], parts), _later(node["children"][1], parts)
    return lambda value, context: project(map_values(base(value, context)), lambda item: right(item, context))


def _compile_filter(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base = compile_node(node["children"][0], parts)
    right, condition = (_later(child, parts) for child in node["children"][1:])

    def run(value: Value, context: Context) -> Value:
        return filter_list(base(value, context), lambda i: condition(i, context), lambda i: right(i, context))

    return run


def _compile_flatten(node: Node, parts: Parts) -> Closure:
    _refuse_negation(node)
    base = compile_node(node["children"][0], parts)
    return lambda value, context: flatten(base(value, context))


def _compile_multiselect_list(node: Node, parts: Parts) -> Closure:
    closures = [compile_node(child, parts) for child in node["children"]]
    return lambda value, context: multiselect(value, lambda v: [c(v, context) for c in closures])


def _compile_multiselect_dict(node: Node, parts: Parts) -> Closure:
    pairs = [(child["value"], compile_node(child["children"][0], parts)) for child in node["children"]]
    return lambda value, context: multiselect(value, lambda v: {k: c(v, context) for k, c in pairs})


def _compile_comparator(node: Node, parts: Parts) -> Closure:
    operator: str = node["value"]
    left, right = (compile_node(child, parts) for child in node["children"])

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
    left, right = compile_node(node["children"][0], parts), _later(node["children"][1], parts)

    def both(value: Value, context: Context) -> Value:
        first = left(value, context)
        answer = truth(first)
        if answer is False:
            return first
        second = right(value, context)
        return second if answer else join([*logic.falsy_part(first), second], first_unknown(first))

    return both


def _compile_or(node: Node, parts: Parts) -> Closure:
    left, right = compile_node(node["children"][0], parts), _later(node["children"][1], parts)

    def either(value: Value, context: Context) -> Value:
        first = left(value, context)
        answer = truth(first)
        if answer:
            return first
        second = right(value, context)
        return second if answer is False else join([*logic.truthy_part(first), second], first_unknown(first))

    return either


def _compile_not(node: Node, parts: Parts) -> Closure:
    inner = compile_node(node["children"][0], parts)

    def negate(value: Value, context: Context) -> Value:
        found = inner(value, context)
        answer = truth(found)
        return logic.one_of((True, False), first_unknown(found)) if answer is None else not answer

    return negate


def _compile_function(node: Node, parts: Parts) -> Closure:
    from iacguard.policy.functions import FUNCTIONS, invoke

    name = node["value"]
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"there is no function {name}()", 0, _near(name, FUNCTIONS), name)
    wrong = function.wrong_count(len(node["children"]))
    if wrong:
        raise ExpressionError(f"{name}() {wrong}", 0, f"it is {function.signature}", name)
    arguments = [_compile_argument(child, parts) for child in node["children"]]

    def call(value: Value, context: Context) -> Value:
        return invoke(function, [argument(value, context) for argument in arguments], context)

    return call


def _near(name: str, names: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    return f"did you mean {close[0]}()?" if close else "docs/policy-language.md lists them"


def _compile_argument(node: Node, parts: Parts) -> Closure:
    if node["type"] != "expref":
        return compile_node(node, parts)
    inner = _later(node["children"][0], parts)
    return lambda value, context: Expref(inner, context)


def _compile_expref(node: Node, parts: Parts) -> Closure:
    return _compile_argument(node, parts)


_COMPILERS: dict[str, Callable[[Node, Parts], Closure]] = {
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
    "expref": _compile_expref,
}
