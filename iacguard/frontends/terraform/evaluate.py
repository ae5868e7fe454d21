"""Evaluating HCL expressions: one function a form of expression, in one table.

The rules are those of Terraform's language documentation ("Expressions") and of HCL's specification
(hashicorp/hcl, hclsyntax/spec.md). What is not known is an Unknown; what must fail raises EvalError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iacguard.frontends.terraform import operators
from iacguard.frontends.terraform.access import attribute, index, maybe, one_of
from iacguard.frontends.terraform.calls import call
from iacguard.frontends.terraform.functions.context import FunctionError, as_item, known_keys, to_string
from iacguard.frontends.terraform.functions.unknowns import encoded_text
from iacguard.frontends.terraform.names import Namespace, variable
from iacguard.frontends.terraform.scope import MAX_DEPTH, Scope
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
from iacguard.frontends.terraform.templating import render
from iacguard.frontends.terraform.values import (
    PRIMITIVES,
    EvalError,
    LimitError,
    Linked,
    Opaque,
    Open,
    SetList,
    bare,
    link,
    put_entry,
    strip,
)
from iacguard.model import REST, Encoded, Unknown, Value


def evaluate(expr: Expr, scope: Scope) -> Value:
    """The value of ``expr``. Raises EvalError where Terraform would fail, LimitError at a bound of ours."""
    if type(expr) is Literal:
        return expr.value
    run = scope.run
    if run.depth >= MAX_DEPTH:
        raise LimitError("the expression is nested too deeply, or leads through too many others")
    run.depth += 1
    try:
        return _FORMS[type(expr)](expr, scope)
    except EvalError as error:
        if error.start < 0:
            error.start, error.end = expr.start, expr.end
        raise
    finally:
        run.depth -= 1


_COMPARING = frozenset(["==", "!=", "<", ">", "<=", ">="])


def _base(expr: Expr, scope: Scope) -> Value:
    """The left side of an access: a value, or the name of a group of things (``var``, ``data``)."""
    if type(expr) is Variable and expr.name not in scope.names:
        return Namespace(expr.name)
    if type(expr) is GetAttr or type(expr) is Index:
        return _FORMS[type(expr)](expr, scope, inner=True)
    return evaluate(expr, scope)


def _get_attr(node: GetAttr, scope: Scope, inner: bool = False) -> Value:
    name = node.name
    before = node.base
    kind = type(before)
    if kind is Variable:
        root = before.name  # type: ignore[union-attr]
        if root in scope.names:
            base = scope.names[root]
        elif root == "local":
            return scope.module.local(name, node, scope)
        elif root == "var":
            return scope.module.variable(name, node, scope)
        else:
            return Namespace(root).get(name, node, scope, inner)
    elif kind is GetAttr:
        base = _get_attr(before, scope, True)  # type: ignore[arg-type]
    else:
        base = _base(before, scope)
    if type(base) is dict and name in base:
        return base[name]
    if type(base) is Namespace:
        return base.get(name, node, scope, inner)
    _note_risk(base, scope)
    return attribute(base, name)


def _note_risk(base: Value, scope: Scope) -> None:
    """``try`` asks whether what is looked for in ``base`` may be missing."""
    plain = bare(base)
    if isinstance(plain, Unknown):
        # What a provider computes has the members that its schema says.
        scope.run.risks += not (plain.kind == "computed" and plain.present)
    elif isinstance(plain, Open) or (isinstance(plain, dict) and REST in plain):
        scope.run.risks += 1


def _index(node: Index, scope: Scope, inner: bool = False) -> Value:
    base = _base(node.base, scope)
    key = evaluate(node.key, scope)
    if type(base) is Namespace:
        if not isinstance(key, str):
            raise EvalError("a name is required here", "reference")
        return base.get(key, node, scope, inner)
    _note_risk(base, scope)
    _note_risk(key, scope)
    return index(base, key)


def _splat_item(node: SplatItem, scope: Scope) -> Value:
    return scope.item


def _splat(node: Splat, scope: Scope) -> Value:
    base = evaluate(node.base, scope)
    if type(base) is Linked:
        base = base.value
    if type(base) is Open and not base.keyed:
        base = base.collection()
    if base is None:
        return []
    if isinstance(base, list):
        return [_splat_each(node, item, scope) for item in base]
    if isinstance(base, Unknown):
        value = scope.run.evaluate(node.each, scope.of_item(as_item(base)))
        return [maybe(value, base)]
    return [scope.run.evaluate(node.each, scope.of_item(base))]


def _splat_each(node: Splat, item: Value, scope: Scope) -> Value:
    scope.run.tick()
    plain = bare(item)
    if isinstance(plain, Unknown) and plain.spread:
        return maybe(evaluate(node.each, scope.of_item(as_item(plain))), plain)
    return evaluate(node.each, scope.of_item(item))


def _tuple(node: TupleExpr, scope: Scope) -> Value:
    return [evaluate(item, scope) for item in node.items]


def _object(node: ObjectExpr, scope: Scope) -> Value:
    result: dict[str, Value] = {}
    for key_expr, value_expr in node.items:
        if type(key_expr) is Literal:
            key = key_expr.value
            if type(key) is str:
                result[key] = evaluate(value_expr, scope)
                continue
            key = "null" if key is None else key  # a bare word, as Terraform reads it
        else:
            key = evaluate(key_expr.inner if type(key_expr) is Paren else key_expr, scope)
        _put(result, key, evaluate(value_expr, scope))
    return result


def _put(result: dict[str, Value], key: Value, value: Value) -> None:
    if type(key) is str:
        result[key] = value
        return
    key = bare(key)
    if isinstance(key, Unknown):
        put_entry(result, key, value)
        return
    try:
        text = to_string(key)
    except FunctionError as error:
        raise EvalError(f"an object's key must be a string: {error}") from None
    if isinstance(text, Encoded):
        text = encoded_text(text)
        if isinstance(text, Unknown):
            put_entry(result, text, value)
            return
    if not isinstance(text, str):
        raise EvalError("an object's key must not be null")
    result[text] = value


def _put_rest(result: dict[str, Value], key: Unknown, value: Value) -> None:
    before = result.get(REST)
    choices = (*(before.choices if isinstance(before, Unknown) else ()), value)
    result[REST] = Unknown(key.reason, "expression", key.span, choices=choices if len(choices) <= 32 else ())


def _paren(node: Paren, scope: Scope) -> Value:
    return evaluate(node.inner, scope)


def _unary(node: Unary, scope: Scope) -> Value:
    value = bare(evaluate(node.operand, scope))
    return operators.negate(value) if node.op == "-" else operators.invert(value)


def _binary(node: Binary, scope: Scope) -> Value:
    op = node.op
    if op == "&&" or op == "||":
        left = bare(evaluate(node.left, scope))
        return operators.logical(op, left, lambda: bare(evaluate(node.right, scope)))
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    if type(left) in PRIMITIVES and type(right) in PRIMITIVES:
        return (operators.compare if op in _COMPARING else operators.arithmetic)(op, left, right)
    left, from_left = strip(left)
    right, from_right = strip(right)
    if op in ("+", "-", "*", "/", "%"):
        return link(operators.arithmetic(op, left, right), from_left | from_right)
    return operators.compare(op, left, right)


def _conditional(node: Conditional, scope: Scope) -> Value:
    condition = bare(evaluate(node.condition, scope))
    if not isinstance(condition, Unknown):
        taken, other = (node.then, node.otherwise) if operators.truth(condition) else (node.otherwise, node.then)
        value = evaluate(taken, scope)
        if type(other) in (Literal, Template) and isinstance(value, (bool, int, float)) and _is_text(other):
            return to_string(value)
        return value
    try:
        branches = [evaluate(node.then, scope), evaluate(node.otherwise, scope)]
    except LimitError:
        raise
    except EvalError:
        return Unknown(condition.reason, "condition", condition.span)
    return one_of(_unified(branches), condition)


def _is_text(expr: Expr) -> bool:
    if type(expr) is Literal:
        return isinstance(expr.value, str)
    return type(expr) is Template and (len(expr.parts) != 1 or expr.heredoc)


def _unified(values: list[Value]) -> list[Value]:
    """Primitives of a conditional's two branches as one type: a string wins."""
    if any(isinstance(bare(v), (str, Encoded)) for v in values):
        return [to_string(v) if isinstance(v, (bool, int, float)) else v for v in values]
    return values


