"""Our named tuples are those of the standard library."""

from __future__ import annotations

import pickle
from typing import NamedTuple as Standard

from iacguard.tuples import NamedTuple


class Ours(NamedTuple):
    """What it is."""

    start: int
    other: Missing | None  # type: ignore[name-defined]  # noqa: F821  # an annotation is never looked at
    text: str = ""

    def length(self) -> int:
        return len(self.text)


class Theirs(Standard):
    """What it is."""

    start: int
    other: object
    text: str = ""

    def length(self) -> int:
        return len(self.text)


def test_they_do_what_the_standard_ones_do() -> None:
    ours, theirs = Ours(1, None, text="ab"), Theirs(1, None, text="ab")
    assert tuple(ours) == tuple(theirs) == (1, None, "ab")
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours._replace(start=2) == Ours(2, None, "ab")
    assert ours._asdict() == theirs._asdict()
    assert Ours(1, None) == (1, None, "")
    assert (ours.length(), ours.other, Ours._fields) == (2, None, Theirs._fields)
    assert (Ours.__doc__, Ours.__module__, Ours.__name__) == (Theirs.__doc__, Theirs.__module__, "Ours")
    assert not hasattr(ours, "__dict__")
    assert pickle.loads(pickle.dumps(ours)) == ours
