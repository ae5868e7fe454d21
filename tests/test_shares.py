"""Work in several processes comes to the same as in one, also where a process dies."""

import os
from collections.abc import Sequence

from iacguard.shares import available, in_shares


def test_every_task_is_done_once_in_a_fixed_order() -> None:
    outcomes = in_shares(list(range(10)), list, 3)
    assert outcomes == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]


def test_it_is_done_in_other_processes() -> None:
    assert len(set(in_shares([1, 2, 3], lambda _: os.getpid(), 3))) == 3


def test_one_task_or_one_process_needs_no_other() -> None:
    assert in_shares([1], lambda _: os.getpid(), 8) == [os.getpid()]
    assert in_shares([1, 2], lambda _: os.getpid(), 1) == [os.getpid()]


def test_the_share_of_a_process_that_fails_is_done_here() -> None:
    here = os.getpid()

    def work(share: Sequence[int]) -> tuple[list[int], int]:
        if os.getpid() != here:
            os._exit(9)
        return list(share), os.getpid()

    assert in_shares([1, 2, 3], work, 2) == [([1, 3], here), ([2], here)]


def test_there_is_at_least_one_processor() -> None:
    assert available() >= 1
