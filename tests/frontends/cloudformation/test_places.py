"""Where a property stands, and how its value came there: exact lines and columns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Located, Path

Load = Callable[..., Stack]

TEMPLATE = """\
Parameters:
  Cidr:
    Type: String
    Default: 0.0.0.0/0
  Open: {Type: String}
Mappings:
  Sizes:
    dev: {Type: t3.nano}
Conditions:
  Wide: !Equals [!Ref Cidr, 0.0.0.0/0]
  Maybe: !Equals [!Ref Open, x]
Resources:
  Web:
    Type: AWS::EC2::SecurityGroup
    DeletionPolicy: Retain
    Properties:
      GroupDescription: web   # for all
      SecurityGroupIngress:
        - CidrIp: !Ref Cidr
          FromPort: 22
        - !If
          - Wide
          - CidrIp: 10.0.0.0/8
            FromPort: 80
          - !Ref AWS::NoValue
        - !Ref AWS::NoValue
        - {CidrIp: 1.2.3.4/32, FromPort: 443}
      Size: !FindInMap [Sizes, dev, Type]
      Text: !Sub "${Cidr} and ${Open}"
      Chosen:
        Fn::If:
          - Wide
          - !Ref Cidr
          - none
      Short: !If [Wide, !Ref Cidr, none]
      Open:
        Fn::If:
          - Maybe
          - {A: 1}
          - {B: 2}
      UserData:
        Fn::Base64: !Sub |
          #!/bin/sh
          echo ${Cidr}
      Document:
        Statement:
          - Effect: Allow
            Action: ["*"]
"""


@pytest.fixture
def locate(load: Load) -> Callable[..., Located]:
    (resource,) = load(TEMPLATE).resources

    def located(*path: str | int) -> Located:
        return resource.locate(path)

    return located


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ((), (13, 3, 7)),
        (("GroupDescription",), (17, 7, 28)),
        (("SecurityGroupIngress",), (18, 7, 28)),
        (("SecurityGroupIngress", 0), (19, 11, 28)),
        (("SecurityGroupIngress", 0, "CidrIp"), (19, 11, 28)),
        (("SecurityGroupIngress", 0, "FromPort"), (20, 11, 23)),
        (("SecurityGroupIngress", 1), (23, 13, 31)),
        (("SecurityGroupIngress", 1, "FromPort"), (24, 13, 25)),
        (("SecurityGroupIngress", 2, "FromPort"), (27, 32, 45)),
        (("Size",), (28, 7, 42)),
        (("Text",), (29, 7, 39)),
        (("Chosen",), (33, 13, 22)),
        (("Short",), (35, 7, 41)),
        (("Open", "A"), (39, 14, 18)),
        (("Open", "B"), (40, 14, 18)),
        (("Document", "Statement", 0, "Action", 0), (48, 22, 25)),
        (("__resource__", "DeletionPolicy"), (15, 5, 27)),
    ],
)
def test_exact(locate: Callable[..., Located], path: Path, where: tuple[int, int, int]) -> None:
    found = locate(*path)
    assert found.exact
    assert (found.span.line, found.span.column, found.span.end_column) == where
    assert found.span.end_line == found.span.line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("Nope",), 13),
        (("SecurityGroupIngress", 3), 18),
        (("SecurityGroupIngress", 0, "ToPort"), 19),
        (("Size", 0), 28),
        (("GroupDescription", "x"), 17),
    ],
)
def test_nearest(locate: Callable[..., Located], path: Path, line: int) -> None:
    found = locate(*path)
    assert not found.exact
    assert found.span.line == line


@pytest.mark.parametrize(
    ("path", "trail"),
    [
        (("GroupDescription",), []),
        (("SecurityGroupIngress",), []),
        (("SecurityGroupIngress", 0, "CidrIp"), [(4, 'default of parameter "Cidr"')]),
        (("Size",), [(8, 'mapping "Sizes"')]),
        (("Text",), [(4, 'default of parameter "Cidr"')]),
        (("Chosen",), [(10, 'condition "Wide" is true'), (4, 'default of parameter "Cidr"')]),
        (("Open",), []),
        (("UserData",), [(4, 'default of parameter "Cidr"')]),
    ],
)
def test_trail(locate: Callable[..., Located], path: Path, trail: list[tuple[int, str]]) -> None:
    assert [(step.span.line, step.note) for step in locate(*path).trail] == trail


def test_given_parameter_has_its_own_step(load: Load) -> None:
    (resource,) = load(TEMPLATE, Open="x").resources
    assert [(s.span.line, s.note) for s in resource.locate(("Text",)).trail] == [
        (4, 'default of parameter "Cidr"'),
        (5, 'parameter "Open", as given'),
    ]


def test_text_start(load: Load) -> None:
    (resource,) = load(TEMPLATE).resources
    place = resource.place.child("UserData")
    assert place is not None
    assert place.text_start() == (43, 11)


def test_values_and_places_agree(load: Load) -> None:
    """Every member of every value has a place that is not its parent's."""
    (resource,) = load(TEMPLATE).resources
    pending: list[tuple[Path, object]] = [((k,), v) for k, v in resource.attributes.items()]
    while pending:
        path, value = pending.pop()
        assert resource.locate(path).exact, path
        if isinstance(value, dict):
            pending += [((*path, k), v) for k, v in value.items()]
        elif isinstance(value, list):
            pending += [((*path, i), v) for i, v in enumerate(value)]


def test_json(load: Load) -> None:
    text = """\
{
  "Resources": {
    "B": {
      "Type": "AWS::S3::Bucket",
      "Properties": {
        "AccessControl": "PublicRead",
        "Tags": [{"Key": "a", "Value": {"Ref": "AWS::StackName"}}]
      }
    }
  }
}
"""
    (resource,) = load(text).resources
    assert resource.span.line == 3
    at = resource.locate(("AccessControl",)).span
    assert (at.line, at.column, at.end_column) == (6, 9, 38)
    at = resource.locate(("Tags", 0, "Value")).span
    assert (at.line, at.column, at.end_column) == (7, 31, 65)
