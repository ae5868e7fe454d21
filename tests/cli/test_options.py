"""The parser that starts at once says the same as typer, or leaves it to typer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.cli import app, policy
from iacguard.cli.options import Command, parse
from iacguard.cli.typed import build
from iacguard.record import replace

EVERY = (*app.commands(), *policy.COMMANDS)
_VALUES = st.sampled_from(["a", "b=c", "-", "", "high", "JSON", "dot", "ä b", "table"])


@st.composite
def command_lines(draw: st.DrawFn) -> tuple[Command, list[str]]:
    """A command with words that are mostly, not always, legal."""
    command = draw(st.sampled_from(EVERY))
    words: list[str] = []
    for option in draw(st.lists(st.sampled_from(command.options), max_size=4) if command.options else st.just([])):
        spelling = draw(st.sampled_from(option.spellings))
        legal = bool(option.choices) and draw(st.booleans())
        value = draw(st.sampled_from(option.choices) if legal else _VALUES)
        if option.kind == "flag":
            words.append(spelling)
        elif draw(st.booleans()) and spelling.startswith("--"):
            words.append(f"{spelling}={value}")
        else:
            words += [spelling, value]
    words += draw(st.lists(_VALUES.filter(bool), max_size=2))
    if draw(st.integers(0, 9)) == 0:
        words.insert(draw(st.integers(0, len(words))), draw(st.sampled_from(["--", "--nope", "-x", "--fail", "-h"])))
    return command, words


def by_typer(command: Command, words: list[str]) -> dict[str, Any] | None:
    """What typer calls the command with; None where it does not."""
    seen: list[dict[str, Any]] = []

    def run(**values: Any) -> int:
        seen.append(values)
        return 0

    root = build("", [replace(command, run=run)], {})
    try:
        root.main(args=[command.name, *words], prog_name="iacguard", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):  # a usage error, wherever this typer keeps its class
            raise
    return seen[0] if seen else None


@settings(max_examples=200, deadline=None)
@given(command_lines())
def test_the_two_parsers_agree(line: tuple[Command, list[str]]) -> None:
    command, words = line
    values = parse(command, words)
    if values is not None:
        assert values == by_typer(command, words)


@pytest.mark.parametrize(
    "words",
    [
        ["."],
        [".", "infra", "--fail-on", "HIGH"],
        [".", "-f", "table", "--format=sarif", "--output", "out.sarif", "--exit-zero"],
        ["--select", "a,b", "-v", "-q", "main.tf", "--var", "a=b=c", "--var-file=x"],
    ],
)
def test_plain_command_lines_need_no_typer(words: list[str]) -> None:
    (scan,) = (c for c in EVERY if c.name == "scan")
    values = parse(scan, words)
    assert values is not None
    assert values == by_typer(scan, words)


@pytest.mark.parametrize(
    "words", [[], ["--help"], [".", "-vq"], [".", "--fail-on", "x"], [".", "--format"], [".", "--", "-x"], [".", "-fx"]]
)
def test_the_rest_is_left_to_typer(words: list[str]) -> None:
    (scan,) = (c for c in EVERY if c.name == "scan")
    assert parse(scan, words) is None
