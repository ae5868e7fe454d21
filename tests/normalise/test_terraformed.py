"""Resources of Terraform's kubernetes provider are the objects that the same manifest would be."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
import yaml

from iacguard.frontends.contract import Inputs
from iacguard.frontends.terraform import prepare
from iacguard.model import Graph
from iacguard.normalise import normalise
from iacguard.source import SourceFile
from iacguard.workspace import DiskWorkspace


def graph(text: str) -> Graph:
    file = SourceFile("main.tf", textwrap.dedent(text).encode())
    (task,) = prepare([file], DiskWorkspace("/nowhere"), Inputs())
    made, problems = normalise(task.evaluate())
    assert problems == ()
    return made


MADE = frozenset({"containers", "pod", "permissions", "network_policies", "exposed_by", "pod_security", "role_rules"})

POD = """\
resource "kubernetes_pod_v1" "r" {
  metadata {
    name        = "web"
    annotations = { "a.b/c_d" = "1" }
  }
  spec {
    host_ipc             = true
    service_account_name = "web"
    image_pull_secrets { name = "pull" }
    node_selector = { some_label = "x" }
    security_context {
      run_as_user         = "1000"
      supplemental_groups = [1, 2]
      sysctl {
        name  = "kernel.shm"
        value = "1"
      }
    }
    init_container {
      name    = "i"
      command = ["x"]
    }
    container {
      name = "c"
      env_from {
        secret_ref { name = "s" }
      }
      env {
        name = "A"
        value_from {
          secret_key_ref {
            name = "s"
            key  = "k"
          }
        }
      }
      port {
        container_port = 80
        host_port      = 80
      }
      liveness_probe {
        http_get {
          path = "/"
          port = "8080"
          http_header {
            name  = "H"
            value = "v"
          }
        }
      }
      security_context {
        seccomp_profile { type = "RuntimeDefault" }
        allow_privilege_escalation = false
        read_only_root_filesystem  = true
      }
      volume_mount {
        name       = "v"
        mount_path = "/v"
        read_only  = true
      }
    }
    volume {
      name = "v"
      config_map {
        name         = "m"
        default_mode = "0644"
        items {
          key  = "k"
          path = "p"
        }
      }
    }
    toleration { key = "t" }
    affinity {
      node_affinity {
        required_during_scheduling_ignored_during_execution {
          node_selector_term {
            match_expressions {
              key      = "a"
              operator = "Exists"
            }
          }
        }
      }
      pod_anti_affinity {
        required_during_scheduling_ignored_during_execution {
          topology_key = "z"
          label_selector { match_labels = { app = "x" } }
        }
      }
    }
  }
}
"""
POD_MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {a.b/c_d: "1"}}
spec:
  hostIPC: true
  serviceAccountName: web
  imagePullSecrets: [{name: pull}]
  nodeSelector: {some_label: x}
  securityContext: {runAsUser: 1000, supplementalGroups: [1, 2], sysctls: [{name: kernel.shm, value: "1"}]}
  initContainers: [{name: i, command: [x]}]
  containers:
    - name: c
      envFrom: [{secretRef: {name: s}}]
      env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]
      ports: [{containerPort: 80, hostPort: 80}]
      livenessProbe: {httpGet: {path: /, port: 8080, httpHeaders: [{name: H, value: v}]}}
      securityContext:
        {seccompProfile: {type: RuntimeDefault}, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}
      volumeMounts: [{name: v, mountPath: /v, readOnly: true}]
  volumes: [{name: v, configMap: {name: m, defaultMode: 420, items: [{key: k, path: p}]}}]
  tolerations: [{key: t}]
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        [{topologyKey: z, labelSelector: {matchLabels: {app: x}}}]
"""


