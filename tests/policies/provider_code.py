"""Manifests as resources of Terraform's Kubernetes provider, which writes objects as blocks and names in snake case.

https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from iacguard.normalise.tables import load as table
from tests.policies.mending_yaml import load

#: What the provider cannot say.
_MISSING = frozenset(("ephemeralContainers", "status"))
#: Lists whose block has another name than the table's first one.
_BLOCKS: Mapping[tuple[str, str], str] = {
    ("NetworkPolicy", "ports"): "ports",
    ("ServiceAccount", "imagePullSecrets"): "image_pull_secret",
    ("ServiceAccount", "secrets"): "secret",
}
_PLURALS = {"ports": "port", "imagePullSecrets": "image_pull_secrets"}
_SECRET = {"data": "binaryData", "stringData": "data"}
#: What a persistent volume has beside its source.
_VOLUME = frozenset(("capacity", "claimRef", "nodeAffinity"))


def provider_code(code: str) -> str | None:
    """The objects as Terraform; None where the provider has no resource for one, or cannot say all of it."""
    kinds = {kind: (name, version) for name, (version, kind) in sorted(table("kubernetes")["kinds"].items())}
    kinds |= {"ServiceAccount": ("service_account", "v1"), "DaemonSet": ("daemon_set", "apps/v1")}
    blocks: list[str] = []
    for at, manifest in enumerate(load(code)):
        name, version = kinds.get(manifest.get("kind"), ("", ""))
        group = str(manifest.get("apiVersion")).rpartition("/")[0]
        if not name or version.rpartition("/")[0] != group or any(f'"{m}"' in json.dumps(manifest) for m in _MISSING):
            return None
        body = _members(_written(manifest), manifest["kind"])
        blocks.append(f'resource "kubernetes_{name}_v1" "made{at}" {{\n{body}}}\n')
    return "".join(blocks)


def _written(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The members that the resource has, as it groups them."""
    members = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    if manifest["kind"] == "Secret":
        return {_SECRET.get(key, key): value for key, value in members.items()}
    if manifest["kind"] == "PersistentVolume":
        spec = members.get("spec", {})
        source = {k: v for k, v in spec.items() if isinstance(v, dict) and k not in _VOLUME}
        own = {k: v for k, v in spec.items() if k not in source}
        members["spec"] = {**own, "persistentVolumeSource": source}
    return members


def _members(members: Mapping[str, Any], kind: str) -> str:
    lines: list[str] = []
    for key, value in members.items():
        name = "storage_provisioner" if (kind, key) == ("StorageClass", "provisioner") else _snake(key)
        if isinstance(value, dict) and not _is_map(name, value):
            lines.append(f"{name} {{\n{_members(value, kind)}}}")
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            lines += [f"{_block(key, kind)} {{\n{_members(item, kind)}}}" for item in value]
        elif value is not None:
            lines.append(f"{name} = {json.dumps(value).replace('${', '$${').replace('%{', '%%{')}")
    return "".join(f"{line}\n" for line in lines)


def _is_map(name: str, value: Mapping[str, Any]) -> bool:
    selects = name == "selector" and (not value or value.keys() & {"matchLabels", "matchExpressions"})
    return name in table("kubernetes")["maps"] and not selects


def _snake(key: str) -> str:
    for name, own in table("kubernetes")["names"].items():
        if own == key and name != "storage_provisioner" and not name.startswith(("rbd_", "rados_", "ceph_monitors")):
            return str(name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()


def _block(key: str, kind: str) -> str:
    """The block that is repeated for the items of a list."""
    if (kind, key) in _BLOCKS:
        return _BLOCKS[(kind, key)]
    names = [n for n, listed in table("kubernetes")["lists"].items() if listed == key and "/" not in n]
    return _PLURALS.get(key) or (names[0] if names else _snake(key))
