"""Names that stand for several kinds of resources."""

from __future__ import annotations

#: A policy may name these in ``resource``.
GROUPS: dict[str, tuple[str, ...]] = {
    "Workload": (
        *("Pod", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob"),
        *("PodTemplate", "Rollout.argoproj.io", "DeploymentConfig.apps.openshift.io", "CloneSet.apps.kruise.io"),
        *("Service.serving.knative.dev", "Configuration.serving.knative.dev", "Revision.serving.knative.dev"),
        *("ScaledJob.keda.sh", "StatefulSet.apps.kruise.io", "DaemonSet.apps.kruise.io", "BroadcastJob.apps.kruise.io"),
        *("AdvancedCronJob.apps.kruise.io", "LeaderWorkerSet.leaderworkerset.x-k8s.io"),
        *("SandboxTemplate.extensions.agents.x-k8s.io", "Sandbox.agents.x-k8s.io"),
    ),
}


def expand(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """``kinds`` with each group replaced by its members, each once, in order."""
    return tuple(dict.fromkeys(member for kind in kinds for member in GROUPS.get(kind, (kind,))))
