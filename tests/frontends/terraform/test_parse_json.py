"""Terraform's JSON syntax: the same shapes, exact places, and nothing that is not JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iacguard.findings import Problem
from iacguard.frontends.terraform.grammar import MAX_DEPTH, ReadError
from iacguard.frontends.terraform.jsontext import Array, Json, Object, read_json
from iacguard.frontends.terraform.parse import parse
from iacguard.frontends.terraform.syntax import (
    Block,
    Document,
    GetAttr,
    Index,
    Literal,
    ObjectExpr,
    Template,
    TupleExpr,
    Variable,
)
from iacguard.source import SourceFile


def read(text: str, path: str = "main.tf.json") -> tuple[Document | None, tuple[Problem, ...]]:
    return parse(SourceFile(path, text.encode()))


def blocks(value: object) -> tuple[Block, ...]:
    found, problems = read(json.dumps(value))
    assert found is not None
    assert problems == ()
    assert found.json
    return found.body.blocks


def plain(value: Json) -> Any:
    if isinstance(value, Array):
        return [plain(item) for item in value.items]
    if isinstance(value, Object):
        return {name.value: plain(member) for name, member in value.members}
    return value.value


def test_json_values_are_those_of_the_standard_library() -> None:
    sample: dict[str, Any] = {
        "a": [1, -2, 2.5, 1e3, True, False, None, {}, [], ""],
        "é": '\n"\\/\u2028😀',
        "b": {"c": {"d": []}},
    }
    for text in (json.dumps(sample), json.dumps(sample, ensure_ascii=False, indent=2)):
        assert plain(read_json(text.encode())) == sample


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "expected a value, found the end"),
        ('{"a": 1,}', 8, "expected a name in double quotes, found `}`"),
        ('{"a": [1 2]}', 9, "expected `,` or `]`, found `2`"),
        ('{"a": [1,]}', 9, "expected a value, found `]`"),
        ('{"a" 1}', 5, "expected `:` after a name"),
        ("{a: 1}", 1, "expected a name in double quotes"),
        ("{'a': 1}", 1, "expected a name in double quotes"),
        ('{"a": 01}', 7, "expected `,` or `}`"),
        ('{"a": .5}', 6, "expected a value"),
        ('{"a": NaN}', 6, "expected a value"),
        ('{"a": 1} x', 9, "after the end of the document"),
        ('{"a": "b\n"}', 6, "never closed on its line"),
        ('{"a": "\\x"}', 6, "an escape that JSON does not know"),
        ('{\n"a": [1, 2\n', 7, "a `[` opened on line 2 is never closed"),
        ('{"a": 1 // x\n}', 8, "expected `,` or `}`, found `/`"),
        ("[" * (MAX_DEPTH + 1), MAX_DEPTH, "levels deep"),
        ('{"a":' * 100_000, 5 * MAX_DEPTH, "levels deep"),
    ],
)
def test_what_is_not_json_is_refused_at_its_place(text: str, offset: int, message: str) -> None:
    with pytest.raises(ReadError) as caught:
        read_json(text.encode())
    assert caught.value.start == offset
    assert message in caught.value.message
    found, problems = read(text)
    assert found is None
    assert len(problems) == 1


def test_blocks_and_labels() -> None:
    found = blocks(
        {
            "//": "made by hand",
            "resource": {
                "aws_s3_bucket": {"a": {"bucket": "x"}, "b": [{"bucket": "y"}]},
                "aws_sqs_queue": [{"c": {}}],
            },
            "data": [{"aws_region": {"now": {}}}],
            "variable": {"v": {"default": 1}},
            "locals": [{"p": 1}, {"q": 2}],
            "terraform": {"backend": {"s3": {"key": "k"}}, "required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "moved": [{"from": "a.b", "to": "a.c"}],
            "check": {"up": {"assert": {"condition": True}}},
            "output": None,
        }
    )
    assert [(b.type, *b.labels) for b in found] == [
        ("resource", "aws_s3_bucket", "a"),
        ("resource", "aws_s3_bucket", "b"),
        ("resource", "aws_sqs_queue", "c"),
        ("data", "aws_region", "now"),
        ("variable", "v"),
        ("locals",),
        ("locals",),
        ("terraform",),
        ("moved",),
        ("check", "up"),
    ]
    terraform = found[7]
    assert [(b.type, b.labels) for b in terraform.body.blocks] == [("backend", ("s3",)), ("required_providers", ())]
    assert [b.type for b in found[9].body.blocks] == ["assert"]


def test_a_resources_body() -> None:
    (block,) = blocks(
        {
            "resource": {
                "aws_security_group": {
                    "web": {
                        "//": "not an argument",
                        "name": "web",
                        "ingress": [{"from_port": 22}, {"from_port": 80}],
                        "timeouts": {"create": "5m"},
                        "lifecycle": {"ignore_changes": ["tags"], "precondition": [{"condition": True}]},
                        "provisioner": {"local-exec": {"command": "true"}},
                        "dynamic": {"egress": {"for_each": "${var.e}", "content": {"to_port": "${egress.value}"}}},
                        "provider": "aws.east",
                        "depends_on": ["aws_vpc.a"],
                    }
                }
            }
        }
    )
    body = block.body
    assert [a.name for a in body.attributes] == ["name", "ingress", "timeouts", "provider", "depends_on"]
    assert [(b.type, b.labels) for b in body.blocks] == [
        ("lifecycle", ()),
        ("provisioner", ("local-exec",)),
        ("dynamic", ("egress",)),
    ]
    ingress = body.attributes[1].expr
    assert isinstance(ingress, TupleExpr)
    assert all(isinstance(item, ObjectExpr) for item in ingress.items)
    assert isinstance(body.attributes[2].expr, ObjectExpr)
    provider, depends_on = body.attributes[3].expr, body.attributes[4].expr
    assert isinstance(provider, GetAttr)
    assert provider.name == "east"
    assert isinstance(depends_on, TupleExpr)
    assert isinstance(depends_on.items[0], GetAttr)
    ignored = body.blocks[0].body.attributes[0].expr
    assert isinstance(ignored, TupleExpr)
    assert isinstance(ignored.items[0], Variable)
    assert [b.type for b in body.blocks[0].body.blocks] == ["precondition"]
    assert [b.type for b in body.blocks[2].body.blocks] == ["content"]


def test_strings_are_templates_only_where_terraform_reads_them_so() -> None:
    variable, output = blocks(
        {
            "variable": {"v": {"type": "map(string)", "default": {"a": "${b}"}, "description": "%{x}"}},
            "output": {"o": {"value": {"${a}": "$${b} ${c.d}", "e": "%{ if f }g%{ endif }"}}},
        }
    )
    default = variable.body.attributes[1].expr
    assert isinstance(default, ObjectExpr)
    assert isinstance(default.items[0][1], Literal)
    assert default.items[0][1].value == "${b}"
    value = output.body.attributes[0].expr
    assert isinstance(value, ObjectExpr)
    assert isinstance(value.items[0][0], Template)
    mixed, conditional = value.items[0][1], value.items[1][1]
    assert isinstance(mixed, Template)
    assert mixed.parts[0] == "${b} "
    assert isinstance(conditional, Template)


def test_places_inside_strings_with_escapes() -> None:
    text = '{"locals": {"a": "\\u00e9\\n\\"${f["k"]}", "b": "é${g}"}}'.replace('["k"]', '[\\"k\\"]')
    found, problems = read(text)
    assert found is not None
    assert problems == ()
    a, b = found.body.blocks[0].body.attributes
    data = found.file.data
    assert isinstance(a.expr, Template)
    assert isinstance(b.expr, Template)
    index, variable = a.expr.parts[1], b.expr.parts[1]
    assert isinstance(index, Index)
    assert isinstance(variable, Variable)
    assert data[index.start : index.end] == b'f[\\"k\\"]'
    assert data[index.key.start : index.key.end] == b'\\"k\\"'
    assert data[variable.start : variable.end] == b"g"
    assert a.expr.parts[0] == 'é\n"'


def test_variable_values_are_plain_text() -> None:
    found, problems = read('{"a": "${b}", "c": [1, null]}', "prod.auto.tfvars.json")
    assert problems == ()
    assert found is not None
    first, second = found.body.attributes
    assert isinstance(first.expr, Literal)
    assert first.expr.value == "${b}"
    assert isinstance(second.expr, TupleExpr)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('"resource": {"x": {"y": {"z": "${"}}}', "cannot be read as a template"),
        ('"resource": {"x": {"y": {"provider": "1 +"}}}', "cannot be read as an expression"),
        ('"resource": 3', "expected an object here"),
        ('"resource": {"x": {"y": {"z": 1, "z": 2}}}', '"z" is already set on line 1'),
        ('"resource": {"x": {"y": {"z": "' + "${[" + "[" * 200 + "]" * 200 + ']}"}}}', "levels deep"),
    ],
)
def test_a_broken_block_does_not_cost_the_others(broken: str, message: str) -> None:
    found, problems = read(
        '{"locals": {"a": 1},\n' + broken.replace("on line 1", "") + ',\n"output": {"o": {"value": 2}}}'
    )
    assert found is not None
    assert [b.type for b in found.body.blocks] == ["locals", "output"]
    (problem,) = problems
    assert message.replace("line 1", "line 2") in problem.message
    assert problem.span.line == 2
    assert "line 2 was not scanned" in problem.hint
