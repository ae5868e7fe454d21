"""The digest that comes without OpenSSL is the one that comes with it."""

from __future__ import annotations

import hashlib

import pytest

from iacguard.sha import sha256


@pytest.mark.parametrize("data", [b"", b"abc", b"\x00" * 1000])
def test_it_is_sha256(data: bytes) -> None:
    assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()
