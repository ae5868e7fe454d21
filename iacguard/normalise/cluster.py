"""Kubernetes: what a workload is surrounded by: rights, network policies, ways in from outside, pod security levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from iacguard.model import REST, Edge, Path, Unknown, Value
from iacguard.normalise.draft import Draft, owned
from iacguard.normalise.rbac import add_permissions, name_of, namespace_of
from iacguard.normalise.values import get
from iacguard.normalise.workload import POD_TEMPLATES

_POD_SECURITY = "pod-security.kubernetes.io/"
_MODES = ("enforce", "audit", "warn")
#: Kinds that lead traffic to a Service; where their class or gateway stands.
_ROUTES: Mapping[str, Path] = MappingProxyType(
    {
        "Ingress": ("spec", "ingressClassName"),
        "HTTPRoute.gateway.networking.k8s.io": ("spec", "parentRefs", 0, "name"),
        "GRPCRoute.gateway.networking.k8s.io": ("spec", "parentRefs", 0, "name"),
        "TLSRoute.gateway.networking.k8s.io": ("spec", "parentRefs", 0, "name"),
        "TCPRoute.gateway.networking.k8s.io": ("spec", "parentRefs", 0, "name"),
        "UDPRoute.gateway.networking.k8s.io": ("spec", "parentRefs", 0, "name"),
        "Route.route.openshift.io": ("spec", "host"),
    }
)
_OPEN_TYPES = ("LoadBalancer", "NodePort")
#: Annotations by which clouds keep a load balancer inside their network, with the values that say so.
_INTERNAL: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "service.beta.kubernetes.io/aws-load-balancer-internal": ("true", "0.0.0.0/0"),
        "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
        "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
        "networking.gke.io/load-balancer-type": ("Internal", "internal"),
        "cloud.google.com/load-balancer-type": ("Internal", "internal"),
    }
)


def surround(drafts: Sequence[Draft], edges: Sequence[Edge]) -> None:
    """Give workloads ``permissions``, ``network_policies``, ``exposed_by`` and ``pod_security``."""
    workloads = {d.address: d for d in drafts if d.type in POD_TEMPLATES}
    accounts = [(d, namespace_of(d), account_of(d), _unplaced(d)) for d in workloads.values() if account_of(d)]
    add_permissions(drafts, accounts)
    if not workloads:
        return
    _add_pod_security(drafts, workloads)
    by_address = {d.address: d for d in drafts}
    policies: dict[str, list[Draft]] = {}
    ways: dict[str, list[tuple[Draft, dict[str, Value]]]] = {}
    services: dict[str, list[str]] = {}
    for edge in edges:
        source = by_address.get(edge.source)
        if source is None or edge.target not in workloads:
            continue
        if source.type == "NetworkPolicy":
            policies.setdefault(edge.target, []).append(source)
        elif source.type == "Service" and edge.attribute == "spec.selector":
            services.setdefault(source.address, []).append(edge.target)
    _add_services(by_address, services, ways)
    for edge in edges:
        source = by_address.get(edge.source)
        if source is not None and source.type in _ROUTES and edge.target in services:
            for address in services[edge.target]:
                ways.setdefault(address, []).append(
                    (source, _way(source, get(source.attributes, *_ROUTES[source.type])))
                )
    for address, draft in workloads.items():
        _add_policies(draft, policies.get(address, ()))
        _add_ways(draft, ways.get(address, ()))


def account_of(draft: Draft) -> str:
    """The service account that a workload runs as; "" where that is not known."""
    spec = get(draft.attributes, *POD_TEMPLATES[draft.type], "spec")
    if not isinstance(spec, dict):
        return ""
    for key in ("serviceAccountName", "serviceAccount"):
        found = spec.get(key)
        if isinstance(found, Unknown):
            return ""
        if isinstance(found, str) and found:
            return found
    return "" if REST in spec else "default"


def _unplaced(draft: Draft) -> bool:
    """Whether a workload names neither its namespace nor its service account: who applies it decides on both."""
    named = isinstance(get(draft.attributes, "metadata", "namespace"), str)
    return account_of(draft) == "default" and not named and draft.resource.format == "kubernetes"


def _add_pod_security(drafts: Sequence[Draft], workloads: Mapping[str, Draft]) -> None:
    levels: dict[str, Draft] = {}
    for draft in drafts:
        if draft.type == "Namespace" and name_of(draft):
            levels.setdefault(name_of(draft), draft)
            _set_levels(draft, draft)
    for draft in workloads.values():
        namespace = levels.get(namespace_of(draft))
        if namespace is not None:
            _set_levels(draft, namespace)


def _set_levels(draft: Draft, namespace: Draft) -> None:
    labels = get(namespace.attributes, "metadata", "labels")
    place = owned(namespace.where(("metadata", "labels")), namespace.address) if draft is not namespace else None
    if isinstance(labels, Unknown):
        draft.set("pod_security", labels, place)
        return
    made: dict[str, Value] = {}
    draft.set("pod_security", made, place or namespace.where(("metadata", "labels")))
    for mode in _MODES if isinstance(labels, dict) else ():
        label = _POD_SECURITY + mode
        if labels.get(label) is not None:
            made[mode] = labels[label]
            found = namespace.where(("metadata", "labels", label))
            draft.origin(("pod_security", mode), found if draft is namespace else owned(found, namespace.address))
    if isinstance(labels, dict) and REST in labels:
        made[REST] = labels[REST]


def _add_services(
    by_address: Mapping[str, Draft],
    services: Mapping[str, list[str]],
    ways: dict[str, list[tuple[Draft, dict[str, Value]]]],
) -> None:
    for address, targets in services.items():
        service = by_address[address]
        kind, outside = get(service.attributes, "spec", "type"), get(service.attributes, "spec", "externalIPs")
        if isinstance(kind, Unknown) or kind in _OPEN_TYPES or (isinstance(outside, list) and outside):
            way = _way(service, kind if isinstance(kind, Unknown) or kind in _OPEN_TYPES else "ExternalIPs")
            way["internal"] = _is_internal(service)
            for target in targets:
                ways.setdefault(target, []).append((service, way))


def _is_internal(service: Draft) -> bool:
    annotations = get(service.attributes, "metadata", "annotations")
    if not isinstance(annotations, dict):
        return False
    return any(annotations.get(name) in values for name, values in _INTERNAL.items())


def _way(source: Draft, type_: Value) -> dict[str, Value]:
    return {
        "kind": source.type.partition(".")[0],
        "name": get(source.attributes, "metadata", "name"),
        "namespace": namespace_of(source),
        "type": "" if type_ is None else type_,
        "address": source.address,
        "internal": False,
    }


def _add_policies(draft: Draft, policies: Sequence[Draft]) -> None:
    draft.set("network_policies", [])
    for policy in dict.fromkeys(policies):
        made: dict[str, Value] = {
            "name": get(policy.attributes, "metadata", "name"),
            "types": _policy_types(policy),
            "address": policy.address,
        }
        draft.append("network_policies", made, owned(policy.where(("spec",)), policy.address))


def _policy_types(policy: Draft) -> Value:
    """What a policy restricts: by its policyTypes, else ingress, and egress where it has such rules."""
    found = get(policy.attributes, "spec", "policyTypes")
    if isinstance(found, list | Unknown) and found != []:
        return found
    egress = get(policy.attributes, "spec", "egress")
    return ["Ingress", "Egress"] if egress is not None and egress != [] else ["Ingress"]


def _add_ways(draft: Draft, ways: Sequence[tuple[Draft, dict[str, Value]]]) -> None:
    draft.set("exposed_by", [])
    seen: set[str] = set()
    for source, way in ways:
        if source.address not in seen:
            seen.add(source.address)
            draft.append("exposed_by", way, owned(source.where(("spec",)), source.address))
    for way in _own_ways(draft):
        draft.append("exposed_by", way, draft.where(("spec",)))


def _own_ways(draft: Draft) -> Iterator[dict[str, Value]]:
    """A Knative service is reachable from outside by itself, unless its label says otherwise."""
    visibility = get(draft.attributes, "metadata", "labels", "networking.knative.dev/visibility")
    if draft.type == "Service.serving.knative.dev" and visibility != "cluster-local":
        yield _way(draft, "Knative")
