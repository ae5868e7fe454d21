"""One place of a base that fails in several overlays is one finding, which lists them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from iacguard.findings import Finding
from iacguard.request import ScanRequest
from iacguard.scan import scan

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME}
spec:
  hostNetwork: true
  containers: [{name: c, image: a:1}]
"""
HOST_NETWORK = "kubernetes-pod-host-network"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


class Project:
    """Files in a folder, and the findings of one policy in them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **texts: str) -> Project:
        """``base__pod`` is the file base/pod.yaml; ``base`` alone is base/kustomization.yaml."""
        for name, text in texts.items():
            path = self.root / (name.replace("__", "/") + ".yaml" if "__" in name else f"{name}/kustomization.yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")
        return self

    def findings(self, policy: str = HOST_NETWORK) -> tuple[Finding, ...]:
        result = scan(ScanRequest((str(self.root),), select=(policy,)))
        assert [p.message for p in result.problems if not p.notice] == []
        return result.findings


def told(found: tuple[Finding, ...]) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(f.span.file, f.span.line, f.instances) for f in found]


def test_one_line_of_a_base_is_one_finding_whatever_the_overlays_call_the_object(project: Project) -> None:
    project.write(base="resources: [pod.yaml]", base__pod=POD.replace("NAME", "web"))
    project.write(dev="resources: [../base]\nnamePrefix: dev-", prod="resources: [../base]\nnamespace: prod")
    assert told(project.findings()) == [("base/pod.yaml", 5, ("Pod/default/dev-web", "Pod/prod/web"))]


def test_overlays_that_call_it_alike_are_told_apart(project: Project) -> None:
    project.write(base="resources: [pod.yaml]", base__pod=POD.replace("NAME", "web"))
    project.write(dev="resources: [../base]", prod="resources: [../base]", live="resources: [../base]\nnameSuffix: -2")
    (found,) = project.findings()
    assert found.instances == ("Pod/default/web@dev", "Pod/default/web-2", "Pod/default/web@prod")
    assert found.address == "Pod/default/web"


def test_the_fingerprint_stays_when_an_overlay_comes_or_renames(project: Project) -> None:
    project.write(base="resources: [pod.yaml]", base__pod=POD.replace("NAME", "web"))
    project.write(prod="resources: [../base]\nnamespace: prod")
    (before,) = project.findings()
    project.write(dev="resources: [../base]\nnamePrefix: dev-", prod="resources: [../base]\nnamespace: live")
    (after,) = project.findings()
    assert before.fingerprint == after.fingerprint


def test_a_base_that_is_used_twice_in_one_overlay_is_one_place(project: Project) -> None:
    project.write(base="resources: [pod.yaml]", base__pod=POD.replace("NAME", "web"))
    project.write(blue="resources: [../base]\nnamePrefix: blue-", green="resources: [../base]\nnamePrefix: green-")
    project.write(both="resources: [../blue, ../green]")
    assert told(project.findings()) == [("base/pod.yaml", 5, ("Pod/default/blue-web", "Pod/default/green-web"))]


def test_objects_that_one_patch_spoils_stay_apart(project: Project) -> None:
    pods = "\n---\n".join(POD.replace("NAME", name).replace("  hostNetwork: true\n", "") for name in ("web", "api"))
    patch = "[{op: add, path: /spec/hostNetwork, value: true}]"
    overlay = f"resources: [../base]\nnamespace: NAME\npatches:\n  - target: {{kind: Pod}}\n    patch: '{patch}'"
    project.write(base="resources: [pods.yaml]", base__pods=pods, prod=overlay.replace("NAME", "prod"))
    assert told(project.findings()) == [
        ("prod/kustomization.yaml", 5, ("Pod/prod/api",)),
        ("prod/kustomization.yaml", 5, ("Pod/prod/web",)),
    ]


def test_overlays_that_mend_it_are_not_listed(project: Project) -> None:
    project.write(base="resources: [pod.yaml]", base__pod=POD.replace("NAME", "web"))
    mended = """
        resources: [../base]
        patches:
          - patch: |
              apiVersion: v1
              kind: Pod
              metadata: {name: web}
              spec: {hostNetwork: false}
    """
    project.write(dev="resources: [../base]\nnamespace: dev", prod=mended, test="resources: [../base]\nnamespace: t")
    assert told(project.findings()) == [("base/pod.yaml", 5, ("Pod/dev/web", "Pod/t/web"))]


RIGHTS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: c, image: a:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}
subjects: [{kind: ServiceAccount, name: web, namespace: default}]
"""


def test_what_stands_in_another_object_is_one_place_too(project: Project) -> None:
    project.write(base="resources: [rights.yaml]", base__rights=RIGHTS)
    for name in ("dev", "prod"):
        project.write(**{name: f"resources: [../base]\nnamespace: {name}\nnamePrefix: {name}-"})
    (found,) = project.findings("kubernetes-pod-exposed-with-cluster-rights")
    assert (found.span.file, found.span.line) == ("base/rights.yaml", 18)
    assert found.instances == ("ClusterRole/dev-all", "ClusterRole/prod-all")
    assert found.parent == "Pod/dev/dev-web"
