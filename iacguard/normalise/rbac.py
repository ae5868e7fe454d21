"""Kubernetes RBAC, flattened: what rules stand behind a binding, and what a service account may do where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from posixpath import dirname

from iacguard.model import Path, Place, Unknown, Value
from iacguard.normalise.draft import Draft, owned
from iacguard.normalise.values import get
from iacguard.record import field, record

_EVERYTHING: tuple[dict[str, Value], ...] = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)
_GROUP = "rbac.authorization.k8s.io"
_MAX_RULES = 5_000


@record(frozen=False)
class _Rule:
    value: Value
    place: Place


@record(frozen=False)
class _Bound:
    """A binding: the rules that it gives, ``namespace`` where it gives them ("" for everywhere)."""

    draft: Draft
    namespace: str
    rules: list[_Rule] = field(default_factory=list)


def namespace_of(draft: Draft) -> str:
    """The namespace of an object that has one; "default" where it says none."""
    found = get(draft.attributes, "metadata", "namespace")
    if isinstance(found, str) and found:
        return found
    parts = _address(draft)
    return parts[1] if len(parts) == 3 else "default"


def name_of(draft: Draft) -> str:
    """The name of an object; "" where it is not known."""
    found = get(draft.attributes, "metadata", "name")
    if isinstance(found, str | Unknown):
        return found if isinstance(found, str) else ""
    return (_address(draft) or [""])[-1]


def _address(draft: Draft) -> list[str]:
    """Kind, namespace (if any) and name, as the address of a manifest has them."""
    return draft.address.partition("@")[0].split("/") if draft.resource.format == "kubernetes" else []


class Rights:
    """All bindings of one stack."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._roles: dict[tuple[str, str, str], Draft] = {}
        for draft in drafts:
            if draft.type in ("Role", "ClusterRole") and name_of(draft):
                space = namespace_of(draft) if draft.type == "Role" else ""
                self._roles.setdefault((draft.type, space, name_of(draft)), draft)
        self._by_subject: dict[tuple[str, str], list[_Bound]] = {}
        for draft in drafts:
            if draft.type in ("RoleBinding", "ClusterRoleBinding"):
                self._bind(draft)

    def _bind(self, draft: Draft) -> None:
        kind, name = get(draft.attributes, "roleRef", "kind"), get(draft.attributes, "roleRef", "name")
        where = draft.where(("roleRef",))
        space = namespace_of(draft) if draft.type == "RoleBinding" else ""
        bound = _Bound(draft, space)
        unknown = next((v for v in (kind, name) if isinstance(v, Unknown)), None)
        if unknown is not None:
            draft.set("role_rules", unknown, where)
            bound.rules.append(_Rule(_open(unknown.reason), where))
        else:
            rules = self._rules_of(str(kind), space, str(name), where)
            if rules is None:
                bound.rules.append(_Rule(_open(f"the rules of {kind} {name} are not in the code"), where))
            else:
                bound.rules = rules
                draft.set("role_rules", [rule.value for rule in rules], where)
                for at, rule in enumerate(rules):
                    draft.origin(("role_rules", at), rule.place)
        for subject in _subjects(draft):
            self._by_subject.setdefault(subject, []).append(bound)

    def _rules_of(self, kind: str, space: str, name: str, where: Place) -> list[_Rule] | None:
        """The rules of a role, aggregated ones included; None where it is not in the code."""
        role = self._roles.get((kind, space if kind == "Role" else "", name))
        if role is None:
            if kind == "ClusterRole" and name == "cluster-admin":
                return [_Rule(dict(rule), where) for rule in _EVERYTHING]
            return None
        found: list[_Rule] = []
        pending, seen = [role], {id(role)}
        while pending and len(found) < _MAX_RULES:
            current = pending.pop(0)
            found += _own_rules(current)
            for other in self._aggregated(current):
                if id(other) not in seen:
                    seen.add(id(other))
                    pending.append(other)
        return found

    def _aggregated(self, role: Draft) -> Iterable[Draft]:
        selectors = get(role.attributes, "aggregationRule", "clusterRoleSelectors")
        for selector in selectors if isinstance(selectors, list) else ():
            for (kind, _, _), other in self._roles.items():
                if kind == "ClusterRole" and _matches(selector, get(other.attributes, "metadata", "labels")):
                    yield other

    def of_account(self, namespace: str, name: str, beside: str = "") -> list[tuple[dict[str, Value] | Unknown, Place]]:
        """Everything that a service account may do, each with the place of its rule.

        A binding to a role that is not in the code gives an unknown item. ``beside`` is a file: only bindings of its
        folder, of those above and of those below it count.
        """
        found: list[tuple[dict[str, Value] | Unknown, Place]] = []
        for subject in (
            ("account", f"{namespace}/{name}"),
            ("user", f"system:serviceaccount:{namespace}:{name}"),
            ("group", f"system:serviceaccounts:{namespace}"),
            ("group", "system:serviceaccounts"),
            ("group", "system:authenticated"),
        ):
            for bound in self._by_subject.get(subject, ()):
                if beside and not _in_line(dirname(beside), dirname(bound.draft.resource.span.file)):
                    continue
                room = _MAX_RULES - len(found)
                found += [(_permission(rule.value, bound), rule.place) for rule in bound.rules[:room]]
        return found


