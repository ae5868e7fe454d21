"""Folding split sub-resources into their parents, by the rows of ``tables/folds``.

The join goes by the reference that the value itself holds, else by the front end's edge, else by an equal literal. A
reference that is wholly unknown, and could be any parent, leaves an unknown item with each of them: "missing" is then
undecided instead of a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import Any

from iacguard.model import Edge, Path, Place, Unknown, Value
from iacguard.normalise.bindings import SUFFIXES, parent_type
from iacguard.normalise.convert import convert
from iacguard.normalise.draft import Draft, owned
from iacguard.normalise.places import NamedPlace
from iacguard.normalise.tables import load, words
from iacguard.normalise.values import get, items, origin_of, same
from iacguard.record import record, replace

_PROVIDERS = ("aws", "azurerm", "google")
#: How many siblings in a row a reference is followed through.
_MAX_HOPS = 4
#: An unknown of these kinds is not a resource of this stack: it would have a reference, or stand outside the code.
_ELSEWHERE = frozenset({"data", "module", "variable"})


@record
class Target:
    """What becomes of a child in its parent: ``name`` is appended to (``many``) or set, with the items of ``source``
    (the whole child where it is empty), each with ``made`` attributes (new, old path, conversion, argument)."""

    name: str
    many: bool
    source: Path = ()
    made: tuple[tuple[str, Path, str, str], ...] = ()


@record
class Fold:
    """One way in which a child type belongs to a parent type ("*": any). ``kin`` keep being resources of their own."""

    child: str
    parent: str
    references: tuple[str, ...]
    targets: tuple[Target, ...]
    kin: bool


def folds_of(provider: str) -> dict[str, tuple[Fold, ...]]:
    """Child type -> its folds."""
    return {child: _folds(child) for child in _rows(provider)}


@cache
def _rows(provider: str) -> dict[str, list[tuple[str, str, Any]]]:
    """Child type -> parent type, references and targets of each of its rows, as written."""
    found: dict[str, list[tuple[str, str, Any]]] = {}
    for parent, row in load(f"folds/{provider}").items():
        for key, entry in row.items():
            if key != "key":
                child, _, references = key.partition(".")
                found.setdefault(child, []).append((parent, references, entry))
    return found


@cache
def _folds(child: str) -> tuple[Fold, ...]:
    found = []
    for parent, references, entry in _rows(child.partition("_")[0]).get(child, ()):
        texts = [entry] if isinstance(entry, str) else entry
        kin = all(t.startswith("kin ") for t in texts)
        targets = tuple(_target(t.removeprefix("kin ")) for t in texts)
        found.append(Fold(child, parent, tuple(references.split("|")), targets, kin))
    return tuple(found)


@cache
def _folds_from(type_: str) -> tuple[Fold, ...]:
    """The folds that resources of a type may be children in."""
    if type_.partition("_")[0] not in _PROVIDERS:
        return ()
    return (_iam_fold(type_),) if parent_type(type_) else _folds(type_)


def _target(entry: str) -> Target:
    head, _, made = entry.partition("|")
    name, _, source = head.partition("<")
    name = name.strip()
    return Target(
        name.removesuffix("[]"),
        name.endswith("[]"),
        tuple(source.strip().split(".")) if source.strip() else (),
        tuple(_made(word) for word in made.split()),
    )


def _made(word: str) -> tuple[str, Path, str, str]:
    new, _, rest = word.partition("=")
    path, _, conversion = rest.partition(":")
    name, _, argument = conversion.partition(":")
    return new, tuple(path.split(".")), name, argument


def fold(drafts: list[Draft], edges: Iterable[Edge]) -> None:
    """Fold every child among ``drafts`` into its parents."""
    work = _Folding(drafts, edges)
    children = [(d, f) for d in drafts for f in work.folds(d)]
    if not children:
        return
    # Grandchildren first: what a child takes along must be complete by then.
    children.sort(key=lambda pair: -work.depth(pair[1].child))
    for draft, row in children:
        work.join(draft, row)


class _Folding:
    def __init__(self, drafts: list[Draft], edges: Iterable[Edge]) -> None:
        self.drafts = drafts
        self.by_type: dict[str, list[Draft]] = {}
        for draft in drafts:
            self.by_type.setdefault(draft.type, []).append(draft)
        self.linking = edges
        self.literals: dict[str, dict[tuple[str, ...], list[tuple[Value, Draft]]]] = {}

    @cached_property
    def by_address(self) -> dict[str, Draft]:
        return {d.address: d for d in self.drafts}

    @cached_property
    def edges(self) -> dict[str, list[Edge]]:
        """Address -> the edges from there."""
        found: dict[str, list[Edge]] = {}
        for edge in self.linking:
            found.setdefault(edge.source, []).append(edge)
        return found

    def folds(self, draft: Draft) -> tuple[Fold, ...]:
        rows = _folds_from(draft.type)
        if not rows or parent_type(draft.type):
            return rows
        return tuple(f for f in rows if f.parent == "*" or f.parent in self.by_type)

    def depth(self, type_: str) -> int:
        depth = 0
        while depth < 4:
            rows = [f for f in _folds(type_) if f.parent != "*"]
            if not rows:
                break
            type_ = rows[0].parent
            depth += 1
        return depth

    def join(self, child: Draft, row: Fold) -> None:
        parents, certain = self.parents(child, row)
        for parent in parents:
            if parent is child:
                continue
            if certain:
                for target in row.targets:
                    _put(child, parent, target)
                if not row.kin and not child.parent:
                    child.parent = parent.address
            else:
                _blur(child, parent, row)

    def parents(self, child: Draft, row: Fold) -> tuple[list[Draft], bool]:
        """The parents of a child, and whether they surely are."""
        open_reference = False
        for name in row.references or _iam_references(child):
            value = child.attributes.get(name)
            found = self.referenced(value, row.parent)
            several = [] if found else self.among(value, row.parent)
            if len(several) > 1:
                return several, False
            found = found or self.linked(child, name, row.parent)
            if not found:
                written = value if isinstance(value, list) else [value]
                found = [p for v in written for p in self.literal(v, row.parent)]
            if found:
                return found, True
            if several:
                return several, False
            open_reference = open_reference or _could_be_any(value)
        if not row.references:
            found = self.linked(child, None, row.parent)
            return found, True
        return (self.by_type.get(row.parent, []) if open_reference else []), False

    def referenced(self, value: Value, parent: str, hops: int = 0) -> list[Draft]:
        """The parents that the value refers to; also through a sibling, whose id is the parent's own."""
        found: list[Draft] = []
        for item in items(value):
            while isinstance(item, Unknown) and item.reference is None and len(item.parts) == 1:
                part = item.parts[0]
                item = part if isinstance(part, Unknown) else None
            if isinstance(item, Unknown) and item.reference is not None:
                target = self.by_address.get(item.reference.address)
                if target is not None and parent in ("*", target.type):
                    found.append(target)
                elif target is not None and hops < _MAX_HOPS:
                    found += self.through(target, item.reference.attribute, parent, hops)
        return found

    def among(self, value: Value, parent: str) -> list[Draft]:
        """The parents that a value may mean, by a condition that is not known; each once."""
        found = {address: self.by_address[address] for address in _choices(value) if address in self.by_address}
        return [draft for draft in found.values() if parent in ("*", draft.type)]

    def through(self, sibling: Draft, attribute: str, parent: str, hops: int) -> list[Draft]:
        """The parents of a sibling of which ``attribute`` is their own id or name (``aws_s3_bucket_policy.p.id``)."""
        for row in self.folds(sibling):
            if row.parent == parent and (attribute == "id" or attribute in row.references):
                for name in row.references:
                    found = self.referenced(sibling.attributes.get(name), parent, hops + 1)
                    if found:
                        return found
        return []

    def linked(self, child: Draft, name: str | None, parent: str) -> list[Draft]:
        found: dict[str, Draft] = {}
        for edge in self.edges.get(child.address, ()):
            target = self.by_address.get(edge.target)
            fits = name is None or edge.attribute == name or edge.attribute.startswith((f"{name}.", f"{name}["))
            if fits and target is not None and parent in ("*", target.type):
                found[target.address] = target
        # An expression may be made of several resources of one type: all of them are guarded by it.
        return list(found.values())

    def literal(self, value: Value, parent: str) -> list[Draft]:
        """The parents that have the same name, known or not."""
        origin = origin_of(value)
        if origin is None:
            return []
        index = self.literals.get(parent)
        if index is None:
            index = self.literals[parent] = {}
            for draft in self.by_type.get(parent, ()):
                for known in (draft.attributes.get(k) for k in _keys(parent)):
                    key = origin_of(known)
                    if key is not None:
                        index.setdefault(key, []).append((known, draft))
        return [draft for known, draft in index.get(origin, ()) if same(value, known)]


