"""Composing: places, what is broken, what is hostile."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.frontends.yamlplaces import NodePlace
from iacguard.frontends.yamlscalars import kubernetes_key, manifest_value
from iacguard.frontends.yamltree import ALIAS_BUDGET, MAX_BROKEN, MAX_DEPTH, Tree, duplicate_keys, read
from iacguard.model import Path, Value
from iacguard.source import SourceFile


def tree(text: str | bytes) -> Tree:
    return read(SourceFile("f.yaml", text if isinstance(text, bytes) else text.encode()), kubernetes_key)


def values(text: str | bytes) -> list[Value]:
    return [manifest_value(document) for document in tree(text).documents]


def said(text: str | bytes) -> list[tuple[str, int, int, str]]:
    return [(p.kind, p.span.line, p.span.column, p.message) for p in tree(text).problems]


def at(text: str, *path: str | int) -> tuple[int, int, int]:
    """Line, first and last column of what a path leads to."""
    place: NodePlace | None = NodePlace(tree(text).origin, tree(text).documents[0])
    for key in path:
        assert place is not None
        place = place.child(key)
    assert place is not None
    span = place.span
    assert span.line == span.end_line
    return span.line, span.column, span.end_column


@pytest.mark.parametrize(
    ("text", "path", "where"),
    [
        ("a: 1\nb: two\n", ("b",), (2, 1, 7)),
        ("a:\n  b: 1\n", ("a",), (1, 1, 3)),
        ("a:   # why\n  b: 1\n", ("a",), (1, 1, 3)),
        ("a: {b: 1, c: [2, 3]}\n", ("a",), (1, 1, 21)),
        ("a: {b: 1, c: [2, 3]}\n", ("a", "c"), (1, 11, 20)),
        ("a: {b: 1, c: [2, 3]}\n", ("a", "c", 1), (1, 18, 19)),
        ("a:\n  - x\n  - y: 1\n    z: 2\n", ("a", 1), (3, 5, 9)),
        ("a:\n  - x\n  - y: 1\n    z: 2\n", ("a", 1, "z"), (4, 5, 9)),
        ("a: |\n  one\n  two\nb: 1\n", ("a",), (1, 1, 5)),
        ("a: 'one\n  two'\n", ("a",), (1, 1, 8)),
        ("a:\nb: 1\n", ("a",), (1, 1, 3)),
        ("a: &x {b: 1}\nc: *x\n", ("c",), (2, 1, 3)),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", ("c", "b"), (1, 8, 12)),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n", ("c", "b"), (4, 3, 7)),
        ("a: 1\na: 2\n", ("a",), (2, 1, 5)),
        ("é: 1\nb: {ü: 'ß', c: 1}\n", ("b", "c"), (2, 13, 17)),
        ('{\n\t"a": 1,\n\t"b": [\n\t\t2\n\t]\n}', ("b", 0), (4, 3, 4)),
        ("a: 1\r\nb: 2\r\n", ("b",), (2, 1, 5)),
        ("# c\n---\n# d\na: 1\n", ("a",), (4, 1, 5)),
        ('a: "x\u2028y"\nb: 1\n', ("b",), (2, 1, 5)),
        ("on: 1\n", ("true",), (1, 1, 6)),
    ],
)
def test_place(text: str, path: Path, where: tuple[int, int, int]) -> None:
    assert at(text, *path) == where


def test_no_place() -> None:
    place = NodePlace(tree("a: [1]\n").origin, tree("a: [1]\n").documents[0])
    assert place.child("b") is None
    assert place.child(0) is None
    inner = place.child("a")
    assert inner is not None
    assert [inner.child(key) for key in (1, -1, "x")] == [None, None, None]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: |\n    text\n", (2, 5)),
        ("a: |-\n\n  text\n", (2, 1)),
        ("a: >\n  text\n", None),
        ("a: text\n", None),
        ("a: |\n", None),
    ],
)
def test_text_start(text: str, start: tuple[int, int] | None) -> None:
    place = NodePlace(tree(text).origin, tree(text).documents[0]).child("a")
    assert place is not None
    assert place.text_start() == start


def test_tab_has_a_clear_message() -> None:
    assert said("a: 1\nb:\n  \tc: 1\n") == [("syntax", 3, 3, "a tab is used for indentation; YAML allows only spaces")]


def test_tab_as_white_space_is_fine() -> None:
    assert values('{\n\t"a":\t1\n}\n') == [{"a": 1}]


def test_broken_document_costs_no_other() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 3\n---\nd: }\n---\ne: 5\n"
    assert values(text) == [{"a": 1}, {"c": 3}, {"e": 5}]
    assert [(kind, line) for kind, line, _, _ in said(text)] == [("syntax", 4), ("syntax", 7)]
    assert [document.start_mark.line for document in tree(text).documents] == [0, 4, 8]


def test_first_document_broken() -> None:
    assert values("# c\na: 'x\n---\nb: 1\n") == [{"b": 1}]


def test_part_of_a_broken_document_is_not_kept() -> None:
    assert values("{a: 1}\nb: 2\n---\nc: 3\n") == [{"c": 3}]


def test_many_broken_documents() -> None:
    problems = said("---\n}\n" * 500)
    assert len(problems) == MAX_BROKEN + 1
    assert problems[-1][3] == "too many broken documents; the rest is not read"


@pytest.mark.parametrize(
    "text", ["a: {{ .Values.x }}\nb: 1\n", "{{- if .x }}\na: 1\n{{- end }}\n", "{% if x %}\na: 1\n"]
)
def test_template(text: str) -> None:
    found = tree(text)
    assert found.documents == ()
    assert [(p.kind, p.notice) for p in found.problems] == [("not-evaluated", True)]


def test_template_in_one_document_costs_no_other() -> None:
    assert values("a: {{ x }}\n---\nb: 1\n") == [{"b": 1}]


def test_dynamic_reference_is_no_template() -> None:
    assert said("a: '{{resolve:ssm:x}}'\nb: [\n")[0][0] == "syntax"


@pytest.mark.parametrize("text", ["", "# only\n# comments\n", "---\n---\n", "\n\n", "--- \n# c\n...\n"])
def test_nothing_in_it(text: str) -> None:
    assert tree(text).documents == ()
    assert tree(text).problems == ()


def test_characters_yaml_does_not_take() -> None:
    assert said(b"a: 1\nb: x\x01y\n") == [("syntax", 2, 5, "the character U+0001 is not allowed in YAML")]


def test_json_beyond_the_basic_plane() -> None:
    assert values(r'{"a": "\ud83d\ude00", "b": "\/"}') == [{"a": "😀", "b": "/"}]


def test_json_message() -> None:
    assert said('{"a" 1}')[0][3].startswith("not valid JSON:")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 10_000 + "]" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        "{a: " * 100_000,
        "- " * 10_000 + "x",
        "? " * 10_000 + "x",
        "\n".join(" " * i + "a:" for i in range(3_000)),
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "a: &a [" + "[" * 300 + "]" * 300 + "]\n",
    ],
    ids=["open", "closed", "json", "flow", "block", "keys", "indent", "one-too-many", "anchored"],
)
def test_deep_nesting(text: str) -> None:
    start = time.monotonic()
    found = tree(text)
    assert found.documents == ()
    assert [p.kind for p in found.problems] == ["too-large"]
    assert time.monotonic() - start < 5


def test_deepest_that_is_read() -> None:
    depth = MAX_DEPTH
    assert tree("[" * depth + "]" * depth).problems == ()


def test_brackets_in_text_are_not_nesting() -> None:
    assert values("a: '" + "[" * 5_000 + "'\n") == [{"a": "[" * 5_000}]


def test_alias_bomb() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    start = time.monotonic()
    assert said("\n".join(lines)) == [
        ("too-large", 1, 1, f"aliases expand this document by more than {ALIAS_BUDGET:,} nodes")
    ]
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("text", ["a: &x [*x]\n", "a: &x {b: {c: *x}}\n"])
def test_alias_into_itself(text: str) -> None:
    assert [message for *_, message in said(text)] == ["an alias refers to the node that it stands in"]


def test_aliases_and_merges() -> None:
    text = "base: &b {p: 1, q: 2}\nmore: &m {q: 3, r: 4}\none: {<<: *b, p: 9}\ntwo: {<<: [*b, *m]}\nsame: *b\n"
    assert values(text)[0] == {
        "base": {"p": 1, "q": 2},
        "more": {"q": 3, "r": 4},
        "one": {"p": 9, "q": 2},
        "two": {"p": 1, "q": 2, "r": 4},
        "same": {"p": 1, "q": 2},
    }


def test_odd_keys() -> None:
    assert said("? [a, b]\n: 1\n")[0][:2] == ("syntax", 1)


def test_anchor_defined_twice() -> None:
    assert said("a: &x 1\nb: &x 2\n") == [("syntax", 2, 4, "this anchor is already defined on line 1")]


def test_duplicate_keys_name_both_lines() -> None:
    found = tree("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")
    problems = list(duplicate_keys(found, found.documents[0], "syntax", "the last counts", True))
    assert [(p.span.line, p.span.column, p.message, p.notice) for p in problems] == [
        (5, 3, "the key 'c' is here a second time, after line 3; the last counts", True)
    ]
    assert values("b: {c: 1, c: 3}\n") == [{"b": {"c": 3}}]
    assert not tree("a: 1\nb: {a: 1}\n---\na: 1\n").repeats


_PIECES = st.sampled_from(
    ["a:", " ", "  ", "\n", "- ", "[", "]", "{", "}", "'", '"', "&x ", "*x", "<<: ", "|\n", "#c", "---\n", "\t", "? "]
) | st.sampled_from([": ", "1", "é", "!Ref ", "\u2028", "\r", "%YAML 1.1\n", "{{", "}}"])


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=40).map("".join) | st.text(max_size=60))
def test_never_raises(text: str) -> None:
    data = text.encode("utf-8", errors="replace")
    found = tree(data)
    lines = data.count(b"\n") + 1
    assert all(1 <= p.span.line <= lines + 1 and p.span.column >= 1 for p in found.problems)
    for document in found.documents:
        manifest_value(document)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["a: 1", "b: [", "c: 'x", "d: {e: 2}", "# c", "\tf: 1", "- g"]), min_size=1, max_size=8)
)
def test_good_documents_are_always_read(documents: list[str]) -> None:
    """What stands in a document of its own is read whatever the others are."""
    expected = [v for d in documents for v in values(d + "\n")]
    assert values("\n---\n".join(documents) + "\n") == expected
