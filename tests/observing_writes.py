"""What is written to observe a log group, and the reading Calls that see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ssmdiag.demo.story import LOG_GROUP, ROLE, Story
from ssmdiag.world.call import Call, call


def observing_cases(story: Story) -> dict[str, tuple[Sequence[Call], Sequence[Call]]]:
    """Each write with what it stands on, and the reading Calls that see it."""
    counted = {"metricName": "M", "metricNamespace": "N", "metricValue": "1"}
    metric: dict[str, Any] = {
        "logGroupName": LOG_GROUP,
        "filterName": "root",
        "metricTransformations": [counted],
    }
    first = call("logs", "PutMetricFilter", **metric, filterPattern="root")
    again = call("logs", "PutMetricFilter", **metric, filterPattern="sudo")
    of_group = {"logGroupName": LOG_GROUP}
    filters = [
        call("logs", "DescribeMetricFilters", **of_group),
        call("logs", "DescribeMetricFilters", **of_group, filterNamePrefix="ro"),
        call("logs", "DescribeMetricFilters", **of_group, filterNamePrefix="su"),
    ]
    stream = call("kinesis", "CreateStream", StreamName="logs", ShardCount=1)
    arn = f"arn:aws:kinesis:{story.region}:{story.account_id}:stream/logs"
    subscription = call(
        "logs",
        "PutSubscriptionFilter",
        **of_group,
        filterName="all",
        filterPattern="",
        destinationArn=arn,
        roleArn=f"arn:aws:iam::{story.account_id}:role/{ROLE}",
    )
    subscriptions = [call("logs", "DescribeSubscriptionFilters", **of_group)]
    alarm: dict[str, Any] = {
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    alarms = [
        call("cloudwatch", "PutMetricAlarm", **alarm, AlarmName=name, Threshold=threshold)
        for name, threshold in (("low", 1), ("high", 9), ("low", 2))
    ]
    asked = [
        call("cloudwatch", "DescribeAlarms", AlarmNames=["low"]),
        call("cloudwatch", "DescribeAlarms", AlarmNamePrefix="hi"),
        call("cloudwatch", "DescribeAlarms"),
    ]
    source = {"http": {"path": "/logs", "aws": {"region": story.region}}}
    body = {"version": "2", "logs": {"source": source, "sink": [{"s3": {"bucket": "b"}}]}}
    of_pipeline = {"PipelineName": "logs"}
    pipeline = call(
        "osis",
        "CreatePipeline",
        **of_pipeline,
        MinUnits=1,
        MaxUnits=1,
        PipelineConfigurationBody=json.dumps(body),
    )
    piped = [call("osis", "GetPipeline", **of_pipeline)]
    encrypt = call(
        "kinesis",
        "StartStreamEncryption",
        StreamName="logs",
        EncryptionType="KMS",
        KeyId="alias/aws/kinesis",
    )
    streamed = [call("kinesis", "DescribeStreamSummary", StreamName="logs")]
    gone = {"logGroupName": LOG_GROUP, "filterName": "root"}
    unsubscribed = call("logs", "DeleteSubscriptionFilter", **of_group, filterName="all")
    stop, start = (call("osis", f"{verb}Pipeline", **of_pipeline) for verb in ("Stop", "Start"))
    return {
        "metric filter": ([first, again], filters),
        "metric filter deleted": ([first, call("logs", "DeleteMetricFilter", **gone)], filters),
        "subscription": ([stream, subscription], subscriptions),
        "subscription deleted": ([stream, subscription, unsubscribed], subscriptions),
        "alarm": (alarms, asked),
        "alarm deleted": (
            [*alarms, call("cloudwatch", "DeleteAlarms", AlarmNames=["low"])],
            asked,
        ),
        "stream": ([stream], streamed),
        "stream encrypted": ([stream, encrypt], streamed),
        "pipeline": ([pipeline], piped),
        "pipeline stopped": ([pipeline, stop], piped),
        "pipeline started again": ([pipeline, stop, start], piped),
    }
