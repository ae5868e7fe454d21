"""Kubernetes: pods, containers and the rules behind a binding."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.frontends.kubernetes.kinds import POD_SPECS
from iacguard.model import Path, Unknown
from iacguard.normalise.workload import POD_TEMPLATES


def _workload(path: Path, spec: Any) -> dict[str, Any]:
    manifest: dict[Any, Any] = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    for key in reversed(path):
        manifest = {key: manifest}
    return manifest


@pytest.mark.parametrize("kind", sorted(POD_TEMPLATES))
def test_every_workload_kind(build: Any, kind: str) -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}], "ephemeralContainers": [{"name": "e"}]}
    written = build.manifest(f"{kind}/default/web", _workload(POD_TEMPLATES[kind], spec))
    found = build.graph(written).resources[0]
    assert found.attributes["pod"] == {"metadata": {"labels": {"app": "web"}}, "spec": spec}
    assert [(c["name"], c["container_kind"]) for c in found.attributes["containers"]] == [
        ("c", "container"), ("i", "init"), ("e", "ephemeral"),
    ]  # fmt: skip
    inner = (*POD_TEMPLATES[kind], "spec", "initContainers", 0, "name")
    assert found.locate(("containers", 1, "name")).span.line == build.line_of(written, *inner)
    assert found.locate(("pod", "spec", "containers")).span.line == build.line_of(
        written, *POD_TEMPLATES[kind], "spec", "containers"
    )


def test_no_workload_of_the_front_end_is_missing() -> None:
    assert {k: (*POD_TEMPLATES[k], "spec") for k in POD_SPECS} == dict(POD_SPECS)


def test_the_container_wins_over_its_pod(build: Any) -> None:
    spec = {
        "securityContext": {
            "runAsUser": 0,
            "runAsNonRoot": False,
            "fsGroup": 2,
            "windowsOptions": {"hostProcess": True},
        },
        "containers": [
            {
                "name": "a",
                "securityContext": {"runAsUser": 1000, "privileged": True, "windowsOptions": {"runAsUserName": "x"}},
            },
            {"name": "b"},
            {"name": "c", "securityContext": None},
        ],
    }
    written = build.manifest("Pod/default/p", {"spec": spec})
    found = build.graph(written).resources[0]
    first, second, third = (c["effective_security_context"] for c in found.attributes["containers"])
    assert first == {
        "runAsUser": 1000, "runAsNonRoot": False, "privileged": True,
        "windowsOptions": {"hostProcess": True, "runAsUserName": "x"},
    }  # fmt: skip
    assert second == third == {"runAsUser": 0, "runAsNonRoot": False, "windowsOptions": {"hostProcess": True}}

    def line(index: int, *path: str) -> int:
        return int(found.locate(("containers", index, "effective_security_context", *path)).span.line)

    assert line(0, "runAsUser") == build.line_of(written, "spec", "containers", 0, "securityContext", "runAsUser")
    assert line(0, "runAsNonRoot") == build.line_of(written, "spec", "securityContext", "runAsNonRoot")
    assert line(0, "windowsOptions", "hostProcess") == build.line_of(
        written, "spec", "securityContext", "windowsOptions", "hostProcess"
    )
    assert line(0, "capabilities") == build.line_of(written, "spec", "containers", 0, "securityContext")
    assert line(1, "capabilities") == build.line_of(written, "spec", "securityContext")


@pytest.mark.parametrize(
    "spec",
    [Unknown("?"), {"containers": Unknown("?")}, {"containers": [Unknown("?")]}, None, {"containers": "web"}, []],
)
def test_odd_pods(build: Any, spec: Any) -> None:
    found = build.graph(build.manifest("Pod/default/p", {"spec": spec})).resources[0].attributes["containers"]
    unknown = isinstance(spec, Unknown) or (isinstance(spec, dict) and spec["containers"] != "web")
    assert [isinstance(c, Unknown) for c in found] == [True] * unknown


def test_a_binding_shows_the_rules_of_its_role(build: Any) -> None:
    rules = [{"apiGroups": ["*"], "resources": ["secrets"], "verbs": ["*"]}]
    role = build.manifest("Role/app/reader", {"rules": rules})
    other = build.manifest("Role/default/reader", {"rules": []})
    binding = build.manifest("RoleBinding/app/b", {"roleRef": {"kind": "Role", "name": "reader"}})
    admin = build.manifest("ClusterRoleBinding/b", {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}})
    lost = build.manifest("ClusterRoleBinding/c", {"roleRef": {"kind": "ClusterRole", "name": "elsewhere"}})
    graph = build.graph(role, other, binding, admin, lost)
    found = graph.by_address["RoleBinding/app/b"]
    assert found.attributes["role_rules"] == rules
    located = found.locate(("role_rules", 0, "verbs"))
    assert (located.span.line, located.owner) == (build.line_of(role, "rules", 0, "verbs"), "Role/app/reader")
    assert graph.by_address["ClusterRoleBinding/b"].attributes["role_rules"][0]["verbs"] == ["*"]
    assert "role_rules" not in graph.by_address["ClusterRoleBinding/c"].attributes
