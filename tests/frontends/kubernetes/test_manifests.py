"""Manifests as resources: types, addresses, lists, what is no object."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.frontends.contract import Inputs, Stack
from iacguard.frontends.kubernetes import load as load_files
from iacguard.frontends.kubernetes.manifests import without_schemas
from iacguard.model import Unknown
from iacguard.source import SourceFile

Load = Callable[..., Stack]


def manifest(api: str, kind: str, name: str = "x", namespace: str = "") -> str:
    inside = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}{inside}}}\n"


@pytest.mark.parametrize(
    ("api", "kind", "namespace", "type_", "address"),
    [
        ("v1", "Pod", "", "Pod", "Pod/default/x"),
        ("v1", "Pod", "web", "Pod", "Pod/web/x"),
        ("apps/v1", "Deployment", "", "Deployment", "Deployment/default/x"),
        ("extensions/v1beta1", "Deployment", "", "Deployment", "Deployment/default/x"),
        ("batch/v1", "CronJob", "", "CronJob", "CronJob/default/x"),
        ("v1", "Namespace", "", "Namespace", "Namespace/x"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "", "ClusterRole", "ClusterRole/x"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "odd", "ClusterRole", "ClusterRole/x"),
        ("rbac.authorization.k8s.io/v1", "Role", "a", "Role", "Role/a/x"),
        ("networking.k8s.io/v1", "Ingress", "", "Ingress", "Ingress/default/x"),
        ("argoproj.io/v1alpha1", "Rollout", "", "Rollout.argoproj.io", "Rollout.argoproj.io/default/x"),
        ("serving.knative.dev/v1", "Service", "", "Service.serving.knative.dev", None),
        ("cert-manager.io/v1", "ClusterIssuer", "", "ClusterIssuer.cert-manager.io", "ClusterIssuer.cert-manager.io/x"),
        ("gateway.networking.k8s.io/v1", "Gateway", "", "Gateway.gateway.networking.k8s.io", None),
    ],
)  # fmt: skip
def test_type_and_address(load: Load, api: str, kind: str, namespace: str, type_: str, address: str | None) -> None:
    (resource,) = load(manifest(api, kind, namespace=namespace)).resources
    assert resource.type == type_
    assert resource.address == (address or f"{type_}/default/x")
    assert resource.native_type == f"{api}/{kind}"
    assert resource.block == resource.address
    assert resource.attributes["kind"] == kind


def test_scope_follows_a_scanned_definition(load: Load) -> None:
    definition = """\
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: things.example.org}
        spec: {group: example.org, scope: Cluster, names: {kind: Thing}}
        """
    stack = load({"a.yaml": manifest("example.org/v1", "Thing"), "b.yaml": definition})
    assert [r.address for r in stack.resources] == [
        "Thing.example.org/x",
        "CustomResourceDefinition/things.example.org",
    ]


def test_one_stack_for_all_files(load: Load) -> None:
    stack = load({"a.yaml": manifest("v1", "Pod"), "b/c.json": '{"apiVersion": "v1", "kind": "Secret"}'})
    assert (stack.name, stack.format) == ("", "kubernetes")
    assert [r.address for r in stack.resources] == ["Pod/default/x", "Secret/default/?"]
    assert [(p.kind, p.notice, p.span.file) for p in stack.problems] == [("value", True, "b/c.json")]


def test_generated_names(load: Load) -> None:
    stack = load("apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: run-}\n")
    assert stack.resources[0].address == "Job/default/run-*"
    assert stack.problems == ()


def test_same_address_twice(load: Load) -> None:
    pod = manifest("v1", "Pod")
    stack = load({"a.yaml": pod, "b/a.yaml": pod + "---\n" + pod, "c.yaml": pod})
    assert [r.address for r in stack.resources] == [
        "Pod/default/x",
        "Pod/default/x@b/a.yaml",
        "Pod/default/x@b/a.yaml#2",
        "Pod/default/x@c.yaml",
    ]


def test_lists(load: Load) -> None:
    stack = load(
        """\
        apiVersion: v1
        kind: List
        items:
          - apiVersion: v1
            kind: Pod
            metadata: {name: a}
          - apiVersion: v1
            kind: ConfigMapList
            items:
              - metadata: {name: b}
              - metadata: {name: c}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: d}
        """
    )
    assert [r.address for r in stack.resources] == [
        "Pod/default/a",
        "ConfigMap/default/b",
        "ConfigMap/default/c",
        "Pod/default/d",
    ]
    assert [r.span.line for r in stack.resources] == [4, 10, 11, 13]
    assert stack.resources[1].attributes == {"metadata": {"name": "b"}, "apiVersion": "v1", "kind": "ConfigMap"}
    assert stack.resources[1].locate(("metadata", "name")).span.line == 10


def test_custom_kind_that_ends_in_list(load: Load) -> None:
    stack = load("apiVersion: example.org/v1\nkind: AllowList\nmetadata: {name: x}\nitems: [{a: 1}]\n")
    assert [r.type for r in stack.resources] == ["AllowList.example.org"]


def test_scalars_are_the_api_servers(load: Load) -> None:
    stack = load(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {on: yes, mode: 0644, at: 22:22, n: 1e3}\n"
    )
    assert stack.resources[0].attributes["data"] == {"true": True, "mode": 420, "at": "22:22", "false": 1000}
    assert stack.resources[0].locate(("data", "true")).exact


def test_places(load: Load) -> None:
    text = """\
        # what it is
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          template:
            spec:
              containers:
                - name: a
                  image: nginx
                - name: b
                  securityContext:
                    privileged: true
        """
    (resource,) = load(text).resources
    spec = ("spec", "template", "spec", "containers")
    at = {path: resource.locate(path).span for path in [(), ("spec",), (*spec, 1), (*spec, 0, "image")]}
    assert [(s.line, s.column, s.end_line, s.end_column) for s in at.values()] == [
        (2, 1, 2, 20),
        (6, 1, 6, 6),
        (12, 11, 12, 18),
        (11, 11, 11, 23),
    ]
    privileged = resource.locate((*spec, 1, "securityContext", "privileged"))
    assert (privileged.span.line, privileged.exact) == (14, True)
    missing = resource.locate((*spec, 0, "securityContext", "privileged"))
    assert (missing.span.line, missing.exact) == (10, False)


DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.org
spec:
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object

          properties:
            spec: {type: object}
      served: true
"""


