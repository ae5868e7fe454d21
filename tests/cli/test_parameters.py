"""``--parameter`` and ``--parameter-file``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iacguard.cli.parameters import parse, read, settings
from iacguard.cli.status import CommandError
from iacguard.scan import ScanRequest, UsageError, scan


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            [{"ParameterKey": "A", "ParameterValue": "x"}, {"ParameterKey": "B", "ParameterValue": "a,b"}],
            {"A": "x", "B": "a,b"},
        ),
        ([{"ParameterKey": "A", "UsePreviousValue": True}, {"ParameterKey": "B", "ParameterValue": "y"}], {"B": "y"}),
        ([], {}),
        (
            {"Parameters": {"A": "x", "N": 5, "F": True, "L": ["a", "b"], "None": None}, "Tags": {}},
            {"A": "x", "N": "5", "F": "true", "L": "a,b"},
        ),
        ({"Parameters": [{"ParameterKey": "A", "ParameterValue": "x"}]}, {"A": "x"}),
    ],
)
def test_both_forms(tmp_path: Path, data: Any, expected: dict[str, str]) -> None:
    file = tmp_path / "p.json"
    file.write_text("\ufeff" + json.dumps(data), encoding="utf-8")
    assert read(str(file)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("5", "it holds no parameters"),
        ('{"Stack": {}}', "it holds no parameters"),
        ('["A=x"]', "it holds no parameters"),
        ('[{"Key": "A"}]', "it holds no parameters"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    with pytest.raises(CommandError, match=message):
        read(str(file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        read(str(tmp_path / "none.json"))


def test_values() -> None:
    assert parse(["A=x", "B=", "A=y=z"]) == {"A": "y=z", "B": ""}
    with pytest.raises(CommandError, match="no name and value"):
        parse(["A"])


TEMPLATE = """\
Parameters:
  Env: {Type: String, AllowedValues: [dev, prod], Default: prod}
Conditions: {IsProd: !Equals [!Ref Env, prod]}
Resources:
  V:
    Type: AWS::EC2::Volume
    Properties: {Size: 1, AvailabilityZone: a, Encrypted: !If [IsProd, true, false]}
"""


def verdicts(tmp_path: Path, **more: Any) -> list[str]:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    result = scan(ScanRequest((str(tmp_path),), select=("aws-ec2-volume-unencrypted",), **more))
    return [f"{f.verdict} {f.when}".strip() for f in result.findings] + [p.message for p in result.problems]


def test_what_is_given_decides(tmp_path: Path) -> None:
    assert verdicts(tmp_path) == ['undecided condition "IsProd" is false']
    assert verdicts(tmp_path, parameters={"Env": "dev"}) == ["violated"]
    assert verdicts(tmp_path, parameters={"Env": "prod"}) == []
    assert verdicts(tmp_path, file_parameters={"Env": "dev", "Unused": "x"}) == ["violated"]
    assert verdicts(tmp_path, file_parameters={"Env": "dev"}, parameters={"Env": "prod"}) == []


def test_what_cannot_be_given_is_said(tmp_path: Path) -> None:
    told = verdicts(tmp_path, parameters={"Env": "test"})
    assert told[-1] == 'parameter "Env": "test" is none of its AllowedValues; CloudFormation rejects it'
    with pytest.raises(UsageError, match="no template that is scanned has a parameter 'Envv'"):
        verdicts(tmp_path, parameters={"Envv": "dev"})


def test_later_files_count(tmp_path: Path) -> None:
    for name, value in (("a", "1"), ("b", "2")):
        (tmp_path / name).write_text(json.dumps({"Parameters": {"A": value}}))
    given = settings([str(tmp_path / "a"), str(tmp_path / "b")], ["B=3"])
    assert given == {"parameters": {"B": "3"}, "file_parameters": {"A": "2"}}
