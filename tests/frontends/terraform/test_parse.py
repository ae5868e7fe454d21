"""Every construct of the native syntax, and the traps of the grammar beneath it, against HCL's own meaning."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.frontends.terraform.grammar import MAX_DEPTH
from iacguard.frontends.terraform.parse import parse, parse_expression, parse_template
from iacguard.frontends.terraform.syntax import (
    Attribute,
    Binary,
    Block,
    Call,
    Conditional,
    Document,
    Expr,
    ForExpr,
    GetAttr,
    Index,
    Literal,
    ObjectExpr,
    Paren,
    Splat,
    SplatItem,
    Template,
    TemplateFor,
    TemplateIf,
    TupleExpr,
    Unary,
    Variable,
)
from iacguard.source import SourceFile


def sketch(node: Any) -> Any:  # noqa: C901 - one line a node type
    """A node's shape without its places, short enough for a table of tests."""
    match node:
        case Literal():
            return node.value
        case Template():
            return ("text" if node.heredoc else "template", *map(sketch, node.parts))
        case TemplateIf():
            return ("if", sketch(node.condition), sketch(node.then), sketch(node.otherwise))
        case TemplateFor():
            return ("for", node.key, node.item, sketch(node.collection), sketch(node.body))
        case Variable():
            return f"@{node.name}"
        case GetAttr():
            return (sketch(node.base), f".{node.name}")
        case Index():
            return (sketch(node.base), [sketch(node.key)])
        case SplatItem():
            return "@"
        case Splat():
            return ("[*]" if node.full else ".*", sketch(node.base), sketch(node.each))
        case Call():
            return (f"{node.name}()", *map(sketch, node.args), *(["..."] if node.expand else []))
        case TupleExpr():
            return [sketch(item) for item in node.items]
        case ObjectExpr():
            return {sketch(key): sketch(value) for key, value in node.items}
        case Unary():
            return (node.op, sketch(node.operand))
        case Binary():
            return (sketch(node.left), node.op, sketch(node.right))
        case Conditional():
            return (sketch(node.condition), "?", sketch(node.then), ":", sketch(node.otherwise))
        case ForExpr():
            return (
                "for",
                node.key,
                node.item,
                sketch(node.collection),
                sketch(node.key_expr),
                sketch(node.value_expr),
                sketch(node.condition),
                node.grouping,
            )
        case Paren():
            return ("()", sketch(node.inner))
        case _:
            return node


def document(text: str | bytes, path: str = "main.tf") -> Document:
    found, problems = parse(SourceFile(path, text.encode() if isinstance(text, str) else text))
    assert found is not None
    assert problems == ()
    return found


def value(text: str | bytes) -> Expr:
    raw = text.encode() if isinstance(text, str) else text
    (attribute,) = document(b"a = " + raw + b"\n").body.attributes
    return attribute.expr


