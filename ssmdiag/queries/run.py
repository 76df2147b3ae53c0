"""Running a Logs Insights query: start it, ask until it has ended, stop it if that takes too long.

The door must not remember Answers: the same question is asked again until its answer changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Callable

from ssmdiag.queries.query import QueryError
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, call

_UNENDED = ("Scheduled", "Running")
_MALFORMED = "MalformedQueryException"
_POINTER = "@ptr"
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True)
class Search:
    """What is asked: a query's text, of which log groups, about which time."""

    text: str
    log_groups: tuple[str, ...]
    start: int
    """Seconds since the epoch, like ``end``; both are included."""
    end: int
    region: str = ""


@dataclass(frozen=True)
class Result:
    """What came back. A row lacks the columns that it has no value for."""

    rows: tuple[dict[str, str], ...]
    columns: tuple[str, ...]
    statistics: Mapping[str, float] = field(default_factory=dict)
    """``recordsMatched``, ``recordsScanned``, ``bytesScanned``, as QueryStatistics names them."""


def run(
    search: Search,
    ask: Door,
    *,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    seconds: float = 60.0,
) -> Result:
    """Run the query and wait for its end, at most ``seconds``.

    A query that is given up, by its deadline or by an interrupt, is stopped: it would go on and
    be charged for. Raises QueryError.
    """
    query_id = _started(search, ask)
    try:
        data = _ended(search, query_id, ask, sleep, clock, seconds)
    except BaseException:
        ask(call("logs", "StopQuery", search.region, queryId=query_id))
        raise
    if data["status"] != "Complete":
        raise QueryError(f"the query did not complete: CloudWatch Logs says {data['status']}")
    return _result(data)


def _started(search: Search, ask: Door) -> str:
    question = call(
        "logs",
        "StartQuery",
        search.region,
        logGroupNames=list(search.log_groups),
        queryString=search.text,
        startTime=search.start,
        endTime=search.end,
    )
    query_id: str = _known(search, question, ask(question))["queryId"]
    return query_id


def _ended(
    search: Search,
    query_id: str,
    ask: Door,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
    seconds: float,
) -> dict[str, Any]:
    question = call("logs", "GetQueryResults", search.region, queryId=query_id)
    deadline, pause = clock() + seconds, _FIRST_PAUSE
    while True:
        data = _known(search, question, ask(question))
        if data["status"] not in _UNENDED:
            return data
        left = deadline - clock()
        if left <= 0:
            raise QueryError(
                f"the query was stopped: it had not ended after {seconds:g} seconds;"
                " a shorter period is searched sooner"
            )
        sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _known(search: Search, question: Call, answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Known):
        data: dict[str, Any] = answer.data
        return data
    if isinstance(answer, Denied):
        action = answer.denial.action or f"{question.service}:{question.operation}"
        raise QueryError(f"{action} is not allowed: {answer.denial.message}")
    if isinstance(answer, Absent) and question.operation == "StartQuery":
        groups = ", ".join(search.log_groups)
        place = f" in {search.region}" if search.region else ""
        raise QueryError(f"there is no log group {groups}{place}: {answer.why}")
    if _MALFORMED in answer.why:
        why = answer.why.partition("operation: ")[2] or answer.why
        raise QueryError(f"CloudWatch Logs does not understand the query: {why}")
    raise QueryError(f"{question.service}:{question.operation} got no answer: {answer.why}")


def _result(data: Mapping[str, Any]) -> Result:
    rows = tuple(
        {entry["field"]: entry["value"] for entry in row if entry["field"] != _POINTER}
        for row in data.get("results", ())
    )
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Result(rows, columns, dict(data.get("statistics", {})))