@cache
def _keys(parent: str) -> tuple[str, ...]:
    row = load(f"folds/{parent.partition('_')[0]}").get(parent, {})
    return (words(row.get("key", "")) if isinstance(row, dict) else ()) or ("name",)


@cache
def _iam_fold(type_: str) -> Fold:
    return Fold(type_, parent_type(type_), (), (Target("bindings", True, ("bindings",)),), False)


def _iam_references(child: Draft) -> Iterator[str]:
    """Everything on a Google IAM resource that may name what it belongs to; project and place name it last."""
    if not child.type.endswith(SUFFIXES):
        return
    last = ("project", "location", "region", "zone")
    skip = {"role", "member", "members", "condition", "policy_data", "bindings", *last}
    yield from (n for n in child.attributes if n not in skip)
    if parent_type(child.type) == "google_project":
        yield "project"


def _choices(value: Value) -> Iterator[str]:
    for item in items(value):
        if isinstance(item, Unknown):
            for choice in item.choices:
                if isinstance(choice, Unknown) and choice.reference is not None:
                    yield choice.reference.address


def _could_be_any(value: Value) -> bool:
    return any(
        isinstance(v, Unknown) and v.reference is None and not v.parts and not v.choices and v.kind not in _ELSEWHERE
        for v in items(value)
    )


