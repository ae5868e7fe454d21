"""IAM: every policy document, however it is written, as one list of statements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iacguard.findings import Problem
from iacguard.model import REST, Path, Place, Unknown, Value
from iacguard.normalise.documents import Read, read
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import MovedPlace, NamedPlace
from iacguard.normalise.tables import load, words
from iacguard.normalise.values import as_items, items, text
from iacguard.record import replace

#: Where a statement's members stand in the document.
_NAMES: dict[Any, tuple[Path, ...]] = {
    "sid": (("Sid",), ("sid",)),
    "effect": (("Effect",), ("effect",)),
    "actions": (("Action",), ("actions",)),
    "not_actions": (("NotAction",), ("not_actions",)),
    "resources": (("Resource",), ("resources",)),
    "not_resources": (("NotResource",), ("not_resources",)),
    "principals": (("Principal",), ("principals",)),
    "not_principals": (("NotPrincipal",), ("not_principals",)),
    "conditions": (("Condition",), ("condition",)),
}
_PERMISSION_NAMES: dict[Any, tuple[Path, ...]] = {
    "actions": (("action",),),
    "principals": (("principal",), ("organization_id",)),
    "resources": (("function_name",), ("layer_name",)),
    "conditions": (("source_arn",), ("source_account",), ("principal_org_id",), ("condition",)),
    "sid": (("statement_id",),),
}
_CONTROL_POLICIES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_PERMISSIONS = {
    "aws_lambda_permission": "function_name",
    "aws_lambda_layer_version_permission": "layer_name",
    "aws_cloudwatch_event_permission": "event_bus_name",
}


def add_statements(draft: Draft, problems: list[Problem]) -> None:
    """Give ``draft`` its ``statements`` and ``trust_statements``, if its type carries policy documents."""
    table = load("documents")
    found = table.get(draft.type)
    if found is None or _is_no_control_policy(draft):
        return
    draft.set("statements", [])
    if draft.type == "aws_iam_role":
        draft.set("trust_statements", [])
    if draft.type in _PERMISSIONS:
        draft.append("statements", _permission(draft), NamedPlace(draft.place, (), _PERMISSION_NAMES))
        return
    for entry in words(found):
        target = "trust_statements" if entry.startswith("~") else "statements"
        for path, value in _documents(draft.attributes, entry.lstrip("~")):
            _add_document(draft, target, path, value, problems)


def _is_no_control_policy(draft: Draft) -> bool:
    """Whether it is an organisation's policy on tags, backups and the like: no document of IAM."""
    kind = draft.attributes.get("type", _CONTROL_POLICIES[0])
    return draft.type == "aws_organizations_policy" and isinstance(kind, str) and kind not in _CONTROL_POLICIES


def _documents(attributes: dict[str, Value], entry: str) -> Iterator[tuple[Path, Value]]:
    name, listed, rest = entry.partition("[].")
    value = attributes.get(name)
    if not listed:
        yield (name,), value
        return
    for index, item in enumerate(items(value)):
        if isinstance(item, dict):
            yield (name, index, rest), item.get(rest, item.get(REST))
        elif isinstance(item, Unknown):
            yield (name, index), item


def _add_document(draft: Draft, target: str, path: Path, value: Value, problems: list[Problem]) -> None:
    if value is None or value == "" or value == {} or value == []:
        return
    document = read(value, draft.where(path))
    label = _label(path)
    if document.error:
        span = document.place.span
        message = f"{draft.address}: {label} is not a policy document; {document.error}"
        problems.append(Problem("value", span, message, "write it with jsonencode, or mend the JSON"))
    for statement, place in statements_of(document, label):
        draft.append(target, statement, place)


def statements_of(document: Read, label: str) -> Iterator[tuple[Value, Place]]:
    """The statements of one document, each with its place; an Unknown item for what cannot be read."""
    value = document.value
    if isinstance(value, Unknown):
        yield _part(value), document.place
        return
    if not isinstance(value, dict):
        yield Unknown("the policy document is not an object", kind="error", spread=True), document.place
        return
    listed = value.get("Statement", value.get("statement"))
    if listed is None:
        rest = value.get(REST)
        if isinstance(rest, Unknown):
            yield _part(rest), document.place
        elif value and "Version" not in value and "Id" not in value:
            yield Unknown("the policy document has no Statement", kind="error", spread=True), document.place
        return
    alone = not isinstance(listed, list)
    for index, item in enumerate(items(listed)):
        path: Path = ("Statement",) if alone else ("Statement", index)
        if isinstance(item, dict):
            yield _statement(item, label), NamedPlace(document.place, path, _NAMES)
        else:
            unknown = item if isinstance(item, Unknown) else Unknown("a statement is not an object", kind="error")
            yield _part(unknown), MovedPlace(document.place, old=path)


def _part(value: Unknown) -> Unknown:
    """An Unknown in the place of statements: of what number, nobody knows."""
    return replace(value, spread=True, parts=(), choices=(), keys=(), reference=None, present=False)


def _effect(value: Value) -> Value:
    """The effect as IAM writes it. IAM refuses ``allow``, but what it is to be is plain, and mended in a second."""
    return {"allow": "Allow", "deny": "Deny"}.get(value.lower(), value) if isinstance(value, str) else value


