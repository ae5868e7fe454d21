"""Makes ``iacguard/knowledge/data/terraform-*.table`` out of ``cdktn-provider-*`` wheels.

    pip download --no-deps --dest wheels cdktn-provider-aws==25.8.1 cdktn-provider-azurerm==17.0.0 ...
    python tools/make_provider_schemas.py wheels/*.whl

Those packages are generated from ``terraform providers schema``: each attribute keeps its name, whether it is
required, optional or computed, its type, and whether it is a block. The generated JavaScript is read as text; nothing
of it is run. Packages before aws 25, azurerm 17 and google 20 lack the remarks that are read here, and are refused.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from iacguard.knowledge.schemas import BLOCK, COMPUTED, OPTIONAL, REQUIRED, SINGLE, Packed
from iacguard.knowledge.store import pack_table

DATA = Path(__file__).resolve().parent.parent / "iacguard" / "knowledge" / "data"
#: Data sources are read for the usual majors only.
WITH_DATA_SOURCES = {"aws-6", "azurerm-4", "google-7"}

_CLASS = re.compile(r"^class (\w+) extends cdktn?f?\.(\w+) \{", re.M)
_FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", re.M | re.S)
_WRITTEN = re.compile(
    r"^ {8,12}([a-z0-9_\-]+): \{\n\s+value: [^\n]*\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\","
    r"\n\s+storageClassType: \"(\w+)\",",
    re.M,
)
_ATTRIBUTE = re.compile(
    r"^ +// ([a-z0-9_\-]+) - computed: (true|false), optional: (true|false), required: (true|false)", re.M
)
_FIELD = re.compile(
    r"^ +(?:this\.)?_\w+ = new (?:\w+\.)?(\w+?)(OutputReference|List|Map)\(this, \"[\w\-]+\"(?:, (true|false))?", re.M
)
_GETTER = re.compile(r"return (?:\w+\.Fn\.\w+\()?this\.get(\w+)\(|return new (?:\w+\.)?(\w+)\(")
_RESOURCE_TYPE = re.compile(r"tfResourceType = \"(\w+)\"")

_SIMPLE = {"string": "s", "number": "n", "boolean": "b", "any": "a"}
_COLLECTIONS = {"list": "l", "set": "e", "map": "m"}
_GETTERS = {
    "StringAttribute": "s",
    "NumberAttribute": "n",
    "BooleanAttribute": "b",
    "ListAttribute": "ls",
    "NumberListAttribute": "ln",
    "StringMapAttribute": "ms",
    "NumberMapAttribute": "mn",
    "BooleanMapAttribute": "mb",
    "AnyMapAttribute": "ma",
    "StringMap": "ms",
    "NumberMap": "mn",
    "BooleanMap": "mb",
    "AnyMap": "ma",
    "BooleanList": "lb",
    "StringMapList": "lm",
}


class Written(NamedTuple):
    """How an attribute is written in HCL."""

    block: bool
    type: str
    storage: str


class Class(NamedTuple):
    base: str
    text: str


def modules(wheel: Path) -> Iterator[tuple[str, str]]:
    """The JavaScript of each resource's folder in the package, and its ``package.json``."""
    with zipfile.ZipFile(wheel) as archive:
        inner = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        packed = archive.read(inner)
    texts: dict[str, list[str]] = {}
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r|gz") as files:
        for member in files:
            wanted = member.name.endswith(".js") and member.name.count("/") >= 3
            if not wanted and member.name != "package/package.json":
                continue
            handle = files.extractfile(member)
            assert handle is not None
            text = handle.read().decode("utf-8").partition("//# sourceMappingURL=")[0]
            if not wanted:
                yield "package.json", text
            else:
                texts.setdefault(member.name.split("/")[2], []).append(text)
    for name in sorted(texts):
        yield name, "\n".join(texts[name])


