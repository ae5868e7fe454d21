"""What several IAM statements allow together, and what a denial never denies."""

from __future__ import annotations

import pytest

from iacguard.model import FixedPlace, Graph, Reference, Resource, Span, Unknown, Value
from iacguard.policy.functions.iam import matcher, pattern_matches
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import truth

U = Unknown("variable", "variable")
LOOKED_UP = Unknown("read when planning", "data", present=True)
MANY = Unknown("variable", "variable", spread=True)
BUCKET = Unknown("after apply", "computed", reference=Reference("aws_s3_bucket.b", "arn"), present=True)
NAME = Unknown("after apply", "computed", reference=Reference("module.a.aws_s3_bucket.b[0]", "id"), present=True)


def run(expression: str, data: Value, context: Context | None = None) -> Value:
    return compile_expression(expression).evaluate(data, context or Context())


def allow(**changes: Value) -> dict[str, Value]:
    names = ("actions", "not_actions", "resources", "not_resources", "principals", "not_principals", "conditions")
    return {"effect": "Allow", **{name: [] for name in names}} | changes


def text(*parts: str | Unknown) -> Unknown:
    return Unknown("not known", "expression", parts=parts)


MOST = allow(not_actions=["iam:*"], resources=["*"])
IAM = allow(actions=["iam:*"], resources=["*"])
TAGGED = [{"operator": "StringEquals", "key": "aws:ResourceTag/a", "values": ["b"]}]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([MOST, IAM], True),
        ([MOST, allow(actions=["IAM:*"], resources=["arn:aws:*:*:*:*"])], True),
        ([MOST, allow(actions=["iam:Get*", "iam:List*"], resources=["*"])], False),
        ([MOST, allow(actions=[f"iam:{c}*" for c in "abcdefghijklmnopqrstuvwxyz"], resources=["*"])], True),
        ([MOST, allow(actions=["iam:*"], resources=["arn:aws:iam::*:role/app/*"])], False),
        ([MOST, allow(actions=["iam:*"], resources=["*"], conditions=TAGGED)], False),
        ([MOST, allow(effect="Deny", actions=["iam:*"], resources=["*"])], False),
        ([MOST, allow(not_actions=["s3:*", "ec2:*"], resources=["*"])], True),
        ([MOST, allow(not_actions=["i*"], resources=["*"])], False),
        ([MOST], False),
        ([allow(actions=["s3:*"], resources=["*"]), IAM], False),
        ([allow(actions=[f"{c}*" for c in "abcdefghijklm"], resources=["*"]), IAM], False),
        (
            [
                allow(actions=["*"], not_resources=["arn:aws:s3:::logs/*"]),
                allow(actions=["*"], resources=["arn:aws:s3:::logs*"]),
            ],
            True,
        ),
        (
            [
                allow(actions=["*"], not_resources=["arn:aws:s3:::logs/*"]),
                allow(actions=["*"], resources=["arn:aws:s3:::logs"]),
            ],
            False,
        ),
        (
            [
                allow(actions=["*"], not_resources=["arn:aws:s3:::logs/*"]),
                allow(actions=["s3:*"], resources=["arn:aws:s3:::logs/*"]),
            ],
            False,
        ),
        ([MOST, allow(actions=[U], resources=["*"])], None),
        ([MOST, allow(actions=[text("s3:", U)], resources=["*"])], False),
        ([MOST, allow(actions=["iam:*"], resources=[U])], None),
        ([MOST, allow(actions=["iam:*"], resources=["*"], conditions=U)], None),
        ([MOST, allow(actions=["iam:*"], resources=["arn:aws:iam::*:*"])], True),
        ([MOST, allow(actions=["iam:*"], resources=[text("arn:", LOOKED_UP, ":iam::", LOOKED_UP, ":*")])], True),
        ([MOST, allow(actions=["iam:*"], resources=["arn:aws:iam::*:role/*"])], False),
        ([MOST, allow(actions=["iam:*", "s3:*"], resources=["arn:aws:iam::*:*"])], False),
        ([MOST, MANY], None),
        ([MOST, IAM, MANY], True),
        ([allow(actions=["s3:*"], resources=["*"]), allow(actions=[U], resources=["arn:aws:s3:::b"])], False),
        ([allow(not_actions=[U], resources=["*"]), IAM], None),
        ([], False),
    ],
)
def test_administrator_together(statements: list[Value], expected: bool | None) -> None:
    assert truth(run("administrator_together(s)", {"s": statements})) is expected


def made(type_: str, address: str, **attributes: Value) -> Resource:
    place = FixedPlace(Span("main.tf", 1, 1, 1, 2))
    return Resource(address, type_, type_, "terraform", attributes, place, address)


