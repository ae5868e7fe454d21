"""What links objects: names, subjects, selectors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iacguard.frontends.contract import Stack

Load = Callable[..., Stack]


def edges(stack: Stack) -> set[tuple[str, str, str]]:
    return {(e.source, e.target, e.attribute) for e in stack.edges}


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
"""


@pytest.mark.parametrize(
    ("spec", "target", "attribute"),
    [
        ("{serviceAccountName: t}", "ServiceAccount/shop/t", "spec.serviceAccountName"),
        ("{serviceAccount: t}", "ServiceAccount/shop/t", "spec.serviceAccountName"),
        ("{imagePullSecrets: [{name: t}]}", "Secret/shop/t", "spec.imagePullSecrets.name"),
        ("{priorityClassName: t}", "PriorityClass/t", "spec.priorityClassName"),
        ("{runtimeClassName: t}", "RuntimeClass/t", "spec.runtimeClassName"),
        ("{volumes: [{configMap: {name: t}}]}", "ConfigMap/shop/t", "spec.volumes.configMap.name"),
        ("{volumes: [{secret: {secretName: t}}]}", "Secret/shop/t", "spec.volumes.secret.secretName"),
        (
            "{volumes: [{persistentVolumeClaim: {claimName: t}}]}",
            "PersistentVolumeClaim/shop/t",
            "spec.volumes.persistentVolumeClaim.claimName",
        ),
        (
            "{volumes: [{projected: {sources: [{secret: {name: t}}]}}]}",
            "Secret/shop/t",
            "spec.volumes.projected.sources.secret.name",
        ),
        (
            "{containers: [{env: [{valueFrom: {secretKeyRef: {name: t, key: k}}}]}]}",
            "Secret/shop/t",
            "spec.containers.env.valueFrom.secretKeyRef.name",
        ),
        (
            "{initContainers: [{envFrom: [{configMapRef: {name: t}}]}]}",
            "ConfigMap/shop/t",
            "spec.initContainers.envFrom.configMapRef.name",
        ),
    ],
)
def test_pod(load: Load, spec: str, target: str, attribute: str) -> None:
    kind, *namespaced, name = target.split("/")
    others = "".join(
        f"---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {space}}}\n"
        for space in ("shop", "elsewhere")[: 2 if namespaced else 1]
    )
    stack = load(f"{POD}spec: {spec}\n{others}")
    assert edges(stack) == {("Pod/shop/web", target, attribute)}


@pytest.mark.parametrize(
    ("api", "kind", "body", "prefix"),
    [
        ("apps/v1", "Deployment", "spec: {template: {spec: {serviceAccountName: t}}}", "spec.template.spec"),
        (
            "batch/v1",
            "CronJob",
            "spec: {jobTemplate: {spec: {template: {spec: {serviceAccountName: t}}}}}",
            "spec.jobTemplate.spec.template.spec",
        ),
        ("argoproj.io/v1alpha1", "Rollout", "spec: {template: {spec: {serviceAccountName: t}}}", "spec.template.spec"),
    ],
)
def test_pod_templates(load: Load, api: str, kind: str, body: str, prefix: str) -> None:
    account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: t}\n"
    stack = load(f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: w}}\n{body}\n{account}")
    source = stack.resources[0].address
    assert edges(stack) == {(source, "ServiceAccount/default/t", f"{prefix}.serviceAccountName")}


def test_default_service_account(load: Load) -> None:
    account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\n"
    assert edges(load(f"{POD}spec: {{}}\n{account}")) == {
        ("Pod/shop/web", "ServiceAccount/shop/default", "spec.serviceAccountName")
    }


def selecting(kind: str, spec: str, namespace: str = "shop") -> str:
    return f"{POD}---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: s, namespace: {namespace}}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("kind", "spec", "selected"),
    [
        ("Service", "{selector: {app: web}}", True),
        ("Service", "{selector: {app: web, tier: front}}", True),
        ("Service", "{selector: {app: web, tier: back}}", False),
        ("Service", "{selector: {}}", False),
        ("Service", "{}", False),
        ("NetworkPolicy", "{podSelector: {}}", True),
        ("NetworkPolicy", "{podSelector: {matchLabels: {app: web}}}", True),
        ("NetworkPolicy", "{podSelector: {matchLabels: {app: api}}}", False),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}", True),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}", False),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: zone, operator: NotIn, values: [web]}]}}", True),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}", True),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}", False),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: zone, operator: DoesNotExist}]}}", True),
        ("NetworkPolicy", "{podSelector: {matchExpressions: [{key: app, operator: Odd}]}}", False),
        ("PodDisruptionBudget", "{selector: {matchLabels: {app: web}}}", True),
    ],
)
def test_selector(load: Load, kind: str, spec: str, selected: bool) -> None:
    found = edges(load(selecting(kind, spec)))
    attribute = "spec.podSelector" if kind == "NetworkPolicy" else "spec.selector"
    assert found == ({(f"{kind}/shop/s", "Pod/shop/web", attribute)} if selected else set())


