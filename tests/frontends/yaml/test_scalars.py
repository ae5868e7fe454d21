"""What an unquoted scalar means, by dialect; expected values from go-yaml's and YAML 1.1's own rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.frontends.yamlscalars import (
    cloudformation_key,
    cloudformation_plain,
    kubernetes_key,
    kubernetes_plain,
    manifest_value,
)
from iacguard.frontends.yamltree import read
from iacguard.model import Value
from iacguard.source import SourceFile


@pytest.mark.parametrize(
    ("text", "kubernetes", "cloudformation"),
    [
        ("y", True, "y"),
        ("N", False, "N"),
        ("yes", True, True),
        ("No", False, False),
        ("ON", True, True),
        ("off", False, False),
        ("true", True, True),
        ("tRUE", "tRUE", "tRUE"),
        ("~", None, None),
        ("", None, None),
        ("null", None, None),
        ("nULL", "nULL", "nULL"),
        ("0", 0, 0),
        ("-12", -12, -12),
        ("+12", 12, 12),
        ("1_000", 1000, 1000),
        ("0777", 511, 511),
        ("0o777", 511, "0o777"),
        ("0x1F", 31, 31),
        ("0X1f", 31, "0X1f"),
        ("0b101", 5, 5),
        ("-0x1F", -31, -31),
        ("08", 8, "08"),
        ("012345678901", 12345678901, "012345678901"),
        ("1e3", 1000, "1e3"),
        ("1.0", 1, 1.0),
        ("1.5", 1.5, 1.5),
        (".5", 0.5, 0.5),
        ("1.", 1, 1.0),
        ("22:22", "22:22", 1342),
        ("1:30:00", "1:30:00", 5400),
        ("2012-10-17", "2012-10-17", "2012-10-17"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("1.2.3", "1.2.3", "1.2.3"),
        ("10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"),
        ("100m", "100m", "100m"),
        ("-", "-", "-"),
        ("0x", "0x", "0x"),
        ("0b", "0b", "0b"),
        ("_1", "_1", "_1"),
        ("0_", 0, "0_"),
        (".inf", ".inf", float("inf")),
        ("-.INF", "-.INF", float("-inf")),
        ("nginx", "nginx", "nginx"),
        ("9" * 500, "9" * 500, "9" * 500),
        ("18446744073709551616", 18446744073709551616, 18446744073709551616),
    ],
)
def test_plain(text: str, kubernetes: Value, cloudformation: Value) -> None:
    for found, expected in ((kubernetes_plain(text), kubernetes), (cloudformation_plain(text), cloudformation)):
        assert found == expected
        assert type(found) is type(expected)


def test_quoted_and_tagged() -> None:
    text = b"a: 'yes'\nb: \"1\"\nc: !!str 1\nd: !!int '0x10'\ne: !!float 2\nf: !custom on\ng: |\n  1\nh: !!null x\n"
    (document,) = read(SourceFile("f", text), kubernetes_key).documents
    assert manifest_value(document) == {
        "a": "yes", "b": "1", "c": "1", "d": 16, "e": 2, "f": "on", "g": "1\n", "h": None
    }  # fmt: skip


@pytest.mark.parametrize(("text", "key"), [("on", "true"), ("n", "false"), ("010", "8"), ("1.5", "1.5"), ("a", None)])
def test_manifest_keys(text: str, key: str | None) -> None:
    assert kubernetes_key(text) == key


def test_template_keys_stay_text() -> None:
    assert [cloudformation_key(text) for text in ("on", "012345678901", "a")] == [None, None, None]


@given(st.text(max_size=20) | st.from_regex(r"[-+0-9_.xobeE:a-f]{0,12}", fullmatch=True))
def test_never_raises(text: str) -> None:
    for value in (kubernetes_plain(text), cloudformation_plain(text)):
        assert value is None or isinstance(value, str | int | float)


@given(st.integers())
def test_decimal_integers(number: int) -> None:
    assert kubernetes_plain(str(number)) == cloudformation_plain(str(number)) == number
