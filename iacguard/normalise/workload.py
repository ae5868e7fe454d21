"""Kubernetes: the pod and the containers of every workload kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from iacguard.frontends.kubernetes.kinds import POD_SPECS
from iacguard.model import REST, Path, Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import MovedPlace
from iacguard.normalise.values import get
from iacguard.record import replace

#: Where each workload kind keeps its pod: the path to {metadata, spec}.
POD_TEMPLATES: Mapping[str, Path] = MappingProxyType({kind: path[:-1] for kind, path in POD_SPECS.items()})

_KINDS = (("containers", "container"), ("initContainers", "init"), ("ephemeralContainers", "ephemeral"))

#: What a container takes from its pod's securityContext where it has none of its own
#: (kubernetes/pkg/securitycontext, DetermineEffectiveSecurityContext; seccomp and AppArmor by their documentation).
_INHERITED = (
    "seLinuxOptions",
    "windowsOptions",
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "seccompProfile",
    "appArmorProfile",
)
#: Merged member by member.
_MERGED = frozenset({"windowsOptions"})


def add_pod(draft: Draft) -> None:
    """Give a workload its ``pod`` and ``containers``."""
    template = POD_TEMPLATES.get(draft.type)
    if template is None:
        return
    pod = draft.attributes if not template else get(draft.attributes, *template)
    if isinstance(pod, Unknown):
        draft.set("pod", pod, draft.where(template))
        draft.set("containers", [replace(pod, spread=True)], draft.where(template))
        return
    metadata, spec = get(pod, "metadata"), get(pod, "spec")
    draft.set("pod", {k: v for k, v in (("metadata", metadata), ("spec", spec)) if v is not None})
    draft.origin(("pod",), MovedPlace(draft.place, old=template))
    draft.set("containers", [])
    if isinstance(spec, Unknown):
        draft.append("containers", replace(spec, spread=True), draft.where((*template, "spec")))
        return
    for field, kind in _KINDS:
        listed = get(spec, field)
        if isinstance(listed, Unknown):
            draft.append("containers", replace(listed, spread=True), draft.where((*template, "spec", field)))
        for index, container in enumerate(listed if isinstance(listed, list) else []):
            _add_container(draft, spec, container, kind, (*template, "spec", field, index))


def _add_container(draft: Draft, spec: Value, container: Value, kind: str, path: Path) -> None:
    if isinstance(container, Unknown):
        draft.append("containers", container, draft.where(path))
        return
    if not isinstance(container, dict):
        return
    pod_context, own = get(spec, "securityContext"), get(container, "securityContext")
    merged, moves = _effective(pod_context, own, path)
    made = {**container, "container_kind": kind, "effective_security_context": merged}
    draft.append("containers", made, MovedPlace(draft.place, moves, (), path))


def _effective(pod: Value, own: Value, path: Path) -> tuple[Value, dict[Path, Path]]:
    """The merged securityContext, and where its members stand: new path below the container -> path in the manifest."""
    made: Path = ("effective_security_context",)
    in_pod: Path = (*path[:-2], "securityContext")
    in_own: Path = (*path, "securityContext")
    moves: dict[Path, Path] = {made: in_own if own is not None else in_pod if pod is not None else path}
    if isinstance(own, Unknown):
        return own, moves
    merged: dict[str, Value] = {}
    if isinstance(pod, Unknown):
        merged[REST] = pod
    for name in _INHERITED if isinstance(pod, dict) else ():
        if pod.get(name) is not None:
            merged[name] = pod[name]
            moves[(*made, name)] = (*in_pod, name)
    if isinstance(pod, dict) and REST in pod:
        merged[REST] = pod[REST]
    for name, value in own.items() if isinstance(own, dict) else ():
        if value is None:
            continue
        inherited = merged.get(name)
        if name in _MERGED and isinstance(value, dict) and isinstance(inherited, dict):
            moves.update({(*made, name, k): (*in_pod, name, k) for k in inherited})
            moves.update({(*made, name, k): (*in_own, name, k) for k in value})
            merged[name] = {**inherited, **value}
        else:
            merged[name] = value
        moves[(*made, name)] = (*in_own, name)
    return merged, moves
