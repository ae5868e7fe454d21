"""Checkov: a second scanner beside this one. https://www.checkov.io

It is a program of another environment: its ``bc-python-hcl2`` and our ``python-hcl2`` both install the module ``hcl2``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from iacguard.findings import OtherFinding, OtherRule, OtherRun
from iacguard.model import Span
from iacguard.others.process import Request, call

NAME = "checkov"
_HOME = "https://www.checkov.io"
#: Files go to it by name, so that it looks at what the scan looked at and reads no configuration beside it.
_BATCH = 200


def run(request: Request) -> OtherRun:
    """Everything that Checkov's offline policies find in the scan's files, in the order of places."""
    paths = sorted({path for files in request.files.values() for path in files if request.shows(path)})
    rules: dict[str, OtherRule] = {}
    findings: set[OtherFinding] = set()
    failures: list[str] = []
    version = ""
    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        named = [word for path in batch for word in ("-f", os.path.join(request.base, path))]
        options = ["-o", "json", "--quiet", "--compact", "--soft-fail", "--skip-download"]
        output = call([request.program, *options, *named])
        try:
            reports = json.loads(output.text) if not output.failure else []
        except ValueError:
            output, reports = output._replace(failure="it printed something else than JSON"), []
        if output.failure:
            failures.append(output.failure)
        for report in reports if isinstance(reports, list) else [reports]:
            version = str(report.get("summary", {}).get("checkov_version") or version)
            for rule, finding in _findings(report, request.base, set(batch)):
                rules.setdefault(rule.id, rule)
                findings.add(finding)
    ordered = tuple(sorted(findings, key=lambda f: (f.span, f.rule, f.message)))
    told = tuple(rules[name] for name in sorted(rules))
    return OtherRun(NAME, version, _HOME, told, ordered, "; ".join(dict.fromkeys(failures)))


def _findings(report: Any, base: str, known: set[str]) -> Iterator[tuple[OtherRule, OtherFinding]]:
    # Where it found nothing to look at, a report is {"passed": 0, ...} without results.
    for record in report.get("results", {}).get("failed_checks", ()):
        file = os.path.relpath(record["file_abs_path"], base).replace(os.sep, "/")
        if file not in known:
            continue
        first, last = (max(1, int(line)) for line in record["file_line_range"])
        title = str(record["check_name"])
        yield (
            OtherRule(record["check_id"], title, record.get("guideline") or ""),
            OtherFinding(
                record["check_id"],
                "warning",
                title,
                Span(file, first, 1, max(first, last), 2),
                _address(str(record.get("resource") or "")),
            ),
        )


def _address(resource: str) -> str:
    """Checkov puts the type before a CloudFormation resource's id: ``AWS::S3::Bucket.Logs``."""
    type_, _, name = resource.partition(".")
    return name if "::" in type_ else resource
