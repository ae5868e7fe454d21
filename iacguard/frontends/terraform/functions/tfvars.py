"""Reads the text of a ``.tfvars`` file for ``provider::terraform::decode_tfvars``."""

from __future__ import annotations

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError
from iacguard.frontends.terraform.syntax import Expr, Literal, ObjectExpr, Paren, TupleExpr, Unary
from iacguard.model import Value
from iacguard.source import SourceFile


def read_tfvars(file: SourceFile) -> dict[str, Value]:
    """The assignments of ``file``. Raises FunctionError where it is not a file of assignments of constants."""
    from iacguard.frontends.terraform.parse import parse

    document, problems = parse(file)
    if document is None or problems or document.body.blocks:
        raise FunctionError("the text is not in .tfvars syntax")
    return {attribute.name: _constant(attribute.expr) for attribute in document.body.attributes}


def _constant(expr: Expr) -> Value:
    if isinstance(expr, Literal):
        return expr.value
    if isinstance(expr, Paren):
        return _constant(expr.inner)
    if isinstance(expr, TupleExpr):
        return [_constant(item) for item in expr.items]
    if isinstance(expr, ObjectExpr):
        return {str(_constant(key)): _constant(item) for key, item in expr.items}
    if isinstance(expr, Unary) and expr.op == "-":
        number = _constant(expr.operand)
        if isinstance(number, (int, float)):
            return -number
    raise NotEvaluatedError("decode_tfvars of more than constants is not evaluated")
