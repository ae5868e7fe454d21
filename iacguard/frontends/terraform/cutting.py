"""Cuts a broken file's text into top-level items, and finds what was never closed.

Knows strings, heredocs, comments and brackets, nothing else. It starts afresh where a line begins like a block at
the left margin, so one forgotten brace does not swallow the rest of the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from iacguard.frontends.terraform.grammar import MAX_DEPTH, ReadError, too_deep
from iacguard.frontends.terraform.literals import ESCAPES_HINT
from iacguard.late import regex
from iacguard.record import field, record
from iacguard.source import SourceFile

_CODE = regex(rb'"|<<-?([A-Za-z_][\w-]*)\r?\n|#[^\n]*|//[^\n]*|/\*.*?\*/|/\*|[(\[{]|~?[)\]}]|\n', re.DOTALL)
_STRING = regex(rb'\\[^\n]|\$\$\{|%%\{|[$%]\{|"|\n', re.DOTALL)
_HEREDOC = regex(rb"\$\$\{|%%\{|[$%]\{|\n")
# A block's header as `terraform fmt` leaves it: at the left margin, with its brace.
_HEADER = regex(
    rb"^(?:resource|data|variable|output|locals|module|provider|terraform|moved|import|check|removed|ephemeral)"
    rb'(?:[ \t]+(?:"[^"\n]*"|[A-Za-z_][\w-]*))*[ \t]*\{',
    re.MULTILINE,
)
_ESCAPED = frozenset((b"n", b"r", b"t", b'"', b"\\", b"u", b"U"))
_TEXT = regex(rb"\S")
_INDENT = regex(rb"[ \t]*")
_CLOSERS = {b"(": b")", b"[": b"]", b"{": b"}", b"${": b"}", b"%{": b"}"}


@record(frozen=False)
class Item:
    """One top-level item; ``fault`` is the first thing found wrong with its brackets and quotes."""

    start: int
    end: int = -1
    fault: ReadError | None = None


@record
class _Open:
    """What is open: a bracket, ``"``, or a heredoc by its whole opener (``<<-EOT``)."""

    mark: bytes
    at: int


