"""Terraform and OpenTofu: from files to evaluated stacks, one for each root module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iacguard.frontends.contract import Inputs, Stack, Workspace
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
        yield stack(library, folder, inputs)
