"""Reads what a kustomization names: other kustomizations, objects, patches, data."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator

from yaml.nodes import Node, ScalarNode

from iacguard.findings import Problem
from iacguard.frontends.contract import Workspace
from iacguard.frontends.kubernetes.kustomize.nodes import (
    InlineOrigin,
    KustomizeError,
    Leaf,
    Listing,
    Mapping,
    Tree,
    at,
    from_yaml,
    is_null,
    plain_value,
    text_at,
    text_key,
)
from iacguard.frontends.yamlplaces import NodePlace, text_start
from iacguard.frontends.yamltree import read
from iacguard.late import regex
from iacguard.model import Place, Value
from iacguard.source import SourceFile

#: What Kustomize takes for a kustomization, in its order.
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_REMOTE = regex(
    r"(?:[a-zA-Z][a-zA-Z0-9+.-]*://|git::|[\w.-]+@[\w.-]+:|(?:github|gitlab|bitbucket)\.[a-z]+[/:])|.*(?:\?ref=|\.git(?:/|$|\?)|_git/)"
)
_KIND_LIST = "List"


def is_remote(path: str) -> bool:
    """Whether a path is a URL or names a git repository."""
    return _REMOTE.match(path) is not None


def join(folder: str, path: str) -> str:
    """``path`` as seen from ``folder``, relative to the base; "" for the base itself."""
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined


class Files:
    """Composed files of one scan, each read once. What is handed out is a fresh tree each time."""

    def __init__(
        self, workspace: Workspace, without: Callable[[bytes], bytes], known: Iterable[SourceFile] = ()
    ) -> None:
        self.workspace = workspace
        self._known = {file.path: file for file in known}
        self._without = without
        self._documents: dict[str, tuple[list[NodePlace], tuple[Problem, ...]] | None] = {}

    def read(self, path: str) -> SourceFile | None:
        """The file at ``path``, or None: missing, outside of the base, no text."""
        return self._known.get(path) or self.workspace.read(path)

    def kustomization_in(self, folder: str) -> str | None:
        """The path of the folder's kustomization, or None."""
        for name in NAMES:
            path = f"{folder}/{name}" if folder else name
            if self.read(path) is not None:
                return path
        return None

    def is_folder(self, path: str) -> bool:
        """Whether there is such a folder inside the base."""
        return self.kustomization_in(path) is not None or self.workspace.exists(path)

    def documents(self, path: str) -> tuple[list[NodePlace], tuple[Problem, ...]] | None:
        """The documents of a file and what could not be read of it; None where there is no such file."""
        if path not in self._documents:
            file = self.read(path)
            self._documents[path] = None if file is None else self._read(file)
        return self._documents[path]

    def _read(self, file: SourceFile) -> tuple[list[NodePlace], tuple[Problem, ...]]:
        tree = read(file, text_key, self._without)
        return [NodePlace(tree.origin, document) for document in tree.documents], tree.problems

    def trees(self, path: str, place: Place, plain: Callable[[str], Value] = plain_value) -> list[Tree]:
        """The documents of a file. Raises KustomizeError at ``place`` where it is missing, at the file where broken."""
        found = self.documents(path)
        if found is None:
            raise missing(path, place)
        documents, problems = found
        if problems:
            first = problems[0]
            raise KustomizeError(first.message, first.span, first.kind, first.hint)
        return [from_yaml(document, plain) for document in documents]

    def objects(self, path: str, place: Place) -> list[Mapping]:
        """The objects of a file, lists taken apart."""
        return list(objects(self.trees(path, place)))


def missing(path: str, place: Place | None) -> KustomizeError:
    """The error for a file or folder that is not there."""
    hint = "Kustomize reads it at build time; what is outside of the scanned root is not read here"
    return KustomizeError(f"there is no {path!r} in the scanned code", place, "reference", hint)


def objects(trees: list[Tree]) -> Iterator[Mapping]:
    """The objects among documents; lists are taken apart, empty documents left out."""
    pending = list(trees)
    while pending:
        tree = pending.pop(0)
        if is_null(tree) or (isinstance(tree, Mapping) and not tree.entries):
            continue
        if not isinstance(tree, Mapping):
            raise KustomizeError("an object is expected here", tree.place)
        kind = text_at(tree, "kind")
        if kind.endswith(_KIND_LIST) and "items" in tree.entries:
            items = tree.entries["items"]
            pending += items.items if isinstance(items, Listing) else []
            continue
        if not kind:
            raise KustomizeError("this object has no kind; Kustomize rejects it", tree.place)
        if not text_at(tree, "metadata", "name"):
            raise KustomizeError(f"this {kind} has no metadata.name; Kustomize rejects it", tree.place)
        yield tree


def inline(tree: Leaf, plain: Callable[[str], Value] = plain_value) -> list[Tree]:
    """The documents of a text that stands in a kustomization (``patch: |``); their places are those of its lines."""
    place = tree.place
    node: Node | None = place.node if isinstance(place, NodePlace) else None
    if not isinstance(place, NodePlace) or not isinstance(node, ScalarNode):
        raise KustomizeError("this text cannot be read", place)
    start = text_start(place.origin, node)
    origin = InlineOrigin(place.origin, start or place.origin.start(node), text_key)
    composed = read(SourceFile(place.origin.file.path, tree.text.encode()), text_key)
    if composed.problems:
        raise KustomizeError(composed.problems[0].message, place, composed.problems[0].kind)
    trees = [from_yaml(NodePlace(origin, document), plain) for document in composed.documents]
    if start is None:  # quoted or folded: its lines are not those of the file
        for inner in trees:
            _settle(inner, place)
    return trees


def _settle(tree: Tree, place: Place) -> None:
    pending = [tree]
    while pending:
        node = pending.pop()
        node.place = place
        if isinstance(node, Mapping):
            pending += node.entries.values()
        elif isinstance(node, Listing):
            pending += node.items


def named(tree: Tree | None, *names: str) -> list[Leaf]:
    """The texts of a list (or of one lone text) at a path: names of files and folders."""
    found = at(tree, *names)
    if isinstance(found, Leaf):
        return [] if found.value is None else [found]
    return [item for item in found.items if isinstance(item, Leaf)] if isinstance(found, Listing) else []
