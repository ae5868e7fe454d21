"""Writes ``docs/terraform-functions.md``: ``python -m iacguard.frontends.terraform.functions.document``."""

from __future__ import annotations

from pathlib import Path

from iacguard.frontends.terraform.functions import GROUPS, Function

_HEAD = """# Terraform functions

Made by `python -m iacguard.frontends.terraform.functions.document`; do not edit.

Every function of Terraform 1.14 and OpenTofu 1.10, and those of the best known providers. "Known" is computed from
known arguments; with a part of them unknown, functions marked "keeps what is certain" still say what holds for every
possible value, the others are unknown. Files are read inside the scanned folder only.
"""

_HANDLING = {
    "evaluated": "known",
    "unknown": "unknown by nature",
    "evaluator": "by the evaluator: its arguments are not plain values",
}


def markdown() -> str:
    """The page's text."""
    lines = [_HEAD]
    for title, functions in GROUPS.items():
        lines += [f"## {title}\n", "| Function | What it gives | Handling |", "| --- | --- | --- |"]
        lines += [_row(function) for function in functions]
        lines.append("")
    return "\n".join(lines)


def _row(function: Function) -> str:
    handling = _HANDLING[function.handling]
    if function.handling == "evaluated" and function.partial:
        handling += "; keeps what is certain"
    if function.origin == "opentofu":
        handling += "; OpenTofu only"
    return f"| `{function.name}({_signature(function)})` | {function.summary} | {handling} |"


def _signature(function: Function) -> str:
    names = _numbered([param.name for param in function.params])
    if function.rest is not None:
        names.append(f"{function.rest.name}...")
    return ", ".join(names)


def _numbered(names: list[str]) -> list[str]:
    return [f"{n}{names[: i + 1].count(n)}" if names.count(n) > 1 else n for i, n in enumerate(names)]


def main() -> None:
    Path("docs/terraform-functions.md").write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
