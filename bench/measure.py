"""Runs one program and measures it: wall-clock time, processor time and peak memory.

Run as a program of its own (``python bench/measure.py TIMEOUT REPORT PROGRAM ARGUMENT...``): Linux counts a parent's
memory at the time of the fork as the child's, so the parent that measures must be small.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Measured(NamedTuple):
    """One run: ``seconds`` of wall clock, ``cpu`` seconds of all its processes and threads, ``megabytes`` of the
    largest process, the exit ``status`` (-9: timed out).
    """

    seconds: float
    cpu: float
    megabytes: float
    status: int


def measure(command: list[str], output: Path, timeout: int = 900) -> Measured:
    """Run ``command`` with its standard output in ``output``."""
    here = [sys.executable, "-S", str(Path(__file__)), str(timeout), str(output), *command]
    done = subprocess.run(here, capture_output=True, text=True, check=True)
    return Measured(**json.loads(done.stdout))


def _run(timeout: int, output: str, command: list[str]) -> dict[str, float]:
    with open(output, "wb") as stdout, open(os.devnull, "rb") as stdin, open(output + ".err", "wb") as stderr:
        start = time.perf_counter()
        child = os.fork()
        if child == 0:
            os.setsid()  # so that a timeout reaches its workers too
            for source, target in ((stdin, 0), (stdout, 1), (stderr, 2)):
                os.dup2(source.fileno(), target)
            os.execv(command[0], command)
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
        signal.alarm(timeout)
        _, status, usage = os.wait4(child, 0)
        seconds = time.perf_counter() - start
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    cpu = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "cpu": cpu, "megabytes": kilobytes / 1024, "status": os.waitstatus_to_exitcode(status)}


if __name__ == "__main__":
    print(json.dumps(_run(int(sys.argv[1]), sys.argv[2], sys.argv[3:])))
