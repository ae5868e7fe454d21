"""What is given to a root module: variable files, arguments of the command line, and their order.

The order is Terraform's ("Variable Definition Precedence"): ``terraform.tfvars``, ``terraform.tfvars.json``,
``*.auto.tfvars`` and ``*.auto.tfvars.json`` by name, then what the command line names.
"""

from __future__ import annotations

from dataclasses import dataclass

from iacguard.findings import Problem
from iacguard.frontends.contract import Inputs
from iacguard.frontends.terraform.modules import Library
from iacguard.frontends.terraform.syntax import Attribute, Document


@dataclass(frozen=True, slots=True)
class Given:
    """One value that is given to a root's variable: an attribute of a file, or a text of the command line."""

    attribute: Attribute | None = None
    doc: Document | None = None
    text: str = ""


def given(library: Library, folder: str, inputs: Inputs) -> tuple[dict[str, Given], list[Problem]]:
    """The values for the variables of the root module in ``folder``, and what was wrong with their files."""
    values: dict[str, Given] = {}
    problems: list[Problem] = []
    for name in _files(library.names(folder)):
        document, found = library.document(folder, name)
        problems += found
        _take(values, document)
    for file in inputs.var_files:
        document, found = library.named(file)
        problems += found
        _take(values, document)
    for name, text in inputs.variables.items():
        values[name] = Given(text=text)
    return values, problems


def _files(names: list[str]) -> list[str]:
    first = [n for n in ("terraform.tfvars", "terraform.tfvars.json") if n in names]
    return first + sorted(n for n in names if n.endswith((".auto.tfvars", ".auto.tfvars.json")))


def _take(values: dict[str, Given], document: Document | None) -> None:
    if document is None:
        return
    for attribute in document.body.attributes:
        values[attribute.name] = Given(attribute, document)
