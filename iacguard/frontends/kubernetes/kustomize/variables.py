"""``vars``: $(NAME) in the fields that may hold one (deprecated in Kustomize, and still in use)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from iacguard.frontends.kubernetes.kustomize.fieldspecs import FieldSpec, apply, split_path
from iacguard.frontends.kubernetes.kustomize.ids import Gvk, Item
from iacguard.frontends.kubernetes.kustomize.nodes import (
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    at,
    leaf,
    text_at,
)
from iacguard.late import regex
from iacguard.model import Value

_VARIABLE = regex(r"\$(?:\$|\(([^)]*)\))")


def mark(items: Iterable[Item], variable: Tree) -> None:
    """Remember on the one object that a variable reads that it does: names may change later."""
    group, slash, version = text_at(variable, "objref", "apiVersion").rpartition("/")
    gvk = Gvk(
        text_at(variable, "objref", "group") or (group if slash else ""),
        text_at(variable, "objref", "version") or version,
        text_at(variable, "objref", "kind"),
    )
    name, namespace = text_at(variable, "objref", "name"), text_at(variable, "objref", "namespace")
    found = []
    for item in items:
        for own in item.all_ids:
            if own.gvk == gvk and own.name == name and (not namespace or own.namespace == namespace):
                found.append(item)
                break
    if len(found) > 1:
        raise KustomizeError(f"the variable {text_at(variable, 'name')!r} fits more than one object", variable.place)
    if found:
        found[0].variables.append(text_at(variable, "name"))


def resolve(items: list[Item], variables: list[Tree], specs: Iterable[FieldSpec], lenient: bool) -> None:
    """Put the values of ``variables`` where they are used. ``lenient``: what they read may not have been read."""
    values: dict[str, Value] = {}
    for variable in variables:
        name = text_at(variable, "name")
        # Kustomize does not tell small from capital letters here, and its own documents write it small.
        path = text_at(variable, "fieldref", "fieldPath") or text_at(variable, "fieldref", "fieldpath")
        path = path or "metadata.name"
        holder = next((item for item in items if name in item.variables), None)
        found = None if holder is None else _field(holder.root, path)
        if isinstance(found, Leaf):
            values[name] = found.value
        elif not lenient:
            raise KustomizeError(f"the variable {name!r} has no value in any object", variable.place)
    if not values:
        return

    def setter(tree: Tree) -> Tree | None:
        return _replaced(tree, values)

    for item in items:
        apply(item, specs, setter, "", item.root.place)


def _field(tree: Tree, path: str) -> Tree | None:
    found: Tree | None = tree
    for part in split_path(path.replace("[", ".").replace("]", ""), "."):
        if isinstance(found, Listing):
            items = found.items
            found = items[int(part)] if part.isascii() and part.isdigit() and int(part[:9]) < len(items) else None
        else:
            found = at(found, part)
    return found


def _replaced(tree: Tree, values: dict[str, Value]) -> Tree | None:
    if isinstance(tree, Leaf):
        return _text(tree, values)
    if isinstance(tree, Listing):
        tree.items = [(_text(i, values) if isinstance(i, Leaf) else None) or i for i in tree.items]
    elif isinstance(tree, Mapping):
        for name, inner in tree.entries.items():
            if isinstance(inner, Leaf):
                tree.entries[name] = _text(inner, values) or inner
    return None


def _text(tree: Leaf, values: dict[str, Value]) -> Leaf | None:
    if not isinstance(tree.value, str) or "$" not in tree.value:
        return None
    whole = _VARIABLE.fullmatch(tree.value)
    if whole and whole[1] in values:
        return leaf(values[whole[1]], tree.place)

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        if match[1] not in values:
            return match[0]
        return leaf(values[match[1]], tree.place).text

    text = _VARIABLE.sub(value, tree.value)
    return None if text == tree.value else leaf(text, tree.place)
