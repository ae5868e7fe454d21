"""A source file's text, and the way from byte offsets to lines and columns."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate

from iacguard.model import Span


class SourceFile:
    """One file as read: ``path`` is relative to the base folder, ``data`` its bytes without a byte-order mark
    (``bom`` says whether there was one).

    The text is UTF-8 (``discover`` reports everything else before it comes here). Lines end at ``\\n``; a ``\\r``
    before it is not part of the line's text. ``key`` is the absolute path with links resolved.
    """

    def __init__(self, path: str, data: bytes, key: str = "") -> None:
        self.path = path
        self.bom = data.startswith(b"\xef\xbb\xbf")
        self.data = data.removeprefix(b"\xef\xbb\xbf")
        self.key = key or path

    @cached_property
    def text(self) -> str:
        return self.data.decode("utf-8", errors="replace")

    @cached_property
    def line_starts(self) -> list[int]:
        """Byte offset of each line's first byte."""
        past_break = map((1).__add__, map(len, self.data.split(b"\n")))
        return list(accumulate(past_break, initial=0))[:-1]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (code points), both from 1, of a byte offset."""
        line = bisect_right(self.line_starts, offset)
        start = self.line_starts[line - 1]
        return line, len(self.data[start:offset].decode("utf-8", errors="replace")) + 1

    def span(self, start: int, end: int) -> Span:
        """The span of the bytes from ``start`` up to ``end``."""
        line, column = self.position(start)
        end_line, end_column = self.position(max(start, end))
        return Span(self.path, line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """The text of a line, from 1, without its end; "" past the last."""
        starts = self.line_starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] - 1 if number < len(starts) else len(self.data)
        return self.data[starts[number - 1] : end].removesuffix(b"\r").decode("utf-8", errors="replace")

    def whole(self) -> Span:
        """The first line: where to point when the file as a whole is meant."""
        return Span(self.path, 1, 1, 1, max(2, len(self.line(1)) + 1))
