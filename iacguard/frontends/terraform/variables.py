"""What is given to a root module: variable files, arguments of the command line, and their order.

The order is Terraform's ("Variable Definition Precedence"): the environment, ``terraform.tfvars``,
``terraform.tfvars.json``, ``*.auto.tfvars`` and ``*.auto.tfvars.json`` by name, then what the command line names, in
the order in which it does.
"""

from __future__ import annotations

from iacguard.findings import Problem
from iacguard.frontends.contract import Inputs
from iacguard.frontends.terraform.modules import Library
from iacguard.frontends.terraform.syntax import Attribute, Document
from iacguard.record import record


@record
class Given:
    """One value that is given to a root's variable: an attribute of a file, or a text.

    ``environment``: the text is from the environment, not from the command line.
    """

    attribute: Attribute | None = None
    doc: Document | None = None
    text: str = ""
    environment: bool = False


def given(library: Library, folder: str, inputs: Inputs) -> tuple[dict[str, Given], list[Problem]]:
    """The values for the variables of the root module in ``folder``, and what was wrong with their files."""
    values = {name: Given(text=text, environment=True) for name, text in inputs.environment.items()}
    problems: list[Problem] = []
    for name in _files(library.names(folder)):
        document, found = library.document(folder, name)
        problems += found
        _take(values, document)
    for count, file in enumerate(inputs.var_files):
        _take_texts(values, inputs, count)
        document, found = library.named(file)
        problems += found
        _take(values, document)
    _take_texts(values, inputs, len(inputs.var_files))
    return values, problems


def _take_texts(values: dict[str, Given], inputs: Inputs, count: int) -> None:
    """Take the variables of the command line that stand after ``count`` of its files."""
    for name, text in inputs.variables.items():
        if inputs.ranks.get(name, len(inputs.var_files)) == count:
            values[name] = Given(text=text)


def _files(names: list[str]) -> list[str]:
    first = [n for n in ("terraform.tfvars", "terraform.tfvars.json") if n in names]
    return first + sorted(n for n in names if n.endswith((".auto.tfvars", ".auto.tfvars.json")))


def _take(values: dict[str, Given], document: Document | None) -> None:
    if document is None:
        return
    for attribute in document.body.attributes:
        values[attribute.name] = Given(attribute, document)