def _for(node: ForExpr, scope: Scope) -> Value:
    collection = evaluate(node.collection, scope)
    if type(collection) is Linked:
        collection = collection.value
    if isinstance(collection, Unknown):
        return Unknown(collection.reason, "expression", collection.span, secret=collection.secret)
    rounds = pairs(collection)
    return _for_tuple(node, rounds, scope) if node.key_expr is None else _for_object(node, rounds, scope)


def pairs(collection: Value) -> list[tuple[Value, Value]]:
    """Keys and values of a collection, in Terraform's order. Raises EvalError for anything else."""
    if isinstance(collection, Opaque):
        collection = collection.as_object()
    if type(collection) is Open:
        collection = collection.collection()
    if isinstance(collection, dict):
        found: list[tuple[Value, Value]] = [(key, collection[key]) for key in known_keys(collection)]
        if REST in collection:
            # It stands first, as after it nothing is said of places: those keys may sort before the known ones.
            rest = collection[REST]
            key = Unknown(rest.reason, "expression", rest.span, present=True)
            found.insert(0, (key, _spread(rest)))
        return found
    if isinstance(collection, SetList):
        return [(as_item(v) if isinstance(v, Unknown) else v, v) for v in collection]
    if isinstance(collection, list):
        return list(enumerate(collection))
    raise EvalError("a list, set, map or object is required here")


