"""The way of a value: from where it was first written, through modules and locals, to where it is used."""

from __future__ import annotations

from collections.abc import Iterator

from iacguard.frontends.terraform.instances import ModuleInstance
from iacguard.frontends.terraform.linking import CALL_META
from iacguard.frontends.terraform.modules import Decl
from iacguard.frontends.terraform.places import ExprPlace, core, member
from iacguard.frontends.terraform.scope import Scope, first_line
from iacguard.frontends.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Expr,
    ForExpr,
    GetAttr,
    Index,
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
from iacguard.frontends.terraform.values import Opaque
from iacguard.model import Step
from iacguard.record import field, record

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


def _follow(expr: Expr, scope: Scope, walk: _Walk, depth: int) -> None:
    if depth > _MAX_STEPS:
        return
    for root, names in references(expr):
        if walk.full:
            return
        if not isinstance(scope.module, ModuleInstance):
            return
        key = (id(scope.module), ".".join((root, *names)) + (str(id(scope)) if root in ("each", "count") else ""))
        if key in walk.seen:
            continue
        walk.seen.add(key)
        if root == "var" and names:
            _variable(scope.module, names[0], walk, depth)
        elif root == "local" and names:
            _local(scope.module, names[0], walk, depth)
        elif root == "module" and names:
            _output(scope.module, names, walk, depth)
        elif root == "each" and root in scope.names:
            _each(scope, walk, depth)


def references(expr: Expr) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The roots of all references in ``expr`` with the names that follow them, in the order of the text."""
    pending: list[object] = [expr]
    while pending:
        node = pending.pop()
        names: list[str] = []
        while isinstance(node, (GetAttr, Index)):
            if isinstance(node, GetAttr):
                names.append(node.name)
            else:
                pending.append(node.key)
            node = node.base
        if isinstance(node, Variable):
            yield node.name, tuple(reversed(names))
        else:
            pending.extend(reversed(parts(node)))


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


def _variable(module: ModuleInstance, name: str, walk: _Walk, depth: int) -> None:
    decl = module.source.variables.get(name)
    if decl is None:
        return
    call = module.call
    argument = call.attributes.get(name) if call is not None and name not in CALL_META else None
    given = module.given.get(name)
    if argument is not None and module.call_scope is not None:
        attribute, doc = argument
        _follow(attribute.expr, module.call_scope.in_file(doc), walk, depth + 1)
        note = f'argument "{name}" of {module.address}'
        walk.steps[Step(first_line(doc, attribute.start, attribute.end), note)] = None
    elif given is not None and given.attribute is not None and given.doc is not None:
        node = given.attribute
        walk.steps[Step(first_line(given.doc, node.start, node.end), f'value of variable "{name}"')] = None
    elif given is not None:
        source = "in the environment" if given.environment else "on the command line"
        walk.steps[Step(decl.span, f'variable "{name}", given {source}')] = None
    else:
        _default(decl, name, walk)


def _default(decl: Decl, name: str, walk: _Walk) -> None:
    default = decl.attributes.get("default")
    if default is None:
        walk.steps[Step(decl.span, f'variable "{name}" has no default')] = None
    else:
        attribute, doc = default
        walk.steps[Step(first_line(doc, attribute.start, attribute.end), f'default of variable "{name}"')] = None


def _local(module: ModuleInstance, name: str, walk: _Walk, depth: int) -> None:
    found = module.source.locals.get(name)
    if found is None:
        return
    attribute, doc = found
    _follow(attribute.expr, module.scope(doc), walk, depth + 1)
    walk.steps[Step(first_line(doc, attribute.start, attribute.end), f'local "{name}"')] = None


def _output(module: ModuleInstance, names: tuple[str, ...], walk: _Walk, depth: int) -> None:
    """The output of a called module; of one instance, where there are several."""
    if names[0] not in module.source.calls:
        return
    from iacguard.frontends.terraform.instances import members

    children: list[Opaque] = members(module.children(names[0]))
    wanted = names[-1]
    for child in children:
        if not isinstance(child, ModuleInstance) or wanted not in child.source.outputs:
            continue
        found = child.source.outputs[wanted].attributes.get("value")
        if found is not None:
            attribute, doc = found
            _follow(attribute.expr, child.scope(doc), walk, depth + 1)
            note = f'output "{wanted}" of {child.address}'
            walk.steps[Step(first_line(doc, attribute.start, attribute.end), note)] = None
        return


def _each(scope: Scope, walk: _Walk, depth: int) -> None:
    """``each`` comes from the ``for_each`` of the block around it."""
    decl = scope.owner
    found = decl.attributes.get("for_each") if decl is not None else None
    if found is None:
        return
    attribute, doc = found
    _follow(attribute.expr, scope.module.scope(doc), walk, depth + 1)  # type: ignore[attr-defined]
    walk.steps[Step(first_line(doc, attribute.start, attribute.end), "for_each of the block")] = None
