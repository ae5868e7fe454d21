"""What one object says of another: names, selectors, subjects. Tables first, the walk over them below."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from iacguard.frontends.kubernetes.kinds import POD_SPECS, is_cluster_scoped, type_of
from iacguard.model import Edge, Path, Resource, Value
from iacguard.record import record


class Name(NamedTuple):
    """``path`` ("*" walks a list) holds the name of an object of ``type``; cluster-scoped ones have no namespace."""

    path: tuple[str, ...]
    type: str
    cluster: bool = False


class Ref(NamedTuple):
    """``path`` holds a reference as a mapping: name, and kind, namespace and API group where it has them."""

    path: tuple[str, ...]
    kind: str = ""


class Selector(NamedTuple):
    """``path`` holds a label selector over the pods of the same namespace.

    ``plain``: a bare map of labels. ``all_if_empty``: an empty selector takes every pod, not none.
    """

    path: tuple[str, ...]
    plain: bool = False
    all_if_empty: bool = False


#: In the spec of a pod, wherever that stands.
_POD: tuple[Name, ...] = (
    Name(("imagePullSecrets", "*", "name"), "Secret"),
    Name(("priorityClassName",), "PriorityClass", cluster=True),
    Name(("runtimeClassName",), "RuntimeClass", cluster=True),
    Name(("volumes", "*", "configMap", "name"), "ConfigMap"),
    Name(("volumes", "*", "secret", "secretName"), "Secret"),
    Name(("volumes", "*", "persistentVolumeClaim", "claimName"), "PersistentVolumeClaim"),
    Name(("volumes", "*", "projected", "sources", "*", "configMap", "name"), "ConfigMap"),
    Name(("volumes", "*", "projected", "sources", "*", "secret", "name"), "Secret"),
    *(
        Name((kind, "*", *path), type_)
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for path, type_ in (
            (("env", "*", "valueFrom", "configMapKeyRef", "name"), "ConfigMap"),
            (("env", "*", "valueFrom", "secretKeyRef", "name"), "Secret"),
            (("envFrom", "*", "configMapRef", "name"), "ConfigMap"),
            (("envFrom", "*", "secretRef", "name"), "Secret"),
        )
    ),
)

_NAMES: Mapping[str, tuple[Name, ...]] = MappingProxyType(
    {
        "Ingress": (
            Name(("spec", "defaultBackend", "service", "name"), "Service"),
            Name(("spec", "rules", "*", "http", "paths", "*", "backend", "service", "name"), "Service"),
            Name(("spec", "backend", "serviceName"), "Service"),
            Name(("spec", "rules", "*", "http", "paths", "*", "backend", "serviceName"), "Service"),
            Name(("spec", "tls", "*", "secretName"), "Secret"),
            Name(("spec", "ingressClassName"), "IngressClass", cluster=True),
        ),
        "StatefulSet": (Name(("spec", "serviceName"), "Service"),),
        "PersistentVolumeClaim": (
            Name(("spec", "volumeName"), "PersistentVolume", cluster=True),
            Name(("spec", "storageClassName"), "StorageClass", cluster=True),
        ),
        "PersistentVolume": (Name(("spec", "storageClassName"), "StorageClass", cluster=True),),
        "ServiceAccount": (
            Name(("secrets", "*", "name"), "Secret"),
            Name(("imagePullSecrets", "*", "name"), "Secret"),
        ),
    }
)

_REFS: Mapping[str, tuple[Ref, ...]] = MappingProxyType(
    {
        "RoleBinding": (Ref(("roleRef",)), Ref(("subjects", "*"))),
        "ClusterRoleBinding": (Ref(("roleRef",)), Ref(("subjects", "*"))),
        "HorizontalPodAutoscaler": (Ref(("spec", "scaleTargetRef")),),
        "PersistentVolume": (Ref(("spec", "claimRef"), "PersistentVolumeClaim"),),
        "APIService": (Ref(("spec", "service"), "Service"),),
        "MutatingWebhookConfiguration": (Ref(("webhooks", "*", "clientConfig", "service"), "Service"),),
        "ValidatingWebhookConfiguration": (Ref(("webhooks", "*", "clientConfig", "service"), "Service"),),
        **{
            f"{kind}Route.gateway.networking.k8s.io": (
                Ref(("spec", "parentRefs", "*"), "Gateway.gateway.networking.k8s.io"),
                Ref(("spec", "rules", "*", "backendRefs", "*"), "Service"),
            )
            for kind in ("HTTP", "GRPC", "TLS", "TCP", "UDP")
        },
        "Route.route.openshift.io": (
            Ref(("spec", "to"), "Service"),
            Ref(("spec", "alternateBackends", "*"), "Service"),
        ),
    }
)

_SELECTORS: Mapping[str, tuple[Selector, ...]] = MappingProxyType(
    {
        "Service": (Selector(("spec", "selector"), plain=True),),
        "NetworkPolicy": (Selector(("spec", "podSelector"), all_if_empty=True),),
        "PodDisruptionBudget": (Selector(("spec", "selector"), all_if_empty=True),),
    }
)


class Found(NamedTuple):
    """A value and the names on the way to it, list positions left out."""

    attribute: str
    value: Value


def links(resources: Sequence[Resource]) -> Iterator[Edge]:
    """Every edge between ``resources``, in their order."""
    index = _Index.of(resources)
    for resource in resources:
        yield from _named(index, resource)
        yield from _pod_names(index, resource)
        for ref in _REFS.get(resource.type, ()):
            yield from _referenced(index, resource, ref)
        for selector in _SELECTORS.get(resource.type, ()):
            yield from _selected(index, resource, selector)
        if namespace := namespace_of(resource):
            yield from index.edges(resource, "metadata.namespace", "Namespace", "", namespace)


def namespace_of(resource: Resource) -> str:
    """The namespace that an object lives in, "" for one without."""
    own = _text(_at(resource.attributes, ("metadata", "namespace"))) or "default"
    if resource.format != "kubernetes":  # Terraform's address does not tell
        return "" if is_cluster_scoped(resource.type, {}) else own
    return own if resource.address.startswith(f"{resource.type}/{own}/") else ""


def _named(index: _Index, resource: Resource) -> Iterator[Edge]:
    for name in _NAMES.get(resource.type, ()):
        for found in _walk(resource.attributes, name.path):
            namespace = "" if name.cluster else namespace_of(resource)
            yield from index.edges(resource, found.attribute, name.type, namespace, found.value)


def _pod_names(index: _Index, resource: Resource) -> Iterator[Edge]:
    path = POD_SPECS.get(resource.type)
    spec = _at(resource.attributes, path) if path else None
    if path is None or not isinstance(spec, dict):
        return
    prefix = ".".join(map(str, path))
    own = namespace_of(resource)
    # Without a name the pod runs as the namespace's account "default".
    account = _text(spec.get("serviceAccountName")) or _text(spec.get("serviceAccount")) or "default"
    yield from index.edges(resource, f"{prefix}.serviceAccountName", "ServiceAccount", own, account)
    for name in _POD:
        for found in _walk(spec, name.path):
            namespace = "" if name.cluster else own
            yield from index.edges(resource, f"{prefix}.{found.attribute}", name.type, namespace, found.value)


def _referenced(index: _Index, resource: Resource, ref: Ref) -> Iterator[Edge]:
    for found in _walk(resource.attributes, ref.path):
        value = found.value
        if not isinstance(value, dict):
            continue
        kind, api = value.get("kind"), value.get("apiVersion")
        group = _text(value.get("apiGroup")) or _text(value.get("group")) or None
        type_ = ref.kind
        if isinstance(kind, str) and kind:
            type_ = type_of(api if isinstance(api, str) else f"{group}/" if isinstance(group, str) else "", kind)
        namespace = _text(value.get("namespace")) or namespace_of(resource)
        if isinstance(namespace, str):
            yield from index.edges(resource, found.attribute, type_, namespace, value.get("name"))
            if ref.path == ("roleRef",):  # a ClusterRole, bound in a namespace or everywhere
                yield from index.edges(resource, found.attribute, type_, "", value.get("name"))


def _selected(index: _Index, resource: Resource, selector: Selector) -> Iterator[Edge]:
    for found in _walk(resource.attributes, selector.path):
        matches = _matcher(found.value, selector)
        if matches is None:
            continue
        for workload in index.workloads.get(namespace_of(resource), ()):
            if matches(workload.labels):
                yield Edge(resource.address, workload.address, found.attribute)


def _matcher(selector: Value, form: Selector) -> Callable[[Mapping[str, Value]], bool] | None:
    """Whether labels are selected; None for a selector that takes no pod."""
    if not isinstance(selector, dict) or (not selector and not form.all_if_empty):
        return None
    labels = selector if form.plain else selector.get("matchLabels")
    wanted = labels if isinstance(labels, dict) else {}
    terms = None if form.plain else selector.get("matchExpressions")
    expressions = [t for t in terms if isinstance(t, dict)] if isinstance(terms, list) else []
    if form.plain and not wanted:
        return None

    def matches(given: Mapping[str, Value]) -> bool:
        return all(k in given and given[k] == v for k, v in wanted.items()) and all(
            _holds(term, given) for term in expressions
        )

    return matches


def _holds(term: Mapping[str, Value], labels: Mapping[str, Value]) -> bool:
    key, operator = term.get("key"), term.get("operator")
    values = term.get("values")
    allowed = values if isinstance(values, list) else []
    if not isinstance(key, str):
        return False
    if operator == "In":
        return key in labels and labels[key] in allowed
    if operator == "NotIn":
        return key not in labels or labels[key] not in allowed
    return (key in labels) if operator == "Exists" else operator == "DoesNotExist" and key not in labels


def _walk(value: Value, path: Sequence[str]) -> Iterator[Found]:
    level = [value]
    for step in path:
        if step == "*":
            level = [item for v in level if isinstance(v, list) for item in v]
        else:
            level = [v[step] for v in level if isinstance(v, dict) and step in v]
    attribute = ".".join(step for step in path if step != "*")
    for found in level:
        yield Found(attribute, found)


def _text(value: Value) -> str:
    """A scalar as text; "" for none, and for what is not known."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _at(value: Value, path: Path) -> Value:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@record
