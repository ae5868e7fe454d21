"""What a function call gets, how its arguments are converted, and how it fails.

The conversion rules are those of Terraform's type system ("Types and Values", "Type Constraints: Conversion of
Complex Types" in the language's documentation): a number or bool where a string is wanted becomes its text, and
back where the text allows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Protocol, TypeAlias

from iacguard.frontends.contract import Workspace
from iacguard.frontends.terraform.functions.unknowns import (
    derived,
    encoded_text,
    find_unknown,
    one_of,
    same,
)
from iacguard.model import REST, Encoded, Span, Unknown, Value
from iacguard.record import record, replace
from iacguard.source import SourceFile

#: More combinations of choices than this are not followed.
MAX_COMBINATIONS = 32
#: Numbers beyond this many decimal digits are refused; Terraform keeps 512 bits of mantissa.
MAX_DIGITS = 1000


class FunctionError(Exception):
    """The call must fail when Terraform evaluates it. The message says why, without the function's name."""


class NotEvaluatedError(Exception):
    """A bound or a gap of ours: the call may well be right, its result is unknown. The message is the reason."""


class CallContext(Protocol):
    """Where a call stands. Folders are relative to the base, "" being the base itself."""

    @property
    def span(self) -> Span:
        """The call's place, for problems and reasons."""

    @property
    def workspace(self) -> Workspace: ...

    @property
    def module_folder(self) -> str: ...

    @property
    def root_folder(self) -> str: ...

    def render(self, file: SourceFile, variables: dict[str, Value], span: Span) -> Value:
        """The value of a template file's text with the given variables; ``span`` is the call's."""


#: The kinds of parameters that take a text as it is.
_TAKING_TEXT = frozenset(["any", "path", "string"])
Kind: TypeAlias = Literal["any", "path", "string", "number", "bool", "list", "strings", "map"]


@record
class Param:
    """One parameter: ``null`` says that null is a legal argument.

    A "path" is the text of a file's path: one below the base may be absolute, though it is not known where that is.
    An unknown number makes the result unknown, also of a ``partial`` function, unless ``unknown`` is set.
    """

    name: str
    kind: Kind = "any"
    null: bool = False
    unknown: bool = False


Handling: TypeAlias = Literal["evaluated", "unknown", "evaluator"]


