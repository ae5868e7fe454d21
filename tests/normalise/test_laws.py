"""What holds for any input: nothing raises, nothing of the front end's changes, the cost is linear."""

from __future__ import annotations

import copy
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iacguard.frontends.contract import Stack
from iacguard.model import REST, Edge, Encoded, FixedPlace, Format, Reference, Resource, Span, Unknown
from iacguard.normalise import normalise
from iacguard.normalise.firewall import TYPES
from iacguard.normalise.tables import load
from iacguard.normalise.vocabulary import cloudformation_types, folds
from iacguard.normalise.workload import POD_TEMPLATES

PLACE = FixedPlace(Span("main", 1, 1, 1, 2))
TERRAFORM = sorted(
    {f.child for f in folds()}
    | {f.parent for f in folds()} - {"*"}
    | set(load("documents"))
    | set(TYPES)
    | {"google_storage_bucket_iam_member", "google_project_iam_policy", "google_project_iam_binding", "aws_alb"}
)
NATIVE = sorted(cloudformation_types())
KUBERNETES = sorted({*POD_TEMPLATES, "RoleBinding", "ClusterRoleBinding", "Role", "ClusterRole"})

unknowns = st.builds(
    Unknown,
    st.just("not known"),
    st.sampled_from(["variable", "data", "computed", "condition", "expression", "error"]),
    parts=st.sampled_from([(), ("arn:", Unknown("x")), ('{"Statement": ', Unknown("y"), "}")]),
    choices=st.sampled_from(
        [(), (True, False), ("a", {"b": 1}), (Unknown("z", reference=Reference("x.0", "id")), [1])]
    ),
    reference=st.sampled_from([None, Reference("x.0", "arn"), Reference("x.1", ""), Reference("gone", "id")]),
    spread=st.booleans(),
    present=st.booleans(),
)
texts = st.sampled_from(
    [
        "",
        "*",
        "true",
        "22",
        "-1",
        "1-2",
        "tcp",
        "0.0.0.0",
        "::/0",
        "x.0",
        "Allow",
        "Inbound",
        "EGRESS",
        "{",
        "[]",
        '{"Statement": {}}',
        '{"Statement": [{"Effect": "Allow", "Action": ["*"]}]}',
        "Enabled",
        "/dev/xvda",
        "\ue0f00\ue0f1",
        "\ud800",
    ]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-2, 70000), st.floats(), texts, unknowns)
words = st.sampled_from(
    [
        "Statement",
        "Effect",
        "Action",
        "Principal",
        "Condition",
        "Key",
        "Value",
        "Status",
        "Rules",
        "name",
        "kind",
        "containers",
        "securityContext",
        "windowsOptions",
        "template",
        "spec",
        "jobTemplate",
        "roleRef",
        "Ebs",
        "DeviceName",
        "ports",
        "protocol",
        REST,
    ]
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4), st.builds(Encoded, inner)
    ),
    max_leaves=12,
)


def _names(type_: str) -> list[str]:
    """Attribute names that the tables look at for this type, and a few that they do not."""
    found = {
        "other",
        REST,
        "name",
        "spec",
        "template",
        "roleRef",
        "rules",
        "type",
        "direction",
        "security_rule",
        "ingress",
        "match",
    }
    for fold in folds():
        if fold.child == type_:
            found.update(fold.references)
            found.update(str(t.source[0]) for t in fold.targets if t.source)
        if fold.parent == type_:
            found.update(t.name for t in fold.targets)
    entry = load("documents").get(type_, "")
    found.update(w.lstrip("~").partition("[")[0] for w in entry.split())
    if "::" in type_:
        found.update(
            k.split(".")[0] for k in load(f"cloudformation/{type_.split('::')[1].lower()}")[type_] if k[0].isupper()
        )
    found.update(
        (
            "allow",
            "from_port",
            "protocol",
            "cidr_blocks",
            "start_ip_address",
            "end_ip_address",
            "destination_port_range",
        )
    )
    found.update(("container_definitions", "policy_data", "action", "principal", "member", "role"))
    return sorted(found)


@st.composite
def stacks(draw: Any, format_: Format, types: list[str]) -> Stack:
    resources = []
    for index, type_ in enumerate(draw(st.lists(st.sampled_from(types), min_size=1, max_size=4))):
        attributes = draw(st.dictionaries(st.sampled_from(_names(type_)), values, max_size=5))
        resources.append(Resource(f"x.{index}", type_, type_, format_, attributes, PLACE, f"x.{index}"))
    edge = st.builds(
        Edge,
        st.sampled_from(["x.0", "x.1"]),
        st.sampled_from(["x.0", "x.1", "gone"]),
        st.sampled_from(["", "bucket", "a.b"]),
    )
    return Stack("", format_, tuple(resources), tuple(draw(st.lists(edge, max_size=2))))


any_stack = st.one_of(
    stacks("terraform", TERRAFORM), stacks("cloudformation", NATIVE), stacks("kubernetes", KUBERNETES)
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_stack)
def test_nothing_raises_and_nothing_changes(stack: Stack) -> None:
    before = copy.deepcopy([r.attributes for r in stack.resources])
    graph, _ = normalise(stack)
    assert repr([r.attributes for r in stack.resources]) == repr(before)
    assert [r.address for r in graph.resources] == [r.address for r in stack.resources]
    for resource in graph.resources:
        for path in list(resource.origins):
            assert resource.locate((*path, "child")).span == PLACE.span


def test_twice_is_the_same() -> None:
    stack = _large(40)
    assert repr(normalise(stack)) == repr(normalise(stack))


def _large(count: int) -> Stack:
    policy = {"Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*", "Principal": {"AWS": "*"}}]}
    resources = []
    for i in range(count // 4):
        for type_, attributes in (
            ("aws_s3_bucket", {"bucket": f"b{i}"}),
            ("aws_s3_bucket_versioning", {"bucket": f"b{i}", "versioning_configuration": [{"status": "Enabled"}]}),
            ("aws_s3_bucket_policy", {"bucket": f"b{i}", "policy": policy}),
            (
                "aws_security_group",
                {"ingress": [{"protocol": "tcp", "from_port": 1, "to_port": 2, "cidr_blocks": ["10.0.0.0/8"]}]},
            ),
        ):
            address = f"{type_}.{i}"
            resources.append(Resource(address, type_, type_, "terraform", attributes, PLACE, address))
    return Stack("", "terraform", tuple(resources))


def test_the_cost_is_linear() -> None:
    def seconds(count: int) -> float:
        stack = _large(count)
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            normalise(stack)
            best = min(best, time.process_time() - start)
        return best

    seconds(40)
    small, large = seconds(400), seconds(4000)
    assert large < small * 40  # ten times the input; a quadratic step would cost a hundred times as much
    assert small < 0.5


def test_deep_values_end() -> None:
    deep: Any = "x"
    for _ in range(3000):
        deep = {"A": [deep]}
    written = Resource(
        "X",
        "AWS::S3::Bucket",
        "AWS::S3::Bucket",
        "cloudformation",
        {"Metadata": deep, "PolicyDocument": deep},
        PLACE,
        "X",
    )
    graph, _ = normalise(Stack("", "cloudformation", (written,)))
    assert graph.resources[0].type == "aws_s3_bucket"