def _statement(raw: dict[str, Value], label: str) -> dict[str, Value]:
    rest = raw.get(REST)
    if isinstance(rest, Unknown):
        rest = replace(rest, parts=(), choices=(), keys=())  # the member may as well be missing

    field = raw.get
    sid = field("Sid", rest)
    return {
        "sid": "" if sid is None else sid,
        "effect": _effect(field("Effect", rest)),
        "actions": _texts(field("Action", rest)),
        "not_actions": _texts(field("NotAction", rest)),
        "resources": _texts(field("Resource", rest)),
        "not_resources": _texts(field("NotResource", rest)),
        "principals": _principals(field("Principal", rest)),
        "not_principals": _principals(field("NotPrincipal", rest)),
        "conditions": _conditions(field("Condition", rest)),
        "document": label,
    }


def _texts(value: Value) -> Value:
    """A text or a list of them as a list; a choice between lists stays one."""
    if value is None or isinstance(value, str):
        return [] if value is None else [value]
    if isinstance(value, Unknown) and any(isinstance(c, list) for c in value.choices):
        return replace(value, choices=tuple(_texts(c) for c in value.choices))
    out: list[Value] = []
    for item in items(value):
        written = text(item)
        if written is not None:
            out.append(written)
        elif isinstance(item, Unknown):
            out.append(item)
        elif item is not None:
            out.append(Unknown("neither a text nor a list of texts", kind="error"))
    return out


def _principals(value: Value) -> list[Value]:
    if isinstance(value, str):
        # `Principal: "*"` is the only text IAM takes; anything else would be refused when applied.
        return [{"type": "*" if value == "*" else "AWS", "identifier": value}]
    if isinstance(value, Unknown):
        return [replace(as_items(value), spread=True)]
    if not isinstance(value, dict):
        return []
    out: list[Value] = []
    for kind, who in value.items():
        if kind == REST:
            out.append(_part(who) if isinstance(who, Unknown) else Unknown("a principal is not known", spread=True))
            continue
        for identifier in items(_texts(who)):
            # IAM takes no empty list of principals, so that there is at least one of this type.
            known = replace(identifier, spread=False) if isinstance(identifier, Unknown) else identifier
            out.append({"type": kind, "identifier": known})
    return out


def _conditions(value: Value) -> list[Value]:
    if isinstance(value, Unknown):
        return [_part(value)]
    if not isinstance(value, dict):
        return []
    out: list[Value] = []
    for operator, tests in value.items():
        if operator == REST or isinstance(tests, Unknown):
            out.append(_part(tests) if isinstance(tests, Unknown) else Unknown("a condition is not known", spread=True))
        elif isinstance(tests, dict):
            for key, wanted in tests.items():
                if key == REST and isinstance(wanted, Unknown) and len(wanted.keys) == len(wanted.choices) > 0:
                    entries = zip(wanted.keys, wanted.choices, strict=True)
                    out += [{"operator": operator, "key": name, "values": _texts(values)} for name, values in entries]
                elif key == REST:
                    out.append(_part(wanted) if isinstance(wanted, Unknown) else wanted)
                else:
                    out.append({"operator": operator, "key": key, "values": _texts(wanted)})
    return out


def _permission(draft: Draft) -> dict[str, Value]:
    """A Lambda (layer, event bus) permission as the statement that AWS adds to the resource policy for it."""
    get = draft.attributes.get
    conditions: list[Value] = []
    for name, operator, key in (
        ("source_arn", "ArnLike", "AWS:SourceArn"),
        ("source_account", "StringEquals", "AWS:SourceAccount"),
        ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
        ("organization_id", "StringEquals", "aws:PrincipalOrgID"),
        ("function_url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
        ("invoked_via_function_url", "Bool", "lambda:InvokedViaFunctionUrl"),
    ):
        if get(name) is not None:
            conditions.append({"operator": operator, "key": key, "values": _texts(get(name))})
    for item in items(get("condition")):
        if isinstance(item, dict):
            conditions.append(
                {"operator": item.get("type"), "key": item.get("key"), "values": _texts(item.get("value"))}
            )
        elif isinstance(item, Unknown):
            conditions.append(_part(item))
    sid = get("statement_id")
    return {
        "sid": "" if sid is None else sid,
        "effect": "Allow",
        "actions": _texts(
            get("action") or "events:PutEvents" if not isinstance(get("action"), Unknown) else get("action")
        ),
        "not_actions": [],
        "resources": _texts(get(_PERMISSIONS[draft.type])),
        "not_resources": [],
        "principals": _permission_principal(get("principal")),
        "not_principals": [],
        "conditions": conditions,
        "document": "",
    }


def _permission_principal(value: Value) -> list[Value]:
    if value is None:
        return []
    kind: Value = "AWS"
    if value == "*":
        kind = "*"
    elif isinstance(value, str) and value.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        kind = "Service"
    elif isinstance(value, Unknown):
        kind = Unknown(value.reason, value.kind, value.span)
    return [{"type": kind, "identifier": value}]


def _label(path: Path) -> str:
    out = ""
    for key in path:
        out += f"[{key}]" if isinstance(key, int) else f".{key}" if out else key
    return out
