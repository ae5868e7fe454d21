"""Count whether our syntax holds all of Terraform files: ``python tools/hcl_lossless.py DIR...``.

Reads every ``.tf``, ``.tofu``, ``.tfvars`` and ``.hcl`` file below each DIR and counts, beside what the grammar's own
tree has of them, the blocks, arguments, object items, calls, ``for`` expressions, conditionals, splats, operations,
interpolations and directives that arrive in our syntax. A file is read without loss where nothing was refused and all
counts agree. Files that are refused are listed with the message; exit status 1 where counts differ.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tree_sitter import Node as Tree

from iacguard.frontends.terraform.grammar import syntax_tree, without_exponents
from iacguard.frontends.terraform.parse import parse
from iacguard.frontends.terraform.syntax import (
    Attribute,
    Binary,
    Block,
    Body,
    Call,
    Conditional,
    ForExpr,
    ObjectExpr,
    Splat,
    Template,
    TemplateFor,
    TemplateIf,
    Unary,
)
from iacguard.source import SourceFile

_SUFFIXES = (".tf", ".tofu", ".tfvars", ".hcl")
#: What a node of the grammar is counted as.
_THEIRS = {
    "attribute": "arguments",
    "block": "blocks",
    "object_elem": "object items",
    "function_call": "calls",
    "for_expr": "for expressions",
    "conditional": "conditionals",
    "splat": "splats",
    "binary_operation": "operations",
    "unary_operation": "operations",
    "template_interpolation": "interpolations",
    "template_if_intro": "directives",
    "template_for_start": "directives",
}
_OURS: dict[type, str] = {
    Attribute: "arguments",
    Block: "blocks",
    Call: "calls",
    ForExpr: "for expressions",
    Conditional: "conditionals",
    Splat: "splats",
    Binary: "operations",
    Unary: "operations",
    TemplateIf: "directives",
    TemplateFor: "directives",
}


def ours(body: Body) -> Counter[str]:
    """What our syntax has."""
    found: Counter[str] = Counter()
    pending: list[Any] = [body]
    while pending:
        node = pending.pop()
        name = _OURS.get(type(node))
        if name is not None:
            found[name] += 1
        if isinstance(node, ObjectExpr):
            found["object items"] += len(node.items)
        elif isinstance(node, Template):
            found["interpolations"] += sum(not isinstance(p, (str, TemplateIf, TemplateFor)) for p in node.parts)
        if isinstance(node, tuple):
            pending.extend(node)
    return found


def theirs(root: Tree) -> Counter[str]:
    """What the grammar's tree has."""
    return Counter(name for node in _walk(root) if (name := _THEIRS.get(node.type)) is not None)


def content(path: Path) -> bytes:
    """The bytes of a file; those that a seed of Go's fuzzing tests holds in quotes."""
    data = path.read_bytes()
    head, _, literal = data.partition(b"\n")
    if head != b"go test fuzz v1":
        return data
    quoted = literal.strip().removeprefix(b"[]byte(").removesuffix(b")")
    text = ast.literal_eval(quoted.decode("utf-8"))
    assert isinstance(text, str)
    return text.encode("utf-8")


def _walk(root: Tree) -> Iterator[Tree]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(node.children)


def main(folders: list[Path]) -> int:
    worst = 0
    for folder in folders:
        files = sorted(f for f in folder.rglob("*") if f.suffix in _SUFFIXES and f.is_file())
        whole = refused = size = 0
        total: Counter[str] = Counter()
        for path in files:
            data = content(path)
            size += len(data)
            doc, problems = parse(SourceFile(str(path.relative_to(folder)), data))
            for problem in problems:
                print(f"  refused: {problem.span.file}:{problem.span.line}: {problem.message}")
            if problems or doc is None:
                refused += 1
                continue
            mine, tree = ours(doc.body), theirs(syntax_tree(without_exponents(data)))
            total += mine
            if mine == tree:
                whole += 1
            else:
                worst = 1
                print(f"  differs: {path.relative_to(folder)}: ours {mine - tree}, the grammar's {tree - mine}")
        counts = ", ".join(f"{count} {name}" for name, count in total.most_common())
        print(
            f"{folder.name}: {whole} of {len(files)} files ({size:,} bytes) without loss, {refused} refused: {counts}"
        )
    return worst


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
