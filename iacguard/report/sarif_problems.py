"""SARIF's notifications: what went wrong with the input, and what was left out of the report."""

from __future__ import annotations

from typing import Any, Final

from iacguard.findings import Problem, ProblemKind, ScanResult
from iacguard.report.jsontext import quoted
from iacguard.report.sarif_places import is_inside, location
from iacguard.report.sarif_rules import sentence

_MEANINGS: Final[dict[ProblemKind, str]] = {
    "unreadable": "A file or folder could not be read.",
    "encoding": "A file is not UTF-8 text.",
    "too-large": "An input is over a limit.",
    "syntax": "A file's own language rejects it.",
    "module": "A module could not be found, read or finished.",
    "reference": "The code names something that does not exist.",
    "value": "An expression must fail when it is applied.",
    "not-evaluated": "An input was recognised and is not evaluated.",
    "policy": "A policy failed while deciding.",
    "internal": "A defect of iacguard.",
}


def notification_descriptors(result: ScanResult) -> list[dict[str, Any]]:
    """A descriptor of each kind of problem that occurs, sorted by its name."""
    return [_descriptor(kind) for kind in sorted({problem.kind for problem in result.problems})]


def _descriptor(kind: ProblemKind) -> dict[str, Any]:
    meaning = _MEANINGS[kind]
    return {
        "id": kind,
        "name": "".join(part.capitalize() for part in kind.split("-")) + "Problem",
        "shortDescription": {"text": meaning},
        "fullDescription": {"text": meaning},
        "help": {"text": f"{meaning} What was not read was not checked: mend it and scan again."},
    }


def notification(problem: Problem) -> str:
    """A problem as a ``notification``, as JSON text: an error makes the scan incomplete, a note does not."""
    text = sentence(problem.message.replace("](", "] ("))
    if problem.hint:
        text += f" Hint: {sentence(problem.hint)}"
    places = ""
    if is_inside(problem.span) and problem.span.file != ".":
        places = f',"locations":[{{"physicalLocation":{location(problem.span)}}}]'
    elif problem.span.file not in ("", "."):
        text = f"{problem.span.file}:{problem.span.line}: {text}"
    level = "note" if problem.notice else "error"
    return f'{{"descriptor":{{"id":"{problem.kind}"}},"level":"{level}","message":{{"text":{quoted(text)}}}{places}}}'


def left_out(count: int) -> dict[str, Any]:
    """Says that the report is over a limit of GitHub's."""
    what = "The least severe result was" if count == 1 else f"The {count:,} least severe results were"
    return {
        "level": "warning",
        "message": {"text": f"{what} left out: the report would be over GitHub's limits. Use --severity or --select."},
    }
