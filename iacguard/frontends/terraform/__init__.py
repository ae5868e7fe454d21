"""Terraform and OpenTofu: from files to evaluated stacks, one for each root module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iacguard.findings import Problem
from iacguard.frontends.contract import Inputs, Stack, Workspace
from iacguard.model import Span
from iacguard.source import SourceFile

__all__ = ["load"]


def load(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterator[Stack]:
    """Every root module of ``files``, evaluated: one stack at a time.

    Never raises for bad input; what is wrong with it is among the stack's problems.
    """
    from iacguard.frontends.terraform.modules import Library
    from iacguard.frontends.terraform.roots import roots
    from iacguard.frontends.terraform.stack import stack

    library = Library(files, workspace, inputs.unreadable)
    for folder in roots(library):
        try:
            found = stack(library, folder, inputs)
        except Exception as error:  # a defect of ours must not cost the user the other stacks
            found = _internal(folder, error)
        yield found


def _internal(folder: str, error: Exception) -> Stack:
    where = Span(folder or ".", 1, 1, 1, 2)
    message = f"the module could not be evaluated: {type(error).__name__}: {error}"
    problem = Problem("internal", where, message, "this is a defect of iacguard; please report it with the folder")
    return Stack(folder or ".", "terraform", (), problems=(problem,))
