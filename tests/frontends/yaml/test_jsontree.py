"""JSON read the short way: the same nodes at the same places as YAML's reader gives, or none at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, Node, ScalarNode

from iacguard.frontends import yamltree
from iacguard.frontends.jsontree import read_json
from iacguard.frontends.yamlplaces import Origin
from iacguard.frontends.yamlscalars import cloudformation_key
from iacguard.source import SourceFile

_DEPTH = 12


def file(text: str | bytes) -> SourceFile:
    return SourceFile("t.json", text if isinstance(text, bytes) else text.encode())


def composed(source: SourceFile) -> Node:
    """What YAML's reader makes of it, without the short way."""
    tree = yamltree._read(Origin(source, cloudformation_key), source.data, lambda data: data)
    assert not tree.problems
    (root,) = tree.documents
    return root


def shown(node: Node) -> Any:
    """A tree with all that is known of its nodes."""
    start, end = node.start_mark, node.end_mark
    # Of what goes on past its line the end is not asked for.
    last = (end.column, end.index) if end.line == start.line else ()
    place = start.line, start.column, start.index, last
    if isinstance(node, ScalarNode):
        return "scalar", node.tag, node.value, node.style or "", place
    if isinstance(node, MappingNode):
        return "mapping", node.tag, [(shown(key), shown(value)) for key, value in node.value], place
    return "list", node.tag, [shown(item) for item in node.value], place


_text = st.text(st.sampled_from("aZ09 _:{}[],\"\\/\n\t'&*#%-<é\u2028"), max_size=8)
_scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _text
_json = st.recursive(
    _scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4), max_leaves=15
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(_text, _json, max_size=4), st.sampled_from([None, 0, 2, "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_as_yaml_reads_it(value: dict[str, Any], indent: int | str | None, end: str) -> None:
    source = file(json.dumps(value, indent=indent).replace("\n", end) + end)
    root = read_json(source, _DEPTH)
    assert root is not None
    assert shown(root) == shown(composed(source))


@pytest.mark.parametrize(
    "text",
    [
        " \n{}",
        '{"a" : 1 , "b":[ ] ,\n\n"c":{\n}\n}\n\n',
        '{"a\\"b\\u0041\\/": -0.50E+07, "": [true, false, null, [{}]]}',
        '{"a": "' + "x" * 5000 + '", "b": 1}',
        '{"' + "x" * 390 + '": 1}',
    ],
)
def test_odd_but_alike(text: str) -> None:
    root = read_json(file(text), _DEPTH)
    assert root is not None
    assert shown(root) == shown(composed(file(text)))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "a: 1",
        "{a: 1}",
        '{"a": 1} # b',
        '{"a": 1}\n---\n{"b": 1}',
        '{"a": 1}\t',
        '\t{"a": 1}',
        '{"a": 1,}',
        '{"a": 1',
        '{"a": 1, "a": 2}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a"\n: 1}',
        '{"a": "b"\r, "c": 1}',
        '{"' + "x" * 1100 + '": 1}',
        '{"a"' + " " * 1100 + ": 1}",
        '{"a": "é"}',
        '{"a": "\x7f"}',
        '{"a": "\\ud83d\\ude00"}',
        '{"a": "\\ud83d"}',
        '{"a": ' + "[" * _DEPTH + "]" * _DEPTH + "}",
        '{"a": ' + "[" * 50_000,
        '{"a": ' * 50_000 + "1" + "}" * 50_000,
    ],
)
def test_left_to_yaml(text: str) -> None:
    assert read_json(file(text), _DEPTH) is None


def test_deepest() -> None:
    assert read_json(file('{"a": ' + "[" * (_DEPTH - 1) + "]" * (_DEPTH - 1) + "}"), _DEPTH) is not None
