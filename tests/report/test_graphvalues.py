from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import REST, Encoded, Unknown
from iacguard.report.graphvalues import MASK, plain

HIDDEN = Unknown("it is generated", secret=True)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Unknown("variable x has no default"), {"$unknown": "variable x has no default"}),
        (HIDDEN, {"$unknown": "a secret"}),
        ([1, Unknown("rest", spread=True)], [1, {"$unknown": "rest"}]),
        ({REST: Unknown("r")}, {REST: {"$unknown": "r"}}),
        (Encoded({"a": 1}, '{"a": 1}'), '{"a": 1}'),
        (Encoded({"a": Unknown("u")}), {"a": {"$unknown": "u"}}),
        (Encoded({"password": "x"}, '{"password": "x"}'), '{"password":"(masked)"}'),
        (float("inf"), "inf"),
        ({"DB_PASSWORD": "x", "empty_password": "", "use_password": True}, None),
        ([{"name": "API_TOKEN", "value": "x"}, {"name": "MODE", "value": "x"}], None),
    ],
)
def test_values(value: Any, shown: Any) -> None:
    expected = {
        "dict": {"DB_PASSWORD": MASK, "empty_password": "", "use_password": True},
        "list": [{"name": "API_TOKEN", "value": MASK}, {"name": "MODE", "value": "x"}],
    }
    assert plain({"a": value}, "aws_x") == {"a": expected[type(value).__name__] if shown is None else shown}


def test_a_kubernetes_secret_shows_only_its_keys() -> None:
    secret = {"data": {"tls.crt": "aGk="}, "stringData": {"user": "root"}, "kind": "Secret"}
    assert plain(secret, "Secret") == {"data": {"tls.crt": MASK}, "stringData": {"user": MASK}, "kind": "Secret"}
    assert plain({"data": {"a": "b"}}, "ConfigMap") == {"data": {"a": "b"}}


def test_hostile_depth_is_cut() -> None:
    value: Any = "x"
    for _ in range(50_000):
        value = [value]
    shown = plain({"a": value}, "x")["a"]
    depth = 0
    while isinstance(shown, list):
        (shown,) = shown
        depth += 1
    assert shown == {"$unknown": "nested too deep to be shown"}
    assert depth < 1_000
