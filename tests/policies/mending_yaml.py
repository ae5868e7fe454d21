"""Snippets merged into CloudFormation templates and Kubernetes manifests, as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from iacguard.model import Format

_MODES = ("named", "replace", "append", "whole")


class _Loader(yaml.SafeLoader):
    """Plain data; functions in their long form."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)
# YAML 1.2: a resource may be called On, and a version be a date.
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if not tag.endswith(":timestamp") and (not tag.endswith(":bool") or first in "tTfF")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> list[Any]:
    """The documents, with CloudFormation's functions in their long form."""
    return [d for d in yaml.load_all(text, _Loader) if d is not None]


def merge(format_: Format, code: str, snippet: str, address: str, without: str) -> Iterator[str]:
    """The code with the snippet in it; ``without`` names what is taken out first, "" for nothing."""
    documents = [_lacking(d, without) for d in load(code)]
    if format_ == "cloudformation":
        for resource in documents[0].get("Resources", {}).values():
            resource.setdefault("Properties", {})
    changes = load(snippet)
    if not changes:  # a comment that tells what to delete
        return
    if len(changes) == 1 and isinstance(changes[0], list) and len(changes[0]) == 1:
        changes.append(changes[0][0])
    here = address.split("/")[-1]
    for mode in _MODES:
        if _is_whole(format_, changes[0]):
            yield from (_dumped(format_, d) for d in _with_objects(format_, documents, changes, mode, here))
        for change in changes:
            fitting = (p for p in _places(documents, ()) if isinstance(_value(documents, p), type(change)))
            for path in sorted(fitting, key=lambda p: (here not in p, len(p))):
                yield _dumped(format_, _at(documents, path, change, mode))


def _lacking(value: Any, name: str) -> Any:
    """The data without members of this name, which may be the common vocabulary's."""
    if isinstance(value, dict):
        return {k: _lacking(v, name) for k, v in value.items() if not name or _plain(k) != _plain(name)}
    return [_lacking(v, name) for v in value] if isinstance(value, list) else value


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _is_whole(format_: Format, change: Any) -> bool:
    """Whether it is an object or resource of its own."""
    if not isinstance(change, dict):
        return False
    if format_ == "kubernetes":
        return "kind" in change
    whole = "Resources" in change or {"Type", "Properties"} <= change.keys()
    return whole or all(isinstance(v, dict) and "Type" in v for v in change.values())


def _with_objects(
    format_: Format, documents: list[Any], changes: list[Any], mode: str, here: str
) -> Iterator[list[Any]]:
    """Whole objects: merged into those of their kind, or beside them, what they refer to being ``here``."""
    if format_ == "cloudformation":
        template = documents[0]
        added = {"Added": changes[0]} if "Type" in changes[0] else changes[0].get("Resources", changes[0])
        missing = [n for n in dict.fromkeys(_named_in(added)) if n not in added and "::" not in n]
        yield [{**template, "Resources": _with_resources(template["Resources"], added, mode)}]
        for name in missing:
            beside = {f"Added{n}": _renamed(block, name, here) for n, block in added.items()}
            yield [{**template, "Resources": {**template["Resources"], **beside}}]
        return
    out = list(documents)
    for change in changes:
        kin = [i for i, d in enumerate(out) if d.get("kind") == change.get("kind")]
        for i in kin if mode != "append" else []:
            metadata = {**change.get("metadata", {}), **out[i].get("metadata", {})}
            out[i] = _merge(out[i], {**change, "metadata": metadata}, mode)
        if not kin or mode == "append":
            out.append(change)
    yield out


def _with_resources(old: Mapping[str, Any], added: Mapping[str, Any], mode: str) -> dict[str, Any]:
    resources = dict(old)
    for name, block in added.items():
        kin = [n for n, r in resources.items() if r.get("Type") == block.get("Type")]
        for other in [name] if name in resources else [] if mode == "append" else kin:
            resources[other] = _merge(resources[other], block, mode)
        if name not in resources and (mode == "append" or not kin):
            resources[name] = block
    return resources


def _renamed(value: Any, old: str, new: str) -> Any:
    """The data with references to ``new`` where they were to ``old``."""
    if isinstance(value, dict):
        return {k: _renamed(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, old, new) for v in value]
    if not isinstance(value, str):
        return value
    return new if value == old else re.sub(rf"\$\{{{old}(?=[.}}])", f"${{{new}", value)


def _places(value: Any, here: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if here:
        yield here
    for key, item in pairs:
        if isinstance(item, (dict, list)):
            yield from _places(item, (*here, key))


def _value(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _at(value: Any, path: tuple[Any, ...], change: Any, mode: str) -> Any:
    if not path:
        return _merge(value, change, mode)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _at(value[path[0]], path[1:], change, mode)
    return copy


def _merge(old: Any, new: Any, mode: str) -> Any:
    if isinstance(old, dict) and isinstance(new, dict) and not any(k.startswith("Fn::") or k == "Ref" for k in old):
        deeper = {k: _merge(old[k], v, mode) if k in old and mode != "whole" else v for k, v in new.items()}
        return {**old, **deeper}
    if isinstance(old, list) and isinstance(new, list):
        if mode == "append":
            return old + new
        if mode == "named" and len(new) == 1 and isinstance(new[0], dict):
            return [_merge(o, new[0], mode) if isinstance(o, dict) else o for o in old] or new
    return new


def _dumped(format_: Format, documents: list[Any]) -> str:
    """The text; a template with a resource for everything that the snippet refers to."""
    if format_ == "cloudformation":
        template = dict(documents[0])
        known = {*_keys(template.get("Resources")), *_keys(template.get("Parameters"))}
        missing = {n: {"Type": "AWS::KMS::Key"} for n in _named_in(template) if n not in known and "::" not in n}
        template["Resources"] = {**(template.get("Resources") or {}), **missing}
        documents = [template]
    return yaml.safe_dump_all(documents, sort_keys=False)


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, dict) else ()


def _named_in(value: Any) -> Iterator[str]:
    """The logical names that functions refer to."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt" and isinstance(item, list) and isinstance(item[0], str):
                yield item[0]
            elif key == "Fn::Sub" and isinstance(item, str):
                yield from (n.partition(".")[0] for n in re.findall(r"\$\{([\w:.]+)\}", item))
            yield from _named_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named_in(item)
