"""Alarms (Amazon CloudWatch API Reference)."""

from __future__ import annotations

from typing import Any

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns, data_of


def _put_metric_alarm(write: Parameters, question: Call, answer: Answer) -> Answer:
    name = write["AlarmName"]
    if not _asks_for(question, name):
        return answer
    data = _without(answer, [name])
    actions: dict[str, Any] = {
        "ActionsEnabled": True,
        "AlarmActions": [],
        "OKActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
    }
    data["MetricAlarms"].append({**actions, **write})
    return Known(data)


def _delete_alarms(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not any(_asks_for(question, name) for name in write["AlarmNames"]):
        return answer
    return Known(_without(answer, write["AlarmNames"]))


def _asks_for(question: Call, alarm: str) -> bool:
    asked = question.parameters
    listed = "AlarmNames" not in asked or alarm in asked["AlarmNames"]
    prefixed = alarm.startswith(asked.get("AlarmNamePrefix", ""))
    return concerns(question, "cloudwatch", "DescribeAlarms") and listed and prefixed


def _without(answer: Answer, alarms: list[str]) -> dict[str, Any]:
    data = data_of(answer, {"MetricAlarms": [], "CompositeAlarms": []})
    kept = [alarm for alarm in data.get("MetricAlarms", []) if alarm["AlarmName"] not in alarms]
    return {**data, "MetricAlarms": kept}


EFFECTS: Effects = {
    "PutMetricAlarm": _put_metric_alarm,
    "DeleteAlarms": _delete_alarms,
}
