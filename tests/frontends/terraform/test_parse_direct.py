"""What is read straight from the text is what the grammar reads, to the last offset; it leaves the rest to that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.frontends.terraform import direct, lone
from iacguard.frontends.terraform.parse import by_grammar, parse
from iacguard.frontends.terraform.syntax import Body, Document, Literal, ObjectExpr
from iacguard.source import SourceFile

PROJECT = (Path(__file__).parent / "syntax" / "project.tf").read_bytes()

EXPRESSIONS = [
    *(
        '"a"',
        '"aé \U0001f600"',
        '"e\u0301"',
        '"a\\n\\"b\\\\"',
        '"$${x} %%{y} 100% $5"',
        '""',
        "007",
        "1.50",
        "true",
        "null.a",
    ),
    *("a", "a.b.c", "var.a-b", "a[0]", 'a["k"].b[c.d][*].e[0].f', "a.*.b[0].c", "a.0.b", "a[*]", "f()", "f(a, b...)"),
    *(
        "f(\n  a, # one\n  b,\n)",
        "[]",
        "[a, [b], {}]",
        "[\n a,\n // x\n b,\n]",
        "(a)",
        "(\n a\n +\n b\n)",
        "(a).b",
        "f(a)[0]",
    ),
    *("!a", "-a.b", "a + b * c - d", "a || b && c == d < e + f * g", "a == b == c", "a*b/c%d", "(a + b) * c", "a - -1"),
    *(
        "a ? b : c",
        "a ? b : c ? d : e",
        "a ? b ? c : d : e",
        "(a\n ? b\n : c\n)",
        "a == b ? [c] : {}",
        "a > 1 || !b ? c : d",
    ),
    *(
        "{ a = 1 }",
        '{ a = 1, "b" : 2, (c) = 3, "${d}" = 4, 5 = e, f.g = h, true = i }',
        "{\n a = 1 # x\n b = {\n}\n c = [\n]\n}",
    ),
    *(
        "{ in = a, if = b, for = c }",
        "[for x in y : x]",
        "[for k, v in y : v if k != null]",
        "{for k, v in y : k => v...}",
    ),
    *("{\n for k, v in y :\n k => {\n a = v\n b = k\n }\n if v\n}", "[for x in [for y in z : y] : x ? 1 : 2]"),
    *('"${a}"', '"a${b}c"', '"${ a } ${~ b ~} c"', '"${"${a}"}"', '"${a ? "b" : "c"}"', '"a\\t${b}"', '"$${a}${b}"'),
    *(
        "<<EOT\na\nEOT",
        "<<-EOT\n    a ${b}\n      c $${d}\n  EOT",
        "<<EOT\nEOT",
        "f(<<EOT\na\nEOT\n, b)",
        "<<-E\n  ${~ a ~}\n  E",
    ),
    *(
        '"%{ if a }b%{ else }c%{ endif }"',
        '"a%{ if b ~} c %{~ endif }d"',
        '"%{for x in y}${x}%{endfor}"',
        '"100%%"',
        '"$$${x}-${y}"',
        "<<EOT\n$$${x}${y}\nEOT",
        '"$$a"',
    ),
    *("<<-EOT\n  %{ for k, v in a ~}\n  ${k}\n  %{ endfor ~}\n  EOT", '"%{ if a }%{ if b }x%{ endif }%{ endif }"'),
]
BODIES = [
    *(
        "",
        "# x",
        "a = 1",
        "a = b # c",
        "a {}",
        "a { }\n",
        "a { b = 1 }",
        "a b {\n}",
        'a "b" c "d" {\n  e = 1\n\n  f {}\n}\n',
    ),
    *(
        "a = 1\r\nb {\r\n  c = [\r\n  1 ]\r\n}\r\n",
        "/* a */ b = 1 // c\n",
        "for = 1\nin = 2\nif {}\n",
        "a {\n  # only this\n}",
    ),
    *('a "é" {\n}\n', "a = <<EOT\nx\nEOT\nb = 1\n", "locals {\n  a = 1\n  /* b = 2 */\n}\n"),
]
#: Wrong, or not alike for all readers: only the grammar's way has an opinion on these.
UNSURE = [
    *(
        "a = ",
        "a = 1 b = 2",
        "a { b = 1\n}",
        "a {\n b = 1 }",
        "a { b = 1, c = 2 }",
        "a\n{\n}",
        "a = 1\na = 2",
        "}",
        "a {",
        "a = b c",
    ),
    *(
        "a = 0x1F",
        "a = 1e5",
        "a = 1_000",
        'a = "\\q"',
        'a = "x\ny"',
        'a = "%{ if x }y"',
        "a = b ? c",
    ),
    *(
        "a = (b",
        "a = [b c]",
        "a = {b = 1 c = 2}",
        "a = {b = c\n + d}",
        "a = b\n + c",
        "a = [for namein b : c]",
        "a = f(b... c)",
    ),
    *(
        'a "${b}" {\n}',
        "a = <<EOT\nx\n",
        "a = <<EOT\nEOTX\nEOT\n",
        "a = b\rc = d",
        "a = \x00",
        "a = [,]",
        "a = f(,)",
        "a = for",
    ),
    *(
        "a = !!b",
        "a = b..c",
        "a = b.",
        "a = [1, 2",
        "a: 1",
        'a = "b" "c"',
        "a = {b}",
        "a = ${b}",
        "a = 'b'",
        "= 1",
        "1 = a",
    ),
]


def both(text: str) -> tuple[object, object]:
    """The body that is read straight, and the one by the grammar; None where it has a problem."""
    file = SourceFile("main.tf", text.encode("utf-8", errors="surrogatepass"))
    document, problems = by_grammar(file)
    return direct.read(file.data), None if problems or document is None else document.body


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_read_alike(text: str) -> None:
    straight, by_tree = both(f"a = {text}\n")
    assert straight is not None
    assert repr(straight) == repr(by_tree)


@pytest.mark.parametrize("text", BODIES)
def test_bodies_are_read_alike(text: str) -> None:
    straight, by_tree = both(text)
    assert straight is not None
    assert repr(straight) == repr(by_tree)


@pytest.mark.parametrize("text", UNSURE)
def test_what_is_not_surely_right_is_left_to_the_grammar(text: str) -> None:
    assert direct.read(text.encode()) is None


#: What HCL reads otherwise than the grammar.
GAPS = re.compile(r"\$\$\$\{|%%%\{|\{\s*for\s*[=:]")


@pytest.mark.parametrize("text", ['"$$${x"', '"%%%{ if x }"', "<<EOT\n%%%{ if }\nEOT"])
def test_escapes_after_signs_are_read_where_the_grammar_sees_a_sequence(text: str) -> None:
    straight, by_tree = both(f"a = {text}\n")
    assert isinstance(straight, Body)
    assert isinstance(straight.attributes[0].expr, Literal)
    assert by_tree is None


def test_what_the_grammar_cannot_read_is_read_all_the_same() -> None:
    # A `for` that begins an object is a key where `=` follows; the grammar takes it for a loop.
    body = direct.read(b"a = { for = 1, in = 2, if = 3 }\n")
    assert body is not None
    items = body.attributes[0].expr
    assert isinstance(items, ObjectExpr)
    assert [key.value for key, _ in items.items if isinstance(key, Literal)] == ["for", "in", "if"]


def test_a_whole_project_is_read_alike() -> None:
    whole = by_grammar(SourceFile("main.tf", PROJECT))[0]
    assert whole is not None
    blocks = [PROJECT[b.start : b.end] for b in whole.body.blocks]
    assert blocks
    for text in blocks:
        straight, by_tree = both(text.decode())
        assert straight is None or repr(straight) == repr(by_tree)
    assert sum(direct.read(text) is not None for text in blocks) > len(blocks) / 2


_SIGNS = ["${", "%{", "$${", "//", "/*", "*/", "<<EOT\n", "\nEOT\n", "[*]", ".*", "...", "=>", "&&", "==", "\r\n"]
_WORDS = ["for ", "if ", " in ", "null", "1.5", "a.b", "f(x)", "a = 1\n", "b {\n}\n", '"x"', "é", "x"]
_PIECES = st.sampled_from([*'\n "{}()[],.=:?$%#~-!*<\\', *_SIGNS, *_WORDS])
_WHOLE = st.sampled_from([*(f"a = {text}\n" for text in EXPRESSIONS), *BODIES])


@given(_WHOLE, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), _PIECES), max_size=3))
@settings(max_examples=400, deadline=None)
def test_spoiled_text_is_read_alike_or_not_at_all(text: str, changes: list[tuple[float, int, str]]) -> None:
    for place, removed, put in changes:
        at = round(place * len(text))
        text = text[:at] + put + text[at + removed :]
    straight, by_tree = both(text)
    assert straight is None or repr(straight) == repr(by_tree) or GAPS.search(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a ${b} c", "%{ if a }b%{ endif }", "%{ if a }b", "$${a}", "${~ a ~}\n b", "\x01${a}", "${a"]
)
def test_templates_are_read_alike(text: str) -> None:
    data = text.encode()
    straight = direct.read_template(data)
    if straight is not None:
        assert repr(straight) == repr(lone.read_template(data))
    assert (straight is None) == ("\x01" in text or text in ("${a", "%{ if a }b"))


@pytest.mark.parametrize("text", [*EXPRESSIONS[:40], "  a ", "a b", "", "(", "a\n", "a\n + b"])
def test_lone_expressions_are_read_alike(text: str) -> None:
    data = text.encode()
    straight = direct.read_expression(data)
    if straight is None:
        assert text in ("a b", "", "(", "a\n + b")
    else:
        assert repr(straight) == repr(lone.read_expression(data))


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("[", "]"), ("{ a = ", " }"), ("f(", ")"), ('"${', '}"'), ("-(", ")")]
)
@pytest.mark.parametrize("depth", [15, 100, 5000])
def test_depth_is_bounded(opening: str, closing: str, depth: int) -> None:
    text = f"a = {opening * depth}b{closing * depth}\nc = 1\n"
    document, problems = parse(SourceFile("main.tf", text.encode()))
    assert (direct.read(text.encode()) is None) == (depth > 15)
    assert isinstance(document, Document)
    assert bool(problems) == (depth > 100) or opening in ('"${', "-(")


@pytest.mark.parametrize("chain", ["[0]", ".*.a", "[*].a", " + b", " ? b : c", ".a"])
def test_chains_are_bounded(chain: str) -> None:
    text = f"a = b{chain * 3000}\nc = 1\n".encode()
    document, problems = parse(SourceFile("main.tf", text))
    assert direct.read(text) is None
    assert problems
    assert document is not None
    assert [a.name for a in document.body.attributes] == ["c"]


def test_reading_is_linear_in_hostile_text() -> None:
    for text in (
        'a = "' + "$" * 200_000,
        "/*" * 100_000,
        "a = " + "[" * 100_000,
        "#\n" * 100_000,
        'a "b' * 50_000,
        "a.b" * 90_000,
    ):
        direct.read(text.encode())
