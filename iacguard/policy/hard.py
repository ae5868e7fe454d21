"""Whether an example is hard: its verdict hangs on more than literals in the resource that it judges.

Judged by the code's structure, as no policy knows a language's meaning: a regular expression over Terraform, the nodes
of YAML. What it counts is what sends scanners wrong in real code, each listed at its function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from iacguard.late import regex
from iacguard.model import Format
from iacguard.policy.compile import Condition, Policy
from iacguard.policy.language import Node
from iacguard.policy.testing import Example

#: Attributes that normalising makes from others: what a policy that asks for one reads may be called anything.
_MADE = frozenset(
    ("statements", "trust_statements", "permissions", "ingress_rules", "egress_rules", "bindings", "role_rules")
)
#: Functions that look beyond the resource itself.
_AROUND = frozenset(("targets", "referrers", "resources", "attribute_of", "is_this", "resource", "count_resources"))
#: Arguments that only say what a resource is called and where it stands.
_PASSIVE = regex(r"(?:\w*name|tags|labels|description|location|region|project|resource_group_name)\Z")


class _Reads(NamedTuple):
    """What a policy asks for: the attributes' names at any depth, and whether it looks beyond the resource."""

    names: frozenset[str]
    around: bool
    kinds: frozenset[str]

    def needs(self, path: tuple[str, ...]) -> bool:
        """Whether an argument at ``path`` (block names first) may change the verdict."""
        if any(part in self.names for part in path):
            return True
        return bool(self.names & _MADE) and not _PASSIVE.match(path[-1])


def is_hard(policy: Policy, example: Example) -> bool:
    """Whether the verdict of ``example`` hangs on more than literals in the judged resource.

    Examples that expect something undecided are hard: a part of them is not known.
    """
    if example.expected["undecided"]:
        return True
    check = _CHECKS[example.format]
    reads = _reads(policy)
    return len(example.files) > 1 or any(check(text, reads, example) for text in example.files.values())


def _reads(policy: Policy) -> _Reads:
    names: set[str] = set()
    calls: set[str] = set()
    conditions: tuple[Condition | None, ...] = (policy.where, policy.each, policy.deny, policy.at)
    for condition in conditions:
        if condition is not None:
            for node in _nodes(condition.expression.node):
                if node["type"] == "field":
                    names |= {node["value"], _snake(node["value"])}  # Terraform's kubernetes provider has snake case
                elif node["type"] == "function_expression":
                    calls.add(node["value"])
    return _Reads(frozenset(names), bool(calls & _AROUND), frozenset(policy.kinds))


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in node["children"] if isinstance(child, dict))


# Terraform

_COMMENT = regex(r"^\s*(?:#|//).*$", re.MULTILINE)
_HEADER = regex(r'(resource|data|module|variable|output|locals|provider|terraform)\b(?:\s+"([\w-]+)")?.*\{')
_OPENED = regex(r'(dynamic\s+")?(\w+)"?(?:\s+"[^"]*")*\s*(?:=\s*)?[^={]*\{\s*\Z')
_ARGUMENT = regex(r'"?([\w.:/-]+)"?\s*[=:]\s*(.+)')
_LOOSE = regex(r"\b(?:var|local|module|data|each|self)\.\w|\bcount\.index\b|\s\?\s.*\s:\s|\b(?:plan)?timestamp\(\)")
_LINK = regex(r"\b((?:aws|azurerm|azuread|google|kubernetes|helm|tls|random)_\w+)\.\w+")


class _Argument(NamedTuple):
    block: str  # resource, data, module ...
    type: str
    path: tuple[str, ...]
    value: str


def _terraform(text: str, reads: _Reads, example: Example) -> bool:
    """A variable, local value, module, data source, dynamic block, count or for_each, a condition, or another
    resource: one that folds into the judged one or is referred to in what the policy reads."""
    if re.search(r'^\s*dynamic\s+"', text, re.MULTILINE):
        return True
    arguments = list(_arguments(_COMMENT.sub("", text)))
    judged = {a.split(".")[-2] for found in example.expected.values() for a in found if "." in a}
    for argument in arguments:
        if argument.block not in ("resource", "data", "locals", "module", "provider"):
            continue
        if argument.path[-1] in ("for_each", "count"):
            return True
        if _LOOSE.search(argument.value) and (argument.block == "locals" or reads.needs(argument.path)):
            return True
        if _joins(argument, arguments, judged, reads):
            return True
    return False


def _joins(argument: _Argument, arguments: list[_Argument], judged: set[str], reads: _Reads) -> bool:
    """Whether the argument links two resources whose link may change the verdict."""
    for other in _LINK.findall(argument.value):
        if argument.block != "resource" or not {argument.type, other} & (judged | reads.kinds):
            continue
        if reads.around or reads.needs(argument.path):
            return True
        if argument.type.startswith(other) or argument.type in reads.kinds - {other}:
            return True
        if any(a.type == argument.type and reads.needs(a.path) for a in arguments if a is not argument):
            return other in judged | reads.kinds
    return False


def _arguments(text: str) -> Iterator[_Argument]:
    """The arguments of all blocks, by lines: examples are formatted, so each line opens or closes what it names."""
    block = type_ = ""
    stack: list[str] = []
    for line in (raw.strip() for raw in text.splitlines()):
        header = _HEADER.match(line) if not stack else None
        if header:
            block, type_ = header[1], header[2] or ""
            line = line[header.end() :].strip()
            stack.append("")
            if line:
                yield from _inline(block, type_, (), line)
                stack = stack[: 1 + line.count("{") - line.count("}")]
            continue
        opened = line.count("{") + line.count("[") - line.count("}") - line.count("]")
        name = re.match(r'(?:dynamic\s+")?"?([\w.:/-]+)', line)
        if stack:
            yield from _inline(block, type_, tuple(filter(None, stack)), line)
        if opened > 0:
            stack.extend([name[1] if name else ""] + [""] * (opened - 1))
        elif opened < 0:
            del stack[opened:]


