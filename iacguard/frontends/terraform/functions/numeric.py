"""Numeric functions. Numbers are ints where integral, else floats; ints are exact at any size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from iacguard.frontends.terraform.functions.context import FunctionError, normal, parse_number, to_number
from iacguard.frontends.terraform.functions.unknowns import derived, find_unknown
from iacguard.model import Unknown, Value

if TYPE_CHECKING:
    from fractions import Fraction

Number = int | float
MAX_DIGITS = 1000
MAX_RANGE = 1024


def absolute(number: Number) -> Number:
    return abs(number)


def ceil(number: Number) -> int:
    return math.ceil(number)


def floor(number: Number) -> int:
    return math.floor(number)


def log(number: Number, base: Number) -> Number:
    try:
        return normal(math.log(number) / math.log(base))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise FunctionError("the result is not a finite number") from None


def maximum(*numbers: Number) -> Number:
    return max(numbers) if numbers else _none_given()


def minimum(*numbers: Number) -> Number:
    return min(numbers) if numbers else _none_given()


def _none_given() -> Number:
    raise FunctionError("at least one number is required")


def parseint(text: Value, base: Number) -> int:
    if not isinstance(text, str):
        raise FunctionError("the first argument must be a string")
    if not isinstance(base, int) or not (2 <= base <= 62):
        raise FunctionError("the base must be a whole number from 2 to 62")
    digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if not digits or len(digits) > MAX_DIGITS:
        raise FunctionError(f"{text[:40]!r} is not a whole number in base {base}")
    value = 0
    for digit in digits:
        rank = _digit(digit, base)
        if rank >= base:
            raise FunctionError(f"{text[:40]!r} is not a whole number in base {base}")
        value = value * base + rank
    return -value if text.startswith("-") else value


def _digit(digit: str, base: int) -> int:
    """The value of a digit as Go's math/big counts: up to base 36 case is ignored, above it A-Z follow a-z."""
    if "0" <= digit <= "9":
        return ord(digit) - ord("0")
    if "a" <= digit <= "z":
        return ord(digit) - ord("a") + 10
    if "A" <= digit <= "Z":
        return ord(digit) - ord("A") + (10 if base <= 36 else 36)
    return base


def power(number: Number, exponent: Number) -> Number:
    """A double's power, read back from its shortest text, as Terraform does it."""
    try:
        return parse_number(repr(math.pow(number, exponent)))
    except (ValueError, OverflowError, ZeroDivisionError):
        raise FunctionError("the result is not a finite number") from None


def signum(number: Number) -> int:
    if isinstance(number, float):
        raise FunctionError("a whole number is required")
    return (number > 0) - (number < 0)


def total(values: Value) -> Value:
    if isinstance(values, Unknown):
        return derived([values])
    if not isinstance(values, list):
        raise FunctionError("a list of numbers is required")
    if find_unknown(values) is not None:
        return derived(values)
    if not values:
        raise FunctionError("the list must have at least one number")
    if any(v is None for v in values):
        raise FunctionError("the list has a null")
    from fractions import Fraction

    numbers = [to_number(v) for v in values]
    exact = sum((_exact(n) for n in numbers), Fraction(0))
    return int(exact) if exact.denominator == 1 else float(exact)


def _exact(number: Number) -> Fraction:
    from fractions import Fraction

    # Terraform adds decimals: 0.1 + 0.2 is 0.3 there.
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def sequence(*bounds: Number) -> list[Number]:
    """``range``: up to a limit, between two, or in steps, in either direction."""
    if not 1 <= len(bounds) <= 3:
        raise FunctionError("one to three numbers are required")
    from fractions import Fraction

    exact = [_exact(b) for b in bounds]
    start, limit = (Fraction(0), exact[0]) if len(exact) == 1 else (exact[0], exact[1])
    step = exact[2] if len(exact) == 3 else Fraction(1 if start <= limit else -1)
    if step == 0:
        raise FunctionError("the step must not be zero")
    if (limit > start) != (step > 0) and limit != start:
        raise FunctionError("the step goes away from the limit")
    count = math.ceil((limit - start) / step)
    if count > MAX_RANGE:
        raise FunctionError(f"more than {MAX_RANGE} numbers")
    numbers = [start + step * i for i in range(count)]
    return [int(n) if n.denominator == 1 else float(n) for n in numbers]
