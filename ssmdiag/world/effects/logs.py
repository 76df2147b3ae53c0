"""Log groups and their filters (Amazon CloudWatch Logs API Reference)."""

from __future__ import annotations

from typing import Optional

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effect, Effects, Parameters, concerns, data_of


def _create_log_group(write: Parameters, question: Call, answer: Answer) -> Answer:
    name = write["logGroupName"]
    prefix = question.parameters.get("logGroupNamePrefix", "")
    if not concerns(question, "logs", "DescribeLogGroups") or not name.startswith(prefix):
        return answer
    data = data_of(answer, {"logGroups": []})
    data["logGroups"].append({"logGroupName": name, "kmsKeyId": write.get("kmsKeyId")})
    return Known(data)


def _associate_kms_key(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not (concerns(question, "logs", "DescribeLogGroups") and isinstance(answer, Known)):
        return answer
    data = data_of(answer, {})
    for group in data["logGroups"]:
        if group["logGroupName"] == write["logGroupName"]:
            group["kmsKeyId"] = write["kmsKeyId"]
    return Known(data)


def _put_retention_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not (concerns(question, "logs", "DescribeLogGroups") and isinstance(answer, Known)):
        return answer
    data = data_of(answer, {})
    for group in data["logGroups"]:
        if group["logGroupName"] == write["logGroupName"]:
            group["retentionInDays"] = write["retentionInDays"]
    return Known(data)


def _filters(operation: str, listed: str, *, put: bool) -> Effect:
    """What writing or deleting a filter does to the answers of ``operation``."""

    def effect(write: Parameters, question: Call, answer: Answer) -> Answer:
        group, name = write["logGroupName"], write["filterName"]
        if not _lists(question, operation, group, name):
            return answer
        data = data_of(answer, {listed: []})
        kept = [f for f in data[listed] if (f["logGroupName"], f["filterName"]) != (group, name)]
        return Known({**data, listed: [*kept, write] if put else kept})

    return effect


def _lists(question: Call, operation: str, group: str, name: str) -> bool:
    asked: Optional[str] = question.parameters.get("logGroupName")
    prefix = question.parameters.get("filterNamePrefix", "")
    ours = asked in (None, group) and name.startswith(prefix)
    return concerns(question, "logs", operation) and ours


EFFECTS: Effects = {
    "PutRetentionPolicy": _put_retention_policy,
    "CreateLogGroup": _create_log_group,
    "AssociateKmsKey": _associate_kms_key,
    "PutMetricFilter": _filters("DescribeMetricFilters", "metricFilters", put=True),
    "DeleteMetricFilter": _filters("DescribeMetricFilters", "metricFilters", put=False),
    "PutSubscriptionFilter": _filters(
        "DescribeSubscriptionFilters", "subscriptionFilters", put=True
    ),
    "DeleteSubscriptionFilter": _filters(
        "DescribeSubscriptionFilters", "subscriptionFilters", put=False
    ),
}
