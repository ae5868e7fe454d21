"""Strategic merge patches as Kustomize applies them (kyaml's merge2 with the lists of patches first).

Which lists are joined by which keys says Kubernetes' OpenAPI; every other list is replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from typing import Literal, TypeAlias

from iacguard.frontends.kubernetes.kustomize.ids import tables
from iacguard.frontends.kubernetes.kustomize.nodes import (
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    at,
    is_null,
    leaf,
    text_at,
)

_DIRECTIVE = "$patch"
_Order: TypeAlias = Literal["merge", "replace", "delete"]
#: By field: the shape of its value or items, and the merge keys where it is a list that is joined.
Shape: TypeAlias = AnyMapping[str, tuple[str, list[str] | None]]


def merge(base: Mapping, patch: Mapping) -> Mapping | None:
    """``base`` with ``patch`` applied, both of which are changed; None where the patch deletes the object."""
    merged = _join(base, patch, _shape_of(base) or _shape_of(patch), None)
    return merged if isinstance(merged, Mapping) and merged.entries else None


def _shape_of(tree: Tree | None) -> Shape | None:
    version, kind = text_at(tree, "apiVersion"), text_at(tree, "kind")
    name = tables()["kinds"].get(f"{version}/{kind}") if version and kind else None
    return _shape(name)


def _shape(name: str | None) -> Shape | None:
    found: Shape | None = tables()["shapes"].get(name)
    return found


def _join(base: Tree | None, patch: Tree | None, shape: Shape | None, keys: Sequence[str] | None) -> Tree | None:
    """What comes of one node; None where nothing is left. ``keys`` are a list's merge keys, None for a plain list."""
    lead = patch if is_null(base) else base
    if isinstance(lead, Mapping):
        _expect(Mapping, base, patch)
        return _mapping(base, patch, shape)
    if isinstance(lead, Listing):
        _expect(Listing, base, patch)
        return _listing(base, patch, shape, keys)
    if is_null(lead):
        return _nothing(base, patch)
    _expect(Leaf, base, patch)
    found = base if patch is None else patch
    return None if is_null(found) else found


def _expect(kind: type, *trees: Tree | None) -> None:
    for tree in trees:
        if tree is not None and not is_null(tree) and not isinstance(tree, kind):
            names = {Mapping: "a mapping", Listing: "a list", Leaf: "a scalar"}
            raise KustomizeError(f"the patch and what it is applied to disagree: {names[kind]} is expected", tree.place)


def _nothing(base: Tree | None, patch: Tree | None) -> Tree | None:
    # A null that is spelt out survives a patch that does not name it; an empty value does not.
    return base if patch is None and isinstance(base, Leaf) and base.text else None


def _mapping(base: Tree | None, patch: Tree | None, shape: Shape | None) -> Tree | None:
    order = _order_of_mapping(patch)
    if order == "delete" or (not is_null(base) and patch is not None and is_null(patch)):
        return None
    if is_null(base) or order == "replace":
        base = patch
    if not isinstance(base, Mapping):
        return None
    if shape is None:
        shape = _shape_of(base)
    own = patch.entries if isinstance(patch, Mapping) else {}
    made: dict[str, Tree] = {}
    for name in dict.fromkeys([*base.entries, *own]):
        inner, keys = (shape or {}).get(name, ("", None))
        joined = _join(base.entries.get(name), own.get(name), _shape(inner), keys)
        if joined is not None:
            made[name] = joined
    base.entries = made
    return base


def _order_of_mapping(patch: Tree | None) -> _Order:
    if not isinstance(patch, Mapping) or _DIRECTIVE not in patch.entries:
        return "merge"
    return _order(patch.entries.pop(_DIRECTIVE))


def _order(directive: Tree) -> _Order:
    text = directive.text if isinstance(directive, Leaf) else ""
    if text == "delete":
        return "delete"
    if text == "replace":
        return "replace"
    if text == "merge":
        return "merge"
    raise KustomizeError(f"$patch is merge, replace or delete, not {text!r}", directive.place)


