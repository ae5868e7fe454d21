"""Places of what was moved or renamed: found by walking, and walked to once."""

from __future__ import annotations

import pytest

from iacguard.model import FixedPlace, Key, Place, Span, Step
from iacguard.normalise.places import MovedPlace, NamedPlace, TranslatedPlace


class Counted:
    """A place that counts who walks into it."""

    def __init__(self, inner: Place) -> None:
        self.inner = inner
        self.asked: list[Key] = []

    @property
    def span(self) -> Span:
        return self.inner.span

    def child(self, key: Key) -> Place | None:
        self.asked.append(key)
        return self.inner.child(key)

    def trail(self) -> tuple[Step, ...]:
        return self.inner.trail()

    def text_start(self) -> tuple[int, int] | None:
        return self.inner.text_start()


def _span(line: int) -> Span:
    return Span("main", line, 1, line, 9)


@pytest.fixture
def root() -> Counted:
    """A resource on line 1 with Rules (2), the first of them (3) with a Cidr (4), and Metadata (5)."""
    rule = FixedPlace(_span(3), {"Cidr": FixedPlace(_span(4))})
    rules = FixedPlace(_span(2), {0: rule})
    return Counted(FixedPlace(_span(1), {"Rules": rules, "beside": FixedPlace(_span(5))}))


def _line(place: Place | None) -> int | None:
    return None if place is None else place.span.line


def test_what_no_move_names_is_not_searched_for(root: Counted) -> None:
    place = TranslatedPlace(root, {("rules",): ("Rules",)}, "beside")
    assert place.child("missing") is None
    assert place.child("Rules") is None  # by the name that it no longer has
    assert root.asked == []
    assert (_line(place.child("rules")), _line(place.child("beside")), place.span.line) == (2, 5, 1)


def test_what_is_translated_speaks_for_its_resource(root: Counted) -> None:
    place = TranslatedPlace(root, {}, "beside")
    assert (place.trail(), place.text_start()) == ((), None)


def test_a_moved_place_is_walked_to_once(root: Counted) -> None:
    place = MovedPlace(root, {("ranges",): ("Rules", 0, "Cidr")}, (), ("Rules", 0))
    for _ in range(2):
        assert (place.span.line, _line(place.child("Cidr")), _line(place.child("ranges"))) == (3, 4, 4)
    assert place.trail() == ()
    assert root.asked == ["Rules"]


def test_nearest_ancestor_of_a_moved_place_answers(root: Counted) -> None:
    place = MovedPlace(root, {("ranges",): ("Rules", 1, "Cidr"), ("none",): ("Nowhere",)}, (), ("Rules", 1))
    assert (place.span.line, _line(place.child("ranges"))) == (2, 2)
    # A member of what is not there is nowhere, although its ancestor has one of that name.
    assert [_line(place.child(key)) for key in (0, "Cidr", "none")] == [None, None, None]


def test_a_named_place_is_walked_to_once(root: Counted) -> None:
    place = NamedPlace(root, ("Rules", 0), {"sources": (("CidrIpv6",), ("Cidr",))}, {"kept": (("no",), ("beside",))})
    for _ in range(2):
        assert (place.span.line, _line(place.child("sources")), _line(place.child("Cidr"))) == (3, 4, 4)
    assert root.asked == ["Rules"]
    assert (_line(place.child("kept")), place.child("missing"), place.text_start()) == (5, None, None)


def test_nearest_ancestor_of_a_named_place_answers(root: Counted) -> None:
    place = NamedPlace(root, ("Rules", 1), {"sources": (("Cidr",),)})
    assert (place.span.line, place.child("sources"), place.trail()) == (2, None, ())
