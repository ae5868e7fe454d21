"""RFC 4180 as Go's ``encoding/csv`` reads it: a quote within an unquoted field is an error."""

from __future__ import annotations

from iacguard.frontends.terraform.functions.context import FunctionError


def read_csv(text: str) -> list[list[str]]:
    """The records, without empty lines. Raises FunctionError for a misplaced or missing quote."""
    text = text.replace("\r\n", "\n")
    records: list[list[str]] = []
    at = 0
    while at < len(text):
        if text[at] == "\n":
            at += 1
            continue
        record: list[str] = []
        more = True
        while more:
            field, at = _quoted(text, at + 1) if text[at : at + 1] == '"' else _plain(text, at)
            record.append(field)
            more = text[at : at + 1] == ","
            at += 1
        records.append(record)
    return records


def _plain(text: str, start: int) -> tuple[str, int]:
    ends = (text.find(mark, start) for mark in ",\n")
    end = min((at for at in ends if at >= 0), default=len(text))
    if '"' in text[start:end]:
        raise FunctionError('the text is not CSV: a " stands in a field that does not begin with one')
    return text[start:end], end


def _quoted(text: str, start: int) -> tuple[str, int]:
    parts = []
    while True:
        end = text.find('"', start)
        if end < 0:
            raise FunctionError('the text is not CSV: a " is never closed')
        parts.append(text[start:end])
        if text[end + 1 : end + 2] != '"':
            break
        parts.append('"')
        start = end + 2
    if text[end + 1 : end + 2] not in ("", ",", "\n"):
        raise FunctionError('the text is not CSV: text stands after a closing "')
    return "".join(parts), end + 1
