"""Calls functions of the language as the evaluator does, over files that a test makes up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from iacguard.frontends.terraform.functions import FunctionError, lookup
from iacguard.model import Encoded, Span, Unknown, Value
from iacguard.source import SourceFile

SPAN = Span("main.tf", 3, 5, 3, 20)
#: What :func:`result` gives for a call that must fail.
FAILS = "<the call fails>"


class Files:
    """A workspace of named texts."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = dict(files or {})

    def read(self, path: str) -> SourceFile | None:
        data = self.files.get(path)
        return None if data is None or b"\x00" in data else SourceFile(path, data)

    def listing(self, folder: str) -> tuple[str, ...]:
        return tuple(sorted(name for parent, _, name in self._parts() if parent == folder))

    def folders(self, folder: str) -> tuple[str, ...]:
        start = f"{folder}/" if folder else ""
        below = (f"{parent}/" for parent, _, _ in self._parts() if parent)
        inner = {path[len(start) :].partition("/")[0] for path in below if path.startswith(start)}
        return tuple(sorted(inner - {""}))

    def exists(self, folder: str) -> bool:
        return folder == "" or any(f"{path}/".startswith(f"{folder}/") for path in self.files if path != folder)

    def _parts(self) -> list[tuple[str, str, str]]:
        return [path.rpartition("/") for path in self.files]


@dataclass(frozen=True)
class Context:
    """A context whose templates are rendered by putting each variable's text for ``<name>``."""

    span: Span
    workspace: Files
    module_folder: str
    root_folder: str

    def render(self, file: SourceFile, variables: dict[str, Value], span: Span) -> Value:
        text = file.text
        for name, value in variables.items():
            text = text.replace(f"<{name}>", str(value))
        return text


def context(files: Mapping[str, bytes] | None = None, root: str = "", module: str = "") -> Context:
    return Context(SPAN, Files(files), module, root)


def call(name: str, *args: Value, at: Context | None = None) -> Value:
    """The value of a call. Raises FunctionError where it must fail."""
    function = lookup(name)
    assert function is not None, name
    return function(list(args), at or context())


def result(name: str, *args: Value) -> Value:
    """The value of a call, an encoded one as its text; FAILS where it must fail."""
    try:
        found = call(name, *args)
    except FunctionError:
        return FAILS
    return found.text if isinstance(found, Encoded) else found


def as_json(value: Value) -> str:
    """A text that tells ``1``, ``1.0``, ``"1"`` and ``true`` apart."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def unknown(reason: str = "why", **rest: Value) -> Unknown:
    """An unknown variable."""
    return Unknown(reason, "variable", Span("variables.tf", 1, 1, 1, 9), **rest)
