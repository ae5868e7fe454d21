"""Terraform's JSON syntax: the same documents written as JSON objects.

What a property is, a block or an argument, follows from where it stands (developer.hashicorp.com/terraform/language/
syntax/json). Strings are templates; in some arguments they are references, in some plain text. Inside a resource
only a provider's schema could tell blocks from maps: there objects stay argument values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from iacguard.findings import Problem
from iacguard.frontends.terraform.grammar import ReadError
from iacguard.frontends.terraform.jsontext import Array, Json, Object, Scalar, read_json, text_offsets
from iacguard.frontends.terraform.literals import normal
from iacguard.frontends.terraform.moving import moved
from iacguard.frontends.terraform.refusals import Refusals
from iacguard.frontends.terraform.syntax import (
    Attribute,
    Block,
    Body,
    Document,
    Expr,
    Literal,
    ObjectExpr,
    Template,
    TupleExpr,
)
from iacguard.record import field, record
from iacguard.source import SourceFile


@record
class _Shape:
    """A kind of body: its block types with their number of labels and their body's kind, and special arguments."""

    blocks: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    #: Arguments whose strings are references or type expressions.
    references: frozenset[str] = frozenset()
    #: Arguments whose strings are plain text, whatever they hold.
    texts: frozenset[str] = frozenset()


_SHAPES: Mapping[str, _Shape] = {
    "plain": _Shape(),
    "root": _Shape(
        {
            "resource": (2, "resource"),
            "data": (2, "resource"),
            "ephemeral": (2, "resource"),
            "module": (1, "module"),
            "provider": (1, "provider"),
            "variable": (1, "variable"),
            "output": (1, "output"),
            "locals": (0, "plain"),
            "terraform": (0, "terraform"),
            "check": (1, "check"),
            "import": (0, "refactoring"),
            "moved": (0, "refactoring"),
            "removed": (0, "refactoring"),
        }
    ),
    "resource": _Shape(
        {
            "dynamic": (1, "dynamic"),
            "lifecycle": (0, "lifecycle"),
            "connection": (0, "plain"),
            "provisioner": (1, "provisioner"),
        },
        references=frozenset(("depends_on", "provider")),
    ),
    "dynamic": _Shape({"content": (0, "content")}, references=frozenset(("iterator",))),
    "content": _Shape({"dynamic": (1, "dynamic")}),
    "lifecycle": _Shape(
        {"precondition": (0, "plain"), "postcondition": (0, "plain")},
        references=frozenset(("ignore_changes", "replace_triggered_by")),
    ),
    "provisioner": _Shape({"connection": (0, "plain")}),
    "module": _Shape(
        references=frozenset(("depends_on", "providers")),
        texts=frozenset(("version",)),
    ),
    "provider": _Shape(texts=frozenset(("alias", "version"))),
    "variable": _Shape(
        {"validation": (0, "plain")},
        references=frozenset(("type",)),
        texts=frozenset(("default", "description")),
    ),
    "output": _Shape({"precondition": (0, "plain")}, references=frozenset(("depends_on",))),
    "terraform": _Shape(
        {
            "backend": (1, "plain"),
            "cloud": (0, "cloud"),
            "provider_meta": (1, "plain"),
            "required_providers": (0, "plain"),
        },
        texts=frozenset(("required_version",)),
    ),
    "cloud": _Shape({"workspaces": (0, "plain")}),
    "check": _Shape({"data": (2, "resource"), "assert": (0, "plain")}),
    "refactoring": _Shape(
        {"lifecycle": (0, "lifecycle"), "provisioner": (1, "provisioner")},
        references=frozenset(("from", "to", "provider")),
    ),
    "values": _Shape(),
}


_NO_BODY = Body(-1, -1, (), ())


def parse_json(file: SourceFile) -> tuple[Document | None, tuple[Problem, ...]]:
    """The syntax of a ``.tf.json``, ``.tofu.json`` or ``.tfvars.json`` file.

    Never raises. Text that is not JSON gives no document; a block with a broken template is left out, and told.
    """
    refusals = Refusals(file)
    try:
        tree = read_json(file.data)
        roots = tuple(_objects(tree))
    except ReadError as error:
        refusals.add(error, 0, len(file.data))
        return None, refusals.problems()
    values = file.path.endswith(".tfvars.json")
    body = _JsonReader(file, refusals).body(roots, "values" if values else "root", tree.start, tree.end)
    return Document(file, body, json=True), refusals.problems()


def _objects(value: Json) -> Iterator[Object]:
    """The objects of a block's value: one, or an array of them. ``null`` is no block."""
    if isinstance(value, Object):
        yield value
    elif isinstance(value, Array):
        for item in value.items:
            yield from _objects(item)
    elif value.value is not None:
        raise ReadError(value.start, value.end, "expected an object here", "a block is written as { ... }")