def test_schemas_of_definitions_are_not_read(load: Load) -> None:
    stack = load(DEFINITION + "---\n" + manifest("v1", "Pod"))
    version = stack.resources[0].attributes["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    assert isinstance(schema, Unknown)
    assert (schema.kind, schema.present) == ("limit", True)
    assert version["served"] is True
    assert stack.resources[0].locate(("spec", "versions", 0, "served")).span.line == 14
    assert stack.resources[1].span.line == 15 + 1


def test_schema_blanking_keeps_lines_and_other_documents() -> None:
    other = b"apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    openAPIV3Schema:\n      a: 1\n"
    data = DEFINITION.encode() + b"---\n" + other
    lean = without_schemas(data)
    assert lean.count(b"\n") == data.count(b"\n")
    assert b"properties" not in lean
    assert lean.endswith(other)
    assert without_schemas(other) is other


def test_definition_that_is_broken_without_its_schema_is_read_whole(load: Load) -> None:
    text = DEFINITION.replace("type: object\n\n", 'description: "one\n  two"\n')
    assert len(load(text).resources) == 1


@pytest.mark.parametrize(
    ("text", "kind", "notice", "message"),
    [
        ("a: 1\n", "not-evaluated", True, "this document has neither apiVersion nor kind"),
        ("- a\n", "not-evaluated", True, "this is no Kubernetes object"),
        ("kind: Pod\n", "value", False, "this object has no apiVersion"),
        ("apiVersion: v1\n", "value", False, "this object has no kind"),
        ("apiVersion: v1\nkind: Pod\n", "value", True, "this Pod has no metadata.name"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nmetadata: {name: b}\n", "syntax", True, "the key 'm"),
        ("apiVersion: v1\nkind: {a: b}\n", "value", False, "this object has no kind"),
        ("apiVersion: v1\nkind: List\nitems: [a]\n", "not-evaluated", True, "this is no Kubernetes object"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n", "syntax", False, "a tab is used for indentation"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Name }}}\n", "not-evaluated", True, "this is a template"),
    ],
)  # fmt: skip
def test_told_of(load: Load, text: str, kind: str, notice: bool, message: str) -> None:
    stack = load(text)
    assert [(p.kind, p.notice) for p in stack.problems] == [(kind, notice)]
    assert stack.problems[0].message.startswith(message)


def test_flux_kustomization_is_an_object(load: Load) -> None:
    stack = load(manifest("kustomize.toolkit.fluxcd.io/v1", "Kustomization"))
    assert [r.type for r in stack.resources] == ["Kustomization.kustomize.toolkit.fluxcd.io"]


def test_broken_document_costs_no_other(load: Load) -> None:
    pod = manifest("v1", "Pod")
    stack = load(pod + "---\nkind: [\n---\n" + pod.replace("x", "other"))
    assert [r.address for r in stack.resources] == ["Pod/default/x", "Pod/default/other"]
    assert [(p.kind, p.notice) for p in stack.problems] == [("syntax", False)]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["Pod", "v1", "x", "*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "name", "labels", "template", "selector", "items", "matchLabels", "kind"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["Pod", "Service", "NetworkPolicy", "RoleBinding", "Ingress", "List", "CustomResourceDefinition"]),
    st.dictionaries(st.sampled_from(["metadata", "spec", "items", "subjects", "roleRef", "secrets"]), _VALUES),
)
def test_odd_shapes_never_raise(kind: str, body: dict[str, object]) -> None:
    import json

    text = json.dumps({"apiVersion": "v1", "kind": kind, **body}) + "\n---\n" + manifest("v1", "Pod")
    (stack,) = load_files([SourceFile("m.yaml", text.encode())], None, Inputs())  # type: ignore[arg-type]
    assert any(r.address.startswith("Pod/default/x") for r in stack.resources)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text_never_raises(text: str) -> None:
    data = ("apiVersion: v1\nkind: Pod\n" + text).encode("utf-8", errors="replace")
    list(load_files([SourceFile("m.yaml", data)], None, Inputs()))  # type: ignore[arg-type]
