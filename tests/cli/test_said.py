"""What is said on standard error: problems, summary, progress."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iacguard.cli import progress
from iacguard.cli.summary import Speaker
from iacguard.cli.terminal import Terminal
from iacguard.findings import Counts, PassedOver, Problem, ScanResult
from iacguard.model import Span
from iacguard.record import replace


def problem(kind: str, file: str, *, notice: bool = False) -> Problem:
    return Problem(kind, Span(file, 2, 3, 2, 4), "it is\x1b[1m wrong", "mend it", notice)  # type: ignore[arg-type]


def result(*problems: Problem) -> ScanResult:
    counts = Counts({"terraform": 1200, "kubernetes": 1}, {"terraform": 1, "kubernetes": 0}, 1, 80, 5, 1)
    return ScanResult("1", "/", (), problems, (), counts, (PassedOver("a\x07.yaml", "not infrastructure code"),))


def test_problems_are_grouped_and_notices_come_last() -> None:
    mixed = [
        problem("value", "b.tf", notice=True),
        problem("syntax", "z.tf"),
        problem("module", "m"),
        problem("syntax", "a.tf"),
    ]
    lines = list(Speaker(color=False).problems(mixed))
    assert lines == [
        "z.tf:2:3 syntax: it is\\x1b[1m wrong (mend it)",
        "a.tf:2:3 syntax: it is\\x1b[1m wrong (mend it)",
        "m:2:3 module: it is\\x1b[1m wrong (mend it)",
        "b.tf:2:3 value: it is\\x1b[1m wrong (mend it)",
    ]


def test_many_notices_are_counted_many_problems_are_listed() -> None:
    many = [problem("not-evaluated", f"{n}.yaml", notice=True) for n in range(30)]
    many += [problem("syntax", f"{n}.tf") for n in range(30)]
    lines = list(Speaker(color=False).problems(many))
    assert len(lines) == 41
    assert lines[-1] == "20 more notices (20 not-evaluated): --verbose lists them"
    assert len(list(Speaker(color=False, verbose=True).problems(many))) == 60
    assert len(list(Speaker(color=False, quiet=True).problems(many))) == 30


def test_the_summary() -> None:
    lines = list(
        Speaker(color=False).summary(result(problem("syntax", "a.tf"), problem("value", "a.tf")), 1.234, False)
    )
    assert lines == [
        "Read 1,201 files (1,200 Terraform, 1 Kubernetes); 1 Terraform resource decided by 80 policies in 1.23 s.",
        "0 findings.",
        "1 file passed over (--verbose lists them).",
        "Incomplete: 2 problems in 1 file. What could not be read was not checked.",
    ]
    assert list(Speaker(color=False, quiet=True).summary(result(), 1, False)) == []
    verbose = list(Speaker(color=False, verbose=True).summary(result(), 1, False))
    assert verbose[0] == "a\\x07.yaml: passed over: not infrastructure code"


def test_nothing_read_is_said() -> None:
    empty = replace(result(), counts=Counts())
    assert next(iter(Speaker(color=False).summary(empty, 0, False))).startswith("Read 0 files; 0 resources decided")


def test_progress_only_on_a_terminal_and_only_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 0.5, 1.5, 1.51, 9.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    shown = progress.Progress(enabled=True, width=60)
    shown("early")
    assert capsys.readouterr().err == ""
    shown("modules/\x1b[31mnet" + "x" * 100)
    text = capsys.readouterr().err
    assert re.fullmatch(r"\r\x1b\[2K\[ *={6} *\] 2 stacks, 2 s  modules/\\x1b\[31mnex*\.\.\.", text)
    assert len(text) - len("\r\x1b[2K") < 60
    shown("too soon after the last")
    assert capsys.readouterr().err == ""
    shown.close()
    assert capsys.readouterr().err == "\r\x1b[2K"

    monkeypatch.setattr(progress, "monotonic", lambda: 100.0)
    silent = progress.Progress(enabled=False, width=60)
    monkeypatch.setattr(progress, "monotonic", lambda: 200.0)
    silent("x")
    silent.close()
    assert capsys.readouterr().err == ""


def test_without_a_terminal_there_is_no_colour_and_a_fixed_width(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "33")
    assert Terminal.detect() == Terminal(
        out_color=False, err_color=False, err_is_terminal=False, width=100, err_width=100
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")
def test_each_stream_is_asked_for_itself(project: Path) -> None:
    """One stream on a terminal of 57 columns, the other in a pipe."""
    at_out = _at_terminal(project, "stdout")
    assert (at_out.width, at_out.err_width) == (57, 100)
    assert (at_out.out_color, at_out.err_color, at_out.err_is_terminal) == (True, False, False)
    at_err = _at_terminal(project, "stderr")
    assert (at_err.width, at_err.err_width) == (100, 57)
    assert (at_err.out_color, at_err.err_color, at_err.err_is_terminal) == (False, True, True)


def _at_terminal(folder: Path, stream: str) -> Terminal:
    """What a process detects whose ``stream`` is a terminal."""
    import fcntl
    import pty
    import struct
    import termios

    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 57, 0, 0))
    code = "import sys; from iacguard.cli.terminal import Terminal; open('t', 'w').write(repr(Terminal.detect()))"
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: terminal}
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm"}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, timeout=60, check=True, **streams)
    os.close(terminal)
    os.close(controller)
    text = (folder / "t").read_text(encoding="utf-8")
    values: dict[str, Any] = dict(re.findall(r"(\w+)=(True|False|\d+)", text))
    return Terminal(**{name: json.loads(value.lower()) for name, value in values.items()})
