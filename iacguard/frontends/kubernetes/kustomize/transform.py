"""The transformers that write one value to many objects: namespace, names, labels, annotations, images, replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as AnyMapping
from typing import NamedTuple

from iacguard.frontends.kubernetes.kustomize.fieldspecs import Config, FieldSpec, apply
from iacguard.frontends.kubernetes.kustomize.ids import Gvk, Item, is_cluster_scoped
from iacguard.frontends.kubernetes.kustomize.nodes import (
    KustomizeError,
    Leaf,
    Mapping,
    Tree,
    at,
    is_null,
    items_at,
    leaf,
    text_at,
    walk,
)
from iacguard.frontends.kubernetes.kustomize.selectors import LONGEST, pattern
from iacguard.model import Place

_EVERY = Gvk("", "", "")
_NAMESPACE = FieldSpec(_EVERY, "metadata/namespace", True)
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
#: Kinds whose names no prefix or suffix changes.
_UNNAMED = (
    Gvk("", "", "CustomResourceDefinition"),
    Gvk("apiregistration.k8s.io", "", "APIService"),
    Gvk("", "", "Namespace"),
)


def set_namespace(
    items: list[Item], namespace: Leaf, config: Config, subjects: str = "defaultOnly", unset_only: bool = False
) -> None:
    """``namespace``: of every object that can have one, and of what refers to the default service account."""
    place, name = namespace.place, namespace.text

    def setter(tree: Tree) -> Tree | None:
        if unset_only and isinstance(tree, Leaf) and tree.text:
            return None
        return leaf(name, place)

    for item in items:
        item.remember()
        if not is_cluster_scoped(item.gvk):
            item.metadata()
            apply(item, (_NAMESPACE,), setter, "leaf", place)
        if item.gvk.kind in _BINDINGS:
            _set_subjects(item, name, place, subjects)
        apply(item, _namespace_specs(item, config), setter, "leaf", place)
        same = [other for other in items if other.id == item.id]
        if len(same) > 1:
            message = f"in the namespace {name!r} there would be {item.gvk.kind}/{item.name} more than once"
            raise KustomizeError(message, place)


def _namespace_specs(item: Item, config: Config) -> Iterable[FieldSpec]:
    core = text_at(item.root, "apiVersion") == "v1"
    for spec in config.specs.get("namespace", ()):
        is_subject = spec.gvk.kind in _BINDINGS and spec.path == "subjects/namespace"
        of_metadata = spec.path == "metadata/namespace" or (spec.path == "metadata/name" and not core)
        if not of_metadata and not (item.gvk.kind in _BINDINGS and is_subject):
            yield spec


def _set_subjects(item: Item, namespace: str, place: Place, mode: str) -> None:
    for subject in items_at(item.root, "subjects"):
        by_default = mode == "defaultOnly" and text_at(subject, "name") == "default"
        of_account = mode == "allServiceAccounts" and text_at(subject, "kind") == "ServiceAccount"
        if isinstance(subject, Mapping) and (by_default or of_account):
            subject.entries["namespace"] = leaf(namespace, place)


def add_affix(items: Iterable[Item], affix: Leaf, config: Config, is_prefix: bool) -> None:
    """``namePrefix`` or ``nameSuffix``."""
    if not affix.text:
        return

    def setter(tree: Tree) -> Tree | None:
        own = tree.text if isinstance(tree, Leaf) else ""
        return leaf(affix.text + own if is_prefix else own + affix.text, affix.place)

    for item in items:
        original = item.original.gvk
        if any(original.selected_by(gvk) for gvk in _UNNAMED):
            continue
        for spec in config.specs.get("namePrefix" if is_prefix else "nameSuffix", ()):
            if not original.selected_by(spec.gvk):
                continue
            if spec.path == "metadata/name":
                (item.prefixes if is_prefix else item.suffixes).append(affix.text)
                item.remember()
            apply(item, (spec,), setter, "leaf", affix.place)


def add_pairs(items: Iterable[Item], pairs: AnyMapping[str, Leaf], specs: Iterable[FieldSpec]) -> None:
    """Labels or annotations: every pair into every field of ``specs``, which are mappings."""
    specs = tuple(specs)
    for item in items:
        for name in sorted(pairs):
            pair = pairs[name]
            apply(item, specs, _member_setter(name, pair), "mapping", pair.place)


def _member_setter(name: str, pair: Leaf) -> Callable[[Tree], Tree | None]:
    def setter(tree: Tree) -> Tree | None:
        if is_null(tree):
            tree = Mapping({}, pair.place)
        if not isinstance(tree, Mapping):
            raise KustomizeError(f"a mapping is expected here, for {name!r}", tree.place)
        tree.entries[name] = leaf(pair.text, pair.place)
        return tree

    return setter


_TAG_AND_DIGEST = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"


class Image(NamedTuple):
    """One entry of ``images``; the texts are "" where they are not written."""

    name: str
    new_name: str
    new_tag: str
    digest: str
    tag_suffix: str
    place: Place

    @staticmethod
    def of(tree: Tree) -> Image:
        name, new_name, new_tag, digest, suffix = (
            text_at(tree, key) for key in ("name", "newName", "newTag", "digest", "tagSuffix")
        )
        place = tree.place
        for key in ("newTag", "digest", "newName"):
            found = tree.entries.get(key) if isinstance(tree, Mapping) else None
            if isinstance(found, Leaf) and found.value is not None:
                place = found.place
                break
        return Image(name, new_name, new_tag, digest, suffix, place)


def set_images(items: Iterable[Item], image: Image, config: Config) -> None:
    """``images``: new name, tag or digest wherever the image is used."""
    matches = pattern(image.name, _TAG_AND_DIGEST)
    if matches is None:
        raise KustomizeError(f"the name {image.name!r} cannot be used", image.place, "not-evaluated")

    def setter(tree: Tree) -> Tree | None:
        if not isinstance(tree, Leaf):
            raise KustomizeError("the name of an image is expected here", tree.place)
        if len(tree.text) > LONGEST or not matches.fullmatch(tree.text):
            return None
        return leaf(_renamed(tree.text, image), image.place)

    for item in items:
        if item.gvk.kind != "CustomResourceDefinition":
            _set_in_containers(item.root, setter)
            apply(item, config.specs.get("images", ()), setter, "", image.place)


def _set_in_containers(root: Tree, setter: Callable[[Tree], Tree | None]) -> None:
    """Wherever a list is called containers or initContainers, whatever the kind of the object is."""
    for node in list(walk(root)):
        for name in ("containers", "initContainers"):
            for container in items_at(node, name):
                image = at(container, "image")
                made = None if image is None else setter(image)
                if made is not None and isinstance(container, Mapping):
                    container.entries["image"] = made


def _renamed(own: str, image: Image) -> str:
    name, tag, digest = split_image(own)
    name = image.new_name or name
    if image.new_tag and image.digest:
        tag, digest = image.new_tag, image.digest
    elif image.new_tag:
        tag, digest = image.new_tag, ""
    elif image.digest:
        tag, digest = "", image.digest
    elif image.tag_suffix:
        tag, digest = tag + image.tag_suffix, ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split_image(image: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image's reference; the port of a registry is no tag."""
    slash = max(image.find("/"), 0)
    before_digest, _, digest = image.partition("@")
    colon = before_digest.find(":", slash)
    if colon < 0:
        return before_digest, "", digest
    return before_digest[:colon], before_digest[colon + 1 :], digest


def set_replicas(items: Iterable[Item], tree: Tree, config: Config) -> bool:
    """``replicas``: one entry; whether an object of its name was found."""
    name, place = text_at(tree, "name"), tree.place
    entry = tree.entries.get("count") if isinstance(tree, Mapping) else None
    count = entry.value if isinstance(entry, Leaf) else None
    if isinstance(count, bool) or not isinstance(count, int):
        raise KustomizeError("an entry of replicas needs a count", place)
    made = leaf(count, entry.place if entry is not None else place)
    found = False
    for spec in config.specs.get("replicas", ()):
        for item in items:
            if any(i.name == name and i.gvk.selected_by(spec.gvk) for i in item.all_ids):
                found = True
                apply(item, (spec,), lambda _: made, "leaf", made.place)
    return found
