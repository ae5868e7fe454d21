"""The two ways in which an expression is wrong: in itself, or on some data."""

from __future__ import annotations


class ExpressionError(Exception):
    """An expression that cannot be compiled. ``offset`` counts characters from the expression's start."""

    def __init__(self, message: str, offset: int = 0, hint: str = "", function: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint
        self.function = function


class EvaluationError(Exception):
    """An expression that fails on this data: a function was given a value of a wrong type."""
