"""What a front end takes and gives. A front end knows its language, and nothing of policies or reports."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

from iacguard.findings import Problem, Suppression
from iacguard.model import Edge, Format, Resource, Value
from iacguard.record import field, record
from iacguard.source import SourceFile


@record
class Stack:
    """What is deployed together: a Terraform root module, a template, or all manifests of the scan.

    ``name`` is unique within a scan: the root module's folder, the template's file, "" for manifests. Resources
    are native here (the file's own attribute names); ``normalise`` turns them into the common vocabulary.
    ``facts`` are what normalising needs beyond resources, e.g. ``{"provider:aws": "5"}``; ``plan`` is among them
    where Terraform has made the resources. ``suppressions`` are what the code itself says is accepted.
    ``alternatives``: what the stack becomes where its deployer chooses otherwise.
    """

    name: str
    format: Format
    resources: tuple[Resource, ...]
    edges: tuple[Edge, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    #: Addresses of the resources whose findings count, with their parents'; None where all do.
    judged: frozenset[str] | None = None
    suppressions: tuple[Suppression, ...] = ()
    alternatives: Alternatives | None = None


class World(Protocol):
    """A stack where some of what its deployer decides is decided, and all else left open."""

    @property
    def stack(self) -> Stack:
        """The stack as it is then; evaluated when first asked for. Its problems are not of interest."""

    def default(self, address: str) -> bool:
        """Whether all that is decided is what counts when nothing is given, and the resource may exist then."""

    @property
    def uncertain(self) -> Mapping[str, str]:
        """The resources that may still exist or not: address -> why that is not known."""

    @property
    def features(self) -> Mapping[str, str]:
        """What holds in it, for people: ``{'condition "IsProd"': "true", 'parameter "Env"': '"dev"'}``."""

    def hangs(self, reason: str) -> bool:
        """Whether an unknown of this reason hangs on what can be told apart: :meth:`split` gives something."""

    def split(
        self, reason: str, only: frozenset[str] | None = None, alike: Callable[[Value], Hashable] | None = None
    ) -> tuple[World, ...]:
        """The worlds that this one falls into by what an unknown of this reason hangs on; () where by nothing.

        Where ``only`` is given, they are of no more than the resources there. ``alike`` guesses which of many values
        come to the same: those for which it returns the same are then in one world.
        """


class Alternatives(Protocol):
    """How a stack may turn out. ``Stack`` itself is evaluated with what counts when nothing is given."""

    @property
    def touched(self) -> Mapping[str, str]:
        """Address -> the condition that it exists under ("" for none) of each resource that may turn out otherwise."""

    def open(self) -> World:
        """The world in which nothing is decided."""


class Fetched(NamedTuple):
    """A repository that was asked for: the ``folder`` of its files, as the workspace knows it, or why there is none."""

    folder: str = ""
    error: str = ""


#: Brings a git repository (its URL) at a ref ("" for its main branch). Never raises.
Download: TypeAlias = Callable[[str, str], Fetched]


class Rendered(NamedTuple):
    """The objects of a Helm chart as text, or why there are none."""

    output: str = ""
    error: str = ""


#: Renders the Helm chart in a folder (an absolute path). Never raises.
Render: TypeAlias = Callable[[str], Rendered]


@record
class Inputs:
    """What the user gives beside the files. ``variables`` are ``--var NAME=VALUE``, as written.

    ``parameters`` are those of CloudFormation, as texts.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[SourceFile, ...] = ()
    #: Paths (relative to the base) of files that were found but are broken: (path -> problem already reported).
    unreadable: frozenset[str] = frozenset()
    #: The folder (relative to the base) of the code that plans were made from; None where it is not at hand.
    plan_root: str | None = None
    plan_scope: Literal["all", "changed"] = "all"
    #: Values of Terraform variables from the environment (``TF_VAR_``), by the variable's name.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: How many of ``var_files`` stand before a variable on the command line; all of them where it is not named.
    ranks: Mapping[str, int] = field(default_factory=dict)
    #: Where vendored modules lie, as the workspace knows it; None for nowhere.
    modules_dir: str | None = None
    #: Brings the git repositories of modules; None where nothing may be downloaded.
    download: Download | None = None
    #: Whether a folder that is called as a module is a root of its own, too.
    scan_modules: bool = False
    #: Whether a root's variables that have a default count as unknown.
    unknown_defaults: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: Renders Helm charts; None where no program may be run.
    render: Render | None = None


class Workspace(Protocol):
    """Reads other files for a front end (``file()``, a module's folder): never outside the base folder."""

    def read(self, path: str) -> SourceFile | None:
        """The file at ``path`` (relative to the base, ``..`` allowed in it); None if missing, outside or unreadable."""

    def listing(self, folder: str) -> tuple[str, ...]:
        """Names of the plain files in ``folder``, sorted; empty where there is no such folder inside the base."""

    def folders(self, folder: str) -> tuple[str, ...]:
        """Names of the folders in ``folder``, sorted; links to folders are left out."""

    def exists(self, folder: str) -> bool:
        """Whether ``folder`` is a folder inside the base."""


class Task(NamedTuple):
    """One stack still to be evaluated: its name, and the call that does it. Tasks may run in different processes.

    ``divisible``: deciding its resources costs far more than evaluating them, so that several processes may each
    evaluate it and decide a part.
    """

    name: str
    evaluate: Callable[[], Stack]
    divisible: bool = False


#: Prepares all files of one format: a task for each stack. Never raises for bad input: that is a Problem of its stack.
Frontend: TypeAlias = Callable[[Sequence[SourceFile], Workspace, Inputs], Iterable[Task]]