BUCKETS = (made("aws_s3_bucket", "aws_s3_bucket.b"), made("aws_s3_bucket", "module.a.aws_s3_bucket.b[0]"))
AMONG_BUCKETS = Context(resource=BUCKETS[0], graph=Graph.of(BUCKETS, ()))


def deny(actions: Value, *resources: Value, **changes: Value) -> dict[str, Value]:
    return allow(effect="Deny", actions=actions, resources=list(resources), **changes)


def stars(operator: str, *values: Value) -> list[Value]:
    return [{"operator": operator, "key": "aws:PrincipalArn", "values": list(values)}]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (deny(["s3:DeletObject", "s3:DeleteObject"], "*"), ["s3:DeletObject"]),
        (deny(["s3:Delete*", "nosuch:Thing", "*"], "*"), []),
        (deny(["s3:DeleteObject"], "arn:aws:s3:::data"), ["s3:DeleteObject"]),
        (deny(["s3:DeleteObject"], "arn:aws:s3:::data", "arn:aws:s3:::data/*"), []),
        (deny(["s3:DeleteObject"], "arn:aws:s3:::data*"), []),
        (
            deny(["s3:DeleteBucket", "s3:PutBucketPolicy"], "arn:aws:s3:::data/*"),
            ["s3:DeleteBucket", "s3:PutBucketPolicy"],
        ),
        (deny(["s3:DeleteBucket"], "arn:aws:s3:::*"), []),
        (deny(["s3:Delete*"], "arn:aws:s3:::data"), []),
        (deny(["s3:PutEncryptionConfiguration"], "arn:aws:s3:::data/*"), ["s3:PutEncryptionConfiguration"]),
        (deny(["s3:PutStorageLensConfiguration"], "arn:aws:s3:::data/*"), []),
        (deny(["s3:ObjectOwnerOverrideToBucketOwner"], "arn:aws:s3:::data/*"), []),
        (deny(["s3:GetObject"], "arn:aws:s3:eu-west-1:123456789012:accesspoint/a"), []),
        (deny(["s3:GetObject"], BUCKET), ["s3:GetObject"]),
        (deny(["s3:GetObject"], text(BUCKET, "/*")), []),
        (deny(["s3:ListBucket"], text(BUCKET, "/*")), ["s3:ListBucket"]),
        (deny(["s3:GetObject"], text("arn:aws:s3:::", NAME)), ["s3:GetObject"]),
        (deny(["s3:GetObject"], text("arn:", U, ":s3:::", NAME, "/*")), []),
        (deny(["sqs:SendMessage"], "arn:aws:sns:eu-west-1:123456789012:t"), ["sqs:SendMessage"]),
        (deny(["ssm:SendCommand"], "arn:aws:ec2:*:*:instance/*"), []),
        (deny(["iam:*"], "arn:aws:iam::123456789012:role/a"), []),
        (deny(["iam:*"], "*", conditions=stars("StringEquals", "arn:aws:iam::*:role/a")), ["iam:*"]),
        (deny(["iam:*"], "*", conditions=stars("StringEquals", "arn:aws:iam::*:role/a", "x")), []),
        (deny(["iam:*"], "*", conditions=stars("StringLike", "arn:aws:iam::*:role/a")), []),
        (deny(["iam:*"], "*", conditions=stars("StringNotEquals", "arn:aws:iam::*:role/a")), []),
        (deny(["iam:*"], "*", conditions=stars("StringEquals", "${*}")), []),
        (allow(actions=["s3:DeletObject"], resources=["*"]), []),
        (allow(effect="Deny", not_actions=["s3:GetObject"], resources=["arn:aws:s3:::data"]), []),
        (allow(effect="Deny", actions=["s3:GetObject"], not_resources=["arn:aws:s3:::data"]), []),
    ],
)
def test_dead_denials(statement: Value, expected: list[str]) -> None:
    assert run("dead_denials(@)", statement, AMONG_BUCKETS) == expected


