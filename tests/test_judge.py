"""Every case that conditions and parameters allow, against brute force over all assignments."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import yaml

from iacguard.findings import Problem
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs
from iacguard.judge import judge
from iacguard.normalise import normalise
from iacguard.policy import Decision, Pack, load_pack
from iacguard.source import SourceFile
from tests.frontends.conftest import NoFiles

RULES = (
    "aws-ec2-volume-unencrypted",
    "aws-ec2-security-group-open-ssh",
    "aws-s3-bucket-insecure-transport",
    "aws-s3-bucket-public-acl",
)
Assignment = Mapping[str, str]
Pair = tuple[str, str]


@cache
def pack(rules: tuple[str, ...] = RULES) -> Pack:
    return load_pack(()).select(rules, (), ())


def judged(
    text: str, given: Assignment, notices: bool = False, rules: tuple[str, ...] = RULES
) -> tuple[list[Decision], list[Problem]]:
    """The decisions on one template, and its problems; of the notices only if asked for."""
    (task,) = FRONTENDS["cloudformation"](
        [SourceFile("t.yaml", text.encode())], NoFiles(), Inputs(parameters=dict(given))
    )
    stack = task.evaluate()
    graph, problems = normalise(stack)
    found = list(judge(pack(rules), stack, graph))
    wrong = [*stack.problems, *problems, *(d for d in found if isinstance(d, Problem))]
    return [d for d in found if isinstance(d, Decision)], [p for p in wrong if notices or not p.notice]


# --- templates ------------------------------------------------------------------------------------------------------


@dataclass
class Drawn:
    """A template and what its deployer may choose."""

    parameters: dict[str, dict[str, Any]]
    conditions: dict[str, Any]
    resources: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        whole = {"Parameters": self.parameters, "Conditions": self.conditions, "Resources": self.resources}
        return yaml.safe_dump(whole, sort_keys=False)

    def assignments(self) -> Iterator[dict[str, str]]:
        for values in itertools.product(*(p["AllowedValues"] for p in self.parameters.values())):
            yield dict(zip(self.parameters, values, strict=True))

    def is_default(self, assignment: Assignment) -> bool:
        return all(p.get("Default", assignment[n]) == assignment[n] for n, p in self.parameters.items())

    def truth(self, expression: Any, assignment: Assignment) -> bool:
        """What a condition is, worked out apart from the code that is tested."""
        ((name, argument),) = expression.items()
        if name == "Condition":
            return self.truth(self.conditions[argument], assignment)
        if name == "Fn::Not":
            return not self.truth(argument[0], assignment)
        if name == "Fn::Equals":
            left, right = (assignment[a["Ref"]] if isinstance(a, dict) else a for a in argument)
            return bool(left == right)
        answers = [self.truth(a, assignment) for a in argument]
        return all(answers) if name == "Fn::And" else any(answers)


VALUES = ("dev", "test", "prod")


def drawn(seed: int) -> Drawn:
    dice = random.Random(seed)
    parameters: dict[str, dict[str, Any]] = {}
    for name in ("A", "B", "C")[: dice.randint(1, 3)]:
        values = list(VALUES[: dice.randint(2, 3)])
        parameters[name] = {"Type": "String", "AllowedValues": values}
        if dice.random() < 0.5:
            parameters[name]["Default"] = dice.choice(values)
    parameters["Flag"] = {"Type": "String", "AllowedValues": ["true", "false"]}
    if dice.random() < 0.5:
        parameters["Flag"]["Default"] = dice.choice(["true", "false"])
    template = Drawn(parameters, {})
    for index in range(dice.randint(1, 4)):
        template.conditions[f"Is{index}"] = _condition(dice, template, index, 0)
    names = list(template.conditions)
    _volumes(dice, template.resources, names)
    _groups(dice, template.resources, names)
    _buckets(dice, template.resources, names)
    return template


def _condition(dice: random.Random, template: Drawn, index: int, depth: int) -> Any:
    kind = dice.choice(["equals", "equals", "not", "and", "or", "name"]) if depth < 2 else "equals"
    if kind == "name" and index:
        return {"Condition": f"Is{dice.randrange(index)}"}
    if kind == "not":
        return {"Fn::Not": [_condition(dice, template, index, depth + 1)]}
    if kind in ("and", "or"):
        both = [_condition(dice, template, index, depth + 1) for _ in range(2)]
        return {"Fn::And" if kind == "and" else "Fn::Or": both}
    name = dice.choice([n for n in template.parameters if n != "Flag"])
    sides: list[Any] = [{"Ref": name}, dice.choice(template.parameters[name]["AllowedValues"])]
    return {"Fn::Equals": sides if dice.random() < 0.8 else sides[::-1]}


def _if(dice: random.Random, names: list[str], leaves: list[Any], depth: int = 0) -> Any:
    if depth > 1 or dice.random() < 0.3:
        return dice.choice(leaves)
    return {"Fn::If": [dice.choice(names), *(_if(dice, names, leaves, depth + 1) for _ in range(2))]}


NOTHING = {"Ref": "AWS::NoValue"}


def _resource(dice: random.Random, names: list[str], type_: str, properties: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Type": type_}
    if dice.random() < 0.5:
        made["Condition"] = dice.choice(names)
    return {**made, "Properties": properties}


def _volumes(dice: random.Random, resources: dict[str, Any], names: list[str]) -> None:
    for index in range(2):
        encrypted = _if(dice, names, ["true", "false", NOTHING, {"Ref": "Flag"}])
        properties = {"Size": 1, "AvailabilityZone": "x", "Encrypted": encrypted}
        resources[f"Volume{index}"] = _resource(dice, names, "AWS::EC2::Volume", properties)


def _groups(dice: random.Random, resources: dict[str, Any], names: list[str]) -> None:
    def rule() -> dict[str, Any]:
        sources = ["0.0.0.0/0", "10.0.0.0/8", {"Fn::FindInMap": ["Nets", {"Ref": "A"}, "x", {"DefaultValue": "::/0"}]}]
        source = _if(dice, names, sources[: dice.randint(2, 2)])
        return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": _if(dice, names, [22, 23]), "CidrIp": source}

    for index in range(2):
        rules = [_if(dice, names, [rule(), NOTHING]) for _ in range(dice.randint(1, 2))]
        properties = {"GroupDescription": "x", "VpcId": "v", "SecurityGroupIngress": rules}
        resources[f"Group{index}"] = _resource(dice, names, "AWS::EC2::SecurityGroup", properties)


def _buckets(dice: random.Random, resources: dict[str, Any], names: list[str]) -> None:
    """A bucket that a policy, which may not be there, and its ACL decide about."""
    acl = _if(dice, names, ["PublicRead", "Private"])
    resources["Bucket"] = _resource(dice, names, "AWS::S3::Bucket", {"AccessControl": acl})
    arn = {"Fn::Sub": "${Bucket}/*"}
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, arn],
        "Condition": {"Bool": {"aws:SecureTransport": _if(dice, names, ["false", "true"])}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document}
    resources["Policy"] = _resource(dice, names, "AWS::S3::BucketPolicy", policy)


# --- the test -------------------------------------------------------------------------------------------------------


def holds(when: str, template: Drawn, assignment: Assignment) -> bool:
    """Whether an assignment is one of those that a finding's words speak of."""
    return not when or all(_any(part, template, assignment) for part in when.split(", and "))


