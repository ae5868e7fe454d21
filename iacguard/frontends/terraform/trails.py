"""The way of a value: from where it was first written, through modules and locals, to where it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from iacguard.frontends.terraform.instances import ModuleInstance
from iacguard.frontends.terraform.linking import CALL_META
from iacguard.frontends.terraform.modules import Decl
from iacguard.frontends.terraform.places import ExprPlace, core, member
from iacguard.frontends.terraform.scope import RoundScope, Scope, first_line
from iacguard.frontends.terraform.syntax import (
    Attribute,
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
    Template,
    TemplateFor,
    TemplateIf,
    TupleExpr,
    Unary,
    Variable,
)
from iacguard.frontends.terraform.values import Opaque, bare
from iacguard.model import Key, Span, Step, Value
from iacguard.record import field, record

#: Names and indices after the root of a reference.
Names: TypeAlias = tuple[Key, ...]
#: A trail of more steps helps nobody.
_MAX_STEPS = 20


@record(frozen=False)
class _Walk:
    """The steps so far (each once, origin first) and what was visited."""

    steps: dict[Step, None] = field(default_factory=dict)
    seen: set[tuple[int, str]] = field(default_factory=set)

    @property
    def full(self) -> bool:
        return len(self.steps) >= _MAX_STEPS


def trail(expr: Expr, scope: Scope) -> tuple[Step, ...]:
    """The stations of what ``expr`` refers to, origin first; empty where all of it is written there."""
    walk = _Walk()
    _follow(expr, scope, walk, 0)
    return tuple(walk.steps)


def _follow(expr: Expr, scope: Scope, walk: _Walk, depth: int, rest: Names = ()) -> None:
    """Add the stations of the member ``rest`` of ``expr``."""
    if depth > _MAX_STEPS:
        return
    expr, scope, rest, _ = _narrowed(expr, scope, rest)
    if not isinstance(core(expr), (GetAttr, Index, Variable)):
        rest = ()  # it is made of several things, and the member may be of any
    for root, names in references(expr):
        if walk.full:
            return
        if not isinstance(scope.module, ModuleInstance):
            return
        names += rest
        here = str(id(scope)) if root in scope.names else ""
        key = (id(scope.module), ".".join((root, *map(str, names))) + here)
        if key in walk.seen:
            continue
        walk.seen.add(key)
        if root in scope.names:
            _bound(root, names, scope, walk, depth)
        elif root == "var" and names:
            _variable(scope.module, names, walk, depth)
        elif root == "local" and names:
            _local(scope.module, names, walk, depth)
        elif root == "module" and names:
            _output(scope.module, names, walk, depth)


def _narrowed(expr: Expr, scope: Scope, rest: Names) -> tuple[Expr, Scope, Names, Span | None]:
    """The member ``rest`` of ``expr`` as far as it is written there: it, what is left of ``rest``, where it stands."""
    span: Span | None = None
    while rest:
        found = member((expr, scope), rest[0])
        if not isinstance(found, ExprPlace):
            break
        expr, scope, rest, span = found.expr, found.scope, rest[1:], found.span
    return expr, scope, rest, span


def references(expr: Expr) -> Iterator[tuple[str, Names]]:
    """The roots of all references in ``expr`` with the names that follow them, in the order of the text.

    An index that is not written as a number or text stands as -1.
    """
    pending: list[object] = [expr]
    while pending:
        node = pending.pop()
        names: list[Key] = []
        while isinstance(node, (GetAttr, Index)):
            if isinstance(node, GetAttr):
                names.append(node.name)
            else:
                names.append(_written_key(node.key))
                pending.append(node.key)
            node = node.base
        if isinstance(node, Variable):
            yield node.name, tuple(reversed(names))
        else:
            pending.extend(reversed(parts(node)))


def _written_key(key: Expr) -> Key:
    return key.value if isinstance(key, Literal) and type(key.value) in (str, int) else -1  # type: ignore[return-value]


def traversal(expr: Expr) -> tuple[str, tuple[str, ...]]:
    """The root of a reference and the names after it; "" where its base is none."""
    names: list[str] = []
    while isinstance(expr, (GetAttr, Index)):
        if isinstance(expr, GetAttr):
            names.append(expr.name)
        expr = expr.base
    return (expr.name, tuple(reversed(names))) if isinstance(expr, Variable) else ("", ())


def followed(expr: Expr, scope: Scope) -> tuple[Expr, Scope]:
    """What ``expr`` means where it is no more than a local, a variable or a member of one: the code that writes it."""
    for _ in range(_MAX_STEPS):
        plain = core(expr)
        if not isinstance(plain, GetAttr) or not isinstance(scope.module, ModuleInstance):
            break
        root, names = traversal(plain)
        if root in scope.names:
            break
        whole = _written(root, names[:1], scope.module)
        for name in names[1:]:
            found = member(whole, name) if whole is not None else None
            whole = (found.expr, found.scope) if isinstance(found, ExprPlace) else None
        if whole is None:
            break
        expr, scope = whole
    return expr, scope


def _written(root: str, names: tuple[str, ...], module: ModuleInstance) -> tuple[Expr, Scope] | None:
    """The expression that a local or variable has its value from."""
    if root == "local" and names and names[0] in module.source.locals:
        attribute, doc = module.source.locals[names[0]]
        return attribute.expr, module.scope(doc)
    decl = module.source.variables.get(names[0]) if root == "var" and names else None
    if decl is None:
        return None
    argument = module.call.attributes.get(names[0]) if module.call is not None else None
    if argument is not None and module.call_scope is not None:
        return argument[0].expr, module.call_scope.in_file(argument[1])
    default = decl.attributes.get("default")
    return (default[0].expr, module.scope(default[1])) if default is not None and names[0] not in module.given else None


def inputs(template: Expr) -> tuple[str, ...] | None:
    """The root names that ``template`` refers to; None where it calls a function that needs more than its arguments."""
    from iacguard.frontends.terraform.functions import lookup

    pending: list[object] = [template]
    names: dict[str, None] = {}
    while pending:
        node = pending.pop()
        if isinstance(node, Call):
            function = lookup(node.name)
            if function is None or function.context or function.handling != "evaluated":
                return None
        elif isinstance(node, (GetAttr, Index)):
            pending.append(node.base)
            if isinstance(node, Index):
                pending.append(node.key)
        elif isinstance(node, Variable):
            names[node.name] = None
        pending.extend(parts(node))
    return tuple(names)


def parts(node: object) -> list[object]:
    """The expressions that ``node`` is made of; those of a reference are left to :func:`references`."""
    if isinstance(node, Template):
        return [p for p in node.parts if not isinstance(p, str)]
    if isinstance(node, TemplateIf):
        return [node.condition, node.then, *([node.otherwise] if node.otherwise else [])]
    if isinstance(node, TemplateFor):
        return [node.collection, node.body]
    if isinstance(node, Splat):
        return [node.base, node.each]
    if isinstance(node, Call):
        return list(node.args)
    if isinstance(node, TupleExpr):
        return list(node.items)
    if isinstance(node, ObjectExpr):
        return [part for item in node.items for part in item]
    if isinstance(node, Unary):
        return [node.operand]
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, Conditional):
        return [node.condition, node.then, node.otherwise]
    if isinstance(node, ForExpr):
        inner = (node.collection, node.key_expr, node.value_expr, node.condition)
        return [part for part in inner if part is not None]
    return [node.inner] if isinstance(node, Paren) else []


def _variable(module: ModuleInstance, names: Names, walk: _Walk, depth: int) -> None:
    name, rest = str(names[0]), names[1:]
    decl = module.source.variables.get(name)
    if decl is None:
        return
    call = module.call
    argument = call.attributes.get(name) if call is not None and name not in CALL_META else None
    given = module.given.get(name)
    if argument is not None and module.call_scope is not None:
        attribute, doc = argument
        _station(attribute, module.call_scope.in_file(doc), rest, f'argument "{name}" of {module.address}', walk, depth)
    elif given is not None and given.attribute is not None and given.doc is not None:
        scope = module.scope(given.doc)
        _station(given.attribute, scope, rest, f'value of variable "{name}"', walk, depth)
    elif given is not None:
        source = "in the environment" if given.environment else "on the command line"
        walk.steps[Step(decl.span, f'variable "{name}", given {source}')] = None
    else:
        _default(module, decl, names, walk, depth)


def _station(attribute: Attribute, scope: Scope, rest: Names, note: str, walk: _Walk, depth: int) -> None:
    """The member ``rest`` of what is written at ``attribute``: where it comes from, then where it stands there."""
    _follow(attribute.expr, scope, walk, depth + 1, rest)
    _, _, _, span = _narrowed(attribute.expr, scope, rest)
    walk.steps[Step(span or first_line(scope.doc, attribute.start, attribute.end), note)] = None


def _default(module: ModuleInstance, decl: Decl, names: Names, walk: _Walk, depth: int) -> None:
    default = decl.attributes.get("default")
    if default is None:
        walk.steps[Step(decl.span, f'variable "{names[0]}" has no default')] = None
    else:
        attribute, doc = default
        _station(attribute, module.scope(doc), names[1:], f'default of variable "{names[0]}"', walk, depth)


def _local(module: ModuleInstance, names: Names, walk: _Walk, depth: int) -> None:
    found = module.source.locals.get(str(names[0]))
    if found is not None:
        attribute, doc = found
        _station(attribute, module.scope(doc), names[1:], f'local "{names[0]}"', walk, depth)


def _output(module: ModuleInstance, names: Names, walk: _Walk, depth: int) -> None:
    """The output of a called module; of one instance, where there are several."""
    if names[0] not in module.source.calls:
        return
    from iacguard.frontends.terraform.instances import members

    children: list[Opaque] = members(module.children(str(names[0])))
    for child in children:
        if not isinstance(child, ModuleInstance):
            continue
        # `module.m.out`, or with an index before the output's name.
        at = next((i for i, name in enumerate(names[1:3], 1) if name in child.source.outputs), 0)
        found = child.source.outputs[str(names[at])].attributes.get("value") if at else None
        if found is not None:
            attribute, doc = found
            note = f'output "{names[at]}" of {child.address}'
            _station(attribute, child.scope(doc), names[at + 1 :], note, walk, depth)
            return


def _bound(root: str, names: Names, scope: Scope, walk: _Walk, depth: int) -> None:
    """What ``for_each`` gives: of the block around it for ``each``, of a ``dynamic`` block for its iterator."""
    bound = scope.names[root]
    item = (_key(bound), *names[1:]) if names[:1] == ("value",) and isinstance(bound, dict) else ()
    outer = scope
    while isinstance(outer, RoundScope) and outer.iterator != root:
        outer = outer.outer
    if isinstance(outer, RoundScope):
        _follow(outer.for_each, outer.outer, walk, depth + 1, item)
        _, _, _, span = _narrowed(outer.for_each, outer.outer, item)
        where = span or first_line(outer.doc, outer.for_each.start, outer.for_each.end)
        walk.steps[Step(where, "for_each of the dynamic block")] = None
        return
    found = scope.owner.attributes.get("for_each") if root == "each" and scope.owner is not None else None
    if found is not None:
        attribute, doc = found
        _station(attribute, scope.module.scope(doc), item, "for_each of the block", walk, depth)  # type: ignore[attr-defined]


def _key(bound: Mapping[str, Value]) -> Key:
    key = bare(bound.get("key"))
    return key if type(key) in (str, int) else -1
