"""The plan that lets session logs be observed, and the way back.

What is taken away on the way back is what costs or acts: the subscription, the alarms, the metric
filters; the pipeline is stopped. Roles, the stream and every log are left, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Callable, Optional

from ssmdiag.model import Broken, Holds, Resource, Verdict, Write
from ssmdiag.requirements.contract import Gap, Requirement, gap_of
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.setup.observed import (
    WITHOUT_PIPELINES,
    Observed,
    reading_metric_filters,
    reading_subscriptions,
    situation_of,
)
from ssmdiag.setup.plan import Plan, plan_for
from ssmdiag.setup.targets import alarms, delivery, metric_filters
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.world.call import Absent, Answer, Ask, Call, Known, call

_PURPOSE = "Observation of Session Manager logs"
_WAY_BACK = "The way back from observation of Session Manager logs"
_TARGETS = (metric_filters, alarms, delivery)
_RUNNING = ("CREATING", "ACTIVE", "UPDATING", "UPDATE_FAILED", "STARTING")


def requirements_of(observed: Observed) -> tuple[Requirement, ...]:
    """What must hold for the logs to be observed as wanted."""
    return tuple(r for target in _TARGETS for r in target.requirements(observed))


def observe_plan(observed: Observed, ask: Ask) -> Plan:
    """Plan the way to ``observed``, and prove it on paper."""
    own = requirements_of(observed)
    made = plan_for(observed, own, (), ask, situation_of(observed))
    return _worded(made, _PURPOSE, "setup observe")


def unobserve(observed: Observed, ask: Ask) -> Plan:
    """Plan the way back from ``observed``: of what is ours, what exists is taken away; what could
    not be read stays open."""
    made = plan_for(observed, _way_back(observed), (), ask, situation_of(observed))
    back = _worded(made, _WAY_BACK, "setup observe --remove")
    return replace(back, left=tuple(_left(observed, ask)))


def _worded(made: Plan, purpose: str, command: str) -> Plan:
    again = f"{command}, with the same options"
    return replace(made, purpose=purpose, planned_by=command, checked_by=again)


def _way_back(observed: Observed) -> tuple[Requirement, ...]:
    def one(id_: str, title: str, check: Callable[[Observed, Ask], Verdict]) -> Requirement:
        return requirement(f"unobserve/{id_}", title, "destination", check, observed)

    delivered = (
        one("subscription", "The log group hands nothing to our stream", _subscription),
        one("pipeline", "Our pipeline does not run", _pipeline),
    )
    return (
        *(delivered if observed.partition != WITHOUT_PIPELINES else ()),
        one("alarms", "No alarm is ours", _alarms),
        one("metric-filters", "No metric filter is ours", _metric_filters),
    )


_Listed = Sequence[Mapping[str, Any]]


def _listed(answer: Answer, name: str, what: str) -> tuple[_Listed, Optional[Gap]]:
    """What there is, and why that is not known; where AWS knows of no such thing there is none."""
    if isinstance(answer, Known):
        return answer.data.get(name, []), None
    return [], None if isinstance(answer, Absent) else gap_of(answer, what)


def _verdict(
    observed: Observed, orders: Sequence[Call], gap: Optional[Gap], said: str, summary: str
) -> Verdict:
    """What was found is taken away, even where more could not be read."""
    resource = Resource("log-group", observed.group)
    if orders:
        return Broken(said, resource, (), (Write(tuple(orders), summary),))
    return unread(gap, resource) if gap else Holds("nothing of ours is there")


def _subscription(observed: Observed, ask: Ask) -> Verdict:
    what = f"the subscription filters of log group {observed.group}"
    filters, gap = _listed(ask(reading_subscriptions(observed)), "subscriptionFilters", what)
    orders = [
        call(
            "logs",
            "DeleteSubscriptionFilter",
            logGroupName=observed.group,
            filterName=found["filterName"],
        )
        for found in filters
        if found["filterName"] == observed.subscription
        and found.get("destinationArn") == observed.stream_arn
    ]
    said = f"log group {observed.group} hands its events to stream {observed.stream}"
    return _verdict(observed, orders, gap, said, "take the subscription away")


def _pipeline(observed: Observed, ask: Ask) -> Verdict:
    name, answer = observed.pipeline, ask(delivery.reading_pipeline(observed))
    runs = _our_pipeline(answer, observed).get("Status") in _RUNNING
    orders = [call("osis", "StopPipeline", PipelineName=name)] if runs else []
    _, gap = _listed(answer, "", f"pipeline {name}")
    summary = "stop the pipeline, which costs nothing then"
    return _verdict(observed, orders, gap, f"pipeline {name} runs, and costs", summary)


def _our_pipeline(answer: Answer, observed: Observed) -> Mapping[str, Any]:
    """The pipeline, if it reads our stream; nothing otherwise."""
    found: Mapping[str, Any] = answer.data["Pipeline"] if isinstance(answer, Known) else {}
    return found if delivery.reads_from(found) == observed.stream else {}


def _alarms(observed: Observed, ask: Ask) -> Verdict:
    names, gaps = [], []
    for watched in (found for found in observed.metric_filters if found.alarm):
        name = watched.resource_name
        alarms_there, gap = _listed(
            ask(alarms.reading_alarm(name)), "MetricAlarms", f"alarm {name}"
        )
        metric = (observed.namespace, watched.metric)
        names += [name for a in alarms_there if (a.get("Namespace"), a.get("MetricName")) == metric]
        gaps += [gap] if gap else []
    orders = [call("cloudwatch", "DeleteAlarms", AlarmNames=names)] if names else []
    said = f"alarms watch what metric filters count: {', '.join(names)}"
    return _verdict(observed, orders, gaps[0] if gaps else None, said, "delete the alarms")


def _metric_filters(observed: Observed, ask: Ask) -> Verdict:
    what = f"the metric filters of log group {observed.group}"
    filters, gap = _listed(ask(reading_metric_filters(observed)), "metricFilters", what)
    ours = {found.resource_name for found in observed.metric_filters}
    orders = [
        call(
            "logs",
            "DeleteMetricFilter",
            logGroupName=observed.group,
            filterName=found["filterName"],
        )
        for found in filters
        if found["filterName"] in ours
    ]
    said = f"log group {observed.group} has metric filters of ours"
    return _verdict(observed, orders, gap, said, "delete the metric filters")


def _left(observed: Observed, ask: Ask) -> Iterator[str]:
    if described(ask, observed.group) is not None:
        yield f"log group {observed.group}, with its events, and metrics, which CloudWatch forgets"
    for role in (observed.delivery_role, observed.subscription_role):
        there = _there(ask(call("iam", "GetRole", RoleName=role)))
        if there is not None:
            yield (
                f"role {role}{there}: others may use it; delete it with its policies if nobody does"
            )
    there = _there(ask(delivery.reading_stream(observed)))
    if there is not None:
        yield (
            f"stream {observed.stream}{there}, which costs its shard an hour: delete it if nobody "
            "reads"
        )
    if _our_pipeline(ask(delivery.reading_pipeline(observed)), observed):
        yield (
            f"pipeline {observed.pipeline}, stopped, its log group "
            f"{observed.log_group_of_pipeline}, and the documents in OpenSearch"
        )


def _there(answer: Answer) -> Optional[str]:
    """What to add to the name of what may be there; None if it is not."""
    if isinstance(answer, Absent):
        return None
    return "" if isinstance(answer, Known) else " (if there is one: that could not be read)"
