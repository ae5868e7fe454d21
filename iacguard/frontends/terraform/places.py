"""Where values stand in the source. Everything is found on demand; only findings pay for it."""

from __future__ import annotations

from iacguard.frontends.terraform.scope import Scope, first_line, header
from iacguard.frontends.terraform.syntax import (
    Attribute,
    Block,
    Call,
    Expr,
    Extent,
    Literal,
    Node,
    ObjectExpr,
    Paren,
    Template,
    TupleExpr,
)
from iacguard.model import Key, Place, Span, Step


class ExprPlace:
    """An expression, or the attribute or item that it is the value of."""

    __slots__ = ("expr", "node", "scope")

    def __init__(self, expr: Expr, scope: Scope, node: Node | None = None) -> None:
        self.expr = expr
        self.scope = scope
        self.node = node or expr

    @property
    def span(self) -> Span:
        """The first line of it: a finding stands on one line."""
        return first_line(self.scope.doc, self.node.start, self.node.end)

    def child(self, key: Key) -> Place | None:
        """The item of a literal tuple, object or ``jsonencode`` argument."""
        return member((self.expr, self.scope), key)

    def trail(self) -> tuple[Step, ...]:
        """How the value came here: defaults, arguments and locals that the expression refers to."""
        from iacguard.frontends.terraform.trails import trail

        return trail(self.expr, self.scope)

    def text_start(self) -> tuple[int, int] | None:
        """Where the text of a heredoc or a string of many lines begins, also where it is then encoded in Base64."""
        expr = core(self.expr)
        if isinstance(expr, Call) and expr.name == "base64encode" and len(expr.args) == 1:
            expr = core(expr.args[0])
        if isinstance(expr, (Literal, Template)) and expr.text_start >= 0:
            return self.scope.doc.file.position(expr.text_start)
        return None


class FollowedPlace(ExprPlace):
    """An encoded structure: its members stand where they are written, through locals and variables."""

    __slots__ = ()

    def child(self, key: Key) -> Place | None:
        """The member, in the local or variable that the expression means."""
        from iacguard.frontends.terraform.trails import followed

        found = member(followed(self.expr, self.scope), key)
        return FollowedPlace(found.expr, found.scope, found.node) if isinstance(found, ExprPlace) else found


class BodyPlace:
    """A block with its attributes and nested blocks; also what is kept of a block that was evaluated.

    ``nested`` has, for every kind of nested block, the places of the blocks in the order of the evaluated list.
    """

    __slots__ = ("attributes", "block", "nested", "scope")

    def __init__(self, block: Block, scope: Scope) -> None:
        self.block = block
        self.scope = scope
        self.attributes: dict[str, tuple[Attribute, Scope]] | None = None
        self.nested: dict[str, list[BodyPlace]] = {}

    @property
    def span(self) -> Span:
        """The block's header, up to its brace."""
        return header(self.scope.doc, self.block)

    def child(self, key: Key) -> Place | None:
        """An attribute, or the list of nested blocks of one kind."""
        if not isinstance(key, str):
            return None
        if key in self.nested:
            return BlocksPlace(self, key)
        if self.attributes is not None:
            found = self.attributes.get(key)
            return _written(*found) if found is not None else None
        attribute = self.block.body.attribute(key)
        return _written(attribute, self.scope) if attribute is not None else None

    def trail(self) -> tuple[Step, ...]:
        """Blocks stand where they are written."""
        return ()

    def text_start(self) -> tuple[int, int] | None:
        """A block is no text."""
        return None


class BlocksPlace:
    """The list of the nested blocks of one kind."""

    __slots__ = ("key", "owner_body")

    def __init__(self, body: BodyPlace, key: str) -> None:
        self.owner_body = body
        self.key = key

    @property
    def span(self) -> Span:
        """The first block's header; the outer block's where there is none."""
        places = self.owner_body.nested[self.key]
        return places[0].span if places else self.owner_body.span

    def child(self, key: Key) -> Place | None:
        """One block."""
        places = self.owner_body.nested[self.key]
        return places[key] if isinstance(key, int) and 0 <= key < len(places) else None

    def trail(self) -> tuple[Step, ...]:
        """Blocks stand where they are written."""
        return ()

    def text_start(self) -> tuple[int, int] | None:
        """Blocks are no text."""
        return None


class JsonBlocksPlace(ExprPlace):
    """An attribute of JSON syntax that is read as a list of one block."""

    __slots__ = ()

    def child(self, key: Key) -> Place | None:
        """The block itself for index 0."""
        return ExprPlace(self.expr, self.scope, self.node) if key == 0 else None


def _written(attribute: Attribute, scope: Scope) -> ExprPlace:
    from iacguard.frontends.terraform.json_blocks import is_single_block

    if scope.doc.json and isinstance(attribute.expr, ObjectExpr) and is_single_block(attribute.name):
        return JsonBlocksPlace(attribute.expr, scope, attribute)
    return ExprPlace(attribute.expr, scope, attribute)


def core(expr: Expr) -> Expr:
    """``expr`` without what does not move its members: parentheses and ``jsonencode``."""
    while True:
        if isinstance(expr, Paren):
            expr = expr.inner
        elif isinstance(expr, Call) and expr.args and expr.name in ("jsonencode", "tolist", "toset", "tomap"):
            expr = expr.args[0]
        elif isinstance(expr, Template) and len(expr.parts) == 1 and _is_expr(expr) and not expr.heredoc:
            expr = expr.parts[0]  # type: ignore[assignment]
        else:
            return expr


def _is_expr(template: Template) -> bool:
    from iacguard.frontends.terraform.syntax import TemplateFor, TemplateIf

    return not isinstance(template.parts[0], (str, TemplateIf, TemplateFor))


def member(whole: tuple[Expr, Scope], key: Key) -> Place | None:
    """The place of a member that is written in an expression of a scope."""
    expr, scope = core(whole[0]), whole[1]
    if isinstance(expr, TupleExpr):
        if isinstance(key, int) and 0 <= key < len(expr.items):
            return ExprPlace(expr.items[key], scope)
        return None
    if isinstance(expr, ObjectExpr):
        found: Place | None = None
        for name, value in expr.items:
            if isinstance(name, Literal) and name.value == key:
                if scope.doc.json and isinstance(value, ObjectExpr):
                    found = _written(Attribute(name.start, value.end, str(key), value), scope)
                else:
                    found = ExprPlace(value, scope, Extent(name.start, value.end))
        return found
    return None
