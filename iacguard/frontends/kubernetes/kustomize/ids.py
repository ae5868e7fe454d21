"""What Kustomize knows an object by, now and before: group, version, kind, name and namespace."""

from __future__ import annotations

import json
from collections.abc import Mapping as AnyMapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from iacguard.frontends.kubernetes.kustomize.nodes import Leaf, Mapping, Tree, at, leaf, text_at
from iacguard.model import Place
from iacguard.record import field, record

#: The namespace of what has none.
NOWHERE = "_non_namespaceable_"


@cache
def tables() -> AnyMapping[str, Any]:
    """Kustomize's built-in tables, made by ``tools/make_kustomize_tables.py``; see there for what is in them."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / "tables.json").read_bytes())
    return loaded


class Gvk(NamedTuple):
    """Group, version and kind."""

    group: str
    version: str
    kind: str

    @staticmethod
    def of(api_version: str, kind: str) -> Gvk:
        # Split as Kustomize does it: at the first slash.
        group, slash, version = api_version.partition("/")
        return Gvk(group, version, kind) if slash else Gvk("", api_version, kind)

    def selected_by(self, selector: Gvk) -> bool:
        """Empty parts of the selector take everything."""
        return all(not wanted or wanted == own for own, wanted in zip(self, selector, strict=True))


class ResId(NamedTuple):
    """An object's identity. ``namespace`` is the effective one: "default" for none, NOWHERE where there can be none."""

    gvk: Gvk
    name: str
    namespace: str

    def selected_by(self, gvk: Gvk, name: str, namespace: str) -> bool:
        """Empty parts take everything."""
        in_space = not namespace or namespace == self.namespace
        return in_space and (not name or name == self.name) and self.gvk.selected_by(gvk)


def is_cluster_scoped(gvk: Gvk) -> bool:
    """Whether Kustomize is certain that the kind has no namespace."""
    version = f"{gvk.group}/{gvk.version}" if gvk.group else gvk.version
    return gvk.kind in tables()["cluster"].get(version, ())


@record(frozen=False, eq=False)
class Item:
    """One object on its way through the kustomizations."""

    root: Mapping
    #: The identities that it had, as (namespace, name, kind), oldest first.
    history: list[tuple[str, str, str]] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    suffixes: list[str] = field(default_factory=list)
    behavior: str = ""
    needs_hash: bool = False
    variables: list[str] = field(default_factory=list)

    @property
    def gvk(self) -> Gvk:
        return Gvk.of(text_at(self.root, "apiVersion"), text_at(self.root, "kind"))

    @property
    def name(self) -> str:
        return text_at(self.root, "metadata", "name")

    @property
    def namespace(self) -> str:
        """As written; "" where nothing is written."""
        return text_at(self.root, "metadata", "namespace")

    @property
    def id(self) -> ResId:
        gvk = self.gvk
        return ResId(gvk, self.name, NOWHERE if is_cluster_scoped(gvk) else self.namespace or "default")

    @property
    def previous(self) -> list[ResId]:
        gvk = self.gvk
        return [ResId(gvk._replace(kind=kind), name, namespace) for namespace, name, kind in self.history]

    @property
    def original(self) -> ResId:
        previous = self.previous
        return previous[0] if previous else self.id

    @property
    def all_ids(self) -> list[ResId]:
        return [*self.previous, self.id]

    def remember(self) -> None:
        """Keep the present identity among the former ones."""
        own = self.id
        self.history.append((own.namespace, own.name, own.gvk.kind))

    def metadata(self) -> Mapping:
        """The metadata, made where there are none."""
        found = at(self.root, "metadata")
        if not isinstance(found, Mapping):
            found = self.root.entries["metadata"] = Mapping({}, self.root.place)
        return found

    def rename(self, name: str, place: Place) -> None:
        """Set the name; ``place`` is what made it so."""
        self.metadata().entries["name"] = leaf(name, place)

    def labels(self, kind: str = "labels") -> dict[str, str]:
        """Labels (or annotations) as texts."""
        found = at(self.root, "metadata", kind)
        pairs = found.entries.items() if isinstance(found, Mapping) else ()
        return {name: inner.text for name, inner in pairs if isinstance(inner, Leaf)}


def item_of(tree: Tree) -> Item | None:
    """An item of a tree that is an object with a kind."""
    if not isinstance(tree, Mapping) or not text_at(tree, "kind"):
        return None
    return Item(tree)
