"""Nested stacks: the template that ``TemplateURL`` names, with the parameters that its parent passes.

A local path is relative to the template that names it, as ``aws cloudformation package`` reads it. What is nested is
evaluated as a part of its parent: its resources are addressed by the way to them (``Network/Vpc``), and its outputs
are what its parent gets for ``Network.Outputs.VpcId``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from yaml.nodes import MappingNode, Node

from iacguard.frontends.cloudformation.evaluate import Evaluator
from iacguard.frontends.cloudformation.nodes import Entry, member, members
from iacguard.frontends.cloudformation.parameters import Parameter, declarations, passed
from iacguard.frontends.cloudformation.places import TemplatePlace
from iacguard.frontends.cloudformation.scope import Scope
from iacguard.frontends.cloudformation.template import Template
from iacguard.frontends.cloudformation.values import NO_VALUE
from iacguard.late import regex
from iacguard.model import Reference, Unknown, Value
from iacguard.record import field, record, replace

STACK = "AWS::CloudFormation::Stack"
_SCHEME = regex(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MAX_DEPTH = 20

#: Reads a template of the scan's base folder; None where there is none that can be read.
Library = Callable[[str], "Template | None"]


@record(frozen=False)
class Nest:
    """The nested stacks of one evaluation, each made when first asked for."""

    library: Library
    _children: dict[str, Evaluator | None] = field(default_factory=dict)
    _outputs: dict[str, tuple[Value, frozenset[str], tuple[Reference, ...]]] = field(default_factory=dict)
    _opening: list[str] = field(default_factory=list)
    _chain: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def child(self, parent: Evaluator, name: str) -> Evaluator | None:
        """The nested stack that the resource ``name`` of ``parent`` makes, None where its template is not at hand."""
        address = parent.scope.prefix + name
        if address not in self._children and address not in self._opening:
            self._opening.append(address)
            record = parent.record
            before = record.touched, list(record.referred)
            self._children[address] = self._made(parent, name, address)
            record.touched, record.referred[:] = before
            self._opening.pop()
        return self._children.get(address)

    def output(self, evaluator: Evaluator, node: Node, name: str, output: str) -> Value | None:
        """What a nested stack gives out; see :class:`~iacguard.frontends.cloudformation.evaluate.Nesting`."""
        declared = evaluator.template.resources.get(name) or evaluator.made_resources.get(name)
        if declared is None or declared.type != STACK:
            return None
        address = f"{evaluator.scope.prefix}{name}"
        if address in self._opening:
            return evaluator.wrong("reference", node, f'the parameters of nested stack "{name}" depend on itself')
        child = self.child(evaluator, name)
        if child is None:
            return None
        key = f"{address}.{output}"
        if key in self._opening:
            message = f'the output "{output}" of nested stack "{name}" depends on itself'
            return evaluator.wrong("reference", node, message)
        record = evaluator.record
        if key not in self._outputs:
            self._opening.append(key)
            before = record.touched, list(record.referred)
            record.touched, record.referred[:] = set(), ()
            value = _output(child, evaluator, node, name, output)
            self._outputs[key] = value, frozenset(record.touched), tuple(record.referred)
            record.touched, record.referred[:] = before
            self._opening.pop()
        value, touched, referred = self._outputs[key]
        record.touched |= touched
        record.referred.extend(referred)
        return value

    def _made(self, parent: Evaluator, name: str, address: str) -> Evaluator | None:
        declared = parent.template.resources.get(name) or parent.made_resources[name]
        inner = parent.within(declared.bound)
        properties = declared.parts.get("Properties")
        url = member(properties.value, "TemplateURL") if properties else None
        if url is None:
            if properties is None or not member(properties.value, "TemplateBody"):
                parent.wrong("value", declared.entry.key, f'nested stack "{name}" has no TemplateURL')
            return None
        path = local_path(inner, url)
        if path is None:
            message = f'the template of nested stack "{name}" is not local; its resources are not judged'
            inner.not_evaluated(url.value, message)
            return None
        chain = self._chain.get(parent.scope.prefix, (parent.origin.file.path,))
        if path in chain or len(chain) > _MAX_DEPTH:
            why = "nests itself" if path in chain else f"is nested more than {_MAX_DEPTH} levels deep"
            parent.wrong("module", url.value, f'nested stack "{name}": {path} {why}')
            return None
        template = self.library(path)
        if template is None:
            parent.wrong("module", url.value, f'nested stack "{name}": {path} is no template that can be read')
            return None
        prefix = f"{address}/"
        self._chain[prefix] = (*chain, path)
        given = member(properties.value, "Parameters") if properties else None
        parameters = _parameters(inner, template, given, name, declared.entry)
        scope = Scope(parameters, {}, parent.scope.settled, parent.scope.hangs, prefix)
        return Evaluator(template, scope, parent.functions, parent.record, self)


def local_path(evaluator: Evaluator, url: Entry) -> str | None:
    """The file that a ``TemplateURL`` names, relative to the base folder; None where it is remote or not known."""
    value = evaluator.value(url.value)
    if not isinstance(value, str) or not value or _SCHEME.match(value) or value.startswith(("/", "//")):
        return None
    folder = posixpath.dirname(evaluator.origin.file.path)
    return posixpath.normpath(posixpath.join(folder, value.replace("\\", "/")))


def _parameters(
    parent: Evaluator, template: Template, given: Entry | None, name: str, stack: Entry
) -> dict[str, Parameter]:
    """The nested template's parameters, by what its parent passes, else by default."""
    declared = declarations(template.origin, template.parameters)
    found = {n: d.by_default() for n, d in declared.items()}
    record = parent.record
    missing = {n for n, d in declared.items() if d.default is None}
    if given is not None and not isinstance(given.value, MappingNode):
        missing.clear()
    for entry in members(given.value if given else None):
        record.touched, record.referred[:] = set(), ()
        value = parent.value(entry.value)
        declaration = declared.get(entry.name)
        if declaration is None:
            message = f'nested stack "{name}" has no parameter "{entry.name}"; CloudFormation rejects it'
            if not template.open_names:
                parent.wrong("reference", entry.key, message)
            continue
        missing.discard(entry.name)
        if value is NO_VALUE:
            continue
        via = TemplatePlace(parent, entry.value, entry.key)
        span = parent.origin.span(entry.key, entry.value)
        parameter = passed(declaration, value, via, frozenset(record.touched), span)
        found[entry.name] = replace(parameter, references=tuple(record.referred))
    if missing:
        names = ", ".join(f'"{n}"' for n in declared if n in missing)
        parent.wrong("value", stack.key, f'nested stack "{name}" is not given {names}; CloudFormation rejects it')
    return found


def _output(child: Evaluator, parent: Evaluator, node: Node, name: str, output: str) -> Value:
    for evaluator, entry in child.outputs():
        if entry.name != output:
            continue
        value = member(entry.value, "Value")
        condition = member(entry.value, "Condition")
        truth = evaluator.truth_of_name(condition.value) if condition else None
        if value is None or (truth is not None and truth.value is False):
            return Unknown(f'nested stack "{name}" does not give out "{output}" here', "computed")
        return evaluator.value(value.value)
    if child.open_names:
        return Unknown(f'the output "{output}" of "{name}" is made by a transform', "computed")
    return parent.wrong("reference", node, f'nested stack "{name}" has no output "{output}"')
