"""A Terraform file's bytes to its typed syntax: native, JSON, variable values, templates and lone expressions.

Nearly all of it is read straight from the text (``direct.py``). What is not surely right, or seldom written, is read
by way of tree-sitter's grammar (``lone.py`` and ``bodies.py``), which is loaded only then.
"""

from __future__ import annotations

from iacguard.findings import Problem
from iacguard.frontends.terraform import direct
from iacguard.frontends.terraform.grammar import ReadError
from iacguard.frontends.terraform.refusals import problem_of
from iacguard.frontends.terraform.syntax import Document, Expr, Literal, Template
from iacguard.source import SourceFile

Problems = tuple[Problem, ...]


def parse(file: SourceFile) -> tuple[Document | None, Problems]:
    """The syntax of a ``.tf``, ``.tofu`` or ``.tfvars`` file, or of one of these with ``.json``, by its name.

    Never raises. What cannot be read is left out by whole top-level blocks, each told in a Problem; the document
    is None only where nothing could be read.
    """
    if file.path.endswith(".json"):
        from iacguard.frontends.terraform.jsonsyntax import parse_json

        return parse_json(file)
    body = direct.read(file.data)
    return by_grammar(file) if body is None else (Document(file, body), ())


def by_grammar(file: SourceFile) -> tuple[Document | None, Problems]:
    """As :func:`parse`, for native syntax of any form."""
    from iacguard.frontends.terraform.bodies import Bodies, is_torn
    from iacguard.frontends.terraform.grammar import syntax_tree, without_exponents
    from iacguard.frontends.terraform.refusals import Refusals

    refusals = Refusals(file)
    root = syntax_tree(without_exponents(file.data))
    if root.has_error or is_torn(root, file.data):
        from iacguard.frontends.terraform.recover import recover

        root = recover(file, root, refusals)
    body = Bodies(file).document(root, refusals)
    return Document(file, body), refusals.problems()


def parse_template(file: SourceFile) -> tuple[Literal | Template | None, Problems]:
    """The template that is the whole text of ``file``, as ``templatefile`` and ``templatestring`` read it."""
    try:
        return read_template(file.data), ()
    except ReadError as error:
        return None, (problem_of(file, error),)


def parse_expression(file: SourceFile) -> tuple[Expr | None, Problems]:
    """The one expression that is the whole text of ``file``: a value given on the command line."""
    try:
        return read_expression(file.data), ()
    except ReadError as error:
        return None, (problem_of(file, error),)


def read_template(data: bytes) -> Literal | Template:
    """As :func:`parse_template`, over bytes. Raises ReadError."""
    found = direct.read_template(data)
    if found is not None:
        return found
    from iacguard.frontends.terraform import lone

    return lone.read_template(data)


def read_expression(data: bytes) -> Expr:
    """As :func:`parse_expression`, over bytes. Raises ReadError."""
    found = direct.read_expression(data)
    if found is not None:
        return found
    from iacguard.frontends.terraform import lone

    return lone.read_expression(data)