def _blur(child: Draft, parent: Draft, row: Fold) -> None:
    """Leave an unknown where the child may be."""
    for target in row.targets:
        unknown = Unknown(f"{child.address} may belong here", spread=target.many)
        if target.many:
            parent.append(target.name, unknown, owned(child.place, child.address))
        elif parent.attributes.get(target.name) is None:
            parent.set(target.name, unknown, owned(child.place, child.address))


def _put(child: Draft, parent: Draft, target: Target) -> None:
    value, path = _taken(child, target.source)
    if target.source and value is None:
        return
    if not target.many:
        if parent.attributes.get(target.name) is None:
            parent.set(target.name, value, owned(child.where(path), child.address))
        return
    if target.source and isinstance(value, list):
        for index, item in enumerate(value):
            _append(child, parent, target, item, (*path, index))
    else:
        _append(child, parent, target, value, path)


def _taken(child: Draft, source: Path) -> tuple[Value, Path]:
    """The value at ``source``, through the first item of each block on the way, and its true path."""
    value: Value = child.attributes
    path: Path = ()
    for name in source:
        if isinstance(value, list) and value:
            value, path = value[0], (*path, 0)
        value, path = get(value, name), (*path, name)
    return value, path


def _append(child: Draft, parent: Draft, target: Target, item: Value, path: Path) -> None:
    place: Place = child.where(path) if path else child.place
    if target.made and isinstance(item, dict):
        item, names = _make(item, target.made)
        place = NamedPlace(place, (), names)
    elif isinstance(item, Unknown) and target.source and not item.spread and item.kind != "computed":
        item = item if item.parts or item.choices or item.reference else replace(item, spread=True)
    at = parent.append(target.name, item, owned(place, child.address))
    for known, origin in list(child.origins.items()):
        if len(known) > len(path) and known[: len(path)] == path:
            parent.origin((target.name, at, *known[len(path) :]), owned(origin, child.address))


def _make(item: dict[str, Value], made: tuple[tuple[str, Path, str, str], ...]) -> tuple[dict[str, Value], Any]:
    out = dict(item)
    names: dict[Any, tuple[Path, ...]] = {}
    for new, old, conversion, argument in made:
        value: Value = item
        for name in old:
            value = get(value[0] if isinstance(value, list) and value else value, name)
        if value is None and conversion != "const":
            continue
        out[new] = convert(value, conversion, argument) if conversion else value
        blocks = tuple(k for name in old for k in (name, 0))[:-1]
        names[new] = (blocks, old, old[:1])
    return out, names
