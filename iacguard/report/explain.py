"""A policy explained in a terminal: what it finds, why that matters, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from iacguard.findings import Rule
from iacguard.report.text import printable, wrap

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_NAMES = {"terraform": "Terraform", "cloudformation": "CloudFormation", "kubernetes": "Kubernetes"}
_WIDEST = 100


def explain(rule: Rule, color: bool, width: int, conditions: Mapping[str, str] | None = None) -> str:
    """``rule`` as text of at most ``width`` columns (code is not wrapped).

    ``conditions``, if given, are shown too: the parts of the policy by their keys, in order.
    """
    width = max(40, min(width, _WIDEST))

    def heading(text: str) -> str:
        return f"{_BOLD}{text}{_RESET}" if color else text

    lines = [heading(printable(rule.id)), *wrap(printable(rule.title), width), ""]
    lines += [f"  {name:<11}{text}" for name, text in _facts(rule)]
    lines += ["", heading("Why"), *_paragraphs(rule.why, width), "", heading("How to fix")]
    lines += _paragraphs(rule.fix.text, width)
    for name, code in rule.fix.snippets.items():
        lines += ["", f"  {_NAMES[name]}:", *("    " + _code(line) for line in code.strip("\n").split("\n"))]
    if conditions:
        lines += ["", heading("How it decides")]
        lines += [f"  {name:<7}{_code(' '.join(text.split()))}" for name, text in conditions.items()]
    if rule.references:
        lines += ["", heading("References"), *("  " + printable(url) for url in rule.references)]
    return "\n".join(lines) + "\n"


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "severity", rule.severity
    yield "category", rule.category
    yield "decides", printable(", ".join(rule.resources))
    if rule.aliases:
        yield "also known", printable(", ".join(rule.aliases))
    for name, controls in sorted(rule.frameworks.items()):
        yield "framework", printable(f"{name}: {', '.join(controls)}")


def _paragraphs(text: str, width: int) -> Iterable[str]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ""
        yield from ("  " + line for line in wrap(printable(" ".join(paragraph.split())), width - 2))


def _code(line: str) -> str:
    return printable(line.rstrip().replace("\t", "    "))
