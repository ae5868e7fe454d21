"""Files to templates: read, checked, and told apart into those to judge and those that are only nested in others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from yaml.nodes import MappingNode

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.choices import Choices
from iacguard.frontends.cloudformation.evaluate import Evaluator
from iacguard.frontends.cloudformation.functions import FUNCTIONS
from iacguard.frontends.cloudformation.nested import STACK, local_path
from iacguard.frontends.cloudformation.nodes import member
from iacguard.frontends.cloudformation.template import Template, read_template
from iacguard.frontends.contract import Inputs, Workspace
from iacguard.frontends.yamlscalars import cloudformation_key
from iacguard.frontends.yamltree import duplicate_keys, read
from iacguard.record import field, record
from iacguard.source import SourceFile


@record(frozen=False)
class Reading:
    """The templates of a scan. Those that are nested are kept, for they may be nested often."""

    files: Mapping[str, SourceFile]
    workspace: Workspace
    _kept: dict[str, tuple[Template | None, tuple[Problem, ...]]] = field(default_factory=dict)

    def template(self, path: str) -> tuple[Template | None, tuple[Problem, ...]]:
        """The template of a file that is there, and what is wrong with its text; None where it is no template."""
        if path in self._kept:
            return self._kept[path]
        return _read(self.files[path])

    def nested(self, path: str) -> Template | None:
        """The template of any file of the base folder, None where there is none that can be read."""
        if path not in self._kept:
            file = self.files.get(path) or self.workspace.read(path)
            self._kept[path] = _read(file) if file is not None else (None, ())
        return self._kept[path][0]


def _read(file: SourceFile) -> tuple[Template | None, tuple[Problem, ...]]:
    tree = read(file, cloudformation_key)
    problems = list(tree.problems)
    found = [d for d in tree.documents if isinstance(d, MappingNode) and member(d, "Resources")]
    if not found:
        if not problems:
            where = tree.documents[0] if tree.documents else None
            message = "this template has no Resources; CloudFormation rejects it"
            span = tree.origin.span(where, where) if where is not None else file.whole()
            problems.append(Problem("syntax", span, message))
        return None, tuple(problems)
    for other in tree.documents:
        if other is not found[0]:
            message = "a template is one document; CloudFormation rejects a second one"
            problems.append(tree.origin.problem("syntax", other, message))
    outcome = "CloudFormation leaves open which one counts; here it is the last"
    problems += duplicate_keys(tree, found[0], "syntax", outcome, False)
    template = read_template(tree.origin, found[0])
    if template.uses_sam:
        from iacguard.frontends.cloudformation.sam import transformed

        template, more = transformed(template, Evaluator(template, Choices(template, {}).by_default(), FUNCTIONS))
        problems += more
    return template, tuple(problems)


def roots(reading: Reading, inputs: Inputs) -> list[str]:
    """The files to judge by themselves: all but those that another one nests, so that nothing is judged twice.

    Of templates that nest each other in a circle the first one is judged, and says so.
    """
    nests = {path: _nested_in(reading, path, inputs) for path in reading.files if _may_nest(reading.files[path])}
    inner = {child for path, children in nests.items() for child in children if child != path}
    covered: set[str] = set()
    kept = [path for path in reading.files if path not in inner]
    for path in kept:
        _cover(path, nests, covered)
    for path in reading.files:
        if path not in covered:
            kept.append(path)
            _cover(path, nests, covered)
    return sorted(kept)


def _cover(path: str, nests: Mapping[str, Iterable[str]], covered: set[str]) -> None:
    pending = [path]
    while pending:
        at = pending.pop()
        if at not in covered:
            covered.add(at)
            pending += nests.get(at, ())


def _may_nest(file: SourceFile) -> bool:
    return STACK.encode() in file.data and b"TemplateURL" in file.data


def _nested_in(reading: Reading, path: str, inputs: Inputs) -> set[str]:
    """The files among those to judge that the stacks of a template surely nest."""
    template, _ = reading.template(path)
    if template is None:
        return set()
    evaluator = Evaluator(template, Choices(template, inputs.parameters).by_default(), FUNCTIONS)
    found = set()
    for declared in (*template.resources.values(), *evaluator.made_resources.values()):
        if declared.type != STACK:
            continue
        inside = evaluator.within(declared.bound)
        condition = declared.parts.get("Condition")
        if condition is not None and inside.truth_of_name(condition.value).value is False:
            continue
        properties = declared.parts.get("Properties")
        url = member(properties.value, "TemplateURL") if properties else None
        child = local_path(inside, url) if url is not None else None
        if child is not None and child in reading.files and reading.nested(child) is not None:
            found.add(child)
    return found