@record
class Function:
    """A function of the language: its parameters and how it is handled.

    ``handling``: "evaluated" here; "unknown" by nature (``uuid``); by the "evaluator", because its arguments are
    not plain values (``try``), and then calling it raises LookupError. ``body`` gets the converted arguments, after
    the context where ``context`` is set. With ``partial`` it also gets unknown ones and keeps what is certain.
    ``choices``: a finite set of arguments gives the finite set of results. ``present``: the result is never null
    or empty, even where it is unknown.
    """

    name: str
    summary: str
    body: Callable[..., Value] | None
    params: tuple[Param, ...] = ()
    rest: Param | None = None
    optional: int = 0
    partial: bool = False
    choices: bool = True
    context: bool = False
    present: bool = False
    handling: Handling = "evaluated"
    origin: Literal["both", "opentofu", "terraform", "provider"] = "both"

    def __call__(self, args: list[Value], call: CallContext) -> Value:
        """The value of the call. Raises FunctionError where Terraform would, LookupError for "evaluator" ones."""
        if self.handling == "evaluator":
            raise LookupError(f"{self.name} is evaluated with its arguments unevaluated")
        try:
            converted = self._convert(args)
            if self.params and self.params[0].kind == "path" and isinstance(converted[0], Unknown):
                from iacguard.frontends.terraform.functions.filesystem import relative

                converted[0] = relative(converted[0], call.root_folder)
            if self.handling == "unknown" or self.body is None:
                return self._unknown_by_nature(call)
            return self._apply(converted, call)
        except NotEvaluatedError as reason:
            return Unknown(str(reason), "limit", call.span, present=self.present)
        except RecursionError:
            raise FunctionError("a value is nested too deeply") from None

    def _convert(self, args: Sequence[Value]) -> list[Value]:
        least = len(self.params) - self.optional
        if len(args) < least:
            raise FunctionError(f"not enough arguments: {least} expected, {len(args)} given")
        if self.rest is None and len(args) > len(self.params):
            raise FunctionError(f"too many arguments: {len(self.params)} expected, {len(args)} given")
        return [convert(value, self._param(index)) for index, value in enumerate(args)]

    def _refuses(self, index: int) -> bool:
        param = self._param(index)
        return param.kind == "number" and not param.unknown

    def _param(self, index: int) -> Param:
        param = self.params[index] if index < len(self.params) else self.rest
        assert param is not None
        return param

    def _unknown_by_nature(self, call: CallContext) -> Unknown:
        return Unknown(f"{self.name}() is known only when applied", "function", call.span, present=self.present)

    def _apply(self, args: list[Value], call: CallContext) -> Value:
        if Unknown not in map(type, args):
            return self._run(args, call)
        if self.choices and any(isinstance(a, Unknown) and a.choices for a in args):
            combined = self._over_choices(args, call)
            if combined is not None:
                return combined
        return self._run(args, call)

    def _run(self, args: list[Value], call: CallContext) -> Value:
        if not self.partial:
            args = [encoded_text(a) if isinstance(a, Encoded) else a for a in args]
            first = find_unknown(args)
            if first is not None:
                return derived(args, present=self.present, span=first.span or call.span)
        elif Unknown in map(type, args) and any(
            isinstance(a, Unknown) and self._refuses(i) for i, a in enumerate(args)
        ):
            return derived(args, present=self.present, span=call.span)
        assert self.body is not None
        return self.body(call, *args) if self.context else self.body(*args)

    def _over_choices(self, args: list[Value], call: CallContext) -> Value | None:
        """The results over all choices of the arguments; None where some result is not known or they are many."""
        pools = [a.choices if isinstance(a, Unknown) and a.choices else (a,) for a in args]
        count = 1
        for pool in pools:
            count *= len(pool)
        if count > MAX_COMBINATIONS:
            return None
        results: list[Value] = []
        failure: FunctionError | None = None
        for combination in itertools.product(*pools):
            try:
                result = self._run(self._convert(combination), call)
            except FunctionError as error:
                failure = error  # a choice that cannot be applied is not one that is applied
                continue
            if isinstance(result, Unknown):
                return None
            results.append(result)
        if not results and failure is not None:
            raise failure
        return one_of(results, args)


def convert(value: Value, param: Param) -> Value:
    """``value`` as ``param`` wants it. Unknowns and Encoded strings pass. Raises FunctionError where it cannot be."""
    if type(value) is str and param.kind in _TAKING_TEXT:
        return value
    if isinstance(value, Unknown):
        return value
    if value is None:
        if param.null:
            return None
        raise FunctionError(f"argument {param.name} must not be null")
    kind = param.kind
    if kind == "any":
        return value
    if isinstance(value, Encoded):
        if kind == "string" or kind == "path":
            return value
        text = encoded_text(value)
        return text if isinstance(text, Unknown) else convert(text, param)
    try:
        return _CONVERSIONS[kind](value)
    except FunctionError as error:
        raise FunctionError(f"argument {param.name}: {error}") from None


def to_string(value: Value) -> Value:
    """The text of a primitive. Raises FunctionError for collections."""
    if isinstance(value, (str, Encoded)) or value is None:
        return value
    if isinstance(value, Unknown):
        return _choices_as_text(value) if value.choices else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    raise FunctionError(f"a string is required, not {type_name(value)}")


def _choices_as_text(value: Unknown) -> Unknown:
    if all(isinstance(choice, str) for choice in value.choices):
        return value
    if any(isinstance(choice, (list, dict, Unknown)) for choice in value.choices):
        return replace(value, choices=())
    return replace(value, choices=tuple(to_string(choice) for choice in value.choices))


