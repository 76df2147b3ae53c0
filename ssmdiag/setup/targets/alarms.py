"""The alarms on the metrics: that each watches its metric, and tells the wanted topic.

What else an alarm tells, and whether its actions are turned off, is left as it is. Source: Amazon
CloudWatch API Reference, PutMetricAlarm (which replaces an alarm as a whole) and DescribeAlarms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ssmdiag.model import Advice, Broken, Holds, Remedy, Resource, Verdict, Write
from ssmdiag.requirements.contract import Requirement, gap_of
from ssmdiag.setup.metric_filters.metric_filter import Alarm, MetricFilter
from ssmdiag.setup.observed import Observed
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.world.call import Ask, Call, Known, call

_KEPT = ("OKActions", "InsufficientDataActions", "DatapointsToAlarm")


def requirements(observed: Observed) -> tuple[Requirement, ...]:
    """Each metric that has an alarm is watched by it."""
    return tuple(
        requirement(
            f"observe/alarm-{found.name}",
            f"Alarm: {found.alarm.title}",
            "destination",
            _watches(found, found.alarm),
            observed,
        )
        for found in observed.metric_filters
        if found.alarm
    )


def reading_alarm(name: str) -> Call:
    """The Call that looks up one alarm."""
    return call("cloudwatch", "DescribeAlarms", AlarmNames=[name])


def _watches(of: MetricFilter, wanted: Alarm) -> Callable[[Observed, Ask], Verdict]:
    def check(observed: Observed, ask: Ask) -> Verdict:
        name, resource = of.resource_name, Resource("log-group", observed.group)
        answer = ask(reading_alarm(name))
        if not isinstance(answer, Known):
            return unread(gap_of(answer, f"alarm {name}"), resource)
        there: list[dict[str, Any]] = answer.data.get("MetricAlarms", [])
        now = there[0] if there else None
        settings = _settings(of, wanted, observed)
        if now is not None and not _is_ours(now, settings):
            said = f"alarm {name} watches another metric, {_metric(now)}"
            advice = Advice(f"rename alarm {name}, or delete it: its name is needed")
            return Broken(said, resource, (), (advice,))
        if now is not None and _says(now, settings, observed.topic):
            return Holds(f"alarm {name} watches {_metric(settings)}")
        order = call("cloudwatch", "PutMetricAlarm", **_whole(name, settings, now, observed.topic))
        told = f"tell {observed.topic}" if observed.topic else "show it"
        times = f"{wanted.threshold:g} in {wanted.period} seconds"
        summary = f"{told} when {_metric(settings)} reaches {times} (alarm {name})"
        remedies: tuple[Remedy, ...] = (Write((order,), summary),)
        said = f"alarm {name} does not exist"
        if now is not None:
            said = f"alarm {name} says otherwise of {', '.join(_differing(now, settings))}"
            if not _differing(now, settings):
                said = f"alarm {name} does not tell {observed.topic}"
        return Broken(said, resource, (), remedies)

    return check


def _settings(of: MetricFilter, wanted: Alarm, observed: Observed) -> dict[str, Any]:
    return {
        "AlarmDescription": wanted.title,
        "Namespace": observed.namespace,
        "MetricName": of.metric,
        "Statistic": "Sum",
        "Period": wanted.period,
        "EvaluationPeriods": wanted.evaluation_periods,
        "Threshold": wanted.threshold,
        "ComparisonOperator": wanted.comparison,
        "TreatMissingData": wanted.treat_missing_data,
    }


def _whole(name: str, settings: Mapping[str, Any], now: Any, topic: str) -> dict[str, Any]:
    """Every parameter, with what the alarm says already and nobody asked to change."""
    before: Mapping[str, Any] = now or {}
    told = list(before.get("AlarmActions", []))
    if topic and topic not in told:
        told.append(topic)
    kept = {key: before[key] for key in _KEPT if before.get(key)}
    whole = {"AlarmName": name, **settings, **kept}
    if told:
        whole["AlarmActions"] = told
    if before.get("ActionsEnabled") is False:
        whole["ActionsEnabled"] = False
    return whole


def _is_ours(now: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    return _metric(now) == _metric(settings) and not now.get("Dimensions")


def _metric(of: Mapping[str, Any]) -> str:
    return f"{of.get('Namespace')}/{of.get('MetricName')}"


def _says(now: Mapping[str, Any], settings: Mapping[str, Any], topic: str) -> bool:
    told = not topic or topic in now.get("AlarmActions", [])
    return told and not _differing(now, settings)


def _differing(now: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    return [name for name, value in settings.items() if now.get(name) != value]
