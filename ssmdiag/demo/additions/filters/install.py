"""CloudWatch Logs: metric filters and subscription filters are checked as the service checks them.

Quotas: API Reference, "PutMetricFilter" and "PutSubscriptionFilter". Log classes: User Guide,
"Log classes".
"""

from __future__ import annotations

import json
from typing import Any

from ssmdiag.demo.additions.extending import Method, add, correct, refuse
from ssmdiag.demo.additions.filters.pattern import FilterPattern, read_pattern
from ssmdiag.demo.additions.filters.values import PatternError

_METRIC_FILTERS_AT_MOST = 100
_SUBSCRIPTION_FILTERS_AT_MOST = 2
_WITH_REGEX_AT_MOST = 5
_LONGEST_PATTERN = 1024
_MESSAGES_AT_MOST = 50


def install() -> None:
    """Add TestMetricFilter; make the operations that put filters check class, pattern, quota."""
    from moto.logs.models import LogGroup
    from moto.logs.responses import LogsResponse

    add(LogsResponse, test_metric_filter)
    correct(LogsResponse, "put_metric_filter", _putting_metric_filter)
    correct(LogsResponse, "put_subscription_filter", _putting_subscription_filter)
    correct(LogsResponse, "describe_subscription_filters", _describing_subscription_filters)
    correct(LogGroup, "put_subscription_filter", _replacing)


def test_metric_filter(response: Any) -> str:
    """CloudWatch Logs API Reference, "TestMetricFilter"."""
    pattern = _pattern(response)
    messages = response._get_param("logEventMessages") or []
    if not 1 <= len(messages) <= _MESSAGES_AT_MOST:
        refuse(
            "InvalidParameterException",
            "1 validation error detected: Value at 'logEventMessages' failed to satisfy"
            f" constraint: Member must have length between 1 and {_MESSAGES_AT_MOST}",
        )
    tried = [(number, message, pattern.match(message)) for number, message in enumerate(messages)]
    matches = [
        {"eventNumber": number, "eventMessage": message, "extractedValues": values}
        for number, message, values in tried
        if values is not None
    ]
    return json.dumps({"matches": matches})


def _putting_metric_filter(original: Method) -> Method:
    def put_metric_filter(response: Any) -> Any:
        group = _standard_group(response)
        name = response._get_param("filterName")
        kept = response.logs_backend.filters.metric_filters
        same = [f for f in kept if (f["logGroupName"], f["filterName"]) == (group.name, name)]
        others = [f for f in kept if f["logGroupName"] == group.name and f not in same]
        pattern = _pattern(response)
        if len(others) >= _METRIC_FILTERS_AT_MOST:
            refuse("LimitExceededException", "Resource limit exceeded.")
        _check_regexes(response, group, pattern, metric_filter=name)
        answer = original(response)
        # PutMetricFilter "creates or updates"; moto only ever appends.
        kept[:] = [f for f in kept if f not in same or f is kept[-1]]
        return answer

    return put_metric_filter


def _putting_subscription_filter(original: Method) -> Method:
    def put_subscription_filter(response: Any) -> Any:
        group = _standard_group(response)
        name = response._get_param("filterName")
        pattern = _pattern(response)
        others = [f for f in group.subscription_filters if f != name]
        if len(others) >= _SUBSCRIPTION_FILTERS_AT_MOST:
            refuse("LimitExceededException", "Resource limit exceeded.")
        _check_regexes(response, group, pattern, subscription_filter=name)
        return original(response)

    return put_subscription_filter


def _describing_subscription_filters(original: Method) -> Method:
    def describe_subscription_filters(response: Any) -> Any:
        _standard_group(response)
        return original(response)

    return describe_subscription_filters


def _replacing(original: Method) -> Method:
    def put_subscription_filter(
        group: Any, filter_name: str, filter_pattern: str, destination_arn: str, role_arn: str
    ) -> None:
        # moto counts before it looks whether the filter is one of the two.
        existing = group.subscription_filters.get(filter_name)
        if existing is not None:
            existing.update(filter_pattern, destination_arn, role_arn)
        else:
            original(group, filter_name, filter_pattern, destination_arn, role_arn)

    return put_subscription_filter


def _standard_group(response: Any) -> Any:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        refuse("ResourceNotFoundException", "The specified log group does not exist.")
    if getattr(group, "log_group_class", "STANDARD") != "STANDARD":
        refuse("ValidationException", "This operation is only supported on the Standard log class.")
    return group


def _pattern(response: Any) -> FilterPattern:
    text = response._get_param("filterPattern") or ""
    if len(text) > _LONGEST_PATTERN:
        refuse(
            "InvalidParameterException",
            "1 validation error detected: Value at 'filterPattern' failed to satisfy constraint:"
            f" Member must have length less than or equal to {_LONGEST_PATTERN}",
        )
    try:
        return read_pattern(text)
    except PatternError as error:
        refuse("InvalidParameterException", str(error))


def _check_regexes(
    response: Any,
    group: Any,
    pattern: FilterPattern,
    metric_filter: str = "",
    subscription_filter: str = "",
) -> None:
    patterns = [
        f["filterPattern"]
        for f in response.logs_backend.filters.metric_filters
        if f["logGroupName"] == group.name and f["filterName"] != metric_filter
    ] + [
        f.filter_pattern
        for name, f in group.subscription_filters.items()
        if name != subscription_filter
    ]
    if pattern.regexes and sum(map(_has_regex, patterns)) >= _WITH_REGEX_AT_MOST:
        refuse("LimitExceededException", "Resource limit exceeded.")


def _has_regex(text: str) -> bool:
    return read_pattern(text or "").regexes > 0
