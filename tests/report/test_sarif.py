"""What GitHub code scanning documents of SARIF, clause by clause."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from iacguard.findings import Checkout, Finding, ScanResult
from iacguard.model import Span, Step
from iacguard.record import replace
from iacguard.report import REPORTERS, ReportOptions, sarif
from iacguard.report.sarif_places import base_uri, relative_uri


def run_of(result: ScanResult, *, undecided: bool = False) -> Any:
    log = json.loads(REPORTERS["sarif"](result, ReportOptions(show_undecided=undecided)))
    assert log["version"] == "2.1.0"
    assert log["$schema"].startswith("https://")
    (run,) = log["runs"]
    return run


def test_a_clean_scan_has_an_empty_list_of_results(clean: ScanResult) -> None:
    run = run_of(clean)
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_the_driver_and_its_rules(full: ScanResult) -> None:
    driver = run_of(full)["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("iacguard", "1.2.3")
    assert driver["informationUri"].startswith("https://")
    rules = {rule["id"]: rule for rule in driver["rules"]}
    # Only those with a result that is shown, in order.
    assert list(rules) == [
        "aws-ec2-security-group-ssh-open",
        "aws-s3-bucket-public-acl",
        "kubernetes-workload-privileged",
    ]
    rule = rules["aws-ec2-security-group-ssh-open"]
    assert rule["name"] == "AwsEc2SecurityGroupSshOpen"
    assert rule["helpUri"].endswith("/docs/policies/aws-ec2-security-group-ssh-open.md")
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "```hcl" in rule["help"]["markdown"]
    assert "Name the address ranges" in rule["help"]["text"]
    properties = rule["properties"]
    assert properties["security-severity"] == "8.0"
    assert properties["precision"] == "high"
    assert properties["tags"] == ["security", "open-ingress", "aws", "external/cwe/cwe-284"]
    assert (properties["aliases"], properties["category"]) == (["CKV_AWS_24"], "open-ingress")


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [("critical", "error", "9.5"), ("high", "error", "8.0"), ("medium", "warning", "5.5"), ("low", "note", "2.0")],
)
def test_severities(full: ScanResult, severity: Any, level: str, score: str) -> None:
    finding = full.findings[0]
    run = run_of(replace(full, findings=(replace(finding, rule=replace(finding.rule, severity=severity)),)))
    assert run["results"][0]["level"] == level
    assert run["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == score


def test_descriptions_and_tags_have_limits(full: ScanResult) -> None:
    rule = replace(full.findings[0].rule, why="w" * 3000, frameworks={"cwe": tuple(str(n) for n in range(30))})
    run = run_of(replace(full, findings=(replace(full.findings[0], rule=rule),)))
    descriptor = run["tool"]["driver"]["rules"][0]
    assert len(descriptor["fullDescription"]["text"]) == 1024
    assert len(descriptor["properties"]["tags"]) == 10


def test_a_result_names_its_rule_place_and_resource(full: ScanResult) -> None:
    run = run_of(full)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] == region["endLine"]
        assert region["endColumn"] > region["startColumn"] >= 1
        assert len(result["partialFingerprints"]["iacguard/v1"]) == 64
    first, second, third = run["results"]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "k8s/%C3%BC%20b%25%23.yaml",
        "uriBaseId": "SRCROOT",
    }
    assert second["partialFingerprints"]["primaryLocationLineHash"] == "b1ae1287ec4718d9:1"
    assert second["properties"]["instanceCount"] == 6
    names = [place["fullyQualifiedName"] for place in third["locations"][0]["logicalLocations"]]
    assert names == ["aws_s3_bucket_acl.b", "aws_s3_bucket.b"]


def test_a_region_of_several_lines_becomes_its_first_line(full: ScanResult) -> None:
    place = run_of(full)["results"][2]["locations"][0]["physicalLocation"]
    region = place["region"]
    assert {key: region[key] for key in ("startLine", "startColumn", "endLine", "endColumn")} == {
        "startLine": 40,
        "startColumn": 2,
        "endLine": 40,
        "endColumn": 34,
    }
    assert (place["contextRegion"]["startLine"], place["contextRegion"]["endLine"]) == (40, 42)


def test_the_way_of_a_value_is_linked_from_the_message(full: ScanResult) -> None:
    result = run_of(full)["results"][1]
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]
    assert '[default of variable "cidr"](1)' in result["message"]["text"]
    assert '[argument "cidr" of module "net\\[a\\]"](2)' in result["message"]["text"]
    (flow,) = result["codeFlows"][0]["threadFlows"]
    places = [station["location"]["physicalLocation"]["artifactLocation"]["uri"] for station in flow["locations"]]
    assert places == ["variables.tf", "main.tf", "modules/net/main.tf"]


def test_the_input_cannot_put_links_or_control_characters_into_a_message(full: ScanResult) -> None:
    text = REPORTERS["sarif"](full, ReportOptions())
    assert text.isascii()
    assert all(character == "\n" or character.isprintable() for character in text)
    assert "](https" not in run_of(full)["results"][2]["message"]["text"]


def test_undecided_ones_only_on_request_as_review(full: ScanResult) -> None:
    assert [r["kind"] for r in run_of(full)["results"]] == ["fail"] * 3
    last = run_of(full, undecided=True)["results"][-1]
    assert (last["kind"], last["level"]) == ("review", "none")
    assert 'variable "enc" has no default' in last["message"]["text"]
    assert last["properties"]["reasons"] == ['variable "enc" has no default']


def test_every_problem_is_a_notification(broken: ScanResult) -> None:
    run = run_of(broken)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = invocation["toolExecutionNotifications"]
    assert [(n["descriptor"]["id"], n["level"], "locations" in n) for n in notes] == [
        ("module", "error", False),
        ("unreadable", "error", False),
        ("syntax", "error", True),
        ("not-evaluated", "note", True),
    ]
    assert "../outside.tfvars:4" in notes[1]["message"]["text"]
    assert notes[2]["message"]["text"] == "no closing \x1b[31mbrace. Hint: close it on line 1."
    described = {d["id"] for d in run["tool"]["driver"]["notifications"]}
    assert described == {"module", "unreadable", "syntax", "not-evaluated"}


def test_notices_alone_leave_the_execution_successful(broken: ScanResult) -> None:
    run = run_of(replace(broken, problems=broken.problems[3:]))
    assert run["invocations"][0]["executionSuccessful"] is True


def test_where_it_comes_from(full: ScanResult, clean: ScanResult) -> None:
    run = run_of(full)
    assert run["originalUriBaseIds"] == {"SRCROOT": {"uri": "file:///srv/my%20project/"}}
    assert run["automationDetails"]["id"].endswith("/")
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["versionControlProvenance"] == [
        {
            "repositoryUri": "https://example.org/team/infra",
            "revisionId": "0123456789abcdef0123456789abcdef01234567",
            "branch": "main",
            "mappedTo": {"uriBaseId": "SRCROOT"},
        }
    ]
    assert "versionControlProvenance" not in run_of(clean)
    # SARIF requires the repository's address there.
    assert "versionControlProvenance" not in run_of(replace(full, checkout=Checkout("", "0" * 40)))


def many(result: ScanResult, count: int) -> ScanResult:
    low, high = result.findings[0], result.findings[1]
    return replace(result, findings=tuple(high if n % 10 == 9 else low for n in range(count)))


def test_at_most_25000_results_the_most_severe_first(full: ScanResult) -> None:
    run = run_of(many(full, 25_100))
    assert len(run["results"]) == sarif.MAX_RESULTS
    assert sum(r["ruleId"] == "aws-ec2-security-group-ssh-open" for r in run["results"]) == 2_510
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert notes[-1]["message"]["text"].startswith("The 100 least severe results were left out")
    assert notes[-1]["level"] == "warning"


def test_compressed_size_is_kept(full: ScanResult) -> None:
    findings: list[Finding] = [
        replace(full.findings[n % 3], fingerprint=f"{n * 2**200 + n**9:064x}"[-64:]) for n in range(300)
    ]
    text = sarif._fitting(full, findings, limit=25_000, compressed=5_000)
    assert len(zlib.compress(text.encode())) <= 5_000
    run = json.loads(text)["runs"][0]
    kept = [r["ruleId"] for r in run["results"]]
    assert kept
    # The critical ones stay longest.
    assert set(kept) == {"aws-s3-bucket-public-acl"}
    assert "left out" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_long_ways_stay_below_githubs_limit(full: ScanResult) -> None:
    steps = tuple(Step(Span("v.tf", n, 1, n, 2), f"step {n}") for n in range(1, 501))
    result = run_of(replace(full, findings=(replace(full.findings[0], trail=steps),)))["results"][0]
    assert len(result["relatedLocations"]) == 100
    assert result["relatedLocations"][-1]["message"]["text"] == "step 500."


def test_places_outside_the_base_are_no_locations(full: ScanResult) -> None:
    steps = (Step(Span("../x.tfvars", 1, 1, 1, 2), "value"), Step(Span("/etc/x", 1, 1, 1, 2), "value"))
    result = run_of(replace(full, findings=(replace(full.findings[0], trail=steps),)))["results"][0]
    assert "relatedLocations" not in result


def test_no_line_or_column_is_below_one(full: ScanResult) -> None:
    odd = replace(full.findings[0], span=Span("a.tf", 0, 0, 0, 0), source_lines=())
    region = run_of(replace(full, findings=(odd,)))["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.tf", "a/b.tf"),
        ("a b?#%.tf", "a%20b%3F%23%25.tf"),
        ("c:x.tf", "c%3Ax.tf"),
        ("é[1].tf", "%C3%A9%5B1%5D.tf"),
        ("\udcff.tf", "%FF.tf"),
        ("\ud800.tf", "%ED%A0%80.tf"),
        ("back\\slash.tf", "back%5Cslash.tf"),
    ],
)
def test_uris(path: str, uri: str) -> None:
    assert relative_uri(path) == uri


def test_base_uris() -> None:
    assert base_uri("/") == "file:///"
    assert base_uri("/a b/c") == "file:///a%20b/c/"


def test_the_same_result_gives_the_same_bytes(broken: ScanResult) -> None:
    assert REPORTERS["sarif"](broken, ReportOptions()) == REPORTERS["sarif"](broken, ReportOptions())
