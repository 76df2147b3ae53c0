"""The resource types of CloudWatch and CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.demo.additions.cloudformation.kinds import (
    NOTHING,
    Kind,
    Made,
    Own,
    Place,
    Properties,
    RefusedError,
    put_again,
    put_new,
    retag,
    tag_changes,
)

_PASSED_ON = (
    *("ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator"),
    *("DatapointsToAlarm", "Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods"),
    *("ExtendedStatistic", "InsufficientDataActions", "MetricName", "Metrics", "Namespace"),
    *("OKActions", "Period", "Statistic", "Threshold", "ThresholdMetricId", "TreatMissingData"),
    "Unit",
)
"""Properties of an alarm that PutMetricAlarm takes under the same name."""


def _create_group(place: Place, name: str, new: Properties) -> Made:
    place.do(
        "logs",
        "CreateLogGroup",
        logGroupName=name,
        kmsKeyId=new.get("KmsKeyId"),
        logGroupClass=new.get("LogGroupClass"),
    )
    return Made(name, {"Arn": place.arn("logs", f"log-group:{name}:*")})


def _change_group(place: Place, made: Made, old: Properties, new: Properties) -> None:
    group = {"logGroupName": made.id}
    days, key = new.get("RetentionInDays"), new.get("KmsKeyId")
    if old is not NOTHING and old.get("LogGroupClass") != new.get("LogGroupClass"):
        raise RefusedError("The class of a log group cannot be changed after it is created.")
    if old is not NOTHING and key != old.get("KmsKeyId"):
        operation = "AssociateKmsKey" if key else "DisassociateKmsKey"
        place.do("logs", operation, kmsKeyId=key, **group)
    if days and days != old.get("RetentionInDays"):
        place.do("logs", "PutRetentionPolicy", retentionInDays=days, **group)
    elif not days and old.get("RetentionInDays"):
        place.undo("logs", "DeleteRetentionPolicy", **group)
    gone, changed = tag_changes(old, new)
    arn = made.attributes["Arn"][: -len(":*")]
    if gone:
        place.undo("logs", "UntagResource", resourceArn=arn, tagKeys=gone)
    if changed:
        place.do("logs", "TagResource", resourceArn=arn, tags=changed)


def _delete_group(place: Place, made: Made, _: Properties) -> None:
    place.undo("logs", "DeleteLogGroup", logGroupName=made.id)


def _metric_filter_exists(place: Place, name: str, new: Properties) -> bool:
    asked = {"logGroupName": new["LogGroupName"], "filterNamePrefix": name}
    found = place.find("logs", "DescribeMetricFilters", **asked)
    return any(each["filterName"] == name for each in (found or {}).get("metricFilters", []))


def _put_metric_filter(place: Place, name: str, new: Properties) -> Made:
    place.do(
        "logs",
        "PutMetricFilter",
        logGroupName=new["LogGroupName"],
        filterName=name,
        filterPattern=new["FilterPattern"],
        metricTransformations=[_as_in_the_api(each) for each in new["MetricTransformations"]],
    )
    return Made(name)


def _delete_metric_filter(place: Place, made: Made, old: Properties) -> None:
    named = {"logGroupName": old["LogGroupName"], "filterName": made.id}
    place.undo("logs", "DeleteMetricFilter", **named)


def _as_in_the_api(transformation: Properties) -> Mapping[str, Any]:
    renamed = {name[0].lower() + name[1:]: value for name, value in transformation.items()}
    if "dimensions" in renamed:
        renamed["dimensions"] = {each["Key"]: each["Value"] for each in renamed["dimensions"]}
    return renamed


def _subscription_filter_exists(place: Place, name: str, new: Properties) -> bool:
    asked = {"logGroupName": new["LogGroupName"], "filterNamePrefix": name}
    found = place.find("logs", "DescribeSubscriptionFilters", **asked)
    return any(each["filterName"] == name for each in (found or {}).get("subscriptionFilters", []))


def _put_subscription_filter(place: Place, name: str, new: Properties) -> Made:
    place.do(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=new["LogGroupName"],
        filterName=name,
        filterPattern=new["FilterPattern"],
        destinationArn=new["DestinationArn"],
        roleArn=new.get("RoleArn"),
        distribution=new.get("Distribution"),
    )
    return Made(name)


def _delete_subscription_filter(place: Place, made: Made, old: Properties) -> None:
    named = {"logGroupName": old["LogGroupName"], "filterName": made.id}
    place.undo("logs", "DeleteSubscriptionFilter", **named)


def _alarm_exists(place: Place, name: str, _: Properties) -> bool:
    return bool(place.do("cloudwatch", "DescribeAlarms", AlarmNames=[name]).get("MetricAlarms"))


def _put_alarm(place: Place, name: str, new: Properties) -> Made:
    given = {each: new[each] for each in _PASSED_ON if each in new}
    place.do("cloudwatch", "PutMetricAlarm", AlarmName=name, **given)
    return Made(name, {"Arn": place.arn("cloudwatch", f"alarm:{name}")})


def _change_alarm(place: Place, made: Made, old: Properties, new: Properties) -> None:
    if old is not NOTHING:
        _put_alarm(place, made.id, new)
    whose = {"ResourceARN": made.attributes["Arn"]}
    retag(place, "cloudwatch", ("TagResource", "UntagResource"), whose, old, new)


def _delete_alarm(place: Place, made: Made, _: Properties) -> None:
    place.undo("cloudwatch", "DeleteAlarms", AlarmNames=[made.id])


KINDS: Mapping[str, Kind] = {
    "AWS::Logs::LogGroup": Own(
        _create_group,
        _change_group,
        _delete_group,
        properties=("KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"),
        fixed=("LogGroupName",),
        attributes=("Arn",),
        named_by="LogGroupName",
    ),
    "AWS::Logs::MetricFilter": Own(
        put_new(_put_metric_filter, _metric_filter_exists),
        put_again(_put_metric_filter),
        _delete_metric_filter,
        properties=("FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"),
        required=("FilterPattern", "LogGroupName", "MetricTransformations"),
        fixed=("FilterName", "LogGroupName"),
        named_by="FilterName",
    ),
    "AWS::Logs::SubscriptionFilter": Own(
        put_new(_put_subscription_filter, _subscription_filter_exists),
        put_again(_put_subscription_filter),
        _delete_subscription_filter,
        properties=(
            *("DestinationArn", "Distribution", "FilterName", "FilterPattern", "LogGroupName"),
            "RoleArn",
        ),
        required=("DestinationArn", "FilterPattern", "LogGroupName"),
        fixed=("FilterName", "LogGroupName"),
        named_by="FilterName",
    ),
    "AWS::CloudWatch::Alarm": Own(
        put_new(_put_alarm, _alarm_exists),
        _change_alarm,
        _delete_alarm,
        properties=("AlarmName", "Tags", *_PASSED_ON),
        required=("ComparisonOperator", "EvaluationPeriods"),
        fixed=("AlarmName",),
        attributes=("Arn",),
        named_by="AlarmName",
    ),
}
"""CloudFormation User Guide, "CloudWatch Logs" and "CloudWatch resource type reference"."""