def _spread(rest: Unknown) -> Unknown:
    from iacguard.record import replace

    return replace(rest, spread=True)


#: What stands for one item, and never for any number of them.
_SURE = PRIMITIVES | {dict, list}


def _round(node: ForExpr, key: Value, value: Value, scope: Scope) -> tuple[Scope, Unknown | None]:
    """The scope of one round, and the unknown that stands for any number of rounds, if this one does."""
    scope.run.tick()
    if type(value) in _SURE:
        names = {**scope.names, node.item: value}
        if node.key is not None:
            names[node.key] = key
        return Scope(scope.run, scope.module, scope.doc, names, scope.item, scope.owner), None
    plain = bare(value)
    many = plain if isinstance(plain, Unknown) and plain.spread else None
    item = as_item(many) if many is not None else value
    if many is not None and isinstance(key, int):
        key = Unknown(many.reason, "expression", many.span)
    names = {node.item: item} if node.key is None else {node.key: key, node.item: item}
    return scope.within(names), many


def _kept(node: ForExpr, scope: Scope) -> Value:
    """Whether the round's condition holds: True, False or an Unknown."""
    if node.condition is None:
        return True
    verdict = bare(evaluate(node.condition, scope))
    return verdict if isinstance(verdict, Unknown) else operators.truth(verdict)


def _if_unknown(value: Value) -> Unknown | None:
    return value if isinstance(value, Unknown) else None


def _for_tuple(node: ForExpr, rounds: list[tuple[Value, Value]], scope: Scope) -> Value:
    result: list[Value] = []
    for key, value in rounds:
        inner, many = _round(node, key, value, scope)
        kept = _kept(node, inner)
        if kept is False:
            continue
        item = evaluate(node.value_expr, inner)
        cause = many if many is not None else _if_unknown(kept)
        result.append(item if cause is None else maybe(item, cause))
    return result


def _for_object(node: ForExpr, rounds: list[tuple[Value, Value]], scope: Scope) -> Value:
    result: dict[str, Value] = {}
    assert node.key_expr is not None
    for key, value in rounds:
        inner, many = _round(node, key, value, scope)
        kept = _kept(node, inner)
        if kept is False:
            continue
        name = bare(evaluate(node.key_expr, inner))
        item = evaluate(node.value_expr, inner)
        cause = many if many is not None else _if_unknown(kept)
        if cause is not None or isinstance(name, Unknown):
            entry = [item] if node.grouping else item
            if cause is None and not node.grouping:
                put_entry(result, name, entry)
            else:
                _put_rest(result, name if cause is None else cause, entry)
        else:
            _put_round(result, name, item, node.grouping)
    return result


def _put_round(result: dict[str, Value], name: Value, item: Value, grouping: bool) -> None:
    single: dict[str, Value] = {}
    if type(name) is str:
        single[name] = item
    else:
        _put(single, name, item)
    for key in single:
        if grouping:
            result.setdefault(key, []).append(item)
        elif key in result:
            raise EvalError(f'two items of the for expression have the key "{key}"; use ... to group them')
        else:
            result[key] = item


_FORMS: dict[type, Callable[..., Any]] = {
    Variable: variable,
    GetAttr: _get_attr,
    Index: _index,
    Splat: _splat,
    SplatItem: _splat_item,
    Template: render,
    Call: call,
    TupleExpr: _tuple,
    ObjectExpr: _object,
    Unary: _unary,
    Binary: _binary,
    Conditional: _conditional,
    ForExpr: _for,
    Paren: _paren,
}
