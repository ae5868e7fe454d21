"""From tree-sitter's nodes to bodies, blocks and attributes, with the rules that the grammar leaves unchecked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iacguard.frontends.terraform.expressions import Expressions, solid
from iacguard.frontends.terraform.grammar import MAX_DEPTH, ReadError, too_deep
from iacguard.frontends.terraform.literals import unescape_quoted
from iacguard.frontends.terraform.refusals import Refusals
from iacguard.frontends.terraform.syntax import Attribute, Block, Body
from iacguard.source import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node as Tree


def is_torn(root: Tree, data: bytes) -> bool:
    """Whether a tree without errors still is none of Terraform's: a bare value, or a block with a header of lines.

    The grammar makes one block of a stray word and the block after it.
    """
    for body in root.children:
        if body.type == "body":
            for node in body.children:
                if node.type == "block":
                    opened = next(c.start_byte for c in node.children if c.type == "block_start")
                    if data.find(b"\n", node.start_byte, opened) >= 0:
                        return True
        elif body.type != "comment":
            return True
    return False


class Bodies:
    """Reads the bodies of one file."""

    __slots__ = ("_data", "_expressions", "_file")

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._data = file.data
        self._expressions = Expressions(file.data)

    def document(self, root: Tree, refusals: Refusals) -> Body:
        """The file's body. A top-level item that cannot be read is left out and given to ``refusals``.

        ``root`` must hold no error nodes and not be torn.
        """
        body = next((c for c in root.children if c.type != "comment"), None)
        end = len(self._data)
        if body is None:
            return Body(0, end, (), ())
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        nodes = solid(body.children)
        for index, node in enumerate(nodes):
            try:
                following = nodes[index + 1].start_byte if index + 1 < len(nodes) else -1
                self._item(node, following, attributes, blocks, 1)
            except ReadError as error:
                refusals.add(error, node.start_byte, node.end_byte)
        return Body(0, end, tuple(attributes.values()), tuple(blocks))

    def _item(
        self, node: Tree, following: int, attributes: dict[str, Attribute], blocks: list[Block], depth: int
    ) -> None:
        """Read one item; ``following`` is where the next one on its level starts, -1 at the file's end."""
        if node.type == "block":
            blocks.append(self._block(node, depth))
        else:
            attribute = self._attribute(node, depth)
            first = attributes.setdefault(attribute.name, attribute)
            if first is not attribute:
                raise self._duplicate(attribute, first)
        if following >= 0 and self._data.find(b"\n", node.end_byte, following) < 0:
            what = "block" if node.type == "block" else f'argument "{self._expressions.text(node.children[0])}"'
            raise ReadError(
                node.end_byte, node.end_byte + 1, f"a new line is missing after the {what}", "write one item a line"
            )

    def _duplicate(self, attribute: Attribute, first: Attribute) -> ReadError:
        line = self._file.position(first.start)[0]
        return ReadError(
            attribute.start,
            attribute.start + len(attribute.name.encode()),
            f'the argument "{attribute.name}" is already set on line {line}',
            "each argument may be set once; remove one",
        )

    def _attribute(self, node: Tree, depth: int) -> Attribute:
        children = solid(node.children)
        name, value = children[0], children[2]
        return Attribute(
            node.start_byte,
            node.end_byte,
            self._expressions.text(name),
            self._expressions.value(value, depth + 1),
        )

    def _block(self, node: Tree, depth: int) -> Block:
        start, end = node.start_byte, node.end_byte
        if depth > MAX_DEPTH:
            raise too_deep(start, end)
        type_ = ""
        labels: list[str] = []
        opened = closed = -1
        inner: Tree | None = None
        for child in node.children:
            kind = child.type
            if kind == "identifier":
                name = self._expressions.text(child)
                if type_:
                    labels.append(name)
                else:
                    type_ = name
            elif kind == "string_lit":
                labels.append(self._label(child))
            elif kind == "block_start":
                opened = child.start_byte
            elif kind == "body":
                inner = child
            elif kind == "block_end":
                closed = child.start_byte
        if self._data.find(b"\n", start, opened) >= 0:
            raise ReadError(opened, opened + 1, "a block's `{` stands on the line of its header", "move it there")
        return Block(start, end, type_, tuple(labels), self._body(inner, opened, closed, depth + 1), opened)

    def _label(self, node: Tree) -> str:
        start, end = node.start_byte, node.end_byte
        raw = self._data[start + 1 : end - 1].decode("utf-8", errors="replace")
        if "${" in raw.replace("$${", "") or "%{" in raw.replace("%%{", ""):
            raise ReadError(start, end, "a block's label is plain text: no ${} in it", "use for_each or a variable")
        return unescape_quoted(raw, start + 1)

    def _body(self, node: Tree | None, opened: int, closed: int, depth: int) -> Body:
        if node is None:
            return Body(opened, closed + 1, (), ())
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        nodes = solid(node.children)
        one_line = self._data.find(b"\n", opened, nodes[0].start_byte) < 0
        if one_line:
            self._check_one_line(nodes, closed)
        last = len(nodes) - 1
        for index, item in enumerate(nodes):
            following = nodes[index + 1].start_byte if index < last else (-1 if one_line else closed)
            self._item(item, following, attributes, blocks, depth)
        return Body(opened, closed + 1, tuple(attributes.values()), tuple(blocks))

    def _check_one_line(self, nodes: list[Tree], closed: int) -> None:
        """A block that begins on its header's line holds one argument, and ends there."""
        first = nodes[0]
        newline = self._data.find(b"\n", first.end_byte, nodes[1].start_byte if len(nodes) > 1 else closed)
        if newline >= 0 and first.type != "block":
            raise ReadError(
                newline,
                newline + 1,
                "a block that begins on its header's line ends there too",
                "put a new line after its `{`",
            )
        if len(nodes) > 1 or first.type == "block":
            raise ReadError(
                first.start_byte if first.type == "block" else nodes[-1].start_byte,
                first.end_byte if first.type == "block" else nodes[-1].end_byte,
                "a block on one line holds one argument and nothing else",
                "put a new line after its `{` and after each item",
            )
