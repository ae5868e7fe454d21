"""CloudFormation templates, YAML and JSON, each with the stacks nested in it as one stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from iacguard.frontends.cloudformation.attributes import RESOURCE_KEY
from iacguard.frontends.cloudformation.choices import Choices
from iacguard.frontends.cloudformation.evaluation import evaluated, without_impossible
from iacguard.frontends.cloudformation.nested import Nest
from iacguard.frontends.cloudformation.reading import Reading, roots
from iacguard.frontends.cloudformation.suppressions import suppressions
from iacguard.frontends.cloudformation.worlds import TemplateAlternatives, stack_of
from iacguard.frontends.contract import Inputs, Stack, Task, Workspace
from iacguard.record import replace
from iacguard.source import SourceFile

__all__ = ["RESOURCE_KEY", "load", "prepare"]


def prepare(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Task]:
    """A task for each template that is not only there to be nested in another one."""
    reading = Reading({file.path: file for file in files}, workspace)
    return [Task(path, partial(_stack, reading, path, inputs)) for path in roots(reading, inputs)]


def load(files: Sequence[SourceFile], workspace: Workspace, inputs: Inputs) -> Iterable[Stack]:
    """One stack a template, named after its file; addresses are logical ids, attributes the evaluated Properties.

    Parameters have the values that the user gives, else their defaults. A resource that does not exist then is left
    out; ``Stack.alternatives`` has it.
    """
    return (task.evaluate() for task in prepare(files, workspace, inputs))


def _stack(reading: Reading, path: str, inputs: Inputs) -> Stack:
    template, problems = reading.template(path)
    if template is None:
        return Stack(path, "cloudformation", (), (), problems)
    choices = Choices(template, inputs.parameters)
    library = reading.nested
    found = evaluated(template, choices.by_default(), Nest(library))
    found = without_impossible(found, choices, choices.defaults)
    accepted = suppressions(found)
    problems = (*problems, *choices.refused(), *found.record.problems)
    for evaluator in found.evaluators[1:]:
        problems = (*problems, *reading.template(evaluator.origin.file.path)[1])
    problems = tuple(dict.fromkeys(problems))
    return replace(
        stack_of(path, found),
        problems=problems,
        facts={f"parameter:{name}": "given" for name in choices.declared if name in inputs.parameters},
        suppressions=accepted,
        alternatives=TemplateAlternatives(path, choices, library, found, problems) if found.touched else None,
    )