def _order_of_list(patch: Listing) -> _Order:
    for item in patch.items:
        directive = at(item, _DIRECTIVE)
        if directive is not None:
            if not isinstance(item, Mapping) or len(item.entries) > 1:
                return "merge"
            order = _order(directive)
            patch.items = [i for i in patch.items if text_at(i, _DIRECTIVE) != order]
            return order
    return "merge"


def _listing(base: Tree | None, patch: Tree | None, shape: Shape | None, keys: Sequence[str] | None) -> Tree | None:
    if keys is None:
        found = base if patch is None else patch
        return None if is_null(found) else found
    if patch is not None and is_null(patch):
        return None
    order: _Order = "merge"
    if not is_null(base) and isinstance(patch, Listing):
        order = _order_of_list(patch)
    if order == "delete":
        return None
    if is_null(base) or order == "replace":
        base = patch
    assert isinstance(base, Listing)
    _Lists(base, patch if isinstance(patch, Listing) else None, shape, list(keys) or [""]).join()
    return base


class _Lists:
    """Joins two lists whose items belong together by keys; for lists of scalars the one key is ""."""

    def __init__(self, base: Listing, patch: Listing | None, shape: Shape | None, keys: list[str]) -> None:
        self.base, self.patch, self.shape = base, patch, shape
        sources = [patch, base] if patch is not None else [base]
        found = dict.fromkeys(tuple(_text(item, k) for k in keys) for source in sources for item in source.items)
        self.values = [list(values) for values in found]
        if len(keys) > 1:
            _complete(self.values)
        used = [any(values[at] for values in self.values) for at in range(len(keys))]
        # Keys that no item has do not count; a port without any protocol is known by its number alone.
        self.valid = [at for at in range(len(keys)) if used[at]] or list(range(len(keys)))
        self.keys = [keys[at] for at in self.valid]

    def join(self) -> None:
        made: list[Tree] = []
        for values in self.values:
            wanted = [values[at] for at in self.valid]
            base, patch = self._find(self.base, wanted), self._find(self.patch, wanted)
            if base is None and patch is None:
                continue
            joined = _join(base, patch, self.shape, None)
            if joined is None or (isinstance(joined, Mapping) and not joined.entries):
                self.base.items = [i for i in self.base.items if not _matches(i, self.keys, wanted)]
                continue
            if isinstance(joined, Mapping):
                for key, value in zip(self.keys, wanted, strict=True):
                    if value and key not in joined.entries:
                        joined.entries[key] = leaf(value, joined.place)
            _put(made, joined, self.keys, wanted)
        if not self.values:
            return
        for item in self.base.items:
            own = [_text(item, key) for key in self.keys]
            if len(self.keys) > 1:
                made = [i for i in made if not _matches(i, self.keys, own)]
            _put(made, item, self.keys, own)
        self.base.items = made

    def _find(self, source: Listing | None, wanted: list[str]) -> Tree | None:
        if source is None:
            return None
        pairs = [(key, value) for key, value in zip(self.keys, wanted, strict=True) if value]
        if not pairs:
            pairs = list(zip(self.keys, wanted, strict=True))
        return next((i for i in source.items if all(_text(i, key) == value for key, value in pairs)), None)


def _text(item: Tree, key: str) -> str:
    if key == "":
        return item.text if isinstance(item, Leaf) else ""
    return text_at(item, key)


def _matches(item: Tree, keys: list[str], values: list[str]) -> bool:
    return all(_text(item, key) == value for key, value in zip(keys, values, strict=True))


def _put(items: list[Tree], item: Tree, keys: list[str], values: list[str]) -> None:
    """Replace the item of the same keys, or add it."""
    for index, other in enumerate(items):
        if any(values) and _matches(other, keys, values):
            items[index] = item
            return
    items.append(item)


def _complete(values: list[list[str]]) -> None:
    """Fill what one item leaves out from one that agrees in the rest: port 80, and port 80 with protocol TCP."""
    for own in values:
        for other in values:
            agree = any(a == b for a, b in zip(own, other, strict=True))
            if agree and all(a == b or not a or not b for a, b in zip(own, other, strict=True)):
                joined = [a or b for a, b in zip(own, other, strict=True)]
                own[:], other[:] = joined, joined
