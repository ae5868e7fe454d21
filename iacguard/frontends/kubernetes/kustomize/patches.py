"""``patches``, ``patchesStrategicMerge`` and ``patchesJson6902``: read, find their targets, apply."""

from __future__ import annotations

from collections.abc import Iterable

from iacguard.frontends.kubernetes.kustomize.files import Files, inline, is_remote, join, objects
from iacguard.frontends.kubernetes.kustomize.ids import Gvk, Item, ResId, item_of
from iacguard.frontends.kubernetes.kustomize.jsonpatch import is_json_patch
from iacguard.frontends.kubernetes.kustomize.jsonpatch import patch as json_patch
from iacguard.frontends.kubernetes.kustomize.merge import merge
from iacguard.frontends.kubernetes.kustomize.nodes import (
    Copier,
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
from iacguard.frontends.kubernetes.kustomize.selectors import selected
from iacguard.frontends.yamlscalars import kubernetes_plain
from iacguard.model import Place


class Patcher:
    """Applies the patches of one kustomization to ``items``, in place.

    ``lenient``: part of the resources could not be read, so a patch without a target may be meant for one of those.
    """

    def __init__(self, files: Files, folder: str, items: list[Item], copier: Copier, lenient: bool) -> None:
        self.files, self.folder, self.items, self.copier, self.lenient = files, folder, items, copier, lenient

    def strategic(self, entries: Iterable[Tree]) -> None:
        """``patchesStrategicMerge``: file names or texts."""
        for entry in entries:
            if not isinstance(entry, Leaf):
                raise KustomizeError("a file's name or a patch is expected here", entry.place)
            if "\n" in entry.text or entry.text.lstrip().startswith("{"):
                trees = inline(entry)
            else:
                trees = self.files.trees(self._path(entry.text, entry.place), entry.place)
            for tree in objects(trees):
                self._merge_by_name(tree)

    def json(self, entries: Iterable[Tree]) -> None:
        """``patchesJson6902``: entries with a target."""
        for entry in entries:
            trees = self._documents(entry, as_json=True)
            target = at(entry, "target")
            if target is None or not trees or not isinstance(trees[0], Listing):
                raise KustomizeError("this is no JSON patch with a target", entry.place)
            self._apply_json(target, trees[0], remember=False)

    def any(self, entries: Iterable[Tree]) -> None:
        """``patches``: of either kind."""
        for entry in entries:
            trees = self._documents(entry, as_json=False)
            target = at(entry, "target")
            target = None if is_null(target) else target
            if trees and is_json_patch(trees[0]):
                operations = self._documents(entry, as_json=True)[0]
                if target is None:
                    raise KustomizeError("a JSON patch needs a target", entry.place)
                assert isinstance(operations, Listing)
                self._apply_json(target, operations, remember=True)
            elif target is None:
                for tree in objects(trees):
                    self._merge_by_name(tree, entry)
            else:
                self._merge_selected(target, trees, entry)

    def _path(self, path: str, place: Place) -> str:
        if is_remote(path):
            raise KustomizeError(f"the patch {path} is not fetched", place, "not-evaluated")
        return join(self.folder, path)

    def _documents(self, entry: Tree, as_json: bool) -> list[Tree]:
        text, path = at(entry, "patch"), at(entry, "path")
        has_text = isinstance(text, Leaf) and text.text.strip() != ""
        has_path = isinstance(path, Leaf) and path.text != ""
        if has_text == has_path:
            raise KustomizeError("a patch has either a text or a path", entry.place)
        # Operations go through another YAML library there, whose `yes` is true.
        plain = {"plain": kubernetes_plain} if as_json else {}
        if has_text and isinstance(text, Leaf):
            return inline(text, **plain)
        assert isinstance(path, Leaf)
        return self.files.trees(self._path(path.text, path.place), path.place, **plain)

    def _apply_json(self, target: Tree, operations: Listing, remember: bool) -> None:
        for item in selected(self.items, target):
            if remember:
                item.remember()
            item.root = json_patch(item.root, operations, self.copier)

    def _merge_by_name(self, tree: Mapping, entry: Tree | None = None) -> None:
        found = item_of(tree)
        assert found is not None
        wanted = found.id
        targets = [item for item in self.items if wanted in item.all_ids]
        if len(targets) == 1:
            self._merge(targets[0], tree, entry)
        elif targets or not self.lenient:
            what = "more than one object" if targets else "no object"
            raise KustomizeError(f"this patch is for {_shown(wanted)}; there is {what} of that name", tree.place)

    def _merge_selected(self, target: Tree, trees: list[Tree], entry: Tree) -> None:
        patches = [tree for tree in trees if isinstance(tree, Mapping) and tree.entries]
        if len(patches) != 1:
            raise KustomizeError("a patch with a target is one object", entry.place)
        for item in selected(self.items, target):
            copy = self.copier.copy(patches[0])
            assert isinstance(copy, Mapping)
            self._merge(item, copy, entry)

    def _merge(self, item: Item, patch: Mapping, entry: Tree | None) -> None:
        allow_name = text_at(entry, "options", "allowNameChange") == "true"
        allow_kind = text_at(entry, "options", "allowKindChange") == "true"
        if allow_name or allow_kind:
            item.remember()
        kept = {name: at(item.root, *name.split("/")) for name in ("apiVersion", "kind", "metadata/name")}
        namespace = at(item.root, "metadata", "namespace")
        gvk = item.gvk
        if text_at(patch, "apiVersion") and text_at(patch, "kind") == gvk.kind:
            patch.entries["apiVersion"] = leaf(text_at(item.root, "apiVersion"), item.root.place)
        merged = merge(item.root, patch)
        if merged is None:
            self.items.remove(item)
            return
        item.root = merged
        self._restore(item, kept, namespace, allow_name, allow_kind)

    @staticmethod
    def _restore(
        item: Item, kept: dict[str, Tree | None], namespace: Tree | None, allow_name: bool, allow_kind: bool
    ) -> None:
        """A patch changes neither name nor kind nor namespace of what it is applied to."""
        metadata = item.metadata().entries
        if not allow_name and kept["metadata/name"] is not None:
            metadata["name"] = kept["metadata/name"]
        if not allow_kind and kept["kind"] is not None:
            item.root.entries["kind"] = kept["kind"]
        if not allow_kind and kept["apiVersion"] is not None:
            item.root.entries["apiVersion"] = kept["apiVersion"]
        if namespace is None or is_null(namespace):
            metadata.pop("namespace", None)
        else:
            metadata["namespace"] = namespace


def _shown(wanted: ResId) -> str:
    gvk: Gvk = wanted.gvk
    return f"{gvk.kind} {wanted.name!r} of {gvk.group + '/' if gvk.group else ''}{gvk.version}"
