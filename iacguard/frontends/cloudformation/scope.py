"""What a template is evaluated under, and what evaluating it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.parameters import Parameter
from iacguard.model import Reference
from iacguard.record import field, record


@record
class Scope:
    """What a template is evaluated under.

    ``assumed`` are conditions taken as given, whatever they say themselves, ``settled`` comparisons (by their text,
    :func:`canonical`) taken as given. ``hangs``: the reason of an unknown -> the choice of the deployer that would
    settle it. ``prefix`` is the way to a nested stack ("Network/"), "" for a template by itself.
    """

    parameters: Mapping[str, Parameter]
    assumed: Mapping[str, bool] = field(default_factory=dict)
    settled: Mapping[str, bool] = field(default_factory=dict)
    hangs: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""


@record(frozen=False)
class Record:
    """What an evaluation leaves behind, over all nested stacks.

    ``referred`` and ``touched`` are emptied between resources, and between their properties; ``hangs`` are the reasons
    that were made on the way, ``made`` counts what loops made; ``echoing`` are the resources whose own properties are
    being asked for.
    """

    problems: dict[Problem, None] = field(default_factory=dict)
    referred: list[Reference] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    hangs: dict[str, str] = field(default_factory=dict)
    made: int = 0
    echoing: list[str] = field(default_factory=list)
