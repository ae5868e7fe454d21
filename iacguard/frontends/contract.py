"""What a front end takes and gives. A front end knows its language, and nothing of policies or reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from iacguard.findings import Problem
from iacguard.model import Edge, Format, Resource
from iacguard.source import SourceFile


@dataclass(frozen=True, slots=True)
class Stack:
    """What is deployed together: a Terraform root module, a template, or all manifests of the scan.

    ``name`` is unique within a scan: the root module's folder, the template's file, "" for manifests. Resources
    are native here (the file's own attribute names); ``normalise`` turns them into the common vocabulary.
    ``facts`` are what normalising needs beyond resources, e.g. ``{"provider:aws": "5"}``.
    """

    name: str
    format: Format
    resources: tuple[Resource, ...]
    edges: tuple[Edge, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user gives beside the files. ``variables`` are ``--var NAME=VALUE``, as written."""

    variables: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[SourceFile, ...] = ()
    #: Paths (relative to the base) of files that were found but are broken: (path -> problem already reported).
    unreadable: frozenset[str] = frozenset()


class Workspace(Protocol):
    """Reads other files for a front end (``file()``, a module's folder): never outside the base folder."""

    def read(self, path: str) -> SourceFile | None:
        """The file at ``path`` (relative to the base, ``..`` allowed inside it), or None: missing, outside, unreadable."""

    def listing(self, folder: str) -> tuple[str, ...]:
        """Names of the plain files in ``folder``, sorted; empty where there is no such folder inside the base."""

    def folders(self, folder: str) -> tuple[str, ...]:
        """Names of the folders in ``folder``, sorted; links to folders are left out."""

    def exists(self, folder: str) -> bool:
        """Whether ``folder`` is a folder inside the base."""


class Task(NamedTuple):
    """One stack still to be evaluated: its name, and the call that does it. Tasks may run in different processes."""

    name: str
    evaluate: Callable[[], Stack]


#: Prepares all files of one format: a task for each stack. Never raises for bad input: that is a Problem of its stack.
Frontend: TypeAlias = Callable[[Sequence[SourceFile], Workspace, Inputs], Iterable[Task]]
