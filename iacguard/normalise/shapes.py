"""Conversions of CloudFormation's tables that change the shape of a value, and so where its parts stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from iacguard.model import REST, Path, Unknown, Value
from iacguard.normalise.convert import camel, camel_keys
from iacguard.normalise.values import MAX_DEPTH, boolean
from iacguard.record import replace

#: New path -> old path.
Moves: TypeAlias = dict[Path, Path]

#: Arguments that stay text even where they read "true".
STAYS_TEXT = frozenset({"value", "default_value", "string_value", "values"})


def _tags(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    if not isinstance(value, list):
        return value
    out: dict[str, Value] = {}
    for index, pair in enumerate(value):
        key = pair.get("Key", pair.get("Name")) if isinstance(pair, dict) else pair
        if isinstance(key, str) and isinstance(pair, dict):
            out[key] = pair.get("Value")
            moves[(*new, key)] = (*old, index, "Value")
        else:
            out[REST] = key if isinstance(key, Unknown) else Unknown("a tag's key is not known")
    return out


def _pluck(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    if not isinstance(value, list):
        return value.get(argument) if isinstance(value, dict) else value
    for index in range(len(value)):
        moves[(*new, index)] = (*old, index, argument)
    return [v.get(argument) if isinstance(v, dict) else v for v in value]


def _list(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    if isinstance(value, list):
        return value
    moves[(*new, 0)] = old
    return [value]


def _entries(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    if not isinstance(value, dict):
        return value
    out: list[Value] = []
    for key, inner in value.items():
        if key == REST:
            out.append(replace(inner, spread=True) if isinstance(inner, Unknown) else inner)
            continue
        moves[(*new, len(out))] = (*old, key)
        moves[(*new, len(out), "value")] = (*old, key)
        out.append({"name": key, "value": inner})
    return out


def _keyed(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    """A map of objects as a list of objects that hold their key under ``argument``."""
    if not isinstance(value, dict):
        return value
    out: list[Value] = []
    for key, inner in value.items():
        if key == REST or not isinstance(inner, dict):
            unknown = inner if isinstance(inner, Unknown) else Unknown("not an object", kind="error")
            out.append(replace(unknown, spread=key == REST))
            continue
        moves[(*new, len(out))] = (*old, key)
        out.append({**inner, argument: key})
    return out


def _wrap(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    """A list of plain values as a list of objects that hold each under ``argument``."""
    if not isinstance(value, list):
        return value
    return [v if isinstance(v, Unknown) and v.spread else {argument: v} for v in value]


def _statement(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    """A lone statement as the policy document it makes."""
    if not isinstance(value, dict):
        return value
    moves[(*new, "Statement", 0)] = old
    return {"Statement": [value]}


def _camel(moves: Moves, value: Value, argument: str, new: Path, old: Path) -> Value:
    _camel_moves(moves, value, new, old, 0)
    verbatim = frozenset(argument.split(","))
    return _booleans(camel_keys(value, verbatim), verbatim, 0)


def _booleans(value: Value, verbatim: frozenset[str], depth: int) -> Value:
    """``value`` with the texts "true" and "false" of its members as what they mean; items of lists stay text."""
    if isinstance(value, list):
        return [_booleans(v, verbatim, depth + 1) if isinstance(v, dict) else v for v in value]
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return value
    out: dict[str, Value] = {}
    for name, inner in value.items():
        if isinstance(inner, str) and name not in STAYS_TEXT:
            known = boolean(inner)
            out[name] = inner if known is None else known
        else:
            kept = name[:1].upper() + name[1:] in verbatim
            out[name] = inner if kept else _booleans(inner, verbatim, depth + 1)
    return out


def _camel_moves(moves: Moves, value: Value, new: Path, old: Path, depth: int) -> None:
    if depth > 6:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            at = (*new, camel(key))
            moves[at] = (*old, key)
            _camel_moves(moves, inner, at, (*old, key), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _camel_moves(moves, inner, (*new, index), (*old, index), depth + 1)


#: A conversion's name -> what does it: it gives the new value, and adds to the moves where its parts come from.
SHAPES: Mapping[str, Callable[[Moves, Value, str, Path, Path], Value]] = {
    "tags": _tags,
    "pluck": _pluck,
    "list": _list,
    "entries": _entries,
    "keyed": _keyed,
    "wrap": _wrap,
    "statement": _statement,
    "camel": _camel,
}
