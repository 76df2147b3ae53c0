"""CloudWatch Logs Insights: queries run for a while, and find the fields of log events."""

from __future__ import annotations

import json
from typing import Any, Optional

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account
from tests.insights import GROUP, HOUR, START, at, put, results, started

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive


@pytest.fixture(autouse=True)
def _group(account: Account) -> None:
    del account
    boto3.client("logs").create_log_group(logGroupName=GROUP)


def test_a_query_runs_before_it_is_complete() -> None:
    put("a", "b")
    logs = boto3.client("logs")
    query_id = started("fields @message | filter @message = 'a'")

    first, second = (logs.get_query_results(queryId=query_id) for _ in range(2))

    assert (first["status"], first["results"]) == ("Running", [])
    assert second["status"] == "Complete"
    assert [entry["field"] for entry in second["results"][0]] == ["@message", "@ptr"]
    assert second["statistics"]["recordsScanned"] == 2
    assert second["statistics"]["recordsMatched"] == 1
    assert second["statistics"]["bytesScanned"] == 2


def test_a_running_query_can_be_stopped_and_an_ended_one_cannot() -> None:
    logs = boto3.client("logs")
    query_id = started("fields @message")

    assert logs.stop_query(queryId=query_id)["success"]

    assert logs.get_query_results(queryId=query_id)["status"] == "Cancelled"
    with pytest.raises(logs.exceptions.InvalidParameterException, match="not running"):
        logs.stop_query(queryId=query_id)


def test_queries_are_told_newest_first_by_group_and_status() -> None:
    boto3.client("logs").create_log_group(logGroupName="other")
    first, second = started("fields @message"), started("fields @timestamp")
    started("fields @log", logGroupName="other")
    logs = boto3.client("logs")
    logs.stop_query(queryId=first)

    told = logs.describe_queries(logGroupName=GROUP)["queries"]

    assert [query["queryId"] for query in told] == [second, first]
    assert told[0]["queryString"] == "fields @timestamp"
    (stopped,) = logs.describe_queries(status="Cancelled")["queries"]
    assert stopped["queryId"] == first


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"logGroupName": "nowhere"}, "ResourceNotFoundException"),
        ({"logGroupNames": [GROUP]}, "InvalidParameterException"),
        ({"startTime": START, "endTime": START - 1}, "InvalidParameterException"),
    ],
    ids=["no such group", "a group twice", "it ends before it begins"],
)
def test_a_query_about_nothing_is_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refusal:
        started("fields @message", **arguments)

    assert refusal.value.response["Error"]["Code"] == code


def test_the_results_of_an_unknown_query_are_not_found() -> None:
    logs = boto3.client("logs")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="none")


def test_only_events_between_start_and_end_are_scanned() -> None:
    put("a", "b", "c", step=HOUR)

    found = results("fields @message", startTime=START + HOUR, endTime=START + 2 * HOUR - 1)

    assert found == [{"@message": "b"}]


def test_several_groups_are_queried_by_name_or_by_arn() -> None:
    boto3.client("logs").create_log_group(logGroupName="other")
    put("a")
    put("b", group="other", start=START + 1)
    query = "fields @log, @logStream, @message"
    arns = [f"arn:aws:logs:us-east-1:123456789012:log-group:{name}" for name in (GROUP, "other")]

    by_name = results(query, logGroupName=None, logGroupNames=[GROUP, "other"])
    by_arn = results(query, logGroupName=None, logGroupIdentifiers=arns)

    assert (
        by_name
        == by_arn
        == [
            {"@log": "123456789012:other", "@logStream": "one", "@message": "b"},
            {"@log": "123456789012:sessions", "@logStream": "one", "@message": "a"},
        ]
    )


def test_times_are_told_as_dates_and_the_newest_event_comes_first() -> None:
    put("a", "b")
    found = results("fields @message")
    assert found == [{"@message": "b"}, {"@message": "a"}]
    (row,) = results("filter @message = 'b'")
    assert row == {"@timestamp": at(60), "@message": "b"}
    (row,) = results("fields @ingestionTime | limit 1")
    assert row["@ingestionTime"].startswith("20")


def test_no_more_rows_are_told_than_asked_for() -> None:
    put(*"abcdef")
    assert len(results("fields @message", limit=4)) == 4
    assert results("fields @message | sort @timestamp asc | limit 2") == [
        {"@message": "a"},
        {"@message": "b"},
    ]


NESTED = json.dumps(
    {
        "target": {"id": "i-1", "tags": {"Name": "web"}},
        "sessionData": ["$ ls", "file"],
        "list": [{"id": 7}],
        "none": None,
        "flag": True,
        "@own": "x",
        "foo-bar": "y",
        "share": 0.25,
    }
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("target.id", "i-1"),
        ("target.tags.Name", "web"),
        ("sessionData.0", "$ ls"),
        ("sessionData.1", "file"),
        ("list.0.id", "7"),
        ("none", None),
        ("flag", "1"),
        ("@@own", "x"),
        ("`foo-bar`", "y"),
        ("share", "0.25"),
        ("target", None),
        ("absent", None),
    ],
)
def test_the_fields_of_a_json_event_are_discovered(name: str, value: Optional[str]) -> None:
    put(NESTED)
    (row,) = results(f"fields {name}")
    assert row.get(name.strip("`")) == value


def test_two_hundred_fields_of_an_event_are_discovered() -> None:
    put(json.dumps({"sessionData": [f"line {number}" for number in range(300)]}))
    assert results("display sessionData.199, sessionData.200") == [{"sessionData.199": "line 199"}]
