"""Metric filters count what they say: every example is put to CloudWatch Logs itself."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.metric_filters.metric_filter import (
    MetricFilter,
    MetricFilterError,
    has_regex,
    load,
    metric_filters,
)
from ssmdiag.setup.observed import METRIC_FILTERS_AT_MOST, WITH_REGEX_AT_MOST

FILTERS = {found.name: found for found in metric_filters()}
_EXAMPLES = [
    pytest.param(found, event, counted, id=f"{found.name}-{kind}-{number}")
    for found in FILTERS.values()
    for kind, events, counted in (("counted", found.matches, True), ("not", found.passes, False))
    for number, event in enumerate(events, start=1)
]
_FIELDS = {
    *("eventVersion", "eventTime", "awsRegion", "target", "userIdentity", "runAsUser"),
    *("sessionId", "sessionData"),
}


@pytest.mark.parametrize(("found", "event", "counted"), _EXAMPLES)
def test_cloudwatch_logs_counts_an_example_as_the_file_says(
    found: MetricFilter, event: str, counted: bool, account: Account
) -> None:
    del account
    tested = boto3.client("logs").test_metric_filter(
        filterPattern=found.pattern, logEventMessages=[event]
    )
    assert bool(tested["matches"]) is counted


@pytest.mark.parametrize("name", FILTERS)
def test_a_dimension_has_a_value_in_every_event_that_is_counted(
    name: str, account: Account
) -> None:
    del account
    found = FILTERS[name]
    for event in found.matches:
        tested = boto3.client("logs").test_metric_filter(
            filterPattern=found.pattern, logEventMessages=[event]
        )
        values = tested["matches"][0]["extractedValues"]
        assert {selector for _, selector in found.dimensions} <= set(values)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_shown_on_events_of_every_form_that_it_sees(name: str) -> None:
    found = FILTERS[name]
    streamed = [event for event in found.matches if event.startswith("{")]
    assert streamed
    assert all(set(json.loads(event)) == _FIELDS for event in streamed)
    assert (len(streamed) < len(found.matches)) is (found.needs == "any")


def test_all_filters_fit_into_one_log_group(account: Account) -> None:
    del account
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="sessions")
    for found in FILTERS.values():
        logs.put_metric_filter(
            logGroupName="sessions",
            filterName=found.resource_name,
            filterPattern=found.pattern,
            metricTransformations=[
                {"metricName": found.metric, "metricNamespace": "Test", "metricValue": "1"}
            ],
        )
    assert sum(has_regex(found.pattern) for found in FILTERS.values()) < WITH_REGEX_AT_MOST
    assert len(FILTERS) < METRIC_FILTERS_AT_MOST


def test_each_filter_feeds_a_metric_of_its_own() -> None:
    assert len({found.metric for found in FILTERS.values()}) == len(FILTERS)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("%a%", True), ('"100%"', False), ("{ $.a = %b% }", True), ('{ $.a = "50% \\" %" }', False)],
)
def test_a_percent_sign_in_quotes_is_no_regular_expression(pattern: str, expected: bool) -> None:
    assert has_regex(pattern) is expected


_GOOD = """
title = "T"
why = "W"
needs = "streaming"
pattern = '{ $.a.b = * }'
metric = "M"
[[matches]]
event = '{"a": {"b": 1}}'
[[passes]]
event = 'x'
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('title = "T"', "", "title must be a text"),
        ('why = "W"', "why = 7", "why must be a text"),
        ('needs = "streaming"', 'needs = "uploads"', "'uploads' is none of streaming, any"),
        ('needs = "streaming"', 'needs = "any"', "a pattern of JSON fields needs streaming"),
        ('metric = "M"', 'metric = "M M"', "is not letters and digits"),
        ('metric = "M"', 'metrics = "M"', "unknown: metrics"),
        ("'{ $.a.b = * }'", "'{" + " " * 1024 + "}'", "longer than 1024 characters"),
        ("[[passes]]\nevent = 'x'", "", "it needs examples of events"),
        ("[[matches]]", "[dimensions]\nB = '$.c'\n[[matches]]", "'$.c' is no field of the pattern"),
        (
            "[[matches]]",
            "[dimensions]\nB = '$.a.b'\n[alarm]\ntitle = 'A'\nthreshold = 1\nperiod = 60\n"
            "[[matches]]",
            "a metric with dimensions has no sum",
        ),
        (
            "[[matches]]",
            "[alarm]\ntitle = 'A'\nthreshold = 1\nperiod = 90\n[[matches]]",
            "it must be a multiple of 60 seconds",
        ),
        (
            "[[matches]]",
            "[alarm]\ntitle = 'A'\nthreshold = 1\nperiod = 60\nevaluation_periods = 0\n[[matches]]",
            "it must be at least 1",
        ),
        (
            "[[matches]]",
            "[alarm]\ntitle = 'A'\nthreshold = 1\nperiod = 60\ncomparison = 'Above'\n[[matches]]",
            "'Above' is none of GreaterThanOrEqualToThreshold",
        ),
        ("[[matches]]", "[alarm]\ntitle = 'A'\nperiod = 60\n[[matches]]", "threshold"),
        ('title = "T"', "title = ", "is not a metric filter"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    before: str, after: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(_GOOD, encoding="utf-8")
    assert load(file).name == "own"
    file.write_text(_GOOD.replace(before, after), encoding="utf-8")
    with pytest.raises(MetricFilterError, match=r"own\.toml") as caught:
        load(file)
    assert said in str(caught.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(MetricFilterError, match="cannot be read"):
        load(tmp_path / "none.toml")
