"""The law of unknowns for what adds statements and rules up: no value of an unknown contradicts an answer given."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from iacguard.model import FixedPlace, Graph, Resource, Span, Unknown
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import truth

ACTIONS = ("*", "s3:*", "s3:GetObject", "s3:DeletObject", "iam:*", "iam:Get*", "s3:DeleteBucket")
ARNS = ("*", "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:iam::*:*", "arn:aws:sns:*:*:t")
PRINCIPALS = ("222222222222", "arn:aws:iam::111111111111:root", "*", "arn:aws:iam::222222222222:role/a")
SOURCES = ("64.0.0.0/2", "0.0.0.0/2", "10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32")


class Hole:
    """What is not known, and what it may turn out to be."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices


class Maker:
    """Random statements and rules with holes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, choices: Sequence[str]) -> list[Any]:
        r = self.random
        return [r.choice(choices) if r.random() < 0.8 else Hole(choices) for _ in range(r.randint(0, 2))]

    def statement(self) -> dict[str, Any]:
        r = self.random
        inverted = r.random() < 0.3
        condition = {
            "operator": r.choice(["StringEquals", "StringLike", Hole(["StringEquals", "StringLike"])]),
            "key": "aws:PrincipalTag/x",
            "values": self.some(("b*", "b", "${*}")),
        }
        return {
            "effect": r.choice(["Allow", "Allow", "Deny", Hole(["Allow", "Deny"])]),
            "actions": [] if inverted else self.some(ACTIONS),
            "not_actions": self.some(("iam:*", "s3:*")) if inverted else [],
            "resources": self.some(ARNS),
            "not_resources": [],
            "principals": [{"type": "AWS", "identifier": p} for p in self.some(PRINCIPALS)],
            "not_principals": [],
            "conditions": [condition] if r.random() < 0.3 else [],
        }

    def rule(self) -> dict[str, Any]:
        r = self.random
        low, high = r.choice([22, 0]), r.choice([22, 65535])
        ends = {"from_port": low, "to_port": high, "protocol": r.choice(["tcp", "all"])}
        return {"sources": self.some(SOURCES), "action": "allow", **ends}


def fill(value: Any, hole: Callable[[Hole], Any]) -> Any:
    if isinstance(value, Hole):
        return hole(value)
    if isinstance(value, list):
        return [fill(v, hole) for v in value]
    return {k: fill(v, hole) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    "expression",
    ["administrator_together(all)", "dead_denials(s)", "foreign_accounts(s, all)", "open_together(rule, rules)"],
)
def test_no_value_of_an_unknown_contradicts_an_answer(expression: str) -> None:
    made = Maker(7)
    role = Resource("r", "aws_iam_role", "", "terraform", {}, FixedPlace(Span("main.tf", 1, 1, 1, 2)), "r")
    context, compiled = Context(resource=role, graph=Graph.of((role,), ())), compile_expression(expression)
    decided = 0
    for _ in range(400):
        statement, rule = made.statement(), made.rule()
        data = {"s": statement, "all": [statement, *(made.statement() for _ in range(made.random.randint(0, 2)))]}
        data |= {"rule": rule, "rules": [rule, made.rule(), made.rule()]}
        answer = truth(compiled.evaluate(fill(data, lambda _: Unknown("v", "variable")), context))
        for _ in range(4 if answer is not None else 0):
            values: dict[int, str] = {}
            known = fill(data, lambda h: values.setdefault(id(h), made.random.choice(h.choices)))  # noqa: B023
            found = truth(compiled.evaluate(known, context))
            assert found in (answer, None), known
            decided += 1
    assert decided > 400
