"""Plans and states of Terraform and OpenTofu as ``terraform show -json`` writes them, each as one stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from iacguard.frontends.contract import Inputs, Task, Workspace
from iacguard.frontends.plan.stack import stack
from iacguard.source import SourceFile

__all__ = ["prepare"]


def prepare(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    """A task for each plan. Resources are Terraform's, with their addresses; the stack has the name of the file."""
    return [Task(file.path, partial(stack, file, workspace, inputs)) for file in files]