def test_selector_stays_in_its_namespace(load: Load) -> None:
    assert edges(load(selecting("Service", "{selector: {app: web}}", namespace="other"))) == set()


def test_bindings(load: Load) -> None:
    stack = load(
        """\
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: b, namespace: shop}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
        subjects:
          - {kind: ServiceAccount, name: a, namespace: ops}
          - {kind: ServiceAccount, name: a}
          - {kind: User, name: a, apiGroup: rbac.authorization.k8s.io}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: c, namespace: shop}
        roleRef: {kind: Role, name: r}
        ---
        {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}}
        ---
        {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: shop}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: ops}}
        ---
        {apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: shop}}
        """
    )
    assert edges(stack) == {
        ("RoleBinding/shop/b", "ClusterRole/r", "roleRef"),
        ("RoleBinding/shop/b", "ServiceAccount/ops/a", "subjects"),
        ("RoleBinding/shop/b", "ServiceAccount/shop/a", "subjects"),
        ("RoleBinding/shop/c", "Role/shop/r", "roleRef"),
    }


def test_routes_and_references(load: Load) -> None:
    stack = load(
        """\
        {apiVersion: v1, kind: Service, metadata: {name: s}}
        ---
        {apiVersion: v1, kind: Secret, metadata: {name: tls}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: i}
        spec:
          tls: [{secretName: tls}]
          rules: [{http: {paths: [{backend: {service: {name: s}}}]}}]
        ---
        apiVersion: networking.k8s.io/v1beta1
        kind: Ingress
        metadata: {name: old}
        spec: {backend: {serviceName: s}}
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: h}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: d}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: d}
        spec: {serviceName: s}
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: v}
        webhooks: [{clientConfig: {service: {name: s, namespace: default}}}]
        """
    )
    backend = "spec.rules.http.paths.backend.service.name"
    assert edges(stack) == {
        ("Ingress/default/i", "Service/default/s", backend),
        ("Ingress/default/i", "Secret/default/tls", "spec.tls.secretName"),
        ("Ingress/default/old", "Service/default/s", "spec.backend.serviceName"),
        ("HorizontalPodAutoscaler/default/h", "StatefulSet/default/d", "spec.scaleTargetRef"),
        ("StatefulSet/default/d", "Service/default/s", "spec.serviceName"),
        ("ValidatingWebhookConfiguration/v", "Service/default/s", "webhooks.clientConfig.service"),
    }


def test_namespace(load: Load) -> None:
    stack = load(POD + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n")
    assert edges(stack) == {("Pod/shop/web", "Namespace/shop", "metadata.namespace")}


def test_of_several_with_one_name_the_nearest(load: Load) -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: t, namespace: shop}\n"
    pod = f"{POD}spec: {{serviceAccountName: t}}\n"
    files = {"a/sa.yaml": account, "b/sa.yaml": account, "b/x/pod.yaml": pod, "c/all.yaml": f"{pod}---\n{account}"}
    assert {(e.source, e.target) for e in load(files).edges} == {
        ("Pod/shop/web", "ServiceAccount/shop/t@b/sa.yaml"),
        ("Pod/shop/web@c/all.yaml", "ServiceAccount/shop/t@c/all.yaml"),
    }


@pytest.mark.parametrize("body", ["spec: text", "spec: [1]", "roleRef: x", "subjects: {a: b}", "spec: {selector: 1}"])
def test_odd_shapes_link_nothing(load: Load, body: str) -> None:
    for kind in ("Pod", "Service", "NetworkPolicy", "RoleBinding", "Ingress", "Deployment"):
        assert edges(load(f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\n{body}\n")) == set()
