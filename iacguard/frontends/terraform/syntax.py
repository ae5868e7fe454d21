"""Terraform's syntax as typed, frozen data. ``start`` and ``end`` are byte offsets into the file.

The shapes follow HCL's own AST (hashicorp/hcl, hclsyntax): a splat's tail is an expression over an anonymous
item, a traversal is a chain of ``GetAttr`` and ``Index`` over a ``Variable``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf
from typing import TypeAlias

from iacguard.source import SourceFile


@dataclass(frozen=True, slots=True)
class Node:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, bool, null, or a string without interpolation (also a heredoc), its escapes resolved."""

    value: str | int | float | bool | None
    #: For a heredoc or multi-line text: byte offset of the first character of its text; else -1.
    text_start: int = -1


@dataclass(frozen=True, slots=True)
class Template(Node):
    """A string with interpolations or directives. ``"${x}"`` alone is a Template of one part that is no Literal:

    the evaluator gives the part's own value then, as Terraform does (``heredoc`` ones always give a string).
    Text parts are ``str``, with escapes, heredoc indentation and strip markers already applied.
    """

    parts: tuple[Expr | TemplateIf | TemplateFor | str, ...]
    heredoc: bool = False
    text_start: int = -1


@dataclass(frozen=True, slots=True)
class TemplateIf(Node):
    condition: Expr
    then: Template
    otherwise: Template | None


@dataclass(frozen=True, slots=True)
class TemplateFor(Node):
    key: str | None
    item: str
    collection: Expr
    body: Template


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """The root name of a traversal: ``var``, ``local``, ``aws_s3_bucket``, ``each``, a ``for`` variable."""

    name: str


@dataclass(frozen=True, slots=True)
class GetAttr(Node):
    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    base: Expr
    key: Expr


@dataclass(frozen=True, slots=True)
class SplatItem(Node):
    """The anonymous item inside a splat's ``each``."""


@dataclass(frozen=True, slots=True)
class Splat(Node):
    """``base[*].x`` (``full``) or ``base.*.x``; ``each`` is the tail over a :class:`SplatItem`.

    After an attribute-only splat, index steps belong to the whole result (``a.*.b[0]`` is ``(a.*.b)[0]``).
    """

    base: Expr
    full: bool
    each: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``name`` may be namespaced: ``provider::aws::arn_parse``. ``expand``: the last argument has ``...``."""

    name: str
    args: tuple[Expr, ...]
    expand: bool = False


@dataclass(frozen=True, slots=True)
class TupleExpr(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ObjectExpr(Node):
    """A bare identifier key is a Literal string; ``(expr)`` keys are the expression in :class:`Paren`."""

    items: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    op: OneOf["-", "!"]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    op: OneOf["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class ForExpr(Node):
    """``key_expr`` is None for a tuple result; ``grouping`` is the ``...`` after the value."""

    key: str | None
    item: str
    collection: Expr
    key_expr: Expr | None
    value_expr: Expr
    condition: Expr | None
    grouping: bool = False


@dataclass(frozen=True, slots=True)
class Paren(Node):
    inner: Expr


Expr: TypeAlias = (
    Literal
    | Template
    | Variable
    | GetAttr
    | Index
    | SplatItem
    | Splat
    | Call
    | TupleExpr
    | ObjectExpr
    | Unary
    | Binary
    | Conditional
    | ForExpr
    | Paren
)


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    """``name = expr``, from the name's first byte to the expression's last."""

    name: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Block(Node):
    """``type "label" { ... }``; ``header_end`` is the offset of its ``{`` (for a finding on the block as a whole)."""

    type: str
    labels: tuple[str, ...]
    body: Body
    header_end: int


@dataclass(frozen=True, slots=True)
class Body(Node):
    attributes: tuple[Attribute, ...]
    blocks: tuple[Block, ...]

    def attribute(self, name: str) -> Attribute | None:
        return next((a for a in self.attributes if a.name == name), None)

    def of_type(self, type_: str) -> tuple[Block, ...]:
        return tuple(b for b in self.blocks if b.type == type_)


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed ``.tf``, ``.tofu``, ``.tfvars`` or JSON-syntax file.

    In JSON syntax a nested object may be a block or a map argument: inside resource bodies it stands as an
    attribute with an ObjectExpr (several blocks: a TupleExpr of them), ``dynamic`` as a block; the evaluator decides.
    """

    file: SourceFile
    body: Body
    json: bool = False