@pytest.mark.parametrize(
    ("code", "manifest"),
    [
        (POD, POD_MANIFEST),
        (
            """\
            resource "kubernetes_role" "r" {
              metadata { name = "r" }
              rule {
                api_groups     = [""]
                resources      = ["secrets"]
                resource_names = ["a"]
                verbs          = ["*"]
              }
            }
            """,
            ("{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r},"
            " rules: [{apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: ['*']}]}"),
        ),
        (
            """\
            resource "kubernetes_cluster_role" "r" {
              metadata { name = "r" }
              aggregation_rule {
                cluster_role_selectors { match_labels = { a = "b" } }
              }
            }
            """,
            ("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r},"
            " aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}}"),
        ),
        (
            """\
            resource "kubernetes_network_policy_v1" "r" {
              metadata { name = "n" }
              spec {
                pod_selector {}
                policy_types = ["Ingress"]
                ingress {
                  from {
                    ip_block {
                      cidr   = "0.0.0.0/0"
                      except = ["10.0.0.0/8"]
                    }
                  }
                  ports { port = "80" }
                }
              }
            }
            """,
            ("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n}, spec: {podSelector: {},"
            " policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}],"
            " ports: [{port: 80}]}]}}"),
        ),
        (
            """\
            resource "kubernetes_ingress_v1" "r" {
              metadata { name = "i" }
              spec {
                tls { secret_name = "t" }
                rule {
                  http {
                    path {
                      path = "/"
                      backend {
                        service {
                          name = "s"
                          port { number = 80 }
                        }
                      }
                    }
                  }
                }
              }
            }
            """,
            ("{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {tls: [{secretName: t}],"
            " rules: [{http: {paths: [{path: /, backend: {service: {name: s, port: {number: 80}}}}]}}]}}"),
        ),
        (
            """\
            resource "kubernetes_service" "r" {
              metadata { name = "s" }
              spec {
                external_ips = ["1.2.3.4"]
                cluster_ip   = "None"
                selector     = { app = "x" }
                port {
                  port        = 80
                  target_port = "http"
                }
              }
              wait_for_load_balancer = false
            }
            """,
            ("{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {externalIPs: [1.2.3.4], clusterIP: None,"
            " selector: {app: x}, ports: [{port: 80, targetPort: http}]}}"),
        ),
        (
            """\
            resource "kubernetes_secret" "r" {
              metadata { name = "s" }
              data        = { some_key = "text" }
              binary_data = { b = "QQ==" }
            }
            """,
            "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {some_key: text}, data: {b: QQ==}}",
        ),
        (
            """\
            resource "kubernetes_persistent_volume" "r" {
              metadata { name = "p" }
              spec {
                capacity = { storage = "1Gi" }
                persistent_volume_source {
                  host_path { path = "/x" }
                }
              }
            }
            """,
            ("{apiVersion: v1, kind: PersistentVolume, metadata: {name: p},"
            " spec: {capacity: {storage: 1Gi}, hostPath: {path: /x}}}"),
        ),
        (
            """\
            resource "kubernetes_service_account" "r" {
              metadata { name = "a" }
              secret { name = "x" }
              automount_service_account_token = false
            }
            """,
            ("{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, secrets: [{name: x}],"
            " automountServiceAccountToken: false}"),
        ),
        (
            """\
            resource "kubernetes_pod" "r" {
              metadata { name = "p" }
              spec {
                security_context {
                  windows_options { run_as_username = "ContainerUser" }
                }
                volume {
                  name = "v"
                  ceph_fs { monitors = ["10.0.0.1"] }
                }
                volume {
                  name = "w"
                  rbd {
                    ceph_monitors = ["10.0.0.1"]
                    rbd_image     = "i"
                    rados_user    = "u"
                  }
                }
                volume {
                  name = "x"
                  downward_api {}
                }
              }
            }
            """,
            ("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {"
            "securityContext: {windowsOptions: {runAsUserName: ContainerUser}},"
            " volumes: [{name: v, cephfs: {monitors: [10.0.0.1]}},"
            " {name: w, rbd: {monitors: [10.0.0.1], image: i, user: u}}, {name: x, downwardAPI: {}}]}}"),
        ),
        (
            """\
            resource "kubernetes_api_service_v1" "r" {
              metadata { name = "v1.example.org" }
              spec {
                insecure_skip_tls_verify = true
              }
            }
            """,
            ("{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.example.org},"
            " spec: {insecureSkipTLSVerify: true}}"),
        ),
        (
            """\
            resource "kubernetes_secret_v1" "r" {
              metadata { name = "s" }
              data_wo          = { some_key = "text" }
              data_wo_revision = 1
            }
            """,
            ("{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {some_key: text},"
            " dataWoRevision: 1}"),
        ),
        (
            """\
            resource "kubernetes_pod_v1" "r" {
              metadata { name = "p" }
              spec {
                dns_config {
                  option {
                    name  = "ndots"
                    value = "1"
                  }
                }
                volume {
                  name = "v"
                  ephemeral {
                    volume_claim_template {
                      spec { access_modes = ["ReadWriteOnce"] }
                    }
                  }
                }
              }
            }
            """,
            ("{apiVersion: v1, kind: Pod, metadata: {name: p},"
            " spec: {dnsConfig: {options: [{name: ndots, value: '1'}]}, volumes: ["
            "{name: v, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}}]}}"),
        ),
        (
            """\
            resource "kubernetes_manifest" "r" {
              manifest = {
                apiVersion = "example.org/v1"
                kind       = "Thing"
                metadata   = { name = "t" }
                spec       = { some_key = [1] }
              }
            }
            """,
            "{apiVersion: example.org/v1, kind: Thing, metadata: {name: t}, spec: {some_key: [1]}}",
        ),
        (
            """\
            resource "kubectl_manifest" "r" {
              yaml_body = <<-Y
                apiVersion: example.org/v1
                kind: Thing
                metadata: {name: t}
                spec: {some_key: [1]}
              Y
            }
            """,
            "{apiVersion: example.org/v1, kind: Thing, metadata: {name: t}, spec: {some_key: [1]}}",
        ),
    ],
)  # fmt: skip
def test_same_object(code: str, manifest: str) -> None:
    (found,) = graph(code).resources
    wanted: Any = yaml.safe_load(manifest)
    assert {name: value for name, value in found.attributes.items() if name not in MADE} == wanted
    custom = "example.org" in wanted["apiVersion"]
    assert found.type == (f"{wanted['kind']}.example.org" if custom else wanted["kind"])
    assert found.address.startswith(("kubernetes_", "kubectl_"))
    assert found.format == "terraform"


