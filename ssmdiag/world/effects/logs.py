"""Log groups (Amazon CloudWatch Logs API Reference)."""

from __future__ import annotations

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns, data_of


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


EFFECTS: Effects = {
    "PutRetentionPolicy": _put_retention_policy,
    "CreateLogGroup": _create_log_group,
    "AssociateKmsKey": _associate_kms_key,
}
