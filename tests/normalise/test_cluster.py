"""What surrounds a workload: rights, policies, ways in, pod security."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from iacguard.frontends.contract import Inputs
from iacguard.frontends.kubernetes import prepare
from iacguard.model import Graph, Unknown
from iacguard.normalise import normalise
from iacguard.source import SourceFile
from iacguard.workspace import DiskWorkspace

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: c, image: x}]}
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web, namespace: shop}\n"
RBAC = "apiVersion: rbac.authorization.k8s.io/v1\n"


def graph(*documents: str) -> Graph:
    text = "---\n".join(textwrap.dedent(document) for document in documents)
    (task,) = prepare([SourceFile("m.yaml", text.encode())], DiskWorkspace("/nowhere"), Inputs())
    made, problems = normalise(task.evaluate())
    assert problems == ()
    return made


def role(kind: str, name: str, rules: str, more: str = "") -> str:
    space = ", namespace: shop" if kind == "Role" else ""
    return f"{RBAC}kind: {kind}\nmetadata: {{name: {name}{space}{more}}}\nrules: {rules}\n"


def binding(kind: str, ref: str, subject: str, space: str = "shop") -> str:
    where = f", namespace: {space}" if kind == "RoleBinding" else ""
    api = "rbac.authorization.k8s.io"
    return (
        f"{RBAC}kind: {kind}\nmetadata: {{name: b{where}}}\n"
        f"roleRef: {{apiGroup: {api}, kind: {ref.split('/')[0]}, name: {ref.split('/')[1]}}}\n"
        f"subjects: [{subject}]\n"
    )


SECRETS = "[{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]}]"
OWN = "{kind: ServiceAccount, name: web, namespace: shop}"


@pytest.mark.parametrize(
    ("kind", "ref", "subject", "namespace"),
    [
        ("RoleBinding", "Role/r", OWN, "shop"),
        ("RoleBinding", "Role/r", "{kind: ServiceAccount, name: web}", "shop"),
        ("RoleBinding", "ClusterRole/r", OWN, "shop"),
        ("ClusterRoleBinding", "ClusterRole/r", OWN, None),
        ("ClusterRoleBinding", "ClusterRole/r", "{kind: Group, name: 'system:serviceaccounts'}", None),
        ("ClusterRoleBinding", "ClusterRole/r", "{kind: Group, name: 'system:serviceaccounts:shop'}", None),
        ("ClusterRoleBinding", "ClusterRole/r", "{kind: Group, name: 'system:authenticated'}", None),
        ("ClusterRoleBinding", "ClusterRole/r", "{kind: User, name: 'system:serviceaccount:shop:web'}", None),
        ("ClusterRoleBinding", "ClusterRole/r", "{kind: ServiceAccount, name: web, namespace: other}", ""),
        ("ClusterRoleBinding", "ClusterRole/r", "{kind: Group, name: 'system:serviceaccounts:other'}", ""),
        ("ClusterRoleBinding", "Role/r", OWN, ""),
    ],
)
def test_who_can_do_what_where(kind: str, ref: str, subject: str, namespace: str | None) -> None:
    made = graph(role(ref.split("/")[0], "r", SECRETS), binding(kind, ref, subject), ACCOUNT, POD)
    via = "RoleBinding/shop/b" if kind == "RoleBinding" else "ClusterRoleBinding/b"
    right = {
        "verbs": ["get"],
        "api_groups": [""],
        "resources": ["secrets"],
        "resource_names": ["a"],
        "non_resource_urls": [],
        "namespace": namespace,
        "cluster": namespace is None,
        "via": via,
    }
    for address in ("ServiceAccount/shop/web", "Pod/shop/web"):
        found = made.by_address[address].attributes["permissions"]
        if namespace == "":
            assert not [item for item in found if not isinstance(item, Unknown)]
            continue
        assert found == [right]
        located = made.by_address[address].locate(("permissions", 0))
        assert (located.span.line, located.owner.split("/")[0]) == (4, ref.split("/")[0])


def test_aggregated_roles() -> None:
    aggregate = f"""\
{RBAC}kind: ClusterRole
metadata: {{name: all}}
aggregationRule:
  clusterRoleSelectors:
    - matchLabels: {{to: all}}
    - matchExpressions: [{{key: also, operator: In, values: [yes1]}}]
