"""The front ends, by format: the one place that knows which there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from iacguard import late
from iacguard.frontends.contract import Frontend, Inputs, Task, Workspace
from iacguard.model import Language
from iacguard.source import SourceFile

__all__ = ["FRONTENDS"]


def _terraform(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    from iacguard.frontends.terraform import prepare

    return prepare(files, workspace, inputs)


def _plan(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    from iacguard.frontends.plan import prepare

    return prepare(files, workspace, inputs)


def _cloudformation(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    _load_yaml()
    from iacguard.frontends.cloudformation import prepare

    return prepare(files, workspace, inputs)


def _kubernetes(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    _load_yaml()
    from iacguard.frontends.kubernetes import prepare

    return prepare(files, workspace, inputs)


def _load_yaml() -> None:
    """Import PyYAML without compiling the patterns of its reader in Python: they take 5 ms, and the one in C reads."""
    with late.everywhere():
        import_module("yaml")


#: Each is imported when it is first called: a scan of Terraform alone never pays for YAML.
FRONTENDS: Mapping[Language, Frontend] = MappingProxyType(
    {"terraform": _terraform, "plan": _plan, "cloudformation": _cloudformation, "kubernetes": _kubernetes}
)
