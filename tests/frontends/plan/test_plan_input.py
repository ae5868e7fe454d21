"""Plans that are recognised, refused, broken or hostile; and that no secret of one is ever shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.discover import discover
from iacguard.frontends.plan.masking import masked
from iacguard.frontends.recognise import recognise, sniff
from iacguard.source import SourceFile
from tests.conftest import Ran
from tests.frontends.plan.planning import block, plan, resource, stack

SECRET = 'hunter2<&"secret'


def test_plans_and_states_are_recognised_by_content() -> None:
    document = json.dumps(plan(resource("a_b.c"))).encode()
    assert recognise("any.json", document, lambda path: False).format == "plan"
    assert sniff(b'{"format_version": "1.0", "values": {"root_module": {}}}') == "plan"
    assert sniff(json.dumps({"x": 1, "format_version": "1.2", "resource_changes": []}).encode()) == "plan"
    assert sniff(document[: len(document) // 2]) == "plan"
    # A manifest inside of a plan does not make it one.
    assert sniff(document.replace(b'"a_b.c"', b'"apiVersion: v1 kind: Pod Resources"', 1)) == "plan"
    assert sniff(b'{"format_version": "1.0"}') is None
    assert sniff(b'{"planned_values": 1}') is None


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ('{"format_version": "1.2", "planned_values": {', "syntax", "not valid JSON"),
        ("[1]", "syntax", "a plan is a JSON object"),
        ("[" * 100_000, "too-large", "nested too deeply"),
        ('{"format_version": "2.0", "planned_values": {}}', "not-evaluated", "format version is '2.0'"),
        ('{"format_version": "1.2", "planned_values": {}, "errored": true}', "not-evaluated", "a run that failed"),
        ('{"format_version": "1.2", "planned_values": ' + "1" * 5000 + "}", "syntax", "not valid JSON"),
    ],
)
def test_what_cannot_be_read_in_full_is_told(text: str, kind: str, message: str) -> None:
    (problem,) = stack(text).problems
    assert (problem.kind, problem.notice) == (kind, False)
    assert message in problem.message


def test_incomplete_plan_is_a_notice() -> None:
    (problem,) = stack(plan(resource("a_b.c"), complete=False)).problems
    assert problem.notice


def test_modules_without_end_are_told() -> None:
    module: dict[str, Any] = {}
    for _ in range(200):
        module = {"child_modules": [module]}
    (problem,) = stack({"format_version": "1.2", "planned_values": {"root_module": module}}).problems
    assert "nested more than" in problem.message


_PARTS = [
    "resources",
    "child_modules",
    "values",
    "sensitive_values",
    "address",
    "change",
    "after_unknown",
    "references",
]
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a_b.c", "managed", "module.m", "each.value"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_PARTS), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_shape_of_a_plan_is_a_crash(data: st.DataObject) -> None:
    document = plan(
        resource("module.m.a_b.c", {"x": {"y": [1]}}, unknown={"z": True}, sensitive={"x": {"y": True}}),
        resource("a_b.d", {}, unknown={"x": True}),
        configuration={"resources": [block("a_b.d", {"x": "k"})], "module_calls": {"m": {"module": {"resources": []}}}},
        variables={"v": {"value": 1}},
    )
    target: Any = document
    for _ in range(data.draw(st.integers(0, 8))):
        inner = list(target.values()) if isinstance(target, dict) else target
        nested = [v for v in inner if isinstance(v, (dict, list)) and v]
        if not nested:
            break
        target = data.draw(st.sampled_from(nested))
    key = data.draw(st.sampled_from(list(target) if isinstance(target, dict) else list(range(len(target)))))
    target[key] = data.draw(_ANYTHING)
    text = json.dumps(document)
    assert stack(text).name == "plan.json"
    assert len(masked(SourceFile("p", text.encode())).data) == len(text)


@pytest.fixture
def secret_plan() -> dict[str, Any]:
    """One secret in all the places where Terraform puts it, and a sensitive number."""
    return plan(
        resource(
            "aws_db_instance.d",
            {"password": SECRET, "port": 54_321, "url": f"postgres://u:{SECRET}@host", "publicly_accessible": True},
            sensitive={"password": True, "port": True, "url": True},
        ),
        resource("aws_ssm_parameter.p", {"type": "String", "value": SECRET}, sensitive={"value": True}),
        configuration={
            "resources": [block("aws_db_instance.d", {"password": SECRET, "publicly_accessible": True})],
            "variables": {"key": {"sensitive": True, "default": "other-secret"}},
        },
        variables={"key": {"value": "other-secret"}},
        output_changes={"o": {"before": None, "after": SECRET, "after_sensitive": True}},
    )


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("form", ["table", "json", "sarif", "graph"])
def test_no_secret_reaches_an_output(
    iacguard: Callable[..., Ran], tmp_path: Path, secret_plan: dict[str, Any], form: str, indent: int | None
) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(secret_plan, indent=indent))
    command = ["graph", "plan.json"] if form == "graph" else ["scan", "plan.json", "--show-undecided", "-f", form]
    done = iacguard(*command, cwd=tmp_path)
    text = (done.stdout + done.stderr).decode()
    assert "aws_db_instance.d" in text
    for secret in ("hunter2", "other-secret", "54321"):
        assert secret not in text


def test_masked_text_has_the_same_length_and_lines(secret_plan: dict[str, Any]) -> None:
    text = json.dumps(secret_plan, indent=2).replace("<", "\\u003c").replace("&", "\\u0026").encode()
    shown = masked(SourceFile("p", text)).data
    assert len(shown) == len(text)
    assert shown.count(b"\n") == text.count(b"\n")
    for secret in (b"hunter2", b"other-secret", b"54321"):
        assert secret in text
        assert secret not in shown
    assert b'"publicly_accessible": true' in shown


def test_text_that_is_no_json_is_covered_as_a_whole() -> None:
    assert masked(SourceFile("p", b'{"password": "hunter2", ')).data == b'{"********": "*******", '


def test_other_readers_get_the_masked_file(tmp_path: Path, secret_plan: dict[str, Any]) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(secret_plan))
    found = discover((str(tmp_path),))
    assert [f.path for f in found.files["plan"]] == ["plan.json"]
    shown = found.workspace.read("plan.json")
    assert shown is not None
    assert b"hunter2" not in shown.data


def test_large_plans_are_read_where_other_files_are_too_large(tmp_path: Path) -> None:
    document = plan(resource("aws_s3_bucket.b"), relevant_attributes=["x" * 1000] * 11_000)
    (tmp_path / "plan.json").write_text(json.dumps(document))
    for path in (tmp_path, tmp_path / "plan.json"):
        found = discover((str(path),))
        assert [f.path for f in found.files["plan"]] == ["plan.json"]
        assert not found.problems
    (tmp_path / "plan.json").write_text(json.dumps({**document, "format_version": 1.2}))
    assert not discover((str(tmp_path),)).files


def test_counts_and_exit_status_of_a_plan(iacguard: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan(resource("aws_s3_bucket.b", {"acl": "public-read"}))))
    done = iacguard("scan", ".", "--select", "aws-s3-bucket-public-acl", cwd=tmp_path)
    assert done.status == 1
    assert done.said.startswith("Read 1 Terraform plan file; 1 Terraform resource decided by 1 policy")
