"""Builds a kustomization: its resources, and what it makes of them, in the order in which Kustomize works."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from iacguard.findings import Problem
from iacguard.frontends.kubernetes.kustomize import generate, transform, variables
from iacguard.frontends.kubernetes.kustomize.fieldspecs import Config, FieldSpec, built_in, configured, read_specs
from iacguard.frontends.kubernetes.kustomize.files import Files, is_remote, join, missing, named
from iacguard.frontends.kubernetes.kustomize.ids import Gvk, Item
from iacguard.frontends.kubernetes.kustomize.names import fix_references
from iacguard.frontends.kubernetes.kustomize.nodes import (
    Copier,
    KustomizeError,
    Leaf,
    Mapping,
    Tree,
    at,
    items_at,
    text_at,
    texts_at,
)
from iacguard.frontends.kubernetes.kustomize.patches import Patcher
from iacguard.frontends.kubernetes.kustomize.replace import replace
from iacguard.model import Place
from iacguard.record import field, record

_MAX_ITEMS = 20_000
_MAX_FOLDERS = 2_000
_LOCAL = "config.kubernetes.io/local-config"
#: Everything a kustomization may hold, as of Kustomize 5.
_FIELDS = frozenset(
    {
        *("apiVersion", "kind", "metadata", "openapi", "namePrefix", "nameSuffix", "namespace", "commonLabels"),
        *("labels", "commonAnnotations", "patchesStrategicMerge", "patchesJson6902", "patches", "images", "imageTags"),
        *("replacements", "replicas", "vars", "sortOptions", "resources", "components", "crds", "bases"),
        *("configMapGenerator", "secretGenerator", "helmGlobals", "helmCharts", "helmChartInflationGenerator"),
        *("generatorOptions", "configurations", "generators", "transformers", "validators", "buildMetadata"),
    }
)
_RENDER = "render it with `kustomize build` and scan the result"


@record(frozen=False)
class Layer:
    """What one kustomization has gathered. ``partial``: something that belongs to it could not be read."""

    items: list[Item] = field(default_factory=list)
    config: Config = field(default_factory=lambda: Config({}, ()))
    variables: list[Tree] = field(default_factory=list)
    partial: bool = False

    def add(self, items: Iterable[Item]) -> None:
        """Append items. Raises KustomizeError where one is there already."""
        known = {item.id for item in self.items}
        for item in items:
            own = item.id
            if own in known:
                raise KustomizeError(
                    f"{own.gvk.kind}/{own.name} is there already; Kustomize rejects it", item.root.place
                )
            known.add(own)
            self.items.append(item)
        if len(self.items) > _MAX_ITEMS:
            raise KustomizeError(f"this makes more than {_MAX_ITEMS:,} objects", self.items[-1].root.place, "too-large")


@record(frozen=False)
class Built:
    """The result: objects, and what must be told of them."""

    items: list[Item]
    problems: list[Problem]


def build(files: Files, folder: str) -> Built:
    """Build the kustomization in ``folder``. Raises KustomizeError where Kustomize would fail, or we cannot do it."""
    builder = _Builder(files)
    layer = builder.folder(folder, (), None, is_component=False, place=None)
    for item in layer.items:
        if item.needs_hash:
            generate.add_hash(item)
    fix_references(layer.items, layer.config.references)
    if layer.variables:
        variables.resolve(layer.items, layer.variables, layer.config.specs.get("varReference", ()), layer.partial)
    kept = [i for i in layer.items if i.labels("annotations").get(_LOCAL, "false") == "false"]
    return Built(kept, builder.problems)


class _Builder:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.copier = Copier()
        self.problems: list[Problem] = []
        self._folders = 0
        self._defaults = built_in()

    def folder(
        self, folder: str, above: tuple[str, ...], layer: Layer | None, is_component: bool, place: Place | None
    ) -> Layer:
        """Build one folder; ``layer`` is what a component changes, ``above`` the folders that led here."""
        path = self.files.kustomization_in(folder)
        if path is None:
            raise missing(f"{folder or '.'}/kustomization.yaml", place)
        if any(parent == folder or _is_inside(parent, folder) for parent in above):
            raise KustomizeError(f"the kustomizations lead in a circle, back to {folder or '.'!r}", place, "reference")
        self._folders += 1
        if self._folders > _MAX_FOLDERS:
            raise KustomizeError(f"more than {_MAX_FOLDERS:,} kustomizations are read here", place, "too-large")
        tree = self._kustomization(path, is_component)
        return _Step(self, tree, folder, (*above, folder), layer).run()

    def _kustomization(self, path: str, is_component: bool) -> Mapping:
        file = self.files.read(path)
        assert file is not None
        from iacguard.model import FixedPlace

        trees = self.files.trees(path, FixedPlace(file.whole()))
        if len(trees) != 1 or not isinstance(trees[0], Mapping):
            raise KustomizeError("a kustomization is one mapping", trees[0].place if trees else file.whole())
        tree = trees[0]
        kind = text_at(tree, "kind") or "Kustomization"
        if is_component != (kind == "Component"):
            wanted = "a Component" if is_component else "a Kustomization"
            raise KustomizeError(f"{wanted} is expected here, not a {kind}", tree.place)
        for name, inner in tree.entries.items():
            if name not in _FIELDS:
                raise KustomizeError(f"a kustomization has no field {name!r}", inner.place)
        return tree

    def tell(self, message: str, place: Place, hint: str = _RENDER) -> None:
        """Note what is not evaluated."""
        problem = Problem("not-evaluated", place.span, message, hint, notice=True)
        if problem not in self.problems:
            self.problems.append(problem)


class _Step:
    """One kustomization being built."""

    def __init__(
        self, builder: _Builder, tree: Mapping, folder: str, above: tuple[str, ...], layer: Layer | None
    ) -> None:
        self.builder, self.files, self.tree, self.folder, self.above = builder, builder.files, tree, folder, above
        self.layer = Layer() if layer is None else layer

    def run(self) -> Layer:
        self._refuse()
        for entry in [*named(self.tree, "resources"), *named(self.tree, "bases")]:
            self._resource(entry)
        self._configure()
        self._skip_generators()
        for kind, name in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
            for generator in items_at(self.tree, name):
                options = at(self.tree, "generatorOptions")
                self._absorb(generate.generate(self.files, self.folder, generator, kind, options), generator)
        for entry in named(self.tree, "components"):
            if is_remote(entry.text):
                self._remote(entry, "component")
            else:
                folder = join(self.folder, entry.text)
                self.layer = self.builder.folder(folder, self.above, self.layer, True, entry.place)
        self._transform()
        for variable in items_at(self.tree, "vars"):
            variables.mark(self.layer.items, variable)
            self.layer.variables.append(variable)
        return self.layer

    def _absorb(self, made: Item, generator: Tree) -> None:
        if made.behavior != "create" and self.layer.partial and not any(made.id in i.all_ids for i in self.layer.items):
            return
        generate.absorb(self.layer.items, made)

    def _refuse(self) -> None:
        """Stop where a part that we do not do could change every object."""
        for name in ("transformers",):
            for entry in items_at(self.tree, name):
                raise KustomizeError(f"{name} are not evaluated", entry.place, "not-evaluated", _RENDER)
        if text_at(self.tree, "openapi", "path"):
            place = self.tree.entries["openapi"].place
            raise KustomizeError("a schema of its own (openapi) is not evaluated", place, "not-evaluated", _RENDER)
        for entry in named(self.tree, "crds"):
            path = join(self.folder, entry.text)
            file = None if is_remote(entry.text) else self.files.read(path)
            if file is None or b"x-kubernetes-" in file.data:
                raise KustomizeError(
                    "the references of custom resources (crds) are not evaluated", entry.place, "not-evaluated", _RENDER
                )

    def _skip_generators(self) -> None:
        for name in ("generators", "helmCharts", "helmChartInflationGenerator"):
            for entry in items_at(self.tree, name):
                what = text_at(entry, "name") or (
                    entry.text if isinstance(entry, Leaf) and "\n" not in entry.text else ""
                )
                self.layer.partial = True
                self.builder.tell(f"{name} {what!r} is not evaluated; what it makes is not judged", entry.place)

    def _remote(self, entry: Leaf, what: str) -> None:
        self.layer.partial = True
        self.builder.tell(f"the remote {what} {entry.text} is not fetched; what it holds is not judged", entry.place)

    def _resource(self, entry: Leaf) -> None:
        if is_remote(entry.text):
            self._remote(entry, "resource")
            return
        path = join(self.folder, entry.text)
        if path and self.files.read(path) is not None:
            trees = self.files.objects(path, entry.place)
            self.layer.add(Item(tree) for tree in trees)
        elif self.files.is_folder(path):
            inner = self.builder.folder(path, self.above, None, False, entry.place)
            self.layer.add(inner.items)
            self.layer.config = self.layer.config.merged(inner.config)
            self.layer.variables += inner.variables
            self.layer.partial |= inner.partial
        else:
            raise missing(path, entry.place)

    def _configure(self) -> None:
        own = self.builder._defaults
        for entry in named(self.tree, "configurations"):
            for tree in self.files.trees(join(self.folder, entry.text), entry.place):
                own = own.merged(configured(tree))
        self.layer.config = self.layer.config.merged(own)

    def _transform(self) -> None:
        layer, tree, config = self.layer, self.tree, self.layer.config
        patcher = Patcher(self.files, self.folder, layer.items, self.builder.copier, layer.partial)
        patcher.strategic(items_at(tree, "patchesStrategicMerge"))
        patcher.any(items_at(tree, "patches"))
        namespace = at(tree, "namespace")
        if isinstance(namespace, Leaf) and namespace.text:
            transform.set_namespace(layer.items, namespace, config)
        for name in ("namePrefix", "nameSuffix"):
            affix = at(tree, name)
            if isinstance(affix, Leaf) and affix.value is not None:
                transform.add_affix(layer.items, affix, config, name == "namePrefix")
        self._label()
        transform.add_pairs(layer.items, texts_at(tree, "commonAnnotations"), config.specs["commonAnnotations"])
        patcher.json(items_at(tree, "patchesJson6902"))
        for replicas in items_at(tree, "replicas"):
            if not transform.set_replicas(layer.items, replicas, config) and not layer.partial:
                message = f"no object that has replicas is called {text_at(replicas, 'name')!r}"
                raise KustomizeError(message, replicas.place)
        for image in [*items_at(tree, "images"), *items_at(tree, "imageTags")]:
            transform.set_images(layer.items, transform.Image.of(image), config)
        for replacement in self._replacements():
            replace(layer.items, replacement, self.builder.copier, layer.partial)

    def _label(self) -> None:
        config, tree = self.layer.config, self.tree
        for label in items_at(tree, "labels"):
            specs = list(read_specs([*items_at(label, "fields"), *items_at(label, "fieldSpecs")]))
            specs += config.specs.get("labels", ())
            if text_at(label, "includeSelectors") == "true":
                specs += config.specs["commonLabels"]
            else:
                if text_at(label, "includeTemplates") == "true":
                    specs += config.specs["templateLabels"]
                specs.append(FieldSpec(Gvk("", "", ""), "metadata/labels", True))
            transform.add_pairs(self.layer.items, texts_at(label, "pairs"), dict.fromkeys(specs))
        transform.add_pairs(self.layer.items, texts_at(tree, "commonLabels"), config.specs["commonLabels"])

    def _replacements(self) -> Iterable[Tree]:
        for entry in items_at(self.tree, "replacements"):
            path = at(entry, "path")
            if not isinstance(path, Leaf):
                yield entry
                continue
            if is_remote(path.text):
                raise KustomizeError(f"{path.text} is not fetched", path.place, "not-evaluated", _RENDER)
            for tree in self.files.trees(join(self.folder, path.text), path.place):
                yield from tree.items if not isinstance(tree, Mapping | Leaf) else [tree]


def _is_inside(folder: str, outer: str) -> bool:
    """Whether ``folder`` lies in ``outer``."""
    return outer == "" or folder.startswith(outer + "/") or posixpath.normpath(folder) == outer


def named_files(files: Files, folder: str) -> tuple[set[str], set[str], set[str]]:
    """What a kustomization names, whether it can be built or not: folders, files of objects, files of patches."""
    path = files.kustomization_in(folder)
    found = files.documents(path) if path is not None else None
    folders: set[str] = set()
    objects: set[str] = set()
    patches: set[str] = set()
    if path is None or found is None:
        return folders, objects, patches
    from iacguard.frontends.kubernetes.kustomize.nodes import from_yaml

    for document in found[0]:
        tree = from_yaml(document)
        for entry in [*named(tree, "resources"), *named(tree, "bases"), *named(tree, "components")]:
            if is_remote(entry.text) or "\n" in entry.text:
                continue
            target = join(folder, entry.text)
            if target and files.read(target) is not None:
                objects.add(target)
            elif files.is_folder(target):
                folders.add(target)
        patches |= {join(folder, text) for text in _patch_files(tree) if not is_remote(text)}
    return folders, objects, patches


def _patch_files(tree: Tree) -> Iterable[str]:
    for name in ("patches", "patchesJson6902", "replacements"):
        for item in items_at(tree, name):
            if text := text_at(item, "path"):
                yield text
    for name in ("patchesStrategicMerge", "configurations", "crds", "transformers", "generators", "validators"):
        for entry in named(tree, name):
            if "\n" not in entry.text:
                yield entry.text
    if text := text_at(tree, "openapi", "path"):
        yield text
