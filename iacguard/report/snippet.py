"""The offending source line with its number and an underline, cut around the underline where it is long."""

from __future__ import annotations

from iacguard.model import Span
from iacguard.record import record
from iacguard.report.text import cells, width

#: The fewest columns of source that are shown, however narrow the terminal is.
_LEAST = 24
#: How many columns before the underline stay in sight when a line is cut.
_LEAD = 16
_DOTS = "..."


@record
class Snippet:
    """``line`` is safe to print; the underline takes ``length`` columns from column ``start`` (0-based) on."""

    number: int
    line: str
    start: int
    length: int


def snippet(span: Span, source: str, columns: int) -> Snippet:
    """The first line of ``span``, whose text is ``source``, in at most ``columns`` columns.

    Indentation is kept, tabs become four blanks; a region that goes on below is underlined to its first line's end.
    """
    columns = max(columns, _LEAST)
    text = source.rstrip()
    first = min(max(span.column - 1, 0), max(len(text) - 1, 0))
    last = len(text) if span.end_line > span.line else min(span.end_column - 1, len(text))
    last = max(last, first + 1)
    # No character further away can be on show: a minified line of a megabyte costs no more than a short one.
    low, high = max(0, first - columns), min(len(text), first + columns)
    shown = cells(text[low:high])
    first, last = first - low, last - low
    if low or high < len(text) or _columns(shown) > columns:
        return _cut(span.line, shown, (first, last), (low > 0, high < len(text)), columns)
    return _of(span.line, "", shown, "", (first, last))


def _of(number: int, lead: str, shown: list[str], tail: str, region: tuple[int, int]) -> Snippet:
    start = len(lead) + _columns(shown[: region[0]])
    return Snippet(number, lead + "".join(shown) + tail, start, max(1, _columns(shown[region[0] : region[1]])))


def _cut(number: int, shown: list[str], region: tuple[int, int], more: tuple[bool, bool], columns: int) -> Snippet:
    """The part of ``shown`` that holds the region's beginning and as much around it as fits.

    ``more``: whether the line has text before and after ``shown``.
    """
    first, last = region
    begin = 0
    if more[0] or _columns(shown[:last]) > columns - len(_DOTS):
        begin = _step_back(shown, first, _LEAD)
    lead = _DOTS if begin or more[0] else ""
    room = columns - len(lead)
    end = len(shown)
    if more[1] or _columns(shown[begin:]) > room:
        end = _step_on(shown, begin, room - len(_DOTS))
    tail = _DOTS if more[1] or end < len(shown) else ""
    return _of(number, lead, shown[begin:end], tail, (first - begin, min(last, end) - begin))


def _columns(shown: list[str]) -> int:
    return width("".join(shown))


def _step_back(shown: list[str], index: int, columns: int) -> int:
    """The smallest index from which on at most ``columns`` columns come before ``index``."""
    while index > 0 and (columns := columns - width(shown[index - 1])) >= 0:
        index -= 1
    return index


def _step_on(shown: list[str], index: int, columns: int) -> int:
    """The largest index up to which at most ``columns`` columns come from ``index`` on."""
    while index < len(shown) and (columns := columns - width(shown[index])) >= 0:
        index += 1
    return index
