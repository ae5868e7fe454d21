"""``azapi_resource``: Azure's REST API written as HCL, as the resource that the provider azurerm has for it.

``tables/azapi.yaml`` says what becomes what. What it does not list stays unknown: nothing is missing there, it is only
written in other words.
"""

from __future__ import annotations

import re
from typing import Any

from iacguard.model import REST, Encoded, Key, Path, Place, Span, Step, Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import MovedPlace
from iacguard.normalise.tables import load, words
from iacguard.normalise.values import boolean, get, items, text
from iacguard.record import record

_TYPES = ("azapi_resource", "azapi_update_resource")
_KEPT = ("name", "location", "tags", "parent_id", "resource_id")
#: What other resources say of a resource, and what is null where none does.
_FOLDED = ("diagnostic_settings", "flow_logs", "management_locks", "private_endpoints", "role_assignments")
_REST = Unknown("azapi says it in the API's words", kind="expression")


def adapt_azapi(draft: Draft) -> None:
    """Turn an ``azapi_resource`` into the azurerm type that the table has for it; leave any other as it is."""
    if draft.type not in _TYPES:
        return
    written, body = draft.attributes.get("type"), draft.attributes.get("body")
    body = body.value if isinstance(body, Encoded) else body
    row = load("azapi").get(written.partition("@")[0].lower()) if isinstance(written, str) else None
    type_ = _type(row["type"], body) if row is not None and isinstance(body, dict) else None
    if row is None or type_ is None or _patches_what_is_here(draft):
        return
    work = _Translation(patch=draft.type == "azapi_update_resource")
    attributes: dict[str, Value] = {name: draft.attributes[name] for name in _KEPT if name in draft.attributes}
    attributes |= work.members(row, body, ("body",), (), "properties")
    if not work.patch:
        attributes |= dict.fromkeys(_FOLDED, None)
        attributes["identity"] = draft.attributes.get("identity", _REST if get(body, "identity") is not None else None)
    draft.rewrite(type_, attributes, MovedPlace(_with_body(draft), work.moves))


def _patches_what_is_here(draft: Draft) -> bool:
    """Whether it updates a resource that the same code makes: that one is judged, with all that it says."""
    target = draft.attributes.get("resource_id")
    if draft.type != "azapi_update_resource" or not isinstance(target, Unknown) or target.reference is None:
        return False
    return not re.search(r"(^|\.)data\.", target.reference.address)


def _type(names: str | dict[str, str], body: Value) -> str | None:
    """The azurerm type; None where the body's kind, which decides, is not known."""
    if isinstance(names, str):
        return names
    kind = get(body, "kind")
    if isinstance(kind, Unknown):
        return None
    found = [name for word, name in names.items() if word and word in (text(kind) or "")]
    return found[0] if found else names.get("")


class _Translation:
    """Translates one body, and remembers where everything came from."""

    def __init__(self, patch: bool) -> None:
        self.patch = patch
        self.moves: dict[Path, Path] = {}

    def members(self, row: dict[str, Any], source: Value, old: Path, new: Path, base: str) -> dict[str, Value]:
        """The attributes of one object; ``base`` is the member of ``source`` that paths of the table begin at."""
        made: dict[str, Value] = {REST: _REST}
        made.update(dict.fromkeys(words(row.get("absent", "")), None))
        for name, rule in row["set"].items():
            rule = {"from": rule} if isinstance(rule, str) else rule
            way: str = rule.get("from") or rule.get("block") or rule["blocks"]
            path: Path = tuple(way[1:].split(".")) if way.startswith("/") else (*base.split(), *way.split("."))
            found = get(source, *path)
            if found is None and self.patch:
                continue  # what a patch does not name stays as it is
            self.moves[*new, name] = (*old, *path)
            made[name] = self.value(rule, found, (*old, *path), (*new, name))
        return made

    def value(self, rule: dict[str, Any], found: Value, old: Path, new: Path) -> Value:
        if isinstance(found, Unknown):
            return found
        if "block" in rule:
            self.moves[*new, 0] = old
            return [self.members(rule, found, old, (*new, 0), "")] if isinstance(found, dict) else None
        if "blocks" in rule:
            return [self.item(rule, item, (*old, at), (*new, at)) for at, item in enumerate(items(found))]
        if found is None:
            return _DEFAULTS.get(rule.get("default", ""), rule.get("default"))
        return self.converted(str(rule.get("as", "")).split(), found, old, new)

    def item(self, rule: dict[str, Any], item: Value, old: Path, new: Path) -> Value:
        self.moves[new] = old
        return item if isinstance(item, Unknown) else self.members(rule, item, old, new, "")

    def converted(self, way: list[str], found: Value, old: Path, new: Path) -> Value:
        kind = way[0] if way else ""
        written = (text(found) or "").lower()
        if kind == "enabled":
            return {"enabled": True, "disabled": False, "securedbyperimeter": False}.get(written, _REST)
        if kind == "not":
            flag = boolean(found)
            return (not flag) if isinstance(flag, bool) else _REST
        if kind == "words":
            return [word.strip() for word in (text(found) or "").split(",")]
        if kind == "lower":
            return written
        if kind == "piece":
            pieces = (text(found) or "").split("_")
            return pieces[int(way[1])] if int(way[1]) < len(pieces) else _REST
        if kind == "each":
            for at in range(len(items(found))):
                self.moves[*new, at] = (*old, at, way[1])
            return [item if isinstance(item, Unknown) else get(item, way[1]) for item in items(found)]
        return self.pairs(found, old, new) if kind == "pairs" else found

    def pairs(self, found: Value, old: Path, new: Path) -> dict[str, Value]:
        made: dict[str, Value] = {}
        for at, item in enumerate(items(found)):
            name = get(item, "name")
            if isinstance(name, str):
                made[name] = get(item, "value")
                self.moves[*new, name] = (*old, at, "value")
            else:
                made[REST] = _REST
        return made


_DEFAULTS: dict[str, Value] = {"false": False, "true": True}


@record
class _WithBody:
    """The place of a block whose argument ``body`` is encoded: below it is the place of the structure."""

    block: Place
    body: Place

    @property
    def span(self) -> Span:
        return self.block.span

    def child(self, key: Key) -> Place | None:
        return self.body if key == "body" else self.block.child(key)

    def trail(self) -> tuple[Step, ...]:
        return self.block.trail()

    def text_start(self) -> tuple[int, int] | None:
        return self.block.text_start()


def _with_body(draft: Draft) -> Place:
    body = draft.attributes.get("body")
    return _WithBody(draft.place, body.place) if isinstance(body, Encoded) and body.place is not None else draft.place
