"""The functions that policies may call: literal tables, one a subject."""

from __future__ import annotations

from iacguard.policy.functions import (
    builtin,
    commands,
    graph,
    iam,
    iam_accounts,
    iam_denials,
    iam_reach,
    iam_union,
    kubernetes,
    network,
    reach,
    secrets,
    text,
    times,
)
from iacguard.policy.functions.base import Function, ask, invoke

__all__ = ["FUNCTIONS", "SECTIONS", "Function", "ask", "invoke"]

#: By subject, in the order of the documentation.
SECTIONS: tuple[tuple[str, tuple[Function, ...]], ...] = (
    ("Lists and values", builtin.LISTS),
    ("The resource and the graph", graph.FUNCTIONS),
    ("Addresses and ports", (*network.FUNCTIONS, *reach.FUNCTIONS)),
    (
        "IAM statements",
        (*iam.FUNCTIONS, *iam_reach.FUNCTIONS, *iam_union.FUNCTIONS, *iam_accounts.FUNCTIONS, *iam_denials.FUNCTIONS),
    ),
    ("Texts, versions and secrets", (*text.FUNCTIONS, *secrets.FUNCTIONS)),
    ("Kubernetes", (*kubernetes.FUNCTIONS, *commands.FUNCTIONS)),
    ("Lengths of time", times.FUNCTIONS),
    ("JMESPath's own", builtin.JMESPATH),
)

FUNCTIONS: dict[str, Function] = {f.name: f for _, table in SECTIONS for f in table}
