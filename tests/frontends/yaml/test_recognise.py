"""Which language a file is written in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.frontends.recognise import NOT_INFRASTRUCTURE, _documents, recognise, sniff

POD = "apiVersion: v1\nkind: Pod\n"
BUCKET = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (POD, "kubernetes"),
        ("---\n# c\n" + POD, "kubernetes"),
        ("a: 1\n---\n" + POD, "kubernetes"),
        ("  apiVersion: v1\n  kind: Pod\n", "kubernetes"),
        ('"apiVersion": v1\n"kind": Pod\n', "kubernetes"),
        ("{apiVersion: v1, kind: Pod}\n", "kubernetes"),
        ('{"apiVersion": "v1", "kind": "List", "items": []}', "kubernetes"),
        (POD + "spec: [\n", "kubernetes"),
        ('{"apiVersion": "v1", "kind": "Pod", "spec": {', "kubernetes"),
        ("apiVersion: v1\nkind: Pod\n\tspec: 1\n", "kubernetes"),
        (BUCKET, "cloudformation"),
        ("AWSTemplateFormatVersion: 2010-09-09\n", "cloudformation"),
        ("Transform: AWS::Serverless-2016-10-31\nResources:\n  F: {}\n", "cloudformation"),
        ("Transform:\n  - AWS::LanguageExtensions\nResources:\n  F: {}\n", "cloudformation"),
        ('{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}', "cloudformation"),
        ('{"Resources": {"B": {"Type": "AWS::S3::Bucket"', "cloudformation"),
        ('{"Description": "d", "AWSTemplateFormatVersion": "2010-09-09", "Mappings": {', "cloudformation"),
        ('{"Description": "\\"", "Resources": {"B": {"Type": "AWS::S3::Bucket"}}}', "cloudformation"),
        ('{"Resources": {"B": {"Type": "A::B"}}, "kind": "Pod", "apiVersion": "v1"}', "kubernetes"),
        ('{"Resources": {"B": {"Type": "A::B"}}, "Resources": {}}', None),
        ('{"a": {"Resources": {"B": {"Type": "A::B"}}}}', None),
        ("Resources:\n  B:\n    Type: 'Custom::Thing'\n", "cloudformation"),
        ("Resources:\r\n  B:\r\n    Type: AWS::S3::Bucket\r\n", "cloudformation"),
        ("apiVersion: v1\n---\nkind: Pod\n", None),
        ("a:\n  apiVersion: v1\n  kind: Pod\n", None),
        ("resources:\n  Resources:\n    B:\n      Type: AWS::S3::Bucket\n", None),
        ("Resources:\n  - a\n", None),
        ('{"Resources": ["a"]}', None),
        ('{"items": [{"apiVersion": "v1", "kind": "Pod"}]}', None),
        ("apiVersion: v2\nname: chart\n", None),
        ("name: CI\non: push\n", None),
        ("", None),
    ],
)
def test_sniff(text: str, language: str | None) -> None:
    assert sniff(text.encode()) == language


def nothing(path: str) -> bool:
    return False


def test_recognised() -> None:
    assert recognise("a.yaml", POD.encode(), nothing).format == "kubernetes"
    assert recognise("a.yaml", b"a: 1", nothing).reason == NOT_INFRASTRUCTURE


def test_helm_template() -> None:
    text = POD.encode() + b"metadata: {name: {{ .Values.name }}}\n"
    found = recognise("charts/web/templates/sub/pod.yaml", text, lambda path: path == "charts/web/Chart.yaml")
    assert (found.format, found.reason) == (None, "Helm template")
    assert found.problem is None, "the chart is reported as a whole"


def test_chart() -> None:
    assert recognise("web/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n", nothing).format == "kubernetes"
    assert recognise("web/Chart.yaml", b"title: something else\n", nothing).format is None


def test_template_folder_without_a_chart() -> None:
    text = POD.encode() + b"metadata: {name: '{{ x }}'}\n"
    assert recognise("a/templates/pod.yaml", text, nothing).format == "kubernetes"


def test_plain_manifest_in_a_chart_is_scanned() -> None:
    found = recognise("templates/pod.yaml", POD.encode(), lambda path: path == "Chart.yaml")
    assert found.format == "kubernetes"


def test_kustomization_needs_no_kind() -> None:
    assert recognise("a/kustomization.yaml", b"resources: [a.yaml]\n", nothing).format == "kubernetes"


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"apiVersion: v1\nkind: ", b"Resources: {Type: A::B", b'{"kind"'])
)
def test_never_raises(tail: bytes, head: bytes) -> None:
    assert sniff(head + tail) in ("kubernetes", "cloudformation", None)


def test_deep_json() -> None:
    text = b'{"apiVersion": "v1", "kind": "Pod", "a": ' + b"[" * 100_000
    assert sniff(text) == "kubernetes"


_LINES = [
    b"---",
    b"--- ",
    b"---\t",
    b" ",
    b"\t",
    b"#",
    b'"',
    b"'",
    b"-",
    b"a",
    b"Kind",
    b":",
    b": ",
    b":[",
    b"\r",
    b"\n",
    b"\x0b",
]


@given(st.lists(st.sampled_from([*_LINES, b"\n", b"\na: ", b"\n---"]), max_size=30).map(b"".join))
def test_documents_are_cut_and_their_keys_found(data: bytes) -> None:
    """As a line for line reading has it, which takes several times as long."""
    keys: list[set[str]] = [set()]
    starts = [0]
    at = 0
    for line in data.split(b"\n"):
        end = line + b"\n" if at + len(line) < len(data) else line
        key = re.match(rb"""(?:---[ \t]+)?["']?([A-Za-z][A-Za-z0-9_-]*)["']?[ \t]*:(?=[\s{\[]|\Z)""", end)
        if line.startswith(b"---") and (key or re.match(rb"---(?=\s|\Z)", end)):
            keys.append(set())
            starts.append(at)
        if key:
            keys[-1].add(key[1].decode())
        at += len(line) + 1
    ends = [*starts[1:], len(data)]
    assert list(_documents(data)) == list(zip(map(frozenset, keys), starts, ends, strict=True))
