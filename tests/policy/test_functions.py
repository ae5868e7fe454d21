"""What the functions answer, with known and unknown arguments."""

from __future__ import annotations

import pytest

from iacguard.model import REST, Encoded, Reference, Unknown, Value
from iacguard.policy.errors import EvaluationError
from iacguard.policy.functions import FUNCTIONS
from iacguard.policy.language import Context, compile_expression
from iacguard.policy.logic import truth

U = Unknown("variable", "variable")
OWN = Unknown("after apply", "computed", reference=Reference("aws_vpc.main", "cidr_block"))
HOST = Unknown("after apply", "computed", parts=(Unknown("ip", "computed"), "/32"))
VPC = Unknown("read when planning", "data", reference=Reference("module.a.data.aws_vpc.main", "cidr_block"))
LOOKED_UP = Unknown("read when planning", "data", reference=Reference("data.aws_ssm_parameter.range", "value"))
MANY = Unknown("variable", "variable", spread=True)
EITHER = Unknown("condition", "condition", choices=("0.0.0.0/0", "::/0"))
MAYBE = Unknown("condition", "condition", choices=("0.0.0.0/0", "10.0.0.0/8"))


BLOCKS = Unknown("for_each", "variable", spread=True, choices=({"port": 22, "source": U},))
EITHER_LIST = Unknown("condition", "condition", spread=True, choices=([1, 2], [3], None))


def run(expression: str, data: Value = None) -> Value:
    return compile_expression(expression).evaluate(data, Context())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("any(b, &port == `80`)", False),
        ("any(b, &port == `22`)", None),
        ("all(b, &port == `22`)", True),
        ("all(b, &port == `80`)", None),
        ("any(b, &source == 'x')", None),
        ("b[?port == `80`]", False),
        ("b[?port == `22`]", None),
        ("contains(b[*].port, `22`)", None),
        ("any(b[].port, &@ == `22` || @ == `443`)", None),
        ("any(e, &@ == `4`)", False),
        ("any(e, &@ == `3`)", None),
        ("all(e, &@ < `4`)", True),
    ],
)
def test_any_number_of_items_whose_content_is_known(expression: str, expected: bool | None) -> None:
    assert truth(run(expression, {"b": [BLOCKS], "e": [EITHER_LIST]})) is expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["0.0.0.0/0"], True),
        (["10.0.0.0/8", "::/0"], True),
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["0.0.0.0/1"], True),
        (["128.0.0.0/2", "10.0.0.0/8"], False),
        (["64.0.0.0/2", "64.0.0.0/3", "0.0.0.0/3"], False),  # what two blocks share counts once
        (["2000::/4"], True),
        (["8000::/1"], False),  # no address there is given out
        (["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"], True),
        # every public address, the private ones left out
        (["11.0.0.0/8", "1.0.0.0/8"], False),
        (["2000::/3"], True),
        (["2001:db8::/32"], False),
        ([], False),
        (["sg-123", "not an address"], False),
        ("0.0.0.0/0", True),
        ("198.51.100.7/32", False),
        (None, False),
        (U, None),
        ([U], None),
        ([MANY], None),
        ([MANY, "0.0.0.0/0"], True),
        ([OWN], False),
        ([HOST, "10.0.0.0/8"], False),
        ([VPC], False),
        ([LOOKED_UP], None),
        ([EITHER], True),
        ([MAYBE], None),
        (MAYBE, None),
    ],
)
def test_open_to_world(sources: Value, expected: bool | None) -> None:
    assert truth(run("open_to_world(@.s)", {"s": sources})) is expected


OPEN = {"action": "allow", "protocol": "tcp", "from_port": 0, "to_port": 100, "sources": ["0.0.0.0/0"], "priority": 200}
DENY = {**OPEN, "action": "deny", "protocol": "all", "from_port": 22, "to_port": 22, "priority": 100}


