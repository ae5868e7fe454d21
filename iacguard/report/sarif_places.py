"""SARIF's locations: relative, percent-encoded addresses and regions that start at line and column 1 or later.

They are made as JSON text: thousands of them are what a report consists of.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

from iacguard.model import Span
from iacguard.report.jsontext import quoted

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


@lru_cache(maxsize=16)  # findings come file by file
def _artifact(file: str) -> str:
    return f'"artifactLocation":{{"uri":{quoted(relative_uri(file))},"uriBaseId":"SRCROOT"}}'


def location(span: Span, lines: Sequence[str] = ()) -> str:
    """A physical location. ``lines`` are the source lines of ``span``, if they are to be shown.

    The region is one line, also where ``span`` has several: GitHub shows an alert in a pull request only if all its
    lines are in the diff. The context region has the whole lines of the whole extent.
    """
    place = f"{_artifact(span.file)},{_region(span, lines)}"
    return f"{{{place},{_context(span, lines)}}}" if lines else f"{{{place}}}"


def _region(span: Span, lines: Sequence[str]) -> str:
    line, column = max(1, span.line), max(1, span.column)
    source = lines[0] if lines else ""
    if span.end_line > span.line:
        end = len(source.rstrip()) + 1 if source else column + 1
    else:
        end = span.end_column
    end = max(end, column + 1)
    text = source[column - 1 : end - 1]
    snippet = _snippet(text) if text and len(text) <= _LONGEST_LINE else ""
    return f'"region":{{"startLine":{line},"startColumn":{column},"endLine":{line},"endColumn":{end}{snippet}}}'


def _context(span: Span, lines: Sequence[str]) -> str:
    """All lines of ``span``, whole; the text if all of it is at hand."""
    whole = len(lines) > span.end_line - span.line and max(map(len, lines)) <= _LONGEST_LINE
    snippet = _snippet("\n".join(lines)) if whole else ""
    return f'"contextRegion":{{"startLine":{max(1, span.line)},"endLine":{max(1, span.end_line)}{snippet}}}'


def _snippet(text: str) -> str:
    return f',"snippet":{{"text":{quoted(text)}}}'
