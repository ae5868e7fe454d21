"""What a resource type may hold: its attributes, and how each is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from iacguard.late import regex
from iacguard.model import Path
from iacguard.record import field, record

Type: TypeAlias = Literal["string", "number", "bool", "list", "set", "map", "object", "any"]

#: Attributes in their packed form: [flags, type code], and after them, where there are any, members and enumeration.
#: Members are packed attributes, or the name under which the type shares them between several places.
Packed: TypeAlias = dict[str, list[Any]]

REQUIRED, OPTIONAL, COMPUTED, BLOCK, SINGLE = 1, 2, 4, 8, 16
_CODES: dict[str, Type] = {
    "s": "string",
    "n": "number",
    "b": "bool",
    "l": "list",
    "e": "set",
    "m": "map",
    "o": "object",
    "a": "any",
}


@record
class Attribute:
    """One attribute or nested block.

    ``type`` is the value's; ``item`` the type of the members of a list, set or map ("object" where ``members`` has
    their attributes). ``block``: written as a block. ``single``: a block that stands at most once (its value is a
    list of one all the same, unless ``type`` is "object"). ``enum`` are the only values it takes, where those are few.
    """

    name: str
    type: Type
    required: bool = False
    optional: bool = False
    computed: bool = False
    block: bool = False
    single: bool = False
    item: Type | None = None
    members: Mapping[str, Attribute] = field(default_factory=dict)
    enum: tuple[str | int | float | bool, ...] = ()

    @property
    def settable(self) -> bool:
        """Whether code may give it a value."""
        return self.required or self.optional


@record
class Schema:
    """A resource type. ``source`` and ``version`` say by which provider (or specification) this is so."""

    type: str
    source: str
    version: str
    attributes: Mapping[str, Attribute]

    def attribute(self, path: Path | str) -> Attribute | None:
        """The attribute at ``path`` (``versioning[0].enabled`` or its tuple), or None where there is none.

        Indices are optional and any key of a map is right; below a value of any type everything is.
        """
        keys = split_path(path) if isinstance(path, str) else tuple(path)
        members = self.attributes
        found: Attribute | None = None
        for key in keys:
            if found is not None and found.type == "any":
                return found
            if isinstance(key, int) or key == "*":
                if found is None or found.type not in ("list", "set", "map"):
                    return None
                continue
            if found is not None and found.type == "map":
                if not found.members:
                    return _member_of_map(found, str(key))
                if key not in found.members:  # the map's own key, before the name of a member
                    continue
            found = members.get(key)
            if found is None:
                return None
            members = found.members
        return found


def _member_of_map(found: Attribute, key: str) -> Attribute:
    return Attribute(key, found.item or "any", optional=found.settable, computed=found.computed)


_STEP = regex(r'\[(\d+|\*)?\]|\["([^"]*)"\]|"([^"]*)"|([^.\[\]"]+)')


def split_path(path: str) -> Path:
    """The keys of a dotted path: names, indices, ``*`` for any item."""
    keys: list[str | int] = []
    for index, quoted, text, name in _STEP.findall(path):
        keys.append(int(index) if index.isdigit() else (quoted or text or name or "*"))
    return tuple(keys)


class Members(Mapping[str, Attribute]):
    """Attributes by name, unpacked one by one when asked for: some types hold tens of thousands, or themselves."""

    __slots__ = ("_packed", "_shared")

    def __init__(self, packed: Packed, shared: Mapping[str, Packed]) -> None:
        self._packed = packed
        self._shared = shared

    def __getitem__(self, name: str) -> Attribute:
        return unpack(name, self._packed[name], self._shared)

    def __contains__(self, name: object) -> bool:
        return name in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def __repr__(self) -> str:
        return f"<{', '.join(self._packed)}>"


def unpack(name: str, packed: list[Any], shared: Mapping[str, Packed]) -> Attribute:
    """An attribute out of its packed form."""
    flags, code = packed[0], packed[1]
    inner = packed[2] if len(packed) > 2 else {}
    return Attribute(
        name,
        _CODES[code[0]],
        bool(flags & REQUIRED),
        bool(flags & OPTIONAL),
        bool(flags & COMPUTED),
        bool(flags & BLOCK),
        bool(flags & SINGLE),
        _CODES.get(code[1:2]),
        Members(shared[inner] if isinstance(inner, str) else inner, shared),
        tuple(packed[3]) if len(packed) > 3 else (),
    )
