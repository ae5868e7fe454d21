"""What the root names of references mean: ``var``, ``local``, ``module``, ``data``, ``path``, resource types."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from iacguard.frontends.terraform.scope import Scope
from iacguard.frontends.terraform.syntax import Node, Variable
from iacguard.frontends.terraform.values import EvalError
from iacguard.model import Unknown, Value

_MODES = {"data": "data", "ephemeral": "ephemeral", "resource": "managed", "action": "action"}


class Namespace(NamedTuple):
    """A name that is no value by itself. ``mode`` is set where a resource's name must follow ``name``, its type."""

    name: str
    mode: str = ""

    def get(self, key: str, node: Node, scope: Scope, inner: bool) -> Value:
        """What ``self.key`` is: a value or, where more names may follow (``inner``), another namespace."""
        if self.mode:
            return scope.module.resource(self.mode, self.name, key, node, scope)
        name = self.name
        if name == "var":
            return scope.module.variable(key, node, scope)
        if name == "local":
            return scope.module.local(key, node, scope)
        if name == "module":
            return scope.module.called(key, node, scope)
        if name == "path":
            return _path(key, scope)
        if name in ("terraform", "tofu"):
            return _terraform(key)
        if name in _MODES:
            if not inner:
                raise EvalError(f'a reference to "{name}.{key}" lacks the name', "reference")
            return Namespace(key, _MODES[name])
        if name == "self":
            return Unknown("self is known only when applied", "computed")
        if name in ("each", "count"):
            meta = "for_each" if name == "each" else "count"
            raise EvalError(f"{name}.{key} needs {meta} in the block around it", "reference")
        return scope.module.resource("managed", name, key, node, scope)


def variable(node: Variable, scope: Scope) -> Value:
    """A name that stands alone: one that is bound around it."""
    names = scope.names
    if node.name in names:
        return names[node.name]
    if node.name == "self":
        return Unknown("self is known only when applied", "computed")
    raise EvalError(f'"{node.name}" alone names nothing here; a reference needs an attribute', "reference")


def _path(key: str, scope: Scope) -> Value:
    root = scope.run.root_folder
    if key == "module":
        return posixpath.relpath(scope.module.folder or ".", root or ".")
    if key == "root":
        return "."
    if key == "cwd":
        # The working folder is taken to be the root module's, as it is unless terraform is called with -chdir.
        from iacguard.frontends.terraform.functions.filesystem import absolute

        return absolute(root)
    raise EvalError(f"there is no path.{key}", "reference")


def _terraform(key: str) -> Value:
    if key == "workspace":
        return "default"
    if key == "applying":
        return Unknown("terraform.applying is known only when applied", "computed")
    raise EvalError(f"there is no terraform.{key}", "reference")