class Module:
    """One resource's folder."""

    def __init__(self, text: str) -> None:
        self.classes = {
            match[1]: Class(match[2], body.partition("\n}\n")[0]) for match, body in _sections(_CLASS, text)
        }
        self.written = {m[1].lower(): _written(m[2]) for m in _FUNCTION.finditer(text)}
        self.uses = Counter(match[1] for match in _FIELD.finditer(text))
        self.shared: dict[str, Packed] = {}

    def resources(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Base class, Terraform type and packed form of each resource or data source."""
        for base, text in self.classes.values():
            type_ = _RESOURCE_TYPE.search(text)
            if type_ and base in ("TerraformResource", "TerraformDataSource"):
                written = _written(text.partition("synthesizeHclAttributes()")[2])
                attributes = self.members(text, written)
                packed = (
                    {"attributes": attributes, "shared": self.shared} if self.shared else {"attributes": attributes}
                )
                yield base, type_[1], packed

    def members(self, text: str, written: dict[str, Written]) -> Packed:
        """The attributes that a class's text declares."""
        result: Packed = {}
        for match, body in _sections(_ATTRIBUTE, text):
            words = zip((COMPUTED, OPTIONAL, REQUIRED), match.groups()[1:], strict=True)
            flags = sum(flag for flag, word in words if word == "true")
            result[match[1]] = self.member(flags, body, written.get(match[1]))
        if not written.keys() <= result.keys():
            raise ValueError(f"attributes without their remark: {sorted(written.keys() - result.keys())}")
        return result

    def member(self, flags: int, text: str, written: Written | None) -> list[Any]:
        if written is not None and written.block:
            flags |= BLOCK
        nested = _FIELD.search(text)
        if nested is None:
            return [flags, _plain_type(text, written)]
        simple = _SIMPLE.get(nested[1].lower())
        if simple is not None:
            return [flags, ("m" if nested[2] == "Map" else "l") + simple]
        prefix = nested[1]
        if prefix + "OutputReference" not in self.classes:
            return [flags, "a"]
        if nested[2] == "OutputReference" and written is not None and written.type in ("list", "set"):
            flags |= SINGLE
        return [flags, _nested_type(nested[2], nested[3] == "true", written), self.block(prefix)]

    def block(self, prefix: str) -> Packed | str:
        """The attributes of a nested block; those of one used in several places are shared, under its class's name."""
        text = self.classes[prefix + "OutputReference"].text
        written = self.written.get(prefix.lower(), {})
        if self.uses[prefix] == 1:
            return self.members(text, written)
        if prefix not in self.shared:
            self.shared[prefix] = {}  # it may hold itself
            self.shared[prefix] = self.members(text, written)
        return prefix


def _sections(heading: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each match with the text from it up to the next one."""
    found = list(heading.finditer(text))
    for at, match in enumerate(found):
        yield match, text[match.start() : found[at + 1].start() if at + 1 < len(found) else len(text)]


def _written(text: str) -> dict[str, Written]:
    return {m[1]: Written(m[2] == "true", m[3], m[4]) for m in _WRITTEN.finditer(text)}


def _plain_type(text: str, written: Written | None) -> str:
    if written is not None:
        if written.type == "simple":
            return _SIMPLE.get(written.storage, "a")
        if written.type == "struct":
            return "o"
        inner = re.match(r"(string|number|boolean|any)(List|Map)$", written.storage)
        return _COLLECTIONS[written.type] + (_SIMPLE[inner[1]] if inner else "a")
    getter = _GETTER.search(text)
    if getter is None:
        return "a"
    return _GETTERS.get(getter[1] or getter[2] or "", "a")


def _nested_type(kind: str, is_set: bool, written: Written | None) -> str:
    if written is not None and written.type in _COLLECTIONS:
        return _COLLECTIONS[written.type] + "o"
    if (written is not None and written.type == "struct") or kind == "OutputReference":
        return "o"
    return "mo" if kind == "Map" else "eo" if is_set else "lo"


def read(wheel: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """What the wheel was made from, and its types; data sources as ``data.TYPE``."""
    about: dict[str, str] = {}
    types: dict[str, Any] = {}
    for name, text in modules(wheel):
        if name == "package.json":
            package = json.loads(text)
            provider = (package.get("cdktn") or package["cdktf"])["provider"]
            about = {
                "source": provider["name"].removeprefix("registry.terraform.io/"),
                "version": provider["version"],
                "package": f"{package['name']} {package['version']}",
                "licence": package["license"],
            }
            continue
        for base, type_, packed in Module(text).resources():
            types["data." + type_ if base == "TerraformDataSource" else type_] = packed
    return about, types


def main(arguments: list[str]) -> None:
    for argument in arguments:
        about, types = read(Path(argument))
        name = f"{about['source'].rpartition('/')[2]}-{about['version'].partition('.')[0]}"
        if name not in WITH_DATA_SOURCES:
            types = {type_: attributes for type_, attributes in types.items() if not type_.startswith("data.")}
        packed = pack_table(about, types)
        DATA.mkdir(exist_ok=True)
        (DATA / f"terraform-{name}.table").write_bytes(packed)
        print(f"terraform-{name}: {about['version']}, {len(types)} types, {len(packed):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
