"""Which accounts of a resource policy are others."""

from __future__ import annotations

import pytest

from iacguard.model import Reference, Unknown, Value
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import truth

CALLER = Unknown(
    "read when planning", "data", reference=Reference("data.aws_caller_identity.me", "account_id"), present=True
)
OTHER = Unknown("read when planning", "data", reference=Reference("data.aws_organizations_organization.o", "id"))


def run(data: Value) -> Value:
    return compile_expression("foreign_accounts(s, all)").evaluate(data, Context())


def text(*parts: str | Unknown) -> Unknown:
    return Unknown("not known", "expression", parts=parts)


def allow(*identifiers: Value, **changes: Value) -> dict[str, Value]:
    names = ("not_actions", "not_resources", "not_principals", "conditions")
    principals = [{"type": "AWS", "identifier": i} for i in identifiers]
    made = {"effect": "Allow", "actions": ["sqs:*"], "resources": ["*"], "principals": principals}
    return made | {name: [] for name in names} | changes


A, B = "111111111111", "arn:aws:iam::222222222222:role/app"


@pytest.mark.parametrize(
    ("statement", "others", "expected"),
    [
        (allow(B), [allow(text("arn:aws:iam::", CALLER, ":root"))], ["222222222222"]),
        (allow(B, CALLER), [], ["222222222222"]),
        (allow(A, B, resources=["arn:aws:sqs:eu-west-1:111111111111:q"]), [], ["222222222222"]),
        (allow(A, resources=[text("arn:aws:sqs:eu-west-1:", CALLER, ":q")]), [], ["111111111111"]),
        (allow(B), [allow(f"arn:aws:iam::{A}:root", actions=["kms:*"])], ["222222222222"]),
        (allow(B), [allow("arn:aws:iam::222222222222:root", actions=["kms:*"])], []),
        (allow("*"), [allow(CALLER)], []),
        (allow(B, effect="Deny"), [allow(CALLER)], []),
        (allow(text("arn:aws:iam::", OTHER, ":root")), [allow(CALLER)], []),
        (allow(text("arn:aws:iam::333333333333:role/", OTHER)), [allow(CALLER)], ["333333333333"]),
        (allow(B, principals=[{"type": "Service", "identifier": "333333333333"}]), [allow(CALLER)], []),
    ],
)
def test_foreign_accounts(statement: Value, others: list[Value], expected: list[str]) -> None:
    assert run({"s": statement, "all": [statement, *others]}) == expected


def test_a_policy_that_does_not_tell_its_own_account() -> None:
    assert truth(run({"s": allow(B), "all": [allow(B)]})) is None
    assert truth(run({"s": OTHER, "all": [OTHER]})) is None
