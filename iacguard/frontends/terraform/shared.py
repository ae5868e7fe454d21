"""Locals that have the same value in every instance of their module: computed once for all of a stack.

A module that is called a hundred times often reads large files into its locals, whatever its arguments are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iacguard.frontends.terraform.syntax import Attribute, Document, ForExpr, GetAttr, TemplateFor, Variable

#: Parts of expressions that are looked at for one module; larger ones are computed for each instance.
_MAX_PARTS = 200_000
_NO_NAMES: frozenset[str] = frozenset()


class Shared:
    """Tells which locals of one module depend on nothing but files, functions and each other."""

    __slots__ = ("_known", "_left", "_locals")

    def __init__(self, declared: Mapping[str, tuple[Attribute, Document]]) -> None:
        self._locals = declared
        self._known: dict[str, bool] = {}
        self._left = _MAX_PARTS

    def __contains__(self, name: str) -> bool:
        found = self._known.get(name)
        if found is None:
            self._decide(name)
            found = self._known[name]
        return found

    def _decide(self, name: str) -> None:
        """Decide ``name`` and all locals that it leads to: they are shared together, or those that are not say why."""
        uses: dict[str, tuple[str, ...]] = {}
        pending = [name]
        while pending:
            local = pending.pop()
            if local not in uses and local not in self._known:
                found = self._locals_in(local)
                uses[local] = () if found is None else found
                if found is None:
                    self._known[local] = False
                pending.extend(uses[local])
        apart = [local for local in self._known if not self._known[local]]
        users: dict[str, list[str]] = {}
        for local, used in uses.items():
            for other in used:
                users.setdefault(other, []).append(local)
        while apart:
            for user in users.get(apart.pop(), ()):
                if self._known.get(user) is not False:
                    self._known[user] = False
                    apart.append(user)
        for local in uses:
            self._known.setdefault(local, True)

    def _locals_in(self, name: str) -> tuple[str, ...] | None:
        """The locals that the expression of a local uses; None where it depends on more than those."""
        if name not in self._locals:
            return None
        found: list[str] = []
        pending: list[tuple[Any, frozenset[str]]] = [(self._locals[name][0].expr, _NO_NAMES)]
        while pending:
            node, bound = pending.pop()
            self._left -= 1
            if self._left < 0:
                return None
            kind = type(node)
            if kind is GetAttr and type(node.base) is Variable and node.base.name == "local" and "local" not in bound:
                found.append(node.name)
            elif kind is Variable:
                if node.name not in bound and node.name != "path":
                    return None
            elif kind is ForExpr or kind is TemplateFor:
                pending.append((node.collection, bound))
                inner = bound | {node.item, *((node.key,) if node.key is not None else ())}
                rest = (node.key_expr, node.value_expr, node.condition) if kind is ForExpr else (node.body,)
                pending.extend((part, inner) for part in rest if part is not None)
            elif isinstance(node, tuple):
                pending.extend((part, bound) for part in node if isinstance(part, tuple))
        return tuple(dict.fromkeys(found))
