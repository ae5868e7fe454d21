"""CloudFormation templates, YAML and JSON, each as one stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from yaml.nodes import MappingNode, Node

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.evaluate import NO_VALUE, Evaluator, Scope
from iacguard.frontends.cloudformation.functions import FUNCTIONS
from iacguard.frontends.cloudformation.nodes import call_of, member, members
from iacguard.frontends.cloudformation.parameters import parameters
from iacguard.frontends.cloudformation.places import ResourcePlace
from iacguard.frontends.cloudformation.template import SAM, Declared, Template, read_template
from iacguard.frontends.contract import Inputs, Stack, Task, Workspace
from iacguard.frontends.yamlscalars import cloudformation_key
from iacguard.frontends.yamltree import duplicate_keys, read
from iacguard.model import REST, Edge, Resource, Unknown, Value
from iacguard.source import SourceFile

__all__ = ["RESOURCE_KEY", "load", "prepare"]

#: In a resource's attributes, holds what stands beside its Properties: deletion policies and metadata.
RESOURCE_KEY = "__resource__"
_RESOURCE_LEVEL = ("CreationPolicy", "DeletionPolicy", "Metadata", "UpdatePolicy", "UpdateReplacePolicy")


def prepare(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    """A task for each template."""
    return [Task(file.path, partial(_stack, file, inputs)) for file in files]


def load(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Stack]:
    """One stack a template, named after its file; addresses are logical ids, attributes the evaluated Properties.

    A resource whose condition is always false is left out; for one whose condition is not known, the stack's facts
    hold ``condition:<logical id>``: the condition's name.
    """
    return (task.evaluate() for task in prepare(files, workspace, inputs))


def _stack(file: SourceFile, inputs: Inputs) -> Stack:
    tree = read(file, cloudformation_key)
    problems = list(tree.problems)
    roots = [d for d in tree.documents if isinstance(d, MappingNode) and member(d, "Resources")]
    if not roots:
        if not problems:
            where = tree.documents[0] if tree.documents else None
            message = "this template has no Resources; CloudFormation rejects it"
            span = tree.origin.span(where, where) if where is not None else file.whole()
            problems.append(Problem("syntax", span, message))
        return Stack(file.path, "cloudformation", (), (), tuple(problems))
    for other in tree.documents:
        if other is not roots[0]:
            message = "a template is one document; CloudFormation rejects a second one"
            problems.append(tree.origin.problem("syntax", other, message))
    outcome = "CloudFormation leaves open which one counts; here it is the last"
    problems += duplicate_keys(tree.origin, roots[0], "syntax", outcome, False)
    template = read_template(tree.origin, roots[0])
    scope = Scope(parameters(tree.origin, template.parameters, inputs.variables), {})
    evaluator = Evaluator(template, scope, FUNCTIONS)
    return _evaluated(evaluator, file.path, problems)


def _evaluated(evaluator: Evaluator, name: str, problems: list[Problem]) -> Stack:
    problems += _notices(evaluator.template)
    resources: list[Resource] = []
    edges: list[Edge] = []
    facts: dict[str, str] = {}
    for declared in evaluator.template.resources.values():
        exists = _exists(evaluator, declared, facts)
        if exists and (resource := _resource(evaluator, declared, edges)):
            resources.append(resource)
    for output in evaluator.template.outputs:  # only for what is wrong in them
        evaluator.mapping(output.value)
    return Stack(name, "cloudformation", tuple(resources), tuple(edges), (*problems, *evaluator.problems), facts)


def _notices(template: Template) -> Iterator[Problem]:
    def notice(node: Node, message: str) -> Problem:
        return template.origin.problem("not-evaluated", node, message, notice=True)

    for transform in template.macros:
        yield notice(transform.key, f"the macro {transform.name} is not evaluated; resources are judged as written")
    for transform in template.transforms:
        if transform.name == SAM:
            yield notice(transform.key, "SAM resources are judged by what is written, without what SAM adds to them")
    for expansion in template.expansions:
        yield notice(expansion.key, f"{expansion.name} is not evaluated; the resources that it makes are not judged")


def _exists(evaluator: Evaluator, declared: Declared, facts: dict[str, str]) -> bool:
    """Whether the resource may exist; a condition that is not known goes to ``facts``."""
    condition = member(declared.entry.value, "Condition")
    if condition is None:
        return True
    truth = evaluator.truth_of_name(condition.value)
    if truth.value is None:
        facts[f"condition:{declared.entry.name}"] = str(condition.value.value)
    return truth.value is not False


def _resource(evaluator: Evaluator, declared: Declared, edges: list[Edge]) -> Resource | None:
    entry = declared.entry
    if not isinstance(entry.value, MappingNode) or call_of(entry.value) is not None or not declared.type:
        type_ = member(entry.value, "Type")
        made = call_of(type_.value if type_ else entry.value)
        if made is not None and evaluator.template.open_names:
            evaluator.not_evaluated(entry.key, f'resource "{entry.name}" is made by {made.name}; it is not judged')
            return None
        evaluator.wrong("value", entry.key, f'resource "{entry.name}" has no Type; CloudFormation rejects it')
        return None
    place = ResourcePlace(evaluator, entry, RESOURCE_KEY)
    return Resource(
        address=entry.name,
        type=declared.type,
        native_type=declared.type,
        format="cloudformation",
        attributes=_attributes(evaluator, declared, edges),
        place=place,
        block=entry.name,
    )


def _attributes(evaluator: Evaluator, declared: Declared, edges: list[Edge]) -> dict[str, Value]:
    body, name = declared.entry.value, declared.entry.name
    attributes: dict[str, Value] = {}
    properties = member(body, "Properties")
    if properties is not None and (call_of(properties.value) or not isinstance(properties.value, MappingNode)):
        whole = evaluator.value(properties.value)
        if isinstance(whole, dict):
            attributes.update(whole)
        elif isinstance(whole, Unknown):
            attributes[REST] = whole
    elif properties is not None:
        for entry in members(properties.value):
            evaluator.referred.clear()
            value = evaluator.member_value(entry)
            if value is not NO_VALUE:
                attributes[REST if entry.name.startswith("Fn::") else entry.name] = value
                edges += [Edge(name, reference.address, entry.name) for reference in evaluator.referred]
    beside = {e.name: evaluator.value(e.value) for e in members(body) if e.name in _RESOURCE_LEVEL}
    if beside:
        attributes[RESOURCE_KEY] = beside
    evaluator.referred.clear()
    return attributes