@pytest.mark.parametrize("resource", [U, text("arn:aws:s3:::", U), text("arn:aws:", U, ":::data")])
def test_dead_denials_of_resources_that_are_not_known(resource: Value) -> None:
    assert truth(run("dead_denials(@)", deny(["s3:GetObject"], resource), AMONG_BUCKETS)) is None
    assert truth(run("dead_denials(@)", deny(U, resource), AMONG_BUCKETS)) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"effect": U}, None),
        ({"conditions": [{"operator": U, "key": "aws:PrincipalTag/a", "values": ["b*"]}]}, None),
        ({"conditions": [{"operator": "StringEquals", "key": "aws:PrincipalTag/a", "values": [U]}]}, None),
        ({"conditions": [{"operator": "StringEquals", "key": "aws:PrincipalTag/a", "values": [LOOKED_UP]}]}, False),
        ({"conditions": [{"operator": "StringEquals", "key": "aws:PrincipalTag/a", "values": [text(U, "*")]}]}, True),
        ({"conditions": [MANY]}, None),
        ({"actions": ["iam:Get*", U]}, None),
        ({"actions": [U, "iam:GetRol"]}, True),
    ],
)
def test_dead_denials_that_are_not_known(changes: dict[str, Value], expected: bool | None) -> None:
    statement = deny(["iam:*"], "*") | ({"conditions": stars("StringEquals", "b*")} if "effect" in changes else {})
    assert truth(run("dead_denials(@)", statement | changes, AMONG_BUCKETS)) is expected


TYPE = "aws_iam_openid_connect_provider"
ISSUER = Unknown("after apply", "computed", reference=Reference("aws_eks_cluster.c", "identity[0].oidc[0].issuer"))
PROVIDERS = (
    made(TYPE, 'aws_iam_openid_connect_provider.ci["a"]', url="https://GitLab.com/"),
    made(TYPE, "aws_iam_openid_connect_provider.eks", url=ISSUER),
)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("arn:aws:iam::123456789012:oidc-provider/gitlab.com", "gitlab.com"),
        ("accounts.google.com", "accounts.google.com"),
        ("arn:aws:iam::123456789012:saml-provider/idp", None),
        (text("arn:aws:iam::", U, ":oidc-provider/app.terraform.io"), "app.terraform.io"),
        (Unknown("x", "computed", reference=Reference("aws_iam_openid_connect_provider.ci", "arn")), "gitlab.com"),
    ],
)
def test_token_issuer(identifier: Value, expected: str | None) -> None:
    context = Context(resource=PROVIDERS[0], graph=Graph.of(PROVIDERS, ()))
    assert run("token_issuer(@)", {"type": "Federated", "identifier": identifier}, context) == expected
    assert run("token_issuer(@)", {"type": "AWS", "identifier": identifier}, context) is None


def test_token_issuer_of_a_cluster() -> None:
    context = Context(resource=PROVIDERS[0], graph=Graph.of(PROVIDERS, ()))
    reference = Unknown("x", "computed", reference=Reference("aws_iam_openid_connect_provider.eks", "arn"))
    principal = {"type": "Federated", "identifier": reference}
    assert truth(run("starts_with(token_issuer(@), 'oidc.eks.')", principal, context)) is True
    assert truth(run("token_issuer(@) == 'gitlab.com'", principal, context)) is False
    principal["identifier"] = U
    assert truth(run("token_issuer(@) == 'gitlab.com'", principal, context)) is None


def test_target_of() -> None:
    bucket = made("aws_s3_bucket", "Data", acl="private")
    context = Context(resource=bucket, graph=Graph.of((bucket, *BUCKETS), ()))
    arn = Unknown("x", "computed", reference=Reference("Data", "Arn"), present=True)
    assert run("target_of(@).acl", arn, context) == "private"
    assert run("target_of(@)", Unknown("x", "computed", reference=Reference("Other", "Arn")), context) is None
    assert run("target_of(@)", "arn:aws:s3:::data", context) is None
    assert truth(run("target_of(@).acl == 'private'", U, context)) is None


@pytest.mark.parametrize("arns", [U, None, "arn:aws:iam::aws:policy/ReadOnlyAccess", [U, MANY]])
def test_attachments_that_are_not_known_are_no_trouble(arns: Value) -> None:
    """A template may choose a role's policies by a condition: the whole list is then unknown."""
    place = FixedPlace(Span("t.yaml", 1, 1, 1, 2))
    role = Resource("R", "aws_iam_role", "aws_iam_role", "terraform", {"managed_policy_arns": arns}, place, "R")
    found = run("attached_policies()", role.attributes, Context(role, Graph.of((role,), ())))
    assert isinstance(found, list | Unknown)
    assert all(isinstance(item, Unknown) for item in found) if isinstance(found, list) else found.spread


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("iam:passrole", "iam:PassRole", True),
        ("IAM:PassRole", "iam:PassRole", True),
        ("iam:PassRole", "iam:PassRoles", False),
        ("iam:pass*", "iam:PassRole", True),
        ("iam:?assRole", "iam:PassRole", True),
        ("iam:pass*", "iam:GetRole", False),
    ],
)
def test_patterns_with_and_without_wildcards(pattern: str, action: str, expected: bool) -> None:
    assert bool(matcher(pattern)(action)) is expected
    assert pattern_matches(pattern, action) is expected
