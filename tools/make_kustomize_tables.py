"""Make iacguard/frontends/kubernetes/kustomize/tables.json from a checkout of kubernetes-sigs/kustomize (Apache-2.0).

python tools/make_kustomize_tables.py CHECKOUT

``kinds`` and ``shapes`` say which lists a strategic merge joins and by which keys. They come from
kyaml/openapi/kubernetesapi/*/swagger.pb, the protocol buffer ``openapi.v2.Document`` of google/gnostic; only fields
that lead to a list with a merge strategy are kept. ``cluster`` are the kinds that Kustomize knows to have no namespace,
``specs`` the fields that its transformers write to, both from its Go source.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "iacguard" / "frontends" / "kubernetes" / "kustomize" / "tables.json"

# Field numbers of gnostic's OpenAPIv2.proto.
_DEFINITIONS, _REF, _ITEMS, _PROPERTIES, _EXTENSION = 9, 1, 23, 25, 31


def fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of the length-delimited fields of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 2:
            size, at = varint(data, at)
            yield key >> 3, data[at : at + size]
            at += size
        elif kind == 0:
            _, at = varint(data, at)
        else:
            at += 8 if kind == 1 else 4


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def named(data: bytes) -> tuple[str, bytes]:
    """A NamedSchema or NamedAny."""
    found = dict(fields(data))
    return found.get(1, b"").decode(), found.get(2, b"")


def schema(data: bytes) -> dict[str, Any]:
    made: dict[str, Any] = {"properties": {}}
    for number, content in fields(data):
        if number == _REF:
            made["ref"] = content.decode().rpartition("/")[2]
        elif number == _PROPERTIES:
            for _, item in fields(content):
                name, inner = named(item)
                made["properties"][name] = schema(inner)
        elif number == _ITEMS:
            made["items"] = schema(dict(fields(content))[1])
        elif number == _EXTENSION:
            name, value = named(content)
            text = dict(fields(value)).get(2, b"").decode().strip()
            if name in ("x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy"):
                made[name] = text
            elif name in ("x-kubernetes-list-map-keys", "x-kubernetes-group-version-kind"):
                made[name] = listed(text)
    return made


def listed(text: str) -> list[Any]:
    import yaml

    found = yaml.safe_load(text)
    return found if isinstance(found, list) else []


class Table:
    """Shapes by definition name; a shape is {field: [child shape's name or "", merge keys or null]}."""

    def __init__(self, definitions: dict[str, dict[str, Any]]) -> None:
        self.definitions = definitions
        self.shapes: dict[str, dict[str, Any]] = {}
        self.useful: dict[str, bool] = {}

    def is_useful(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in seen or name not in self.definitions:
            return False
        if name not in self.useful:
            inner = seen | {name}
            self.useful[name] = any(
                self.keys(p) is not None or self.is_useful(self.target(p), inner)
                for p in self.definitions[name]["properties"].values()
            )
        return self.useful[name]

    @staticmethod
    def target(part: dict[str, Any]) -> str:
        """The definition of a field's value, of its items where it is a list."""
        for inner in (part, part.get("items") or {}):
            if "ref" in inner:
                return str(inner["ref"])
        return ""

    @staticmethod
    def keys(part: dict[str, Any]) -> list[str] | None:
        if "merge" not in part.get("x-kubernetes-patch-strategy", "").split(","):
            return None
        single = part.get("x-kubernetes-patch-merge-key")
        found = part.get("x-kubernetes-list-map-keys") or ([single] if single else [])
        return [str(key) for key in found]

    def add(self, name: str) -> None:
        if name in self.shapes or not self.is_useful(name):
            return
        shape = self.shapes[name] = {}
        for field, part in self.definitions[name]["properties"].items():
            target, keys = self.target(part), self.keys(part)
            if keys is not None or self.is_useful(target):
                self.add(target)
                shape[field] = [target if target in self.shapes else "", keys]


def main(checkout: str) -> None:
    root = Path(checkout)
    definitions: dict[str, dict[str, Any]] = {}
    (swagger,) = (root / "kyaml" / "openapi" / "kubernetesapi").glob("*/swagger.pb")
    for number, content in fields(swagger.read_bytes()):
        if number == _DEFINITIONS:
            for _, item in fields(content):
                name, inner = named(item)
                definitions[name] = schema(inner)
    table = Table(definitions)
    kinds: dict[str, str] = {}
    for name, definition in sorted(definitions.items()):
        for gvk in definition.get("x-kubernetes-group-version-kind", ()):
            table.add(name)
            if name in table.shapes and gvk["kind"] not in ("DeleteOptions", "WatchEvent"):
                version = f"{gvk['group']}/{gvk['version']}" if gvk.get("group") else gvk["version"]
                kinds[f"{version}/{gvk['kind']}"] = name
    made = {**shortened(kinds, table.shapes), "cluster": cluster_scoped(root), "specs": field_specs(root)}
    parts = [f'"{name}": {{\n{rows(part)}\n}}' for name, part in sorted(made.items())]
    TARGET.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")


def rows(part: dict[str, Any]) -> str:
    return ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in sorted(part.items()))


def shortened(kinds: dict[str, str], shapes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Numbers for the long names of definitions."""
    numbers = {name: str(at) for at, name in enumerate(sorted(shapes))} | {"": ""}
    return {
        "kinds": {kind: numbers[name] for kind, name in kinds.items()},
        "shapes": {
            numbers[name]: {field: [numbers[target], keys] for field, (target, keys) in sorted(shape.items())}
            for name, shape in shapes.items()
        },
    }


def cluster_scoped(root: Path) -> dict[str, list[str]]:
    """The kinds that are surely cluster-scoped, by apiVersion."""
    text = (root / "kyaml" / "openapi" / "openapi.go").read_text("utf-8")
    found: dict[str, list[str]] = {}
    for version, kind in re.findall(r'\{APIVersion: "([^"]+)", Kind: "([^"]+)"\}: +false', text):
        found.setdefault(version, []).append(kind)
    return found


def field_specs(root: Path) -> dict[str, list[list[Any]]]:
    """By transformer: rows of group, version, kind, path, whether it is made; references have their target before."""
    import yaml

    folder = root / "api" / "internal" / "konfig" / "builtinpluginconsts"
    source = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.go")))
    texts = dict(re.findall(r"(\w+)\s*=\s*`\n?(.*?)`", source, re.DOTALL))
    extras = dict(re.findall(r"(\w+)\s*=\s*`[^`]*` \+ ([\w +]+)\n", source))
    specs: dict[str, list[list[Any]]] = {}
    for name, text in texts.items():
        whole = text + "".join(texts[more.strip()] for more in extras.get(name, "").split("+") if more.strip())
        loaded = yaml.safe_load(whole)
        if not isinstance(loaded, dict):
            continue
        ((kind, listed_specs),) = loaded.items()
        for spec in listed_specs or ():
            if "fieldSpecs" in spec:
                target = [spec.get(key, "") for key in ("group", "version", "kind")]
                specs.setdefault(kind, []).extend([*target, *row(inner)] for inner in spec["fieldSpecs"])
            else:
                specs.setdefault(kind, []).append(row(spec))
    return specs


def row(spec: dict[str, Any]) -> list[Any]:
    return [*(spec.get(key, "") for key in ("group", "version", "kind", "path")), bool(spec.get("create"))]


if __name__ == "__main__":
    main(sys.argv[1])
