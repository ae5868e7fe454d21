"""Records do what data classes of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import cached_property
from typing import Any

import pytest

from iacguard.record import field, fields, record, replace


@record(order=True)
class Point:
    x: int
    y: int = 0


@record
class Named(Point):
    """Adds a field and keeps those it inherits."""

    name: str = "origin"
    seen: list[int] = field(default_factory=list)


@record(frozen=False)
class Counter:
    count: int = 0


@record(eq=False)
class Itself:
    x: int


@record(slots=False)
class Lazy:
    x: int

    @cached_property
    def double(self) -> int:
        return self.x * 2


@record
class Quiet:
    secret: str

    def __repr__(self) -> str:
        return "Quiet()"


@record
class Empty:
    pass


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Twin:
    x: int
    y: int = 0


PAIRS = [(a, b) for a in ((1, 2), (1, 3), (2, 0)) for b in ((1, 2), (1, 3), (2, 0))]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_it_compares_and_hashes_as_a_data_class(one: tuple[int, int], other: tuple[int, int]) -> None:
    ours, theirs = (Point(*one), Point(*other)), (Twin(*one), Twin(*other))
    for compare in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        assert getattr(ours[0], compare)(ours[1]) == getattr(theirs[0], compare)(theirs[1])
    assert (hash(ours[0]) == hash(ours[1])) is (one == other)


def test_other_classes_are_never_equal() -> None:
    assert Point(1, 2) != Named(1, 2)
    assert Point(1, 2) != (1, 2)  # type: ignore[comparison-overlap]
    with pytest.raises(TypeError):
        _ = Point(1, 2) < (1, 2)  # type: ignore[operator]


def test_it_is_written_like_a_call() -> None:
    assert repr(Named(1, name="a")) == "Named(x=1, y=0, name='a', seen=[])"
    assert repr(Quiet("hunter2")) == "Quiet()"
    assert repr(Empty()) == "Empty()"


def test_it_is_frozen() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_it_can_be_open() -> None:
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)


def test_each_has_defaults_of_its_own() -> None:
    one, other = Named(1), Named(1)
    one.seen.append(1)
    assert other.seen == []


def test_it_may_be_equal_to_itself_only() -> None:
    one = Itself(1)
    assert one == one
    assert one != Itself(1)
    assert len({one, Itself(1)}) == 2


def test_there_may_be_room_for_cached_properties() -> None:
    lazy = Lazy(2)
    assert (lazy.double, lazy.double, lazy == Lazy(2)) == (4, 4, True)
    with pytest.raises(AttributeError):
        lazy.x = 3  # type: ignore[misc]


@pytest.mark.parametrize("made", [Point(1, 2), Named(1, 2, "a", [3]), Counter(4), Lazy(5), Quiet("x"), Empty()])
def test_it_travels_and_is_copied(made: Any) -> None:
    for twin in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert twin == made
        assert type(twin) is type(made)


def test_some_fields_are_replaced() -> None:
    old = Named(1, 2, "a", [3])
    new = replace(old, y=5, name="b")
    assert (new, old) == (Named(1, 5, "b", [3]), Named(1, 2, "a", [3]))
    with pytest.raises(TypeError, match="z"):
        replace(old, z=1)


def test_its_fields_are_known() -> None:
    assert fields(Named) == ("x", "y", "name", "seen")
    match Named(1, 2, "c"):
        case Named(x, y, name):
            assert (x, y, name) == (1, 2, "c")


@pytest.mark.parametrize("arguments", [(), (1, 2, 3)])
def test_a_wrong_call_fails(arguments: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        Point(*arguments)


@record
class Odd:
    cls: int
    new: int
    draft: int
    made: int


@record(slots=False)
class Measured(Point):
    @cached_property
    def size(self) -> int:
        return self.x + self.y


def test_a_record_of_another_kind_than_its_base_takes_its_fields() -> None:
    assert Measured(1, 2).size == 3
    assert repr(Measured(1, y=2)) == "Measured(x=1, y=2)"


def test_fields_may_be_called_anything() -> None:
    assert Odd(1, 2, 3, 4) == Odd(cls=1, new=2, draft=3, made=4)


def test_a_record_is_of_its_own_class_and_its_bases() -> None:
    named = Named(1, name="a")
    assert type(named) is Named
    assert isinstance(named, Point)
    with pytest.raises(AttributeError, match="cannot be changed"):
        named.x = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Named()  # type: ignore[call-arg]


def test_a_field_with_a_default_stands_after_those_without() -> None:
    with pytest.raises(TypeError, match="without a default"):

        @record
        class Wrong(Point):
            late: str  # type: ignore[misc]


def test_it_is_called_by_position_and_by_name() -> None:
    assert Named(1, 2, "a", [3]) == Named(x=1, seen=[3], name="a", y=2)
    assert Counter(count=2) == Counter(2)
    for wrong in ({}, {"x": 1, "z": 2}):
        with pytest.raises(TypeError, match="argument"):
            Point(**wrong)
