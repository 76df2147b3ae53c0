"""One deadline over all that is asked, and the errors of those who answer."""

from __future__ import annotations

import threading
import time

import pytest

from ssmdiag.world.asking import Asking, side_by_side, until, within
from ssmdiag.world.call import Answer, Call, Known, Unreachable, call

_QUICK = call("host", "GetTime")
_SLOW = call("kms", "DescribeKey", KeyId="alias/x")


def test_what_has_no_answer_by_the_deadline_is_unreachable_and_the_rest_is_kept() -> None:
    never = threading.Event()

    def door(question: Call) -> Answer:
        if question == _SLOW:
            never.wait(30)
        return Known("answered")

    ask = Asking(until(door, 0.2))
    assert ask.all([_QUICK, _SLOW]) == [Known("answered"), ask(_SLOW)]
    late = ask(_SLOW)
    assert isinstance(late, Unreachable)
    assert late.why.startswith("no answer within 0.")
    never.set()


def test_an_error_of_the_door_is_no_answer() -> None:
    def wrong() -> Answer:
        raise ValueError("the host cannot be asked that")

    with pytest.raises(ValueError, match="cannot be asked"):
        within(5, wrong)


def test_of_several_the_answers_come_in_order_and_no_more_are_asked_at_once() -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.02 if number % 2 else 0.0)
        with lock:
            busy -= 1
        return number * number

    assert side_by_side(work, range(20), 4) == [n * n for n in range(20)]
    assert 1 < most <= 4
    assert side_by_side(work, [], 4) == []


def test_of_several_the_first_error_is_raised() -> None:
    def work(number: int) -> int:
        if number % 2:
            raise ValueError(f"not {number}")
        return number

    with pytest.raises(ValueError, match="not 1"):
        side_by_side(work, [0, 1, 2, 3], 2)


def test_what_hangs_keeps_no_program_from_its_end() -> None:
    never, asked = threading.Event(), threading.Event()

    def door(_: Call) -> Answer:
        asked.set()
        never.wait(30)
        return Known("late")

    before = set(threading.enumerate())
    asking = threading.Thread(target=lambda: Asking(door).all([_QUICK, _SLOW]))
    asking.start()
    assert asked.wait(10)
    # Python waits at its end for all threads but daemons.
    hanging = set(threading.enumerate()) - before - {asking}
    assert hanging
    assert all(thread.daemon for thread in hanging)
    never.set()
    asking.join()
