"""What every part speaks of: values, their places in the source, resources and the graph.

Values are plain Python data (``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``) with two
additions: :class:`Unknown` for what the code alone cannot tell, and :class:`Encoded` for a string that is the
JSON encoding of a structure we still hold. A value never carries its place; a resource finds the place of a
path on demand (:meth:`Resource.locate`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from iacguard.record import field, record

Format: TypeAlias = Literal["terraform", "cloudformation", "kubernetes"]
#: What a file is written in. A plan is Terraform's JSON of what it would do: its resources are of format "terraform".
Language: TypeAlias = Literal["terraform", "plan", "cloudformation", "kubernetes"]
Key: TypeAlias = str | int
Path: TypeAlias = tuple[Key, ...]

# A recursive alias costs mypy more than it gives here: the members are listed in the module's docstring.
Value: TypeAlias = Any

UnknownKind: TypeAlias = Literal[
    "variable",  # an input without a value: a Terraform variable, a CloudFormation parameter
    "default",  # the default of an input that is meant to be secret: written in the code, and not shown
    "data",  # a data source, an imported value, anything looked up in the account
    "computed",  # a resource attribute that exists only after apply
    "module",  # an output of a module whose code is not at hand
    "function",  # a function that cannot be known (uuid, timestamp) or whose argument is not known
    "condition",  # one of several values, by a condition that is not known
    "expression",  # built from other unknowns
    "limit",  # a bound of ours was reached
    "error",  # the code is wrong here; a Problem says so
]

#: In a map whose other keys are not all known, this key holds the Unknown that stands for them.
REST = "$rest"


@record(order=True)
class Span:
    """A region of one file. Lines and columns start at 1, columns count Unicode code points, the end is exclusive.

    ``file`` is relative to the scan's base folder, with forward slashes, not percent-encoded.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Reference(NamedTuple):
    """An attribute of a resource instance; an empty attribute means the resource as a whole."""

    address: str
    attribute: str


@record
class Unknown:
    """A value that the code alone does not determine. Never guessed, never silently a string.

    ``reason`` completes the sentence "not known, because ..." (``variable "cidr" has no default``).
    ``parts`` are the pieces of a string of which some are known, in order; ``choices`` is the finite set the value
    is taken from, when that is known. ``reference`` names the resource attribute that it will have.
    ``spread``: as an item of a list, stands for zero or more items.
    ``secret``: whatever it is, it is meant to be secret (``NoEcho``, ``sensitive``, ``{{resolve:secretsmanager}}``).
    ``present``: surely neither null nor empty (the ``arn`` of a resource that is created here).
    ``encodes``: where it is the Base64 of a text that is known in part, that text.
    ``keys``: where it stands for the rest of a map whose entries are known but for their keys, the key of each of
    ``choices``, which are then all of those entries.
    """

    reason: str
    kind: UnknownKind = "expression"
    span: Span | None = None
    parts: tuple[str | Unknown, ...] = ()
    choices: tuple[Value, ...] = ()
    reference: Reference | None = None
    spread: bool = False
    secret: bool = False
    present: bool = False
    encodes: Unknown | None = None
    keys: tuple[Unknown, ...] = ()

    @property
    def prefix(self) -> str:
        """The text it surely begins with."""
        text = ""
        for part in self.parts:
            if not isinstance(part, str):
                return text + part.prefix
            text += part
        return text

    @property
    def suffix(self) -> str:
        """The text it surely ends with."""
        text = ""
        for part in reversed(self.parts):
            if not isinstance(part, str):
                return part.suffix + text
            text = part + text
        return text

    def __bool__(self) -> bool:
        # `if value:` on an unknown would decide by accident; a loud error finds that line.
        raise TypeError(f"an unknown value has no truth: {self.reason}")


@record
class Encoded:
    """A string that is the JSON encoding of ``value``; ``text`` is None where part of the value is unknown.

    ``place``, if known, is the place of the structure (the argument of ``jsonencode``, the policy document's blocks).
    """

    value: Value
    text: str | None = None
    place: Place | None = None


class Step(NamedTuple):
    """One station on the way of a value: where, and what it is (``default of variable "cidr"``)."""

    span: Span
    note: str


class Place(Protocol):
    """A place in the source that can be walked into. Built lazily; only findings pay for it."""

    @property
    def span(self) -> Span:
        """The region to show: an attribute's line, an item, or a block's header."""

    def child(self, key: Key) -> Place | None:
        """The place of a member, or None where it has none of its own."""

    def trail(self) -> tuple[Step, ...]:
        """How the value came here from elsewhere, origin first; empty where it was written here."""

    def text_start(self) -> tuple[int, int] | None:
        """For a text written here in lines (a heredoc): line and column of its first character."""


