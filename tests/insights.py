"""Asking Logs Insights of the embedded account: events put, queries started, rows told."""

from __future__ import annotations

import time
from typing import Any

import boto3

GROUP = "sessions"
HOUR = 60 * 60
# Yesterday's midnight: PutLogEvents takes nothing that is older than two weeks.
START = (int(time.time()) // (24 * HOUR) - 1) * 24 * HOUR


def put(
    *messages: str, stream: str = "one", group: str = GROUP, step: int = 60, start: int = START
) -> None:
    """Put messages, the first at ``start`` and each ``step`` seconds after the one before."""
    logs = boto3.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[
            {"timestamp": (start + number * step) * 1000, "message": message}
            for number, message in enumerate(messages)
        ],
    )


def started(query: str, **arguments: Any) -> str:
    whole = {"startTime": START - HOUR, "endTime": START + 9 * HOUR, "logGroupName": GROUP}
    given = {name: value for name, value in {**whole, **arguments}.items() if value is not None}
    answer = boto3.client("logs").start_query(queryString=query, **given)
    query_id: str = answer["queryId"]
    return query_id


def results(query: str, **arguments: Any) -> list[dict[str, str]]:
    """The rows without their pointers."""
    logs = boto3.client("logs")
    query_id = started(query, **arguments)
    logs.get_query_results(queryId=query_id)
    answer = logs.get_query_results(queryId=query_id)
    assert answer["status"] == "Complete"
    return [
        {entry["field"]: entry["value"] for entry in row if entry["field"] != "@ptr"}
        for row in answer["results"]
    ]


def at(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(START + seconds))
