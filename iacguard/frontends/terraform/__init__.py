"""Terraform and OpenTofu: from files to evaluated stacks, one for each root module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from iacguard.findings import Problem
from iacguard.frontends.contract import Inputs, Stack, Task, Workspace
from iacguard.model import Span
from iacguard.source import SourceFile

if TYPE_CHECKING:
    from iacguard.frontends.terraform.modules import Library
    from iacguard.frontends.terraform.sources import Sources

__all__ = ["load", "prepare"]


def prepare(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Sequence[Task]:
    """A task for each root module of ``files``; they share the parsed modules."""
    from iacguard.frontends.terraform.modules import Library
    from iacguard.frontends.terraform.roots import roots

    library = Library(files, workspace, inputs.unreadable, module_sources(workspace, inputs))
    found = roots(library, also_called=inputs.scan_modules, vendored=inputs.modules_dir)
    return [Task(folder or ".", partial(_evaluated, library, folder, inputs)) for folder in found]


def module_sources(workspace: Workspace, inputs: Inputs) -> Sources | None:
    """Where the code of modules that are no paths is looked for; None for nowhere."""
    if inputs.modules_dir is None and inputs.download is None:
        return None
    from iacguard.frontends.terraform.sources import Sources

    return Sources(workspace, inputs.modules_dir, inputs.download)


def load(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterator[Stack]:
    """Every root module of ``files``, evaluated: one stack at a time.

    Never raises for bad input; what is wrong with it is among the stack's problems.
    """
    return (task.evaluate() for task in prepare(files, workspace, inputs))


def _evaluated(library: Library, folder: str, inputs: Inputs) -> Stack:
    from iacguard.frontends.terraform.stack import stack

    try:
        return stack(library, folder, inputs)
    except Exception as error:  # a defect of ours must not cost the user the other stacks
        return _internal(folder, error)


def _internal(folder: str, error: Exception) -> Stack:
    where = Span(folder or ".", 1, 1, 1, 2)
    message = f"the module could not be evaluated: {type(error).__name__}: {error}"
    problem = Problem("internal", where, message, "this is a defect of iacguard; please report it with the folder")
    return Stack(folder or ".", "terraform", (), problems=(problem,))
