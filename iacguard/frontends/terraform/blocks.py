"""Evaluating bodies: arguments as values, nested and ``dynamic`` blocks as lists of maps."""

from __future__ import annotations

from collections.abc import Iterable

from iacguard.frontends.terraform.access import maybe
from iacguard.frontends.terraform.evaluate import pairs
from iacguard.frontends.terraform.functions.context import as_item
from iacguard.frontends.terraform.json_blocks import as_blocks
from iacguard.frontends.terraform.places import BodyPlace
from iacguard.frontends.terraform.scope import RoundScope, Scope
from iacguard.frontends.terraform.syntax import Attribute, Block, Document, Expr, Node, Variable
from iacguard.frontends.terraform.values import EvalError, LimitError, Opaque, Open, bare
from iacguard.model import Unknown, Value
from iacguard.record import replace

#: Where a nested block has labels, this key of its value holds them: no argument can have that name.
LABELS = "$labels"
#: How deep blocks nest. No provider needs more than a dozen.
_MAX_NESTING = 60


def argument_value(expr: Expr, node: Node, scope: Scope) -> Value:
    """The value of an expression; an Unknown, and a problem reported, where it cannot be evaluated."""
    try:
        return scope.run.evaluate(expr, scope)
    except EvalError as error:
        return scope.run.failed(error, scope.doc, node)
    except RecursionError:
        return scope.run.failed(LimitError("the expression leads through too many others"), scope.doc, node)


def argument(attribute: Attribute, scope: Scope) -> Value:
    """The value of one argument of a resource or of a block in it."""
    value = argument_value(attribute.expr, attribute, scope)
    return as_blocks(attribute.name, value) if scope.doc.json else value


def block_type(block: Block) -> str:
    """The kind of the blocks that ``block`` stands for."""
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def evaluated(
    blocks: Iterable[tuple[Block, Document]], scope: Scope, depth: int = 0
) -> tuple[list[Value], list[BodyPlace]]:
    """The values of blocks of one kind, in their order, and the place of each."""
    values: list[Value] = []
    places: list[BodyPlace] = []
    for block, doc in blocks:
        inner = scope.in_file(doc)
        if block.type == "dynamic" and block.labels:
            _dynamic(block, inner, depth, values, places)
        else:
            value, place = _body(block, inner, depth, list(block.labels))
            values.append(value)
            places.append(place)
    return values, places


def _body(block: Block, scope: Scope, depth: int, labels: list[Value]) -> tuple[Value, BodyPlace]:
    place = BodyPlace(block, scope)
    if depth > _MAX_NESTING:
        error = LimitError(f"blocks are nested more than {_MAX_NESTING} deep")
        return scope.run.failed(error, scope.doc, block), place
    value: dict[str, Value] = {LABELS: labels} if labels else {}
    for attribute in block.body.attributes:
        found = argument(attribute, scope)
        if found is not None:
            value[attribute.name] = found
    grouped: dict[str, list[tuple[Block, Document]]] = {}
    for inner in block.body.blocks:
        grouped.setdefault(block_type(inner), []).append((inner, scope.doc))
    for kind, blocks in grouped.items():
        values, places = evaluated(blocks, scope, depth + 1)
        if values or not any(b.type == "dynamic" for b, _ in blocks):
            value[kind] = values
            place.nested[kind] = places
    return value, place


def _dynamic(block: Block, scope: Scope, depth: int, values: list[Value], places: list[BodyPlace]) -> None:
    """The blocks that a ``dynamic`` block makes: one for each item, or one that may be there any number of times."""
    for_each = block.body.attribute("for_each")
    contents = block.body.of_type("content")
    if for_each is None or not contents:
        error = EvalError("a dynamic block needs for_each and content")
        values.append(scope.run.failed(error, scope.doc, block))
        places.append(BodyPlace(block, scope))
        return
    name = _iterator(block)
    for key, item, cause in _rounds(for_each, scope):
        inner = RoundScope(scope, name, {"key": key, "value": item}, for_each.expr)
        value, place = _body(contents[0], inner, depth, _labels(block, inner))
        values.append(value if cause is None else maybe(value, cause))
        places.append(place)


def _labels(block: Block, scope: Scope) -> list[Value]:
    """The labels of one block that a ``dynamic`` block makes; they may use its iterator."""
    written = block.body.attribute("labels")
    if written is None:
        return []
    value = bare(argument_value(written.expr, written, scope))
    if isinstance(value, Unknown):
        return [replace(value, spread=True, reference=None)]
    texts = [_label(label) for label in value] if isinstance(value, list) else [None]
    if any(text is None for text in texts):
        return [scope.run.failed(EvalError("the labels of a block are a list of strings"), scope.doc, written)]
    return texts


def _label(label: Value) -> Value:
    plain = bare(label)
    return plain if isinstance(plain, (str, Unknown)) else None


def _iterator(block: Block) -> str:
    named = block.body.attribute("iterator")
    if named is not None:
        if isinstance(named.expr, Variable):
            return named.expr.name
        text = getattr(named.expr, "value", None)  # JSON syntax writes the name as a string
        if isinstance(text, str):
            return text
    return block.labels[0]


def _rounds(for_each: Attribute, scope: Scope) -> Iterable[tuple[Value, Value, Unknown | None]]:
    """Key, value and, where it is not known whether there is such an item, the reason."""
    run = scope.run
    try:
        collection = bare(run.evaluate(for_each.expr, scope))
        if isinstance(collection, Unknown):
            found = []
        else:
            found = pairs(collection)
    except EvalError as error:
        collection, found = run.failed(error, scope.doc, for_each), []
    except RecursionError:
        limit = LimitError("the expression leads through too many others")
        collection, found = run.failed(limit, scope.doc, for_each), []
    if isinstance(collection, Unknown):
        yield from _unknown_rounds(collection)
        return
    for key, value in found:
        try:
            run.tick()
        except LimitError as error:
            run.failed(error, scope.doc, for_each)
            return
        plain = bare(value)
        if isinstance(plain, Unknown) and plain.spread:
            yield Unknown(plain.reason, "expression", plain.span), as_item(plain), plain
        elif not isinstance(collection, (dict, Opaque, Open)) and isinstance(key, int) and _after_spread(found, key):
            yield Unknown("items before it are not known", "expression"), value, None
        else:
            yield key, value, None


def _after_spread(found: list[tuple[Value, Value]], place: int) -> bool:
    return any(isinstance(bare(v), Unknown) and bare(v).spread for _, v in found[:place])


def _unknown_rounds(collection: Unknown) -> Iterable[tuple[Value, Value, Unknown | None]]:
    """Rounds over a collection that is one of several, or not known: each may or may not be there."""
    options = [c for c in collection.choices if isinstance(c, (dict, list))]
    if options and len(options) == len(collection.choices):
        for option in options:
            for key, value in pairs(option):
                plain = bare(value)
                yield key, as_item(plain) if isinstance(plain, Unknown) else value, collection
        return
    item = Unknown(collection.reason, "expression", collection.span, secret=collection.secret)
    yield item, item, collection
