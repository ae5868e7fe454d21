"""Encodings. JSON keeps the structure beside the text, so that a policy document can be walked into."""

from __future__ import annotations

import json

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError, number_text
from iacguard.frontends.terraform.functions.csv import read_csv
from iacguard.frontends.terraform.functions.unknowns import derived, encoded_text, find_unknown
from iacguard.model import Encoded, Unknown, Value
from iacguard.record import replace

MAX_TEXT = 4_000_000
_JSON_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_JSON_TABLE = str.maketrans(_JSON_ESCAPES)


def jsonencode(value: Value) -> Value:
    """Compact JSON with sorted keys; ``<``, ``>`` and ``&`` are escaped as Go does."""
    if isinstance(value, Unknown):
        return derived([value], present=True)
    if find_unknown([value]) is not None:
        return Encoded(value)
    return Encoded(value, json_text(value))


def json_text(value: Value) -> str:
    """The JSON text of a known value."""
    if _is_simple(value):
        # The special characters only occur in strings, and there they are written the same way.
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_json_default)
        return text.translate(_JSON_TABLE)
    parts: list[str] = []
    _write_json(value, parts)
    return "".join(parts)


def _is_simple(value: Value) -> bool:
    """Whether Python writes all numbers in ``value`` as Terraform does."""
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str or kind is bool:
            continue
        if kind is float or (kind is int and item.bit_length() > 64):
            return False
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return True


def _json_default(value: Value) -> Value:
    assert isinstance(value, Encoded)
    return value.text


def _write_json(value: Value, parts: list[str]) -> None:
    if isinstance(value, Encoded):
        value = value.text
    if isinstance(value, (list, dict)):
        _write_items(value, parts)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        parts.append(number_text(value))
    else:
        parts.append(json.dumps(value, ensure_ascii=False).translate(_JSON_TABLE))


def _write_items(value: list[Value] | dict[str, Value], parts: list[str]) -> None:
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    separator = opening
    for item in sorted(value) if isinstance(value, dict) else value:
        parts.append(separator)
        _write_json(item, parts)
        if isinstance(value, dict):
            parts.append(":")
            _write_json(value[item], parts)
        separator = ","
    parts.append(closing if value else opening + closing)


def jsondecode(text: Value) -> Value:
    if isinstance(text, Encoded):
        return text.value
    if isinstance(text, Unknown):
        return derived([text])
    try:
        return json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_constant)
    except ValueError as error:
        raise FunctionError(f"the text is not JSON: {error}") from None


def _number(text: str) -> int | float:
    if len(text) < 16 and text.isdigit():
        return int(text)
    from decimal import Decimal, InvalidOperation

    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise NotEvaluatedError("a number is too large") from None
    if abs(exact.adjusted()) > 1000 or len(text) > 1000:
        raise NotEvaluatedError("a number is too large")
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _constant(text: str) -> Value:
    raise FunctionError(f"the text is not JSON: {text}")


def yamlencode(value: Value) -> Value:
    if isinstance(value, Unknown) or find_unknown([value]) is not None:
        return derived([value], present=True)
    from iacguard.frontends.terraform.functions.yaml import yaml_text

    return yaml_text(value)


def yamldecode(text: Value) -> Value:
    if isinstance(text, Encoded):
        return text.value  # JSON is YAML
    if isinstance(text, Unknown):
        return derived([text])
    from iacguard.frontends.terraform.functions.yaml import read_yaml

    return read_yaml(text)


def base64encode(text: Value) -> Value:
    plain = encoded_text(text) if isinstance(text, Encoded) else text
    if isinstance(plain, Unknown):
        return replace(derived([plain], present=plain.present), encodes=plain)
    import base64

    return base64.b64encode(plain.encode()).decode("ascii")


def base64decode(text: Value) -> Value:
    plain = encoded_text(text) if isinstance(text, Encoded) else text
    if isinstance(plain, Unknown):
        return plain.encodes if plain.encodes is not None else derived([plain])
    return _utf8(_from_base64(plain), "the decoded bytes are not UTF-8 text")


def _from_base64(text: str) -> bytes:
    import base64

    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        raise FunctionError("the text is not Base64") from None


def _utf8(data: bytes, message: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise FunctionError(message) from None


def base64gunzip(text: str) -> str:
    import zlib

    machine = zlib.decompressobj(wbits=31)
    try:
        data = machine.decompress(_from_base64(text), MAX_TEXT)
    except zlib.error:
        raise FunctionError("the decoded bytes are not gzip") from None
    if machine.unconsumed_tail:
        raise NotEvaluatedError("the unpacked text is too long")
    if not machine.eof:
        raise FunctionError("the gzip data ends early")
    return _utf8(data, "the unpacked bytes are not UTF-8 text")


def csvdecode(text: str) -> Value:
    rows = read_csv(text)
    if not rows:
        raise FunctionError("the text has no header line")
    header, *records = rows
    if len(set(header)) != len(header):
        raise FunctionError("the header has a name twice")
    for number, record in enumerate(records, 2):
        if len(record) != len(header):
            raise FunctionError(f"record {number} has {len(record)} fields, the header {len(header)}")
    return [dict(zip(header, record, strict=True)) for record in records]


def urlencode(text: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(text, safe="")


def urldecode(text: str) -> str:
    import re
    from urllib.parse import unquote_to_bytes

    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise FunctionError("the text has an unfinished %-escape")
    return _utf8(unquote_to_bytes(text.replace("+", " ")), "the decoded bytes are not UTF-8 text")


def _codec(name: str) -> str:
    """Python's name of an IANA character encoding. Raises FunctionError."""
    import codecs

    aliases = {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be", "unicode": "utf-16"}
    try:
        found = codecs.lookup(aliases.get(name.lower(), name))
    except (LookupError, ValueError):
        raise FunctionError(f"{name[:50]!r} is not a known encoding") from None
    if not getattr(found, "_is_text_encoding", True):
        raise FunctionError(f"{name[:50]!r} is not a known encoding")
    return found.name


def textencodebase64(text: str, encoding: str) -> str:
    import base64

    codec = _codec(encoding)
    if codec == "utf-16":  # Go writes the mark and big-endian units, Python the machine's
        codec, text = "utf-16-be", "\ufeff" + text
    try:
        data = text.encode(codec)
    except UnicodeEncodeError:
        raise FunctionError(f"the text has characters that {encoding} has not") from None
    return base64.b64encode(data).decode("ascii")


def textdecodebase64(text: str, encoding: str) -> str:
    data = _from_base64(text)
    codec = _codec(encoding)
    if codec == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16-be"
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise FunctionError(f"the decoded bytes are not {encoding}") from None
