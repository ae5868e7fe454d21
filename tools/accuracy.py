"""Makes docs/accuracy.md from the decisions in bench/accuracy.csv and bench/missed.csv."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "tools" / "accuracy.in.md"
VERDICTS = ("ours", "theirs", "arguable")

Row = dict[str, str]


def page() -> str:
    """The whole page."""
    decided, missed = _read("accuracy.csv"), _read("missed.csv")
    text = TEMPLATE.read_text("utf-8")
    for name, made in (
        ("COUNT", str(len(decided))),
        ("SHARE", _share(decided)),
        ("PROVIDERS", _totals(decided, "provider")),
        ("CATEGORIES", _totals(decided, "category")),
        ("REPORTERS", _totals(decided, "reported_by")),
        ("THEIRS", _rows(decided, ("theirs",))),
        ("ARGUABLE", _rows(decided, ("arguable",))),
        ("OURS", _rows(decided, ("ours",))),
        ("MISSED", _missed(missed)),
    ):
        text = text.replace(f"<!-- {name} -->", made)
    return text


def _read(name: str) -> list[Row]:
    with (ROOT / "bench" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _share(rows: Sequence[Row]) -> str:
    verdicts = Counter(row["verdict"] for row in rows)
    decidable = verdicts["ours"] + verdicts["theirs"]
    return (
        f"ours right in {verdicts['ours']}, theirs in {verdicts['theirs']}, arguable in {verdicts['arguable']}: "
        f"ours in {100 * verdicts['ours'] / decidable:.1f}% of the {decidable} that can be decided"
    )


def _totals(rows: Sequence[Row], column: str) -> str:
    lines = [f"| {column.replace('_', ' ')} | ours right | theirs right | arguable |", "|---|--:|--:|--:|"]
    for value in sorted({row[column] for row in rows}):
        verdicts = Counter(row["verdict"] for row in rows if row[column] == value)
        lines.append(f"| {value} | " + " | ".join(str(verdicts[name]) for name in VERDICTS) + " |")
    return "\n".join(lines)


def _rows(rows: Iterable[Row], wanted: Sequence[str]) -> str:
    lines = ["| corpus: file | resource | category | reported by | rule | why |", "|---|---|---|---|---|---|"]
    for row in rows:
        if row["verdict"] in wanted:
            mended = {"yes": "; mended", "no": "; open"}.get(row["mended"], "")
            cells = (_place(row), f"`{row['resource']}`", row["category"], row["reported_by"], row["rule"])
            lines.append("| " + " | ".join((*cells, row["reason"] + mended)) + " |")
    return "\n".join(lines)


def _missed(rows: Iterable[Row]) -> str:
    lines = ["| corpus: file | resource | reported by | rule | verdict |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (_place(row), f"`{row['resource']}`", row["reported_by"], row["rule"])
        lines.append("| " + " | ".join((*cells, f"{row['verdict']}: {row['reason']}")) + " |")
    return "\n".join(lines)


def _place(row: Row) -> str:
    return f"{row['corpus']}: {row['file']}:{row['line']}"
