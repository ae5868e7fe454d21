"""Where an evaluated property stands, and how its value came there."""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.frontends.cloudformation.evaluate import Evaluator
from iacguard.frontends.cloudformation.nodes import Entry, call_of, items, member, text_of
from iacguard.frontends.cloudformation.texts import as_text
from iacguard.frontends.yamlplaces import text_start
from iacguard.model import Key, Span, Step
from iacguard.record import record

#: Steps of a trail; a text may be put together from hundreds of parts.
_MAX_STEPS = 12


@record
class TemplatePlace:
    """The place of a node, seen through ``Fn::If``: an entry's line, or that of the branch that is taken."""

    evaluator: Evaluator
    node: Node
    key: Node | None = None

    @property
    def span(self) -> Span:
        origin, first = self.evaluator.origin, self.key or self.node
        taken = list(self.evaluator.branches(self.node))
        if len(taken) == 1 and taken[0] is not self.node and origin.start(taken[0])[0] != origin.start(first)[0]:
            return origin.span(taken[0], taken[0])
        return origin.span(first, self.node)

    def child(self, key: Key) -> TemplatePlace | None:
        for node in self.evaluator.branches(self.node):
            if call_of(node) is not None:
                continue
            if isinstance(node, MappingNode) and isinstance(key, str):
                found = member(node, key)
                if found is not None:
                    return TemplatePlace(self.evaluator, found.value, found.key)
                for evaluator, entry in self.evaluator.entries(node):
                    if entry.name == key:
                        return TemplatePlace(evaluator, entry.value, entry.key)
            elif isinstance(node, SequenceNode) and isinstance(key, int):
                kept = self.evaluator.kept_items(node)
                if 0 <= key < len(kept):
                    return TemplatePlace(self.evaluator, kept[key])
        return None

    def trail(self) -> tuple[Step, ...]:
        steps = dict.fromkeys(_steps(self.evaluator, self.node))
        return tuple(steps)[:_MAX_STEPS]

    def text_start(self) -> tuple[int, int] | None:
        taken = list(self.evaluator.branches(self.node))
        node = taken[0]
        call = call_of(node)
        while call is not None and call.name in ("Fn::Sub", "Fn::Base64"):
            node = (items(call.argument) or [call.argument])[0]
            call = call_of(node)
        return text_start(self.evaluator.origin, node) if len(taken) == 1 and call is None else None


def _steps(evaluator: Evaluator, node: Node) -> Iterator[Step]:
    """Parameters, mappings and conditions that the value of ``node`` comes from, in the order they are written."""
    pending = [node]
    while pending:
        at = pending.pop()
        call = call_of(at)
        if call is None:
            # A plain structure has no way of its own; the items of a function's arguments do.
            if at is not node:
                pending += reversed(items(at))
            continue
        if call.name == "Ref":
            yield from _of_parameter(evaluator, text_of(call.argument))
        elif call.name == "Fn::Sub":
            yield from _of_text(evaluator, call.argument)
        elif call.name == "Fn::FindInMap":
            yield from _of_mapping(evaluator, items(call.argument))
        elif call.name == "Fn::If":
            yield from _of_condition(evaluator, items(call.argument))
            pending += [branch for branch in reversed(list(evaluator.branches(at))) if call_of(branch)]
            continue
        elif call.name == "Fn::GetAtt":
            continue
        pending.append(call.argument)


def _of_parameter(evaluator: Evaluator, name: str | None) -> Iterator[Step]:
    parameter = evaluator.scope.parameters.get(name or "")
    if parameter is None:
        return
    if parameter.via is not None:
        yield from parameter.via.trail()
    if parameter.came is not None:
        yield parameter.came()


def _of_text(evaluator: Evaluator, node: Node) -> Iterator[Step]:
    text = text_of((items(node) or [node])[0])
    for name in (text or "").split("${")[1:]:
        yield from _of_parameter(evaluator, name.partition("}")[0].strip())


def _of_mapping(evaluator: Evaluator, arguments: list[Node]) -> Iterator[Step]:
    if len(arguments) < 3:
        return
    names = [as_text(evaluator.value(argument)) for argument in arguments[:3]]
    mapping = evaluator.template.mappings.get(names[0]) if isinstance(names[0], str) else None
    outer = member(mapping.value, names[1]) if mapping and isinstance(names[1], str) else None
    inner = member(outer.value, names[2]) if outer and isinstance(names[2], str) else None
    if mapping and inner:
        yield Step(evaluator.origin.span(inner.key, inner.value), f'mapping "{mapping.name}"')


def _of_condition(evaluator: Evaluator, arguments: list[Node]) -> Iterator[Step]:
    if len(arguments) != 3 or not isinstance(arguments[0], ScalarNode):
        return
    name = arguments[0].value
    entry = evaluator.template.conditions.get(name)
    truth = evaluator.truth_of_name(arguments[0]).value
    if entry is not None and truth is not None:
        yield Step(evaluator.origin.span(entry.key, entry.value), f'condition "{name}" is {str(truth).lower()}')


@record
class ResourcePlace:
    """The place of a resource: its logical id's line. What it holds are its Properties.

    ``beside`` is the attribute under which stands what is written beside the Properties.
    """

    evaluator: Evaluator
    entry: Entry
    beside: str

    @property
    def span(self) -> Span:
        return self.evaluator.origin.span(self.entry.key, self.entry.value)

    def child(self, key: Key) -> TemplatePlace | None:
        if key == self.beside:
            return TemplatePlace(self.evaluator, self.entry.value, self.entry.key)
        properties = member(self.entry.value, "Properties")
        return TemplatePlace(self.evaluator, properties.value, properties.key).child(key) if properties else None

    def trail(self) -> tuple[Step, ...]:
        return ()

    def text_start(self) -> tuple[int, int] | None:
        return None
