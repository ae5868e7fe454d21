"""YAML as Terraform reads and writes it (its library follows YAML 1.2's core schema, with merge keys)."""

from __future__ import annotations

import re
from typing import Any

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError, number_text, parse_number
from iacguard.frontends.terraform.functions.encoding import json_text
from iacguard.model import Encoded, Value

MAX_NODES = 200_000
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = ("", "~", "null", "Null", "NULL")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_BASED = re.compile(r"([-+]?)0(x[0-9a-fA-F]+|o[0-7]+|b[01]+)\Z")
_STANDARD = "tag:yaml.org,2002:"


def read_yaml(text: str) -> Value:
    """The one document of ``text``. Raises FunctionError for what is not YAML, and for several documents."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
    except (yaml.YAMLError, ValueError) as error:
        raise FunctionError(f"the text is not YAML: {_first_line(error)}") from None
    finally:
        loader.dispose()
    return None if node is None else _Reader().value(node)


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}: {problem}" if mark else problem


class _Reader:
    """Nodes to values; an alias is read again, so their number is bounded and cycles are found."""

    def __init__(self) -> None:
        self.left = MAX_NODES
        self.open: set[int] = set()

    def value(self, node: Any) -> Value:
        self.left -= 1
        if self.left < 0:
            raise NotEvaluatedError("the YAML has too many nodes")
        if node.id == "scalar":
            return _scalar(node)
        if id(node) in self.open:
            raise FunctionError("the YAML has an alias to what holds it")
        self.open.add(id(node))
        result = [self.value(item) for item in node.value] if node.id == "sequence" else self._mapping(node)
        self.open.discard(id(node))
        return result

    def _mapping(self, node: Any) -> dict[str, Value]:
        result: dict[str, Value] = {}
        merged: list[dict[str, Value]] = []
        for key_node, value_node in node.value:
            if key_node.id == "scalar" and key_node.value == "<<" and key_node.style is None:
                found = self.value(value_node)
                merged += found if isinstance(found, list) else [found]
                continue
            key = self.value(key_node)
            if isinstance(key, (list, dict)) or key is None:
                raise FunctionError("the YAML has a key that is not a text")
            result[key_node.value if isinstance(key, (bool, int, float)) else key] = self.value(value_node)
        for other in merged:
            if not isinstance(other, dict):
                raise FunctionError("the YAML merges what is not a map")
            result = {**other, **result}
        return result


def _scalar(node: Any) -> Value:
    text: str = node.value
    tag: str = node.tag
    if node.style is not None or tag == "!":
        plain = False
    else:
        plain = True
    if not tag.startswith(_STANDARD) and tag != "!":
        raise FunctionError(f"the YAML has the unknown tag {tag[:50]!r}")
    if not plain:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _NUMBER.match(text):
        return parse_number(text)
    based = _BASED.match(text)
    if based:
        number = int(based[2][1:], {"x": 16, "o": 8, "b": 2}[based[2][0]])
        return -number if based[1] == "-" else number
    return text


def yaml_text(value: Value) -> str:
    """Block style, keys and strings quoted; strings of several lines as literal blocks."""
    lines: list[str] = []
    _write(value, "", "", lines)
    return "\n".join(lines) + "\n"


def _write(value: Value, lead: str, pad: str, lines: list[str]) -> None:
    """``lead`` stands before the first line, ``pad`` before the others."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            _member(json_text(key) + ":", value[key], lead, pad, lines)
            lead = pad
    elif isinstance(value, list) and value:
        for item in value:
            _item(item, lead, pad, lines)
            lead = pad
    else:
        first, *more = _plain(value, pad)
        lines += [lead + first, *more]


def _member(name: str, value: Value, lead: str, pad: str, lines: list[str]) -> None:
    if isinstance(value, (dict, list)) and value:
        lines.append(lead + name)
        inner = pad + "  " if isinstance(value, dict) else pad
        _write(value, inner, inner, lines)
    else:
        first, *more = _plain(value, pad)
        lines += [f"{lead}{name} {first}", *more]


def _item(value: Value, lead: str, pad: str, lines: list[str]) -> None:
    _write(value, lead + "- ", pad + "  ", lines)


def _plain(value: Value, pad: str) -> list[str]:
    if isinstance(value, Encoded):
        value = value.text
    if isinstance(value, str):
        if "\n" in value:
            return _literal(value, pad + "  ")
        return [json_text(value)]
    if isinstance(value, (bool, type(None))) or value in ([], {}):
        return ["null" if value is None else json_text(value)]
    return [number_text(value)]


def _literal(text: str, pad: str) -> list[str]:
    body = text.split("\n")
    header = "|" if text.endswith("\n") else "|-"
    if text.endswith("\n"):
        body.pop()
        if text.endswith("\n\n") or text == "\n":
            header = "|+"
    if text.startswith((" ", "\n")):
        header = header[0] + "2" + header[1:]
    return [header, *(pad + line if line else "" for line in body)]
