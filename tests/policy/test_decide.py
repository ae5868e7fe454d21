"""Deciding: verdicts, the attribute that decided, messages, reasons, split sub-resources, failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iacguard.findings import Problem
from iacguard.model import REST, Edge, FixedPlace, Graph, Reference, Resource, Span, Unknown, Value
from iacguard.policy import Decision, Pack, decide, load_pack
from iacguard.policy.decide import answers, decide_one, open_reasons
from iacguard.policy.language import Parts

U = Unknown('variable "x" has no default', "variable")
MANY = Unknown("dynamic block", spread=True)
SPAN = Span("main.tf", 3, 1, 3, 20)


def pack(tmp_path: Path, **keys: str) -> Pack:
    fields = {
        "title": "T",
        "severity": "high",
        "category": "public-storage",
        "resource": "aws_thing",
        "message": "found {@.name}",
        "why": "w",
        "fix": "f",
        **keys,
    }
    folder = tmp_path / "acme"
    folder.mkdir()
    text = "".join(f"{k}: {v}\n" if k == "resource" else f"{k}: |\n  {v}\n" for k, v in fields.items())
    (folder / "rule.yaml").write_text(text)
    return load_pack((str(tmp_path),), builtin=False)


def resource(attributes: dict[str, Value], type_: str = "aws_thing", name: str = "a", **more: Any) -> Resource:
    return Resource(f"{type_}.{name}", type_, type_, "terraform", attributes, FixedPlace(SPAN), name, **more)


def run(pack: Pack, *resources: Resource, edges: tuple[Edge, ...] = ()) -> list[Decision]:
    found = list(decide(pack, Graph.of(resources, edges), "stack"))
    assert not [f for f in found if isinstance(f, Problem)]
    return [f for f in found if isinstance(f, Decision)]


@pytest.mark.parametrize(
    ("deny", "attributes", "path"),
    [
        ("acl == 'x'", {"acl": "x"}, ("acl",)),
        ("'x' == acl", {"acl": "x"}, ("acl",)),
        ("!encrypted", {}, ("encrypted",)),
        ("!(log[0].on)", {"log": [{"on": False}]}, ("log", 0, "on")),
        ("size > `1` && !encrypted", {"size": 2}, ("size",)),
        ("!encrypted && size > `1`", {"size": 2}, ("size",)),
        ("!encrypted && !other", {}, ("encrypted",)),
        ("!(a == 'x' && b == 'x')", {"a": "x", "b": "y"}, ("b",)),
        ("!(a == 'x' || (b == 'x' && c == 'x'))", {"b": "x", "c": "y", "a": "y"}, ("a",)),
        ("!(gone || (b == 'x' && c == 'x'))", {"b": "x", "c": "y"}, ("c",)),
        ("a == 'x' || b == 'x'", {"a": "y", "b": "x"}, ("b",)),
        ("contains(list, 'b')", {"list": ["a", "b"]}, ("list", 1)),
        ("any(entries(tags), &key == 'b')", {"tags": {"a": "1", "b": "2"}}, ("tags", "b")),
        (
            "sort_by(rules, &no)[0].action == 'allow'",
            {"rules": [{"no": 2, "action": "deny"}, {"no": 1, "action": "allow"}]},
            ("rules", 1, "action"),
        ),
        ("any(entries(tags), &value == '2')", {"tags": {"a": "1", "b": "2"}}, ("tags", "b")),
        ("command_flag(@, 'x') != 'on'", {"command": ["p", "--x=on"], "args": ["--x=off", "--y"]}, ("args", 0)),
        ("any(c, &!command_flag(@, 'x'))", {"c": [{"command": ["p", "--y=1"]}]}, ("c", 0, "command")),
        ("!contains(list, 'z')", {"list": ["a", "b"]}, ("list",)),
        ("rules[?port == `22`]", {"rules": [{"port": 1}, {"port": 22}]}, ("rules", 1, "port")),
        ("rules[?port == `22`].name", {"rules": [{"port": 22, "name": "n"}]}, ("rules", 0, "port")),
        ("!(rules[?port == `22`])", {"rules": [{"port": 1}]}, ("rules",)),
        ("any(rules, &port == `22`)", {"rules": [{"port": 1}, {"port": 22}]}, ("rules", 1, "port")),
        ("!all(rules, &port == `22`)", {"rules": [{"port": 22}, {"port": 1}]}, ("rules", 1, "port")),
        ("!any(acls, &action == 'deny')", {"acls": [{"action": "allow"}]}, ("acls", 0, "action")),
        ("!any(acls, &action == 'deny')", {"acls": [{}]}, ("acls",)),
        ("!any(acls, &action == 'deny')", {"acls": [{"action": "allow"}, {"action": "pass"}]}, ("acls",)),
        ("!any(f, &name == 'tls' && value == 'on')", {"f": [{"name": "tls", "value": "off"}]}, ("f", 0, "value")),
        ("!any(f, &name == 'tls' && value == 'on')", {"f": [{"name": "log", "value": "off"}]}, ("f",)),
        ("any(a[].b[], &@ == 'x')", {"a": [{"b": ["y"]}, {"b": ["y", "x"]}]}, ("a", 1, "b", 1)),
        ("m.*.on | [?@]", {"m": {"p": {"on": False}, "q": {"on": True}}}, ("m", "q", "on")),
        ("list[-1] == 'b'", {"list": ["a", "b"]}, ("list", 1)),
        ("list[1:] | [0] == 'b'", {"list": ["a", "b"]}, ("list", 1)),
        ("open_to_world(s)", {"s": ["10.0.0.0/8", "0.0.0.0/0"]}, ("s", 1)),
        (
            "any(flatten_all([a, b[].c, d]), &on == 'x')",
            {"b": [{"c": [{"on": "y"}, {"on": "x"}]}]},
            ("b", 0, "c", 1, "on"),
        ),
        ("contains_any(flatten_all([a, b[].c]), ['x'])", {"b": [{"c": ["y"]}, {"c": ["y", "x"]}]}, ("b", 1, "c", 1)),
        ("decode_json(doc).a", {"doc": '{"a": true}'}, ("doc", "a")),
        ("length(list) > `1`", {"list": ["a", "b"]}, ("list",)),
        ("`true`", {}, ()),
    ],
)
def test_the_attribute_that_decided(
    tmp_path: Path, deny: str, attributes: dict[str, Value], path: tuple[str | int, ...]
) -> None:
    (decision,) = run(pack(tmp_path, deny=deny), resource(attributes))
    assert (decision.verdict, decision.path) == ("violated", path)


def test_at_says_where(tmp_path: Path) -> None:
    (decision,) = run(pack(tmp_path, deny="!on", at="settings[0].on"), resource({"settings": [{}]}))
    assert decision.path == ("settings", 0, "on")


def test_each_item_is_a_decision(tmp_path: Path) -> None:
    rules = [{"name": "a", "open": True}, {"name": "b", "open": False}, {"name": "c", "open": U}]
    found = run(
        pack(tmp_path, each="rules", deny="open && resource().on", message="{name} of {resource().id} is open"),
        resource({"rules": rules, "on": True, "id": "x"}),
    )
    assert [(d.verdict, d.path, d.message) for d in found] == [
        ("violated", ("rules", 0, "open"), "a of x is open"),
        ("undecided", ("rules", 2, "open"), "c of x is open"),
    ]
    assert found[1].reasons == (U.reason,)


@pytest.mark.parametrize(
    ("rules", "verdicts"),
    [
        (None, ["satisfied"]),
        ([], ["satisfied"]),
        ([{"open": False}], ["satisfied"]),
        ({"open": True}, ["violated"]),
        (U, ["undecided"]),
        ([{"open": True}, MANY], ["violated", "undecided"]),
        ([MANY], ["undecided"]),
        ([Unknown("dynamic block", spread=True, choices=({"open": True},))], ["undecided"]),
        ([Unknown("dynamic block", spread=True, choices=({"open": False},))], ["satisfied"]),
        (Unknown("c", choices=([], [{"open": True}])), ["undecided"]),
        (Unknown("c", choices=([], [{"open": False}])), ["satisfied"]),
    ],
)
def test_what_each_runs_over(tmp_path: Path, rules: Value, verdicts: list[str]) -> None:
    found = run(pack(tmp_path, each="rules", deny="open"), resource({"rules": rules}))
    assert [d.verdict for d in found] == verdicts
    assert all(d.reasons for d in found if d.verdict == "undecided")


@pytest.mark.parametrize(
    ("where", "deny", "verdicts"),
    [
        ("off", "on", []),
        ("on", "on", ["violated"]),
        ("on", "off", ["satisfied"]),
        ("u", "on", ["undecided"]),
        ("u", "off", ["satisfied"]),
        ("on", "u", ["undecided"]),
        ("off", "u", []),
    ],
)
def test_where(tmp_path: Path, where: str, deny: str, verdicts: list[str]) -> None:
    found = run(pack(tmp_path, where=where, deny=deny), resource({"on": True, "off": False, "u": U}))
    assert [d.verdict for d in found] == verdicts
    assert all(d.reasons == ((U.reason,) if d.verdict == "undecided" else ()) for d in found)


def test_reasons_name_what_kept_it_open(tmp_path: Path) -> None:
    other = Unknown("it is looked up", "data")
    deny = "(a == 'x' || b == 'y') && c && any(l, &d) && known_part"
    attributes: dict[str, Value] = {"a": U, "b": other, "c": True, "l": [{"d": Unknown("third")}], "known_part": True}
    (decision,) = run(pack(tmp_path, deny=deny), resource(attributes))
    assert decision.verdict == "undecided"
    assert set(decision.reasons) == {U.reason, "it is looked up", "third"}
    assert decision.path == ("a",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        (["a", "b"], "a, b"),
        (list("abcdef"), "a, b, c, d and 2 more"),
        ([], "(none)"),
        (None, "(not set)"),
        (True, "true"),
        (22, "22"),
        ("", '""'),
        (U, '(unknown: variable "x" has no default)'),
        (Unknown("s", secret=True), "(secret)"),
        (Unknown("r", "computed", reference=Reference("aws_a.b", "arn")), "aws_a.b.arn"),
        (Unknown("r", "computed", reference=Reference("Bucket", "")), "Bucket"),
        (Unknown("p", parts=(Unknown("r", reference=Reference("aws_a.b", "arn")), "/*")), "${aws_a.b.arn}/*"),
        (Unknown("p", parts=("a-", Unknown("p", parts=(U, "-b")), Unknown("s", secret=True))), "a-${…}-b(secret)"),
        (Unknown("p", parts=("AKIA" + "B" * 16, U)), "AKI***${…}"),
        (Unknown("c", choices=("a", "b")), "a or b"),
        ({"a": [1], REST: U}, '{"a": [1]}'),
        ({"db_password": "hunter22"}, '{"db_password": "***"}'),
        ("AKIA" + "B" * 16, "AKI***"),
        ("x" * 100, "x" * 79 + "…"),
        ("a\x1b[31mred\nline", "a\\u001b[31mred line"),
        ("\u202egnp", "\\u202egnp"),
    ],
)
def test_messages_show_values_short_and_safe(tmp_path: Path, value: Value, text: str) -> None:
    (decision,) = run(pack(tmp_path, deny="`true`", message="it is {v} {{x}}"), resource({"v": value}))
    assert decision.message == f"it is {text} {{x}}"


def test_a_message_may_hold_braces_in_expressions(tmp_path: Path) -> None:
    made = pack(tmp_path, deny="`true`", message="it is {[{a: v, b: '}'}][0].a}")
    (decision,) = run(made, resource({"v": "x"}))
    assert decision.message == "it is x"


def test_a_sub_resource_is_decided_at_its_parent(tmp_path: Path) -> None:
    made = pack(tmp_path, resource="[aws_thing, aws_thing_acl]", deny="acl == 'x'")
    parent = resource({"acl": "x"})
    child = resource({"acl": "x"}, "aws_thing_acl", "c", parent="aws_thing.a")
    orphan = resource({"acl": "x"}, "aws_thing_acl", "o")
    stranger = resource({"acl": "x"}, "aws_thing_acl", "s", parent="aws_other.a")
    other = resource({}, "aws_other", "a")
    found = run(made, parent, child, orphan, stranger, other)
    assert [d.resource.address for d in found] == ["aws_thing.a", "aws_thing_acl.o", "aws_thing_acl.s"]


def test_kinds(tmp_path: Path) -> None:
    made = pack(tmp_path, resource="[Workload, 'aws_s3_*', 'AWS::X::Y']", deny="`true`")
    native = Resource("Y", "aws_y", "AWS::X::Y", "cloudformation", {}, FixedPlace(SPAN), "Y")
    found = run(made, resource({}, "CronJob"), resource({}, "aws_s3_bucket"), resource({}, "Service"), native)
    assert [d.resource.type for d in found] == ["CronJob", "aws_s3_bucket", "aws_y"]


def test_the_graph(tmp_path: Path) -> None:
    made = pack(
        tmp_path,
        deny="any(targets('aws_key'), &!rotated) && length([referrers('aws_user'), resources('aws_key')][]) == `2`",
        message="{address()} is a {kind()} in {source_format()}",
    )
    nodes = (resource({}), resource({"rotated": False}, "aws_key"), resource({}, "aws_user"))
    edges = (Edge("aws_thing.a", "aws_key.a", "key"), Edge("aws_user.a", "aws_thing.a", "thing"))
    (decision,) = run(made, *nodes, edges=edges)
    assert decision.verdict == "violated"
    assert decision.message == "aws_thing.a is a aws_thing in terraform"


def test_a_created_key_is_set(tmp_path: Path) -> None:
    arn = Unknown("after apply", "computed", reference=Reference("aws_kms_key.k", "arn"), present=True)
    (decision,) = run(pack(tmp_path, deny="!kms_key_id"), resource({"kms_key_id": arn}))
    assert decision.verdict == "satisfied"


def test_a_failing_policy_is_a_problem_and_the_rest_goes_on(tmp_path: Path) -> None:
    made = pack(tmp_path, deny="starts_with(name, 'x')")
    graph = Graph.of((resource({"name": 5}), resource({"name": "xy"}, name="b")), ())
    problem, decision = decide(made, graph, "")
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.span, problem.notice) == ("policy", SPAN, False)
    assert "acme-rule failed on aws_thing.a: starts_with(): subject must be string, not number" in problem.message
    assert isinstance(decision, Decision)
    assert decision.verdict == "violated"


def test_a_defect_while_the_open_questions_are_looked_for_is_told_where_it_is_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function of ours that breaks must cost its own policy only: a scan of hundreds of files goes on."""
    policy = pack(tmp_path, deny="encrypted").for_kinds("aws_thing", "aws_thing")[0]
    broken = resource({"encrypted": U})
    graph = Graph.of((broken,), ())

    def fail(*_: object) -> Value:
        raise TypeError("a defect")

    monkeypatch.setattr(Parts, "answer", lambda *_: fail)
    assert list(open_reasons(policy, broken, graph)) == []
    assert answers(policy, broken, graph) == ()
    (told,) = decide_one(policy, broken, graph, "stack")
    assert isinstance(told, Problem)
    assert "TypeError: a defect" in told.message
