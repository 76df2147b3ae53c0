"""``ssmdiag setup observe`` and ``ssmdiag queries`` as a person runs them, on the account."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import boto3
import pytest

from ssmdiag.demo.account import Account
from tests.program import ssmdiag
from tests.starting_states import GROUP, STATES, start


@pytest.fixture
def observed(account: Account) -> Account:
    start(STATES["finished"], account.id)
    return account


def test_what_is_observed_is_planned_applied_and_taken_back(observed: Account) -> None:
    logs, cloudwatch = boto3.client("logs"), boto3.client("cloudwatch")
    applied = ssmdiag("setup", "observe", "--apply", "--yes")
    assert (applied.returncode, applied.stderr) == (0, "")
    names = [
        f["filterName"] for f in logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    ]
    assert "session-manager-privileged-commands" in names
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == len(names) - 1
    assert ssmdiag("setup", "observe").stdout.startswith("Nothing is to be done.\n")

    back = ssmdiag("setup", "observe", "--remove", "--apply", "--yes")
    assert (back.returncode, back.stderr) == (0, "")
    assert logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"] == []
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert observed.requests


@pytest.mark.parametrize(
    "refused",
    [
        ("logs", "DescribeMetricFilters"),
        ("logs", "DescribeSubscriptionFilters"),
        ("osis", "*"),
        ("monitoring", "DescribeAlarms"),
    ],
)
def test_what_may_not_be_read_is_not_said_to_be_taken_back(
    refused: tuple[str, str], observed: Account
) -> None:
    ssmdiag("setup", "observe", "--apply", "--yes")
    observed.faults.refuse(*refused)
    planned = ssmdiag("setup", "observe", "--remove")
    assert planned.returncode == 4
    assert "these are not known to:" in planned.stdout
    back = ssmdiag("setup", "observe", "--remove", "--apply", "--yes")
    assert back.returncode == 3
    unproved = ssmdiag("setup", "observe", "--remove", "--apply", "--yes", "--unproved")
    assert unproved.returncode == 1
    assert "Every requirement holds now." not in unproved.stdout
    observed.faults.clear()
    whole = ssmdiag("setup", "observe", "--remove", "--apply", "--yes")
    assert (whole.returncode, whole.stderr) == (0, "")


def test_alarms_are_taken_back_though_the_log_group_is_gone(observed: Account) -> None:
    logs, cloudwatch = boto3.client("logs"), boto3.client("cloudwatch")
    ssmdiag("setup", "observe", "--apply", "--yes")
    logs.delete_log_group(logGroupName=GROUP)
    back = ssmdiag("setup", "observe", "--remove", "--apply", "--yes")
    assert (back.returncode, back.stderr) == (0, "")
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert f"log group {GROUP}, with its events" not in back.stdout
    assert observed.requests


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("--filter", "nix"), 2, "there is no metric filter 'nix'"),
        (("--namespace", "AWS/X"), 2, "names that begin with AWS/ belong to AWS"),
        (("--alarm-topic", "x"), 2, "is not the ARN of an SNS topic"),
        (("--account", "123456789012", "--apply"), 2, "leave out --apply or --account"),
        (("--log-group", "none"), 3, "there is no log group none in us-east-1"),
    ],
)
def test_what_cannot_be_observed_is_said_in_one_line(
    asked: tuple[str, ...], code: int, said: str, observed: Account
) -> None:
    done = ssmdiag("setup", "observe", *asked)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert said in done.stderr
    assert observed.requests


def _event(session: str, user: str, line: str) -> dict[str, object]:
    message = {
        "eventVersion": "1.0",
        "eventTime": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "awsRegion": "us-east-1",
        "target": {"id": "i-0123456789abcdef0"},
        "userIdentity": {"arn": f"arn:aws:sts::123456789012:assumed-role/Ops/{user}"},
        "runAsUser": "ssm-user",
        "sessionId": session,
        "sessionData": [line],
    }
    return {"timestamp": int(datetime.now().timestamp() * 1000), "message": json.dumps(message)}


def test_a_ready_query_is_run_over_the_log_group_of_the_preferences(observed: Account) -> None:
    logs = boto3.client("logs")
    for session, user in (("alice-1", "alice"), ("alice-2", "alice"), ("bob-1", "bob")):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=session)
        event = _event(session, user, "$ sudo id")
        logs.put_log_events(logGroupName=GROUP, logStreamName=session, logEvents=[event])

    done = ssmdiag("queries", "run", "sessions-per-user", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)["rows"]
    counted = {row["userIdentity.arn"].rsplit("/", 1)[-1]: row["sessions"] for row in rows}
    assert counted == {"alice": "2", "bob": "1"}
    table = ssmdiag("queries", "run", "sessions-per-user").stdout
    assert "assumed-role/Ops/alice" in table
    assert observed.requests


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("run", "sessions-per-usr"), 2, "there is no query 'sessions-per-usr'"),
        (("run", "who-was-on-node"), 2, "needs a value for node"),
        (("run", "who-was-on-node", "--set", 'node=" | x'), 2, "is no value for node"),
        (("run", "sessions-per-user", "--since", "soon"), 2, "soon"),
        (("run", "sessions-per-user", "--log-group", "none"), 3, "none"),
    ],
)
def test_a_query_that_cannot_be_run_is_told_in_one_line(
    asked: tuple[str, ...], code: int, said: str, observed: Account
) -> None:
    done = ssmdiag("queries", *asked)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert said in done.stderr
    assert observed.requests


def test_queries_are_listed_and_shown(account: Account) -> None:
    listed = ssmdiag("queries", "list").stdout
    assert "who-was-on-node" in listed
    assert "--set node=..." in listed
    shown = ssmdiag("queries", "show", "who-was-on-node", "--set", "node=i-0123456789abcdef0")
    assert 'filter target.id = "i-0123456789abcdef0"' in shown.stdout
    assert account.requests == []
