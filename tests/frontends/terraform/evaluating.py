"""Evaluates Terraform given as text: files in memory, and a workspace over them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from textwrap import dedent

from iacguard.frontends.contract import Inputs, Stack
from iacguard.frontends.terraform import load
from iacguard.model import Resource, Value
from iacguard.source import SourceFile


class MemoryWorkspace:
    """The files of a test, as the scan's base folder."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = {path: SourceFile(path, text.encode()) for path, text in files.items()}

    def read(self, path: str) -> SourceFile | None:
        return self.files.get(posixpath.normpath(path))

    def listing(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(posixpath.basename(p) for p in self.files if posixpath.dirname(p) == folder))

    def folders(self, folder: str) -> tuple[str, ...]:
        inside = f"{folder}/" if folder else ""
        below = (p.removeprefix(inside) for p in self.files if p.startswith(inside))
        return tuple(sorted({p.partition("/")[0] for p in below if "/" in p}))

    def exists(self, folder: str) -> bool:
        return any(posixpath.dirname(p) == folder or p.startswith(f"{folder}/") for p in self.files)


def stacks(
    files: Mapping[str, str], inputs: Inputs | None = None, scanned: tuple[str, ...] | None = None
) -> list[Stack]:
    """The stacks of ``files`` (dedented); ``scanned`` limits which of them are given to the front end."""
    workspace = MemoryWorkspace({path: dedent(text) for path, text in files.items()})
    given = [workspace.files[path] for path in sorted(workspace.files) if scanned is None or path in scanned]
    given = [file for file in given if file.path.endswith((".tf", ".tofu", ".tfvars", ".tf.json", ".tfvars.json"))]
    return list(load(given, workspace, inputs or Inputs()))


def only(files: Mapping[str, str] | str, inputs: Inputs | None = None) -> Stack:
    """The one stack of ``files``; a text stands for ``main.tf``."""
    found = stacks({"main.tf": files} if isinstance(files, str) else files, inputs)
    assert len(found) == 1, [s.name for s in found]
    return found[0]


def by_address(stack: Stack) -> dict[str, Resource]:
    """The stack's resources."""
    return {resource.address: resource for resource in stack.resources}


def value_of(expression: str, context: str = "") -> Value:
    """What ``expression`` is as the argument of a resource, with more of the file in ``context``."""
    stack = only(f'resource "test" "it" {{\n  value = {expression}\n}}\n{dedent(context)}')
    assert not [p for p in stack.problems if p.kind != "not-evaluated"], stack.problems
    return by_address(stack)["test.it"].attributes.get("value")


def problem_of(expression: str, context: str = "") -> str:
    """The message of the one problem that ``expression`` makes."""
    stack = only(f'resource "test" "it" {{\n  value = {expression}\n}}\n{dedent(context)}')
    assert len(stack.problems) == 1, stack.problems
    return stack.problems[0].message
