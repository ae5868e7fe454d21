"""``iacguard policy coverage`` as a user runs it."""

import json

from tests.cli.conftest import ROOT, Run


def test_the_command_counts_the_catalogue(run: Run) -> None:
    done = run(ROOT, "policy", "coverage", "--against", "docs/peer-rules.csv", "--format", "json")
    groups = {g["name"]: g for g in json.loads(done.stdout)}
    assert groups["the five risks"]["rules"] == 887
    assert groups["workload hardening and secrets"]["rules"] == 180
    assert groups["others"]["rules"] == 685
    assert groups["the five risks"]["share"] > 60


def test_the_command_says_what_it_needs(run: Run) -> None:
    assert run(ROOT, "policy", "coverage").returncode == 2
    assert run(ROOT, "policy", "coverage", "--against", "nowhere.csv").returncode == 2
