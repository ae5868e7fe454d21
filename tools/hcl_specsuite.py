"""Run HCL's specification suite (https://github.com/hashicorp/hcl, ``specsuite``) on our parser and evaluator.

    python tools/hcl_specsuite.py DIR

DIR is a checkout of that repository, or its ``specsuite/tests`` folder. Each test has three files: the code
(``.hcl``), what is expected (``.t``: a result, or where errors stand) and how the code becomes a result
(``.hcldec``), of which we decode what the suite uses: object, attr, block, block_map, block_list, literal and
variables. Not run: types of results, traversals that code contains, and errors that only a schema can find.

An error counts as found where ours stands at the same place; as found elsewhere where the file is refused, but our
message points to another place or several errors of one block are told as one. Exit status 1 where a test fails.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from iacguard.findings import Problem
from iacguard.frontends.terraform.evaluate import evaluate
from iacguard.frontends.terraform.modules import Library
from iacguard.frontends.terraform.parse import parse
from iacguard.frontends.terraform.scope import Run, Scope
from iacguard.frontends.terraform.syntax import Body, Document, Expr
from iacguard.source import SourceFile
from iacguard.workspace import DiskWorkspace

#: Numbers are floats here, and of any precision in HCL.
_PRECISION = 1e-12


class Decoder:
    """Makes a body's result by a decoder specification."""

    def __init__(self, folder: Path, doc: Document, spec: Document) -> None:
        workspace = DiskWorkspace(str(folder))
        run = Run(evaluate, workspace, Library((), workspace, frozenset()), "", {})
        self.names: dict[str, Any] = {}
        self.plain = Scope(run, None, spec, {})  # type: ignore[arg-type]
        for block in spec.body.of_type("variables"):
            self.names = {a.name: evaluate(a.expr, self.plain) for a in block.body.attributes}
        self.scope = Scope(run, None, doc, self.names)  # type: ignore[arg-type]
        self.body = doc.body
        self.root = next(block for block in spec.body.blocks if block.type != "variables")

    def result(self) -> Any:
        return self._decoded(self.root, self.body)

    def _decoded(self, spec: Any, body: Body) -> Any:
        inner = spec.body
        if spec.type == "literal":
            return self._plain(inner.attribute("value").expr)
        if spec.type == "object":
            return {block.labels[0]: self._decoded(block, body) for block in inner.blocks}
        name = spec.labels[0] if spec.labels else self._plain(inner.attribute("block_type").expr)
        if spec.type == "attr":
            found = body.attribute(name)
            return None if found is None else evaluate(found.expr, self.scope)
        blocks = body.of_type(name)
        nested = next(b for b in inner.blocks)
        if spec.type == "block_map":
            return {block.labels[0]: self._decoded(nested, block.body) for block in blocks}
        if spec.type == "block_list":
            return [self._decoded(nested, block.body) for block in blocks]
        assert spec.type == "block", spec.type
        return self._decoded(nested, blocks[0].body) if blocks else None

    def _plain(self, expr: Expr) -> Any:
        return evaluate(expr, self.plain)


def same(left: Any, right: Any) -> bool:
    """Whether two results are equal, numbers up to their precision."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    if numbers:
        return bool(abs(left - right) <= _PRECISION * max(1, abs(left)))
    return type(left) is type(right) and bool(left == right)


def read(path: Path) -> tuple[Document, tuple[Problem, ...]]:
    doc, problems = parse(SourceFile(path.name, path.read_bytes()))
    assert doc is not None, path
    return doc, problems


def expected_errors(spec: Document) -> list[tuple[int, int]]:
    """Line and column of the errors that a test names."""
    errors = [e for d in spec.body.of_type("diagnostics") for e in d.body.of_type("error")]
    starts = [e.body.of_type("from")[0].body for e in errors]
    return [tuple(b.attribute(name).expr.value for name in ("line", "column")) for b in starts]  # type: ignore[union-attr,misc]


def verdict(test: Path) -> str:
    """What came out: "pass", "pass, error elsewhere ...", "not run: ..." or "FAIL: ..."."""
    expected, problems = read(test)
    assert not problems, problems
    doc, problems = read(test.with_suffix(".hcl"))
    errors = expected_errors(expected)
    if errors:
        found = [(p.span.line, p.span.column) for p in problems]
        if not found:
            decoded_only = test.stem == "unexpected"
            return "not run: only a schema can find its error" if decoded_only else f"FAIL: {errors} not found"
        hit = sum(e in found for e in errors)
        return (
            "pass" if hit == len(errors) else f"pass, {hit} of {len(errors)} errors at the place: {found} for {errors}"
        )
    if problems:
        return f"FAIL: {problems[0].message}"
    spec, problems = read(test.with_suffix(".hcldec"))
    assert not problems, problems
    decoder = Decoder(test.parent, doc, spec)
    result = decoder.result()
    wanted = expected.body.attribute("result")
    if wanted is None:
        return "pass" if result == {} else f"FAIL: {result!r}"
    value = evaluate(wanted.expr, decoder.plain)
    return "pass" if same(result, value) else f"FAIL: {result!r}, must be {value!r}"


def main(folder: Path) -> int:
    inner = folder / "specsuite" / "tests"
    tests = sorted((inner if inner.is_dir() else folder).rglob("*.t"))
    verdicts = {test: verdict(test) for test in tests}
    for test, text in verdicts.items():
        print(f"{test.relative_to(folder)}: {text}")
    passed = sum(text.startswith("pass") for text in verdicts.values())
    failed = sum(text.startswith("FAIL") for text in verdicts.values())
    print(f"{passed} of {len(tests)} tests pass, {failed} fail, {len(tests) - passed - failed} not run")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