@pytest.mark.parametrize("body", ["kind: [", "kind: A\n---\nkind: B", "just a text", "${var.x}"])
def test_a_body_that_is_no_object_stays_what_it_is(body: str) -> None:
    (resource,) = graph(
        f'variable "x" {{}}\nresource "kubectl_manifest" "r" {{\n  yaml_body = <<Y\n{body}\nY\n}}\n'
    ).resources
    assert resource.type == "kubectl_manifest"


def test_what_was_decoded_stands_where_its_text_does() -> None:
    first, second, third = graph(
        """
        resource "kubectl_manifest" "a" {
          wait      = true
          yaml_body = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostIPC: true}}"
        }
        resource "kubernetes_manifest" "b" {
          wait {}
          manifest = yamldecode("{apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {hostIPC: true}}")
        }
        resource "kubernetes_manifest" "c" {
          manifest = {
            apiVersion = "v1"
            kind       = "Pod"
            metadata   = { name = "c" }
            spec = {
              hostIPC = true
            }
          }
        }
        """
    ).resources
    path = ("spec", "hostIPC")
    assert [r.locate(path).span.line for r in (first, second, third)] == [4, 8, 16]
    assert [r.locate(()).span.line for r in (first, second, third)] == [2, 6, 10]
    assert first.locate(("spec", "hostPID")).span.line == 4


def test_the_default_account_has_its_name() -> None:
    (resource,) = graph(
        """
        resource "kubernetes_default_service_account_v1" "shop" {
          metadata { namespace = "shop" }
        }
        """
    ).resources
    assert resource.attributes["metadata"] == {"namespace": "shop", "name": "default"}


def test_places_are_terraforms() -> None:
    (pod,) = graph(POD).resources
    lines = POD.split("\n")
    for path, text in (
        (("spec", "hostIPC"), "host_ipc"),
        (("spec", "securityContext", "runAsUser"), "run_as_user"),
        (("spec", "containers", 0, "securityContext", "allowPrivilegeEscalation"), "allow_privilege_escalation"),
        (("containers", 0, "securityContext", "readOnlyRootFilesystem"), "read_only_root_filesystem"),
        (("containers", 0, "effective_security_context", "runAsUser"), "run_as_user"),
        (("spec", "volumes", 0, "configMap", "defaultMode"), "default_mode"),
        (("metadata", "annotations", "a.b/c_d"), "annotations"),
    ):
        located = pod.locate(path)
        assert text in lines[located.span.line - 1], path


def test_objects_are_joined_like_manifests() -> None:
    made = graph(
        """\
        resource "kubernetes_namespace" "n" {
          metadata {
            name   = "shop"
            labels = { "pod-security.kubernetes.io/enforce" = "privileged" }
          }
        }
        resource "kubernetes_pod" "p" {
          metadata {
            name      = "p"
            namespace = kubernetes_namespace.n.metadata[0].name
            labels    = { app = "p" }
          }
          spec {
            service_account_name = "a"
            container { name = "c" }
          }
        }
        resource "kubernetes_service" "s" {
          metadata {
            name      = "s"
            namespace = "shop"
          }
          spec {
            type     = "NodePort"
            selector = { app = "p" }
          }
        }
        resource "kubernetes_role_binding" "b" {
          metadata {
            name      = "b"
            namespace = "shop"
          }
          role_ref {
            kind = "ClusterRole"
            name = "cluster-admin"
          }
          subject {
            kind = "ServiceAccount"
            name = "a"
          }
        }
        """
    )
    pod = made.by_address["kubernetes_pod.p"].attributes
    assert pod["pod_security"] == {"enforce": "privileged"}
    assert [(w["type"], w["address"]) for w in pod["exposed_by"]] == [("NodePort", "kubernetes_service.s")]
    assert [(p["namespace"], p["via"]) for p in pod["permissions"]] == [("shop", "kubernetes_role_binding.b")] * 2


def test_what_is_no_object_keeps_its_name() -> None:
    made = graph(
        """\
        variable "x" {}
        resource "kubernetes_labels" "l" {
          labels = { a = "b" }
        }
        resource "kubernetes_manifest" "m" {
          manifest = var.x
        }
        """
    )
    assert [r.type for r in made.resources] == ["kubernetes_labels", "kubernetes_manifest"]
