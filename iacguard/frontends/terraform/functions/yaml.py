"""YAML as Terraform reads and writes it (its library follows YAML 1.2's core schema, with merge keys)."""

from __future__ import annotations

import re
from typing import Any

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError, number_text, parse_number
from iacguard.frontends.terraform.functions.encoding import json_text
from iacguard.late import regex
from iacguard.model import Encoded, Value

MAX_NODES = 200_000
_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"), False),
}
_NULLS = ("", "~", "null", "Null", "NULL")
_NOT_FINITE = regex(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)
_NUMBER = regex(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASED = regex(r"([-+]?)0(x[0-9a-fA-F]+|o[0-7]+)")
_DATE = regex(r"\d{4}-\d\d?-\d\d?")
_TAGGED = regex(r"(&\S+\s+)?!")
_STANDARD = "tag:yaml.org,2002:"


def read_yaml(text: str) -> Value:
    """The one document of ``text``. Raises FunctionError for what is not YAML, for none and for several documents."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
    except (yaml.YAMLError, ValueError) as error:
        raise FunctionError(f"the text is not YAML: {_first_line(error)}") from None
    finally:
        loader.dispose()
    if node is None:
        raise FunctionError("the text holds no YAML document")
    return _Reader(text).value(node)


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}: {problem}" if mark else problem


class _Reader:
    """Nodes to values; an alias is read again, so their number is bounded and cycles are found."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.left = MAX_NODES
        self.open: set[int] = set()

    def value(self, node: Any) -> Value:
        self.left -= 1
        if self.left < 0:
            raise NotEvaluatedError("the YAML has too many nodes")
        if node.id == "scalar":
            return self._scalar(node)
        if id(node) in self.open:
            raise FunctionError("the YAML has an alias to what holds it")
        self.open.add(id(node))
        result = [self.value(item) for item in node.value] if node.id == "sequence" else self._mapping(node)
        self.open.discard(id(node))
        return result

    def _mapping(self, node: Any) -> dict[str, Value]:
        result: dict[str, Value] = {}
        merged: list[Value] = []
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                raise FunctionError("the YAML has a key that is not a text")
            if key_node.value == "<<" and not key_node.style:
                merged.append(self.value(value_node))
                continue
            key = self.value(key_node)
            if key is None:
                raise FunctionError("the YAML has a key that is not a text")
            result[key if isinstance(key, str) else key_node.value] = self.value(value_node)
        for other in merged:
            if not isinstance(other, dict):
                raise FunctionError("the YAML merges what is not a map")
            result = {**other, **result}
        return result

    def _scalar(self, node: Any) -> Value:
        kind = node.tag.removeprefix(_STANDARD)
        if kind == node.tag or kind in ("set", "omap", "binary"):
            raise FunctionError(f"the YAML has the tag {node.tag[:50]!r}, which is not supported")
        if node.style or (kind == "str" and _TAGGED.match(self.text, node.start_mark.index)):
            return node.value
        return _resolved(node.value)


def _resolved(text: str) -> Value:
    """A plain scalar: null, a bool, a number, a time as RFC 3339 text, or the text itself."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _NUMBER.fullmatch(text):
        return parse_number(text)
    based = _BASED.fullmatch(text)
    if based:
        number = int(based[2][1:], 16 if based[2][0] == "x" else 8)
        return -number if based[1] == "-" else number
    if _NOT_FINITE.fullmatch(text):
        raise FunctionError("the YAML has a number that is not finite")
    if _DATE.fullmatch(text):
        year, month, day = text.split("-")
        return f"{year}-{month:0>2}-{day:0>2}T00:00:00Z"
    return text


def yaml_text(value: Value) -> str:
    """Block style, keys and strings quoted; strings of several lines as literal blocks.

    The same data and style as Terraform's, except that long lines are not folded.
    """
    lines: list[str] = []
    _write(value, "", "", lines)
    if isinstance(value, (bool, int, float, type(None))):
        lines.append("...")
    return "\n".join(lines) + "\n"


def _write(value: Value, lead: str, pad: str, lines: list[str]) -> None:
    """``lead`` stands before the first line, ``pad`` before the others."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            _member(_quoted(key) + ":", value[key], lead, pad, lines)
            lead = pad
    elif isinstance(value, list) and value:
        for item in value:
            _write(item, lead + "- ", pad + "  ", lines)
            lead = pad
    else:
        first, *more = _plain(value, pad or "  ")
        lines += [lead + first, *more]


def _member(name: str, value: Value, lead: str, pad: str, lines: list[str]) -> None:
    if isinstance(value, (dict, list)) and value:
        lines.append(lead + name)
        inner = pad + "  " if isinstance(value, dict) else pad
        _write(value, inner, inner, lines)
    else:
        first, *more = _plain(value, pad + "  ")
        lines += [f"{lead}{name} {first}", *more]


def _plain(value: Value, pad: str) -> list[str]:
    """The lines of a scalar or an empty collection, all but the first with ``pad``."""
    if isinstance(value, Encoded):
        value = value.text
    if isinstance(value, str):
        block = "\n" in value and not _NOT_BLOCK.search(value)
        return _literal(value, pad) if block else [_quoted(value)]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [number_text(value)]
    return [json_text(value)]


#: What a literal block cannot show: control characters, and blanks before a line's end.
_NOT_BLOCK = regex("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[ ]\n|[ ]\\Z")
_SHORT = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\xa0": "\\_",
    "\u2028": "\\L",
    "\u2029": "\\P",
}


def _quoted(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


_ESCAPED = regex('[\x00-\x1f"\\\\\x7f-\xa0\u2028\u2029\ufeff]')


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return _SHORT.get(char) or (f"\\x{ord(char):02X}" if ord(char) < 256 else f"\\u{ord(char):04X}")


def _literal(text: str, pad: str) -> list[str]:
    body = text.split("\n")
    header = "|" if text.endswith("\n") else "|-"
    if text.endswith("\n"):
        body.pop()
        if text.endswith("\n\n") or text == "\n":
            header = "|+"
    if text.startswith((" ", "\n")):
        header = "|2" + header[1:]
    return [header, *(pad + line if line else "" for line in body)]
