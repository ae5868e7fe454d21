"""JSON for reports, by the standard library: msgspec is quicker over 5,000 dicts (18 ms against 55) but its import
costs 30 ms on every scan. Only ASCII is written: control characters, bidirectional controls and lone surrogates
are escapes, so that no input can steer a terminal or break the encoding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

#: Reports are made here and hold no cycles: looking for them would cost a sixth of the writing.
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))

#: A string as JSON. SARIF's results, of which there are thousands, are made of such and of text: in half the time that
#: it takes to build dicts and to encode them.
quoted: Callable[[str], str] = encode_basestring_ascii


def dumps(value: Any) -> str:
    """``value`` on one line, keys in their order. Raises ValueError for NaN and infinities, which are no JSON."""
    return _ENCODER.encode(value)


def rows(values: Iterable[Any]) -> str:
    """A JSON list with one item a line: quick to write, and two reports can be compared line by line."""
    return "".join(listed(map(dumps, values)))


def members(value: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    """A JSON object of ``value``'s members and then ``texts``', which are JSON already; one member a line."""
    return "".join(joined(value, {name: (text,) for name, text in texts.items()}))


def listed(texts: Iterable[str]) -> Iterator[str]:
    """As :func:`rows`, of items that are JSON already; in pieces, for each copy of a report of megabytes is felt."""
    before = "[\n"
    for text in texts:
        yield before
        yield text
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"


def joined(value: Mapping[str, Any], pieces: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """As :func:`members`, of JSON in pieces, and in pieces."""
    before = "{\n"
    for name, item in value.items():
        yield f"{before}{dumps(name)}:{dumps(item)}"
        before = ",\n"
    for name, texts in pieces.items():
        yield f"{before}{dumps(name)}:"
        yield from texts
        before = ",\n"
    yield "\n}"