def to_number(value: Value) -> Value:
    """The number of a primitive. Raises FunctionError where there is none."""
    if isinstance(value, bool):
        raise FunctionError("a number is required, not a bool")
    if isinstance(value, (int, float)) or value is None:
        return value
    if isinstance(value, Unknown):
        return replace(value, parts=()) if value.parts else value
    if isinstance(value, Encoded):
        value = encoded_text(value)
        if isinstance(value, Unknown):
            return derived([value])
    if isinstance(value, str):
        return parse_number(value)
    raise FunctionError(f"a number is required, not {type_name(value)}")


def to_bool(value: Value) -> Value:
    """The bool of a primitive. Raises FunctionError where there is none."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Unknown):
        return replace(value, parts=()) if value.parts else value
    if isinstance(value, Encoded):
        value = encoded_text(value)
        if isinstance(value, Unknown):
            return derived([value])
    if value == "true" and isinstance(value, str):
        return True
    if value == "false" and isinstance(value, str):
        return False
    raise FunctionError(f"a bool is required, not {type_name(value)}")


def _to_list(value: Value) -> Value:
    if isinstance(value, list):
        return value
    raise FunctionError(f"a list is required, not {type_name(value)}")


def _to_strings(value: Value) -> Value:
    return [to_string(item) for item in _to_list(value)]


def _to_map(value: Value) -> Value:
    if isinstance(value, dict):
        return value
    raise FunctionError(f"a map is required, not {type_name(value)}")


_CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    "path": to_string,
    "string": to_string,
    "number": to_number,
    "bool": to_bool,
    "list": _to_list,
    "strings": _to_strings,
    "map": _to_map,
}


def type_name(value: Value) -> str:
    """What a message calls the type of ``value``."""
    for types, name in (((bool,), "a bool"), ((int, float), "a number"), ((str, Encoded), "a string")):
        if isinstance(value, types):
            return name
    return "a list" if isinstance(value, list) else "a map" if isinstance(value, dict) else "null"


def number_text(value: int | float) -> str:
    """A number as Terraform writes it: without an exponent."""
    if isinstance(value, float):
        text = repr(value)
        if "e" in text:
            from decimal import Decimal

            text = format(Decimal(text), "f")
        return text.removesuffix(".0")
    if abs(value).bit_length() > MAX_DIGITS * 3.33:
        raise NotEvaluatedError("the number has too many digits")
    return str(value)


def parse_number(text: str) -> int | float:
    """A decimal number, with or without fraction and exponent. Raises FunctionError for anything else."""
    import re

    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?", text, re.ASCII) or len(text) > MAX_DIGITS:
        raise FunctionError(f"a number is required, not {text[:40]!r}")
    from decimal import Decimal

    exact = Decimal(text)
    if exact.adjusted() > MAX_DIGITS:
        raise FunctionError("the number is too large")
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def normal(number: float) -> int | float:
    """An integral float as an int. Raises FunctionError for infinities and not-a-number."""
    if number != number or number in (float("inf"), float("-inf")):
        raise FunctionError("the result is not a finite number")
    return int(number) if isinstance(number, int) or number.is_integer() else number


def spread_index(items: Sequence[Value]) -> int:
    """Index of the first item that stands for any number of items; the length where there is none."""
    for index, item in enumerate(items):
        if isinstance(item, Unknown) and item.spread:
            return index
    return len(items)


def as_item(unknown: Unknown) -> Unknown:
    """``unknown`` as one item: what a member of an unknown collection is."""
    return replace(unknown, spread=False) if unknown.spread else unknown


def known_keys(mapping: dict[str, Value]) -> Iterator[str]:
    """The keys that are certain, sorted as Terraform iterates over maps."""
    return (key for key in sorted(mapping) if key != REST)


__all__ = [
    "CallContext",
    "Function",
    "FunctionError",
    "NotEvaluatedError",
    "Param",
    "as_item",
    "convert",
    "known_keys",
    "normal",
    "number_text",
    "parse_number",
    "same",
    "spread_index",
    "to_bool",
    "to_number",
    "to_string",
    "type_name",
]
