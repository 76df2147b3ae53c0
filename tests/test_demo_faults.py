"""Faults that can be ordered for any operation, over the real HTTP server."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from ssmdiag.demo.account import Account

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=5)


def client(service: str, config: Config = ONCE) -> Any:
    aws: Any = boto3
    return aws.client(service, config=config)


@pytest.mark.parametrize(
    ("service", "operation", "ask", "code", "status"),
    [
        ("logs", "DescribeLogGroups", "describe_log_groups", "ThrottlingException", 400),
        ("iam", "ListRoles", "list_roles", "Throttling", 400),
        ("ec2", "DescribeVpcs", "describe_vpcs", "RequestLimitExceeded", 503),
        ("s3", "ListBuckets", "list_buckets", "SlowDown", 503),
    ],
)
def test_each_service_throttles_in_its_own_way(
    account: Account, service: str, operation: str, ask: str, code: str, status: int
) -> None:
    account.faults.throttle(service, operation)

    with pytest.raises(ClientError) as refusal:
        getattr(client(service), ask)()

    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_too_many_requests_is_another_way(account: Account) -> None:
    account.faults.throttle("ssm", status=429)

    with pytest.raises(ClientError) as refusal:
        client("ssm").list_documents()

    assert refusal.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_a_fault_that_strikes_twice_is_survived_by_a_client_that_tries_thrice(
    account: Account,
) -> None:
    account.faults.throttle("logs", "DescribeLogGroups", times=2)

    answer = client("logs", Config(retries={"total_max_attempts": 3})).describe_log_groups()

    assert answer["logGroups"] == []
    assert account.requests == [("logs", "DescribeLogGroups")] * 3


def test_a_fault_strikes_its_own_operation_only(account: Account) -> None:
    account.faults.refuse("logs", "DescribeLogGroups")
    logs = client("logs")

    logs.create_log_group(logGroupName="sessions")

    assert logs.describe_log_streams(logGroupName="sessions")["logStreams"] == []
    assert client("iam").list_roles()["Roles"] == []


def test_a_whole_service_can_be_down_but_for_an_operation_ordered_apart(account: Account) -> None:
    account.faults.fail("kms", code="InternalFailure", message="", status=500)
    account.faults.refuse("kms", "ListAliases")
    kms = client("kms")

    with pytest.raises(ClientError, match="InternalFailure"):
        kms.list_keys()
    with pytest.raises(ClientError, match="AccessDeniedException"):
        kms.list_aliases()


def test_any_error_of_aws_can_be_ordered(account: Account) -> None:
    account.faults.fail(
        "sts", code="ExpiredToken", message="The token has <expired> & gone", status=403
    )

    with pytest.raises(ClientError) as refusal:
        client("sts").get_caller_identity()

    error = refusal.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ExpiredToken", "The token has <expired> & gone")


def test_a_late_answer_is_an_answer(account: Account) -> None:
    account.faults.hang("logs", "DescribeLogGroups", seconds=0.2)
    began = time.monotonic()

    answer = client("logs").describe_log_groups()

    assert answer["logGroups"] == []
    assert time.monotonic() - began >= 0.2


def test_a_request_left_hanging_times_out_while_others_are_answered(account: Account) -> None:
    account.faults.hang("logs")
    impatient = client("logs", Config(retries={"total_max_attempts": 1}, read_timeout=0.3))

    with pytest.raises(ReadTimeoutError):
        impatient.describe_log_groups()

    assert client("iam").list_roles()["Roles"] == []


def test_clearing_breaks_off_what_hangs_and_lets_the_next_through(account: Account) -> None:
    account.faults.hang("logs")
    logs = client("logs")
    broken_off: list[ConnectionClosedError] = []

    def ask() -> None:
        try:
            logs.describe_log_groups()
        except ConnectionClosedError as failure:
            broken_off.append(failure)

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 5
    while not account.requests:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    account.faults.clear()
    asking.join(timeout=5)

    assert len(broken_off) == 1
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_connection_can_be_broken_off(account: Account) -> None:
    account.faults.break_off("s3", "ListBuckets", times=1)
    s3 = client("s3")

    with pytest.raises(ConnectionClosedError):
        s3.list_buckets()

    assert s3.list_buckets()["Buckets"] == []
