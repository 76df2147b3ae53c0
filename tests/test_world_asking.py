"""One deadline over all that is asked, and the errors of those who answer."""

from __future__ import annotations

import threading

import pytest

from ssmdiag.world.asking import Asking, until, within
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
