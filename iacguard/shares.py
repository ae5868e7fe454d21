"""Do a list of tasks in several processes, and get the same outcome as in one.

Each process takes the next task whenever it has done one, so that all end at about the same time, however long each
task takes: which tasks make a share is chance. They are forked, so that what was read before is shared and not read
again; where that cannot be (Windows, a running thread), one process does all. The tasks of a process that fails are
done again here, so that a defect there shows as it would in one process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: A pipe holds the numbers of what is still to be done: so many of so many bytes fit into it on every system.
_MOST_BATCHES = 4096
_NUMBER = 2


def available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_shares(tasks: Sequence[T], work: Callable[[Iterable[T]], R], processes: int) -> list[R]:
    """The outcome of ``work`` on each share of ``tasks``; results must pickle. It must take all that it is given."""
    count = min(processes, len(tasks))
    if count < 2 or not hasattr(os, "fork"):
        return [work(tasks)]
    import pickle
    import threading

    if threading.active_count() > 1:
        return [work(tasks)]
    queue = _queue(len(tasks))
    children = [_start(queue, tasks, work) for _ in range(count - 1)]
    missing = set(range(len(tasks)))
    outcomes = [work(_taken(queue, tasks, missing.discard))]
    os.close(queue)
    for child, pipe in children:
        with os.fdopen(pipe, "rb") as stream:
            data = stream.read()
        _, status = os.waitpid(child, 0)
        if status == 0:
            # What is read here was pickled by our own fork a moment ago.
            done, outcome = pickle.loads(data)
            missing.difference_update(done)
            outcomes.append(outcome)
    if missing:
        outcomes.append(work([tasks[number] for number in sorted(missing)]))
    return outcomes


def _queue(size: int) -> int:
    """The reading end of a pipe that holds the number of every batch of tasks."""
    reading, writing = os.pipe()
    batches = range(min(size, _MOST_BATCHES))
    os.write(writing, b"".join(number.to_bytes(_NUMBER, "little") for number in batches))
    os.close(writing)
    return reading


def _taken(queue: int, tasks: Sequence[T], note: Callable[[int], object]) -> Iterator[T]:
    """The next task that no other process has taken, until there is none; ``note`` is told the number of each."""
    while number := os.read(queue, _NUMBER):
        for at in range(int.from_bytes(number, "little"), len(tasks), _MOST_BATCHES):
            note(at)
            yield tasks[at]


def _start(queue: int, tasks: Sequence[T], work: Callable[[Iterable[T]], R]) -> tuple[int, int]:
    """A child that does a share: its id, and the end of a pipe to read what it did, and the outcome, from."""
    import pickle

    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        done: list[int] = []
        outcome = work(_taken(queue, tasks, done.append))
        with os.fdopen(writing, "wb") as stream:
            stream.write(pickle.dumps((done, outcome), pickle.HIGHEST_PROTOCOL))
        status = 0
    finally:
        # Not sys.exit: the parent's buffers and exit handlers are its own.
        os._exit(status)
