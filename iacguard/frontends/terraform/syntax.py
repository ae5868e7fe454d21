"""Terraform's syntax as typed, frozen data. ``start`` and ``end`` are byte offsets into the file.

The shapes follow HCL's own AST (hashicorp/hcl, hclsyntax): a splat's tail is an expression over an anonymous item,
a traversal is a chain of ``GetAttr`` and ``Index`` over a ``Variable``. Nodes are named tuples, not dataclasses: a
large repository has a million of them, and they are declared and made several times faster.
"""

from __future__ import annotations

from typing import Literal as OneOf
from typing import Protocol, TypeAlias

from iacguard.record import record
from iacguard.source import SourceFile
from iacguard.tuples import NamedTuple


class Node(Protocol):
    """Anything that stands somewhere in the file."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


class Extent(NamedTuple):
    """A region that is no node by itself."""

    start: int
    end: int


class Literal(NamedTuple):
    """A number, bool, null, or a string without interpolation (also a heredoc), its escapes resolved."""

    start: int
    end: int
    value: str | int | float | bool | None
    #: For a heredoc or multi-line text: byte offset of the first character of its text; else -1.
    text_start: int = -1


class Template(NamedTuple):
    """A string with interpolations or directives. ``"${x}"`` alone is a Template of one part that is no Literal:

    the evaluator gives the part's own value then, as Terraform does (``heredoc`` ones always give a string).
    Text parts are ``str``, with escapes, heredoc indentation and strip markers already applied.
    """

    start: int
    end: int
    parts: tuple[Expr | TemplateIf | TemplateFor | str, ...]
    heredoc: bool = False
    text_start: int = -1


class TemplateIf(NamedTuple):
    start: int
    end: int
    condition: Expr
    then: Template
    otherwise: Template | None


class TemplateFor(NamedTuple):
    start: int
    end: int
    key: str | None
    item: str
    collection: Expr
    body: Template


class Variable(NamedTuple):
    """The root name of a traversal: ``var``, ``local``, ``aws_s3_bucket``, ``each``, a ``for`` variable."""

    start: int
    end: int
    name: str


class GetAttr(NamedTuple):
    start: int
    end: int
    base: Expr
    name: str


class Index(NamedTuple):
    start: int
    end: int
    base: Expr
    key: Expr


class SplatItem(NamedTuple):
    """The anonymous item inside a splat's ``each``."""

    start: int
    end: int


class Splat(NamedTuple):
    """``base[*].x`` (``full``) or ``base.*.x``; ``each`` is the tail over a :class:`SplatItem`.

    After an attribute-only splat, index steps belong to the whole result (``a.*.b[0]`` is ``(a.*.b)[0]``).
    """

    start: int
    end: int
    base: Expr
    full: bool
    each: Expr


class Call(NamedTuple):
    """``name`` may be namespaced: ``provider::aws::arn_parse``. ``expand``: the last argument has ``...``."""

    start: int
    end: int
    name: str
    args: tuple[Expr, ...]
    expand: bool = False


class TupleExpr(NamedTuple):
    start: int
    end: int
    items: tuple[Expr, ...]


class ObjectExpr(NamedTuple):
    """A bare identifier key is a Literal string; ``(expr)`` keys are the expression in :class:`Paren`."""

    start: int
    end: int
    items: tuple[tuple[Expr, Expr], ...]


class Unary(NamedTuple):
    start: int
    end: int
    op: OneOf["-", "!"]
    operand: Expr


class Binary(NamedTuple):
    start: int
    end: int
    op: OneOf["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]
    left: Expr
    right: Expr


class Conditional(NamedTuple):
    start: int
    end: int
    condition: Expr
    then: Expr
    otherwise: Expr


class ForExpr(NamedTuple):
    """``key_expr`` is None for a tuple result; ``grouping`` is the ``...`` after the value."""

    start: int
    end: int
    key: str | None
    item: str
    collection: Expr
    key_expr: Expr | None
    value_expr: Expr
    condition: Expr | None
    grouping: bool = False


class Paren(NamedTuple):
    start: int
    end: int
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


class Attribute(NamedTuple):
    """``name = expr``, from the name's first byte to the expression's last."""

    start: int
    end: int
    name: str
    expr: Expr


class Block(NamedTuple):
    """``type "label" { ... }``; ``header_end`` is the offset of its ``{`` (for a finding on the block as a whole)."""

    start: int
    end: int
    type: str
    labels: tuple[str, ...]
    body: Body
    header_end: int


class Body(NamedTuple):
    start: int
    end: int
    attributes: tuple[Attribute, ...]
    blocks: tuple[Block, ...]

    def attribute(self, name: str) -> Attribute | None:
        return next((a for a in self.attributes if a.name == name), None)

    def of_type(self, type_: str) -> tuple[Block, ...]:
        return tuple(b for b in self.blocks if b.type == type_)


@record
class Document:
    """One parsed ``.tf``, ``.tofu``, ``.tfvars`` or JSON-syntax file.

    In JSON syntax a nested object may be a block or a map argument: inside resource bodies it stands as an
    attribute with an ObjectExpr (several blocks: a TupleExpr of them), ``dynamic`` as a block; the evaluator decides.
    """

    file: SourceFile
    body: Body
    json: bool = False
