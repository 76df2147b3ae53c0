"""CloudFormation makes log groups, filters and alarms."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tests.stacks import (
    ACCOUNT,
    FOR_LOGS,
    GROUP,
    GROUP_ARN,
    Resources,
    att,
    create,
    delete,
    group,
    key,
    log_groups,
    outputs,
    physical,
    ref,
    resource,
    role,
    update,
)

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive


@pytest.mark.usefixtures("account")
def test_a_log_group_has_key_retention_class_and_an_arn_that_ends_with_a_star() -> None:
    create(
        {
            "Group": group(
                KmsKeyId=att("Key"),
                RetentionInDays="30",
                LogGroupClass="INFREQUENT_ACCESS",
                Tags=[{"Key": "team", "Value": "ops"}],
            ),
            "Key": key(FOR_LOGS),
        },
        outputs={"Ref": ref("Group"), "Arn": att("Group"), "Key": att("Key")},
    )
    (made,) = log_groups()
    tags = boto3.client("logs").list_tags_for_resource(resourceArn=GROUP_ARN)["tags"]

    assert (made["retentionInDays"], made["logGroupClass"]) == (30, "INFREQUENT_ACCESS")
    assert (outputs()["Ref"], outputs()["Arn"]) == (GROUP, f"{GROUP_ARN}:*")
    assert made["kmsKeyId"] == outputs()["Key"]
    assert tags == {"team": "ops"}


@pytest.mark.usefixtures("account")
def test_a_log_group_gains_and_loses_key_and_retention_without_being_replaced() -> None:
    keys = {"Key": key(FOR_LOGS)}
    create({**keys, "Group": group()})
    boto3.client("logs").create_log_stream(logGroupName=GROUP, logStreamName="kept")

    update({**keys, "Group": group(KmsKeyId=att("Key"), RetentionInDays=7)})
    (gained,) = log_groups()
    update({**keys, "Group": group()})
    (lost,) = log_groups()

    assert (gained["kmsKeyId"].rpartition("/")[2], gained["retentionInDays"]) == (
        physical("Key"),
        7,
    )
    assert not {"kmsKeyId", "retentionInDays"} & lost.keys()
    streams = boto3.client("logs").describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["kept"]


def metric_filter(pattern: str = "denied") -> Resources:
    transformation = {
        "MetricName": "Denied",
        "MetricNamespace": "Sessions",
        "MetricValue": 1,
        "DefaultValue": 0,
    }
    return resource(
        "Logs::MetricFilter",
        {
            "LogGroupName": ref("Group"),
            "FilterName": "denied",
            "FilterPattern": pattern,
            "MetricTransformations": [transformation],
        },
    )


@pytest.mark.usefixtures("account")
def test_a_metric_filter_is_put_overwritten_and_deleted() -> None:
    def filters() -> list[Any]:
        found: list[Any] = boto3.client("logs").describe_metric_filters()["metricFilters"]
        return found

    create({"Filter": metric_filter(), "Group": group()}, outputs={"Ref": ref("Filter")})
    (made,) = filters()
    update({"Filter": metric_filter("refused"), "Group": group()})
    (changed,) = filters()
    update({"Group": group()})

    assert outputs() == {}
    assert (made["filterName"], made["logGroupName"]) == ("denied", GROUP)
    assert made["metricTransformations"] == [
        {
            "metricName": "Denied",
            "metricNamespace": "Sessions",
            "metricValue": "1",
            "defaultValue": 0.0,
        }
    ]
    assert (made["filterPattern"], changed["filterPattern"]) == ("denied", "refused")
    assert filters() == []


@pytest.mark.usefixtures("account")
def test_an_alarm_watches_what_it_is_told_to() -> None:
    properties = {
        "AlarmName": "denied",
        "AlarmActions": [ref("Topic")],
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Dimensions": [{"Name": "Host", "Value": "a"}],
        "EvaluationPeriods": "1",
        "MetricName": "Denied",
        "Namespace": "Sessions",
        "Period": 300,
        "Statistic": "Sum",
        "Threshold": 1,
        "TreatMissingData": "notBreaching",
    }
    topic = {"Topic": resource("SNS::Topic", {"TopicName": "alarms"})}
    create(
        {"Alarm": resource("CloudWatch::Alarm", properties), **topic},
        outputs={"Arn": att("Alarm"), "Ref": ref("Alarm")},
    )
    cloudwatch = boto3.client("cloudwatch")
    (made,) = cloudwatch.describe_alarms()["MetricAlarms"]
    told = outputs()
    update({"Alarm": resource("CloudWatch::Alarm", {**properties, "Threshold": 5}), **topic})
    (changed,) = cloudwatch.describe_alarms()["MetricAlarms"]
    delete()

    assert told == {"Arn": made["AlarmArn"], "Ref": "denied"}
    assert made["AlarmActions"] == [f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"]
    assert {name: made[name] for name in properties if name != "AlarmActions"} == {
        **{name: value for name, value in properties.items() if name != "AlarmActions"},
        "EvaluationPeriods": 1,
    }
    assert (made["Threshold"], changed["Threshold"]) == (1.0, 5.0)
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


@pytest.mark.usefixtures("account")
def test_a_group_is_subscribed_to_a_stream() -> None:
    def whole(pattern: str) -> Resources:
        subscription = {
            "LogGroupName": ref("Group"),
            "FilterName": "everything",
            "FilterPattern": pattern,
            "DestinationArn": att("Stream"),
            "RoleArn": att("Role"),
        }
        return {
            "Subscription": resource("Logs::SubscriptionFilter", subscription),
            "Stream": resource("Kinesis::Stream", {"Name": "sessions", "ShardCount": 1}),
            "Group": group(),
            "Role": role(RoleName="Subscription"),
        }

    def subscribed() -> list[Any]:
        logs = boto3.client("logs")
        found: list[Any] = logs.describe_subscription_filters(logGroupName=GROUP)[
            "subscriptionFilters"
        ]
        return found

    create(whole(""), outputs={"Arn": att("Stream"), "Role": att("Role")})
    told = outputs()
    (before,) = subscribed()
    update(whole("denied"))
    (after,) = subscribed()
    update({"Group": group()})

    assert (before["destinationArn"], before["roleArn"]) == (told["Arn"], told["Role"])
    assert told["Arn"] == f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/sessions"
    assert (before["filterPattern"], after["filterPattern"]) == ("", "denied")
    assert subscribed() == []
