"""Running a ready query: it is waited for, given up in time, and what fails is told in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.model import Denial
from ssmdiag.queries.query import QueryError
from ssmdiag.queries.run import Result, Search, run
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable

SEARCH = Search("fields @message", ("sessions",), 0, 60, "us-east-1")


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Door:
    """Answers StartQuery, and GetQueryResults with one status after the other."""

    def __init__(self, *statuses: Optional[str], **answers: Answer) -> None:
        self.asked: list[str] = []
        self._statuses: Iterator[Optional[str]] = iter(statuses)
        self._answers = answers

    def __call__(self, question: Call) -> Answer:
        self.asked.append(question.operation)
        assert question.region == "us-east-1"
        if question.operation in self._answers:
            return self._answers[question.operation]
        if question.operation == "StartQuery":
            return Known({"queryId": "q"})
        assert question.parameters == {"queryId": "q"}
        if question.operation == "StopQuery":
            return Known({"success": True})
        status = next(self._statuses, "Running")
        if status is None:
            raise KeyboardInterrupt
        row = [{"field": "@message", "value": "a"}, {"field": "@ptr", "value": "p"}]
        return Known({"status": status, "results": [row], "statistics": {"recordsMatched": 1.0}})


def test_a_query_is_asked_for_until_it_is_complete_ever_less_often() -> None:
    door, clock = Door("Scheduled", *["Running"] * 5, "Complete"), Clock()

    found = run(SEARCH, door, sleep=clock.sleep, clock=clock)

    assert found == Result(({"@message": "a"},), ("@message",), {"recordsMatched": 1.0})
    assert door.asked == ["StartQuery"] + ["GetQueryResults"] * 7
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout", "Unknown"])
def test_a_query_that_ends_otherwise_is_an_error_and_needs_no_stopping(status: str) -> None:
    door, clock = Door("Running", status), Clock()
    with pytest.raises(QueryError, match=f"did not complete: CloudWatch Logs says {status}"):
        run(SEARCH, door, sleep=clock.sleep, clock=clock)
    assert "StopQuery" not in door.asked


def test_a_query_that_takes_too_long_is_stopped_at_its_deadline() -> None:
    door, clock = Door(), Clock()
    with pytest.raises(QueryError, match="had not ended after 5 seconds"):
        run(SEARCH, door, sleep=clock.sleep, clock=clock, seconds=5)
    assert door.asked[-1] == "StopQuery"
    assert clock.now == 1005.0


def test_an_interrupted_query_is_stopped() -> None:
    door, clock = Door("Running", None), Clock()
    with pytest.raises(KeyboardInterrupt):
        run(SEARCH, door, sleep=clock.sleep, clock=clock)
    assert door.asked[-1] == "StopQuery"


DENIED = Denied(Denial(message="User: x is not authorized", action="logs:StartQuery"))
UNNAMED = Denied(Denial(message="denied"))
MALFORMED = Unreachable(
    "An error occurred (MalformedQueryException) when calling the StartQuery operation:"
    " unexpected symbol found x at line 1 and position 7"
)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            {"StartQuery": Absent("it does not exist")},
            "there is no log group sessions in us-east-1: it does not exist",
        ),
        (
            {"StartQuery": DENIED},
            "logs:StartQuery is not allowed: User: x is not authorized",
        ),
        ({"GetQueryResults": UNNAMED}, "logs:GetQueryResults is not allowed: denied"),
        (
            {"StartQuery": MALFORMED},
            "CloudWatch Logs does not understand the query: unexpected symbol found x at line 1"
            " and position 7",
        ),
        (
            {"StartQuery": Unreachable("no route")},
            "logs:StartQuery got no answer: no route",
        ),
        (
            {"GetQueryResults": Absent("gone")},
            "logs:GetQueryResults got no answer: gone",
        ),
    ],
    ids=["absent", "denied", "results denied", "malformed", "unreachable", "results gone"],
)
def test_what_stands_in_the_way_is_told_in_words(answers: dict[str, Answer], said: str) -> None:
    door, clock = Door(**answers), Clock()
    with pytest.raises(QueryError) as error:
        run(SEARCH, door, sleep=clock.sleep, clock=clock)
    assert str(error.value) == said
    assert ("StopQuery" in door.asked) == ("GetQueryResults" in answers)


def test_the_account_itself_refuses_in_the_same_words(account: Account) -> None:
    read = Aws(Access(account.region)).read
    clock = Clock()
    with pytest.raises(QueryError, match="there is no log group sessions in us-east-1"):
        run(SEARCH, read, sleep=clock.sleep, clock=clock)
    boto3.client("logs").create_log_group(logGroupName="sessions")
    malformed = Search("fields", ("sessions",), 0, 60, "us-east-1")
    with pytest.raises(QueryError, match="understand the query: unexpected symbol found <EOF>"):
        run(malformed, read, sleep=clock.sleep, clock=clock)
    account.faults.refuse("logs", "StartQuery", reason="identity")
    with pytest.raises(QueryError, match="logs:StartQuery is not allowed"):
        run(SEARCH, read, sleep=clock.sleep, clock=clock)
