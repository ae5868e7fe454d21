"""What a resource's properties come to, one by one: most are the same whatever the deployer of the template decides."""

from __future__ import annotations

from collections.abc import Mapping

from yaml.nodes import MappingNode, Node

from iacguard.frontends.cloudformation.evaluate import UNNAMED, Evaluator
from iacguard.frontends.cloudformation.nodes import Entry, call_of, members
from iacguard.frontends.cloudformation.template import Declared
from iacguard.frontends.cloudformation.values import NO_VALUE
from iacguard.model import REST, Edge, Resource, Unknown, Value
from iacguard.record import field, record

#: In a resource's attributes, holds what stands beside its Properties: deletion policies and metadata.
RESOURCE_KEY = "__resource__"
_RESOURCE_LEVEL = ("CreationPolicy", "DeletionPolicy", "Metadata", "UpdatePolicy", "UpdateReplacePolicy")
#: Of Metadata, the setup of a whole machine: not read again in each world, as no decision hangs on it.
_INIT = "AWS::CloudFormation::Init"


@record
class Attributes:
    """What a resource came to. Its properties were ``written`` in that node, None for nowhere.

    ``touched`` are the choices of the deployer that properties hang on, by name; all others hang on none.
    """

    values: dict[str, Value]
    edges: tuple[Edge, ...]
    written: Node | None
    touched: Mapping[str, frozenset[str]]


#: A resource as it was before, with its edges: used again where nothing that it hangs on has changed.
Known = Mapping[str, tuple[Resource, tuple[Edge, ...]]]


@record
class Before:
    """What an evaluation where less was decided came to; problems are not looked for again.

    ``same`` are resources that hang on nothing that may be decided; ``others`` those of which some properties do, by
    address. ``decided`` is what has been since, as properties are touched by it; None where that may be anything.
    ``hangs`` is what was recorded then of the reasons that values may have.
    """

    same: Known
    others: Mapping[str, Attributes]
    decided: str | None = None
    hangs: Mapping[str, str] = field(default_factory=dict)

    def changed(self, earlier: Attributes) -> frozenset[str]:
        """The properties that may be others now."""
        decided = self.decided
        return frozenset(n for n, touched in earlier.touched.items() if decided is None or decided in touched)


def attributes(evaluator: Evaluator, declared: Declared, address: str, before: Before | None) -> Attributes:
    """Evaluate the resource at ``address``, but for what is the same as ``before``. None: evaluated by default.

    What it hangs on is added to what the evaluator's record says is touched.
    """
    record = evaluator.record
    around, record.touched = record.touched, set()
    properties = declared.parts.get("Properties")
    written = properties.value if properties else None
    if written is None:
        made = Attributes({}, (), None, {})
    elif isinstance(written, MappingNode) and call_of(written) is None:
        made = _properties(evaluator, written, address, before)
    else:
        given = evaluator.value(written)
        values = given if isinstance(given, dict) else {REST: given} if isinstance(given, Unknown) else {}
        made = Attributes(dict(values), (), None, {})
    beside = {n: _beside(evaluator, part, before is None) for n, part in declared.parts.items() if n in _RESOURCE_LEVEL}
    if beside:
        made.values[RESOURCE_KEY] = beside
    record.referred.clear()
    record.touched |= around.union(*made.touched.values())
    return made


def _properties(evaluator: Evaluator, written: Node, address: str, before: Before | None) -> Attributes:
    record = evaluator.record
    values: dict[str, Value] = {}
    edges: list[Edge] = []
    touched: dict[str, frozenset[str]] = {}
    earlier = before.others.get(address) if before is not None else None
    if before is None or earlier is None or earlier.written is not written:
        changed = None
    else:
        changed = before.changed(earlier)
    for name, value in evaluator.properties(written, changed):
        key = REST if name.startswith("Fn::") else name
        if value is UNNAMED and earlier is not None:
            if key in earlier.values:
                values[key] = earlier.values[key]
                edges += [edge for edge in earlier.edges if edge.attribute == name]
            if name in earlier.touched:
                touched[name] = earlier.touched[name]
            continue
        if record.touched:
            touched[name] = frozenset(record.touched)
            record.touched = set()
        if value is not NO_VALUE:
            values[key] = value
            if record.referred:
                edges += [Edge(address, target, name) for target in dict.fromkeys(r.address for r in record.referred)]
    return Attributes(values, tuple(edges), written, touched)


def _beside(evaluator: Evaluator, entry: Entry, whole: bool) -> Value:
    if whole or entry.name != "Metadata" or call_of(entry.value) is not None:
        return evaluator.value(entry.value)
    return {e.name: evaluator.value(e.value) for e in members(entry.value) if e.name != _INIT}
