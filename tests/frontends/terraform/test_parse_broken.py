"""What Terraform refuses: told at the exact place, and costing no more than its own top-level block."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.findings import Problem
from iacguard.frontends.terraform import opinion
from iacguard.frontends.terraform.opinion import Verdict, ask
from iacguard.frontends.terraform.parse import parse, parse_expression, parse_template
from iacguard.frontends.terraform.syntax import Attribute, Block, Document
from iacguard.source import SourceFile


def read(text: str | bytes, path: str = "main.tf") -> tuple[Document | None, tuple[Problem, ...]]:
    return parse(SourceFile(path, text.encode() if isinstance(text, str) else text))


AROUND = ('before "x" {\n  a = 1\n}\n\n', '\nvariable "y" {\n  b = 2\n}\n')

# The broken text stands from line 5 on, between two whole blocks.
BROKEN: list[tuple[str, tuple[int, int], str]] = [
    ("a = 0x1F\n", (5, 5), "0x1F is not a number"),
    ("a {\n  b = 1\n  c = 2\n  b = 3\n}\n", (8, 3), 'the argument "b" is already set on line 6'),
    ("a {\n  b = 1 c = 2\n}\n", (6, 8), 'a new line is missing after the argument "b"'),
    ("a { b = 1, c = 2 }\n", (5, 10), "unexpected `,` after `1`"),
    ("a { b = 1 \n}\n", (5, 11), "a block that begins on its header's line ends there too"),
    ("a { b = 1\n  c = 2 }\n", (5, 10), "a block that begins on its header's line ends there too"),
    ("a { b {} }\n", (5, 5), "a block on one line holds one argument and nothing else"),
    ("a {\n  b = 1 }\n", (6, 8), "a new line is missing"),
    ('a "b"\n{\n}\n', (6, 1), "a block's `{` stands on the line of its header"),
    ('a "${b}" {\n}\n', (5, 3), "a block's label is plain text"),
    ("a = { b = 1 c = 2 }\n", (5, 13), "a comma or a new line is missing"),
    ('a = "x\\qy"\n', (5, 7), "\\q is not an escape sequence"),
    ('a = "\\uD800"\n', (5, 6), "\\uD800 is not an escape sequence"),
    ("a = 1 +\n  2\n", (5, 8), "the line ends in the middle of an expression"),
    ("a = {\n  b = c\n    .d\n}\n", (6, 8), "the line ends in the middle of an expression"),
    ("a = \n", (5, 4), "expected a value after `=`"),
    ("a = 'x'\n", (5, 5), "strings are written in double quotes"),
    ("a = [1 2]\n", (5, 8), "unexpected `2` after `1`"),
    ("a = [1, 2)\n", (5, 10), "expected `]` for the `[` of line 5, found `)`"),
    ('a = "x\n', (5, 5), 'a `"` is never closed on its line'),
    ('a = "${x"\n', (5, 9), 'a `"` is never closed on its line'),
    ("}\n", (5, 1), "a `}` closes nothing"),
    ("<<<<<<< HEAD\n", (5, 1), "a merge conflict stands in the file"),
    ("a = \x01\n", (5, 5), "unexpected `U+0001`"),
    ("%{ if }\n", (5, 1), "unexpected `%`"),
    ("a = <<EOT\n${x\nEOT\n", (6, 1), "a `${` opened on line 6 is never closed"),
    ("a = <<-EOT\n  %{ if x }\n  EOT\n", (5, 1), ""),
    ("a = 1e99999\n", (5, 5), "more digits than can be read"),
    ("a = " + "9" * 2000 + "\n", (5, 5), "more digits than can be read"),
]


@pytest.mark.parametrize(("text", "place", "message"), BROKEN, ids=[text[:20] for text, _, _ in BROKEN])
def test_one_broken_item_is_told_and_the_others_are_kept(text: str, place: tuple[int, int], message: str) -> None:
    found, problems = read(AROUND[0] + text + AROUND[1])
    assert found is not None
    assert [b.type for b in found.body.blocks] == ["before", "variable"]
    assert found.body.attributes == ()
    (problem,) = problems
    assert message in problem.message
    assert (problem.span.line, problem.span.column) == place
    assert problem.span.end_line == problem.span.line
    assert "not scanned" in problem.hint
    assert not problem.notice


UNCLOSED: list[tuple[str, int, str]] = [
    ('resource "a" "b" {\n  c = 1\n\n', 5, "a `{` opened on line 5 is never closed"),
    ('resource "a" "b" {\n  c = {\n    d = 1\n}\n\n', 6, "a `{` opened on line 6 is never closed"),
    ('resource "a" "b" {\n  c = [\n    1\n}\n', 8, "expected `]` for the `[` of line 6, found `}`"),
    ('resource "a" "b" {\n  c = f(\n', 6, "a `(` opened on line 6 is never closed"),
    ('resource "a" "b" {\n  c = <<EOT\n  x\n}\n', 6, "the heredoc EOT is never closed"),
]


@pytest.mark.parametrize(("text", "line", "message"), UNCLOSED)
def test_what_is_never_closed_does_not_swallow_the_blocks_after_it(text: str, line: int, message: str) -> None:
    after = '# about it\nresource "c" "d" {\n  e = 1\n}\n'
    found, problems = read(AROUND[0] + text + after)
    assert found is not None
    assert [b.labels for b in found.body.blocks] == [("x",), ("c", "d")]
    assert [(p.span.line, p.message) for p in problems] == [(line, message)]
    assert problems[0].kind == "syntax"


def test_every_broken_block_is_told() -> None:
    found, problems = read("a = 'x'\nb = 1\nc = [1 2]\nd = 2\ne = \nf = 3\ng = ]\n")
    assert found is not None
    assert [a.name for a in found.body.attributes] == ["b", "d", "f"]
    assert [p.span.line for p in problems] == [1, 3, 5, 7]


def test_many_broken_parts_are_told_as_a_number() -> None:
    found, problems = read("a = 'x'\n" * 20_000 + "b = 1\n")
    assert found is not None
    assert [a.name for a in found.body.attributes] == ["b"]
    assert len(problems) == 101
    assert problems[-1].message == "19900 more parts of this file cannot be read"


def test_a_comment_that_is_never_closed() -> None:
    found, problems = read("a = 1\n/* x\nb = 2\n")
    assert found is not None
    assert [a.name for a in found.body.attributes] == ["a"]
    assert [(p.span.line, p.message) for p in problems] == [(2, "a comment opened with /* is never closed")]


def test_a_bare_value_is_no_file() -> None:
    found, problems = read("{ a = 1 }\n")
    assert found is not None
    assert not found.body.attributes
    assert not found.body.blocks
    assert [p.message for p in problems] == ["a file holds blocks and arguments, not a bare value"]


def test_noise_is_a_problem_and_fast() -> None:
    for noise in (b"\x00" * 100_000, b"\xff\xfe\x00" * 50_000, b"${" * 100_000, b'"' * 100_001, b"{[(" * 50_000):
        started = time.perf_counter()
        _, problems = read(b"a = 1\n" + noise)
        assert problems
        assert time.perf_counter() - started < 20


def test_opinion_rejects_accepts_and_keeps_its_time() -> None:
    assert ask("a = 1\n") == Verdict(True)
    verdict = ask("a = 1\nb = [1 2]\n")
    assert (verdict.accepted, verdict.line, verdict.column, verdict.found) == (False, 2, 8, "2")
    assert ask("x" * (opinion.MAX_BYTES + 1)) == Verdict(None)


def test_opinion_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []

    def endless(text: str) -> Verdict:
        try:
            while True:
                time.sleep(0.001)
        finally:
            stopped.append(text)

    monkeypatch.setattr(opinion, "_judge", endless)
    started = time.perf_counter()
    assert ask("a = 1", seconds=0.2) == Verdict(None)
    assert time.perf_counter() - started < 5
    assert stopped == ["a = 1"]


def test_what_only_the_other_parser_reads_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iacguard.frontends.terraform.recover.ask", lambda text: Verdict(True))
    found, problems = read("a = 1\nb = [1 2]\n")
    assert found is not None
    assert [a.name for a in found.body.attributes] == ["a"]
    assert "iacguard cannot read" in problems[0].message


SAMPLE = b"""resource "a" "b" {
  c = "x ${d.e[0]} %{ if f ~} g %{ endif }"
  h = [for i in j : i if k]
  l = <<-EOT
    m ${n}
  EOT
  o = { p = 1, "q" : -2.5e3 }
}
/* r */ s = t ? u : v.*.w # x
"""
FRAGMENTS = [
    "{",
    "}",
    '"',
    "${",
    "%{",
    "<<-EOT\n",
    "EOT\n",
    "=",
    "\n",
    "[",
    ")",
    "/*",
    "#",
    "a",
    "1e5",
    "~}",
    "\\",
    "\x00",
    "é",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    with_opinion = pytest.MonkeyPatch()
    with_opinion.setattr("iacguard.frontends.terraform.recover.ask", lambda text: Verdict(None))
    try:
        for path in ("main.tf", "main.tf.json", "x.tfvars.json"):
            check(*parse(SourceFile(path, data)), data)
        parse_template(SourceFile("t", data))
        parse_expression(SourceFile("e", data))
    finally:
        with_opinion.undo()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 8), st.sampled_from(FRAGMENTS)), min_size=1, max_size=4
    )
)
def test_no_mutation_of_a_file_makes_it_raise_or_lose_quietly(changes: list[tuple[int, int, str]]) -> None:
    data = SAMPLE
    for at, dropped, added in changes:
        data = data[:at] + added.encode() + data[at + dropped :]
    patch = pytest.MonkeyPatch()
    patch.setattr("iacguard.frontends.terraform.recover.ask", lambda text: Verdict(None))
    try:
        check(*parse(SourceFile("main.tf", data)), data)
    finally:
        patch.undo()


def check(found: Document | None, problems: tuple[Problem, ...], data: bytes) -> None:
    for problem in problems:
        assert problem.message
        assert 1 <= problem.span.line == problem.span.end_line <= data.count(b"\n") + 1
        assert 1 <= problem.span.column <= problem.span.end_column
    if found is None:
        assert problems
        return
    size = len(found.file.data)
    last = 0
    items: list[Attribute | Block] = [*found.body.attributes, *found.body.blocks]
    for item in sorted(items, key=lambda node: node.start):
        assert 0 <= item.start < item.end <= size
        if not found.json:
            assert item.start >= last
        last = item.end
