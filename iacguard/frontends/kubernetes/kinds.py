"""What a manifest's apiVersion and kind say: its type, its scope, where its pod is.

Groups and scopes are those of ``kubectl api-resources`` up to Kubernetes 1.34, with the groups that were removed
before and still stand in people's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from iacguard.model import Path

#: API groups that Kubernetes itself serves; kinds of any other carry their group in their type.
BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "settings.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)

_CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "ComponentStatus",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PodSecurityPolicy",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "SelfSubjectRulesReview",
        "ServiceCIDR",
        "StorageClass",
        "StorageVersion",
        "StorageVersionMigration",
        "SubjectAccessReview",
        "TokenReview",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)

#: Cluster-scoped kinds that people install; any kind whose definition is scanned too follows that instead.
_CLUSTER_SCOPED_ELSEWHERE = frozenset(
    {
        "ClusterIssuer.cert-manager.io",
        "ConstraintTemplate.templates.gatekeeper.sh",
        "ClusterPolicy.kyverno.io",
        "GatewayClass.gateway.networking.k8s.io",
        "Project.project.openshift.io",
        "SecurityContextConstraints.security.openshift.io",
        "VolumeSnapshotClass.snapshot.storage.k8s.io",
        "VolumeSnapshotContent.snapshot.storage.k8s.io",
        "NodePool.karpenter.sh",
        "EC2NodeClass.karpenter.k8s.aws",
    }
)

#: Where the pod template's spec stands, by type; its metadata stands beside it.
POD_SPECS: Mapping[str, Path] = MappingProxyType(
    {
        "Pod": ("spec",),
        "PodTemplate": ("template", "spec"),
        "Deployment": ("spec", "template", "spec"),
        "ReplicaSet": ("spec", "template", "spec"),
        "ReplicationController": ("spec", "template", "spec"),
        "StatefulSet": ("spec", "template", "spec"),
        "DaemonSet": ("spec", "template", "spec"),
        "Job": ("spec", "template", "spec"),
        "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
        "Rollout.argoproj.io": ("spec", "template", "spec"),
        "Service.serving.knative.dev": ("spec", "template", "spec"),
        "Configuration.serving.knative.dev": ("spec", "template", "spec"),
        "Revision.serving.knative.dev": ("spec",),
        "DeploymentConfig.apps.openshift.io": ("spec", "template", "spec"),
        "CloneSet.apps.kruise.io": ("spec", "template", "spec"),
        "StatefulSet.apps.kruise.io": ("spec", "template", "spec"),
        "DaemonSet.apps.kruise.io": ("spec", "template", "spec"),
        "BroadcastJob.apps.kruise.io": ("spec", "template", "spec"),
        "AdvancedCronJob.apps.kruise.io": ("spec", "template", "jobTemplate", "spec", "template", "spec"),
        "ScaledJob.keda.sh": ("spec", "jobTargetRef", "template", "spec"),
        "LeaderWorkerSet.leaderworkerset.x-k8s.io": ("spec", "leaderWorkerTemplate", "workerTemplate", "spec"),
        "SandboxTemplate.extensions.agents.x-k8s.io": ("spec", "podTemplate", "spec"),
        "Sandbox.agents.x-k8s.io": ("spec", "podTemplate", "spec"),
    }
)


def group_of(api_version: str) -> str:
    """``apps`` of ``apps/v1``, "" of ``v1``."""
    return api_version.rpartition("/")[0]


def type_of(api_version: str, kind: str) -> str:
    """``Deployment``; ``Rollout.argoproj.io`` for kinds that Kubernetes does not bring."""
    group = group_of(api_version)
    return kind if group in BUILT_IN_GROUPS else f"{kind}.{group}"


def is_cluster_scoped(type_: str, declared: Mapping[str, bool]) -> bool:
    """Whether objects of ``type_`` have no namespace; ``declared`` holds what scanned definitions say."""
    if type_ in declared:
        return declared[type_]
    return type_ in _CLUSTER_SCOPED or type_ in _CLUSTER_SCOPED_ELSEWHERE