def _in_line(one: str, other: str) -> bool:
    """Whether one folder is the other or lies in it."""
    return not one or not other or f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _open(reason: str) -> Unknown:
    return Unknown(reason, kind="limit", spread=True)


def _own_rules(role: Draft) -> Iterable[_Rule]:
    rules = role.attributes.get("rules")
    if isinstance(rules, Unknown):
        yield _Rule(_open(rules.reason), owned(role.where(("rules",)), role.address))
    for at, rule in enumerate(rules if isinstance(rules, list) else ()):
        path: Path = ("rules", at)
        yield _Rule(rule, owned(role.where(path), role.address))


def _subjects(draft: Draft) -> Iterable[tuple[str, str]]:
    subjects = draft.attributes.get("subjects")
    for subject in subjects if isinstance(subjects, list) else ():
        kind, name = get(subject, "kind"), get(subject, "name")
        if not isinstance(kind, str) or not isinstance(name, str):
            continue
        if kind == "ServiceAccount":
            space = get(subject, "namespace")
            # A RoleBinding of today's API demands the namespace; older ones meant their own.
            space = space if isinstance(space, str) and space else namespace_of(draft)
            yield "account", f"{space}/{name}"
        elif kind in ("User", "Group"):
            yield kind.lower(), name


def _permission(rule: Value, bound: _Bound) -> dict[str, Value] | Unknown:
    if isinstance(rule, Unknown):
        return rule
    made: dict[str, Value] = {
        name: _list(get(rule, key))
        for name, key in (
            ("verbs", "verbs"),
            ("api_groups", "apiGroups"),
            ("resources", "resources"),
            ("resource_names", "resourceNames"),
            ("non_resource_urls", "nonResourceURLs"),
        )
    }
    made["namespace"] = bound.namespace or None
    made["cluster"] = not bound.namespace
    made["via"] = bound.draft.address
    return made


def _list(value: Value) -> Value:
    if value is None:
        return []
    return value if isinstance(value, list | Unknown) else [value]


def _matches(selector: Value, labels: Value) -> bool:
    """Whether a label selector takes these labels; an empty one takes all."""
    if not isinstance(selector, dict):
        return False
    own = labels if isinstance(labels, dict) else {}
    wanted = selector.get("matchLabels")
    if isinstance(wanted, dict) and any(own.get(key) != value for key, value in wanted.items()):
        return False
    terms = selector.get("matchExpressions")
    return all(_holds(term, own) for term in (terms if isinstance(terms, list) else ()))


def _holds(term: Value, own: dict[str, Value]) -> bool:
    key, operator, values = get(term, "key"), get(term, "operator"), get(term, "values")
    if not isinstance(key, str):
        return False
    allowed = values if isinstance(values, list) else []
    if operator == "In":
        return key in own and own[key] in allowed
    if operator == "NotIn":
        return key not in own or own[key] not in allowed
    return key in own if operator == "Exists" else operator == "DoesNotExist" and key not in own


def add_permissions(drafts: Sequence[Draft], accounts: Iterable[tuple[Draft, str, str, bool]]) -> None:
    """Give bindings their ``role_rules``, and service accounts and workloads their ``permissions``.

    ``accounts`` are the workloads with namespace and name of the account that they run as, and whether they name
    neither: a repository holds many applications, and the default account of one is not the others'.
    """
    has_bindings = any(d.type in ("RoleBinding", "ClusterRoleBinding") for d in drafts)
    rights = Rights(drafts) if has_bindings else None
    for draft in drafts:
        if draft.type == "ServiceAccount" and name_of(draft):
            _set_permissions(draft, rights, namespace_of(draft), name_of(draft))
    for draft, space, name, unplaced in accounts:
        _set_permissions(draft, rights, space, name, draft.resource.span.file if unplaced else "")


def _set_permissions(draft: Draft, rights: Rights | None, namespace: str, name: str, beside: str = "") -> None:
    found = [] if rights is None else rights.of_account(namespace, name, beside)
    draft.set("permissions", [value for value, _ in found])
    for at, (_, place) in enumerate(found):
        draft.origin(("permissions", at), place)
