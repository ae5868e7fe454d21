"""Marks of sensitive values, found in the code: plain data has none.

``issensitive`` asks whether what an expression is made of was marked: by ``sensitive()``, or by a variable or output
that says ``sensitive = true``. What a provider marks is not known here.
"""

from __future__ import annotations

from iacguard.frontends.terraform.instances import ModuleInstance, members
from iacguard.frontends.terraform.modules import Decl
from iacguard.frontends.terraform.scope import Scope
from iacguard.frontends.terraform.syntax import Call, Conditional, Expr, GetAttr, Index, Literal, Paren, Variable
from iacguard.frontends.terraform.trails import parts, traversal

#: Locals, variables and outputs that are followed from one expression.
_MAX_STEPS = 100
_PLAIN_ROOTS = frozenset(["path", "terraform", "tofu"])


def is_marked(expr: Expr, scope: Scope) -> bool | None:
    """Whether the value of ``expr`` is marked as sensitive; None where that is not known."""
    return _Marks().of(expr, scope)


class _Marks:
    def __init__(self) -> None:
        self.left = _MAX_STEPS

    def of(self, expr: object, scope: Scope) -> bool | None:
        self.left -= 1
        if self.left < 0:
            return None
        if isinstance(expr, (Literal, str)):
            return False
        if isinstance(expr, Paren):
            return self.of(expr.inner, scope)
        if isinstance(expr, (Variable, GetAttr, Index)):
            return self._reference(expr, scope)
        if isinstance(expr, Call) and expr.name in ("sensitive", "nonsensitive", "issensitive"):
            return expr.name == "sensitive"
        if isinstance(expr, Conditional):
            return self._conditional(expr, scope)
        return _any([self.of(part, scope) for part in parts(expr)])

    def _conditional(self, expr: Conditional, scope: Scope) -> bool | None:
        branches = {self.of(expr.then, scope), self.of(expr.otherwise, scope)}
        return _any([self.of(expr.condition, scope), branches.pop() if len(branches) == 1 else None])

    def _reference(self, expr: Expr, scope: Scope) -> bool | None:
        root, names = traversal(expr)
        module = scope.module
        if root in _PLAIN_ROOTS:
            return False
        if root in scope.names or not names or not isinstance(module, ModuleInstance):
            return None
        if root == "local" and names[0] in module.source.locals:
            attribute, doc = module.source.locals[names[0]]
            return self.of(attribute.expr, module.scope(doc))
        if root == "var" and names[0] in module.source.variables:
            return self._variable(module, names[0], module.source.variables[names[0]])
        if root == "module" and names[0] in module.source.calls:
            return self._output(module, names)
        return None

    def _variable(self, module: ModuleInstance, name: str, decl: Decl) -> bool | None:
        if decl.flag("sensitive"):
            return True
        argument = module.call.attributes.get(name) if module.call is not None else None
        if argument is None or module.call_scope is None:
            return False  # a root's values are texts from outside, a default is a constant
        return self.of(argument[0].expr, module.call_scope.in_file(argument[1]))

    def _output(self, module: ModuleInstance, names: tuple[str, ...]) -> bool | None:
        for child in members(module.children(names[0])):
            decl = child.source.outputs.get(names[-1]) if isinstance(child, ModuleInstance) else None
            if decl is None or not isinstance(child, ModuleInstance):
                return None
            if decl.flag("sensitive"):
                return True
            value = decl.attributes.get("value")
            return None if value is None else self.of(value[0].expr, child.scope(value[1]))
        return None


def _any(marks: list[bool | None]) -> bool | None:
    return True if True in marks else None if None in marks else False
