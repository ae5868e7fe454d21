"""ConfigMaps and Secrets that Kustomize generates from literals and files, and the hash in their names."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
from collections.abc import Iterator

from iacguard.frontends.kubernetes.kustomize.files import Files, is_remote, join, missing, named
from iacguard.frontends.kubernetes.kustomize.ids import Item
from iacguard.frontends.kubernetes.kustomize.nodes import (
    KustomizeError,
    Leaf,
    Mapping,
    Tree,
    at,
    leaf,
    text_at,
    texts_at,
    to_value,
    walk,
)
from iacguard.model import Place, Span, Step, Unknown
from iacguard.record import record
from iacguard.source import SourceFile

_LINE = 70
_HASH = str.maketrans("013ae", "ghkmt")
_GO_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@record
class TextPlace:
    """A file that became a value as a whole."""

    file: SourceFile

    @property
    def span(self) -> Span:
        return self.file.whole()

    def child(self, key: object) -> None:
        return None

    def trail(self) -> tuple[Step, ...]:
        return ()

    def text_start(self) -> tuple[int, int] | None:
        return 1, 1


@record
class LinePlace:
    """One line of a file."""

    file: SourceFile
    line: int

    @property
    def span(self) -> Span:
        return Span(self.file.path, self.line, 1, self.line, max(2, len(self.file.line(self.line)) + 1))

    def child(self, key: object) -> None:
        return None

    def trail(self) -> tuple[Step, ...]:
        return ()

    def text_start(self) -> tuple[int, int] | None:
        return None


def generate(files: Files, folder: str, entry: Tree, kind: str, common: Tree | None) -> Item:
    """One entry of ``configMapGenerator`` or ``secretGenerator``; ``common`` are the ``generatorOptions``."""
    name = text_at(entry, "name")
    if not name:
        raise KustomizeError("a generator needs a name", entry.place)
    place = entry.place
    root = Mapping({"apiVersion": leaf("v1", place), "kind": leaf(kind, place)}, place)
    metadata = root.entries["metadata"] = Mapping({"name": leaf(name, _of(entry, "name"))}, place)
    if text_at(entry, "namespace"):
        metadata.entries["namespace"] = leaf(text_at(entry, "namespace"), _of(entry, "namespace"))
    if kind == "Secret":
        root.entries["type"] = leaf(text_at(entry, "type") or "Opaque", _of(entry, "type"))
    _add_data(root, list(_pairs(files, folder, entry)), kind, entry)
    return _with_options(Item(root), entry, common)


def _of(entry: Tree, name: str) -> Place:
    found = at(entry, name)
    return entry.place if found is None else found.place


def _add_data(root: Mapping, pairs: list[tuple[str, Leaf]], kind: str, entry: Tree) -> None:
    if kind == "Secret":
        root.entries["data"] = Mapping({}, entry.place)
    seen: set[str] = set()
    for key, value in sorted(pairs, key=lambda pair: pair[0]):
        if key in seen:
            raise KustomizeError(f"the key {key!r} is generated twice", value.place)
        seen.add(key)
        data = root.entries.setdefault("data", Mapping({}, value.place))
        assert isinstance(data, Mapping)
        secret = kind == "Secret" and isinstance(value.value, str)
        data.entries[key] = leaf(_base64(value.text), value.place) if secret else value


def _base64(text: str) -> str:
    encoded = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    if len(encoded) < _LINE:
        return encoded
    return "".join(encoded[at : at + _LINE] + "\n" for at in range(0, len(encoded), _LINE))


def _pairs(files: Files, folder: str, entry: Tree) -> Iterator[tuple[str, Leaf]]:
    for source in [*named(entry, "envs"), *named(entry, "env")]:
        yield from _of_env(_file(files, folder, source.text, source.place), source.place)
    for source in named(entry, "literals"):
        key, equals, value = source.text.partition("=")
        if not equals or not key:
            raise KustomizeError(f"a literal is written key=value, not {source.text!r}", source.place)
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        yield key, leaf(value, source.place)
    for source in named(entry, "files"):
        key, path = _key_and_path(source)
        found = _file(files, folder, path, source.place)
        if isinstance(found, Unknown):
            yield key, Leaf(found, "", source.place)
        else:
            text = ("\ufeff" if found.bom else "") + found.text
            yield key, Leaf(text, text, TextPlace(found))


def _key_and_path(source: Leaf) -> tuple[str, str]:
    key, equals, path = source.text.partition("=")
    if not equals:
        return posixpath.basename(source.text), source.text
    if not key or not path or "=" in path:
        raise KustomizeError(f"a file is written path or key=path, not {source.text!r}", source.place)
    return key, path


def _file(files: Files, folder: str, path: str, place: Place) -> SourceFile | Unknown:
    if is_remote(path):
        return Unknown(f"{path} is not fetched", kind="limit", present=True)
    whole = join(folder, path)
    found = files.read(whole)
    if found is None:
        if posixpath.basename(whole) not in files.workspace.listing(posixpath.dirname(whole)):
            raise missing(whole, place)
        return Unknown(f"{whole} is no text that can be read", kind="limit", present=True)
    return found


def _of_env(file: SourceFile | Unknown, place: Place) -> Iterator[tuple[str, Leaf]]:
    if isinstance(file, Unknown):
        raise KustomizeError(f"the keys are not known: {file.reason}", place, "not-evaluated")
    for number, line in enumerate(file.text.split("\n"), 1):
        stripped = line.removesuffix("\r").lstrip()
        if stripped and not stripped.startswith("#"):
            key, _, value = stripped.partition("=")
            yield key, leaf(value, LinePlace(file, number))


def _with_options(item: Item, entry: Tree, common: Tree | None) -> Item:
    own = at(entry, "options")
    for kind in ("labels", "annotations"):
        pairs = {**texts_at(common, kind), **texts_at(own, kind)}
        for name in sorted(pairs):
            holder = item.metadata().entries.setdefault(kind, Mapping({}, pairs[name].place))
            assert isinstance(holder, Mapping)
            holder.entries[name] = leaf(pairs[name].text, pairs[name].place)
    if "true" in (text_at(own, "immutable"), text_at(common, "immutable")):
        item.root.entries["immutable"] = leaf(True, entry.place)
    disabled = "true" in (text_at(own, "disableNameSuffixHash"), text_at(common, "disableNameSuffixHash"))
    item.needs_hash = not disabled
    behavior = text_at(entry, "behavior") or "create"
    item.behavior = behavior if behavior in ("merge", "replace") else "create"
    return item


def absorb(items: list[Item], made: Item) -> None:
    """Add what was generated, or merge it into the one that is there, as its behavior says."""
    own = made.id
    same = [item for item in items if own in item.all_ids]
    if not same and made.behavior == "create":
        items.append(made)
        return
    if len(same) != 1 or made.behavior == "create":
        what = "there is none to change" if not same else "it is there already"
        message = f"{own.gvk.kind} {own.name!r} cannot be generated with the behavior {made.behavior!r}: {what}"
        raise KustomizeError(message, made.root.place)
    old = same[0]
    merges = made.behavior == "merge"
    _take_metadata(made, old)
    if merges:
        for field in ("data", "binaryData"):
            _take_members(made.root, old.root, field)
    items[items.index(old)] = made


def _take_metadata(made: Item, old: Item) -> None:
    metadata, former = made.metadata(), old.metadata()
    for kind in ("labels", "annotations"):
        _take_members(metadata, former, kind)
    for name in ("name", "namespace"):
        if name in former.entries:
            metadata.entries[name] = former.entries[name]
        else:
            metadata.entries.pop(name, None)
    made.history, made.prefixes, made.suffixes = old.history, old.prefixes, old.suffixes
    made.needs_hash = made.needs_hash and old.needs_hash
    made.behavior, made.variables = old.behavior, old.variables


def _take_members(made: Mapping, old: Mapping, field: str) -> None:
    former, own = old.entries.get(field), made.entries.get(field)
    if isinstance(former, Mapping):
        entries = {**former.entries, **(own.entries if isinstance(own, Mapping) else {})}
        made.entries[field] = Mapping(entries, former.place)


def add_hash(item: Item) -> None:
    """Put the hash of its content behind the name; where content is not known, the name stays as it is."""
    if any(isinstance(node, Leaf) and isinstance(node.value, Unknown) for node in walk(item.root)):
        return
    place = _of(item.metadata(), "name")
    name = item.name
    item.remember()
    item.rename(f"{name}-{content_hash(item)}", place)


def content_hash(item: Item) -> str:
    """Kustomize's hash of a ConfigMap or Secret: ten letters of the SHA-256 of its content as Go writes JSON."""
    kind = item.gvk.kind
    content: dict[str, object] = {"kind": kind, "name": ""}
    if kind == "Secret":
        content["type"] = text_at(item.root, "type")
    for field, always in (("data", True), ("binaryData" if kind == "ConfigMap" else "stringData", False)):
        found = at(item.root, field)
        if isinstance(found, Mapping):
            content[field] = to_value(found)
        elif always:
            content[field] = ""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character, escape in _GO_ESCAPES.items():
        text = text.replace(character, escape)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10].translate(_HASH)
