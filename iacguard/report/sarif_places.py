"""SARIF's locations: relative, percent-encoded addresses and regions that start at line and column 1 or later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from iacguard.model import Span

#: Longer lines (minified JSON) are not repeated in the report.
_LONGEST_LINE = 500
#: What a path segment may hold unescaped (RFC 3986), the colon left out: "a:b.tf" would read as a scheme.
_SAFE = "/!$&'()*+,;=@~-._"


def relative_uri(path: str) -> str:
    """A ``Span.file`` as a URI reference."""
    return _quoted(path, _SAFE)


def base_uri(folder: str) -> str:
    """An absolute folder as a ``file:`` URI that ends in a slash."""
    path = folder.replace(os.sep, "/").strip("/")
    encoded = _quoted(path, _SAFE + ":")
    return f"file:///{encoded}/" if encoded else "file:///"


def _quoted(path: str, safe: str) -> str:
    if path.isascii() and path.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum():
        return path
    from urllib.parse import quote

    return quote(path.encode("utf-8", errors=_errors(path)), safe=safe)


def _errors(path: str) -> str:
    """File names that are not UTF-8 carry their bytes as surrogates; other surrogates cannot be undone."""
    try:
        path.encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        return "surrogatepass"
    return "surrogateescape"


def is_inside(span: Span) -> bool:
    """Whether ``span`` names something below the base folder (not a variable file from elsewhere)."""
    parts = span.file.split("/")
    return bool(span.file) and ".." not in parts and not os.path.isabs(span.file)


def artifact(span: Span) -> dict[str, Any]:
    return {"uri": relative_uri(span.file), "uriBaseId": "SRCROOT"}


def location(span: Span, lines: Sequence[str] = ()) -> dict[str, Any]:
    """A physical location. ``lines`` are the source lines of ``span``, if they are to be shown.

    The region is one line, also where ``span`` has several: GitHub shows an alert in a pull request only if all its
    lines are in the diff. The context region has the whole lines of the whole extent.
    """
    physical: dict[str, Any] = {"artifactLocation": artifact(span), "region": _region(span, lines)}
    if lines:
        physical["contextRegion"] = _context(span, lines)
    return physical


def _region(span: Span, lines: Sequence[str]) -> dict[str, Any]:
    line, column = max(1, span.line), max(1, span.column)
    source = lines[0] if lines else ""
    if span.end_line > span.line:
        end = len(source.rstrip()) + 1 if source else column + 1
    else:
        end = span.end_column
    end = max(end, column + 1)
    region: dict[str, Any] = {"startLine": line, "startColumn": column, "endLine": line, "endColumn": end}
    text = source[column - 1 : end - 1]
    if text and len(text) <= _LONGEST_LINE:
        region["snippet"] = {"text": text}
    return region


def _context(span: Span, lines: Sequence[str]) -> dict[str, Any]:
    """All lines of ``span``, whole; the text if all of it is at hand."""
    region: dict[str, Any] = {"startLine": max(1, span.line), "endLine": max(1, span.end_line)}
    if len(lines) > span.end_line - span.line and all(len(line) <= _LONGEST_LINE for line in lines):
        region["snippet"] = {"text": "\n".join(lines)}
    return region
