"""What an unquoted scalar means, by dialect.

Kubernetes: as sigs.k8s.io/yaml reads it, which kubectl and the API server use: go-yaml v2's resolver (YAML 1.1
booleans with ``y`` and ``n``, ``0777`` and ``0o777`` octal, no base 60, dates stay text), then JSON, where 1e3 and
1.0 are the numbers 1000 and 1. CloudFormation: YAML 1.1 (``yes`` and ``on`` are booleans, ``y`` is text, ``22:22`` is
base 60) without timestamps, so that a policy's ``Version: 2012-10-17`` stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.frontends.yamlplaces import entries
from iacguard.late import regex
from iacguard.model import Value

#: An unquoted scalar that begins otherwise is text in both dialects.
_FIRST = frozenset("0123456789+-.yYnNtTfFoO~")

_WORDS: Mapping[str, bool | None] = MappingProxyType(
    {
        **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
        **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
        **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    }
)
_LETTERS: Mapping[str, bool] = MappingProxyType({"y": True, "Y": True, "n": False, "N": False})

_SPECIAL_FLOAT = regex(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# strconv.ParseInt with base 0, after go-yaml took out the underscores.
_GO_INT = regex(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_GO_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

# The int and float of yaml.org/type, which SnakeYAML and PyYAML share.
_V11_INT = regex(r"([-+]?)(?:0x([0-9a-fA-F_]+)|0b([01_]+)|0([0-7_]+)|(0|[1-9][0-9_]*)|([1-9][0-9_]*(?::[0-5]?[0-9])+))")
_V11_FLOAT = regex(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")

_STR = "tag:yaml.org,2002:str"
_PREFIX = "tag:yaml.org,2002:"
# Past this many digits, Python refuses to convert and nobody means a number.
_MAX_DIGITS = 400


def kubernetes_plain(text: str) -> Value:
    """The value of an unquoted scalar in a manifest."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text in _LETTERS:
        return _LETTERS[text]
    if text[0] not in "0123456789+-." or len(text) > _MAX_DIGITS:
        return text
    digits = text.replace("_", "") if text[0] != "." else text
    if match := _GO_INT.fullmatch(digits):
        return _integer(match[1], match[2], match[3], match[4], match[5])
    if _GO_FLOAT.fullmatch(digits):
        return _json_number(float(digits))
    # JSON has no infinity: the API server refuses it; the text says what was written.
    return text


def _json_number(number: float) -> Value:
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def kubernetes_key(text: str) -> str | None:
    """What an unquoted key becomes where it is no text: ``on`` is "true", ``010`` is "8"."""
    value = kubernetes_plain(text)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None


def cloudformation_plain(text: str) -> Value:
    """The value of an unquoted scalar in a template."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "123456789" and len(text) < 10 and text.isascii() and text.isdecimal():
        return int(text)  # as almost every number is
    if text[0] not in "0123456789+-." or len(text) > _MAX_DIGITS:
        return text
    if match := _V11_INT.fullmatch(text):
        if match[6]:
            return _sexagesimal(match[1], match[6])
        parts = [part.replace("_", "") if part else part for part in match.groups()[1:5]]
        if all(part != "" for part in parts):
            return _integer(match[1], *parts)
    if _V11_FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if match := _SPECIAL_FLOAT.fullmatch(text):
        return float((match[1] or "") + (match[2] or match[3]).lower())
    return text


def cloudformation_key(text: str) -> str | None:
    """Keys of a template are text as written (account ids and regions in mappings)."""
    return None


def _integer(sign: str, hexadecimal: str | None, binary: str | None, octal: str | None, decimal: str | None) -> int:
    if hexadecimal:
        number = int(hexadecimal, 16)
    elif binary:
        number = int(binary, 2)
    elif octal:
        number = int(octal, 8)
    else:
        number = int(decimal or "0")
    return -number if sign == "-" else number


def _sexagesimal(sign: str, text: str) -> int:
    number = 0
    for part in text.replace("_", "").split(":"):
        number = number * 60 + int(part)
    return -number if sign == "-" else number


def tagged(tag: str, text: str, plain: Value) -> Value:
    """A scalar with an explicit tag; ``plain`` is what it would be without. Unknown tags leave the text."""
    if tag == _PREFIX + "null":
        return None
    if tag == _PREFIX + "float" and isinstance(plain, int | float) and not isinstance(plain, bool):
        return plain
    if tag in (_PREFIX + "int", _PREFIX + "bool"):
        return plain
    return text


def manifest_value(node: Node) -> Value:
    """The JSON value of a manifest's node, as the API server gets it. The tree must have passed its checks."""
    if isinstance(node, ScalarNode):
        text: str = node.value
        tag = node.tag
        if tag == "":
            return text if text and text[0] not in _FIRST else kubernetes_plain(text)
        return text if tag == _STR else tagged(tag, text, kubernetes_plain(text))
    if isinstance(node, MappingNode):
        return {name: manifest_value(value) for name, _, value in entries(node, kubernetes_key)}
    return [manifest_value(item) for item in node.value]
