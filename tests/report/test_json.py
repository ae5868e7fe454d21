from __future__ import annotations

import json
from typing import Any

from iacguard.findings import Finding, Rule, ScanResult
from iacguard.model import Span
from iacguard.record import fields, replace
from iacguard.report import REPORTERS, ReportOptions


def report(result: ScanResult) -> Any:
    text = REPORTERS["json"](result, ReportOptions())
    assert text.isascii()
    return json.loads(text)


def test_everything_of_the_result_is_in_it(broken: ScanResult) -> None:
    data = report(broken)
    assert (data["version"], data["base"], data["complete"]) == ("1.2.3", "/srv/my project", False)
    assert data["checkout"]["branch"] == "main"
    assert data["summary"] == {
        "files": {"kubernetes": 1, "terraform": 3},
        "resources": {"kubernetes": 1, "terraform": 10},
        "stacks": 2,
        "policies": 80,
        "decided": 300,
        "undecided": 5,
        "findings": {"critical": 1, "high": 1, "medium": 1, "low": 0},
        "suppressed": 0,
        "problems": 3,
        "notices": 1,
        "passed_over": 1,
    }
    assert [f["rule"] for f in data["findings"]] == [f.rule.id for f in broken.findings[:3]]
    assert [f["rule"] for f in data["undecided"]] == [broken.findings[3].rule.id]
    assert [p["kind"] for p in data["problems"]] == ["module", "unreadable", "syntax", "not-evaluated"]
    assert data["passed_over"] == [{"file": "notes.yaml", "reason": "not infrastructure code"}]
    assert [r["id"] for r in data["rules"]] == [r.id for r in broken.rules]


def test_no_field_of_a_finding_or_rule_is_forgotten(full: ScanResult) -> None:
    data = report(full)
    renamed = {"span": "place", "source_lines": "source"}
    assert {renamed.get(name, name) for name in fields(Finding)} <= set(data["findings"][0])
    assert set(fields(Rule)) <= set(data["rules"][0])


def test_a_finding(full: ScanResult) -> None:
    finding = report(full)["findings"][1]
    assert finding["place"] == {
        "file": "modules/net/main.tf",
        "line": 12,
        "column": 5,
        "end_line": 12,
        "end_column": 29,
    }
    assert finding["source"] == ["    cidr_blocks = [var.cidr]"]
    assert finding["trail"][0]["note"] == 'default of variable "cidr"'
    assert finding["trail"][0]["place"]["file"] == "variables.tf"
    assert len(finding["instances"]) == 6


def test_a_minified_line_is_cut_around_its_region(full: ScanResult) -> None:
    line = "x" * 5_000 + "HERE" + "y" * 5_000
    long = replace(full.findings[0], span=Span("a.json", 1, 5_001, 1, 5_005), source_lines=(line,))
    (source,) = report(replace(full, findings=(long,)))["findings"][0]["source"]
    assert len(source) == 1_000
    assert "xHEREy" in source


def test_nothing_found(clean: ScanResult) -> None:
    data = report(clean)
    assert (data["findings"], data["undecided"], data["problems"], data["complete"]) == ([], [], [], True)
