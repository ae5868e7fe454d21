"""Blocks and ranges of IPv4 that we read ourselves are those of the standard library."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.model import Unknown
from iacguard.normalise.rulebooks import address_blocks
from iacguard.policy.functions.network import _network

_NUMBER = st.integers(0, 2**32 - 1)
_ODD = ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/08", "1.2.3.4/255.0.0.0"]


def standard(text: str) -> tuple[int, int, int, int] | None:
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.broadcast_address), found.prefixlen


@given(_NUMBER, st.integers(0, 34))
def test_blocks_are_those_of_the_standard_library(number: int, length: int) -> None:
    address = str(ipaddress.IPv4Address(number))
    assert _network(address) == standard(address)
    assert _network(f"{address}/{length}") == standard(f"{address}/{length}")


@pytest.mark.parametrize("text", [*_ODD, "1" * 5000 + ".2.3.4", "::1", "2001:db8::/32", "\u0661.2.3.4", "1.2.3.4 /8"])
def test_what_is_written_oddly_is_read_as_the_standard_library_does(text: str) -> None:
    assert _network(text) == standard(text)


@given(_NUMBER, st.integers(0, 2**32 - 1) | st.integers(0, 300))
def test_ranges_are_cut_into_the_same_blocks(first: int, size: int) -> None:
    ends = ipaddress.IPv4Address(first), ipaddress.IPv4Address(min(first + size, 2**32 - 1))
    assert address_blocks(*map(str, ends)) == [str(block) for block in ipaddress.summarize_address_range(*ends)]


@pytest.mark.parametrize(("start", "end"), [("10.0.0.2", "10.0.0.1"), ("a", "b"), ("1.2.3.4", "::1"), ("", None)])
def test_what_is_no_range_is_not_known(start: str, end: str | None) -> None:
    assert [type(block) for block in address_blocks(start, end)] == [Unknown]


def test_ranges_of_ipv6_are_read_too() -> None:
    assert address_blocks("::", "::3") == ["::/126"]
