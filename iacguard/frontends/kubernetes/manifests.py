"""Manifest files to single objects: documents, lists, and the files that only look like objects."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.findings import Problem
from iacguard.frontends.kubernetes.kinds import BUILT_IN_GROUPS, group_of
from iacguard.frontends.yamlplaces import NodePlace, Origin, entry
from iacguard.frontends.yamlscalars import kubernetes_key, manifest_value
from iacguard.frontends.yamltree import Tree, duplicate_keys, read
from iacguard.late import regex
from iacguard.model import Place, Unknown, Value
from iacguard.record import field, record
from iacguard.source import SourceFile

_KUSTOMIZE_GROUP = "kustomize.config.k8s.io"
_KUSTOMIZE_FILES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})

_DEFINITION = regex(rb"""^["']?kind["']?:[ \t]*["']?CustomResourceDefinition\b""", re.MULTILINE)
_BOUNDARY = regex(rb"^---(?=\s|\Z)", re.MULTILINE)
_SCHEMA = regex(rb"^( +)openAPIV3Schema:[ \t]*\r?\n(?:\1 +[^\n]*\n|[ \t\r]*\n)+", re.MULTILINE)
_SCHEMA_REASON = "the schemas of custom resources are not evaluated"


@record
class Manifest:
    """One object as written, lists taken apart. ``kind`` and ``api_version`` are never empty.

    ``source`` is what a kustomization's object is called in the file that it comes from: kind, namespace and name.
    """

    api_version: str
    kind: str
    value: dict[str, Value]
    place: Place
    source: str = ""

    @property
    def file(self) -> str:
        return self.place.span.file


@record(frozen=False)
class Reading:
    """What the files hold, in their order."""

    manifests: list[Manifest] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_manifests(files: Sequence[SourceFile]) -> Reading:
    """All objects of ``files``. Documents that steer Kustomize are left out: they are evaluated elsewhere."""
    reading = Reading()
    for file in files:
        tree = read(file, kubernetes_key, without_schemas)
        reading.problems += tree.problems
        _read_tree(tree, reading)
    return reading


def steers_kustomize(path: str) -> bool:
    """Whether Kustomize takes the file at ``path`` for a kustomization, by its name."""
    return posixpath.basename(path) in _KUSTOMIZE_FILES


def without_schemas(data: bytes) -> bytes:
    """``data`` with the OpenAPI schemas of custom resource definitions blanked: most of many charts' text."""
    if b"openAPIV3Schema" not in data or not _DEFINITION.search(data):
        return data
    cuts = [0, *(m.start() for m in _BOUNDARY.finditer(data) if m.start()), len(data)]
    documents = [data[a:b] for a, b in pairwise(cuts)]
    return b"".join(_SCHEMA.sub(_blank, d) if _DEFINITION.search(d) else d for d in documents)


def _blank(match: re.Match[bytes]) -> bytes:
    return match[1] + b"openAPIV3Schema:" + b"\n" * match[0].count(b"\n")


def is_kustomization(origin: Origin, document: Node) -> bool:
    """Whether a document steers Kustomize: by its API group, or by its file's name where it names none."""
    if not isinstance(document, MappingNode):
        return False
    api_version = _text(document, "apiVersion")
    if api_version:
        return group_of(api_version) == _KUSTOMIZE_GROUP
    return posixpath.basename(origin.file.path) in _KUSTOMIZE_FILES


def _text(node: MappingNode, name: str) -> str:
    found = entry(node, name, kubernetes_key)
    return found[1].value if found and isinstance(found[1], ScalarNode) else ""


def _read_tree(tree: Tree, reading: Reading) -> None:
    origin = tree.origin
    for document in tree.documents:
        if is_kustomization(origin, document):
            message = "Kustomize does not take a file of this name for a kustomization; it is not evaluated"
            reading.problems.append(origin.problem("not-evaluated", document, message, notice=True))
            continue
        reading.problems += duplicate_keys(tree, document, "syntax", "the API server takes the last one", True)
        reading.manifests += read_document(NodePlace(origin, document), reading.problems)


def read_document(place: NodePlace, problems: list[Problem]) -> Iterator[Manifest]:
    """The objects of one document; lists, also lists in lists, are taken apart."""
    pending: list[tuple[NodePlace, str, str]] = [(place, "", "")]
    while pending:
        at, outer_version, item_kind = pending.pop()
        node = at.node
        if not isinstance(node, MappingNode):
            problems.append(at.origin.problem("not-evaluated", node, "this is no Kubernetes object", notice=True))
            continue
        api_version, kind = _text(node, "apiVersion") or outer_version, _text(node, "kind") or item_kind
        if not api_version or not kind:
            problems.append(_incomplete(at, api_version, kind))
            continue
        items = _list_items(at, api_version, kind)
        if items is None:
            value = manifest_value(node)
            value.setdefault("apiVersion", api_version)
            value.setdefault("kind", kind)
            forget_schemas(value)
            yield Manifest(api_version, kind, value, at)
            continue
        # The items of a typed list may leave out what the list already says.
        inner = ("", "") if kind == "List" else (api_version, kind.removesuffix("List"))
        pending += [(item, *inner) for item in reversed(items)]


def _incomplete(place: NodePlace, api_version: str, kind: str) -> Problem:
    if not api_version and not kind:
        message = "this document has neither apiVersion nor kind; it is no Kubernetes object"
        return place.origin.problem("not-evaluated", place.node, message, notice=True)
    missing = "kind" if api_version else "apiVersion"
    return place.origin.problem("value", place.node, f"this object has no {missing}; Kubernetes rejects it")


def _list_items(place: NodePlace, api_version: str, kind: str) -> list[NodePlace] | None:
    if not kind.endswith("List") or group_of(api_version) not in BUILT_IN_GROUPS:
        return None
    items = place.child("items")
    if items is None or not isinstance(items.node, SequenceNode):
        return None
    return [NodePlace(place.origin, node) for node in items.node.value]


def forget_schemas(value: dict[str, Value]) -> None:
    """Make the schemas of a custom resource definition unknown: their text is not read."""
    if value.get("kind") == "CustomResourceDefinition":
        for holder in _schema_holders(value):
            if "openAPIV3Schema" in holder:
                holder["openAPIV3Schema"] = Unknown(_SCHEMA_REASON, kind="limit", present=True)


def _schema_holders(value: dict[str, Value]) -> Iterable[dict[str, Value]]:
    spec = value.get("spec")
    if not isinstance(spec, dict):
        return
    versions = spec.get("versions")
    holders = [v.get("schema") for v in versions if isinstance(v, dict)] if isinstance(versions, list) else []
    for holder in [*holders, spec.get("validation")]:
        if isinstance(holder, dict):
            yield holder
