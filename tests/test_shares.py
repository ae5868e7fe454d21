"""Work in several processes comes to the same as in one, also where a process dies."""

import os
import time
from collections.abc import Iterable
from itertools import chain

from iacguard.shares import available, in_shares


def test_every_task_is_done_once_and_each_share_in_order() -> None:
    outcomes = in_shares(list(range(10)), list, 3)
    assert len(outcomes) == 3
    assert sorted(chain(*outcomes)) == list(range(10))
    assert all(share == sorted(share) for share in outcomes)


def test_more_tasks_than_a_pipe_holds_numbers_of() -> None:
    outcomes = in_shares(range(50_000), list, 2)
    assert sorted(chain(*outcomes)) == list(range(50_000))


def test_it_is_done_in_other_processes() -> None:
    def work(share: Iterable[int]) -> int:
        assert len(list(share)) < 4
        return os.getpid()

    assert len(set(in_shares([1, 2, 3], work, 3))) == 3


def test_who_has_little_to_do_takes_more() -> None:
    def work(share: Iterable[float]) -> int:
        done = 0
        for seconds in share:
            time.sleep(seconds)
            done += 1
        return done

    assert sorted(in_shares([0.5, *[0.0] * 9], work, 2)) == [1, 9]


def test_one_task_or_one_process_needs_no_other() -> None:
    assert in_shares([1], lambda _: os.getpid(), 8) == [os.getpid()]
    assert in_shares([1, 2], lambda _: os.getpid(), 1) == [os.getpid()]


def test_what_a_process_that_fails_took_is_done_here() -> None:
    here = os.getpid()

    def work(share: Iterable[int]) -> tuple[list[int], int]:
        done = []
        for number in share:
            if os.getpid() != here:
                os._exit(9)
            time.sleep(0.05)
            done.append(number)
        return done, os.getpid()

    outcomes = in_shares(range(20), work, 2)
    assert [process for _, process in outcomes] == [here, here]
    assert sorted(number for done, _ in outcomes for number in done) == list(range(20))


def test_there_is_at_least_one_processor() -> None:
    assert available() >= 1
