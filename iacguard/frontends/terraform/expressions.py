"""From tree-sitter's nodes to expressions of the typed syntax.

The grammar puts the steps of a traversal, and the two parentheses of a bracketed expression, flat beside what
they apply to: a *term* is that run of sibling nodes. Chained conditionals come out left-associative and are
turned round here; white space at the edges of template text is missing from the tree and is taken from the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from typing import Literal as OneOf

from iacguard.frontends.terraform.grammar import MAX_DEPTH, ReadError, too_deep
from iacguard.frontends.terraform.literals import normal, number
from iacguard.frontends.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Expr,
    ForExpr,
    GetAttr,
    Index,
    Literal,
    ObjectExpr,
    Paren,
    Splat,
    SplatItem,
    Template,
    TupleExpr,
    Unary,
    Variable,
)
from iacguard.frontends.terraform.templates import Marker, Style, as_expression, assemble
from iacguard.late import regex

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

# Most expressions of real code are one of these and need no look at their nodes. The tree has no error there,
# so an expression that reads so to its end is nothing else.
_PLAIN_STRING = regex(rb'"[^"\\${%\r\n]*"')
_PLAIN_NAME = regex(rb"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*")
_KEYWORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_HEREDOC = regex(rb"<<(-?)[^\n]*\n")

BinaryOp = OneOf["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]


class Expressions:
    """Reads the expressions of one file's bytes. Every method raises ReadError for what cannot be read."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def text(self, node: Tree) -> str:
        """The source text of ``node``."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", errors="replace")

    def expression(self, node: Tree, depth: int) -> Expr:
        """The expression of an ``expression`` node, ``depth`` levels below its file."""
        start, end = node.start_byte, node.end_byte
        raw = self.data[start:end]
        if _PLAIN_STRING.fullmatch(raw):
            return Literal(start, end, normal(raw[1:-1].decode("utf-8", errors="replace")))
        if raw.isdigit():
            return Literal(start, end, number(raw.decode("ascii"), start, end))
        if raw in _KEYWORDS:
            return Literal(start, end, _KEYWORDS[raw])
        if _PLAIN_NAME.fullmatch(raw):
            return _plain_traversal(raw, start, end, depth)
        return self._term(solid(node.children), depth)

    def value(self, node: Tree, depth: int) -> Expr:
        """As :meth:`expression`, for an argument's or an object item's: a new line outside brackets ends these."""
        if self.data.find(b"\n", node.start_byte, node.end_byte) >= 0:
            self._refuse_open_newline(node)
        return self.expression(node, depth)

    def _refuse_open_newline(self, root: Tree) -> None:
        pending = [root]
        while pending:
            brackets, last = 0, -1
            for node in pending.pop().children:
                kind = node.type
                if last >= 0 and not brackets and self.data.find(b"\n", last, node.start_byte) >= 0:
                    raise ReadError(
                        last,
                        last + 1,
                        "the line ends in the middle of an expression",
                        "put the whole expression in parentheses to go on in the next line",
                    )
                if not brackets and kind in _OPEN:
                    pending.append(node)
                brackets += (kind == "(") - (kind == ")")
                last = node.end_byte

    def _term(self, nodes: list[Tree], depth: int) -> Expr:
        first = nodes[0]
        if depth > MAX_DEPTH:
            raise too_deep(first.start_byte, first.end_byte)
        if first.type == "(":
            base: Expr = Paren(first.start_byte, nodes[2].end_byte, self.expression(nodes[1], depth + 1))
            steps = nodes[3:]
        else:
            steps = nodes[1:]
            base = self._primary(first, depth + len(steps))
        return self._steps(base, steps, depth) if steps else base

    def _primary(self, node: Tree, depth: int) -> Expr:
        kind = node.type
        if kind == "literal_value":
            return self._literal(solid(node.children)[0])
        if kind == "variable_expr":
            name = self.text(node)
            if name.encode() in _KEYWORDS:
                return Literal(node.start_byte, node.end_byte, _KEYWORDS[name.encode()])
            return Variable(node.start_byte, node.end_byte, name)
        if kind == "template_expr":
            return self._template(solid(node.children)[0], depth)
        if kind == "function_call":
            return self._call(node, depth)
        if kind == "collection_value":
            inner = solid(node.children)[0]
            return self._tuple(inner, depth) if inner.type == "tuple" else self._object(inner, depth)
        if kind == "operation":
            return self._operation(solid(node.children)[0], depth)
        if kind == "conditional":
            return self._conditional(node, depth)
        if kind == "for_expr":
            return self._for(solid(node.children)[0], depth)
        raise ReadError(node.start_byte, node.end_byte, f"a {kind} is not expected here")

    def _literal(self, node: Tree) -> Literal:
        start, end = node.start_byte, node.end_byte
        kind = node.type
        if kind == "string_lit":
            parts, _ = assemble(self.data, start + 1, end - 1, (), "quoted")
            return Literal(start, end, cast(str, parts[0]) if parts else "")
        if kind == "numeric_lit":
            return Literal(start, end, number(self.text(node), start, end))
        return Literal(start, end, _KEYWORDS[self.data[start:end]])

    def _steps(self, base: Expr, nodes: list[Tree], depth: int) -> Expr:
        steps = _flatten(nodes)
        depth += len(steps)
        if depth > MAX_DEPTH:
            raise too_deep(nodes[0].start_byte, nodes[-1].end_byte)
        return self._traverse(base, steps, 0, depth)

    def _traverse(self, base: Expr, steps: list[Tree], at: int, depth: int) -> Expr:
        while at < len(steps):
            node = steps[at]
            at += 1
            if node.type == "[*]":
                item = SplatItem(node.start_byte, node.end_byte)
                tail = self._traverse(item, steps, at, depth)
                return Splat(base.start, tail.end, base, True, tail)
            if node.type == ".*":
                each: Expr = SplatItem(node.start_byte, node.end_byte)
                while at < len(steps) and steps[at].type in ("get_attr", "legacy_index"):
                    each = self._step(each, steps[at], depth)
                    at += 1
                base = Splat(base.start, each.end, base, False, each)
            else:
                base = self._step(base, node, depth)
        return base

    def _step(self, base: Expr, node: Tree, depth: int) -> Expr:
        start, end = node.start_byte, node.end_byte
        if node.type == "get_attr":
            return GetAttr(base.start, end, base, self.text(solid(node.children)[1]))
        if node.type == "legacy_index":
            digits = self.data[start:end].lstrip(b". \t\r\n").decode("ascii", errors="replace")
            return Index(base.start, end, base, Literal(end - len(digits), end, number(digits, start, end)))
        return Index(base.start, end, base, self.expression(solid(node.children)[1], depth + 1))

    def _call(self, node: Tree, depth: int) -> Call:
        children = solid(node.children)
        args: list[Expr] = []
        expand = False
        for child in children[2:-1]:
            for arg in solid(child.children):
                if arg.type == "expression":
                    args.append(self.expression(arg, depth + 1))
                elif arg.type == "ellipsis":
                    expand = True
        name = "".join(self.text(children[0]).split())
        return Call(node.start_byte, node.end_byte, name, tuple(args), expand)

    def _tuple(self, node: Tree, depth: int) -> TupleExpr:
        items = [self.expression(c, depth + 1) for c in node.named_children if c.type == "expression"]
        return TupleExpr(node.start_byte, node.end_byte, tuple(items))

    def _object(self, node: Tree, depth: int) -> ObjectExpr:
        items: list[tuple[Expr, Expr]] = []
        last = -1
        for child in node.children:
            kind = child.type
            if kind == "object_elem":
                if last >= 0 and self.data.find(b"\n", last, child.start_byte) < 0:
                    at = child.start_byte
                    raise ReadError(
                        at, child.end_byte, "a comma or a new line is missing between two items of an object"
                    )
                key, _, value = solid(child.children)
                items.append((self._key(key, depth), self.value(value, depth + 1)))
                last = child.end_byte
            elif kind == ",":
                last = -1
        return ObjectExpr(node.start_byte, node.end_byte, tuple(items))

    def _key(self, node: Tree, depth: int) -> Expr:
        # A longer reference stays one: `providers = { aws.east = aws.west }`. Elsewhere its use is the error.
        key = self.expression(node, depth + 1)
        if isinstance(key, Variable):
            return Literal(key.start, key.end, key.name)
        return key

    def _operation(self, node: Tree, depth: int) -> Expr:
        children = solid(node.children)
        start, end = node.start_byte, node.end_byte
        if node.type == "unary_operation":
            sign = cast('OneOf["-", "!"]', children[0].type)
            return Unary(start, end, sign, self._term(children[1:], depth + 1))
        at = next(i for i, c in enumerate(children) if c.type in _OPERATORS)
        left = self._term(children[:at], depth + 1)
        right = self._term(children[at + 1 :], depth + 1)
        return Binary(start, end, cast(BinaryOp, children[at].type), left, right)

    def _conditional(self, node: Tree, depth: int) -> Conditional:
        test, _, then, _, otherwise = solid(node.children)
        condition = self.expression(test, depth + 1)
        first, second = self.expression(then, depth + 1), self.expression(otherwise, depth + 1)
        # `a ? b : c ? d : e` comes as `(a ? b : c) ? d : e`: hang the new branches at the old one's end.
        outer: list[Conditional] = []
        while isinstance(condition, Conditional):
            outer.append(condition)
            condition = condition.otherwise
        if depth + len(outer) > MAX_DEPTH:
            raise too_deep(node.start_byte, node.end_byte)
        result = Conditional(condition.start, second.end, condition, first, second)
        for above in reversed(outer):
            result = Conditional(above.start, second.end, above.condition, above.then, result)
        return result

    def _for(self, node: Tree, depth: int) -> ForExpr:
        exprs: list[Expr] = []
        names: list[str] = []
        collection: Expr | None = None
        condition: Expr | None = None
        grouping = False
        for child in node.children:
            kind = child.type
            if kind == "for_intro":
                names = [self.text(c) for c in child.named_children if c.type == "identifier"]
                collection = self._only(child, depth)
            elif kind == "expression":
                exprs.append(self.expression(child, depth + 1))
            elif kind == "ellipsis":
                grouping = True
            elif kind == "for_cond":
                condition = self._only(child, depth)
        assert collection is not None
        key = names[0] if len(names) == 2 else None
        key_expr = exprs[0] if len(exprs) == 2 else None
        return ForExpr(
            node.start_byte, node.end_byte, key, names[-1], collection, key_expr, exprs[-1], condition, grouping
        )

    def _only(self, node: Tree, depth: int) -> Expr:
        return next(self.expression(c, depth + 1) for c in node.named_children if c.type == "expression")

    def _template(self, node: Tree, depth: int) -> Literal | Template:
        start, end = node.start_byte, node.end_byte
        markers = self.markers(node, depth)
        if node.type == "quoted_template":
            parts, _ = assemble(self.data, start + 1, end - 1, markers, "quoted", depth)
            return as_expression(parts, start, end, False, -1)
        header = _HEREDOC.match(self.data, start, end)
        if header is None:
            raise ReadError(start, end, "a heredoc starts with its marker alone on the line")
        style: Style = "flush" if header.group(1) else "heredoc"
        text_end = self.data.rfind(b"\n", start, end) + 1
        parts, text_start = assemble(self.data, header.end(), max(header.end(), text_end), markers, style, depth)
        return as_expression(parts, start, end, True, text_start)

    def markers(self, node: Tree, depth: int) -> list[Marker]:
        """The ``${}`` and ``%{}`` sequences below a template's node, in the order of the text."""
        found: list[Marker] = []
        pending = list(reversed(node.children))
        while pending:
            child = pending.pop()
            kind = child.type
            if kind in ("template_directive", "template_if", "template_for"):
                pending.extend(reversed(child.children))
            elif kind == "template_interpolation" or kind in _DIRECTIVES:
                start = child.start_byte
                # In `$$${` the grammar sees a sequence; for Terraform it ends in the escape `$${`.
                if self.data[start - 1 : start] != self.data[start : start + 1]:
                    found.append(self._marker(child, kind, depth))
        return found

    def _marker(self, node: Tree, kind: str, depth: int) -> Marker:
        start, end = node.start_byte, node.end_byte
        before, after = self.data[start + 2 : start + 3] == b"~", self.data[end - 2 : end - 1] == b"~"
        if kind in ("template_else_intro", "template_if_end", "template_for_end"):
            return Marker(start, end, _DIRECTIVES[kind], before, after)
        names = [self.text(c) for c in node.named_children if c.type == "identifier"]
        value = next((self.expression(c, depth + 1) for c in node.named_children if c.type == "expression"), None)
        if value is None:
            raise ReadError(start, end, "a ${} sequence holds nothing", "write $${ for the characters themselves")
        key = names[0] if len(names) == 2 else None
        return Marker(start, end, _DIRECTIVES.get(kind, "value"), before, after, value, key, names[-1] if names else "")


