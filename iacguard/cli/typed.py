"""The typer application made from the commands' tables: help, mistakes, completion and every legal spelling."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, StrEnum
from typing import Annotated, Any

import typer

from iacguard.cli.options import Argument, Command, Option, placed

_CONTEXT = "typer_context"
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def build(help_text: str, commands: Iterable[Command], groups: Mapping[str, tuple[str, str, list[Command]]]) -> Any:
    """The root command. ``groups``: name to summary, help and commands."""
    app = typer.Typer(
        name="iacguard",
        help=help_text,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_SETTINGS,
    )
    app.callback(invoke_without_command=True)(_root)
    for command in commands:
        _add(app, command)
    for name, (summary, group_help, members) in groups.items():
        group = typer.Typer(help=group_help, rich_markup_mode=None)
        group.callback(invoke_without_command=True)(_group)
        for command in members:
            _add(group, command)
        app.add_typer(group, name=name, short_help=summary)
    return typer.main.get_command(app)


def _root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", "-V", help="Show the version and exit."),
) -> None:
    if version:
        from iacguard import __version__

        print(f"iacguard {__version__}")
        raise typer.Exit(0)
    _group(context)


def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def _add(app: typer.Typer, command: Command) -> None:
    app.command(command.name, help=command.help, short_help=command.summary)(_function(command))


def _function(command: Command) -> Callable[..., int]:
    """A function with the signature that typer reads the command's parameters from."""

    def call(**values: Any) -> int:
        # The command line, which iacguard.cli.app hands over as the context's object.
        words = values.pop(_CONTEXT).find_root().obj or []
        plain = {name: _plain(value) for name, value in values.items()}
        for option in command.options:
            if option.ordered and plain[option.name]:
                plain[option.name] = placed(option, plain[option.name], words)
        return command.run(**plain)

    parameters = [_option(option) for option in command.options]
    if command.argument is not None:
        parameters.insert(0, _argument(command.argument))
    parameters.append(inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
    call.__name__ = command.name
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def _plain(value: Any) -> Any:
    """typer's value as :func:`iacguard.cli.options.parse` gives it."""
    if isinstance(value, Enum):
        return value.value
    return tuple(value) if isinstance(value, list) else value


def _option(option: Option) -> inspect.Parameter:
    kind: Any = bool
    default: Any = False
    if option.kind == "many":
        kind, default = list[str], []
    elif option.choices:
        kind = _choices(option)
        default = kind(option.default)
    elif option.kind == "one":
        kind, default = str, option.default
    info = typer.Option(
        *option.spellings,
        help=option.help,
        metavar=option.metavar or None,
        case_sensitive=False,
        show_default=bool(option.default),
    )
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )


def _choices(option: Option) -> Any:
    """An enumeration: the only form of choices that every supported version of typer takes."""
    make: Any = StrEnum
    return make(option.name, [(choice.upper(), choice) for choice in option.choices])


def _argument(argument: Argument) -> inspect.Parameter:
    kind: Any = list[str] if argument.many else str
    default: Any = inspect.Parameter.empty if argument.required else [] if argument.many else ""
    info = typer.Argument(
        metavar=argument.metavar, help=argument.help, autocompletion=argument.complete, show_default=False
    )
    return inspect.Parameter(
        argument.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info]
    )
