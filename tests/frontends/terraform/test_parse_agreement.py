"""The reader against python-hcl2, another author's: the same literals, names and structure from the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hcl2 import SerializationOptions

from iacguard.frontends.terraform.parse import parse
from iacguard.frontends.terraform.syntax import Body, Expr, Literal, ObjectExpr, TupleExpr, Unary
from iacguard.source import SourceFile

SAMPLES = sorted((Path(__file__).parent / "syntax").glob("*.tf"))

#: Stands for what is no literal: the two differ there in form, by design.
OTHER = "<expression>"


def ours(body: Body) -> dict[str, Any]:
    found: dict[str, Any] = {a.name: plain(a.expr) for a in body.attributes}
    for block in body.blocks:
        inner: Any = ours(block.body)
        for label in reversed(block.labels):
            inner = {label: inner}
        found.setdefault(block.type, []).append(inner)
    return found


def plain(expr: Expr) -> Any:
    if isinstance(expr, Literal):
        return expr.value
    if isinstance(expr, Unary) and isinstance(expr.operand, Literal):
        assert isinstance(expr.operand.value, int | float)
        return -expr.operand.value
    if isinstance(expr, TupleExpr):
        return [plain(item) for item in expr.items]
    if isinstance(expr, ObjectExpr):
        return {str(plain(key)): plain(value) for key, value in expr.items}
    return OTHER


def theirs(value: Any, mine: Any) -> Any:
    """``value`` in our form: their strings keep quotes and escapes, their expressions are texts."""
    if mine == OTHER:
        return OTHER
    if isinstance(value, dict) and isinstance(mine, dict):
        unquoted = {name.strip('"'): member for name, member in value.items() if not name.startswith("__")}
        return {name: theirs(member, mine.get(name)) for name, member in unquoted.items()}
    if isinstance(value, list) and isinstance(mine, list) and len(value) == len(mine):
        return [theirs(item, own) for item, own in zip(value, mine, strict=True)]
    if isinstance(value, str) and value.startswith('"<<'):
        return value.strip('"').split("\n", 1)[1].rsplit("\n", 1)[0] + "\n"
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value)
    if isinstance(value, str) and value in ("null", "${-1}", "${null}"):
        return None if "null" in value else -1
    return value


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_two_readers_agree(sample: Path) -> None:
    text = sample.read_bytes()
    found, problems = parse(SourceFile(sample.name, text))
    assert found is not None
    assert problems == ()
    mine = ours(found.body)
    assert len(mine) >= 3
    options = SerializationOptions(explicit_blocks=False, with_comments=False)
    assert theirs(hcl2.loads(text.decode(), serialization_options=options), mine) == mine