_DIRECTIVES: dict[str, OneOf["value", "if", "else", "endif", "for", "endfor"]] = {
    "template_if_intro": "if",
    "template_else_intro": "else",
    "template_if_end": "endif",
    "template_for_start": "for",
    "template_for_end": "endfor",
}
#: Nodes in which white space is part of the expression around them.
_OPEN = frozenset(("expression", "operation", "binary_operation", "unary_operation", "conditional"))
_OPERATORS = frozenset(("+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"))


def solid(nodes: list[Tree]) -> list[Tree]:
    """``nodes`` without comments, which the grammar allows anywhere."""
    for node in nodes:
        if node.type == "comment":
            return [n for n in nodes if n.type != "comment"]
    return nodes


def _plain_traversal(raw: bytes, start: int, end: int, depth: int) -> Expr:
    names = raw.decode("ascii").split(".")
    if depth + len(names) > MAX_DEPTH:
        raise too_deep(start, end)
    at = start + len(names[0])
    word = names[0].encode()
    result: Expr = Literal(start, at, _KEYWORDS[word]) if word in _KEYWORDS else Variable(start, at, names[0])
    for name in names[1:]:
        at += len(name) + 1
        result = GetAttr(start, at, result, name)
    return result


def _flatten(nodes: list[Tree]) -> list[Tree]:
    """The steps of a traversal in a row: ``get_attr``, ``legacy_index``, ``new_index``, ``[*]`` and ``.*``."""
    steps: list[Tree] = []
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        if node.type in ("splat", "full_splat", "attr_splat", "index"):
            pending.extend(reversed(solid(node.children)))
        else:
            steps.append(node)
    return steps