class _Workload:
    address: str
    labels: Mapping[str, Value]


@record
class _Index:
    """Objects by (type, namespace, name), and workloads by namespace."""

    objects: Mapping[tuple[str, str, str], Sequence[Resource]]
    workloads: Mapping[str, Sequence[_Workload]]

    @staticmethod
    def of(resources: Iterable[Resource]) -> _Index:
        objects: dict[tuple[str, str, str], list[Resource]] = {}
        workloads: dict[str, list[_Workload]] = {}
        for resource in resources:
            namespace = namespace_of(resource)
            name = _at(resource.attributes, ("metadata", "name"))
            if isinstance(name, str | int):
                objects.setdefault((resource.type, namespace, str(name)), []).append(resource)
            labels = _pod_labels(resource)
            if labels is not None:
                workloads.setdefault(namespace, []).append(_Workload(resource.address, labels))
        return _Index(objects, workloads)

    def edges(self, source: Resource, attribute: str, type_: str, namespace: str, name: Value) -> Iterator[Edge]:
        """The edge to the named object; of several with one name, to those that are nearest by folder."""
        if not isinstance(name, str) or not name:
            return
        found = self.objects.get((type_, namespace, name), ())
        if len(found) > 1:
            near = [_nearness(source.span.file, target.span.file) for target in found]
            best = max(near)
            found = [target for target, rank in zip(found, near, strict=True) if rank == best]
        for target in found:
            yield Edge(source.address, target.address, attribute)


def _pod_labels(resource: Resource) -> Mapping[str, Value] | None:
    path = POD_SPECS.get(resource.type)
    if path is None:
        return None
    labels = _at(resource.attributes, (*path[:-1], "metadata", "labels"))
    return labels if isinstance(labels, dict) else {}


def _nearness(file: str, other: str) -> int:
    """How much of the way two files share: the same file, then the deepest common folder."""
    if file == other:
        return len(file) + 1
    return len(posixpath.commonpath([posixpath.dirname(file) or ".", posixpath.dirname(other) or "."]))
