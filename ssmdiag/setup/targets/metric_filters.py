"""The metric filters of the log group: that each counts what it says, in the wanted namespace.

Source: Amazon CloudWatch Logs API Reference, PutMetricFilter, DescribeMetricFilters and
MetricTransformation (a metric with dimensions can have no default value).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ssmdiag.model import Advice, Broken, Holds, Remedy, Resource, Verdict, Write
from ssmdiag.requirements.contract import Requirement, gap_of
from ssmdiag.setup.metric_filters.metric_filter import MetricFilter
from ssmdiag.setup.observed import Observed, reading_metric_filters
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.world.call import Ask, Known, call


def requirements(observed: Observed) -> tuple[Requirement, ...]:
    """Each of the metric filters is there."""
    return tuple(
        requirement(
            f"observe/metric-filter-{found.name}",
            f"Counted: {found.title}",
            "destination",
            _counts(found),
            observed,
        )
        for found in observed.metric_filters
    )


def _counts(wanted: MetricFilter) -> Callable[[Observed, Ask], Verdict]:
    def check(observed: Observed, ask: Ask) -> Verdict:
        resource = Resource("log-group", observed.group)
        answer = ask(reading_metric_filters(observed))
        if not isinstance(answer, Known):
            return unread(gap_of(answer, f"metric filters of log group {observed.group}"), resource)
        name, transformation = wanted.resource_name, _transformation(wanted, observed)
        there = [f for f in answer.data.get("metricFilters", []) if f["filterName"] == name]
        if any(_same(found, wanted.pattern, transformation) for found in there):
            return Holds(f"metric filter {name} counts it")
        order = call(
            "logs",
            "PutMetricFilter",
            logGroupName=observed.group,
            filterName=name,
            filterPattern=wanted.pattern,
            metricTransformations=[transformation],
        )
        metric = f"{observed.namespace}/{wanted.metric}"
        remedies: tuple[Remedy, ...] = (
            Write((order,), f"count in {metric}: {wanted.title} (metric filter {name})"),
        )
        if wanted.needs == "streaming":
            remedies += (Advice("it sees streamed session logs only, not uploaded ones"),)
        said = "counts something else" if there else "does not exist"
        return Broken(f"metric filter {name} {said}", resource, (wanted.why,), remedies)

    return check


def _transformation(wanted: MetricFilter, observed: Observed) -> dict[str, Any]:
    common = {
        "metricName": wanted.metric,
        "metricNamespace": observed.namespace,
        "metricValue": "1",
        "unit": "Count",
    }
    if wanted.dimensions:
        return {**common, "dimensions": dict(wanted.dimensions)}
    return {**common, "defaultValue": 0}


def _same(found: Mapping[str, Any], pattern: str, transformation: Mapping[str, Any]) -> bool:
    written = [
        {name: value for name, value in each.items() if value not in (None, {})}
        for each in found.get("metricTransformations", [])
    ]
    return found.get("filterPattern") == pattern and written == [transformation]
