"""Data sources that compute a policy from their own blocks: known as soon as the blocks are.

``aws_iam_policy_document`` after the AWS provider's documentation of it (merging of source and override documents,
the shape of the JSON), ``google_iam_policy`` after the Google provider's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from iacguard.frontends.terraform.functions.unknowns import find_unknown
from iacguard.frontends.terraform.values import Border, link, put_entry
from iacguard.model import REST, Encoded, Key, Place, Span, Step, Unknown, Value

if TYPE_CHECKING:
    from iacguard.frontends.terraform.instances import Instance
    from iacguard.frontends.terraform.places import BodyPlace

_MISSING = object()
_LISTS = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}
_PRINCIPALS = {"principals": "Principal", "not_principals": "NotPrincipal"}
_ORDER = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition")
#: A member of the JSON statement, as it is called in the block.
_WRITTEN = {
    "Sid": "sid",
    "Effect": "effect",
    "Principal": "principals",
    "NotPrincipal": "not_principals",
    "Condition": "condition",
    **{json_name: name for name, json_name in _LISTS.items()},
}


def attribute(instance: Instance, name: str) -> Value | None:
    """An attribute that can be computed from the blocks of a data source; None for all others."""
    if instance.type == "aws_iam_policy_document" and name in ("json", "minified_json"):
        return _once(instance, name)
    if instance.type == "google_iam_policy" and name == "policy_data":
        return _once(instance, name)
    return None


def _once(instance: Instance, name: str) -> Value:
    key = f"({name})"
    if key in instance.memo:
        found = instance.memo[key]
        return Unknown(f"{instance.address} refers to itself", "error") if found is _MISSING else found
    instance.memo[key] = _MISSING
    try:
        value = _aws(instance, name == "minified_json") if name != "policy_data" else _google(instance)
    except BaseException:
        del instance.memo[key]
        raise
    instance.memo[key] = value
    return value


class _Statement:
    """A statement of the document in the making, and where it stands."""

    __slots__ = ("place", "value")

    def __init__(self, value: Value, place: Place | None) -> None:
        self.value = value
        self.place = place

    @property
    def sid(self) -> str:
        """Its id, "" where it has none or it is not known."""
        sid = self.value.get("Sid") if isinstance(self.value, dict) else None
        return sid if isinstance(sid, str) else ""


def _aws(instance: Instance, minified: bool) -> Value:
    border = Border()
    version: Value = border.plain(instance.raw("version"))
    policy_id: Value = border.plain(instance.raw("policy_id"))
    statements: list[_Statement] = []
    for name in ("source_json", "source_policy_documents"):
        for text in _texts(instance, name, border):
            version, policy_id = _merge(statements, text, version, policy_id)
    _override(statements, _own(instance, border))
    for name in ("override_json", "override_policy_documents"):
        for text in _texts(instance, name, border):
            added: list[_Statement] = []
            version, policy_id = _merge(added, text, version, policy_id)
            _override(statements, added)
    document: dict[str, Value] = {"Version": "2012-10-17" if _is_empty(version) else version}
    if not _is_empty(policy_id):
        document["Id"] = policy_id
    document["Statement"] = [s.value for s in statements]
    place = DocumentPlace(instance.place, [s.place for s in statements])
    return link(Encoded(document, _text(document, minified=minified), place), border.references)


def _text(document: dict[str, Value], *, minified: bool) -> str | None:
    if find_unknown([document]) is not None:
        return None
    separators = (",", ":") if minified else None
    return json.dumps(document, indent=None if minified else 2, separators=separators, ensure_ascii=False)


def _texts(instance: Instance, name: str, border: Border) -> list[Value]:
    value = border.plain(instance.raw(name))
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _own(instance: Instance, border: Border) -> list[_Statement]:
    value = border.plain(instance.raw("statement"))
    if not isinstance(value, list):
        return [] if value is None else [_Statement(value, None)]
    places = instance.place.nested.get("statement", [])
    return [
        _Statement(_statement(block), StatementPlace(places[i]) if i < len(places) else None)
        for i, block in enumerate(value)
    ]


def _statement(block: Value) -> Value:
    """One statement block in the shape of the JSON."""
    if isinstance(block, Unknown):
        if not block.choices:
            return block
        choices = tuple(_statement(choice) for choice in block.choices)
        return Unknown(block.reason, block.kind, block.span, choices=choices, spread=block.spread)
    if not isinstance(block, dict):
        return Unknown("the statement is no block", "error")
    effect = block.get("effect")
    found: dict[str, Value] = {"Effect": "Allow" if _is_empty(effect) else effect}
    if not _is_empty(block.get("sid")):
        found["Sid"] = block["sid"]
    for name, json_name in _LISTS.items():
        value = block.get(name)
        if value is not None and value != []:
            found[json_name] = _short(value)
    for name, json_name in _PRINCIPALS.items():
        if name in block:
            found[json_name] = _principals(block[name])
    if "condition" in block:
        found["Condition"] = _conditions(block["condition"])
    return {key: found[key] for key in _ORDER if key in found}


def _is_empty(value: Value) -> bool:
    return value is None or value == "" or value == []


def _short(value: Value) -> Value:
    """A list of one as its item, as the provider writes it."""
    if isinstance(value, list) and len(value) == 1 and not (isinstance(value[0], Unknown) and value[0].spread):
        return value[0]
    return value


def _principals(blocks: Value) -> Value:
    result: dict[str, Value] = {}
    if not isinstance(blocks, list):
        return blocks
    for block in blocks:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            result[REST] = block if isinstance(block, Unknown) else Unknown("its type is not known", "expression")
            continue
        identifiers = block.get("identifiers", [])
        kind = block["type"]
        if kind == "*" and identifiers == ["*"] and len(blocks) == 1:
            return "*"
        result[kind] = _joined(result.get(kind), identifiers)
    return {kind: _short(value) for kind, value in result.items()}


def _joined(before: Value, more: Value) -> Value:
    items = before if isinstance(before, list) else []
    if isinstance(more, Unknown):
        from iacguard.record import replace

        return [*items, replace(more, spread=True, present=False)] if items else more
    return [*items, *(more if isinstance(more, list) else [more])]


def _conditions(blocks: Value) -> Value:
    result: dict[str, Value] = {}
    if not isinstance(blocks, list):
        return blocks
    for block in blocks:
        test = block.get("test") if isinstance(block, dict) else None
        variable = block.get("variable") if isinstance(block, dict) else None
        if isinstance(test, str) and isinstance(variable, Unknown):
            put_entry(result.setdefault(test, {}), variable, block.get("values", []))
            continue
        if not isinstance(test, str) or not isinstance(variable, str):
            result[REST] = block if isinstance(block, Unknown) else Unknown("a condition is not known", "expression")
            continue
        inner = result.setdefault(test, {})
        values = block.get("values", [])
        inner[variable] = _joined(inner[variable], values) if variable in inner else values
    return {
        test: {k: _short(v) for k, v in inner.items()} if isinstance(inner, dict) else inner
        for test, inner in result.items()
    }


def _merge(into: list[_Statement], source: Value, version: Value, policy_id: Value) -> tuple[Value, Value]:
    """Add the statements of another document; its version and id where the document has none."""
    place: Place | None = None
    value = source
    if isinstance(source, Encoded):
        value, place = source.value, source.place
    elif isinstance(source, str):
        value = _read(source)
    if value is None:
        return version, policy_id
    if isinstance(value, Unknown) or not isinstance(value, dict):
        unknown = value if isinstance(value, Unknown) else Unknown("a source document is no policy", "error")
        into.append(_Statement(Unknown(unknown.reason, unknown.kind, unknown.span, spread=True), place))
        return version, policy_id
    statements = value.get("Statement", [])
    inner = place.child("Statement") if place is not None else None
    if isinstance(statements, dict):
        into.append(_Statement(statements, inner or place))
    elif isinstance(statements, list):
        for i, statement in enumerate(statements):
            into.append(_Statement(statement, (inner.child(i) if inner is not None else None) or place))
    else:
        into.append(_Statement(Unknown("its statements are not known", "expression", spread=True), place))
    return (
        value.get("Version") if _is_empty(version) else version,
        value.get("Id") if _is_empty(policy_id) else policy_id,
    )


def _read(text: str) -> Value:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return Unknown("a source document is not JSON", "error")


def _override(statements: list[_Statement], more: list[_Statement]) -> None:
    """Add statements; one with the id of an earlier one takes its place."""
    for statement in more:
        same = [i for i, s in enumerate(statements) if statement.sid and s.sid == statement.sid]
        if same:
            statements[same[0]] = statement
        else:
            statements.append(statement)


def _google(instance: Instance) -> Value:
    border = Border()
    blocks = border.plain(instance.raw("binding"))
    bindings: list[Value] = []
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict):
            bindings.append(block)
            continue
        binding = {"role": block.get("role"), "members": block.get("members", [])}
        if not _is_empty(block.get("condition")):
            binding["condition"] = _short(block["condition"])
        bindings.append(binding)
    document = {"bindings": bindings}
    places: list[Place | None] = list(instance.place.nested.get("binding", []))
    place = DocumentPlace(instance.place, places, "bindings")
    return link(Encoded(document, _text(document, minified=True), place), border.references)


class DocumentPlace:
    """A policy that is made by a data source: its statements stand where they were written."""

    __slots__ = ("body", "key", "statements")

    def __init__(self, body: BodyPlace, statements: list[Place | None], key: str = "Statement") -> None:
        self.body = body
        self.statements = statements
        self.key = key

    @property
    def span(self) -> Span:
        """The data source's header."""
        return self.body.span

    def child(self, key: Key) -> Place | None:
        """The list of statements, the version, or the id."""
        if key == self.key:
            return _StatementsPlace(self)
        return self.body.child({"Version": "version", "Id": "policy_id"}.get(str(key), ""))

    def trail(self) -> tuple[Step, ...]:
        """It stands where it is written."""
        return ()

    def text_start(self) -> tuple[int, int] | None:
        """It has no text of its own."""
        return None


