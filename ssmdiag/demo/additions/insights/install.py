"""CloudWatch Logs: Logs Insights queries, which run for a while and are asked for their results."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from ssmdiag.demo.additions.extending import add, refuse
from ssmdiag.demo.additions.insights.evaluation import POINTER, Row, evaluate
from ssmdiag.demo.additions.insights.functions import Timestamp
from ssmdiag.demo.additions.insights.grammar import read_query
from ssmdiag.demo.additions.insights.rules import check_query
from ssmdiag.demo.additions.insights.tokens import MalformedQueryError
from ssmdiag.iam.arn import parse_arn
from ssmdiag.values import dataclass

_ROWS_AT_MOST = 10_000
_FIELDS_AT_MOST = 200
_POLLS_WHILE_RUNNING = 1


def install() -> None:
    """Evaluate queries; add StopQuery. moto's own StartQuery knows little of the language."""
    from moto.logs.responses import LogsResponse

    add(LogsResponse, start_query, get_query_results, stop_query, describe_queries)


@dataclass
class _Query:
    id: str
    text: str
    groups: tuple[str, ...]
    results: list[list[dict[str, str]]]
    statistics: dict[str, float]
    status: str = "Running"
    polls: int = 0
    created: int = field(default_factory=lambda: int(time.time() * 1000))


def start_query(response: Any) -> str:
    """CloudWatch Logs API Reference, "StartQuery"."""
    groups = _groups(response)
    text = response._get_param("queryString") or ""
    start, end = response._get_param("startTime"), response._get_param("endTime")
    if start is None or end is None or start > end:
        refuse("InvalidParameterException", "End time should not be less than start time.")
    try:
        commands = read_query(text)
        check_query(commands)
    except MalformedQueryError as error:
        refuse("MalformedQueryException", str(error))
    rows = [
        row
        for group in groups
        for row in _events(group)
        # "The range is inclusive, so the specified times are included in the query."
        if start * 1000 <= row["@timestamp"] <= end * 1000 + 999
    ]
    scanned = sum(len(row["@message"].encode()) for row in rows)
    outcome = evaluate(commands, rows)
    query = _Query(
        id=str(uuid.uuid4()),
        text=text,
        groups=tuple(group.name for group in groups),
        results=outcome.shown(response._get_param("limit") or _ROWS_AT_MOST),
        statistics={
            "recordsMatched": float(outcome.matched),
            "recordsScanned": float(len(rows)),
            "bytesScanned": float(scanned),
        },
    )
    _queries(response)[query.id] = query
    return json.dumps({"queryId": query.id})


def get_query_results(response: Any) -> str:
    """CloudWatch Logs API Reference, "GetQueryResults"; the first time the query still runs."""
    query = _query(response)
    query.polls += 1
    if query.status == "Running" and query.polls > _POLLS_WHILE_RUNNING:
        query.status = "Complete"
    done = query.status == "Complete"
    return json.dumps(
        {
            "queryLanguage": "CWLI",
            "status": query.status,
            "results": query.results if done else [],
            "statistics": query.statistics if done else dict.fromkeys(query.statistics, 0.0),
        }
    )


def stop_query(response: Any) -> str:
    """CloudWatch Logs API Reference, "StopQuery"."""
    query = _query(response)
    if query.status != "Running":
        refuse("InvalidParameterException", "The specified query is not running.")
    query.status = "Cancelled"
    return json.dumps({"success": True})


def describe_queries(response: Any) -> str:
    """CloudWatch Logs API Reference, "DescribeQueries"; newest first."""
    group, status = response._get_param("logGroupName"), response._get_param("status")
    found = [
        {
            "queryLanguage": "CWLI",
            "queryId": query.id,
            "queryString": query.text,
            "status": query.status,
            "createTime": query.created,
            "logGroupName": query.groups[0],
        }
        for query in reversed(list(_queries(response).values()))
        if group in (None, *query.groups) and status in (None, query.status)
    ]
    return json.dumps({"queries": found})


def _queries(response: Any) -> dict[str, _Query]:
    kept: dict[str, _Query] = vars(response.logs_backend).setdefault("demo_queries", {})
    return kept


def _query(response: Any) -> _Query:
    query = _queries(response).get(response._get_param("queryId"))
    if query is None:
        refuse("ResourceNotFoundException", "The specified query does not exist.")
    return query


def _groups(response: Any) -> list[Any]:
    name = response._get_param("logGroupName")
    given = [
        [name] if name else [],
        response._get_param("logGroupNames") or [],
        [_name_in(i) for i in response._get_param("logGroupIdentifiers") or []],
    ]
    if sum(bool(names) for names in given) != 1:
        refuse(
            "InvalidParameterException",
            "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified",
        )
    names = [name for names in given for name in names]
    for name in names:
        if name not in response.logs_backend.groups:
            refuse("ResourceNotFoundException", f"Log group '{name}' does not exist.")
    return [response.logs_backend.groups[name] for name in names]


def _name_in(identifier: str) -> str:
    arn = parse_arn(identifier)
    return arn.resource.partition(":")[2] if arn else identifier


def _events(group: Any) -> Iterator[Row]:
    for stream in group.streams.values():
        for event in stream.events:
            yield {
                **_discovered(event.message),
                "@timestamp": Timestamp(event.timestamp),
                "@ingestionTime": Timestamp(event.ingestion_time),
                "@message": event.message,
                "@logStream": stream.log_stream_name,
                "@log": f"{group.account_id}:{group.name}",
                POINTER: f"{stream.log_stream_name}/{event.event_id}",
            }


def _discovered(message: str) -> Row:
    """The fields of a JSON event: User Guide, "Supported logs and discovered fields"."""
    try:
        event = json.loads(message)
        leaves = list(_leaves(event, "")) if isinstance(event, dict) else []
    except (ValueError, RecursionError):
        return {}
    return dict(leaves[:_FIELDS_AT_MOST])


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            # A name that begins with @ would be taken for one that CloudWatch Logs made.
            own = f"@{key}" if key.startswith("@") and not name else key
            yield from _leaves(child, f"{name}.{own}" if name else own)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _leaves(child, f"{name}.{index}")
    elif value is not None:
        yield name, value
