"""Do a list of tasks in several processes, and get the same outcome as in one.

Each process takes every n-th task. They are forked, so that what was read before is shared and not read again; where
that cannot be (Windows, a running thread), one process does all. A process that fails has its share done again here,
so that a defect there shows as it would in one process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_shares(tasks: Sequence[T], work: Callable[[Sequence[T]], R], processes: int) -> list[R]:
    """The outcome of ``work`` on each share of ``tasks``; results must pickle. The order of shares is fixed."""
    count = min(processes, len(tasks))
    if count < 2 or not hasattr(os, "fork"):
        return [work(tasks)]
    import pickle
    import threading

    if threading.active_count() > 1:
        return [work(tasks)]
    shares = [tasks[start::count] for start in range(count)]
    children = [_start(share, work) for share in shares[1:]]
    outcomes = [work(shares[0])]
    for (child, pipe), share in zip(children, shares[1:], strict=True):
        with os.fdopen(pipe, "rb") as stream:
            data = stream.read()
        _, status = os.waitpid(child, 0)
        # What is read here was pickled by our own fork a moment ago.
        outcomes.append(pickle.loads(data) if status == 0 else work(share))
    return outcomes


def _start(share: Sequence[T], work: Callable[[Sequence[T]], R]) -> tuple[int, int]:
    """A child that does ``share`` and writes the outcome to a pipe: its id, and the pipe's reading end."""
    import pickle

    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb") as stream:
            stream.write(pickle.dumps(work(share), pickle.HIGHEST_PROTOCOL))
        status = 0
    finally:
        # Not sys.exit: the parent's buffers and exit handlers are its own.
        os._exit(status)