LITERALS: list[tuple[str, Any]] = [
    ("1", 1),
    ("1.0", 1),
    ("0.5", 0.5),
    ("1.5e-3", 0.0015),
    ("1e5", 100000),
    ("5E1", 50),
    ("2e+2", 200),
    ("123456789012345678901234567890", 123456789012345678901234567890),
    ("true", True),
    ("false", False),
    ("null", None),
    ('""', ""),
    ('" "', " "),
    ('"  x  "', "  x  "),
    (r'"a\nb\rc\td\"e\\f"', 'a\nb\rc\td"e\\f'),
    (r'"\u00e9 \U0001F600"', "é 😀"),
    ('"$${a} %%{b} $ % $x {"', "${a} %{b} $ % $x {"),
    ('"$"', "$"),
    ('"a$$${x}"', "a$${x}"),
    ('"1e5"', "1e5"),
    ('"é"', "é"),
    ('"e\u0301"', "\u00e9"),
    ("<<EOT\nhello\n\n  there\nEOT", "hello\n\n  there\n"),
    ("<<EOT\n\n  x\n  EOT", "\n  x\n"),
    ("<<EOT\nEOT", ""),
    ("<<EOT\n\\n $${x} %%{y} $ %\nEOT", "\\n ${x} %{y} $ %\n"),
    ("<<EOT\nEOTX\nX EOT\nEOT", "EOTX\nX EOT\n"),
    ("<<EOT\nx\nEOT  ", "x\n"),
    ("<<-EOT\n    a\n\n      b\n    c\n  EOT", "a\n\n  b\nc\n"),
    ("<<-EOT\n   x\n\n  y\n    z\n  EOT", " x\n\ny\n  z\n"),
    ("<<-EOT\n\tx\n\t\ty\nEOT", "x\n\ty\n"),
    ("<<-EOT\n  \n   x\n  EOT", "  \nx\n"),
    ("<<-EOT\nx\n  y\nEOT", "x\n  y\n"),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_literal(text: str, expected: Any) -> None:
    found = value(text)
    assert isinstance(found, Literal)
    assert found.value == expected
    assert type(found.value) is type(expected)


TEMPLATES: list[tuple[str, Any]] = [
    ('"${x}"', ("template", "@x")),
    ('"${x ~}"', ("template", "@x")),
    ('"${x ~} "', ("template", "@x", "")),
    ('"a ${x} b"', ("template", "a ", "@x", " b")),
    ('" ${x}  ${y} "', ("template", " ", "@x", "  ", "@y", " ")),
    ('"a ${~ x ~} b"', ("template", "a", "@x", "b")),
    ('"a\\n ${~ x}"', ("template", "a", "@x")),
    ('"${a ? "b" : "c${d}"}"', ("template", ("@a", "?", "b", ":", ("template", "c", "@d")))),
    ('"%{ if a }x%{ else } y %{ endif }"', ("template", ("if", "@a", ("text", "x"), ("text", " y ")))),
    ('"%{ if a ~} x %{~ endif }"', ("template", ("if", "@a", ("text", "x"), None))),
    ('"%{ if a }%{ endif }"', ("template", ("if", "@a", ("text",), None))),
    ('"%{ for v in l }${v},%{ endfor }"', ("template", ("for", None, "v", "@l", ("text", "@v", ",")))),
    ('"%{ for k, v in m ~} ${k} %{ endfor }"', ("template", ("for", "k", "v", "@m", ("text", "@k", " ")))),
    (
        '"%{ for v in l }%{ if v }x%{ endif }%{ endfor }"',
        ("template", ("for", None, "v", "@l", ("text", ("if", "@v", ("text", "x"), None)))),
    ),
    ("<<EOT\n${x}\nEOT", ("text", "@x", "\n")),
    ("<<EOT\n\n  ${x}\n\nEOT", ("text", "\n  ", "@x", "\n\n")),
    ("<<-EOT\n    a ${x}\n      ${y}\n    EOT", ("text", "a ", "@x", "\n  ", "@y", "\n")),
    ("<<-EOT\n    ${x}\n      y\n EOT", ("text", "@x", "\n  y\n")),
    # A marker eats its own line's end only, and a line whose start was eaten keeps its indentation.
    (
        "<<-EOT\n%{ if a ~}\n   x\n%{ endif ~}\n    z\n  EOT",
        ("text", ("if", "@a", ("text", "   x\n"), None), "    z\n"),
    ),
    ("<<-EOT\n   x ${~ k }\n   ${~ k ~}   \n   z\n  EOT", ("text", "   x", "@k", "\n", "@k", "   z\n")),
    ("<<EOT\na\n  ${~ x}\nEOT", ("text", "a\n", "@x", "\n")),
]


@pytest.mark.parametrize(("text", "expected"), TEMPLATES)
def test_template(text: str, expected: Any) -> None:
    assert sketch(value(text)) == expected


EXPRESSIONS: list[tuple[str, Any]] = [
    ("a.b.c", (("@a", ".b"), ".c")),
    ("a-b.c_d", ("@a-b", ".c_d")),
    ("größe.名", ("@größe", ".名")),
    ('a["x"][0].b[c.d]', ((((("@a", ["x"]), [0]), ".b")), [("@c", ".d")])),
    ("a.0.b", (("@a", [0]), ".b")),
    ("a.0.1", (("@a", [0]), [1])),
    ("a[*].b", ("[*]", "@a", ("@", ".b"))),
    ("a[*].b[0].c", ("[*]", "@a", ((("@", ".b"), [0]), ".c"))),
    ("a[*].b[*].c", ("[*]", "@a", ("[*]", ("@", ".b"), ("@", ".c")))),
    ("a[*]", ("[*]", "@a", "@")),
    ("a.*.b.c", (".*", "@a", (("@", ".b"), ".c"))),
    ("a.*.b[0].c", (((".*", "@a", ("@", ".b")), [0]), ".c")),
    ("a.*.b.0.c", (".*", "@a", ((("@", ".b"), [0]), ".c"))),
    ("a.*", (".*", "@a", "@")),
    ("a.*.b[*].c", ("[*]", (".*", "@a", ("@", ".b")), ("@", ".c"))),
    ("f()", ("f()",)),
    ("f(1, 2)", ("f()", 1, 2)),
    ("f(1, a...)", ("f()", 1, "@a", "...")),
    ("f(\n  1,\n  2,\n)", ("f()", 1, 2)),
    ("f(x)[0].a", ((("f()", "@x"), [0]), ".a")),
    ("provider::aws::arn_parse(a)", ("provider::aws::arn_parse()", "@a")),
    ("-1", ("-", 1)),
    ("-a.b", ("-", ("@a", ".b"))),
    ("!a && b || c", ((("!", "@a"), "&&", "@b"), "||", "@c")),
    ("a + b * c - d", (("@a", "+", ("@b", "*", "@c")), "-", "@d")),
    ("a == b && c >= 1", (("@a", "==", "@b"), "&&", ("@c", ">=", 1))),
    ("a % 2 != 0", (("@a", "%", 2), "!=", 0)),
    ("(a)", ("()", "@a")),
    ("(a + b) * c", (("()", ("@a", "+", "@b")), "*", "@c")),
    ("(\n  a\n  + b\n)", ("()", ("@a", "+", "@b"))),
    ("(a).b", (("()", "@a"), ".b")),
    ("a ? b : c", ("@a", "?", "@b", ":", "@c")),
    ("a ? b : c ? d : e", ("@a", "?", "@b", ":", ("@c", "?", "@d", ":", "@e"))),
    ("a ? b : c ? d : e ? f : g", ("@a", "?", "@b", ":", ("@c", "?", "@d", ":", ("@e", "?", "@f", ":", "@g")))),
    ("a ? b ? c : d : e", ("@a", "?", ("@b", "?", "@c", ":", "@d"), ":", "@e")),
    ("(a ? b : c) ? d : e", (("()", ("@a", "?", "@b", ":", "@c")), "?", "@d", ":", "@e")),
    ("a == 1 ? b : c + 1", (("@a", "==", 1), "?", "@b", ":", ("@c", "+", 1))),
    ("[]", []),
    ('[1, "a", [b]]', [1, "a", ["@b"]]),
    ("[ # one\n  1, // two\n  2 /* three */,\n]", [1, 2]),
    ("{}", {}),
    ("{ a = 1, b : 2 }", {"a": 1, "b": 2}),
    ('{\n  a = 1\n  "b c" = 2,\n  3 = 4\n}', {"a": 1, "b c": 2, 3: 4}),
    ("{ (a) = 1 }", {("()", "@a"): 1}),
    ('{ "${a}-x" = 1 }', {("template", "@a", "-x"): 1}),
    ("{ aws.east = aws.west }", {("@aws", ".east"): ("@aws", ".west")}),
    ("[for x in y : x]", ("for", None, "x", "@y", None, "@x", None, False)),
    ("[for i, x in y : x if i > 0]", ("for", "i", "x", "@y", None, "@x", ("@i", ">", 0), False)),
    ("{for k, v in m : k => v}", ("for", "k", "v", "@m", "@k", "@v", None, False)),
    ("{for k, v in m : v => k... if k != null}", ("for", "k", "v", "@m", "@v", "@k", ("@k", "!=", None), True)),
]


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_expression(text: str, expected: Any) -> None:
    assert sketch(value(text)) == expected
    found, problems = parse_expression(SourceFile("x", text.encode()))
    assert problems == ()
    assert sketch(found) == expected


def test_blocks_labels_and_comments() -> None:
    body = document(
        '# one\nresource "a" b { # two\n  /* three */ x = 1\n\n  // four\n  nested {\n    y = 2\n  }\n'
        "  nested { y = 3 }\n  empty {}\n}\n\nz = 4 # five"
    ).body
    (block,) = body.blocks
    assert (block.type, block.labels) == ("resource", ("a", "b"))
    assert [b.type for b in block.body.blocks] == ["nested", "nested", "empty"]
    assert [b.body.attributes[0].expr.value for b in block.body.of_type("nested")] == [2, 3]  # type: ignore[union-attr]
    assert block.body.attribute("x") == block.body.attributes[0]
    assert sketch(body.attributes[0].expr) == 4


def test_attributes_may_be_named_like_keywords() -> None:
    body = document("for = in\nif = 1\nin = 2\nnull = 3\ntrue = 4\n").body
    assert [a.name for a in body.attributes] == ["for", "if", "in", "null", "true"]
    assert sketch(body.attributes[0].expr) == "@in"


def test_places_are_byte_offsets_of_the_text_without_its_mark() -> None:
    text = b'\xef\xbb\xbf\xc3\xa9 = "\xc3\xa9"\r\nb "c" {\r\n  d = e.f\r\n}\r\n'
    found = document(text)
    data = found.file.data
    (attribute,), (block,) = found.body.attributes, found.body.blocks
    assert data[attribute.start : attribute.end].decode() == 'é = "é"'
    assert data[block.header_end : block.header_end + 1] == b"{"
    assert data[block.start : block.end] == b'b "c" {\r\n  d = e.f\r\n}'
    inner = block.body.attributes[0].expr
    assert data[inner.start : inner.end] == b"e.f"
    assert found.file.span(attribute.expr.start, attribute.expr.end).column == 5


def test_carriage_returns_stay_in_heredocs_only() -> None:
    body = document(b"a = 1\r\nb = <<-E\r\n  x\r\n   y\r\n  E\r\nc = [\r\n  1,\r\n]\r\n").body
    assert [sketch(a.expr) for a in body.attributes] == [1, "x\r\n y\r\n", [1]]


@pytest.mark.parametrize(
    ("text", "first"), [("<<E\n\n  x\nE", "\n"), ("<<-E\n    x\n   y\nE", "x"), ("<<-E\n  ${x} y\nE", "$")]
)
def test_text_start_is_where_a_heredocs_text_begins(text: str, first: str) -> None:
    found = value(text)
    assert isinstance(found, Literal | Template)
    at = found.text_start - 4
    expected = text.index("\n") + 1 if first == "\n" else text.index(first)
    assert (at if first != "x" else at + 1) == expected


def test_quoted_text_has_no_text_start() -> None:
    assert value('"x"') == Literal(4, 7, "x", -1)


def test_variable_files_and_empty_files() -> None:
    found = document('region = "eu-west-1"\n', "terraform.tfvars")
    assert found.body.attributes == (Attribute(0, 20, "region", Literal(9, 20, "eu-west-1")),)
    for text in ("", "\n\n", "# only a comment", "\ufeff"):
        assert not document(text).body.attributes
        assert not document(text).body.blocks


def test_template_file() -> None:
    text = 'a\r\n%{ for x in y ~}\n  "${x}" \\n $${z}\n%{ endfor }'
    found, problems = parse_template(SourceFile("t.tftpl", text.encode()))
    assert problems == ()
    assert sketch(found) == (
        "template",
        "a\r\n",
        ("for", None, "x", "@y", ("text", '  "', "@x", '" \\n ${z}\n')),
    )
    assert isinstance(found, Template)
    loop = found.parts[1]
    assert isinstance(loop, TemplateFor)
    assert text[loop.start : loop.start + 2] == "%{"
    assert text[loop.collection.start : loop.collection.end] == "y"


@pytest.mark.parametrize("text", ["IACGUARD_END\n${x}\nIACGUARD_END_\n", "\n${x}", "EOT\n${x}"])
def test_template_file_with_anything_in_it(text: str) -> None:
    found, problems = parse_template(SourceFile("t", text.encode()))
    assert problems == ()
    before, after = text.split("${x}")
    assert sketch(found) == ("template", before, "@x", *([after] if after else []))


def test_template_of_one_interpolation_gives_the_value_itself() -> None:
    found, _ = parse_template(SourceFile("t", b"${x}"))
    assert found == Template(0, 4, (Variable(2, 3, "x"),), False, 0)


@pytest.mark.parametrize("text", ["${", "${x", "%{ if a }x", "%{ endif }", "%{ else }", "x %{ for }", "${}"])
def test_broken_template_files_are_problems(text: str) -> None:
    found, problems = parse_template(SourceFile("t", text.encode()))
    assert found is None
    assert [p.kind for p in problems] == ["syntax"]


@pytest.mark.parametrize("text", ["", "1 +", "1\nb = 2", "]", "x {}", "0x1F"])
def test_broken_expressions_are_problems(text: str) -> None:
    found, problems = parse_expression(SourceFile("x", text.encode()))
    assert found is None
    assert [p.kind for p in problems] == ["syntax"]
    assert problems[0].message


def depth_of(expr: Expr) -> int:
    depth = 0
    pending: list[tuple[Any, int]] = [(expr, 1)]
    while pending:
        node, level = pending.pop()
        if isinstance(node, tuple):
            is_node = hasattr(node, "start")
            depth = max(depth, level) if is_node else depth
            pending += [(member, level + is_node) for member in node]
    return depth


DEEP = {
    "tuples": ("[", "1", "]"),
    "objects": ("{a=", "1", "}"),
    "parentheses": ("(", "1", ")"),
    "templates": ('"${', "1", '}"'),
    "calls": ("f(", "1", ")"),
    "signs": ("-", "1", ""),
    "sums": ("1+", "1", ""),
    "conditionals": ("a?1:", "1", ""),
    "conditions": ("a?", "1", ":1"),
    "indexes": ("a[", "1", "]"),
    "directives": ('"%{if a}', "x", '%{endif}"'),
}


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("count", [MAX_DEPTH, 10_000])
def test_too_deep_nesting_is_a_problem_and_costs_only_its_block(kind: str, count: int) -> None:
    opener, inner, closer = DEEP[kind]
    if kind == "directives":
        deep = '"' + opener[1:] * count + inner + closer[:-1] * count + '"'
    else:
        deep = opener * count + inner + closer * count
    found, problems = parse(SourceFile("main.tf", f"before = 1\ndeep = {deep}\nafter = 2\n".encode()))
    assert found is not None
    assert [a.name for a in found.body.attributes] == ["before", "after"]
    assert [(p.kind, p.span.line) for p in problems] == [("too-large", 2)]


@pytest.mark.parametrize("kind", [k for k in DEEP if k != "directives"])
def test_deep_nesting_within_the_bound_is_read(kind: str) -> None:
    opener, inner, closer = DEEP[kind]
    found = value(opener * 60 + inner + closer * 60)
    assert 60 <= depth_of(found) <= 2 * MAX_DEPTH


def test_too_deep_blocks_and_traversals() -> None:
    for text in ("a {\n" * 10_000 + "}\n" * 10_000, "x = a" + ".b" * 10_000 + "\n", "x = a" + "[0]" * 10_000 + "\n"):
        found, problems = parse(SourceFile("main.tf", text.encode() + b"after = 2\n"))
        assert found is not None
        assert [a.name for a in found.body.attributes] == ["after"]
        assert found.body.blocks == ()
        assert [p.kind for p in problems] == ["too-large"]


def test_block_type_is_kept_for_unknown_blocks() -> None:
    (block,) = document('novel "x" {}\n').body.blocks
    assert isinstance(block, Block)
    assert block.type == "novel"