@pytest.mark.parametrize(
    ("rule", "rules", "port", "expected"),
    [
        (OPEN, [OPEN, DENY], 22, True),
        (OPEN, [{**DENY, "protocol": "tcp"}], 22, True),
        (OPEN, [{**DENY, "protocol": "udp"}], 22, False),
        ({**OPEN, "protocol": "all"}, [{**DENY, "protocol": "tcp"}], 22, True),
        ({**OPEN, "protocol": "all"}, [{**DENY, "protocol": "tcp", "from_port": 0, "to_port": 65535}], None, False),
        (OPEN, [{**DENY, "priority": 300}], 22, False),
        (OPEN, [{**DENY, "sources": ["10.0.0.0/8"]}], 22, False),
        (OPEN, [{**DENY, "action": "allow"}], 22, False),
        (OPEN, [DENY], 80, False),
        (OPEN, [DENY], None, False),
        (OPEN, [{**DENY, "from_port": 0, "to_port": 65535}], None, True),
        ({**OPEN, "priority": None}, [DENY], 22, False),
        (OPEN, [], 22, False),
        (OPEN, [{**DENY, "priority": U}], 22, None),
        (OPEN, [{**DENY, "sources": [U]}], 22, None),
        (OPEN, [{**DENY, "only": ["10.0.1.4"]}], 22, False),
        ({**OPEN, "only": ["10.0.1.4"]}, [{**DENY, "only": ["10.0.1.4"]}], 22, True),
        ({**OPEN, "only": ["10.0.1.4"]}, [DENY], 22, True),
        (OPEN, [{**DENY, "only": [U]}], 22, None),
        (OPEN, [{**DENY, "priority": U}, DENY], 22, True),
        (OPEN, [MANY], 22, None),
        (OPEN, [Unknown("for_each", spread=True, choices=(OPEN,))], 22, False),
        (OPEN, [Unknown("for_each", spread=True, choices=(OPEN, DENY))], 22, None),
        (OPEN, U, 22, None),
        (U, [DENY], 22, None),
    ],
)
def test_denied_before(rule: Value, rules: Value, port: Value, expected: bool | None) -> None:
    data = {"r": rule, "all": rules, "p": port}
    expression = "denied_before(r, all)" if port is None else "denied_before(r, all, p)"
    assert truth(run(expression, data)) is expected


