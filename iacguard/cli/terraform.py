"""The options that decide how Terraform code is read, as settings of a scan."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from iacguard.cli.status import CommandError

_PREFIX = "TF_VAR_"


def settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the options in ``iacguard.cli.options``' three groups on code, as fields of a ScanRequest.

    Raises CommandError for a variable without name and value, and a parameter file that cannot be read.
    """
    from iacguard.cli.caching import cache_dir

    fields = dict(given)
    fields.update(_helm(fields.pop("helm"), fields["helm_values"]))
    files, parameters = fields.pop("parameter_files"), fields.pop("parameters")
    if files or parameters:
        from iacguard.cli.parameters import settings as of_parameters

        fields.update(of_parameters(files, parameters))
    variables, var_files = fields["variables"], fields["var_files"]
    fields["variables"] = parse_variables(variables)
    fields["ranks"] = ranks(variables, var_files)
    fields["environment"] = _environment() if fields.pop("env_vars") else {}
    fields["cache_dir"] = cache_dir()
    return fields


def _helm(wanted: bool, values: Sequence[str]) -> dict[str, Any]:
    """The helm program's path, "" where it is not to be run; absolute paths of its values."""
    if values and not wanted:
        raise CommandError("--helm-values is for charts that helm renders", "give --helm, too")
    for file in values:
        if not os.path.isfile(file):
            raise CommandError(f"--helm-values {file}: there is no such file")
    program = ""
    if wanted:
        from shutil import which

        program = os.path.abspath(which("helm") or "")
        if not os.path.isfile(program):
            raise CommandError("--helm needs the program helm", "install it from https://helm.sh, or leave --helm out")
    return {"helm": program, "helm_values": tuple(os.path.abspath(file) for file in values)}


def parse_variables(values: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` texts; the last of a name counts, as in Terraform. Raises CommandError."""
    variables: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise CommandError(f"--var {text!r} has no name and value", "write --var NAME=VALUE")
        variables[name.strip()] = value
    return variables


def ranks(variables: Sequence[str], var_files: Sequence[str]) -> dict[str, int]:
    """How many of the files stand before each variable (before its last value), where their places are known."""
    found: dict[str, int] = {}
    for text in variables:
        at = getattr(text, "at", None)
        if at is not None:
            name = text.partition("=")[0].strip()
            found[name] = sum(getattr(file, "at", 0) < at for file in var_files)
    return found


def _environment() -> dict[str, str]:
    return {name.removeprefix(_PREFIX): value for name, value in sorted(os.environ.items()) if name.startswith(_PREFIX)}
