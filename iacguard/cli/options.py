"""Commands as data, and a parser that starts at once.

Importing typer and letting it prepare a command costs about 100 ms (0.29 brings pydantic along), as much as a whole
small scan. So a command's arguments and options stand in a table. From it :func:`parse` reads the plain command lines
that people and CI write, and :mod:`iacguard.cli.typed` makes the typer command that answers everything else: help,
mistakes, completion, rare spellings. A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from iacguard.record import record

Kind: TypeAlias = Literal["flag", "one", "many"]


@record
class Option:
    """``name`` is the keyword that the command's function takes; ``spellings`` has the long one first.

    A ``flag`` gives a bool, ``one`` a str, ``many`` a tuple of str in order. ``choices`` are in small letters; any
    case is taken. ``ordered``: the texts are :class:`Placed`, as their order among other options counts.
    """

    name: str
    spellings: tuple[str, ...]
    kind: Kind
    help: str
    metavar: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    ordered: bool = False


class Placed(str):
    """An option's text that knows the place of its word on the command line."""

    __slots__ = ("at",)

    def __new__(cls, text: str, at: int) -> Placed:
        made = super().__new__(cls, text)
        made.at = at
        return made

    at: int


@record
class Argument:
    """A command's positional argument: ``many`` gives a tuple of str, else a str. At most one a command."""

    name: str
    metavar: str
    help: str
    many: bool = False
    required: bool = True
    complete: Callable[[str], list[str]] | None = None


@record
class Command:
    """``run`` is called with every argument and option by name, and returns the exit status."""

    name: str
    run: Callable[..., int]
    summary: str
    help: str
    argument: Argument | None = None
    options: tuple[Option, ...] = ()


def parse(command: Command, words: Sequence[str]) -> dict[str, Any] | None:
    """The keywords for ``command.run``, or None for a command line that is not plain: typer has to look at it."""
    by_spelling = {spelling: option for option in command.options for spelling in option.spellings}
    values: dict[str, Any] = {o.name: _empty(o) for o in command.options}
    rest: list[str] = []
    pending = list(reversed(words))
    while pending:
        word = pending.pop()
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        spelling, equals, value = word.partition("=")
        option = by_spelling.get(spelling)
        if option is None or (equals and (option.kind == "flag" or not spelling.startswith("--"))):
            return None
        if option.kind == "flag":
            values[option.name] = True
            continue
        if not equals:
            if not pending or (pending[-1].startswith("-") and pending[-1] != "-"):
                return None
            value = pending.pop()
        if option.choices and value.lower() not in option.choices:
            return None
        value = value.lower() if option.choices else value
        value = Placed(value, len(words) - len(pending)) if option.ordered else value
        values[option.name] = (*values[option.name], value) if option.kind == "many" else value
    return _with_argument(command.argument, rest, values)


def placed(option: Option, values: Sequence[str], words: Sequence[str]) -> tuple[Placed, ...]:
    """The values of an ordered option, as another parser gives them, each with its place among ``words``."""
    places: list[int] = []
    for index, word in enumerate(words):
        spelling, equals, _ = word.partition("=")
        if spelling in option.spellings:
            places.append(index + (1 if equals else 2))
    if len(places) != len(values):  # a value that looks like an option: the order within the option is left
        places = list(range(len(values)))
    return tuple(Placed(value, at) for value, at in zip(values, places, strict=True))


def _empty(option: Option) -> Any:
    if option.kind == "flag":
        return False
    return () if option.kind == "many" else option.default


def _with_argument(argument: Argument | None, rest: list[str], values: dict[str, Any]) -> dict[str, Any] | None:
    if argument is None:
        return None if rest else values
    if (argument.required and not rest) or (not argument.many and len(rest) > 1):
        return None
    return {**values, argument.name: tuple(rest) if argument.many else rest[0] if rest else ""}


POLICY_DIRS = Option(
    "policy_dirs", ("--policy-dir",), "many", "More policies, beside the built-in ones; repeatable.", "DIR"
)
SELECT = Option(
    "select", ("--select",), "many", "Only these policies: ids, aliases or patterns such as aws-s3-*; repeatable.", "ID"
)
IGNORE = Option("ignore", ("--ignore",), "many", "Not these policies; like --select.", "ID")
SEVERITY = Option("severity", ("--severity",), "many", "Only policies of these severities: critical,high.", "SEVERITY")
VAR_FILES = Option(
    "var_files", ("--var-file",), "many", "Terraform variables from a file; repeatable.", "FILE", ordered=True
)
VARIABLES = Option(
    "variables",
    ("--var",),
    "many",
    "A Terraform variable; repeatable. Of --var and --var-file, the later one counts.",
    "NAME=VALUE",
    ordered=True,
)
ENV_VARS = Option("env_vars", ("--env-vars",), "flag", "Take Terraform variables from the environment (TF_VAR_name).")
UNKNOWN_DEFAULTS = Option(
    "unknown_defaults",
    ("--unknown-defaults",),
    "flag",
    "Count variables of root modules that only have a default as unknown.",
)
MODULES_DIR = Option(
    "modules_dir",
    ("--modules-dir",),
    "one",
    "Vendored modules: NAMESPACE/NAME/PROVIDER[/VERSION] of a registry, HOST/PATH[@REF] of git.",
    "DIR",
)
DOWNLOAD_MODULES = Option(
    "download_modules", ("--download-modules",), "flag", "Download modules from git repositories into the cache folder."
)
SCAN_MODULES = Option(
    "scan_modules", ("--scan-modules",), "flag", "Scan folders that are called as modules by themselves, too."
)
PLAN_ROOT = Option(
    "plan_root",
    ("--plan-root",),
    "one",
    "The code that scanned plans were made from: findings are placed in it.",
    "DIR",
)
PLAN_SCOPE = Option(
    "plan_scope",
    ("--plan-scope",),
    "one",
    "Judge all resources of a plan, or only those that it makes or changes.",
    default="all",
    choices=("all", "changed"),
)
PARAMETERS = Option(
    "parameters", ("--parameter",), "many", "A CloudFormation parameter; repeatable. Goes before files.", "NAME=VALUE"
)
PARAMETER_FILES = Option(
    "parameter_files",
    ("--parameter-file",),
    "many",
    "CloudFormation parameters from a JSON file, of the AWS CLI's or CodePipeline's form; repeatable.",
    "FILE",
)
HELM = Option("helm", ("--helm",), "flag", "Render Helm charts with the helm program and judge what comes out.")
HELM_VALUES = Option("helm_values", ("--helm-values",), "many", "Values for Helm charts; repeatable.", "FILE")
#: What decides how Kubernetes objects are made; for every command that reads them.
KUBERNETES = (HELM, HELM_VALUES)
#: What decides how CloudFormation templates are read; for every command that reads them.
CLOUDFORMATION = (PARAMETER_FILES, PARAMETERS)
#: What decides how Terraform code is read; for every command that reads it.
TERRAFORM = (
    VAR_FILES,
    VARIABLES,
    ENV_VARS,
    UNKNOWN_DEFAULTS,
    MODULES_DIR,
    DOWNLOAD_MODULES,
    SCAN_MODULES,
    PLAN_ROOT,
)
ALLOW_INCOMPLETE = Option(
    "allow_incomplete", ("--allow-incomplete",), "flag", "Accept that not everything could be read."
)
