"""JSON patches (RFC 6902), as the library evanphx/json-patch applies them for Kustomize."""

from __future__ import annotations

from iacguard.frontends.kubernetes.kustomize.nodes import (
    Copier,
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    text_at,
    to_value,
)

#: The schemas of custom resources are not read; patches to them change nothing that is judged.
_UNREAD = "openAPIV3Schema"


def is_json_patch(tree: Tree) -> bool:
    """Whether a patch's document is a list of operations."""
    return isinstance(tree, Listing) and all(isinstance(i, Mapping) and "op" in i.entries for i in tree.items)


def patch(root: Mapping, operations: Listing, copier: Copier) -> Mapping:
    """``root`` after all operations. Raises KustomizeError where one cannot be carried out."""
    whole: Tree = root
    for operation in operations.items:
        path = _pointer(operation, "path")
        if _UNREAD in path:
            continue
        whole = _apply(whole, operation, path, copier)
    if not isinstance(whole, Mapping):
        raise KustomizeError("the patch leaves no object", operations.place)
    return whole


def _apply(root: Tree, operation: Tree, path: list[str], copier: Copier) -> Tree:
    name = text_at(operation, "op")
    value = operation.entries.get("value") if isinstance(operation, Mapping) else None
    if name in ("move", "copy"):
        source = _pointer(operation, "from")
        value = _get(root, source, operation)
        if name == "move":
            root = _remove(root, source, operation)
    elif name == "remove":
        return _remove(root, path, operation)
    elif name not in ("add", "replace", "test"):
        raise KustomizeError(f"there is no operation {name!r} in a JSON patch", operation.place)
    if value is None:
        value = Leaf(None, "null", operation.place)
    if name == "test":
        if to_value(_get(root, path, operation)) != to_value(value):
            raise KustomizeError(f"the test of {_shown(path)} fails", operation.place)
        return root
    if name == "replace":
        _get(root, path, operation)
    return _add(root, path, copier.copy(value), operation, replace=name == "replace")


def _pointer(operation: Tree, name: str) -> list[str]:
    text = text_at(operation, name)
    if text and not text.startswith("/"):
        raise KustomizeError(f"{name!r} of an operation begins with a slash, unlike {text!r}", operation.place)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _shown(path: list[str]) -> str:
    return "/" + "/".join(path)


def _get(root: Tree, path: list[str], operation: Tree) -> Tree:
    for part in path:
        inner: Tree | None = None
        if isinstance(root, Mapping):
            inner = root.entries.get(part)
        elif isinstance(root, Listing):
            inner = root.items[_index(root, part, path, operation)]
        if inner is None:
            raise _missing(path, operation)
        root = inner
    return root


def _missing(path: list[str], operation: Tree) -> KustomizeError:
    return KustomizeError(f"there is no {_shown(path)} in what is patched", operation.place)


def _index(parent: Listing, part: str, path: list[str], operation: Tree) -> int:
    size = len(parent.items)
    digits = part.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9 or not -size <= int(part) < size:
        raise _missing(path, operation)
    return int(part)


def _add(root: Tree, path: list[str], value: Tree, operation: Tree, replace: bool) -> Tree:
    if not path:
        return value
    parent, last = _get(root, path[:-1], operation), path[-1]
    if isinstance(parent, Mapping):
        parent.entries[last] = value
    elif isinstance(parent, Listing):
        if replace:
            parent.items[_index(parent, last, path, operation)] = value
        elif last == "-" or last == str(len(parent.items)):
            parent.items.append(value)
        else:
            parent.items.insert(_index(parent, last, path, operation), value)
    else:
        raise _missing(path, operation)
    return root


def _remove(root: Tree, path: list[str], operation: Tree) -> Tree:
    _get(root, path, operation)
    parent = _get(root, path[:-1], operation)
    if isinstance(parent, Mapping) and path:
        del parent.entries[path[-1]]
    elif isinstance(parent, Listing):
        del parent.items[_index(parent, path[-1], path, operation)]
    else:
        raise _missing(path, operation)
    return root
