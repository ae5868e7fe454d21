"""CloudFormation's parameters from the command line and from files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iacguard.cli.status import CommandError

_FORMS = 'write [{"ParameterKey": ..., "ParameterValue": ...}] or {"Parameters": {...}}'
_MOST = 10_000_000


def settings(files: Sequence[str], values: Sequence[str]) -> dict[str, dict[str, str]]:
    """The options as fields of a ScanRequest: ``parameters``, and the files' ``file_parameters``. Raises CommandError.

    Of two files the later one counts.
    """
    from_files: dict[str, str] = {}
    for name in files:
        from_files.update(read(name))
    return {"parameters": parse(values), "file_parameters": from_files}


def parse(values: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` texts; the last of a name counts. Raises CommandError."""
    found: dict[str, str] = {}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise CommandError(f"--parameter {text!r} has no name and value", "write --parameter NAME=VALUE")
        found[name.strip()] = value
    return found


def read(name: str) -> dict[str, str]:
    """The parameters of one file: the JSON that ``aws cloudformation`` takes, or a CodePipeline configuration.

    Those with UsePreviousValue are not given. Raises CommandError.
    """
    try:
        path = Path(name)
        if path.stat().st_size > _MOST:
            raise CommandError(f"--parameter-file {name}: it is larger than {_MOST:,} bytes")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CommandError(f"--parameter-file {name}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--parameter-file {name}: it is no JSON: {error}", _FORMS) from None
    found = _pairs(data)
    if found is None:
        raise CommandError(f"--parameter-file {name}: it holds no parameters", _FORMS)
    return {key: text for key, value in found.items() if (text := _text(value)) is not None}


def _pairs(data: Any) -> dict[str, Any] | None:
    if isinstance(data, dict):
        inner = data.get("Parameters")
        if isinstance(inner, dict):
            return inner
        data = inner
    if not isinstance(data, list):
        return None
    found = {}
    for item in data:
        if not isinstance(item, dict) or not isinstance(item.get("ParameterKey"), str):
            return None
        if not item.get("UsePreviousValue"):
            found[item["ParameterKey"]] = item.get("ParameterValue")
    return found


def _text(value: Any) -> str | None:
    """A value as the text that a parameter is; a list is joined with commas."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(part for part in map(_text, value) if part is not None)
    return value if isinstance(value, str) else json.dumps(value)