class _StatementsPlace(DocumentPlace):
    __slots__ = ()

    def __init__(self, document: DocumentPlace) -> None:
        super().__init__(document.body, document.statements, document.key)

    def child(self, key: Key) -> Place | None:
        """One statement."""
        return self.statements[key] if isinstance(key, int) and 0 <= key < len(self.statements) else None


class StatementPlace:
    """A statement block, walked into by the names of the JSON."""

    __slots__ = ("body",)

    def __init__(self, body: BodyPlace) -> None:
        self.body = body

    @property
    def span(self) -> Span:
        """The block's header."""
        return self.body.span

    def child(self, key: Key) -> Place | None:
        """A member by the JSON's name or the block's own."""
        name = _WRITTEN.get(str(key), str(key))
        found = self.body.child(name)
        if name in ("principals", "not_principals", "condition") and found is not None:
            return _First(found)
        return found

    def trail(self) -> tuple[Step, ...]:
        """It stands where it is written."""
        return ()

    def text_start(self) -> tuple[int, int] | None:
        """It has no text of its own."""
        return None


class _First:
    """Blocks that the JSON folds into one map: whatever is asked for stands in the first of them."""

    __slots__ = ("inner",)

    def __init__(self, inner: Place) -> None:
        self.inner = inner

    @property
    def span(self) -> Span:
        return self.inner.span

    def child(self, key: Key) -> Place | None:
        return None

    def trail(self) -> tuple[Step, ...]:
        return ()

    def text_start(self) -> tuple[int, int] | None:
        return None
