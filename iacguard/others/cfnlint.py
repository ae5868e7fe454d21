"""cfn-lint: whether a CloudFormation template is valid. https://github.com/aws-cloudformation/cfn-lint

It is an extra (``pip install iacguard[cfn-lint]``) and runs in a process of its own: its import costs a second, and it
reads files and settings that a scanned folder should not choose. Settings in a template's Metadata count.
"""

from __future__ import annotations

import glob
import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from iacguard.findings import Level, OtherFinding, OtherRule, OtherRun
from iacguard.model import Span
from iacguard.others.process import Request, call

NAME = "cfn-lint"
_HOME = "https://github.com/aws-cloudformation/cfn-lint"
_LEVELS: dict[str, Level] = {"Error": "error", "Warning": "warning", "Informational": "note"}
#: So many templates go to one process.
_BATCH = 50


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("cfnlint") is not None


def run(request: Request) -> OtherRun:
    """Everything that cfn-lint says of the scan's templates, in the order of places."""
    paths = [path for path in request.files.get("cloudformation", ()) if request.shows(path)]
    rules: dict[str, OtherRule] = {}
    findings: set[OtherFinding] = set()
    failures: list[str] = []
    for start in range(0, len(paths), _BATCH):
        failure = _batch(request.base, paths[start : start + _BATCH], rules, findings)
        if failure:
            failures.append(failure)
    ordered = tuple(sorted(findings, key=lambda f: (f.span, f.rule, f.message)))
    return OtherRun(
        NAME,
        _version(),
        _HOME,
        tuple(rules[name] for name in sorted(rules)),
        ordered,
        "; ".join(dict.fromkeys(failures)),
    )


def _version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:
        return ""


def _batch(base: str, paths: list[str], rules: dict[str, OtherRule], findings: set[OtherFinding]) -> str:
    """Lint some templates; gives why that failed, "" where it did not."""
    found = find_spec("cfnlint")
    folder = os.path.dirname(os.path.dirname(found.origin)) if found is not None and found.origin else ""
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", "--format", "json", "--"]
    files = [glob.escape(os.path.join(base, path)) for path in paths]  # it takes patterns
    output = call([*command, *files], {"PYTHONPATH": folder, "PYTHONUTF8": "1"})
    if output.failure:
        return output.failure
    try:
        records = json.loads(output.text)
    except ValueError:
        return "it printed something else than JSON"
    known = {os.path.join(base, path): path for path in paths}
    for rule, finding in _findings(records, known):
        rules.setdefault(rule.id, rule)
        findings.add(finding)
    return ""


def _findings(records: Any, known: dict[str, str]) -> Iterator[tuple[OtherRule, OtherFinding]]:
    for record in records if isinstance(records, list) else ():
        rule, place = record["Rule"], record["Location"]
        file = known.get(os.path.normpath(record["Filename"]))
        if file is None:
            continue
        line, column = _position(place["Start"])
        end_line, end_column = _position(place["End"])
        if (end_line, end_column) <= (line, column):
            end_line, end_column = line, column + 1
        path = place.get("Path") or []
        address = str(path[1]) if len(path) > 1 and path[0] == "Resources" else ""
        yield (
            OtherRule(rule["Id"], rule["ShortDescription"], rule.get("Source") or ""),
            OtherFinding(
                rule["Id"],
                _LEVELS.get(record["Level"], "warning"),
                record["Message"],
                Span(file, line, column, end_line, end_column),
                address,
            ),
        )


def _position(mark: Any) -> tuple[int, int]:
    return max(1, int(mark["LineNumber"])), max(1, int(mark["ColumnNumber"]))
