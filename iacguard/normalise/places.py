"""Places for what normalising moved, renamed or made. All of them walk the source only when a finding asks."""

from __future__ import annotations

from collections.abc import Mapping

from iacguard.model import Key, Path, Place, Span, Step
from iacguard.record import field, record


@record
class MovedPlace:
    """The place ``old`` under ``root``, walked into by the new names.

    ``moves`` maps a path in the new vocabulary to the path it has under ``root``; a member that is not listed has
    the same key in both. ``at`` is the new path of this place. ``old`` need not exist: its nearest ancestor answers.
    ``found`` is what stands there, where it was come by on the way down.
    """

    root: Place
    moves: Mapping[Path, Path] = field(default_factory=dict)
    at: Path = ()
    old: Path = ()
    found: Place | None = None

    def _place(self) -> Place:
        if self.found is not None:
            return self.found
        place = self.root
        for key in self.old:
            inner = place.child(key)
            if inner is None:
                break
            place = inner
        return place

    @property
    def span(self) -> Span:
        return self._place().span

    def child(self, key: Key) -> Place | None:
        at = (*self.at, key)
        old = self.moves.get(at, (*self.old, key))
        place, steps = self.root, old
        if self.found is not None and old[: len(self.old)] == self.old:
            place, steps = self.found, old[len(self.old) :]
        for step in steps:
            inner = place.child(step)
            if inner is None:
                # What was decoded from a text stands where the text does.
                return (
                    MovedPlace(self.root, self.moves, at, old) if at in self.moves and place is not self.root else None
                )
            place = inner
        return MovedPlace(self.root, self.moves, at, old, place)

    def trail(self) -> tuple[Step, ...]:
        return self._place().trail()

    def text_start(self) -> tuple[int, int] | None:
        return self._place().text_start()


@record
class NamedPlace:
    """The place at ``path`` under ``root``, whose members go by other names.

    ``names`` maps a new member name to the paths (below this place) that may hold it; the first that exists answers.
    A name that is not listed is looked up as it is. ``outer`` are names of what stands above this place: their
    paths are below ``root``.
    """

    root: Place
    path: Path
    names: Mapping[Key, tuple[Path, ...]] = field(default_factory=dict)
    outer: Mapping[Key, tuple[Path, ...]] = field(default_factory=dict)

    def _place(self) -> Place:
        return deepest(self.root, self.path)

    @property
    def span(self) -> Span:
        return self._place().span

    def child(self, key: Key) -> Place | None:
        above = (exact(self.root, path) for path in self.outer.get(key, ()))
        if (found := next((place for place in above if place is not None), None)) is not None:
            return found
        here = exact(self.root, self.path)
        if here is None:
            return None
        for path in self.names.get(key, ((key,),)):
            found = exact(here, path)
            if found is not None:
                return found
        return None

    def trail(self) -> tuple[Step, ...]:
        return self._place().trail()

    def text_start(self) -> tuple[int, int] | None:
        return self._place().text_start()


def exact(place: Place, path: Path) -> Place | None:
    """The place at ``path`` below ``place``, or None."""
    found: Place | None = place
    for key in path:
        found = found.child(key) if found is not None else None
    return found


def deepest(place: Place, path: Path) -> Place:
    """The place at ``path`` below ``place``, or its nearest ancestor."""
    for key in path:
        inner = place.child(key)
        if inner is None:
            break
        place = inner
    return place
