"""``replacements``: copy a field of one object into fields of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from iacguard.frontends.kubernetes.kustomize.fieldspecs import split_path
from iacguard.frontends.kubernetes.kustomize.ids import Gvk, Item
from iacguard.frontends.kubernetes.kustomize.nodes import (
    Copier,
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    at,
    is_null,
    items_at,
    leaf,
    plain_value,
    text_at,
)
from iacguard.frontends.kubernetes.kustomize.selectors import LONGEST, label_selector, pattern
from iacguard.model import Place


def replace(items: list[Item], replacement: Tree, copier: Copier, lenient: bool) -> None:
    """One entry of ``replacements``. ``lenient``: a source may be among what could not be read."""
    source, targets = at(replacement, "source"), items_at(replacement, "targets")
    if source is None or not targets:
        raise KustomizeError("a replacement needs a source and targets", replacement.place)
    found = [item for item in items if _is_selected(item, source)]
    if not found and lenient:
        return
    if len(found) != 1:
        what = "nothing" if not found else "more than one object"
        raise KustomizeError(f"the source of this replacement selects {what}", source.place)
    value = _source_value(found[0], source)
    for target in targets:
        _Target(target, value, copier).apply(items)


def _is_selected(item: Item, selector: Tree) -> bool:
    gvk = Gvk(text_at(selector, "group"), text_at(selector, "version"), text_at(selector, "kind"))
    name, namespace = text_at(selector, "name"), text_at(selector, "namespace")
    return any(own.selected_by(gvk, name, namespace) for own in item.all_ids)


def _source_value(item: Item, source: Tree) -> Tree:
    path = text_at(source, "fieldPath") or "metadata.name"
    found: Tree | None = item.root
    for part in smart_split(path):
        found = _step(found, part)
    if found is None or is_null(found) or (isinstance(found, Mapping) and not found.entries):
        raise KustomizeError(f"there is no field {path!r} in the source of this replacement", source.place)
    delimiter = text_at(source, "options", "delimiter")
    if not delimiter:
        return found
    if not isinstance(found, Leaf):
        raise KustomizeError("only a text has a delimiter", source.place)
    parts, index = found.text.split(delimiter), _index(source)
    if not 0 <= index < len(parts):
        raise KustomizeError(f"{found.text!r} has no part {index}", source.place)
    return Leaf(parts[index] if isinstance(found.value, str) else plain_value(parts[index]), parts[index], found.place)


def _index(options: Tree) -> int:
    found = at(options, "options", "index")
    value = found.value if isinstance(found, Leaf) else None
    return value if isinstance(value, int) else 0


def _step(tree: Tree | None, part: str) -> Tree | None:
    if isinstance(tree, Mapping):
        return tree.entries.get(part)
    if not isinstance(tree, Listing):
        return None
    if part == "-":
        return tree.items[-1] if tree.items else None
    if part.isascii() and part.isdigit():
        return tree.items[int(part)] if len(part) < 9 and int(part) < len(tree.items) else None
    if part.startswith("[") and "=" in part:
        name, _, wanted = part[1:-1].partition("=")
        matching = (i for i in tree.items if (text_at(i, name) if name else getattr(i, "text", None)) == wanted)
        return next(matching, None)
    return None


def smart_split(path: str) -> list[str]:
    """A field path's parts; dots in brackets do not part (``data.[a.b]``, ``[name=a.b]``)."""
    parts, result = split_path(path, "."), []
    index = 0
    while index < len(parts):
        part = parts[index]
        if part.startswith("[") and not part.endswith("]"):
            while index + 1 < len(parts) and not part.endswith("]"):
                index += 1
                part += "." + parts[index]
            part = part if "=" in part else part.strip("[]")
        result.append(part)
        index += 1
    return result


