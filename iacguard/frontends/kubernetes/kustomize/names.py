"""Follows renamed objects: fields that name an object get its new name (Kustomize's name reference transformer)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from iacguard.frontends.kubernetes.kustomize.fieldspecs import Reference, apply
from iacguard.frontends.kubernetes.kustomize.ids import NOWHERE, Gvk, Item
from iacguard.frontends.kubernetes.kustomize.nodes import (
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    at,
    is_null,
    items_at,
    leaf,
    text_at,
)


def fix_references(items: Sequence[Item], references: Iterable[Reference]) -> None:
    """Bring every field of ``references`` in line with the names (and namespaces) that objects have now."""
    by_kind: dict[str, list[Reference]] = {}
    for reference in references:
        by_kind.setdefault(reference.spec.gvk.kind, []).append(reference)
    former: dict[str, list[Item]] = {}
    for item in items:
        for name in dict.fromkeys(own.name for own in item.previous):
            former.setdefault(name, []).append(item)
    if not former:
        return
    for item in items:
        original = item.original.gvk
        candidates = _Candidates(item, former)
        for reference in [*by_kind.get(original.kind, ()), *by_kind.get("", ())]:
            if original.selected_by(reference.spec.gvk):
                spec = reference.spec._replace(gvk=item.gvk)
                referrer = _Referrer(item, candidates, reference.target, spec.path.endswith("roleRef/name"))
                apply(item, (spec,), referrer.set, "", item.root.place)


class _Candidates:
    """What ``referrer`` may refer to, by former name."""

    def __init__(self, referrer: Item, former: dict[str, list[Item]]) -> None:
        self._former = former
        own = referrer.id
        self._namespace = None if own.namespace == NOWHERE else own.namespace
        self._bound = _bound_namespaces(referrer)

    def of(self, name: str) -> list[Item]:
        found = self._former.get(name, [])
        if self._namespace is None:
            return list(found)
        return [i for i in found if i.id.namespace in (NOWHERE, self._namespace) or i.namespace in self._bound]


def _bound_namespaces(referrer: Item) -> set[str]:
    if text_at(referrer.root, "kind") != "RoleBinding":
        return set()
    accounts = [s for s in items_at(referrer.root, "subjects") if text_at(s, "kind") == "ServiceAccount"]
    return {text_at(s, "namespace") for s in accounts if at(s, "namespace") is not None}


class _Referrer:
    """One field of one object that may name an object of ``target``."""

    def __init__(self, item: Item, candidates: _Candidates, target: Gvk, of_role: bool) -> None:
        self.item, self.candidates, self.target = item, candidates, target
        self.role = self._role() if of_role else None

    def _role(self) -> Gvk | None:
        group, kind = at(self.item.root, "roleRef", "apiGroup"), at(self.item.root, "roleRef", "kind")
        return None if group is None or kind is None else Gvk(_text(group), "", _text(kind))

    def set(self, tree: Tree) -> Tree | None:
        """What takes the place of the field, None where it stays."""
        if is_null(tree):
            return None
        if isinstance(tree, Leaf):
            return self._scalar(tree)
        if isinstance(tree, Mapping):
            self._mapping(tree)
            return None
        assert isinstance(tree, Listing)
        for index, item in enumerate(tree.items):
            if isinstance(item, Mapping):
                self._mapping(item)
            elif isinstance(item, Leaf) and item.value is not None:
                tree.items[index] = self._scalar(item) or item
        return None

    def _scalar(self, tree: Leaf) -> Tree | None:
        found = self._choose(tree.text, self.candidates.of(tree.text), lambda item: (item.name,))
        return None if found is None or found.name == tree.text else leaf(found.name, tree.place)

    def _mapping(self, tree: Mapping) -> None:
        name = tree.entries.get("name")
        if not isinstance(name, Leaf):
            raise KustomizeError("what this refers to has no name", tree.place)
        candidates = self.candidates.of(name.text)
        namespace = tree.entries.get("namespace")
        if namespace is not None:
            wanted = _text(namespace)
            candidates = self._in_namespace(candidates, wanted)
        found = self._choose(name.text, candidates, lambda item: (item.name, item.namespace))
        if found is None or (found.name == name.text and not found.namespace):
            return
        tree.entries["name"] = leaf(found.name, name.place)
        if found.namespace:
            place = namespace.place if namespace is not None else name.place
            tree.entries["namespace"] = leaf(found.namespace, place)

    @staticmethod
    def _in_namespace(candidates: list[Item], wanted: str) -> list[Item]:
        before = [item for item in candidates if item.original.namespace == wanted]
        return before or [item for item in candidates if item.id.namespace == wanted]

    def _choose(self, name: str, found: list[Item], same: Callable[[Item], tuple[str, ...]]) -> Item | None:
        own = self.item.id
        found = [i for i in found if any(p.name == name for p in i.previous)]
        found = [i for i in found if any(p.gvk.selected_by(self.target) for p in i.previous)]
        if self.role is not None:
            role = self.role
            found = [i for i in found if any(p.gvk.selected_by(role) for p in i.previous)]
        if own.namespace != NOWHERE:
            near = (NOWHERE, own.namespace)
            found = [i for i in found if i.id.namespace in near or text_at(i.root, "kind") == "ServiceAccount"]
        if len(found) == 1:
            return found[0]
        found = [i for i in found if self._same_layer(i, loosely=True)]
        if len(found) > 1:
            found = [i for i in found if self._same_layer(i, loosely=False)]
        if not found:
            return None
        if len({same(item) for item in found}) > 1:
            raise KustomizeError(f"{name!r} may refer to more than one object", self.item.root.place)
        return found[0]

    def _same_layer(self, other: Item, loosely: bool) -> bool:
        pairs = ((other.prefixes, self.item.prefixes), (other.suffixes, self.item.suffixes))
        return all((loosely and (not a or not b)) or _same_end(a, b) for a, b in pairs)


def _same_end(own: list[str], other: list[str]) -> bool:
    shorter = min(len(own), len(other))
    if shorter == 0:
        return len(own) == len(other)
    return own[-shorter:] == other[-shorter:]


def _text(tree: Tree) -> str:
    return tree.text if isinstance(tree, Leaf) and tree.value is not None else ""