def _labelled(
    value: Json, head: Scalar, count: int, found: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Scalar, Object]]:
    """Each block of ``value`` with its labels, which are ``count`` levels of names, and the name it begins at."""
    for inner in _objects(value):
        if count == 0:
            yield found, head, inner
            continue
        for label, below in inner.members:
            if label.value != "//":
                yield from _labelled(below, label, count - 1, (*found, normal(str(label.value))))


class _JsonReader:
    __slots__ = ("_file", "_refusals")

    def __init__(self, file: SourceFile, refusals: Refusals) -> None:
        self._file = file
        self._refusals = refusals

    def body(self, objects: tuple[Object, ...], kind: str, start: int, end: int) -> Body:
        """The body that all ``objects`` are together. At the root a broken member is refused, and left out."""
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for name, value in (member for found in objects for member in found.members):
            if name.value == "//":
                continue
            try:
                self._member(name, value, kind, attributes, blocks)
            except ReadError as error:
                if kind not in ("root", "values"):
                    raise
                self._refusals.add(error, name.start, value.end)
        return Body(start, end, tuple(attributes.values()), tuple(blocks))

    def _member(
        self, name: Scalar, value: Json, kind: str, attributes: dict[str, Attribute], blocks: list[Block]
    ) -> None:
        key = normal(str(name.value))
        shape = _SHAPES[kind]
        known = shape.blocks.get(key)
        if known is not None:
            count, inner = known
            for labels, head, found in _labelled(value, name, count, ()):
                self._block(
                    Block(head.start, found.end, key, labels, _NO_BODY, found.start), found, inner, kind, blocks
                )
            return
        if key in attributes:
            line = self._file.position(attributes[key].start)[0]
            raise ReadError(name.start, name.end, f'"{key}" is already set on line {line}', "remove one")
        attributes[key] = Attribute(name.start, value.end, key, self._argument(key, value, kind))

    def _block(self, header: Block, found: Object, kind: str, outer: str, blocks: list[Block]) -> None:
        try:
            blocks.append(header._replace(body=self.body((found,), kind, found.start, found.end)))
        except ReadError as error:
            if outer != "root":
                raise
            self._refusals.add(error, header.start, header.end)

    def _argument(self, key: str, value: Json, kind: str) -> Expr:
        shape = _SHAPES[kind]
        if kind == "values" or key in shape.texts:
            return self._plain(value)
        if key in shape.references:
            return self._reference(value)
        return self.expression(value)

    def expression(self, value: Json) -> Expr:
        """``value`` as an expression: strings and property names are templates."""
        return self._converted(value, self._template)

    def _plain(self, value: Json) -> Expr:
        return self._converted(value, lambda s: Literal(s.start, s.end, s.value))

    def _reference(self, value: Json) -> Expr:
        return self._converted(value, self._written_expression)

    def _converted(self, value: Json, scalar: Callable[[Scalar], Expr]) -> Expr:
        if isinstance(value, Scalar):
            return scalar(value)
        if isinstance(value, Array):
            return TupleExpr(value.start, value.end, tuple(self._converted(item, scalar) for item in value.items))
        items = tuple((scalar(key), self._converted(item, scalar)) for key, item in value.members)
        return ObjectExpr(value.start, value.end, items)

    def _template(self, scalar: Scalar) -> Expr:
        from iacguard.frontends.terraform.parse import read_template

        text = scalar.value
        if not isinstance(text, str):
            return Literal(scalar.start, scalar.end, text)
        if "${" not in text and "%{" not in text:
            return Literal(scalar.start, scalar.end, normal(text))
        found = self._placed(scalar, text, read_template)
        if isinstance(found, Template):
            return Template(scalar.start, scalar.end, found.parts)
        return Literal(scalar.start, scalar.end, found.value if isinstance(found, Literal) else text)

    def _written_expression(self, scalar: Scalar) -> Expr:
        from iacguard.frontends.terraform.parse import read_expression

        if not isinstance(scalar.value, str):
            return Literal(scalar.start, scalar.end, scalar.value)
        return self._placed(scalar, scalar.value, read_expression)

    def _placed(self, scalar: Scalar, text: str, read: Callable[[bytes], Expr]) -> Expr:
        """What ``read`` makes of a string's text, its offsets those of the file."""
        offsets = text_offsets(self._file.data, scalar)

        def where(offset: int) -> int:
            if offsets is None:
                return scalar.start + 1 + offset
            return offsets[min(offset, len(offsets) - 1)]

        try:
            return moved(read(text.encode("utf-8", errors="replace")), where)
        except ReadError as error:
            raise ReadError(where(error.start), where(error.end), error.message, error.hint, error.kind) from None
