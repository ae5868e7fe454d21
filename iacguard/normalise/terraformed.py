"""The Terraform provider ``kubernetes``: its resources as the objects that it makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from iacguard.late import regex
from iacguard.model import REST, Edge, Encoded, Path, Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import MovedPlace
from iacguard.normalise.tables import load

_PREFIX = "kubernetes_"
#: The attribute that holds the object as it is, by type. ``kubectl_manifest`` is of the providers named ``kubectl``.
_WHOLE = {"kubernetes_manifest": "manifest", "kubectl_manifest": "yaml_body"}
_VERSION = regex(r"_v\d\w*\Z")
_MAX_DEPTH = 60


def objects(drafts: Sequence[Draft]) -> list[Draft]:
    """Turn what the provider's resources describe into objects; the drafts that are objects now."""
    found = [draft for draft in drafts if draft.type.startswith(_PREFIX) or draft.type in _WHOLE]
    return [draft for draft in found if _translate(draft)] if found else []


def join(drafts: Sequence[Draft]) -> list[Edge]:
    """What links these objects to each other, as it would link manifests."""
    from iacguard.frontends.kubernetes.links import links

    return list(links([draft.finish() for draft in drafts]))


def kinds() -> Mapping[str, tuple[str, str]]:
    """apiVersion and kind by resource type without its version."""
    return {_PREFIX + name: (version, kind) for name, (version, kind) in load("kubernetes")["kinds"].items()}


def _translate(draft: Draft) -> bool:
    if draft.type in _WHOLE:
        return _unwrap(draft, _WHOLE[draft.type])
    table: Any = load("kubernetes")
    name = _VERSION.sub("", draft.type.removeprefix(_PREFIX))
    if name not in table["kinds"]:
        return False
    api_version, kind = table["kinds"][name]
    work = _Translation(table)
    attributes: dict[str, Value] = {"apiVersion": api_version, "kind": kind}
    work.members(draft.attributes, (), (), (name,), attributes)
    if kind == "Secret":
        _as_written(attributes, work.moves)
    elif name == "default_service_account":  # it adopts the account that every namespace has
        given = attributes.get("metadata")
        attributes["metadata"] = {**(given if isinstance(given, dict) else {}), "name": "default"}
    draft.rewrite(kind, attributes, MovedPlace(draft.place, work.moves))
    return True


def _as_written(secret: dict[str, Value], moves: dict[Path, Path]) -> None:
    """The provider encodes ``data``: what stands in the code is what a manifest has in stringData."""
    members = (("data", "stringData"), ("dataWo", "stringData"), ("binaryData", "data"), ("binaryDataWo", "data"))
    for old, new in members:
        if old in secret and new not in secret:
            secret[new] = secret.pop(old)
            moves[(new,)] = moves.pop((old,))


def _unwrap(draft: Draft, name: str) -> bool:
    """The attribute ``name`` holds the object as it is, or as YAML."""
    from iacguard.frontends.kubernetes.kinds import type_of

    manifest = _decoded(draft.attributes.get(name))
    version = manifest.get("apiVersion") if isinstance(manifest, dict) else None
    kind = manifest.get("kind") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or not isinstance(version, str) or not isinstance(kind, str):
        return False
    moves: dict[Path, Path] = {(member,): (name, member) for member in manifest}
    draft.rewrite(type_of(version, kind), dict(manifest), MovedPlace(draft.place, moves))
    return True


def _decoded(written: Value) -> Value:
    """What a text holds as YAML; None where it is none, or several documents."""
    from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError
    from iacguard.frontends.terraform.functions.encoding import yamldecode

    if not isinstance(written, (str, Encoded)):
        return written
    try:
        return yamldecode(written)
    except (FunctionError, NotEvaluatedError):
        return None


class _Translation:
    """Translates one resource, and remembers where everything came from."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.moves: dict[Path, Path] = {}

    def members(
        self, attributes: Mapping[str, Value], old: Path, new: Path, parents: tuple[str, ...], made: dict[str, Value]
    ) -> None:
        """Put the members of a block into ``made``; ``parents`` are the names of the blocks around them."""
        if len(parents) > _MAX_DEPTH:
            return
        for name, value in attributes.items():
            if value is None or (not old and name in self.table["own"]):
                continue
            if name == REST:
                made[REST] = value
            elif name in self.table["flat"] and isinstance(value, list) and value and isinstance(value[0], dict):
                self.members(value[0], (*old, name, 0), new, (*parents, name), made)
            else:
                self._member(name, value, (*old, name), new, parents, made)

    def _member(
        self, name: str, value: Value, old: Path, new: Path, parents: tuple[str, ...], made: dict[str, Value]
    ) -> None:
        if not _is_block(value):
            own = self.name(name)
            made[own] = value if name in self.table["maps"] else self._value(name, value)
            self.moves[(*new, own)] = old
            return
        assert isinstance(value, list)
        listed = self._list_name(name, parents)
        if listed:
            made[listed] = [
                self._item(i, (*old, at), (*new, listed, at), (*parents, name)) for at, i in enumerate(value)
            ]
            self.moves[(*new, listed)] = old
        else:
            own = self.name(name)
            made[own] = self._item(value[0], (*old, 0), (*new, own), (*parents, name))

    def _item(self, item: Value, old: Path, new: Path, parents: tuple[str, ...]) -> Value:
        self.moves[new] = old
        if not isinstance(item, dict):
            return item
        made: dict[str, Value] = {}
        self.members(item, old, new, parents, made)
        return made

    def _list_name(self, name: str, parents: tuple[str, ...]) -> str:
        lists = self.table["lists"]
        for depth in (2, 1, 0):
            key = "/".join((*parents[len(parents) - depth :], name)) if depth <= len(parents) else ""
            if key in lists and (depth or "/" not in key):
                found: str = lists[key]
                return found
        return ""

    def name(self, name: str) -> str:
        """The manifest's name of an attribute."""
        if name in self.table["names"]:
            found: str = self.table["names"][name]
            return found
        first, *rest = name.split("_")
        return first + "".join(part[:1].upper() + part[1:] for part in rest)

    def _value(self, name: str, value: Value) -> Value:
        if name not in self.table["integers"]:
            return value
        if isinstance(value, list):
            return [self._value(name, item) for item in value]
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            is_octal = name.endswith("mode") and value.startswith("0") and not set(value) & {"8", "9"}
            return int(value, 8) if is_octal else int(value)
        return value


def _is_block(value: Value) -> bool:
    """Whether a value was written in blocks: a list of objects, of which some may be unknown."""
    return (
        isinstance(value, list)
        and any(isinstance(item, dict) for item in value)
        and all(isinstance(item, dict | Unknown) for item in value)
    )
