"""A resource while it is being normalised. The front end's own data are never changed: they are copied on write."""

from __future__ import annotations

from collections.abc import Mapping

from iacguard.model import OwnedPlace, Path, Place, Resource, Value
from iacguard.normalise.places import MovedPlace


class Draft:
    """Collects changes to one resource; :meth:`finish` gives the result."""

    __slots__ = ("_own", "attributes", "origins", "parent", "place", "resource", "type")

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.type = resource.type
        self.attributes: dict[str, Value] = resource.attributes
        self.origins: Mapping[Path, Place] = resource.origins
        self.place = resource.place
        self.parent = resource.parent
        self._own: set[str] | None = None

    @property
    def address(self) -> str:
        return self.resource.address

    def _open(self) -> set[str]:
        if self._own is None:
            self._own = set()
            self.attributes = dict(self.attributes)
            self.origins = dict(self.origins)
        return self._own

    def origin(self, path: Path, place: Place) -> None:
        """Say where ``path`` stands."""
        self._open()
        self.origins[path] = place  # type: ignore[index]

    def set(self, name: str, value: Value, place: Place | None = None) -> None:
        """Set an attribute. A list given here belongs to this draft from now on."""
        self._open().add(name)
        self.attributes[name] = value
        if place is not None:
            self.origins[name,] = place  # type: ignore[index]

    def rewrite(self, type_: str, attributes: dict[str, Value], place: Place) -> None:
        """Take a new type, attributes that belong to this draft from now on, and the place that knows their names."""
        self.type, self.attributes, self.place = type_, attributes, place
        self.origins = dict(self.origins)
        self._own = set()

    def retype(self, type_: str) -> None:
        """Take another type; nothing else changes."""
        self._open()
        self.type = type_

    def remove(self, name: str) -> None:
        self._open().discard(name)
        self.attributes.pop(name, None)

    def append(self, name: str, value: Value, place: Place | None) -> int:
        """Add an item to a list attribute (made if absent); returns the item's index."""
        own = self._open()
        if name not in own:
            old = self.attributes.get(name)
            self.attributes[name] = [] if old is None else list(old) if isinstance(old, list) else [old]
            own.add(name)
        found = self.attributes[name]
        if not isinstance(found, list):
            found = self.attributes[name] = [] if found is None else [found]
        at = len(found)
        found.append(value)
        if place is not None:
            self.origins[name, at] = place  # type: ignore[index]
        return at

    def where(self, path: Path) -> Place:
        """The place of ``path``: a made origin, else found below the block when asked."""
        for depth in range(len(path), 0, -1):
            known = self.origins.get(path[:depth])
            if known is not None:
                rest = path[depth:]
                return MovedPlace(known, old=rest) if rest else known
        return MovedPlace(self.place, old=path)

    def finish(self) -> Resource:
        if self._own is None and not self.parent and self.place is self.resource.place:
            return self.resource
        r = self.resource
        return Resource(
            r.address,
            self.type,
            r.native_type,
            r.format,
            self.attributes,
            self.place,
            r.block,
            r.module,
            self.parent,
            self.origins,
            r.construct,
        )


def owned(place: Place, address: str) -> Place:
    """``place`` as one in the block of the sub-resource ``address``; the innermost owner stays."""
    return place if getattr(place, "owner", "") else OwnedPlace(place, address)
