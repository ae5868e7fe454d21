"""``iacguard graph``: the evaluated resources and what links them, as JSON or for Graphviz."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iacguard.cli.options import ALLOW_INCOMPLETE, CLOUDFORMATION, KUBERNETES, TERRAFORM, Argument, Command, Option
from iacguard.cli.status import CLEAN, INCOMPLETE
from iacguard.cli.terraform import settings

if TYPE_CHECKING:
    from iacguard.findings import Problem
    from iacguard.frontends.contract import Stack
    from iacguard.model import Graph, Resource

_HELP = """Show the resources that the code creates, with evaluated attributes, and how they refer to each other.

What the code alone does not determine is {"$unknown": "reason"}; secrets are masked.

\b
Examples:
  iacguard graph . --format json
  iacguard graph infra --format dot | dot -Tsvg -o graph.svg

\b
Exit status:
  0  everything was read
  2  the run could not start
  3  part of the input could not be read (--allow-incomplete accepts that)
"""


def graph(
    *,
    paths: tuple[str, ...],
    format_: str,
    output: str,
    allow_incomplete: bool,
    **code: Any,
) -> int:
    """Print the graph, and return the exit status. ``code``: the options on how code is read."""
    from iacguard.cli.outputs import STDOUT, write
    from iacguard.cli.summary import Speaker
    from iacguard.cli.terminal import Terminal, print_out, say
    from iacguard.scan import ScanRequest, graphs

    terminal = Terminal.detect()
    request = ScanRequest(paths=paths, **settings(code))
    stacks, problems = graphs(request)
    text = as_json(stacks, problems) if format_ == "json" else as_dot(stacks)
    if output == STDOUT:
        print_out(text)
    else:
        write(output, text)
    for line in Speaker(terminal.err_color).problems(problems):
        say(line)
    complete = all(problem.notice for problem in problems)
    return CLEAN if complete or allow_incomplete else INCOMPLETE


def as_json(stacks: Sequence[tuple[Stack, Graph]], problems: Sequence[Problem]) -> str:
    """The graphs in the shape that ``docs/json-report.md`` promises; one resource and one edge a line."""
    from iacguard.report.jsonreport import problem_record
    from iacguard.report.jsontext import members, rows

    resources = [_record(stack, item) for stack, linked in stacks for item in linked.resources]
    edges = [
        {"source": e.source, "target": e.target, "attribute": e.attribute, "stack": stack.name}
        for stack, linked in stacks
        for e in linked.edges
    ]
    texts = {"resources": rows(resources), "edges": rows(edges), "problems": rows(map(problem_record, problems))}
    return members({}, texts) + "\n"


def _record(stack: Stack, resource: Resource) -> dict[str, Any]:
    from iacguard.report.graphvalues import plain

    return {
        "address": resource.address,
        "type": resource.type,
        "native_type": resource.native_type,
        "format": resource.format,
        "file": resource.span.file,
        "line": resource.span.line,
        "stack": stack.name,
        "module": resource.module,
        "parent": resource.parent,
        "attributes": plain(resource.attributes, resource.type),
    }


def as_dot(stacks: Sequence[tuple[Stack, Graph]]) -> str:
    """The graphs in Graphviz' language, a cluster for every stack."""
    lines = ["digraph iacguard {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for number, (stack, linked) in enumerate(stacks):
        lines += [f"  subgraph cluster_{number} {{", f"    label={_quoted(stack.name or 'manifests')};"]
        lines += [
            f"    {_quoted(f'{number}/{item.address}')} [label={_quoted(item.address)}];" for item in linked.resources
        ]
        lines.append("  }")
        for edge in linked.edges:
            ends = f"{_quoted(f'{number}/{edge.source}')} -> {_quoted(f'{number}/{edge.target}')}"
            lines.append(f"  {ends} [label={_quoted(edge.attribute)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    from iacguard.report.text import printable

    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


COMMAND = Command(
    name="graph",
    run=graph,
    summary="Show what the code would create.",
    help=_HELP,
    argument=Argument("paths", "PATH", "Folders and files to read.", many=True),
    options=(
        Option(
            "format_",
            ("--format", "-f"),
            "one",
            "json, or dot for Graphviz.",
            default="json",
            choices=("json", "dot"),
        ),
        Option("output", ("--output", "-o"), "one", "File instead of standard output.", "FILE", default="-"),
        *TERRAFORM,
        *CLOUDFORMATION,
        *KUBERNETES,
        ALLOW_INCOMPLETE,
    ),
)