@record
class FixedPlace:
    """A place known outright, with the members that have places of their own."""

    span: Span
    children: Mapping[Key, Place] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    owner: str = ""

    def child(self, key: Key) -> Place | None:
        return self.children.get(key)

    def trail(self) -> tuple[Step, ...]:
        return self.steps

    def text_start(self) -> tuple[int, int] | None:
        return None


@record
class OwnedPlace:
    """A place in another resource's block: where a folded sub-resource's attribute stands."""

    inner: Place
    owner: str

    @property
    def span(self) -> Span:
        return self.inner.span

    def child(self, key: Key) -> Place | None:
        found = self.inner.child(key)
        return None if found is None else OwnedPlace(found, self.owner)

    def trail(self) -> tuple[Step, ...]:
        return self.inner.trail()

    def text_start(self) -> tuple[int, int] | None:
        return self.inner.text_start()


class Located(NamedTuple):
    """The answer of :meth:`Resource.locate`. ``exact`` is false where the path's nearest ancestor answered.

    ``owner`` is the address of the sub-resource whose block it is, "" where it is the resource's own.
    """

    span: Span
    trail: tuple[Step, ...]
    exact: bool
    owner: str = ""


@record
class Resource:
    """One instance of an evaluated resource.

    ``address`` is in its own language and unique within its stack; ``block`` is the same for all instances of one
    source block. ``type`` is the common vocabulary's, ``native_type`` the one written in the file.
    ``origins`` gives the place of every path that normalising moved or made; all else is found under ``place``.
    ``module`` is the Terraform module path ("module.a.module.b"), "" at the root and in other formats.
    ``parent`` is the address of the resource that a split sub-resource was folded into: a policy that names both
    kinds decides it there. ``construct`` is the path of the CDK construct that made it.
    """

    address: str
    type: str
    native_type: str
    format: Format
    attributes: dict[str, Value]
    place: Place
    block: str
    module: str = ""
    parent: str = ""
    origins: Mapping[Path, Place] = field(default_factory=dict)
    construct: str = ""

    @property
    def span(self) -> Span:
        """The block's header."""
        return self.place.span

    def locate(self, path: Path) -> Located:
        """The most exact place of ``path``: the attribute itself, else its nearest ancestor, else the header."""
        for depth in range(len(path), -1, -1):
            start = self.place if depth == 0 else self.origins.get(path[:depth])
            if start is not None:
                return _descend(start, path[depth:])
        raise AssertionError("unreachable: the empty path always has a place")


def _descend(place: Place, path: Path) -> Located:
    exact = True
    for key in path:
        inner = place.child(key)
        if inner is None:
            exact = False
            break
        place = inner
    return Located(place.span, place.trail(), exact, getattr(place, "owner", ""))


class Edge(NamedTuple):
    """``source``'s ``attribute`` refers to ``target``; both are addresses of one stack."""

    source: str
    target: str
    attribute: str


@record
class Graph:
    """The resources of one stack and what links them. Build it with :meth:`of`."""

    resources: tuple[Resource, ...]
    edges: tuple[Edge, ...]
    by_address: Mapping[str, Resource]
    by_type: Mapping[str, tuple[Resource, ...]]
    outgoing: Mapping[str, tuple[Edge, ...]]
    incoming: Mapping[str, tuple[Edge, ...]]

    @staticmethod
    def of(resources: Iterable[Resource], edges: Iterable[Edge]) -> Graph:
        """Index ``resources`` and ``edges``; edges to an address that is not a resource are left out."""
        kept = tuple(resources)
        by_address = {r.address: r for r in kept}
        unique = dict.fromkeys(e for e in edges if e.source in by_address and e.target in by_address)
        return Graph(
            kept,
            tuple(unique),
            by_address,
            _group(kept, attrgetter("type")),
            _group(unique, attrgetter("source")) if unique else {},
            _group(unique, attrgetter("target")) if unique else {},
        )

    def targets(self, resource: Resource, type_: str = "") -> Iterator[Resource]:
        """What ``resource`` refers to, in the order of its attributes; only of ``type_`` if given."""
        for edge in self.outgoing.get(resource.address, ()):
            found = self.by_address[edge.target]
            if not type_ or found.type == type_:
                yield found

    def referrers(self, resource: Resource, type_: str = "") -> Iterator[Resource]:
        """What refers to ``resource``; only of ``type_`` if given."""
        for edge in self.incoming.get(resource.address, ()):
            found = self.by_address[edge.source]
            if not type_ or found.type == type_:
                yield found


def _group(items: Iterable[Any], key: Callable[[Any], str]) -> dict[str, tuple[Any, ...]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        name = key(item)
        if name in groups:
            groups[name].append(item)
        else:
            groups[name] = [item]
    return {k: tuple(v) for k, v in groups.items()}


def contains_unknown(value: Value) -> bool:
    """Whether any part of ``value`` is not known."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Unknown):
            return True
        if isinstance(item, Encoded):
            pending.append(item.value)
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return False
