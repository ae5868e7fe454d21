"""What all clouds share: one spelling, statements and bindings, firewall rules, and sub-resources in their parents."""

from __future__ import annotations

from iacguard.findings import Problem
from iacguard.model import Edge
from iacguard.normalise.aliases import adapt
from iacguard.normalise.bindings import add_bindings, parent_type
from iacguard.normalise.draft import Draft
from iacguard.normalise.firewall import add_rules
from iacguard.normalise.fold import fold
from iacguard.normalise.prefixlists import open_prefix_lists
from iacguard.normalise.scripts import add_lines
from iacguard.normalise.statements import add_statements


def cloud(drafts: list[Draft], edges: list[Edge], problems: list[Problem]) -> None:
    """Give the resources of a cloud, which speak Terraform's names by now, what policies ask for."""
    for draft in drafts:
        adapt(draft)
        add_lines(draft)
        if draft.type.startswith("aws_"):
            add_statements(draft, problems)
        elif parent_type(draft.type):
            add_bindings(draft, problems)
        add_rules(draft)
    open_prefix_lists(drafts)
    fold(drafts, edges)
