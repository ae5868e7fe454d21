"""``format`` and ``formatlist``: the verbs of "format Function" in the language's documentation.

An unknown argument of a plain ``%s`` or ``%v`` is an unknown piece of the result.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from iacguard.frontends.terraform.functions.context import (
    FunctionError,
    NotEvaluatedError,
    number_text,
    to_bool,
    to_number,
    to_string,
)
from iacguard.frontends.terraform.functions.encoding import json_text
from iacguard.frontends.terraform.functions.unknowns import (
    Pieces,
    derived,
    encoded_text,
    find_unknown,
    from_pieces,
    pieces,
)
from iacguard.model import Encoded, Unknown, Value

if TYPE_CHECKING:
    from decimal import Decimal

MAX_WIDTH = 4096
MAX_LIST = 20_000
# Compiled at the first call; re keeps it.
_VERB = r"(?sa)%(?:(%)|([-+ #0]*)(\d*)(?:(\.)(\d*))?(?:\[(\d+)\])?(.))"


class Verb(NamedTuple):
    """One ``%...``: ``position`` counts arguments from 0; a precision of -1 was not given."""

    mode: str
    flags: str
    width: int
    precision: int
    position: int


def parse_format(pattern: str) -> tuple[list[str | Verb], int]:
    """Text and verbs in order, and how many arguments are used. Raises FunctionError for an unknown verb."""
    result: list[str | Verb] = []
    at = position = used = 0
    for found in re.finditer(_VERB, pattern):
        result.append(pattern[at : found.start()])
        at = found.end()
        if found[1]:
            result.append("%")
            continue
        if found[6]:
            position = int(found[6]) - 1
        if found[7] not in "vtbdoxXeEfgGsq" or position < 0:
            raise FunctionError(f"the format has an unknown verb {found[0]!r}")
        precision = int(found[5] or 0) if found[4] else -1
        if int(found[3] or 0) > MAX_WIDTH or precision > MAX_WIDTH:
            raise NotEvaluatedError("the format asks for a text that is too wide")
        result.append(Verb(found[7], found[2], int(found[3] or 0), precision, position))
        position += 1
        used = max(used, position)
    rest = pattern[at:]
    if "%" in rest:
        raise FunctionError("the format ends within a verb")
    return [*result, rest], used


def format_(pattern: Value, *args: Value) -> Value:
    if isinstance(pattern, (Unknown, Encoded)):
        return derived([pattern]) if isinstance(pattern, Unknown) else _formatted(str(encoded_text(pattern)), args)
    return _formatted(pattern, args)


def _formatted(pattern: str, args: tuple[Value, ...]) -> Value:
    items, used = parse_format(pattern)
    if used > len(args):
        raise FunctionError(f"the format uses {used} arguments, {len(args)} are given")
    if used < len(args) and not any(isinstance(i, Verb) and "[" in pattern for i in items):
        raise FunctionError(f"the format uses {used} arguments, {len(args)} are given")
    verbs = [i for i in items if not isinstance(i, str) or i]
    if len(verbs) == 1 and isinstance(verbs[0], Verb) and _plain(verbs[0]):
        only = args[verbs[0].position]
        if isinstance(only, Encoded):
            return only
    result: Pieces = []
    for item in items:
        result += [item] if isinstance(item, str) else _verb(item, args[item.position])
    return from_pieces(result, list(args))


def _plain(verb: Verb) -> bool:
    return verb.mode in "sv" and not verb.width and verb.precision < 0 and "#" not in verb.flags


def _verb(verb: Verb, value: Value) -> Pieces:
    if isinstance(value, Encoded):
        value = encoded_text(value)
    if isinstance(value, Unknown):
        text = to_string(value)
        if None in text.choices:  # %v writes null as a word
            return [derived([value])]
        return pieces(text) if _plain(verb) else [derived([value])]
    if find_unknown([value]) is not None:
        return [derived([value], present=True)]
    return [_text(verb, value)]


def _text(verb: Verb, value: Value) -> str:
    mode = verb.mode
    if mode == "v":
        return _default(verb, value)
    if value is None:
        raise FunctionError(f"%{mode} cannot write null")
    try:
        if mode == "t":
            return "true" if to_bool(value) else "false"
        if mode in "sq":
            text = str(to_string(value))
            if verb.precision >= 0:
                text = text[: verb.precision]
            return _padded(verb, json_text(text) if mode == "q" else text)
        return _number(verb, to_number(value))
    except FunctionError as error:
        raise FunctionError(f"%{mode}: {error}") from None


def _default(verb: Verb, value: Value) -> str:
    if isinstance(value, str) and "#" not in verb.flags:
        return _padded(verb, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and "#" not in verb.flags:
        flags = "".join(flag for flag in verb.flags if flag in "-0")
        return _number(Verb("g", flags, verb.width, -1, verb.position), value)
    return _padded(verb, json_text(value))


def _padded(verb: Verb, text: str) -> str:
    missing = verb.width - len(text)
    if missing <= 0:
        return text
    if "-" in verb.flags:
        return text + " " * missing
    return ("0" if "0" in verb.flags else " ") * missing + text


def _number(verb: Verb, value: int | float) -> str:
    sign = "-" if value < 0 else "+" if "+" in verb.flags else " " if " " in verb.flags else ""
    if verb.mode in "bdoxX":
        if isinstance(value, float):
            raise FunctionError("a whole number is required, not one with a fraction")
        if "#" in verb.flags:
            sign += {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(verb.mode, "")
        body = format(abs(value), verb.mode).rjust(max(verb.precision, 0), "0")
    else:
        body = _float(verb, abs(value))
    if "0" in verb.flags and "-" not in verb.flags:
        return sign + body.rjust(verb.width - len(sign), "0")
    return _padded(verb, sign + body)


def _float(verb: Verb, value: int | float) -> str:
    from decimal import Decimal

    exact = Decimal(number_text(value)) if value else Decimal(0)
    if verb.mode in "gG" and verb.precision < 0:
        return _shortest(verb, exact)
    precision = 6 if verb.precision < 0 else verb.precision
    if verb.mode in "eE" and not value:
        return f"{0:.{precision}{verb.mode}}"
    return _go_exponent(format(exact, f".{precision}{verb.mode}"))


def _shortest(verb: Verb, exact: Decimal) -> str:
    """As few digits as say it; with an exponent below -4 and from 6 on, as Go's ``big.Float`` does."""
    exponent = exact.adjusted()
    if not exact or -4 <= exponent < 6:
        return format(exact, "f")
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0")
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}{'E' if verb.mode == 'G' else 'e'}{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def _go_exponent(text: str) -> str:
    """At least two digits in the exponent, as C and Go write it."""
    return re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", text)


def formatlist(pattern: Value, *args: Value) -> Value:
    """``format`` for every item of the lists among the arguments; all of one length."""
    if any(isinstance(a, Unknown) and not a.parts for a in args) and not any(isinstance(a, list) for a in args):
        return derived([pattern, *args])
    lists = [a for a in args if isinstance(a, list)]
    loose = [a for a in lists if any(isinstance(i, Unknown) and i.spread for i in a)]
    if loose:
        return _loose(pattern, args) if len(lists) == 1 else derived(args)
    lengths = {len(a) for a in lists}
    if len(lengths) > 1:
        raise FunctionError("the lists differ in length")
    count = lengths.pop() if lengths else 1
    if count > MAX_LIST:
        raise NotEvaluatedError("the list is too long")
    return [format_(pattern, *(a[i] if isinstance(a, list) else a for a in args)) for i in range(count)]


def _loose(pattern: Value, args: tuple[Value, ...]) -> Value:
    result: list[Value] = []
    values = next(a for a in args if isinstance(a, list))
    for item in values:
        if isinstance(item, Unknown) and item.spread:
            result.append(derived([item], spread=True))
        else:
            result.append(format_(pattern, *(item if isinstance(a, list) else a for a in args)))
    return result
