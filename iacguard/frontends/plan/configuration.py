"""The configuration in a plan: which resources an argument's expression refers to.

A plan says of an expression only the names that stand in it, the longest first, each followed by its own beginnings;
an index that is no constant ends the name (``aws_subnet.s`` and ``each.key`` for ``aws_subnet.s[each.key].id``). Of
local values it says nothing at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from iacguard.frontends.plan.document import Plan, Planned
from iacguard.late import regex
from iacguard.model import Reference
from iacguard.record import field, record

#: Names that are looked up for one argument.
_MAX_LOOKUPS = 2000
_STEP = regex(r'\.?([^.\[\]"]+)|(\[(?:\d+|"(?:[^"\\]|\\.)*")\])')
_MODULE = regex(r'module\.([^.\[]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?\.?')
_OWN = frozenset(("path", "terraform", "tofu", "self", "count", "provider"))


class Target(NamedTuple):
    """A resource that an expression refers to, and its type; ``sure`` where it is this instance and no other."""

    reference: Reference
    type: str
    sure: bool


class _Question(NamedTuple):
    """Names to look up, as they stand in the module instance ``module`` beside a block of the key ``key``."""

    names: tuple[str, ...]
    module: str
    key: str
    for_each: Any


@record(frozen=False)
class Configuration:
    """The configuration of ``plan``, and its resources by where they are declared."""

    plan: Plan
    modules: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    blocks: dict[tuple[tuple[str, ...], str, str], dict[str, Any]] = field(default_factory=dict)
    instances: dict[tuple[str, str], dict[str, Planned]] = field(default_factory=dict)
    children: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(plan: Plan) -> Configuration:
        """Index the configuration of ``plan``; it is empty for a state."""
        found = Configuration(plan)
        configuration = _dict(plan.root.get("configuration"))
        found._read(_dict(configuration.get("root_module")))
        for provider in _dict(configuration.get("provider_config")).values():
            name, version = _dict(provider).get("name"), _dict(provider).get("version_constraint", "")
            if isinstance(name, str) and isinstance(version, str) and not _dict(provider).get("module_address"):
                found.facts.setdefault(f"provider:{name}", version)
        for resource in plan.resources:
            if resource.mode == "managed":
                found.instances.setdefault((resource.module, resource.block), {})[resource.key] = resource
            found._enter_module(resource.module)
        return found

    def _read(self, root: dict[str, Any]) -> None:
        pending: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), root)]
        while pending:
            names, module = pending.pop()
            self.modules[names] = module
            listed = module.get("resources")
            for entry in map(_dict, listed if isinstance(listed, list) else ()):
                self.blocks[names, str(entry.get("mode")), f"{entry.get('type')}.{entry.get('name')}"] = entry
            for name, call in _dict(module.get("module_calls")).items():
                pending.append(((*names, name), _dict(_dict(call).get("module"))))

    def _enter_module(self, address: str) -> None:
        while address:
            outer, name, _ = split_module(address)
            siblings = self.children.setdefault((outer, name), [])
            if address in siblings:
                return
            siblings.append(address)
            address = outer

    def block(self, resource: Planned) -> dict[str, Any] | None:
        """What the configuration says of a resource's block, None where it says nothing."""
        return self.blocks.get((module_names(resource.module), resource.mode, resource.block))

    def targets(self, names: Iterable[str], resource: Planned) -> list[Target]:
        """The resources that ``names``, of one expression in the block of ``resource``, refer to."""
        block = self.block(resource) or {}
        asked = deque([_Question(tuple(names), resource.module, resource.key, block.get("for_each_expression"))])
        seen: set[tuple[tuple[str, ...], str, str]] = set()
        found: dict[Reference, Target] = {}
        while asked and len(seen) < _MAX_LOOKUPS:
            question = asked.popleft()
            known = (question.names, question.module, question.key)
            if known in seen:
                continue
            seen.add(known)
            by_key = any(name.startswith(("each.", "count.")) for name in question.names)
            for name in longest(question.names):
                steps = [m[1] or m[2] for m in _STEP.finditer(name)]
                asked.extend(self._follow(steps, question))
                for target in self._resources(steps, question, by_key):
                    found.setdefault(target.reference, target)
        return list(found.values())

    def _follow(self, steps: list[str], question: _Question) -> Iterator[_Question]:
        """What a name that is not a resource leads to: arguments of calls, outputs, the block's own ``for_each``."""
        if len(steps) < 2:
            return
        if steps[0] == "var" and question.module:
            outer, name, key = split_module(question.module)
            call = self._call(outer, name)
            expression = _dict(call.get("expressions")).get(steps[1])
            yield _Question(tuple(references(expression)), outer, key, call.get("for_each_expression"))
        elif steps[0] == "module":
            yield from self._outputs(steps, question)
        elif steps[0] == "each" and steps[1] == "value" and question.for_each is not None:
            yield _Question((*references(question.for_each), "each.key"), question.module, question.key, None)

    def _call(self, module: str, name: str) -> Mapping[str, Any]:
        calls = _dict(self.modules.get(module_names(module), {}).get("module_calls"))
        return _dict(calls.get(name))

    def _outputs(self, steps: list[str], question: _Question) -> Iterator[_Question]:
        name = steps[1]
        key, rest = (steps[2], steps[3:]) if len(steps) > 2 and steps[2].startswith("[") else ("", steps[2:])
        if not rest:
            return  # which of its outputs is meant, the plan does not say
        inner = self.modules.get((*module_names(question.module), name), {})
        expression = _dict(_dict(inner.get("outputs")).get(rest[0])).get("expression")
        for address in self.children.get((question.module, name), ()):
            if not key or address.endswith(key):
                yield _Question(tuple(references(expression)), address, split_module(address)[2], None)

    def _resources(self, steps: list[str], question: _Question, by_key: bool) -> Iterator[Target]:
        if len(steps) < 2 or steps[0] in _OWN or steps[0] in ("var", "local", "module", "each", "data"):
            return
        group = self.instances.get((question.module, f"{steps[0]}.{steps[1]}"))
        if not group:
            return
        rest = steps[2:]
        if rest and rest[0].startswith("["):
            chosen, rest = ([group[rest[0]]] if rest[0] in group else []), rest[1:]
        elif by_key and question.key in group and len(group) > 1:
            chosen = [group[question.key]]
        else:
            chosen = list(group.values())
        attribute = ".".join(rest).replace(".[", "[")
        for resource in chosen:
            yield Target(Reference(resource.address, attribute), resource.type, len(chosen) == 1)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def is_expression(value: Any) -> bool:
    """Whether this is one argument's expression, and not the arguments of a nested block."""
    if not isinstance(value, dict):
        return False
    return not value or "constant_value" in value or isinstance(value.get("references"), list)


def references(value: Any) -> list[str]:
    """All names in an expression or in the arguments of a block."""
    found: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        elif is_expression(item):
            found += [name for name in item.get("references", ()) if isinstance(name, str)]
        elif isinstance(item, dict):
            pending.extend(reversed(list(item.values())))
    return found


def longest(names: Iterable[str]) -> list[str]:
    """``names`` without those that only are the beginning of the one before them."""
    kept: list[str] = []
    for name in dict.fromkeys(names):
        if not (kept and kept[-1].startswith((f"{name}.", f"{name}["))):
            kept.append(name)
    return kept


def split_module(address: str) -> tuple[str, str, str]:
    """A module instance's address as that of its caller, its name and its key."""
    calls = list(_MODULE.finditer(address))
    if not calls:
        return "", address, ""
    last = calls[-1]
    return address[: last.start()].rstrip("."), last[1], last[2] or ""


def module_names(address: str) -> tuple[str, ...]:
    """The names of the calls that lead to a module instance."""
    return tuple(match[1] for match in _MODULE.finditer(address))