class _Target:
    """One target of a replacement."""

    def __init__(self, target: Tree, value: Tree, copier: Copier) -> None:
        select = at(target, "select")
        if select is None:
            raise KustomizeError("a target selects objects", target.place)
        self.target, self.select, self.value, self.copier = target, select, value, copier
        self.rejects = items_at(target, "reject")
        self.paths = [i.text for i in items_at(target, "fieldPaths") if isinstance(i, Leaf)] or ["metadata.name"]
        self.creates = text_at(target, "options", "create") == "true"
        self.delimiter = text_at(target, "options", "delimiter")
        self.of_text = False

    def apply(self, items: Iterable[Item]) -> None:
        for item in items:
            if self._selects(item):
                for path in self.paths:
                    # Labels and annotations are texts; what else is made has the type that its text shows.
                    self.of_text = path.startswith(("metadata.annotations.", "metadata.labels."))
                    self._set(item, path)

    def _selects(self, item: Item) -> bool:
        if not _is_selected(item, self.select) or not _has_labels(item, self.select):
            return False
        for reject in self.rejects:
            by_label = text_at(reject, "labelSelector") or text_at(reject, "annotationSelector")
            by_id = any(text_at(reject, n) for n in ("group", "version", "kind", "name", "namespace"))
            if (by_label and _has_labels(item, reject)) or (by_id and _is_selected(item, reject)):
                return False
        return True

    def _set(self, item: Item, path: str) -> None:
        finder = _Finder(self.creates, self.value, self._made)
        finder.into(item.root, smart_split(path))
        if not finder.found:
            message = f"there is no field {path!r} in {item.gvk.kind}/{item.name}, a target of this replacement"
            raise KustomizeError(message, self.target.place)

    def _made(self, old: Tree) -> Tree:
        """What takes the place of a field; the text of a scalar changes and its type stays."""
        value = self.copier.copy(self.value)
        if self.delimiter:
            if not isinstance(old, Leaf) or not isinstance(value, Leaf):
                raise KustomizeError("only a text has a delimiter", self.target.place)
            parts, index = old.text.split(self.delimiter), _index(self.target)
            if index < 0:
                parts.insert(0, value.text)
            elif index >= len(parts):
                parts.append(value.text)
            else:
                parts[index] = value.text
            text = self.delimiter.join(parts)
            value = Leaf(text, text, value.place)
        if not isinstance(old, Leaf):
            return value
        if not isinstance(value, Leaf):
            raise KustomizeError("a mapping or a list cannot replace a scalar", self.target.place)
        is_text = isinstance(old.value, str) or (old.value is None and self.of_text)
        typed = value.text if is_text else plain_value(value.text)
        return Leaf(typed, value.text, value.place)


def _has_labels(item: Item, selector: Tree) -> bool:
    labels = label_selector(text_at(selector, "labelSelector"), selector)
    annotations = label_selector(text_at(selector, "annotationSelector"), selector)
    return labels(item.labels()) and annotations(item.labels("annotations"))


class _Finder:
    """Finds the fields at a path, makes those that are missing where it may, and puts the new value there."""

    def __init__(self, creates: bool, value: Tree, made: Callable[[Tree], Tree]) -> None:
        self.creates, self.value, self.made = creates, value, made
        self.found = 0

    def into(self, tree: Tree, path: list[str]) -> Tree:
        """Go on from ``tree``; what takes its place."""
        if not path:
            self.found += 1
            return self.made(tree)
        part, rest = path[0], path[1:]
        if isinstance(tree, Listing):
            self._items(tree, part, rest)
        elif isinstance(tree, Mapping) and not _is_index(part) and part != "*":
            self._member(tree, part, rest)
        return tree

    def _member(self, tree: Mapping, part: str, rest: list[str]) -> None:
        inner = tree.entries.get(part)
        if inner is None:
            if not self.creates:
                return
            inner = self._fresh(rest, tree.place)
        tree.entries[part] = self.into(inner, rest)

    def _fresh(self, rest: list[str], place: Place) -> Tree:
        if not rest:
            if isinstance(self.value, Leaf):
                return Leaf(None, "", place)
            return Mapping({}, place) if isinstance(self.value, Mapping) else Listing([], place)
        return Listing([], place) if _is_index(rest[0]) else Mapping({}, place)

    def _items(self, tree: Listing, part: str, rest: list[str]) -> None:
        if part == "*":
            chosen = list(range(len(tree.items)))
        elif part.isascii() and part.isdigit():
            if int(part[:9]) == len(tree.items) and self.creates:
                tree.items.append(self._fresh(rest, tree.place))
            chosen = [int(part[:9])] if int(part[:9]) < len(tree.items) else []
        else:
            chosen = self._matching(tree, part)
        for index in chosen:
            tree.items[index] = self.into(tree.items[index], rest)

    def _matching(self, tree: Listing, part: str) -> list[int]:
        name, equals, wanted = part.removeprefix("[").removesuffix("]").partition("=")
        if not equals:
            return []
        compiled = pattern(wanted)
        if compiled is None:
            raise KustomizeError(f"the pattern {wanted!r} cannot be used", tree.place, "not-evaluated")

        def matches(item: Tree) -> bool:
            text = item.text if not name and isinstance(item, Leaf) else text_at(item, name)
            return bool(text) and compiled.search(text[:LONGEST]) is not None

        chosen = [index for index, item in enumerate(tree.items) if matches(item)]
        if not chosen and self.creates:
            made: Tree = leaf(wanted, tree.place)
            tree.items.append(Mapping({name: made}, tree.place) if name else made)
            chosen = [len(tree.items) - 1]
        return chosen


def _is_index(part: str) -> bool:
    return re.fullmatch(r"\d+|\[.*\]", part, re.ASCII) is not None
