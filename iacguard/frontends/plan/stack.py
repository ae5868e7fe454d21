"""One plan or state as a stack: its resources, what they refer to, and what the plan would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iacguard.frontends.contract import Inputs, Stack, Workspace
from iacguard.frontends.plan.configuration import Configuration, references
from iacguard.frontends.plan.document import Plan, Planned, read_plan
from iacguard.frontends.plan.offsets import JsonText, ResourcePlace
from iacguard.frontends.plan.origin import Code, code_of
from iacguard.frontends.plan.values import Builder
from iacguard.late import regex
from iacguard.model import Edge, Place, Reference, Resource, Unknown, Value
from iacguard.source import SourceFile

_KEY = regex(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
#: Attributes by which resources name each other.
_IDENTITIES = ("id", "arn", "self_link")


def stack(file: SourceFile, workspace: Workspace, inputs: Inputs) -> Stack:
    """The resources as they are once the plan in ``file`` is applied."""
    plan = read_plan(file)
    configuration = Configuration.of(plan)
    code = None
    if inputs.plan_root is not None and plan.resources:
        code = code_of(plan, inputs.plan_root, workspace, inputs)
    assembled = _Assembly(plan, configuration, code)
    resources = tuple(assembled.resources())
    problems = (*plan.problems, *(code.problems if code is not None else ()))
    return Stack(
        name=file.path,
        format="terraform",
        resources=resources,
        edges=tuple(dict.fromkeys(assembled.edges)),
        problems=tuple(dict.fromkeys(problems)),
        facts={"plan": "made", **configuration.facts, **(code.facts if code is not None else {})},
        suppressions=code.suppressions if code is not None else (),
        judged=_judged(plan) if inputs.plan_scope == "changed" and not plan.is_state else None,
    )


def _judged(plan: Plan) -> frozenset[str]:
    return frozenset(resource.address for resource in plan.resources if resource.changes)


class _Assembly:
    """Makes the resources of one plan, and collects the edges that start in them."""

    def __init__(self, plan: Plan, configuration: Configuration, code: Code | None) -> None:
        self.plan = plan
        self.configuration = configuration
        self.code = code
        self.text = JsonText(plan.file)
        self.edges: list[Edge] = []
        self.identities: dict[str, list[Planned]] | None = None

    def resources(self) -> Iterator[Resource]:
        """The managed ones; a data source is no resource of the plan."""
        for planned in self.plan.resources:
            if planned.mode == "managed":
                yield self._resource(planned)

    def _resource(self, planned: Planned) -> Resource:
        found = self.code.find(planned) if self.code is not None else None
        block = self.configuration.block(planned)
        expressions = block.get("expressions") if block is not None else None
        expressions = expressions if isinstance(expressions, dict) else {}
        written: Iterable[str] | None = expressions if block is not None else None
        builder = Builder(
            planned,
            expressions,
            frozenset(found.attributes) if found is not None else None if written is None else frozenset(written),
            found is not None,
            lambda names: self.configuration.targets(names, planned),
        )
        attributes = builder.attributes()
        place: Place = ResourcePlace(self.text, planned.path, planned.inside)
        if self.code is not None and found is not None:
            attributes, place = self.code.merged(attributes, found)
        self._link(planned, attributes, expressions)
        return Resource(
            address=planned.address,
            type=planned.type,
            native_type=planned.type,
            format="terraform",
            attributes=attributes,
            place=place,
            block=found.block if found is not None else f"{self.plan.file.path}:{_KEY.sub('', planned.address)}",
            module=planned.module,
        )

    def _link(self, planned: Planned, attributes: dict[str, Value], expressions: dict[str, object]) -> None:
        """Edges from what the configuration names, from references in values, and from equal ids."""
        address = planned.address
        for name, value in attributes.items():
            linked = {r.address for r in _referenced(value)}
            names = references(expressions.get(name)) if name in expressions else []
            several = isinstance(value, (list, dict))
            if names:
                found = self.configuration.targets(names, planned)
                linked.update(t.reference.address for t in found if t.sure or several)
            if not linked:
                linked.update(self._by_identity(value, planned))
            self.edges += [Edge(address, target, name) for target in sorted(linked) if target != address]
        if self.code is not None:
            self.edges += self.code.edges(planned)

    def _by_identity(self, value: Value, planned: Planned) -> Iterator[str]:
        """The resources whose id is ``value``, or among its items: all that there is to go by where things exist."""
        if self.identities is None:
            self.identities = _identities(self.plan)
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str) and item in self.identities:
                others = [r for r in self.identities[item] if r.address != planned.address]
                if planned in self.identities[item] and not _is_part(planned, others):
                    continue  # it is its own id
                yield from (r.address for r in others if not _is_part(r, others))


def _identities(plan: Plan) -> dict[str, list[Planned]]:
    found: dict[str, list[Planned]] = {}
    for resource in plan.resources:
        if resource.mode == "managed":
            own = (resource.values.get(name) for name in _IDENTITIES)
            for value in dict.fromkeys(v for v in own if isinstance(v, str) and v):
                found.setdefault(value, []).append(resource)
    return found


def _is_part(resource: Planned, others: list[Planned]) -> bool:
    """Whether a resource has the id of another one because it is a part of that (``aws_s3_bucket_policy``)."""
    return any(resource.type.startswith(f"{other.type}_") for other in others)


def _referenced(value: Value) -> Iterator[Reference]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Unknown):
            if item.reference is not None:
                yield item.reference
            pending.extend(part for part in item.parts if not isinstance(part, str))
        elif isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
