"""Each row of the Pod Security Standards, as pods that differ from an allowed one in a single field.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ at the version that Kubernetes 1.37 calls latest.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, Literal

import pytest

from iacguard.examples import evaluate
from iacguard.policy import Decision, Pack, decide
from iacguard.policy.testing import read_policies

Level = Literal["baseline", "restricted"]
PACK = Pack(
    tuple(policy for policy, _ in read_policies(()) if policy.rule.id == "kubernetes-pod-refused-by-namespace"),
)

#: What both levels allow.
ALLOWED: Mapping[str, Any] = {
    "metadata": {"annotations": {}},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": "example.com/main:1.0",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}
_POD, _OWN = "spec.securityContext", "spec.containers.0.securityContext"
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/main"
_VOLUMES = (
    ("nfs", {"server": "files", "path": "/"}),
    ("iscsi", {"targetPortal": "10.0.0.1", "iqn": "iqn.2001-04.com.example", "lun": 0}),
    ("azureFile", {"secretName": "s", "shareName": "s"}),
    ("flexVolume", {"driver": "example/driver"}),
    ("gitRepo", {"repository": "https://example.com/r.git"}),
)

#: (where, value, refused by baseline, refused by restricted)
ROWS: tuple[tuple[str, Any, bool, bool], ...] = (
    ("spec.hostname", "main", False, False),
    ("spec.hostNetwork", True, True, True),
    ("spec.hostNetwork", False, False, False),
    ("spec.hostPID", True, True, True),
    ("spec.hostIPC", True, True, True),
    (f"{_POD}.windowsOptions", {"hostProcess": True}, True, True),
    (f"{_OWN}.windowsOptions", {"hostProcess": True}, True, True),
    (f"{_OWN}.privileged", True, True, True),
    (f"{_OWN}.capabilities.add", ["NET_RAW"], True, True),
    (f"{_OWN}.capabilities.add", ["CHOWN"], False, True),
    (f"{_OWN}.capabilities.add", ["NET_BIND_SERVICE"], False, False),
    (f"{_OWN}.capabilities.drop", ["NET_RAW"], False, True),
    (f"{_OWN}.capabilities.drop", ["all"], False, True),
    ("spec.volumes", [{"name": "v", "hostPath": {"path": "/data"}}], True, True),
    ("spec.volumes", [{"name": "v", "emptyDir": {}}, {"name": "n"}], False, False),
    ("spec.volumes", [{"name": "v", "csi": {"driver": "d"}}], False, False),
    ("spec.volumes", [{"name": "v", "image": {"reference": "example.com/model:1"}}], False, False),
    *(("spec.volumes", [{"name": "v", kind: source}], False, True) for kind, source in _VOLUMES),
    ("spec.containers.0.ports", [{"containerPort": 80, "hostPort": 80}], True, True),
    ("spec.containers.0.ports", [{"containerPort": 80, "hostPort": 0}], False, False),
    ("spec.containers.0.livenessProbe", {"httpGet": {"host": "10.0.0.1", "port": 80}}, True, True),
    ("spec.containers.0.lifecycle", {"preStop": {"tcpSocket": {"host": "10.0.0.1", "port": 80}}}, True, True),
    ("spec.containers.0.startupProbe", {"tcpSocket": {"host": "", "port": 80}}, False, False),
    (f"metadata.annotations.{_APPARMOR}", "unconfined", True, True),
    (f"metadata.annotations.{_APPARMOR}", "localhost/main", False, False),
    (f"metadata.annotations.{_APPARMOR}", "", False, False),
    (f"{_POD}.appArmorProfile", {"type": "Unconfined"}, True, True),
    (f"{_OWN}.appArmorProfile", {"type": "Localhost", "localhostProfile": "main"}, False, False),
    (f"{_POD}.seLinuxOptions", {"type": "spc_t"}, True, True),
    (f"{_OWN}.seLinuxOptions", {"type": "container_engine_t"}, False, False),
    (f"{_OWN}.seLinuxOptions", {"type": "", "level": "s0"}, False, False),
    (f"{_OWN}.seLinuxOptions", {"user": "system_u"}, True, True),
    (f"{_OWN}.seLinuxOptions", {"role": "sysadm_r"}, True, True),
    (f"{_OWN}.procMount", "Unmasked", True, True),
    (f"{_OWN}.procMount", "Default", False, False),
    (f"{_POD}.seccompProfile", {"type": "Unconfined"}, True, True),
    (f"{_POD}.seccompProfile", None, False, True),
    (f"{_OWN}.seccompProfile", {"type": "Localhost", "localhostProfile": "main.json"}, False, False),
    (f"{_POD}.sysctls", [{"name": "kernel.msgmax", "value": "1"}], True, True),
    (f"{_POD}.sysctls", [{"name": "net.ipv4.tcp_rmem", "value": "1"}], False, False),
    (f"{_POD}.sysctls", [{"name": "net.ipv4.tcp_slow_start_after_idle", "value": "0"}], False, False),
    (f"{_OWN}.allowPrivilegeEscalation", None, False, True),
    (f"{_OWN}.allowPrivilegeEscalation", True, False, True),
    (f"{_POD}.runAsNonRoot", None, False, True),
    (f"{_POD}.runAsNonRoot", False, False, True),
    (f"{_OWN}.runAsNonRoot", False, False, True),
    (f"{_POD}.runAsUser", 0, False, True),
    (f"{_OWN}.runAsUser", 1000, False, False),
    ("spec.initContainers", [{"name": "init", "image": "example.com/init:1.0"}], False, True),
)


@pytest.mark.parametrize("level", ["baseline", "restricted"])
@pytest.mark.parametrize(("where", "value", "baseline", "restricted"), ROWS, ids=lambda v: json.dumps(v)[:60])
def test_row(where: str, value: Any, baseline: bool, restricted: bool, level: Level) -> None:
    assert _refused(_changed(ALLOWED, where, value), level) == (baseline if level == "baseline" else restricted)


def test_a_pod_for_windows_is_spared_what_windows_does_not_know() -> None:
    pod = _changed(_changed(ALLOWED, _OWN, None), f"{_POD}.seccompProfile", None)
    assert _refused(pod, "restricted")
    assert not _refused(_changed(pod, "spec.os", {"name": "windows"}), "restricted")


def test_a_user_namespace_allows_root_to_both_and_an_unmasked_proc_to_baseline() -> None:
    pod = _changed(_changed(ALLOWED, "spec.hostUsers", False), f"{_OWN}.procMount", "Unmasked")
    assert (_refused(pod, "baseline"), _refused(pod, "restricted")) == (False, True)
    root = _changed(_changed(ALLOWED, "spec.hostUsers", False), f"{_POD}.runAsUser", 0)
    assert not _refused(_changed(root, f"{_POD}.runAsNonRoot", False), "restricted")


@pytest.mark.parametrize("labels", [{}, {"enforce": "privileged"}, {"warn": "restricted"}])
def test_a_namespace_that_enforces_nothing_refuses_nothing(labels: Mapping[str, str]) -> None:
    pod = _changed(ALLOWED, "spec.hostNetwork", True)
    assert not _refused_with({f"pod-security.kubernetes.io/{mode}": level for mode, level in labels.items()}, pod)


def _changed(pod: Mapping[str, Any], where: str, value: Any) -> Mapping[str, Any]:
    made: Any = copy.deepcopy(dict(pod))
    *steps, last = where.split(".") if _APPARMOR not in where else ("metadata", "annotations", _APPARMOR)
    inner = made
    for step in steps:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    inner[last] = value
    return made  # type: ignore[no-any-return]


def _refused(pod: Mapping[str, Any], level: Level) -> bool:
    return _refused_with({"pod-security.kubernetes.io/enforce": level}, pod)


def _refused_with(labels: Mapping[str, str], pod: Mapping[str, Any]) -> bool:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}
    metadata = {"name": "main", "namespace": "shop", **pod["metadata"]}
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}
    graphs, problems = evaluate("kubernetes", {"shop.yaml": f"{json.dumps(namespace)}\n---\n{json.dumps(manifest)}\n"})
    assert not problems
    outcomes = [outcome for graph in graphs for outcome in decide(PACK, graph, "")]
    assert all(isinstance(outcome, Decision) for outcome in outcomes)
    return any(isinstance(outcome, Decision) and outcome.verdict == "violated" for outcome in outcomes)
