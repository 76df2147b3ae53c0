"""What cannot be observed is said before anything is planned, one line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.observed import Observed, complaints, obstacles
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import Call, call
from tests.observed_states import ACCOUNT, BUCKET, GROUP, STATES, ask, observed, start

_ARN = f"arn:aws:es:us-east-1:{ACCOUNT}:domain/logs"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"group": "a b"}, "'a b' cannot be the name of a log group"),
        ({"group": "aws/x"}, "names that begin with aws/ belong to AWS"),
        ({"region": "moon"}, "'moon' is not the name of a region"),
        ({"account": "12"}, "'12' is not an account id"),
        ({"bucket": "A"}, "'A' cannot be the name of a bucket"),
        ({"namespace": "AWS/Logs"}, "names that begin with AWS/ belong to AWS"),
        ({"namespace": "a:b"}, "'a:b' cannot be a namespace of metrics"),
        (
            {"filters": ("root-shells", "sudo")},
            "there is no metric filter 'sudo'; there is account",
        ),
        ({"filters": (), "domain": ""}, "nothing is to be observed"),
        ({"topic": "security"}, "security is not the ARN of an SNS topic"),
        ({"topic": f"arn:aws:sns:us-east-1:{ACCOUNT}:a:b"}, "is not the ARN of an SNS topic"),
        ({"topic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:a"}, "is in eu-west-1, the log group in us-"),
        ({"topic": f"arn:aws-cn:sns:cn-north-1:{ACCOUNT}:a"}, "is of partition aws-cn; us-east-1"),
        ({"domain": "logs"}, "logs is not the ARN of an OpenSearch domain"),
        ({"domain": _ARN.replace("us-east-1", "eu-west-1")}, "is in eu-west-1, the log group in"),
        ({"domain": _ARN.replace("aws:", "aws-us-gov:", 1)}, "is of partition aws-us-gov"),
        ({"domain": _ARN.replace(ACCOUNT, "210987654321")}, "belongs to account 210987654321"),
        (
            {
                "region": "cn-north-1",
                "topic": "",
                "domain": _ARN.replace("us-east-1", "cn-north-1"),
            },
            "AWS offers no pipelines of OpenSearch Ingestion in China",
        ),
        ({"index": "Logs"}, "'Logs' cannot be the name of an index"),
        ({"index": "logs-%{yyyy.MM.dd}-%{HH}"}, "cannot be the name of an index"),
        ({"stream": "a/b"}, "'a/b' cannot be the name of a data stream"),
        ({"pipeline": "My_Pipeline"}, "'My_Pipeline' cannot be the name of a pipeline"),
        ({"pipeline": "a" * 29}, "cannot be the name of a pipeline: 3 to 28 small letters"),
        ({"delivery_role": "a b"}, "'a b' cannot be the name of a role"),
        ({"subscription_role": ""}, "'' cannot be the name of a role"),
        ({"subscription_role": "SessionManagerDelivery"}, "cannot serve delivery and subscription"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(choices: dict[str, Any], said: str) -> None:
    (line,) = complaints(replace(observed(), **choices))
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize("name", STATES)
def test_there_is_nothing_to_complain_of_in_what_the_tests_want(
    name: str, account: Account
) -> None:
    del account
    wanted = STATES[name].wanted
    start(STATES[name])
    assert complaints(wanted) == ()
    assert obstacles(wanted, ask(wanted)) == ()


def _filters(count: int, pattern: str) -> list[Call]:
    transformation = {"metricName": "M", "metricNamespace": "N", "metricValue": "1"}
    return [
        call(
            "logs",
            "PutMetricFilter",
            logGroupName=GROUP,
            filterName=f"theirs-{number}",
            filterPattern=pattern,
            metricTransformations=[transformation],
        )
        for number in range(count)
    ]


def _subscriptions(wanted: Observed) -> list[Call]:
    stream = call("kinesis", "CreateStream", StreamName="theirs", ShardCount=1)
    filters = [
        call(
            "logs",
            "PutSubscriptionFilter",
            logGroupName=GROUP,
            filterName=name,
            filterPattern="",
            destinationArn=wanted.arn("kinesis", "stream/theirs"),
            roleArn=wanted.role_arn("Theirs"),
        )
        for name in ("one", "two")
    ]
    return [stream, *filters]


_CLASS = call("logs", "CreateLogGroup", logGroupName=GROUP, logGroupClass="INFREQUENT_ACCESS")
_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:security"
_WITH_AWS_KEY = call(
    "sns", "CreateTopic", Name="security-2", Attributes={"KmsMasterKeyId": "alias/aws/sns"}
)
_ELSEWHERE = call(
    "s3",
    "CreateBucket",
    Bucket="elsewhere-1",
    CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
)


@pytest.mark.parametrize(
    ("orders", "choices", "said"),
    [
        ([], {}, f"there is no log group {GROUP} in us-east-1"),
        ([_CLASS], {}, "is of class INFREQUENT_ACCESS: only those of class STANDARD"),
        (_filters(95, "a"), {}, "has 95 other metric filters, and may have 100 in all"),
        (_filters(2, "%a%"), {}, "has 2 other filters with regular expressions, and may have 5"),
        (_subscriptions(observed()), {}, "has 2 subscription filters of others (one, two)"),
        ([], {"topic": f"{_TOPIC}-absent"}, f"there is no topic {_TOPIC}-absent"),
        ([_WITH_AWS_KEY], {"topic": f"{_TOPIC}-2"}, "is encrypted with the key of AWS"),
        ([], {"bucket": "absent-1"}, "there is no bucket absent-1"),
        ([_ELSEWHERE], {"bucket": "elsewhere-1"}, "bucket elsewhere-1 is in eu-west-1"),
    ],
)
def test_what_the_account_does_not_allow_for_is_said_in_one_line(
    orders: list[Call], choices: dict[str, Any], said: str, account: Account
) -> None:
    del account
    wanted = observed(**choices)
    perform = performing("us-east-1")
    if _CLASS not in orders and "there is no log group" not in said:
        perform(call("logs", "CreateLogGroup", logGroupName=GROUP))
    perform(call("s3", "CreateBucket", Bucket=BUCKET))
    perform(call("sns", "CreateTopic", Name="security"))
    for order in orders:
        perform(order)
    (line,) = obstacles(wanted, ask(wanted))
    assert said in line
