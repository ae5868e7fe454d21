"""Functions whose modules are imported when one of them is first called: a scan uses few of all there are."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from iacguard.model import Value


class Waiting:
    """A function of a module that may not be imported yet."""

    __slots__ = ("_module", "_name")

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def load(self) -> Callable[..., Value]:
        """The function itself."""
        found: Callable[..., Value] = getattr(import_module(self._module), self._name)
        return found

    def __call__(self, *args: Value) -> Value:
        return self.load()(*args)


class Late:
    """Stands for a module of this package; its attributes are functions."""

    __slots__ = ("_module",)

    def __init__(self, name: str) -> None:
        self._module = f"{__package__}.{name}"

    def __getattr__(self, name: str) -> Waiting:
        return Waiting(self._module, name)
