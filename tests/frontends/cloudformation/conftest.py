"""Templates in a line or two."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.frontends.cloudformation.nodes import call_of
from iacguard.frontends.contract import Stack
from iacguard.frontends.yamlscalars import cloudformation_plain

LoadStacks = Callable[[str, Mapping[str, str], Mapping[str, str]], list[Stack]]
Load = Callable[..., Stack]


@pytest.fixture
def load(stacks: LoadStacks) -> Load:
    """The stack of one template's text; keyword arguments are parameters that the user gives."""

    def loaded(text: str, **given: str) -> Stack:
        (stack,) = stacks("cloudformation", {"t.yaml": textwrap.dedent(text)}, given)
        return stack

    return loaded


@pytest.fixture
def as_json() -> Callable[[str], str]:
    """A template in JSON."""
    return lambda text: json.dumps(_data(yaml.compose(text, Loader=yaml.SafeLoader)))


@pytest.fixture(params=["yaml", "json"])
def value(load: Load, as_json: Callable[[str], str], request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """What an expression evaluates to, in a template with parameters, mappings, conditions and resources.

    It is the same in JSON, which is evaluated without making nodes of all of it.
    """

    def evaluated(expression: str) -> Any:
        text = PRELUDE + textwrap.indent(f"V: {expression}\n", "      ")
        stack = load(as_json(text) if request.param == "json" else text)
        assert stack.problems == ()
        return next(r for r in stack.resources if r.address == "It").attributes.get("V", "<absent>")

    return evaluated


def _data(node: Node | None) -> Any:
    assert node is not None
    own = not node.tag.startswith("!")
    data: Any = node.value
    if isinstance(node, MappingNode):
        data = {key.value: _data(value) for key, value in node.value}
    elif isinstance(node, SequenceNode):
        data = [_data(item) for item in node.value]
    elif isinstance(node, ScalarNode) and own and node.style is None and data not in ("Yes", "No"):  # conditions
        data = cloudformation_plain(data)
    call = call_of(node)
    return data if own or call is None else {call.name: data}


PRELUDE = """\
Parameters:
  Name: {Type: String, Default: web}
  Port: {Type: Number, Default: '443'}
  Flag: {Type: String, Default: yes}
  Names: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Zones: {Type: 'List<AWS::EC2::AvailabilityZone::Name>', Default: 'z1,z2'}
  Empty: {Type: String, Default: ''}
  Open: {Type: String}
  Env: {Type: String, AllowedValues: [dev, prod]}
  Secret: {Type: String, NoEcho: true, Default: hunter2}
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /aws/ami}
Mappings:
  Sizes:
    dev: {Type: t3.nano, Disks: [1, 2]}
    prod: {Type: m5.large, Disks: [3]}
  Same:
    dev: {Type: one}
    prod: {Type: one}
Conditions:
  Yes: !Equals [!Ref Name, web]
  No: !Not [!Condition Yes]
  Maybe: !Equals [!Ref Open, x]
  Perhaps: !Equals [!Ref Env, prod]
  Never: !Equals [!Ref Env, staging]
Resources:
  Bucket: {Type: 'AWS::S3::Bucket'}
  Made: {Type: 'Custom::Made'}
  It:
    Type: AWS::Test::It
    Properties:
"""


@pytest.fixture
def prelude() -> str:
    """The template that ``value`` puts an expression into, up to the properties of its last resource."""
    return PRELUDE
