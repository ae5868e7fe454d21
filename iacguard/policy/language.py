"""The condition language: JMESPath, compiled once to closures, over values of which some are not known.

The grammar is the ``jmespath`` package's parser (https://jmespath.org/specification.html); the evaluator is ours
because it keeps three values (:mod:`iacguard.policy.logic`). On plain data it answers exactly as JMESPath does.
With unknown parts an answer is known only where every concrete value would give the same one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from iacguard.model import Graph, Resource, Value
from iacguard.policy.errors import ExpressionError
from iacguard.policy.logic import Tri
from iacguard.record import record


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
#: An expression, compiled for one question: whether its value counts as true.
Answer: TypeAlias = Callable[[Value, Context], Tri]
Node: TypeAlias = dict[str, Any]


class Parts:
    """What the nodes of one expression's tree compile to, each when first asked for: the tracer runs single nodes."""

    __slots__ = ("_answers", "_closures")

    def __init__(self) -> None:
        # By the nodes' identity: the tree lives as long as its parts.
        self._closures: dict[int, Closure] = {}
        self._answers: dict[int, Answer] = {}

    def closure(self, node: Node) -> Closure:
        """What gives the node's value. Raises ExpressionError."""
        known = self._closures.get(id(node))
        if known is None:
            from iacguard.policy.closures import COMPILERS

            known = self._closures[id(node)] = COMPILERS[node["type"]](node, self)
        return known

    def answer(self, node: Node) -> Answer:
        """What tells whether the node's value counts as true. Raises ExpressionError."""
        known = self._answers.get(id(node))
        if known is None:
            from iacguard.policy.answers import compile_answer

            known = self._answers[id(node)] = compile_answer(node, self)
        return known


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
    """One compiled expression. ``node`` is the parser's tree, which the tracer walks; ``parts`` what it compiles to."""

    text: str
    node: Node
    parts: Parts

    def evaluate(self, value: Value, context: Context | None = None) -> Value:
        """The value at ``value``; without a context exactly as JMESPath.

        Raises EvaluationError where a function is given a wrong type.
        """
        return self.parts.closure(self.node)(value, context or Context(strict=True))

    @property
    def answer(self) -> Answer:
        """What tells whether the value counts as true: with less work than it takes to find the value itself.

        Raises EvaluationError where a function is given a wrong type.
        """
        return self.parts.answer(self.node)


def operands(node: Node) -> list[Node]:
    """What stands in ``a && b && c``, or between ``||``, in order: the parser nests it to the left."""
    found: list[Node] = []
    kind = node["type"]
    while node["type"] == kind:
        left, right = node["children"]
        found.append(right)
        node = left
    return [node, *reversed(found)]


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
    parts = Parts()
    if node is not None:
        return Expression(text, tree, parts)
    try:
        _compile_all(tree, parts)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    except ExpressionError as error:
        if error.function:
            error.offset = max(0, text.find(f"{error.function}("))
        raise
    return Expression(text, tree, parts)


def _compile_all(node: Node, parts: Parts) -> None:
    """Compile every node of a tree, whether it will be run or not: an error shows before the scan."""
    from iacguard.policy.closures import COMPILERS

    if node["type"] in COMPILERS:
        parts.closure(node)
    for child in node["children"]:
        if isinstance(child, dict):
            _compile_all(child, parts)
