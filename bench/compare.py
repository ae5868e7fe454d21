"""Compares iacguard with Checkov and Trivy: ``make bench``, or ``python -m bench.compare [CORPUS...]``.

The corpora of ``corpora.toml`` are looked for below ``$IACGUARD_CORPORA``. Each round runs the three one after the
other (A B C, A B C, ...), so that a busy machine hits all of them; the first round warms the disk's cache and is not
counted. ``$IACGUARD_ROUNDS`` (default 5) rounds are. Times are of whole processes. Writes ``out/bench.json`` too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.measure import Measured, measure
from bench.scanners import ROOT, SCANNERS, Hit, Scanner

UNMAPPED = "(no alias in our policies)"


def main(wanted: Sequence[str]) -> int:
    """Run the comparison on the corpora named, all by default; returns an exit status."""
    home = os.environ.get("IACGUARD_CORPORA", "")
    if not home:
        print("set IACGUARD_CORPORA to the folder that holds the corpora of bench/corpora.toml", file=sys.stderr)
        return 2
    rounds = int(os.environ.get("IACGUARD_ROUNDS", "5"))
    corpora = list(tomllib.loads((ROOT / "bench/corpora.toml").read_text())["corpus"])
    unknown = set(wanted) - {c["name"] for c in corpora}
    if unknown:
        print(f"not in bench/corpora.toml: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    categories = rule_categories()
    report: dict[str, Any] = {"versions": versions(), "rounds": rounds, "corpora": {}}
    print("\n".join(f"{name:9} {version}" for name, version in report["versions"].items()))
    for corpus in corpora:
        if wanted and corpus["name"] not in wanted:
            continue
        folder = Path(home).resolve() / corpus["name"]
        if not folder.is_dir():
            print(f"\n{corpus['name']}: not found; git clone {corpus['repository']}", flush=True)
            continue
        report["corpora"][corpus["name"]] = compare(corpus["name"], folder, rounds, categories)
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench.json").write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")
    return 0


def versions() -> dict[str, str]:
    """What each program says of itself."""
    said = {}
    for scanner in SCANNERS:
        done = subprocess.run(scanner.version, capture_output=True, text=True, check=True)
        said[scanner.name] = done.stdout.split()[-1] if scanner.name != "Trivy" else done.stdout.split()[1]
    return said


def rule_categories() -> dict[str, str]:
    """Each rule of ours, and each rule of another scanner that one of ours names as its alias, to its category."""
    command = [str(ROOT / ".venv/bin/iacguard"), "policy", "list", "--format", "json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    table = {}
    for rule in listed:
        for name in (rule["id"], *rule["aliases"]):
            table[name.removeprefix("AVD-")] = rule["category"]
    return table


def compare(name: str, folder: Path, rounds: int, categories: dict[str, str]) -> dict[str, Any]:
    """Measure all scanners on one corpus and print what came out."""
    work = ROOT / "out" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    runs: dict[str, list[Measured]] = {scanner.name: [] for scanner in SCANNERS}
    for number in range(rounds + 1):
        for scanner in SCANNERS:
            output = work / f"{name}.{scanner.name}.json"
            done = measure(scanner.command(folder, output), output)
            if number > 0:
                runs[scanner.name].append(done)
    hits = {scanner.name: read(scanner, work / f"{name}.{scanner.name}.json", folder) for scanner in SCANNERS}
    print_speed(name, runs, hits)
    print_findings(hits, categories)
    return summary(runs, hits, categories)


def read(scanner: Scanner, output: Path, folder: Path) -> list[Hit]:
    """The findings in a report; none where it cannot be read, which is said."""
    try:
        return scanner.read(output, folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        print(f"\n{scanner.name}: its report could not be read ({type(error).__name__}: {error})", flush=True)
        return []


def print_speed(name: str, runs: dict[str, list[Measured]], hits: dict[str, list[Hit]]) -> None:
    """Medians, ratios to ours, and peak memory. Processor time far below wall-clock time means waiting (a network)."""
    heads = ("median s", "min", "max", "cpu s", "times ours", "peak MB", "findings")
    print(f"\n{name}\n  {'':9}" + "".join(f"{head:>11}" for head in heads))
    ours = statistics.median(m.seconds for m in runs["iacguard"])
    for scanner in SCANNERS:
        measured = runs[scanner.name]
        seconds = [m.seconds for m in measured]
        median = statistics.median(seconds)
        cpu = statistics.median(m.cpu for m in measured)
        cells = [f"{value:.3f}" for value in (median, min(seconds), max(seconds), cpu)]
        cells += [f"{median / ours:.1f}", f"{max(m.megabytes for m in measured):.0f}", str(len(hits[scanner.name]))]
        print(
            f"  {scanner.name:9}" + "".join(f"{cell:>11}" for cell in cells) + note(scanner, measured, hits), flush=True
        )


def note(scanner: Scanner, measured: list[Measured], hits: dict[str, list[Hit]]) -> str:
    """Why a row is not to be compared, or ""."""
    bad = sorted({m.status for m in measured} - scanner.finished)
    if bad:
        return f"  exit status {bad}: not comparable"
    return "" if hits[scanner.name] else "  found nothing: not comparable"


def by_category(hits: Iterable[Hit], categories: dict[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Findings, and distinct resources with any, of each category."""
    findings: Counter[str] = Counter()
    resources: dict[str, set[tuple[str, str]]] = {}
    for hit in hits:
        category = categories.get(hit.rule, UNMAPPED)
        findings[category] += 1
        resources.setdefault(category, set()).add((hit.file, hit.resource))
    return findings, Counter({name: len(members) for name, members in resources.items()})


def print_findings(hits: dict[str, list[Hit]], categories: dict[str, str]) -> None:
    """Findings (and resources with any) side by side."""
    counted = {name: by_category(found, categories) for name, found in hits.items()}
    names = sorted({category for findings, _ in counted.values() for category in findings})
    if not names:
        return
    print(f"  {'findings (resources)':28}" + "".join(f"{scanner.name:>15}" for scanner in SCANNERS))
    for category in sorted(names, key=lambda n: (n == UNMAPPED, n)):
        cells = [f"{counted[s.name][0][category]} ({counted[s.name][1][category]})" for s in SCANNERS]
        print(f"  {category:28}" + "".join(f"{cell:>15}" for cell in cells), flush=True)


def summary(runs: dict[str, list[Measured]], hits: dict[str, list[Hit]], categories: dict[str, str]) -> dict[str, Any]:
    """The same figures for ``out/bench.json``."""
    return {
        name: {
            "seconds": [round(m.seconds, 4) for m in measured],
            "median": round(statistics.median(m.seconds for m in measured), 4),
            "cpu": round(statistics.median(m.cpu for m in measured), 4),
            "peak_megabytes": round(max(m.megabytes for m in measured), 1),
            "status": sorted({m.status for m in measured}),
            "findings": dict(sorted(by_category(hits[name], categories)[0].items())),
        }
        for name, measured in runs.items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
