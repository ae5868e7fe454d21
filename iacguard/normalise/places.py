"""Places for what normalising moved, renamed or made. All of them walk the source only when a finding asks."""

from __future__ import annotations

from collections.abc import Mapping

from iacguard.model import Key, Path, Place, Span, Step
from iacguard.record import field, record


@record
class TranslatedPlace:
    """The place of a whole resource all of whose attributes are in ``moves``: under another name there is nothing.

    Most findings are about what is missing, and need not search for it. ``kept`` is left where it is, unlisted.
    """

    root: Place
    moves: Mapping[Path, Path]
    kept: Key

    @property
    def span(self) -> Span:
        return self.root.span

    def child(self, key: Key) -> Place | None:
        if key != self.kept and (key,) not in self.moves:
            return None
        return MovedPlace(self.root, self.moves).child(key)

    def trail(self) -> tuple[Step, ...]:
        return self.root.trail()

    def text_start(self) -> tuple[int, int] | None:
        return self.root.text_start()


@record(frozen=False, eq=False)
class MovedPlace:
    """The place ``old`` under ``root``, walked into by the new names.

    ``moves`` maps a path in the new vocabulary to the path it has under ``root``; a member that is not listed has
    the same key in both. ``at`` is the new path of this place. ``old`` need not exist: its nearest ancestor answers.
    ``found`` is what stands there; where it was not come by on the way down, it is ``sought`` once.
    """

    root: Place
    moves: Mapping[Path, Path] = field(default_factory=dict)
    at: Path = ()
    old: Path = ()
    found: Place | None = None
    sought: bool = False

    def _exact(self) -> Place | None:
        if self.found is None and not self.sought:
            self.found, self.sought = exact(self.root, self.old), True
        return self.found

    def _place(self) -> Place:
        found = self._exact()
        return deepest(self.root, self.old) if found is None else found

    @property
    def span(self) -> Span:
        return self._place().span

    def child(self, key: Key) -> Place | None:
        at = (*self.at, key)
        old = self.moves.get(at)
        depth = len(self.old)
        if old is None:
            old, found = (*self.old, key), self._exact()
            found = None if found is None else found.child(key)
        elif old[:depth] == self.old:
            found = self._exact()
            found = None if found is None else exact(found, old[depth:])
        else:
            found = exact(self.root, old)
        if found is None and not (at in self.moves and deepest(self.root, old) is not self.root):
            return None
        # What was decoded from a text stands where the text does.
        return MovedPlace(self.root, self.moves, at, old, found)

    def trail(self) -> tuple[Step, ...]:
        return self._place().trail()

    def text_start(self) -> tuple[int, int] | None:
        return self._place().text_start()


@record(frozen=False, eq=False)
class NamedPlace:
    """The place at ``path`` under ``root``, whose members go by other names.

    ``names`` maps a new member name to the paths (below this place) that may hold it; the first that exists answers.
    A name that is not listed is looked up as it is. ``outer`` are names of what stands above this place: their
    paths are below ``root``. ``found`` is what stands there, ``sought`` once.
    """

    root: Place
    path: Path
    names: Mapping[Key, tuple[Path, ...]] = field(default_factory=dict)
    outer: Mapping[Key, tuple[Path, ...]] = field(default_factory=dict)
    found: Place | None = None
    sought: bool = False

    def _exact(self) -> Place | None:
        if not self.sought:
            self.found, self.sought = exact(self.root, self.path), True
        return self.found

    def _place(self) -> Place:
        found = self._exact()
        return deepest(self.root, self.path) if found is None else found

    @property
    def span(self) -> Span:
        return self._place().span

    def child(self, key: Key) -> Place | None:
        for path in self.outer.get(key, ()):
            above = exact(self.root, path)
            if above is not None:
                return above
        here = self._exact()
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
        if found is None:
            break
        found = found.child(key)
    return found


def deepest(place: Place, path: Path) -> Place:
    """The place at ``path`` below ``place``, or its nearest ancestor."""
    for key in path:
        inner = place.child(key)
        if inner is None:
            break
        place = inner
    return place
