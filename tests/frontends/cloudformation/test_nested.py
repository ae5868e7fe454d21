"""Nested stacks: parameters in, outputs out, addresses by the way to them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Edge, Format, Reference, Unknown

LoadStacks = Callable[[Format, Mapping[str, str | bytes], Mapping[str, str]], list[Stack]]

CHILD = """\
Parameters:
  Cidr: {Type: String}
  Ports: {Type: CommaDelimitedList, Default: '22,80'}
  Key: {Type: String, Default: none}
Conditions:
  Wide: !Equals [!Ref Cidr, 0.0.0.0/0]
Resources:
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {Cidr: !Ref Cidr, Ports: !Ref Ports, Key: !Ref Key}}
  Extra: {Type: AWS::S3::Bucket, Condition: Wide}
Outputs:
  Group: {Value: !Ref Group}
  Text: {Value: !Sub 'cidr ${Cidr}'}
  Wide: {Condition: Wide, Value: yes}
"""


def load(stacks: LoadStacks, files: Mapping[str, str], **given: str) -> list[Stack]:
    return stacks("cloudformation", {name: textwrap.dedent(text) for name, text in files.items()}, given)


def test_parameters_go_in_and_outputs_come_out(stacks: LoadStacks) -> None:
    root = """\
    Parameters:
      Net: {Type: String, Default: 10.0.0.0/8}
    Resources:
      Use:
        Type: AWS::EC2::Instance
        Properties:
          {Groups: [!GetAtt Net1.Outputs.Group], Text: !Sub '${Net1.Outputs.Text}!', W: !GetAtt Net1.Outputs.Wide}
      Key: {Type: AWS::KMS::Key}
      Net1:
        Type: AWS::CloudFormation::Stack
        Properties:
          TemplateURL: ../child/net.yaml
          Parameters: {Cidr: !Ref Net, Key: !Ref Key, Ports: !Join [',', ['443', '80']]}
    """
    (stack,) = load(stacks, {"app/root.yaml": root, "child/net.yaml": CHILD})
    assert stack.problems == ()
    assert stack.name == "app/root.yaml"
    assert [r.address for r in stack.resources] == ["Use", "Key", "Net1", "Net1/Group"]
    use, group = stack.resources[0], stack.resources[3]
    assert group.block == "Group"
    assert group.attributes["Cidr"] == "10.0.0.0/8"
    assert group.attributes["Ports"] == ["443", "80"]
    assert use.attributes["Text"] == "cidr 10.0.0.0/8!"
    assert use.attributes["Groups"][0].reference == Reference("Net1/Group", "")
    assert isinstance(use.attributes["W"], Unknown)
    assert {Edge("Use", "Net1/Group", "Groups"), Edge("Net1/Group", "Key", "Key")} <= set(stack.edges)
    place = group.locate(("Cidr",))
    assert (place.span.file, place.span.line) == ("child/net.yaml", 8)
    assert [(s.span.file, s.span.line) for s in place.trail] == [("app/root.yaml", 2), ("app/root.yaml", 13)]


def test_each_use_is_one_of_its_own(stacks: LoadStacks) -> None:
    root = """\
    Resources:
      A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: net.yaml, Parameters: {Cidr: 10.0.0.0/8}}}
      B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./net.yaml, Parameters: {Cidr: 0.0.0.0/0}}}
    """
    (stack,) = load(stacks, {"root.yaml": root, "net.yaml": CHILD})
    assert [r.address for r in stack.resources] == ["A", "A/Group", "B", "B/Group", "B/Extra"]


def test_stacks_in_nested_stacks(stacks: LoadStacks) -> None:
    middle = """\
    Parameters: {Range: {Type: String}}
    Resources:
      Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: net.yaml, Parameters: {Cidr: !Ref Range}}}
    Outputs: {Text: {Value: !GetAtt Inner.Outputs.Text}}
    """
    root = """\
    Resources:
      Outer: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: sub/mid.yaml, Parameters: {Range: 0.0.0.0/0}}}
      Use: {Type: AWS::A::B, Properties: {Text: !GetAtt Outer.Outputs.Text}}
    """
    (stack,) = load(stacks, {"root.yaml": root, "sub/mid.yaml": middle, "sub/net.yaml": CHILD})
    assert stack.problems == ()
    addresses = [r.address for r in stack.resources]
    assert addresses == ["Outer", "Outer/Inner", "Outer/Inner/Group", "Outer/Inner/Extra", "Use"]
    assert stack.resources[-1].attributes["Text"] == "cidr 0.0.0.0/0"


def test_what_is_chosen_in_the_parent_is_open_in_the_child(stacks: LoadStacks) -> None:
    root = """\
    Parameters: {Net: {Type: String, AllowedValues: [0.0.0.0/0, 10.0.0.0/8], Default: 10.0.0.0/8}}
    Conditions: {Two: !Equals [!Ref 'AWS::Region', us-east-1]}
    Resources:
      A:
        Type: AWS::CloudFormation::Stack
        Condition: Two
        Properties: {TemplateURL: net.yaml, Parameters: {Cidr: !Ref Net}}
    """
    (stack,) = load(stacks, {"root.yaml": root, "net.yaml": CHILD})
    assert stack.alternatives is not None
    assert dict(stack.alternatives.touched) == {
        "A": 'condition "Two" is true',
        "A/Group": 'condition "Two" is true',
        "A/Extra": 'condition "Two" is true and condition "A/Wide" is true',
    }
    opened = stack.alternatives.open()
    assert set(opened.uncertain) == {"A", "A/Group", "A/Extra"}
    wide, narrow = sorted(opened.split(opened.uncertain["A/Extra"]), key=lambda w: "A/Extra" not in w.uncertain)
    assert "A/Extra" in {r.address for r in wide.stack.resources}
    assert "A/Extra" not in {r.address for r in narrow.stack.resources}
    assert narrow.features['condition "A/Wide"'] == "false"


@pytest.mark.parametrize(
    ("properties", "kind", "message", "notice"),
    [
        ("{TemplateURL: 'https://s3.amazonaws.com/b/x.yaml'}", "not-evaluated", "is not local", True),
        ("{TemplateURL: 's3://b/x.yaml'}", "not-evaluated", "is not local", True),
        ("{TemplateURL: !Sub 'https://${Bucket}/x.yaml'}", "not-evaluated", "is not local", True),
        ("{TemplateURL: !Ref Bucket}", "not-evaluated", "is not local", True),
        ("{TemplateURL: missing.yaml}", "module", "missing.yaml is no template that can be read", False),
        ("{TemplateURL: ../../outside.yaml}", "module", "is no template that can be read", False),
        ("{TemplateURL: root.yaml}", "module", "root.yaml nests itself", False),
        ("{TimeoutInMinutes: 5}", "value", "has no TemplateURL", False),
        ("{TemplateURL: net.yaml}", "value", 'is not given "Cidr"', False),
        ("{TemplateURL: net.yaml, Parameters: {Cidr: x, Nope: y}}", "reference", 'has no parameter "Nope"', False),
        ("{TemplateURL: net.yaml, Parameters: {Cidr: !GetAtt S.Outputs.Text}}", "reference", "depend on itself", False),
    ],
)
def test_told(stacks: LoadStacks, properties: str, kind: str, message: str, notice: bool) -> None:
    root = (
        "Parameters: {Bucket: {Type: String}}\n"
        f"Resources:\n  S: {{Type: AWS::CloudFormation::Stack, Properties: {properties}}}\n"
    )
    found = load(stacks, {"root.yaml": root, "net.yaml": CHILD})
    (problem,) = next(s for s in found if s.name == "root.yaml").problems
    assert (problem.kind, problem.notice) == (kind, notice)
    assert message in problem.message


def test_an_output_that_is_not_there(stacks: LoadStacks) -> None:
    root = """\
    Resources:
      S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: net.yaml, Parameters: {Cidr: x}}}
      U: {Type: AWS::A::B, Properties: {V: !GetAtt S.Outputs.Nope}}
    """
    (stack,) = load(stacks, {"root.yaml": root, "net.yaml": CHILD})
    assert [p.message for p in stack.problems] == ['nested stack "S" has no output "Nope"']


def test_outputs_in_a_circle(stacks: LoadStacks) -> None:
    child = "Parameters: {P: {Type: String}}\nResources: {}\nOutputs: {O: {Value: !Ref P}}\n"
    root = """\
    Resources:
      A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml, Parameters: {P: !GetAtt B.Outputs.O}}}
      B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml, Parameters: {P: !GetAtt A.Outputs.O}}}
    """
    (stack,) = load(stacks, {"root.yaml": root, "c.yaml": child})
    assert [p.message for p in stack.problems] == ['the parameters of nested stack "B" depend on itself']


def nest(path: str) -> str:
    return f"Resources:\n  S: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {path}}}}}\n"


def test_templates_that_nest_each_other_are_judged_and_told(stacks: LoadStacks) -> None:
    found = load(stacks, {"a.yaml": nest("b.yaml"), "b.yaml": nest("a.yaml"), "c.yaml": nest("c.yaml")})
    assert [s.name for s in found] == ["a.yaml", "c.yaml"]
    assert [p.message for s in found for p in s.problems] == [
        'nested stack "S": a.yaml nests itself',
        'nested stack "S": c.yaml nests itself',
    ]


def test_a_template_is_judged_alone_where_nothing_surely_nests_it(stacks: LoadStacks) -> None:
    never = """\
    Conditions: {No: !Equals [a, b]}
    Resources:
      # S: {TemplateURL: comment.yaml}
      S: {Type: AWS::CloudFormation::Stack, Condition: No, Properties: {TemplateURL: net.yaml}}
    """
    files = {"a.yaml": never, "net.yaml": CHILD, "comment.yaml": CHILD}
    assert [s.name for s in load(stacks, files)] == ["a.yaml", "comment.yaml", "net.yaml"]


def test_what_is_wrong_in_a_nested_template_is_told_once(stacks: LoadStacks) -> None:
    child = "Resources:\n  R: {Type: AWS::A::B, Properties: {V: !Ref Nope}}\n  R: {Type: AWS::A::B}\n"
    root = nest("c.yaml") + "  T: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: c.yaml}}\n"
    (stack,) = load(stacks, {"root.yaml": root, "c.yaml": child})
    assert [(p.span.file, p.kind) for p in stack.problems] == [("c.yaml", "syntax")]