@pytest.mark.parametrize(
    ("low", "high", "port", "expected"),
    [
        (22, 22, 22, True),
        (0, 65535, 22, True),
        (23, 80, 22, False),
        (U, 21, 22, False),
        (23, U, 22, False),
        (U, 80, 22, None),
        (22, 22, U, None),
        (None, None, 22, False),
    ],
)
def test_covers_port(low: Value, high: Value, port: Value, expected: bool | None) -> None:
    assert truth(run("covers_port(l, h, p)", {"l": low, "h": high, "p": port})) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("covers_any_port(`20`, `25`, `[3389, 22]`)", True),
        ("covers_any_port(`20`, `21`, `[3389, 22]`)", False),
        ("port_count(`20`, `29`)", 10),
        ("ports(`22`, `22`)", "port 22"),
        ("ports(`20`, `30`)", "ports 20 to 30"),
        ("ports(`0`, `65535`)", "all ports"),
        ("ports(`1`, `65535`)", "all ports"),
        ("port_in('8443', ['22', '8000-9000'])", True),
        ("port_in(`80`, ['22', '8000-9000'])", False),
        ("port_in('any', ['*'])", False),
        ("port_in(`1`, ['*'])", True),
        ("public_sources(['10.0.0.0/8', '8.8.8.0/24', 'fc00::/8', 'sg-1', '2600::/16'])", ["8.8.8.0/24", "2600::/16"]),
        ("is_private_cidr('172.16.5.0/24')", True),
        ("is_private_cidr('172.0.0.0/8')", False),
        ("is_cidr('10.0.0.1')", True),
        ("is_cidr('web')", False),
        ("cidr_prefix('10.0.0.0/8')", 8),
        ("cidr_prefix('x')", None),
        ("cidr_size('10.0.0.0/30')", 4),
        ("cidr_contains('10.0.0.0/8', '10.2.0.0/16')", True),
        ("cidr_contains('10.0.0.0/8', '::/0')", False),
        # texts
        ("matches('prod-db', '^prod-')", True),
        ("matches('PROD', '(?i)prod')", True),
        ("matches('dev', 'prod')", False),
        ("lower('AbC')", "abc"),
        ("trim(' a ')", "a"),
        ("split('a,b', ',')", ["a", "b"]),
        ("replace('a-b', '-', '_')", "a_b"),
        ("equals_ignore_case('Yes', 'YES')", True),
        ("version_at_least('1.29.3-eks', '1.27')", True),
        ("version_at_least('v1.9', '1.10')", False),
        ("version_at_least('8', '8.0.0')", True),
        ("version_at_least('latest', '1.0')", None),
        ("tls_at_least('TLS1_2', '1.2')", True),
        ("tls_at_least('TLSv1.2_2021', '1.2')", True),
        ("tls_at_least('TLSv1_2016', '1.2')", False),
        ("tls_at_least('TLSv1', '1.2')", False),
        ("tls_at_least('SSLv3', '1.0')", False),
        ("tls_at_least('Policy-Min-TLS-1-2-2019-07', '1.2')", True),
        ("tls_at_least('Policy-Min-TLS-1-0-2019-07', '1.2')", False),
        ("tls_at_least('ELBSecurityPolicy-2016-08', '1.2')", False),
        ("tls_at_least('ELBSecurityPolicy-TLS-1-2-2017-01', '1.2')", True),
        ("tls_at_least('ELBSecurityPolicy-TLS13-1-2-2021-06', '1.3')", False),
        ("tls_at_least('ELBSecurityPolicy-TLS13-1-3-2021-06', '1.3')", True),
        ("tls_at_least('TLS_1_2', '1.2')", True),
        ("tls_at_least('1.3', '1.2')", True),
        ("tls_at_least('Disabled', '1.2')", None),
        ("decode_json('{\"a\": [1]}').a", [1]),
        ("decode_json('{')", None),
        ("decode_base64('aGk=')", "hi"),
        ("decode_base64('%')", None),
        ("entropy('aaaa')", 0),
        ("entropy('abcd')", 2),
        ("mask('AKIAABCDEFGHIJKLMNOP')", "AKI***"),
        # Kubernetes
        ("parse_image('nginx')", {"registry": None, "repository": "nginx", "tag": None, "digest": None}),
        (
            "parse_image('reg.io:5000/a/b:1.2@sha256:ff')",
            {"registry": "reg.io:5000", "repository": "a/b", "tag": "1.2", "digest": "sha256:ff"},
        ),
        ("image_tag('localhost/a')", None),
        ("image_digest('a@sha256:ff')", "sha256:ff"),
        ("quantity('500m')", 0.5),
        ("quantity('1Gi')", 2**30),
        ("quantity('2e3')", 2000),
        ("quantity('1.5k')", 1500),
        ("quantity('lots')", None),
        ("quantity(`3`)", 3),
        ("capabilities(['cap_net_admin', 'SYS_TIME'])", ["NET_ADMIN", "SYS_TIME"]),
        ("entries({a: `1`, b: 'x'})", [{"key": "a", "value": 1}, {"key": "b", "value": "x"}]),
        ("clean_path('//var/./lib/../lib/')", "/var/lib"),
        ("clean_path('/')", "/"),
        ("path_within('/etc/cron.d/', ['/etc'])", True),
        ("path_within('/etc', ['/etc/'])", True),
        ("path_within('/etcd', ['/etc', '/var'])", False),
        ("path_within('/etc/../srv', ['/etc'])", False),
        ("path_within('/srv', ['/'])", True),
        ("runs_program({command: ['/usr/bin/etcd', '--name=a']}, 'etcd')", True),
        ("runs_program({command: ['/hyperkube', 'kube-apiserver']}, 'kube-apiserver')", True),
        (
            "runs_program({command: ['/bin/sh', '-c', 'exec /usr/local/bin/kube-scheduler --v=2']}, 'kube-scheduler')",
            True,
        ),
        ("runs_program({image: 'registry.k8s.io/etcd:3.5', args: ['--name=a']}, 'etcd')", True),
        ("runs_program({image: 'example.com/etcd:1', command: ['/backup', '--of', 'etcd']}, 'etcd')", False),
        ("runs_program({image: 'example.com/etcd-backup:1'}, 'etcd')", False),
        ("runs_program({name: 'etcd'}, 'etcd')", False),
        ("command_flag({image: 'example.com/a:1'}, 'name')", None),
        ("runs_program({image: 'example.com/a:1', args: ['--service=kube-system/kubelet']}, 'kubelet')", False),
        ("command_flag({command: ['a', '--mode=x', '--mode=RBAC,Node']}, 'mode')", "RBAC,Node"),
        ("command_flag({command: ['a'], args: ['-mode', 'x']}, 'mode')", "x"),
        ("command_flag({args: ['--some_flag', '--other']}, 'some-flag')", "true"),
        ("command_flag({args: ['--other', '--last']}, 'last')", "true"),
        ("command_flag({args: ['--moder=1', 'mode']}, 'mode')", None),
        ("command_flag({command: ['sh', '-c', 'exec a --mode=\"x\" 2>&1']}, 'mode')", "x"),
        ("command_flag({args: ['--empty=']}, 'empty')", ""),
        ("selects({matchLabels: {app: 'web'}}, {app: 'web', tier: 'x'})", True),
        ("selects({app: 'db'}, {app: 'web'})", False),
        ("selects(`{}`, {app: 'web'})", True),
        ("selects(`null`, {app: 'web'})", False),
        ("selects({matchExpressions: [{key: 'app', operator: 'In', values: ['web']}]}, {app: 'web'})", True),
        ("selects({matchExpressions: [{key: 'app', operator: 'NotIn', values: ['web']}]}, {app: 'web'})", False),
        ("selects({matchExpressions: [{key: 'x', operator: 'Exists'}]}, {app: 'web'})", False),
        ("selects({matchExpressions: [{key: 'x', operator: 'DoesNotExist'}]}, {app: 'web'})", True),
        # lengths of time
        ("days('P90D')", 90),
        ("days('2160h')", 90),
        ("days('90')", 90),
        ("days(`7`)", 7),
        ("seconds('1h30m')", 5400),
        ("seconds('3600s')", 3600),
        ("seconds('PT5M')", 300),
        ("seconds('soon')", None),
        ("seconds('P')", None),
        # lists
        ("contains_any(['a', 'b'], ['b', 'c'])", True),
        ("contains_any(['a'], ['b', 'c'])", False),
        ("flatten_all([['a', ['b']], 'c'])", ["a", "b", "c"]),
        ("exists(`false`)", True),
        ("known('a')", True),
    ],
)
def test_known(expression: str, expected: Value) -> None:
    assert run(expression, {}) == expected