def _any(text: str, template: Drawn, assignment: Assignment) -> bool:
    *cases, last = text.split(", or ")
    if re.fullmatch(r"in \d+ other cases?", last):  # said to be short of some
        return True
    return any(all(_part(p, template, assignment) for p in case.split(" and ")) for case in (*cases, last))


def _part(text: str, template: Drawn, assignment: Assignment) -> bool:
    match = re.fullmatch(r'(condition|parameter) "(\w+)" is (.+)', text)
    assert match, text
    if match[1] == "condition":
        return template.truth(template.conditions[match[2]], assignment) is (match[3] == "true")
    return f'"{assignment[match[2]]}"' in match[3].split(" or ")


def brute_force(template: Drawn) -> tuple[dict[Pair, list[Assignment]], dict[str, list[Assignment]]]:
    """The assignments in which each pair is violated, and in which each resource exists."""
    violated: dict[Pair, list[Assignment]] = {}
    existing: dict[str, list[Assignment]] = {}
    for assignment in template.assignments():
        decisions, problems = judged(template.text, assignment)
        assert problems == []
        assert {d.verdict for d in decisions} <= {"violated", "satisfied"}
        for decision in decisions:
            if decision.verdict == "violated":
                cases = violated.setdefault((decision.rule.id, decision.resource.address), [])
                if assignment not in cases:
                    cases.append(assignment)
        for name, resource in template.resources.items():
            condition = resource.get("Condition")
            if condition is None or template.truth({"Condition": condition}, assignment):
                existing.setdefault(name, []).append(assignment)
    return violated, existing


@pytest.mark.parametrize("seed", range(60))
def test_against_brute_force(seed: int) -> None:
    template = drawn(seed)
    violated, existing = brute_force(template)
    decisions, problems = judged(template.text, {})
    assert problems == []
    found: dict[Pair, list[Decision]] = {}
    for decision in decisions:
        if decision.verdict != "satisfied":
            found.setdefault((decision.rule.id, decision.resource.address), []).append(decision)
    assert set(found) == set(violated)
    for pair, cases in violated.items():
        here = [a for a in existing[pair[1]] if template.is_default(a)]
        expected = "violated" if here and all(a in cases for a in here) else "undecided"
        verdicts = {d.verdict for d in found[pair]}
        assert ("violated" in verdicts) == (expected == "violated"), pair
        for assignment in existing[pair[1]]:
            said = any(holds(d.when, template, assignment) for d in found[pair])
            words = [d.when for d in found[pair]]
            if any(re.search(r"other cases?$", text) for text in words):  # they are said to be short of some
                assert said or assignment not in cases
            else:
                assert said == (assignment in cases), (pair, assignment, words)
