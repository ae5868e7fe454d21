"""Every case of fixtures/broken: the run ends, says one clear line about what is broken, and keeps the good file."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Ran, run_iacguard

BROKEN = ROOT / "fixtures" / "broken"
CASES = sorted(p.name for p in BROKEN.iterdir() if p.is_dir())

#: What must be said, as "kind message" (a pattern), and in which file.
PROBLEMS = {
    "alias-bomb": ("bomb.yaml", r"too-large .*"),
    "binary": ("main.tf", r"encoding the file holds binary data"),
    "circular-conditions": ("stack.yaml", r"reference condition .* depends on itself.*"),
    "circular-locals": ("main.tf", r"(?:value|reference) .*(circ|itself|cycle).*"),
    "circular-module": (r"main.tf|a/main.tf|b/main.tf", r"module .*(circ|itself|cycle).*"),
    "control-characters-yaml": ("pod.yaml", r"syntax .*"),
    "endless-count": ("main.tf", r"too-large .*"),
    "invalid-utf8-terraform": ("main.tf", r"encoding byte 0xe9 is not valid UTF-8"),
    "invalid-utf8-yaml": ("pod.yaml", r"encoding byte 0xe4 is not valid UTF-8"),
    "merge-bomb": ("bomb.yaml", r"too-large .*"),
    "merge-conflict": ("main.tf", r"syntax .*"),
    "missing-module": ("main.tf", r"module .*modules/net.*"),
    "missing-reference": ("stack.yaml", r"reference .*Nowhere.*"),
    "module-outside": ("main.tf", r"module .*"),
    "module-that-calls-itself": (r"main.tf|self/main.tf", r"module .*(circ|itself|cycle).*"),
    "second-document-broken": ("pod.yaml", r"syntax .*"),
    "self-alias": ("pod.yaml", r"(syntax|value|too-large) .*"),
    "tab-in-yaml": ("pod.yaml", r"syntax .*tab.*"),
    "text-that-doubles": ("main.tf", r"too-large .*"),
    "truncated-json": ("stack.json", r"syntax .*"),
    "unclosed-brace": ("main.tf", r"syntax .*"),
    "unclosed-heredoc": ("main.tf", r"syntax .*"),
    "unclosed-string": ("main.tf", r"syntax .*"),
    "unknown-alias": ("pod.yaml", r"syntax .*undefined alias.*"),
    "utf-16-terraform": ("main.tf", r"encoding the file is UTF-16, not UTF-8"),
    "utf-16-yaml": ("pod.yaml", r"encoding the file is UTF-16, not UTF-8"),
    "value-that-doubles": ("main.tf", r"too-large .*"),
    "wrong-shapes-template": ("stack.yaml", r"(?:syntax|value) .*"),
}
#: What the language's own tools would refuse: a notice, as nothing of the file is lost.
NOTICES = {
    "duplicate-keys": ("pod.yaml", r"\w+ .*hostNetwork.*"),
    "endless-range": ("main.tf", r"value range: .*"),
    "large-power": ("main.tf", r"value pow: .*"),
    "slow-pattern": ("main.tf", r"value regex: .*"),
    "wrong-shapes": ("pod.yaml", r"\w+ .*"),
}
#: Too large to evaluate: a value that is not known, with the reason in the graph.
LIMITS = {
    "product-that-squares": "a setproduct of 65536 items is not evaluated",
    "wide-format": "the format asks for a text that is too wide",
}
#: Nothing that keeps us from reading: these addresses have findings.
STRANGE = {
    "byte-order-mark": "aws_security_group.marked",
    "byte-order-mark-yaml": "Pod/default/marked",
    "circular-references": "Good",
    "crlf": "aws_security_group.windows",
    "crlf-yaml": "Pod/default/windows",
    "empty": "aws_security_group.good",
    "markup": "aws_security_group.markup",
    "markup-yaml": "Pod/default/good",
    "terminal-escapes": "aws_security_group.escapes",
    "terminal-escapes-yaml": "Pod/default/good",
}
GOOD = {"aws_security_group.good", "Pod/default/good", "Good"}
FORMATS = ("table", "json", "sarif")


def scan(case: str, format_: str = "sarif") -> Ran:
    return run_iacguard("scan", BROKEN / case, "--format", format_, timeout=60)


def addresses(ran: Ran) -> set[str]:
    return {r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for r in results(ran)}


def results(ran: Ran) -> list[dict[str, Any]]:
    return [result for run in ran.json["runs"] for result in run["results"]]


def is_said(ran: Ran, case: str, file: str, said: str) -> bool:
    kind, _, message = said.partition(" ")
    line = rf"^fixtures/broken/{case}/(?:{file}):\d+:\d+ {kind}: {message}"
    return re.search(line, ran.said, re.MULTILINE) is not None


def unsafe(text: str) -> list[str]:
    """Characters that steer a terminal, hide text or turn its direction."""
    return [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co")]


def test_every_case_is_judged() -> None:
    assert sorted(PROBLEMS.keys() | NOTICES.keys() | LIMITS.keys() | STRANGE.keys()) == CASES


@pytest.mark.parametrize("case", sorted(PROBLEMS))
def test_broken_input_is_said_and_the_rest_stays(case: str) -> None:
    ran = scan(case)
    assert is_said(ran, case, *PROBLEMS[case]), ran.said
    assert ran.status == 3
    assert addresses(ran) & GOOD
    assert "Traceback" not in ran.said
    assert not re.search(r"^\S+ internal: ", ran.said, re.MULTILINE), ran.said
    [invocation] = ran.json["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"]


@pytest.mark.parametrize("case", sorted(NOTICES))
def test_what_is_refused_later_is_a_notice(case: str) -> None:
    ran = scan(case)
    assert is_said(ran, case, *NOTICES[case]), ran.said
    assert ran.status == 1
    assert addresses(ran) & GOOD


@pytest.mark.parametrize("case", sorted(LIMITS))
def test_what_is_too_large_is_not_known_and_says_why(case: str) -> None:
    assert addresses(scan(case)) & GOOD
    graph = run_iacguard("graph", BROKEN / case, "--format", "json", timeout=60).json
    [bucket] = [r for r in graph["resources"] if r["address"] == "aws_s3_bucket.b"]
    assert bucket["attributes"]["bucket"] == {"$unknown": LIMITS[case]}


@pytest.mark.parametrize("case", sorted(STRANGE))
def test_strange_input_is_read_right(case: str) -> None:
    ran = scan(case)
    assert ran.status == 1, ran.said
    assert STRANGE[case] in addresses(ran)
    assert addresses(ran) & GOOD


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("case", sorted(c for c in CASES if "escapes" in c or "markup" in c or "control" in c))
def test_nothing_in_the_input_steers_the_output(case: str, format_: str) -> None:
    ran = scan(case, format_)
    assert unsafe(ran.stdout.decode()) == []
    assert unsafe(ran.said) == []


def test_marks_and_line_ends_do_not_move_the_place() -> None:
    places: dict[tuple[str, str], Any] = {}
    for case in ("byte-order-mark", "crlf", "empty"):
        for result in results(scan(case)):
            place = result["locations"][0]
            name = place["logicalLocations"][0]["fullyQualifiedName"]
            region = place["physicalLocation"]["region"]
            places.setdefault((name, result["ruleId"]), region)
    rules = {rule for name, rule in places if name == "aws_security_group.good"}
    assert rules
    for rule in rules:
        good = places["aws_security_group.good", rule]
        for name in ("aws_security_group.marked", "aws_security_group.windows"):
            place = places[name, rule]
            keys = ("startLine", "startColumn", "endLine")
            assert [place[k] for k in keys] == [good[k] for k in keys]


def test_all_of_it_at_once_keeps_every_good_finding() -> None:
    ran = run_iacguard("scan", BROKEN, "--format", "sarif", timeout=120)
    assert ran.status == 3
    files = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results(ran)}
    expected = {f"fixtures/broken/{p.parent.name}/{p.name}" for p in BROKEN.glob("*/good.*")}
    assert expected <= files
    assert Path(BROKEN / "empty" / "main.tf").stat().st_size == 0
