"""Functions that well-known providers define: aws, google and the built-in terraform provider."""

from __future__ import annotations

import re

from iacguard.frontends.terraform.functions.context import CallContext, FunctionError, number_text
from iacguard.frontends.terraform.functions.unknowns import Pieces, derived, find_unknown, from_pieces, pieces
from iacguard.model import Encoded, Unknown, Value
from iacguard.source import SourceFile

_ARN_FIELDS = ("partition", "service", "region", "account_id", "resource")


def arn_parse(text: Value) -> Value:
    """The fields of an ARN; those that surely are known stay known where the rest is not."""
    if isinstance(text, (Unknown, Encoded)):
        return _arn_partly(text)
    fields = text.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn" or not fields[1] or not fields[2] or not fields[5]:
        raise FunctionError(f"{text[:80]!r} is not an ARN")
    return dict(zip(_ARN_FIELDS, fields[1:], strict=True))


def _arn_partly(text: Value) -> Value:
    if isinstance(text, Encoded) or not text.prefix.startswith("arn:"):
        return derived([text])
    fields = text.prefix.split(":")[1:-1][:5]
    known = dict(zip(_ARN_FIELDS, fields, strict=False))
    return {name: known.get(name, derived([text])) for name in _ARN_FIELDS}


def arn_build(*fields: Value) -> Value:
    items: Pieces = ["arn"]
    for field in fields:
        items += [":", *pieces(field)]
    return from_pieces(items, list(fields))


def trim_iam_role_path(text: str) -> str:
    fields = arn_parse(text)
    resource = str(fields["resource"])
    if fields["service"] != "iam" or not resource.startswith("role/"):
        raise FunctionError(f"{text[:80]!r} is not an IAM role's ARN")
    return text[: -len(resource)] + "role/" + resource.rpartition("/")[2]


def _google(pattern: str, what: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise FunctionError(f"{text[:80]!r} names no {what}")
    return found[1]


def google_project(text: str) -> str:
    return _google(r"projects/([^/]+)(?:/|\Z)", "project", text)


def google_region(text: str) -> str:
    return _google(r"regions/([^/]+)(?:/|\Z)", "region", text)


def google_zone(text: str) -> str:
    return _google(r"zones/([^/]+)(?:/|\Z)", "zone", text)


def google_location(text: str) -> str:
    return _google(r"locations/([^/]+)(?:/|\Z)", "location", text)


def google_name(text: str) -> str:
    return _google(r"([^/]+)\Z", "resource", text)


def google_region_from_zone(zone: str) -> str:
    found = re.fullmatch(r"([^/]+)-[a-z]", zone)
    if not found:
        raise FunctionError(f"{zone[:80]!r} is not a zone")
    return found[1]


def encode_expr(value: Value) -> Value:
    """The value in the language's own syntax."""
    if find_unknown([value]) is not None:
        return derived([value], present=True)
    return expression_text(value, "")


def encode_tfvars(value: Value) -> Value:
    if not isinstance(value, dict):
        return derived([value]) if isinstance(value, Unknown) else _fail("an object is required")
    if find_unknown([value]) is not None:
        return derived([value])
    if any(not _is_name(key) for key in value):
        raise FunctionError("an attribute's name is not a variable's name")
    return "".join(f"{line}\n" for line in _members(value, ""))


def _fail(message: str) -> Value:
    raise FunctionError(message)


def decode_tfvars(call: CallContext, text: str) -> Value:
    """The values of a ``.tfvars`` text: literals, lists and maps only."""
    from iacguard.frontends.terraform.functions.tfvars import read_tfvars

    return read_tfvars(SourceFile(call.span.file, text.encode()))


def _is_name(text: str) -> bool:
    return bool(re.fullmatch(r"[^\W\d][\w-]*", text))


def expression_text(value: Value, pad: str) -> str:
    """``value`` as Terraform writes an expression: two blanks a level."""
    if isinstance(value, Encoded):
        value = value.text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(expression_text(item, pad) for item in value) + "]"
    return "{\n" + "\n".join(_members(value, pad + "  ")) + f"\n{pad}}}" if value else "{}"


def _members(value: dict[str, Value], pad: str) -> list[str]:
    """``name = value`` lines; the ``=`` of neighbours that take one line each stand in one column."""
    rows = [(key if _is_name(key) else _quoted(key), expression_text(value[key], pad)) for key in sorted(value)]
    lines: list[str] = []
    group: list[tuple[str, str]] = []
    for row in [*rows, ("", "\n")]:
        if "\n" not in row[1]:
            group.append(row)
            continue
        width = max((len(name) for name, _ in group), default=0)
        lines += [f"{pad}{name.ljust(width)} = {text}" for name, text in group]
        group = []
        if row[0]:
            lines.append(f"{pad}{row[0]} = {row[1]}")
    return lines


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def _quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(char) or (char if char.isprintable() else _code(char)) for char in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _code(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
