"""Operators over evaluated values: arithmetic, comparison and logic, with Terraform's conversions and unknowns.

The rules are those of "Expressions: Operators" in Terraform's language documentation. Operands are plain data.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError, normal, to_bool, to_number
from iacguard.frontends.terraform.functions.unknowns import find_unknown, one_of, same
from iacguard.frontends.terraform.values import EvalError, LimitError
from iacguard.model import Unknown, Value

_MAX_COMBINATIONS = 32
_MAX_BITS = 4096


def combine(operation: Callable[..., Value], *operands: Value) -> Value:
    """``operation`` over the operands, of which some may be unknown; over every choice where they are few."""
    if not any(isinstance(o, Unknown) for o in operands):
        return operation(*operands)
    over = _over_choices(operation, operands)
    return over if over is not None else built_from(operands)


def built_from(values: Sequence[Value]) -> Unknown:
    """The unknown result of an operation over ``values``, one of which is not wholly known."""
    first = find_unknown(values)
    assert first is not None
    return Unknown(first.reason, "expression", first.span, secret=first.secret)


def _over_choices(operation: Callable[..., Value], operands: Sequence[Value]) -> Value | None:
    pools = [o.choices if isinstance(o, Unknown) else (o,) for o in operands]
    count = 1
    for pool in pools:
        count *= len(pool)
    if not 0 < count <= _MAX_COMBINATIONS:
        return None
    results = []
    for picked in itertools.product(*pools):
        if find_unknown(picked) is not None:
            return None
        try:
            results.append(operation(*picked))
        except EvalError:
            continue  # a choice that cannot be applied is not one that is applied
    return one_of(results, operands) if results else None


def number(value: Value) -> int | float:
    """``value`` as a number. Raises EvalError where it is none."""
    if type(value) is int or type(value) is float:
        return value
    if value is None:
        raise EvalError("a number is required, not null")
    try:
        converted = to_number(value)
    except (FunctionError, NotEvaluatedError) as error:
        raise EvalError(str(error)) from None
    assert isinstance(converted, (int, float))
    return converted


def truth(value: Value) -> bool:
    """``value`` as a bool. Raises EvalError where it is none."""
    if value is True or value is False:
        return value
    if value is None:
        raise EvalError("a bool is required, not null")
    try:
        return bool(to_bool(value))
    except FunctionError as error:
        raise EvalError(str(error)) from None


def _divide(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise EvalError("division by zero")
    if isinstance(left, int) and isinstance(right, int) and left % right == 0:
        return left // right
    return left / right


def _remainder(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise EvalError("division by zero")
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    import math

    return math.fmod(left, right)


_ARITHMETIC: dict[str, Callable[[int | float, int | float], int | float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _remainder,
}
_ORDER: dict[str, Callable[[int | float, int | float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def arithmetic(op: str, left: Value, right: Value) -> Value:
    """``left op right`` for ``+ - * / %``. Raises EvalError for operands that are no numbers."""
    if type(left) is int and type(right) is int and op in "+-":
        return left + right if op == "+" else left - right
    return combine(lambda a, b: _calculate(op, number(a), number(b)), left, right)


def _calculate(op: str, left: int | float, right: int | float) -> int | float:
    for operand in (left, right):
        if isinstance(operand, int) and operand.bit_length() > _MAX_BITS:
            raise LimitError("a number has too many digits")
    try:
        return normal(_ARITHMETIC[op](left, right))
    except (FunctionError, OverflowError) as error:
        raise EvalError(str(error)) from None


def compare(op: str, left: Value, right: Value) -> Value:
    """``left op right`` for ``== != < > <= >=``."""
    if op == "==" or op == "!=":
        verdict = same(left, right)
        if verdict is None:
            return built_from((left, right))
        return verdict if op == "==" else not verdict
    return combine(lambda a, b: _ORDER[op](number(a), number(b)), left, right)


def negate(value: Value) -> Value:
    """``-value``."""
    return combine(lambda v: -number(v), value)


def invert(value: Value) -> Value:
    """``!value``."""
    return combine(lambda v: not truth(v), value)


def logical(op: str, left: Value, right: Callable[[], Value]) -> Value:
    """``left && right`` or ``left || right``: the right side is only evaluated where the left does not decide."""
    deciding = op == "||"
    first = left if isinstance(left, Unknown) else truth(left)
    if first is deciding:
        return deciding
    second = right()
    if not isinstance(second, Unknown):
        second = truth(second)
    if second is deciding:
        return deciding
    if isinstance(first, Unknown):
        return built_from((first,)) if second is (not deciding) and not first.choices else _either(op, first, second)
    return second


def _either(op: str, left: Value, right: Value) -> Value:
    if op == "||":
        return combine(lambda a, b: truth(a) or truth(b), left, right)
    return combine(lambda a, b: truth(a) and truth(b), left, right)