def statement(**changes: Value) -> dict[str, Value]:
    empty: dict[str, Value] = {
        "effect": "Allow",
        **{name: [] for name in ("actions", "not_actions", "resources", "not_resources")},
        **{name: [] for name in ("principals", "not_principals", "conditions")},
    }
    return empty | changes


def condition(operator: str, key: Value, *values: Value) -> dict[str, Value]:
    return {"operator": operator, "key": key, "values": list(values)}


BUCKET = Unknown(
    "after apply",
    parts=(Unknown("arn", "computed", reference=Reference("aws_s3_bucket.b", "arn"), present=True), "/*"),
)


@pytest.mark.parametrize(
    ("expression", "given", "expected"),
    [
        ("is_full_admin(@)", statement(actions=["*"], resources=["*"]), True),
        ("is_full_admin(@)", statement(actions=["*:*"], resources=["arn:*:*:*:*:*"]), True),
        ("is_full_admin(@)", statement(effect="Deny", actions=["*"], resources=["*"]), False),
        ("is_full_admin(@)", statement(actions=["s3:*"], resources=["*"]), False),
        ("is_full_admin(@)", statement(actions=["*"], resources=[U]), None),
        ("is_full_admin(@)", statement(actions=["*"], resources=[BUCKET]), False),
        ("is_full_admin(@)", statement(actions=U, resources=["*"]), None),
        ("is_full_admin(@)", statement(effect=U, actions=["*"], resources=["*"]), None),
        ("is_full_admin(@)", U, None),
        ("allows_action(@, 'iam:PassRole')", statement(actions=["iam:Pass*"]), True),
        ("allows_action(@, 'iam:PassRole')", statement(actions=["IAM:passrole"]), True),
        ("allows_action(@, 'iam:PassRole')", statement(actions=["iam:Get*"]), False),
        ("allows_action(@, 'iam:PassRole')", statement(not_actions=["s3:*"]), True),
        ("allows_action(@, 'iam:PassRole')", statement(not_actions=["iam:*"]), False),
        ("allows_action(@, 'iam:PassRole')", statement(actions=[MANY, "*"]), True),
        ("allows_action(@, 's3:*')", statement(actions=["s3:Get*"]), False),
        (
            "allows_action(@, 'iam:PassRole')",
            statement(actions=[Unknown("v", parts=("s3:", U))]),
            False,
        ),
        ("allows_any_action(@, ['a:B', 's3:GetObject'])", statement(actions=["s3:*"]), True),
        ("allows_all_actions(@, ['a:B', 's3:GetObject'])", statement(actions=["s3:*"]), False),
        ("has_wildcard_action(@)", statement(actions=["s3:*"]), True),
        ("has_wildcard_action(@)", statement(actions=["s3:Get*"]), False),
        ("has_wildcard_action(@)", statement(not_actions=["iam:*"]), True),
        ("has_wildcard_action(@)", statement(actions=[Unknown("v", parts=(U, ":GetObject"))]), False),
        ("wildcard_resource(@)", statement(resources=["arn:aws:s3:::*"]), False),
        ("wildcard_resource(@)", statement(not_resources=["arn:aws:s3:::x"]), True),
        ("wildcard_principal(@)", statement(principals=[{"type": "AWS", "identifier": "*"}]), True),
        ("wildcard_principal(@)", statement(principals=[{"type": "*", "identifier": "*"}]), True),
        ("wildcard_principal(@)", statement(principals=[{"type": "AWS", "identifier": "123456789012"}]), False),
        ("wildcard_principal(@)", statement(principals=[{"type": "AWS", "identifier": U}]), None),
        ("wildcard_principal(@)", statement(principals=[{"type": "Service", "identifier": U}]), False),
        ("limited_by_condition(@)", statement(), False),
        (
            "limited_by_condition(@)",
            statement(conditions=[condition("StringEquals", "aws:SourceAccount", "123456789012")]),
            True,
        ),
        ("limited_by_condition(@)", statement(conditions=[condition("StringLike", "aws:SourceArn", "*")]), False),
        (
            "limited_by_condition(@)",
            statement(conditions=[condition("ArnLike", "aws:SourceArn", "arn:aws:s3:*:123456789012:*")]),
            True,
        ),
        ("limited_by_condition(@)", statement(conditions=[condition("IpAddress", "aws:SourceIp", "0.0.0.0/0")]), False),
        ("limited_by_condition(@)", statement(conditions=[condition("IpAddress", "aws:SourceIp", "8.8.8.8/32")]), True),
        (
            "limited_by_condition(@)",
            statement(conditions=[condition("StringNotEquals", "aws:SourceAccount", "123456789012")]),
            False,
        ),
        (
            "limited_by_condition(@)",
            statement(conditions=[condition("StringEqualsIfExists", "aws:SourceVpce", "vpce-1")]),
            False,
        ),
        ("limited_by_condition(@)", statement(conditions=[condition("Bool", "aws:SecureTransport", "true")]), False),
        ("limited_by_condition(@)", statement(conditions=[condition("StringEquals", "sts:ExternalId", "x")]), False),
        (
            "limited_by_condition(@, ['sts:ExternalId'])",
            statement(conditions=[condition("StringEquals", "sts:ExternalId", "x")]),
            True,
        ),
        *(
            ("limited_by_condition(@)", statement(conditions=[condition("ArnLike", key, arn)]), limits)
            for key, arn, limits in (
                ("aws:SourceArn", "arn:aws:cloudfront::*:distribution/*", False),
                ("aws:SourceArn", "arn:aws:cloudfront::123456789012:distribution/*", True),
                ("aws:SourceArn", "arn:aws:cloudfront::*:distribution/E1", True),
                ("aws:SourceArn", "arn:aws:s3:*:*:uploads", True),
                ("aws:SourceArn", "arn:aws:s3:::*", False),
                ("aws:SourceArn", "arn:aws:s3:::*-uploads", True),
                ("aws:PrincipalArn", "arn:aws:iam::*:role/admin", False),
                ("aws:PrincipalArn", "arn:aws:iam::123456789012:role/*", True),
            )
        ),
        ("limited_by_condition(@)", statement(conditions=[MANY]), None),
        ("limited_by_condition(@)", statement(conditions=[condition("StringLike", "aws:SourceArn", U)]), None),
    ],
)
def test_statements(expression: str, given: Value, expected: bool | None) -> None:
    assert truth(run(expression, given)) is expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("AKIA" + "A" * 16, "", True),
        ("-----BEGIN RSA " + "PRIVATE KEY-----\nabc", "", True),
        ("postgres://app:hunter2@db/x", "", True),
        ("postgres://app:${var.p}@db/x", "", False),
        ("x" * 5000 + "\nurl=https://a.example.com/\nurl=amqp+tls://app:hunter2@mq\n", "", True),
        ("é://app:hunter2@db", "", False),
        ("a-word-too-long-for-a-scheme://app:hunter2@db", "", True),
        ("awordtoolongforascheme://app:hunter2@db", "", False),
        ("see ghp_" + "a" * 36 + ".", "", True),
        ("ghp_short, npm_short, sk-short, eyJ, SG.x", "", False),
        ("changeme", "db_password", True),
        ("changeme", "DB_PASSWORD", True),
        ("changeme", "masterPassword", True),
        ("changeme", "password_length", False),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:x", "db_password", False),
        ("{{resolve:secretsmanager:x}}", "password", False),
        ("true", "password", False),
        ("/prod/db/password", "db_password", False),
        ("eu-west-1", "region", False),
        (U, "password", False),
        (None, "password", False),
        ("shop-files-v2", "creation_token", False),
        ("0badf00d", "ClientToken", False),
        ("0badf00d", "client_request_token", False),
        ("regcred", "imagePullSecret", False),
        ("0badf00d", "oauth_client_secret", True),
        ("0badf00d", "oauth_token", True),
    ],
)
def test_looks_like_secret(text: Value, name: str, expected: bool) -> None:
    assert run("looks_like_secret(t, n)", {"t": text, "n": name}) is expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "(?=a)b", r"(a)\1", "(", "(?:a*)*"])
