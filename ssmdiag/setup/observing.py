"""The plan that lets session logs be observed, and the way back.

What is taken away on the way back is what costs or acts: the subscription, the alarms, the metric
filters; the pipeline is stopped. Roles, the stream and every log are left, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ssmdiag.model import Resource
from ssmdiag.requirements.contract import Requirement
from ssmdiag.setup.metric_filters.metric_filter import MetricFilter
from ssmdiag.setup.observed import (
    Observed,
    reading_metric_filters,
    reading_subscriptions,
    situation_of,
)
from ssmdiag.setup.plan import Plan, Step, plan_for
from ssmdiag.setup.targets import alarms, delivery, metric_filters
from ssmdiag.world.call import Ask, Call, Known, call

_PURPOSE = "Observation of Session Manager logs"
_TARGETS = (metric_filters, alarms, delivery)
_RUNNING = ("CREATING", "ACTIVE", "UPDATING", "UPDATE_FAILED", "STARTING")


def requirements_of(observed: Observed) -> tuple[Requirement, ...]:
    """What must hold for the logs to be observed as wanted."""
    return tuple(r for target in _TARGETS for r in target.requirements(observed))


def observe_plan(observed: Observed, ask: Ask) -> Plan:
    """Plan the way to ``observed``, and prove it on paper."""
    own = requirements_of(observed)
    made = plan_for(observed, own, (), ask, situation_of(observed))
    return replace(made, purpose=_PURPOSE)


def unobserve(observed: Observed, ask: Ask) -> Plan:
    """Plan the way back from ``observed``: of what is ours, what exists is taken away."""
    left = tuple(_left(observed, ask))
    return Plan(observed, tuple(_steps(observed, ask)), (), (), {}, _PURPOSE, left)


def _steps(observed: Observed, ask: Ask) -> Iterator[Step]:
    for orders, summary in (
        (_subscription(observed, ask), "take the subscription away"),
        (_pipeline(observed, ask), "stop the pipeline, which costs nothing then"),
        (_alarms(observed, ask), "delete the alarms"),
        (_metric_filters(observed, ask), "delete the metric filters"),
    ):
        calls = tuple(orders)
        if calls:
            resource = Resource("log-group", observed.group)
            why = (f"log group {observed.group} is observed",)
            yield Step(resource, summary, why, (), calls)


def _subscription(observed: Observed, ask: Ask) -> Iterator[Call]:
    answer = ask(reading_subscriptions(observed))
    filters = answer.data.get("subscriptionFilters", []) if isinstance(answer, Known) else []
    for found in filters:
        named = found["filterName"] == observed.subscription
        if named and found.get("destinationArn") == observed.stream_arn:
            yield call(
                "logs",
                "DeleteSubscriptionFilter",
                logGroupName=observed.group,
                filterName=found["filterName"],
            )


def _pipeline(observed: Observed, ask: Ask) -> Iterator[Call]:
    answer = ask(delivery.reading_pipeline(observed))
    if not isinstance(answer, Known):
        return
    pipeline = answer.data["Pipeline"]
    ours = delivery.reads_from(pipeline) == observed.stream
    if ours and pipeline.get("Status") in _RUNNING:
        yield call("osis", "StopPipeline", PipelineName=observed.pipeline)


def _alarms(observed: Observed, ask: Ask) -> Iterator[Call]:
    there = [f.resource_name for f in _with_alarm(observed) if _watched(f, observed, ask)]
    if there:
        yield call("cloudwatch", "DeleteAlarms", AlarmNames=there)


def _with_alarm(observed: Observed) -> Sequence[MetricFilter]:
    return [found for found in observed.metric_filters if found.alarm]


def _watched(of: MetricFilter, observed: Observed, ask: Ask) -> bool:
    answer = ask(alarms.reading_alarm(of.resource_name))
    found = answer.data.get("MetricAlarms", []) if isinstance(answer, Known) else []
    metric = (observed.namespace, of.metric)
    return any((a.get("Namespace"), a.get("MetricName")) == metric for a in found)


def _metric_filters(observed: Observed, ask: Ask) -> Iterator[Call]:
    answer = ask(reading_metric_filters(observed))
    filters = answer.data.get("metricFilters", []) if isinstance(answer, Known) else []
    ours = {found.resource_name for found in observed.metric_filters}
    for found in filters:
        if found["filterName"] in ours:
            yield call(
                "logs",
                "DeleteMetricFilter",
                logGroupName=observed.group,
                filterName=found["filterName"],
            )


def _left(observed: Observed, ask: Ask) -> Iterator[str]:
    yield f"log group {observed.group}, with its events, and metrics, which CloudWatch forgets"
    for role in (observed.delivery_role, observed.subscription_role):
        if isinstance(ask(call("iam", "GetRole", RoleName=role)), Known):
            yield f"role {role}: others may use it; delete it with its policies if nobody does"
    if isinstance(ask(delivery.reading_stream(observed)), Known):
        yield f"stream {observed.stream}, which costs its shard an hour: delete it if nobody reads"
    if isinstance(ask(delivery.reading_pipeline(observed)), Known):
        yield (
            f"pipeline {observed.pipeline}, stopped, its log group "
            f"{observed.log_group_of_pipeline}, and the documents in OpenSearch"
        )
