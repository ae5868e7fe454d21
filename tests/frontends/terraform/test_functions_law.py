"""The law of partly known arguments: what a call says of them never contradicts what it says once they are known.

Every documented case is called again with each of its parts hidden in several ways.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from iacguard.frontends.terraform.functions import FUNCTIONS, FunctionError
from iacguard.frontends.terraform.functions.context import to_string
from iacguard.frontends.terraform.functions.unknowns import find_unknown, may_match
from iacguard.model import REST, Encoded, Unknown, Value
from tests.frontends.terraform import (
    test_functions_collections,
    test_functions_encodings,
    test_functions_others,
    test_functions_text,
)
from tests.frontends.terraform.calling import FAILS, call, unknown

_MODULES = (test_functions_collections, test_functions_encodings, test_functions_others, test_functions_text)
CASES = [case for module in _MODULES for case in module.CASES if case[2] != FAILS]


def covers(partly: Value, whole: Value) -> bool:
    """Whether ``whole`` is one of the values that ``partly`` may stand for."""
    if isinstance(partly, Encoded):
        return partly.text is None or partly.text == whole
    if isinstance(partly, Unknown):
        if partly.present and (whole is None or whole == "" or whole == [] or whole == {}):
            return False
        if partly.parts and not (isinstance(whole, str) and may_match(partly, whole)):
            return False
        return not partly.choices or any(covers(choice, whole) for choice in partly.choices)
    if isinstance(partly, list) and isinstance(whole, list):
        return _covers_list(partly, whole)
    if isinstance(partly, dict) and isinstance(whole, dict):
        names = partly.keys() - {REST}
        if not names <= whole.keys() or (REST not in partly and names != whole.keys()):
            return False
        return all(covers(partly[name], whole[name]) for name in names)
    # Beside an unknown item that may be a text, a number or bool may still become one.
    return partly == whole or (_text(partly) is not None and _text(partly) == _text(whole))


def _text(value: Value) -> str | None:
    return None if value is None or isinstance(value, (list, dict)) else str(to_string(value))


def _covers_list(partly: list[Value], whole: list[Value]) -> bool:
    """After an item that stands for any number of items, nothing is said of places."""
    head = next((at for at, item in enumerate(partly) if isinstance(item, Unknown) and item.spread), len(partly))
    if not all(covers(a, b) for a, b in zip(partly[:head], whole, strict=False)) or len(whole) < head:
        return False
    if head == len(partly):
        return len(whole) == head
    rest = list(whole[head:])
    # Unknown items match nearly everything, so those that are known choose first.
    single = [item for item in partly[head:] if not (isinstance(item, Unknown) and item.spread)]
    for item in sorted(single, key=lambda i: find_unknown([i]) is not None):
        found = next((other for other in rest if covers(item, other)), FAILS)
        if found == FAILS:
            return False
        rest.remove(found)
    return True


def hidden(value: Value) -> Iterator[Value]:
    """``value`` with each of its parts hidden in turn, in each way that fits."""
    yield unknown()
    other: Value = 7 if isinstance(value, str) else "other" if not isinstance(value, (list, dict)) else type(value)()
    yield unknown(choices=(value, other))
    yield unknown(choices=(other, value))
    if value is not None and value != "" and value != [] and value != {}:
        yield unknown(present=True)
    if isinstance(value, str):
        for cut in sorted({1, len(value) // 2, len(value) - 1}):
            if 0 < cut <= len(value):
                yield unknown(parts=(value[:cut], unknown("the end")))
                yield unknown(parts=(unknown("the start"), value[cut:])) if value[cut:] else unknown()
    elif isinstance(value, list):
        yield [unknown(spread=True)]
        for at in range(len(value)):
            yield [*value[:at], unknown(spread=True), *value[at + 1 :]]
            yield [*value[:at], unknown(spread=True), *value[at:]]
            yield [*value[:at], unknown(spread=True)]
            for item in hidden(value[at]):
                yield [*value[:at], item, *value[at + 1 :]]
    elif isinstance(value, dict):
        yield {REST: unknown()}
        for key in value:
            yield {**{k: v for k, v in value.items() if k != key}, REST: unknown()}
            for item in hidden(value[key]):
                yield {**value, key: item}


def _hidden_arguments(args: list[Value]) -> Iterator[list[Value]]:
    for at, arg in enumerate(args):
        for item in hidden(arg):
            yield [*args[:at], item, *args[at + 1 :]]


@pytest.mark.parametrize("name", sorted({case[0] for case in CASES}))
def test_never_contradicts(name: str) -> None:
    contradictions = []
    for args, expected in [(case[1], case[2]) for case in CASES if case[0] == name]:
        for partial in _hidden_arguments(args):
            try:
                found = call(name, *partial)
            except FunctionError as error:
                contradictions.append((partial, expected, f"fails: {error}"))
                continue
            if not covers(found, expected):
                contradictions.append((partial, expected, found))
    assert not contradictions, "\n".join(map(str, contradictions))


def test_every_evaluated_function_is_held_to_it() -> None:
    plain = {f.name for f in FUNCTIONS.values() if f.handling == "evaluated" and f.origin == "both" and not f.context}
    left_out = {"type", "sensitive", "issensitive"}
    assert plain - {case[0] for case in CASES} <= left_out
