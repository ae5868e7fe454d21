"""Where things stand in a composed YAML tree: marks to lines and columns, nodes to places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.findings import Problem, ProblemKind
from iacguard.late import regex
from iacguard.model import Key, Span, Step
from iacguard.record import record
from iacguard.source import SourceFile

_ODD_BREAKS = regex(rb"\xc2\x85|\xe2\x80[\xa8\xa9]|\r(?!\n)")

#: Looked for first: no file in a thousand has one.
_ODD_MARKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\r")


class Origin:
    """The file that a tree was composed from, and its dialect's reading of an unquoted key."""

    def __init__(self, file: SourceFile, plain_key: Callable[[str], str | None]) -> None:
        self.file = file
        self.plain_key = plain_key

    @cached_property
    def odd_breaks(self) -> bool:
        """Whether the text has line breaks that YAML 1.1 counts and editors do not (NEL, LS, PS, a lone CR)."""
        data = self.file.data
        if data.isascii() and b"\r" not in data:
            return False
        return any(mark in data for mark in _ODD_MARKS) and _ODD_BREAKS.search(data) is not None

    def position(self, mark: Mark) -> tuple[int, int]:
        """Line and column, from 1, as an editor shows them."""
        if not self.odd_breaks:
            return mark.line + 1, mark.column + 1
        text = self.file.text
        return text.count("\n", 0, mark.index) + 1, mark.index - text.rfind("\n", 0, mark.index)

    def start(self, node: Node) -> tuple[int, int]:
        return self.position(node.start_mark)

    def problem_at(
        self,
        kind: ProblemKind,
        line: int,
        column: int,
        message: str,
        hint: str = "",
        notice: bool = False,
        width: int = 1,
    ) -> Problem:
        span = Span(self.file.path, line, column, line, column + max(1, width))
        return Problem(kind, span, message, hint, notice)

    def problem(self, kind: ProblemKind, node: Node, message: str, hint: str = "", notice: bool = False) -> Problem:
        """A Problem at ``node``, or at its first line."""
        return Problem(kind, self.span(node, node), message, hint, notice)

    def span(self, first: Node, last: Node) -> Span:
        """From the start of ``first`` to the end of ``last``, but no further than the end of the line."""
        line, column = self.start(first)
        end_line, end_column = self.position(last.end_mark)
        if end_line != line:
            key_line, key_end = self.position(first.end_mark)
            if first is not last and key_line == line and self.start(last)[0] != line:
                end_column = key_end + 1  # the colon
            else:
                end_column = len(self.file.line(line).rstrip()) + 1
        return Span(self.file.path, line, column, line, max(end_column, column + 1))


def key_text(key: Node, plain_key: Callable[[str], str | None]) -> str:
    """The text of a mapping's key as the dialect reads it (``on`` is ``true`` in a manifest)."""
    text: str = key.value
    if key.tag:
        return text
    read = plain_key(text)
    return text if read is None else read


def entry(node: MappingNode, name: str, plain_key: Callable[[str], str | None]) -> tuple[Node, Node] | None:
    """Key and value of ``name``: the last one written, else the first one merged in by ``<<``."""
    found = None
    merged: list[Node] = []
    for key, value in node.value:
        if key.tag == "" and key.value == "<<":
            merged += value.value if isinstance(value, SequenceNode) else [value]
        elif key_text(key, plain_key) == name:
            found = key, value
    if found is None:
        for other in merged:
            if isinstance(other, MappingNode) and (inner := entry(other, name, plain_key)):
                return inner
    return found


def entries(node: MappingNode, plain_key: Callable[[str], str | None]) -> Iterator[tuple[str, Node, Node]]:
    """Every name with its key and value, each name once; those merged in by ``<<`` last, the first of them wins."""
    found: dict[str, tuple[Node, Node]] = {}
    merges: list[Node] = []
    for key, value in node.value:
        if key.tag == "" and key.value == "<<":
            merges += value.value if isinstance(value, SequenceNode) else [value]
        else:
            found[key_text(key, plain_key)] = key, value
    for other in merges:
        if isinstance(other, MappingNode):
            for name, key, value in entries(other, plain_key):
                found.setdefault(name, (key, value))
    for name, (key, value) in found.items():
        yield name, key, value


@record
class NodePlace:
    """The place of a node: a mapping's entry from its key on, a list's item, a document. Always one line."""

    origin: Origin
    node: Node
    key: Node | None = None

    @property
    def span(self) -> Span:
        return self.origin.span(self.key or self.node, self.node)

    def child(self, key: Key) -> NodePlace | None:
        if isinstance(self.node, MappingNode) and isinstance(key, str):
            found = entry(self.node, key, self.origin.plain_key)
            return NodePlace(self.origin, found[1], found[0]) if found else None
        if isinstance(self.node, SequenceNode) and isinstance(key, int) and 0 <= key < len(self.node.value):
            return NodePlace(self.origin, self.node.value[key])
        return None

    def trail(self) -> tuple[Step, ...]:
        return ()

    def text_start(self) -> tuple[int, int] | None:
        return text_start(self.origin, self.node)


def text_start(origin: Origin, node: Node) -> tuple[int, int] | None:
    """Line and column of the first character of a literal block (``|``), None for any other node."""
    if not isinstance(node, ScalarNode) or node.style != "|" or not node.value:
        return None
    line = origin.start(node)[0] + 1
    if node.value.startswith("\n"):
        return line, 1
    text = origin.file.line(line)
    return line, len(text) - len(text.lstrip(" ")) + 1
