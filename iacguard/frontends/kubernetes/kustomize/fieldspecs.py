"""Kustomize's field specs: which field of which kind a transformer writes to, and the walk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from iacguard.frontends.kubernetes.kustomize.ids import Gvk, Item, tables
from iacguard.frontends.kubernetes.kustomize.nodes import (
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    is_null,
    items_at,
    text_at,
)
from iacguard.model import Place

#: What is made where a field is missing: a scalar, a mapping, or nothing.
Kind: TypeAlias = Literal["leaf", "mapping", ""]
Setter: TypeAlias = Callable[[Tree], "Tree | None"]


class FieldSpec(NamedTuple):
    """``path`` in objects that ``gvk`` selects (its empty parts take all); ``create``: made where it is missing."""

    gvk: Gvk
    path: str
    create: bool = False


class Reference(NamedTuple):
    """``spec`` is a field that names an object of ``target``."""

    target: Gvk
    spec: FieldSpec


class Config(NamedTuple):
    """The field specs of one kustomization: the built-in ones and those of its ``configurations``."""

    specs: dict[str, tuple[FieldSpec, ...]]
    references: tuple[Reference, ...]

    def merged(self, other: Config) -> Config:
        """Both; a spec that is in both counts once."""
        names = dict.fromkeys([*self.specs, *other.specs])
        specs = {n: tuple(dict.fromkeys([*self.specs.get(n, ()), *other.specs.get(n, ())])) for n in names}
        return Config(specs, tuple(dict.fromkeys([*self.references, *other.references])))


def built_in() -> Config:
    """Kustomize's own."""
    rows = dict(tables()["specs"])
    references = tuple(Reference(Gvk(*r[:3]), FieldSpec(Gvk(*r[3:6]), r[6], r[7])) for r in rows.pop("nameReference"))
    return Config(
        {n: tuple(FieldSpec(Gvk(*r[:3]), r[3], r[4]) for r in found) for n, found in rows.items()}, references
    )


def configured(tree: Tree) -> Config:
    """What a file of ``configurations`` holds."""
    specs: dict[str, tuple[FieldSpec, ...]] = {}
    for name in tree.entries if isinstance(tree, Mapping) else ():
        if name != "nameReference":
            specs[name] = read_specs(items_at(tree, name))
    references = [
        Reference(_gvk(item), spec)
        for item in items_at(tree, "nameReference")
        for spec in read_specs(items_at(item, "fieldSpecs"))
    ]
    return Config(specs, tuple(references))


def read_specs(items: Iterable[Tree]) -> tuple[FieldSpec, ...]:
    """Field specs as they are written in a kustomization."""
    return tuple(FieldSpec(_gvk(i), text_at(i, "path"), text_at(i, "create") == "true") for i in items)


def _gvk(tree: Tree) -> Gvk:
    return Gvk(text_at(tree, "group"), text_at(tree, "version"), text_at(tree, "kind"))


def apply(item: Item, specs: Iterable[FieldSpec], setter: Setter, make: Kind, place: Place) -> None:
    """Call ``setter`` on every field of ``specs``; what it returns takes the field's place.

    Missing fields are made where the spec says so; what is made stands at ``place``.
    """
    gvk = item.gvk
    for spec in specs:
        if gvk.selected_by(spec.gvk):
            _Walk(split_path(spec.path, "/"), spec, setter, make, place).into(item.root, 0)


class _Walk(NamedTuple):
    path: Sequence[str]
    spec: FieldSpec
    setter: Setter
    make: Kind
    place: Place

    def into(self, tree: Tree, depth: int) -> Tree | None:
        """Go on from ``tree``; the node that takes its place, if any."""
        if depth == len(self.path):
            return self.setter(tree)
        if is_null(tree):
            return None
        if isinstance(tree, Listing):
            for index, item in enumerate(tree.items):
                made = self.into(item, depth)
                if made is not None:
                    tree.items[index] = made
            return None
        if not isinstance(tree, Mapping):
            path = self.spec.path
            raise KustomizeError(
                f"a mapping or a list is expected here: Kustomize goes to the field {path!r}", tree.place
            )
        return self._member(tree, depth)

    def _member(self, tree: Mapping, depth: int) -> None:
        name = self.path[depth].removesuffix("[]")
        is_list = name != self.path[depth]
        last = depth == len(self.path) - 1
        creates = self.spec.create and self.make and not is_list
        inner = tree.entries.get(name)
        if is_null(inner):
            if inner is None and not creates:
                return
            if creates:
                fresh: Tree = Mapping({}, self.place)
                if last and self.make == "leaf":
                    fresh = Leaf(None, "", self.place)
                inner = tree.entries[name] = fresh
        if inner is None:
            return
        made = self.into(inner, depth + 1)
        if made is not None:
            tree.entries[name] = made


def split_path(path: str, delimiter: str) -> list[str]:
    """A path's parts; a delimiter after a backslash does not part."""
    parts = path.split(delimiter)
    if len(parts) > 1 and parts[0] == "":
        parts = parts[1:]
    found = parts[:1]
    for part in parts[1:]:
        if found[-1].endswith("\\"):
            found[-1] = found[-1][:-1] + delimiter + part
        else:
            found.append(part)
    return found