def _inline(block: str, type_: str, path: tuple[str, ...], line: str) -> Iterator[_Argument]:
    found = _ARGUMENT.match(line)
    if found:
        yield _Argument(block, type_, (*path, found[1]), found[2])
    elif path:
        yield _Argument(block, type_, path, line)


# CloudFormation

_VARYING = frozenset(("Fn::If", "Fn::FindInMap", "Fn::ImportValue", "Fn::GetAtt", "Fn::Select", "Fn::Transform"))


def _cloudformation(text: str, reads: _Reads, example: Example) -> bool:
    """A parameter, condition, mapping, loop, import, another resource of the template, or a SAM resource."""
    root = _composed(text)[0]
    top = {key.value: value for key, value in root.value} if root is not None and root.id == "mapping" else {}
    resources = top.get("Resources")
    if resources is None or resources.id != "mapping":
        return False
    if {"Conditions", "Mappings"} & top.keys():
        return True
    parameters = _keys(top.get("Parameters"))
    for key, value in resources.value:
        if key.value.startswith("Fn::ForEach") or _scalar(value, "Type").startswith("AWS::Serverless"):
            return True
        for path, function, argument in _functions(value):
            name = path[-1] if path else ""
            if _PASSIVE.match(_snake(name)) and _snake(name) not in reads.names:
                continue
            if function in _VARYING or (function == "Ref" and argument in parameters | _keys(resources)):
                return True
            if function == "Fn::Sub" and "${" in argument and not re.fullmatch(r"(?:[^$]|\$\{AWS::\w+\})*", argument):
                return True
    return False


def _functions(root: Any) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The intrinsic functions below a node: the property's path, the full name, the argument where it is a text."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if node.tag.startswith("!"):
            name = node.tag[1:]
            yield path, name if name == "Ref" else f"Fn::{name}", node.value if node.id == "scalar" else ""
        if node.id == "mapping":
            for key, value in node.value:
                if key.value == "Ref" or str(key.value).startswith("Fn::"):
                    yield path, key.value, value.value if value.id == "scalar" else ""
                    waiting.append((path, value))
                else:
                    waiting.append(((*path, str(key.value)), value))
        elif node.id == "sequence":
            waiting.extend((path, item) for item in node.value)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


# Kubernetes

_SECURITY = frozenset(("securityContext", "automountServiceAccountToken", "annotations"))


def _kubernetes(text: str, reads: _Reads, example: Example) -> bool:
    """A CronJob, List or custom workload, an anchor, init or ephemeral containers or one container of several that
    differ, a container that overrides its pod, a Kustomize overlay, or objects that are joined."""
    if re.search(r"^[^#\n]*[:\-\[{,]\s*[&*][A-Za-z]\w*", text, re.MULTILINE) or "<<:" in text:
        return True
    documents = [d for d in _composed(text) if d is not None and d.id == "mapping"]
    kinds = [_scalar(d, "kind") for d in documents]
    if any(k.endswith("List") or k in _NESTED or k == "Kustomization" for k in kinds):
        return True
    if (reads.around and len(documents) > 1) or len(set(kinds) & _JOINED) > 1:
        return True
    return any(_mixed(node) for document in documents for node in _mappings(document))


#: Pod templates in unusual places, and files of kubeadm, which sets values that they leave out.
_NESTED = frozenset(
    (
        *("CronJob", "PodTemplate", "Rollout", "DeploymentConfig", "CloneSet", "ScaledJob", "Sandbox"),
        *("ClusterConfiguration", "InitConfiguration", "JoinConfiguration"),
    )
)
_JOINED = frozenset(
    ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount", "Namespace", "NetworkPolicy")
)


def _mixed(node: Any) -> bool:
    """Whether a pod's own settings and its containers', or its containers among themselves, are not alike."""
    members = {key.value: value for key, value in node.value if key.id == "scalar"}
    if "containers" not in members or members["containers"].id != "sequence":
        return False
    if {"initContainers", "ephemeralContainers"} & members.keys():
        return True
    containers = [{k.value for k, _ in c.value} for c in members["containers"].value if c.id == "mapping"]
    return len(containers) > 1 or ("securityContext" in members and any("securityContext" in c for c in containers))


# YAML


def _composed(text: str) -> list[Any]:
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return list(yaml.compose_all(text, Loader=loader))
    except (yaml.YAMLError, RecursionError):
        return [None]


def _mappings(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.id == "mapping":
            yield node
            waiting.extend(value for _, value in node.value)
        elif node.id == "sequence":
            waiting.extend(node.value)


def _keys(node: Any) -> frozenset[str]:
    return frozenset(key.value for key, _ in node.value) if node is not None and node.id == "mapping" else frozenset()


def _scalar(node: Any, name: str) -> str:
    pairs = node.value if node.id == "mapping" else ()
    return next((value.value for key, value in pairs if key.value == name and value.id == "scalar"), "")


_CHECKS: Mapping[Format, Callable[[str, _Reads, Example], bool]] = {
    "terraform": _terraform,
    "cloudformation": _cloudformation,
    "kubernetes": _kubernetes,
}
