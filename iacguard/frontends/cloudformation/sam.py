"""SAM's transform: ``AWS::Serverless`` resources become what they are deployed as.

The rules are those of AWS's transform (aws-sam-translator), which `tools/sam_compare.py` compares this with. It works
on nodes before anything is evaluated: what comes out is evaluated like a written template, and every part of it
stands where the SAM property stands that it comes from, else at the SAM resource. The ids are SAM's, but for the
hash in those of deployments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from iacguard.findings import Problem
from iacguard.frontends.cloudformation import (
    samapi,
    samcompute,
    samconnectors,
    samfunction,
    samgraphql,
    samhttp,
    samlink,
    sammachine,
    samsimple,
)
from iacguard.frontends.cloudformation.evaluate import Evaluator
from iacguard.frontends.cloudformation.nodes import Entry, member
from iacguard.frontends.cloudformation.samcontext import SERVERLESS, Context, Made, SamError, Source, source_of
from iacguard.frontends.cloudformation.samdata import Data, data_of, node_of
from iacguard.frontends.cloudformation.samglobals import faults, merged
from iacguard.frontends.cloudformation.template import SAM, Declared, Template
from iacguard.record import replace

_EXPANDED: Mapping[str, Callable[[Context, Source], None]] = MappingProxyType(
    {
        "Function": samfunction.expand,
        "StateMachine": sammachine.expand,
        "Api": samapi.expand,
        "HttpApi": samhttp.expand,
        "WebSocketApi": samhttp.expand_socket,
        "SimpleTable": samsimple.expand_table,
        "LayerVersion": samsimple.expand_layer,
        "Application": samsimple.expand_application,
        "GraphQLApi": samgraphql.expand,
        "CapacityProvider": samcompute.expand_capacity,
        "NetworkConnector": samcompute.expand_connector,
        "MicrovmImage": samcompute.expand_image,
        "WebFunction": samcompute.expand_web,
        "Connector": samconnectors.expand,
    }
)

#: SAM's order: functions write into the bodies of APIs, connectors read what all others have become.
_ORDER = (
    ("Function",),
    ("StateMachine",),
    ("Api", "HttpApi", "WebSocketApi"),
    ("SimpleTable", "LayerVersion", "Application", "GraphQLApi"),
    ("CapacityProvider", "NetworkConnector", "MicrovmImage", "WebFunction"),
    ("Connector",),
)


def transformed(template: Template, evaluator: Evaluator) -> tuple[Template, tuple[Problem, ...]]:
    """``template`` as SAM deploys it, and what SAM would refuse. Never raises.

    ``evaluator`` is one of the template as it stands; it is asked for values that decide what there is (an alias's
    name), and what it finds wrong meanwhile is left aside. A resource that cannot be expanded stays as it is.
    """
    if any(made.type.startswith(SERVERLESS) for made in evaluator.made_resources.values()):
        template = _unrolled(template, evaluator)
    context = Context(template, evaluator)
    globals_ = _globals(context)
    for declared in template.resources.values():
        if declared.type.startswith(SERVERLESS):
            _read(context, declared, globals_)
    samlink.link(context)
    for source in context.sources.values():
        if source.managed and source.name not in template.resources:
            source.properties = merged(globals_, source.kind, source.properties, None)
    samlink.versions(context)
    samconnectors.embedded(context)
    left = {name for kinds in _ORDER for name in _expand(context, kinds)}
    left |= {source.name for source in context.sources.values() if source.kind not in _EXPANDED}
    for source in context.sources.values():
        if source.kind not in _EXPANDED:
            message = f"{SERVERLESS}{source.kind} is not expanded; it is judged as written"
            context.problems.append(template.origin.problem("not-evaluated", source.key, message, notice=True))
    return _written(context, left), tuple(context.problems)


def _unrolled(template: Template, evaluator: Evaluator) -> Template:
    """The template with what its loops make among its resources; CloudFormation runs them before SAM."""
    left = tuple(e for e in template.expansions if e in evaluator.unknown_loops or not e.name.startswith("Fn::ForEach"))
    return replace(template, resources={**template.resources, **evaluator.made_resources}, expansions=left)


def _globals(context: Context) -> Data:
    entry = member(context.template.root, "Globals")
    if entry is None:
        return None
    found = data_of(entry.value, through_if=True)
    for node, message in faults(found, entry.key):
        context.problems.append(context.template.origin.problem("value", node, message))
    return found


def _read(context: Context, declared: Declared, globals_: Data) -> None:
    source = source_of(declared, through_if=declared.type in (SERVERLESS + "Api", SERVERLESS + "HttpApi"))
    if source is not None:
        source.properties = merged(globals_, source.kind, source.properties, source.beside.get("IgnoreGlobals"))
        context.sources[source.name] = source


def _expand(context: Context, kinds: tuple[str, ...]) -> Iterator[str]:
    """Expand all of some kinds; gives the names of those that cannot be."""
    for source in [s for s in context.sources.values() if s.kind in kinds]:
        made = dict(context.made)
        try:
            _EXPANDED[source.kind](context, source)
        except SamError as error:
            context.made = made
            message = f'SAM rejects "{source.name}": {error.message}'
            context.problems.append(context.template.origin.problem("value", error.node, message))
            yield source.name
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            # A list where SAM has a mapping and the like: there are too many places to ask for it at each.
            context.made = made
            message = f'"{source.name}" has a property of a shape that SAM does not take'
            context.problems.append(context.template.origin.problem("value", source.key, message))
            yield source.name


def _written(context: Context, left: set[str]) -> Template:
    """The template with everything that was made."""
    template = context.template
    resources: dict[str, Declared] = {}
    for name, declared in template.resources.items():
        if name in left or not declared.type.startswith(SERVERLESS):
            changed = context.changed.get(name)
            resources[name] = _changed(changed) if changed else declared
    for name, made in context.made.items():
        resources[name] = made.declared()
    conditions = dict(template.conditions)
    for name, value in context.conditions.items():
        node = node_of(value, template.root)
        conditions[name] = Entry(name, node, node)
    transforms = template.transforms if left else tuple(t for t in template.transforms if t.name != SAM)
    return replace(
        template,
        transforms=transforms,
        resources=resources,
        conditions=conditions,
        renamed={**template.renamed, **context.renamed},
    )


def _changed(source: Source) -> Declared:
    """A resource that is no SAM resource and that an event has written into."""
    return Made(source.name, source.kind, source.key, source.properties, source.beside, source.bound).declared()