def test_wild_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(EvaluationError, match="pattern"):
        run("matches('a', p)", {"p": pattern})


def test_unknown_pieces() -> None:
    data: Value = {
        "u": U,
        "image": Unknown("v", parts=(Unknown("repo"), "/app:1.2")),
        "tagged": Unknown("v", parts=("app:", Unknown("tag"))),
        "labels": {"app": "web", REST: U},
        "doc": Encoded({"a": U}, None),
    }
    assert run("image_tag(image)", data) == "1.2"
    assert isinstance(run("image_tag(tagged)", data), Unknown)
    assert truth(run("selects({app: 'db'}, labels)", data)) is False
    assert truth(run("selects({app: 'web'}, labels)", data)) is True
    assert truth(run("selects({tier: 'x'}, labels)", data)) is None
    assert truth(run("known(doc)", data)) is False
    assert truth(run("matches(u, 'a')", data)) is None
    assert run("matches(image, '(^|/)app[:@]')", data) is True
    assert run("matches(image, ':1[.]2$')", data) is True
    assert run("matches(tagged, '^app:')", data) is True
    for pattern in ("^/app", "(^|/)other", "x", "app:1.2[^0]", "/app.*[.]", "\\\\bapp"):
        assert truth(run(f"matches(image, '{pattern}')", data)) is (True if pattern == "/app.*[.]" else None), pattern
    assert truth(run("matches(tagged, 'app:$')", data)) is None
    assert truth(run("version_at_least(u, '1')", data)) is None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_documented_and_spreads_as_it_says(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.doc.split("\n\n")[0].endswith(".")
    if function.unknown == "spreads" and function.parameters and not function.context:
        takes = [("&@" if "expref" in p.types else "u") for p in function.parameters if not p.optional]
        assert truth(run(f"{name}({', '.join(takes)})", {"u": U})) is None


def arn_of(*parts: str | Unknown) -> Unknown:
    return Unknown("not known", "variable", parts=parts)


PARTITION = Unknown("data source", "data")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws:s3:::*/*", True),
        ("arn:aws:s3:::data/*", False),
        ("arn:aws:s3:::*-logs", False),
        ("arn:aws:s3:::role/*", False),
        ("arn:aws:execute-api:*:*:abc123/*", False),
        ("arn:aws:iam::*:role/*", True),
        ("arn:aws:iam::123456789012:role/service-*", False),
        ("arn:aws:iam::123456789012:role/app", False),
        ("arn:aws:secretsmanager:*:*:secret:*", True),
        ("arn:aws:sqs:*:*:orders", False),
        (arn_of("arn:aws:iam::", U, ":role/*"), True),
        (arn_of("arn:", U, ":iam::", U, ":role/", U, "-*"), False),
        (arn_of("arn:aws:s3:::", U, "/*"), False),
        (arn_of(U, "/*"), None),
        (arn_of("arn:", PARTITION, ":*"), True),
        (arn_of("arn:", U, ":*"), None),
        (arn_of("prefix", U, "*"), False),
        (BUCKET, False),
        (Unknown("x", choices=("arn:aws:s3:::*", "*")), True),
        (Unknown("x", choices=("arn:aws:s3:::*", "arn:aws:s3:::a")), None),
        (U, None),
    ],
)
def test_every_resource(resource: Value, expected: bool | None) -> None:
    assert truth(run("every_resource(@)", statement(resources=[resource]))) is expected
    assert truth(run("every_resource(@)", statement(effect="Deny", resources=[resource]))) is False


@pytest.mark.parametrize(
    ("levels", "given", "expected"),
    [
        (["write"], {"actions": ["s3:PutObject", "s3:GetObject", "s3:List*"]}, ["s3:PutObject"]),
        (["read"], {"actions": ["s3:PutObject", "S3:getobject"]}, ["S3:getobject"]),
        (["read", "write"], {"actions": ["sqs:*"]}, ["sqs:*"]),
        (["permissions"], {"actions": ["iam:Attach*", "iam:Get*"]}, ["iam:Attach*"]),
        # can be allowed on * only
        (["write"], {"actions": ["kms:CreateKey", "xray:PutTraceSegments"]}, []),
        (["write"], {"actions": ["ec2:Describe*"]}, []),
        (["write"], {"actions": ["nosuch:PutThing"]}, []),
        (["write"], {"actions": ["*:PutObject"]}, ["*:PutObject"]),
        (["write"], {"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::a/*"]}, []),
        (["write"], {"actions": ["s3:PutObject"], "effect": "Deny"}, []),
        (["write"], {"not_actions": ["iam:*"]}, []),
    ],
)
def test_unscoped_actions(levels: list[str], given: dict[str, Value], expected: list[str]) -> None:
    found = run("unscoped_actions(@.s, @.l)", {"s": statement(**{"resources": ["*"], **given}), "l": levels})
    assert found == expected


@pytest.mark.parametrize("name", ["allows_any_action", "allows_all_actions"])
@pytest.mark.parametrize("actions", [U, [U], [MANY]])
def test_actions_that_a_policy_works_out_may_not_be_known(name: str, actions: Value) -> None:
    allowing, denying = statement(actions=["s3:*"]), statement(actions=["s3:*"], effect="Deny")
    assert truth(run(f"{name}(@.s, @.a)", {"s": allowing, "a": actions})) is None
    assert truth(run(f"{name}(@.s, @.a)", {"s": denying, "a": actions})) is False


def test_an_action_that_a_policy_works_out_may_not_be_known() -> None:
    found = run("allows_action(@.s, @.a)", {"s": statement(actions=["s3:*"]), "a": U})
    assert isinstance(found, Unknown)
    assert found.reason == U.reason


def test_unscoped_actions_that_are_passed_over_or_not_known() -> None:
    def answer(given: dict[str, Value]) -> bool | None:
        return truth(run("unscoped_actions(@, ['write'], ['logs:Put*'])", given))

    assert answer(statement(actions=["logs:PutLogEvents"], resources=["*"])) is False
    assert answer(statement(actions=["logs:CreateLogGroup"], resources=["*"])) is True
    assert answer(statement(actions=[U], resources=["*"])) is None
    assert answer(statement(actions=[arn_of("s3:Get", U)], resources=["*"])) is False
    assert answer(statement(actions=[arn_of("s3:Put", U)], resources=["*"])) is None
    assert answer(statement(actions=["s3:PutObject"], resources=[U])) is None
    assert answer(statement(actions=["s3:GetObject"], resources=[U])) is False
    assert answer(statement(actions=U, resources=["*"])) is None


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], False),
        ([condition("StringEquals", "aws:ResourceTag/team", "a")], True),
        ([condition("ForAnyValue:StringLike", "aws:ResourceTag/team", "a*")], True),
        ([condition("StringEquals", "iam:PassedToService", "ec2.amazonaws.com")], True),
        ([condition("StringLike", "iam:PassedToService", "*")], False),
        ([condition("StringLike", "iam:PassedToService", "*.amazonaws.com")], False),
        ([condition("StringLike", "iam:PassedToService", "ecs*.amazonaws.com")], True),
        ([condition("ArnEquals", "iam:PolicyARN", "*")], False),
        ([condition("ArnLike", "iam:PolicyARN", "arn:aws:iam::123456789012:policy/*")], True),
        ([condition("IpAddress", "aws:SourceIp", "10.0.0.0/8", "0.0.0.0/0")], False),
        ([condition("IpAddress", "aws:SourceIp", "203.0.113.0/24")], True),
        ([condition("StringEqualsIfExists", "iam:PassedToService", "ec2.amazonaws.com")], False),
        ([condition("Bool", "aws:MultiFactorAuthPresent", "true")], False),
        ([condition("StringEquals", "aws:RequestedRegion", "eu-west-1")], False),
        ([condition("Null", "aws:ResourceTag/cluster", "false")], True),
        ([condition("Null", "aws:RequestTag/cluster", "true")], False),
        ([condition("StringEquals", Unknown("k", parts=("aws:ResourceTag/", U)), "a")], True),
        ([condition("StringEquals", U, "a")], None),
        ([condition("StringEquals", "aws:ResourceTag/team", U)], True),
        ([MANY], None),
    ],
)
def test_constrained_by_condition(conditions: list[Value], expected: bool | None) -> None:
    assert truth(run("constrained_by_condition(@)", statement(conditions=conditions))) is expected


def denial(*conditions: Value, **changes: Value) -> dict[str, Value]:
    everybody = [{"type": "*", "identifier": "*"}]
    given = {"effect": "Deny", "actions": ["s3:*"], "principals": everybody, "conditions": list(conditions)}
    return statement(**{**given, **changes})


VPCE = condition("StringNotEquals", "aws:SourceVpce", "vpce-1")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (denial(VPCE), True),
        (denial(condition("NotIpAddress", "aws:SourceIp", "198.51.100.0/24"), VPCE), True),
        (denial(condition("StringNotEqualsIfExists", "aws:PrincipalOrgID", "o-1")), True),
        (denial(condition("NotIpAddress", "aws:SourceIp", "0.0.0.0/0")), False),
        (denial(condition("Bool", "aws:SecureTransport", "false")), False),
        (denial(VPCE, condition("Bool", "aws:SecureTransport", "false")), False),
        (denial(VPCE, actions=["s3:PutObject"]), False),
        (denial(VPCE, effect="Allow"), False),
        (denial(VPCE, principals=[{"type": "AWS", "identifier": "123456789012"}]), False),
        (denial(), False),
        (denial(principals=[], not_principals=[{"type": "AWS", "identifier": "123456789012"}]), True),
        (denial(MANY), None),
        (U, None),
    ],
)
def test_denied_to_others(other: Value, expected: bool | None) -> None:
    given = {"s": statement(actions=["s3:GetObject"]), "all": [statement(), other]}
    assert truth(run("denied_to_others(@.s, @.all)", given)) is expected


def test_denied_to_others_of_all_but_some_actions() -> None:
    given = {"s": statement(not_actions=["s3:GetObject"]), "all": [denial(VPCE)]}
    assert run("denied_to_others(@.s, @.all)", given) is False


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess"),
        ("arn:aws-cn:iam::aws:policy/job-function/Billing", "job-function/Billing"),
        ("arn:aws:iam::123456789012:policy/AdministratorAccess", None),
        (arn_of("arn:", U, ":iam::aws:policy/ReadOnlyAccess"), "ReadOnlyAccess"),
        (arn_of("arn:aws:iam::", U, ":policy/app"), None),
        (arn_of("arn:aws:iam::123456789012:policy/", U), None),
        (Unknown("after apply", "computed", reference=Reference("aws_iam_policy.p", "arn"), present=True), None),
        ("", None),
        (None, None),
    ],
)
def test_managed_policy_name(arn: Value, expected: str | None) -> None:
    assert run("managed_policy_name(@.a)", {"a": arn}) == expected


@pytest.mark.parametrize("arn", [U, arn_of("arn:aws:iam::aws:policy/", U)])
def test_managed_policy_name_that_is_not_known(arn: Unknown) -> None:
    assert isinstance(run("managed_policy_name(@.a)", {"a": arn}), Unknown)


SCRIPT = """#!/bin/bash
export DB_HOST=db.example.com
export DB_PASSWORD=hunter2hunter2
TOKEN=$(curl -s -H "X-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
export API_KEY="$API_KEY"
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SCRIPT, ["DB_PASSWORD"]),
        ("IyEvYmluL2Jhc2gKZXhwb3J0IERCX1BBU1NXT1JEPWh1bnRlcjIyMjIK", ["DB_PASSWORD"]),
        ('{"user": "app", "password": "hunter2hunter2"}', ["password"]),
        ("db:\n  password: 'two words'\n  passwordFile: /run/secrets/db\n", ["password"]),
        ("run --api-key=5f0c8e1ab27d4933", ["api-key"]),
        ("aws configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE", ["a key"]),
        ("password = os.environ['PASSWORD']", []),
        ("password = get_secret(name)", []),
        ("token: {{ vault_token }}\nsecret=<set me>\nssh_pwauth: false\nlock_passwd: true", []),
        ("passwd: $6$rounds=4096$abc", []),
        (Unknown("v", parts=("PASSWORD=", Unknown("pw"), "\nSECRET_KEY=abc", Unknown("x"))), []),
        (Unknown("v", parts=("PASSWORD=hunter22\nID=", Unknown("id"))), ["PASSWORD"]),
        (Unknown("v", encodes=Unknown("v", parts=("PASSWORD=hunter22\nID=", Unknown("id")))), ["PASSWORD"]),
        (U, []),
        (None, []),
    ],
)
def test_secrets_in(text: Value, expected: list[str]) -> None:
    assert run("secrets_in(t)", {"t": text}) == expected


def test_a_default_that_is_meant_to_be_secret_is_one() -> None:
    written = Unknown("NoEcho", "default", secret=True, present=True)
    given = Unknown("NoEcho", "variable", secret=True, present=True)
    assert run("looks_like_secret(t, 'password')", {"t": written}) is True
    assert run("looks_like_secret(t, 'password')", {"t": given}) is False


def test_base64_of_a_text_that_is_known_in_part() -> None:
    text = Unknown("v", parts=("a", U))
    assert run("decode_base64(t)", {"t": Unknown("v", encodes=text)}) is text
    assert isinstance(run("decode_base64(t)", {"t": U}), Unknown)
    assert run("decode_base64(t)", {"t": None}) is None


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("123456789012", True),
        ("arn:aws:iam::123456789012:root", True),
        ("arn:aws:iam::123456789012:role/root", False),
        ("*", False),
        (arn_of("arn:aws:iam::", U, ":root"), True),
        (arn_of("arn:aws:iam::", U, ":role/app"), False),
        (Unknown("after apply", "computed", reference=Reference("aws_iam_role.r", "arn"), present=True), False),
        (Unknown("x", choices=("123456789012", "arn:aws:iam::123456789012:root")), True),
        (U, None),
    ],
)
def test_whole_account(identifier: Value, expected: bool | None) -> None:
    assert truth(run("whole_account(@)", {"type": "AWS", "identifier": identifier})) is expected
    assert truth(run("whole_account(@)", {"type": "Service", "identifier": identifier})) is False


DATA = Unknown("read when planning", "data", reference=Reference('module.a.data.azurerm_subscription.all["x.y"]', "id"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OWN, "aws_vpc"),
        (DATA, "azurerm_subscription"),
        (Unknown("text", parts=("/subscriptions/", DATA)), "azurerm_subscription"),
        (Unknown("text", parts=("/subscriptions/", DATA, "/resourceGroups/app")), None),
        (U, None),
        ("/subscriptions/1", None),
        (None, None),
    ],
)
def test_attribute_of(value: Value, expected: str | None) -> None:
    assert run("attribute_of(v)", {"v": value}) == expected