@record(frozen=False)
class Cutter:
    """One run over ``data``, which has ``file``'s lines; the work is linear in its length."""

    data: bytes
    file: SourceFile
    items: list[Item] = field(default_factory=list)
    _stack: list[_Open] = field(default_factory=list)
    _headers: list[int] = field(default_factory=list)
    _outdented: _Open | None = None
    _at: int = 0

    def run(self) -> list[Item]:
        """The items in order; together they cover all text that is not blank."""
        self._headers = [match.start() for match in _HEADER.finditer(self.data)]
        self.items = [Item(0)]
        self._scan()
        while self._stack and self._stack[-1].mark.startswith(b"<<"):
            # A heredoc without an end: go on at the next block's header after its opener.
            index = bisect_left(self._headers, self._stack[-1].at)
            self._give_up(self._headers[index] if index < len(self._headers) else len(self.data))
            self._scan()
        self._give_up(len(self.data))
        return [item for item in self.items if self.data[item.start : item.end].strip()]

    def _scan(self) -> None:
        while self._at < len(self.data):
            mark = self._stack[-1].mark if self._stack else b""
            if mark == b'"':
                self._in_string()
            elif mark.startswith(b"<<"):
                self._in_heredoc(mark)
            else:
                self._in_code()

    def _cut(self, at: int) -> None:
        self.items[-1].end = at
        self.items.append(Item(at))
        self._outdented = None

    def _blame(self, start: int, end: int, message: str, hint: str) -> None:
        if self.items[-1].fault is None:
            self.items[-1].fault = ReadError(start, end, message, hint)

    def _push(self, opened: _Open) -> None:
        self._stack.append(opened)
        if len(self._stack) == MAX_DEPTH + 1 and self.items[-1].fault is None:
            self.items[-1].fault = too_deep(opened.at, opened.at + len(opened.mark))

    def _line(self, offset: int) -> int:
        return self.file.position(offset)[0]

    def _give_up(self, at: int) -> None:
        """End the item at ``at``, whatever is still open in it."""
        if self._stack:
            top = self._stack[-1]
            # A closer further left than its opener's line belongs to an outer bracket: that one was forgotten.
            self._blame_open(self._outdented if self._outdented and top.mark in _CLOSERS else top)
        self._stack.clear()
        self._cut(at)
        self._at = at

    def _blame_open(self, found: _Open) -> None:
        shown = found.mark.decode(errors="replace")
        if found.mark.startswith(b"<<"):
            name = shown.lstrip("<-")
            message, hint = f"the heredoc {name} is never closed", f"end it with {name} alone on a line"
        else:
            message = f"a `{shown}` opened on line {self._line(found.at)} is never closed"
            hint = f"add the missing `{_CLOSERS.get(found.mark, found.mark).decode()}`"
        self._blame(found.at, found.at + len(found.mark), message, hint)

    def _in_code(self) -> None:
        match = _CODE.search(self.data, self._at)
        if match is None:
            self._at = len(self.data)
            return
        token, start = match.group(), match.start()
        self._at = match.end()
        if token == b"\n":
            self._new_line()
        elif token == b'"' or token in _CLOSERS:
            self._push(_Open(token, start))
        elif match.group(1):
            self._push(_Open(token.rstrip(), start))
        elif token == b"/*":
            self._blame(start, start + 2, "a comment opened with /* is never closed", "end it with */")
            self._at = len(self.data)
        elif token[:1] not in b"#/":
            self._close(token[-1:], start)

    def _new_line(self) -> None:
        if not self._stack:
            found = _TEXT.search(self.data, self._at)
            if found and found.group() == b"{" and self.data[self.items[-1].start : self._at].strip():
                self._blame(
                    found.start(), found.end(), "a block's `{` stands on the line of its header", "move it there"
                )
            else:
                self._cut(self._at)
        elif self._is_header(self._at):
            self._give_up(self._at)

    def _is_header(self, at: int) -> bool:
        index = bisect_left(self._headers, at)
        return index < len(self._headers) and self._headers[index] == at

    def _close(self, token: bytes, start: int) -> None:
        shown = token.decode()
        if not self._stack:
            self._blame(start, start + 1, f"a `{shown}` closes nothing", "remove it, or add what it should close")
            return
        top = self._stack[-1]
        if _CLOSERS[top.mark] == token:
            self._stack.pop()
            if self._outdented is None and self._indent(start) < self._indent(top.at):
                self._outdented = top
            return
        wanted = _CLOSERS[top.mark].decode()
        message = f"expected `{wanted}` for the `{top.mark.decode()}` of line {self._line(top.at)}, found `{shown}`"
        self._blame(start, start + 1, message, f"add the missing `{wanted}`")
        while self._stack and self._stack[-1].mark in _CLOSERS:
            if _CLOSERS[self._stack.pop().mark] == token:
                break

    def _indent(self, offset: int) -> int:
        line = self.data.rfind(b"\n", 0, offset) + 1
        match = _INDENT.match(self.data, line)
        return match.end() - line if match else 0

    def _in_string(self) -> None:
        match = _STRING.search(self.data, self._at)
        token, start = (match.group(), match.start()) if match else (b"\n", len(self.data))
        self._at = match.end() if match else len(self.data)
        if token == b'"':
            self._stack.pop()
        elif token in _CLOSERS:
            self._push(_Open(token, start))
        elif token[:1] == b"\\" and token[1:] not in _ESCAPED:
            shown = token.decode(errors="replace")
            self._blame(start, start + len(token), f"{shown} is not an escape sequence", ESCAPES_HINT)
        elif token == b"\n":
            opened = self._stack.pop()
            self._blame(
                opened.at, start, 'a `"` is never closed on its line', "close it, or use a heredoc for several lines"
            )
            self._leave_templates()
            self._at = start

    def _leave_templates(self) -> None:
        """After a broken string: drop the sequences and strings around it, which ended with their line too."""
        while self._stack and self._stack[-1].mark in (b"${", b"%{"):
            self._stack.pop()
            if self._stack and self._stack[-1].mark == b'"':
                self._stack.pop()
            else:
                return

    def _in_heredoc(self, opener: bytes) -> None:
        name = opener.lstrip(b"<-")
        line_end = self.data.find(b"\n", self._at)
        line_end = len(self.data) if line_end < 0 else line_end
        at_line_start = self._at == 0 or self.data[self._at - 1 : self._at] == b"\n"
        if at_line_start and self.data[self._at : line_end].strip() == name:
            self._stack.pop()
            self._at = line_end
            return
        match = _HEREDOC.search(self.data, self._at)
        if match is None:
            self._at = len(self.data)
            return
        self._at = match.end()
        if match.group() in _CLOSERS:
            self._push(_Open(match.group(), match.start()))
