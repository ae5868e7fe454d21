"""The file format of the tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.knowledge.store import open_table, pack_table

LEAVES = st.integers() | st.text()
VALUES = st.dictionaries(
    st.text(max_size=8), st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)


@given(VALUES)
def test_round_trip(values: dict[str, object]) -> None:
    table = open_table(pack_table({"version": "1"}, values))
    assert table.about == {"version": "1"}
    assert list(table.names) == sorted(values)
    assert {name: table.get(name) for name in table.names} == values


def test_the_same_input_gives_the_same_bytes() -> None:
    left = pack_table({"a": "1"}, {"x": {"k": 1, "j": [2]}, "y": {}})
    assert left == pack_table({"a": "1"}, {"y": {}, "x": {"j": [2], "k": 1}})


def test_missing_names() -> None:
    table = open_table(pack_table({}, {"b": 1, "d": 2}))
    assert [table.get(name) for name in ("a", "b", "c", "d", "e", "")] == [None, 1, None, 2, None, None]


@pytest.mark.parametrize("data", [b"", b"iacguard", b"PK\x03\x04" * 10])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a table"):
        open_table(data)
