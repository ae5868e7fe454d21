"""Every project in fixtures/ gives what its expected.yaml says: what must be found, and what must not."""

from pathlib import Path

import pytest
import yaml

from iacguard.findings import Finding
from iacguard.policy import load_pack
from iacguard.scan import ScanRequest, scan

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROJECTS = sorted(p.parent.name for p in FIXTURES.glob("*/expected.yaml"))


def found_in(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(f.rule.id, address) for f in findings if f.verdict == "violated" for address in f.instances}


def test_there_are_enough_projects() -> None:
    assert len(PROJECTS) >= 15


@pytest.mark.parametrize("project", PROJECTS)
def test_project(project: str) -> None:
    expected = yaml.safe_load((FIXTURES / project / "expected.yaml").read_text())
    result = scan(ScanRequest((str(FIXTURES / project),)))
    known = {rule.id for rule in load_pack().rules}
    named = {entry["policy"] for side in ("must", "must_not") for entry in expected[side]}
    assert named <= known, "expected.yaml names policies that do not exist"
    addresses = {entry["resource"] for entry in expected["must"]}
    assert result.complete, [p.message for p in result.problems]
    found = found_in(result.findings)
    missed = {(e["policy"], e["resource"]) for e in expected["must"]} - found
    wrong = {(e["policy"], e["resource"]) for e in expected["must_not"]} & found
    assert not missed, f"not found; found instead: {sorted(f for f in found if f[1] in addresses)}"
    assert not wrong
    assert (FIXTURES / project / "prompt.md").read_text().strip()
