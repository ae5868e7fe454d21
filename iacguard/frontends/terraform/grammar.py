"""The tree-sitter grammar, and what every reader of Terraform's syntax shares: its refusal and its bounds."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from iacguard.findings import ProblemKind

if TYPE_CHECKING:
    import tree_sitter

#: How deep syntax may nest (blocks, brackets, templates, operators, traversal steps). Real code stays below 30;
#: the bound keeps every walk over the tree within Python's own recursion limit.
MAX_DEPTH = 128

# Compiled where first used (re keeps them): most scans never come here.
_EXPONENT = rb"(?<![A-Za-z0-9_.\-])([0-9]+)([eE][+-]?)([0-9]+)"
#: A cheaper look for it first.
_MAYBE_EXPONENT = rb"[0-9][eE]"


class ReadError(Exception):
    """A construct that cannot be read; caught at the border of one top-level block. Offsets are bytes."""

    def __init__(self, start: int, end: int, message: str, hint: str = "", kind: ProblemKind = "syntax") -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.message = message
        self.hint = hint
        self.kind: ProblemKind = kind


def too_deep(start: int, end: int) -> ReadError:
    """The refusal of a construct that nests deeper than :data:`MAX_DEPTH`."""
    return ReadError(
        start, end, f"nested more than {MAX_DEPTH} levels deep", "split it into locals or modules", "too-large"
    )


@cache
def _language() -> tree_sitter.Language:
    import tree_sitter
    import tree_sitter_hcl

    return tree_sitter.Language(tree_sitter_hcl.language())


def syntax_tree(data: bytes) -> tree_sitter.Node:
    """The root of the concrete syntax tree of ``data``; never raises, errors are nodes of the tree."""
    import tree_sitter

    return tree_sitter.Parser(_language()).parse(data).root_node


def without_exponents(data: bytes) -> bytes:
    """``data`` with every number like ``1e5``, which the grammar does not know, as digits of the same length.

    Only for making the tree: values are read from the file's own bytes.
    """
    if not re.search(_MAYBE_EXPONENT, data):
        return data
    return re.sub(_EXPONENT, lambda match: match[1] + b"0" * len(match[2]) + match[3], data)


def first_error(root: tree_sitter.Node) -> tree_sitter.Node:
    """The first error or missing node in the order of the text."""
    node = root
    while not (node.is_error or node.is_missing):
        found = next((c for c in node.children if c.has_error or c.is_missing), None)
        if found is None:
            return node
        node = found
    return node