"""
    made = graph(
        aggregate,
        role("ClusterRole", "one", "[{apiGroups: [a], resources: [b], verbs: [c]}]", ", labels: {to: all}"),
        role("ClusterRole", "two", "[{nonResourceURLs: [/x], verbs: [get]}]", ", labels: {also: yes1}"),
        role("ClusterRole", "no", "[{apiGroups: [z], resources: [z], verbs: [z]}]", ", labels: {to: none}"),
        binding("ClusterRoleBinding", "ClusterRole/all", OWN),
        POD,
    )
    rules = made.by_address["ClusterRoleBinding/b"].attributes["role_rules"]
    assert [rule["verbs"] for rule in rules] == [["c"], ["get"]]
    found = made.by_address["Pod/shop/web"].attributes["permissions"]
    assert [item["non_resource_urls"] for item in found] == [[], ["/x"]]
    assert made.by_address["Pod/shop/web"].locate(("permissions", 1)).owner == "ClusterRole/two"


@pytest.mark.parametrize(
    ("folder", "known"), [("apps/web", True), ("apps", True), ("apps/web/rbac", True), ("apps/job", False), ("", True)]
)
def test_pods_that_name_neither_account_nor_namespace_meet_what_is_bound_beside_them(folder: str, known: bool) -> None:
    """Where they land is said where they are applied: another application has a default account of its own."""
    default = "{kind: ServiceAccount, name: default, namespace: default}"
    bound = role("ClusterRole", "r", SECRETS) + "---\n" + binding("ClusterRoleBinding", "ClusterRole/r", default)
    plain = "apiVersion: v1\nkind: Pod\nmetadata: {name: plain}\nspec: {containers: [{name: c, image: x}]}\n"
    named = plain.replace("name: plain}", "name: named, namespace: default}")
    files = [
        SourceFile(f"{folder}/rbac.yaml".lstrip("/"), bound.encode()),
        SourceFile("apps/web/pods.yaml", f"{plain}---\n{named}".encode()),
    ]
    (task,) = prepare(files, DiskWorkspace("/nowhere"), Inputs())
    made, _ = normalise(task.evaluate())
    assert bool(made.by_address["Pod/default/plain"].attributes["permissions"]) is known
    assert made.by_address["Pod/default/named"].attributes["permissions"]


def test_a_role_that_is_elsewhere_is_not_known() -> None:
    made = graph(binding("ClusterRoleBinding", "ClusterRole/view", OWN), POD)
    (item,) = made.by_address["Pod/shop/web"].attributes["permissions"]
    assert isinstance(item, Unknown)
    assert item.spread
    assert "ClusterRole view" in item.reason


def test_cluster_admin_is_known() -> None:
    made = graph(binding("ClusterRoleBinding", "ClusterRole/cluster-admin", OWN), POD)
    found = made.by_address["Pod/shop/web"].attributes["permissions"]
    assert [item["verbs"] for item in found] == [["*"], ["*"]]


def test_no_bindings_no_rights() -> None:
    assert graph(POD).by_address["Pod/shop/web"].attributes["permissions"] == []


def service(spec: str, more: str = "") -> str:
    head = f"apiVersion: v1\nkind: Service\nmetadata: {{name: s, namespace: shop{more}}}\n"
    return f"{head}spec: {{selector: {{app: web}}{spec}}}\n"


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: s, port: 80}]}]}
"""
OPENSHIFT = """\
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: o, namespace: shop}
spec: {to: {kind: Service, name: s}}
"""
INTERNAL = ", annotations: {service.beta.kubernetes.io/azure-load-balancer-internal: 'true'}"


@pytest.mark.parametrize(
    ("documents", "ways"),
    [
        ([], []),
        ([service("")], []),
        ([service(", type: ClusterIP")], []),
        ([service(", type: LoadBalancer")], [("Service", "s", "LoadBalancer", False)]),
        ([service(", type: LoadBalancer", INTERNAL)], [("Service", "s", "LoadBalancer", True)]),
        ([service(", type: NodePort")], [("Service", "s", "NodePort", False)]),
        ([service(", externalIPs: [1.2.3.4]")], [("Service", "s", "ExternalIPs", False)]),
        ([service(""), INGRESS], [("Ingress", "i", "nginx", False)]),
        ([service(""), ROUTE], [("HTTPRoute", "r", "gw", False)]),
        ([service(""), OPENSHIFT], [("Route", "o", "", False)]),
        (
            [service(", type: NodePort"), INGRESS],
            [("Service", "s", "NodePort", False), ("Ingress", "i", "nginx", False)],
        ),
        ([INGRESS], []),
    ],
)
def test_ways_in(documents: list[str], ways: list[Any]) -> None:
    pod = graph(POD, *documents).by_address["Pod/shop/web"]
    found = pod.attributes["exposed_by"]
    assert [(w["kind"], w["name"], w["type"], w["internal"]) for w in found] == ways
    assert [pod.locate(("exposed_by", at)).owner for at in range(len(found))] == [w["address"] for w in found]


def test_knative_services_are_reachable() -> None:
    text = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: k%s}\nspec: {template: {spec: {}}}\n"
    made = graph(text % "", text % "2, labels: {networking.knative.dev/visibility: cluster-local}")
    assert [len(r.attributes["exposed_by"]) for r in made.resources] == [1, 0]


def test_network_policies() -> None:
    def policy(name: str, spec: str) -> str:
        head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        return f"{head}metadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"

    made = graph(
        POD,
        policy("all", "{podSelector: {}}"),
        policy("out", "{podSelector: {matchLabels: {app: web}}, egress: [{}]}"),
        policy("typed", "{podSelector: {}, policyTypes: [Egress]}"),
        policy("other", "{podSelector: {matchLabels: {app: api}}}"),
    )
    found = made.by_address["Pod/shop/web"].attributes["network_policies"]
    assert [(p["name"], p["types"]) for p in found] == [
        ("all", ["Ingress"]),
        ("out", ["Ingress", "Egress"]),
        ("typed", ["Egress"]),
    ]


def test_pod_security() -> None:
    namespace = """\
        apiVersion: v1
        kind: Namespace
        metadata:
          name: shop
          labels:
            pod-security.kubernetes.io/enforce: baseline
            pod-security.kubernetes.io/warn: restricted
            pod-security.kubernetes.io/enforce-version: latest
        """
    made = graph(POD, namespace)
    for address in ("Pod/shop/web", "Namespace/shop"):
        found = made.by_address[address]
        assert found.attributes["pod_security"] == {"enforce": "baseline", "warn": "restricted"}
        assert found.locate(("pod_security", "warn")).span.line == 12
    assert "pod_security" not in graph(POD).by_address["Pod/shop/web"].attributes
    assert (
        graph(POD, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
        .by_address["Pod/shop/web"]
        .attributes["pod_security"]
        == {}
    )
