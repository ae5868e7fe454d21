"""Makes ``iacguard/knowledge/data/cloudformation.table`` out of cfn-lint's wheel.

    pip download --no-deps --dest wheels cfn-lint==1.58.0
    python tools/make_cfn_schemas.py wheels/cfn_lint-1.58.0-py3-none-any.whl

cfn-lint carries the resource schemas that AWS publishes. Those of us-east-1, where every type is found first, are
reduced to what a policy or a translation needs: names, types, what is required or read-only, short enumerations.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from iacguard.knowledge.schemas import COMPUTED, OPTIONAL, REQUIRED, Packed
from iacguard.knowledge.store import pack_table

Json: TypeAlias = dict[str, Any]

DATA = Path(__file__).resolve().parent.parent / "iacguard" / "knowledge" / "data"
SCHEMAS = "cfnlint/data/schemas"
MAX_ENUM = 20

_SIMPLE = {"string": "s", "integer": "n", "number": "n", "boolean": "b"}


class Reducer:
    """One type's schema to its packed form. Definitions are shared, so those that hold themselves need no bound."""

    def __init__(self, schema: Json) -> None:
        self.schema = schema
        self.read_only = {_steps(path) for path in schema.get("readOnlyProperties", ())}
        self.shared: dict[str, Packed] = {}

    def packed(self) -> Json:
        attributes = self._members(self.schema, (), ())
        return {"attributes": attributes, "shared": self.shared} if self.shared else {"attributes": attributes}

    def _members(self, node: Json, path: tuple[str, ...] | None, open_: tuple[str, ...]) -> Packed:
        """The attributes of an object. ``path`` is None where no read-only property can lie below."""
        result: Packed = {}
        required = set(node.get("required", ()))
        for name, value in node.get("properties", {}).items():
            here = None if path is None else (*path, name)
            flags = COMPUTED if here in self.read_only else REQUIRED if name in required else OPTIONAL
            result[name] = self._attribute(flags, value, here)
        for branch in (*node.get("oneOf", ()), *node.get("anyOf", ()), *node.get("allOf", ())):
            inner, reference = self._resolved(branch)
            if reference and reference in open_:
                continue
            for key, packed in self._members(inner, path, (*open_, reference)).items():
                # Which branch is taken is not known: nothing of it is required.
                result.setdefault(key, [packed[0] & ~REQUIRED | OPTIONAL, *packed[1:]])
        return result

    def _resolved(self, node: Json) -> tuple[Json, str]:
        """``node``, or what it refers to, and the reference's name."""
        reference = ""
        while "$ref" in node:
            reference = node["$ref"]
            node = self.schema
            for step in reference.removeprefix("#/").split("/"):
                node = node[step]
        return node, reference.rpartition("/")[2]

    def _attribute(self, flags: int, value: Json, path: tuple[str, ...] | None) -> list[Any]:
        code, members, enum = self._type(value, path)
        if enum:
            return [flags, code, members, enum]
        return [flags, code, members] if members else [flags, code]

    def _type(self, value: Json, path: tuple[str, ...] | None) -> tuple[str, Packed | str, list[Any]]:
        """Type code, members (or the name they are shared under) and enumeration of a value."""
        node, reference = self._resolved(value)
        kind = _kind(node)
        if kind in _SIMPLE:
            return _SIMPLE[kind], {}, _enum(node)
        item = None if path is None else (*path, "*")
        if kind == "array":
            code, members, _ = self._type(node.get("items", {}), item)
            return "l" + code[0], members, []
        if kind != "object":
            return "a", {}, []
        if _is_object(node):
            return "o", self._object(node, reference, path), []
        for inner in node.get("patternProperties", {}).values():
            code, members, _ = self._type(inner, item)
            return "m" + code[0], members, []
        return "ma", {}, []

    def _object(self, node: Json, reference: str, path: tuple[str, ...] | None) -> Packed | str:
        if path is not None and not any(other[: len(path)] == path for other in self.read_only):
            path = None
        if not reference or path is not None:
            return self._members(node, path, (reference,))
        if reference not in self.shared:
            self.shared[reference] = {}  # it may hold itself
            self.shared[reference] = self._members(node, None, (reference,))
        return reference


def _is_object(node: Json) -> bool:
    return any(node.get(key) for key in ("properties", "oneOf", "anyOf", "allOf"))


def _kind(node: Json) -> str:
    """The JSON type; "" where there are several that differ in shape, as in a document given as object or text."""
    kinds = node.get("type", "object" if "properties" in node else "")
    if isinstance(kinds, str):
        return kinds
    rest = [kind for kind in kinds if kind not in ("null", "string")] if len(kinds) == 2 else []
    return rest[0] if rest and rest[0] in _SIMPLE else ""


def _enum(node: Json) -> list[Any]:
    values = node.get("enum", [])
    return values if len(values) <= MAX_ENUM else []


def _steps(path: str) -> tuple[str, ...]:
    return tuple(
        re.sub(r"~1", "/", step) for step in path.removeprefix("/properties/").split("/") if step != "properties"
    )


def read(wheel: Path) -> tuple[dict[str, str], dict[str, Json]]:
    """What the wheel's schemas are, and each type's attributes."""
    with zipfile.ZipFile(wheel) as archive:
        load: Callable[[str], Any] = lambda name: json.loads(archive.read(f"{SCHEMAS}/{name}"))  # noqa: E731
        types = load("providers/us-east-1.json")
        date = load("version.json")["schema_date"]
        schemas = {name: load(f"resources/{blob}.json") for name, blob in types.items()}
    about = {
        "source": "AWS CloudFormation resource schemas, us-east-1",
        "version": date.partition("T")[0],
        "package": wheel.name.removesuffix("-py3-none-any.whl").replace("_", "-"),
        "licence": "MIT-0",
    }
    return about, {name: Reducer(schema).packed() for name, schema in schemas.items()}


def main(arguments: list[str]) -> None:
    about, types = read(Path(arguments[0]))
    packed = pack_table(about, types)
    DATA.mkdir(exist_ok=True)
    (DATA / "cloudformation.table").write_bytes(packed)
    print(f"cloudformation: {about['version']}, {len(types)} types, {len(packed):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
