"""TOML files → metric filters.

Sources: Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription
filters, filter log events, and Live Tail"; API References of CloudWatch Logs, PutMetricFilter and
MetricTransformation, and of CloudWatch, PutMetricAlarm.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Optional, cast

from ssmdiag.toml import one_of, only, parse_toml, word
from ssmdiag.values import dataclass

Needs = Literal["streaming", "any"]

_NEEDS = ("streaming", "any")
_KEYS = frozenset(
    {"title", "why", "needs", "pattern", "metric", "dimensions", "alarm", "matches", "passes"}
)
_ALARM_KEYS = frozenset(
    {"title", "threshold", "period", "evaluation_periods", "comparison", "treat_missing_data"}
)
_COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
_MISSING = ("notBreaching", "breaching", "ignore", "missing")
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9]{0,254}")
_SELECTOR = re.compile(r"\$(\.\w+)+")
_LONGEST_PATTERN = 1024
_DIMENSIONS_AT_MOST = 3


class MetricFilterError(Exception):
    """A metric filter's file that cannot be used: one line that says why."""


@dataclass(frozen=True)
class Alarm:
    """When a metric is so high that somebody should look."""

    title: str
    threshold: float
    period: int
    """Seconds over which events are added up."""
    evaluation_periods: int = 1
    comparison: str = "GreaterThanOrEqualToThreshold"
    treat_missing_data: str = "notBreaching"


@dataclass(frozen=True)
class MetricFilter:
    """A metric filter, the metric that it feeds, and events that show what it counts."""

    name: str
    title: str
    why: str
    """What its number says, and what it does not."""
    needs: Needs
    """``streaming``: fields of streamed events. ``any``: uploaded logs have their text only."""
    pattern: str
    metric: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """Name of each dimension, and the selector of the JSON field that is its value."""
    alarm: Optional[Alarm] = None
    matches: tuple[str, ...] = ()
    """Events that are counted."""
    passes: tuple[str, ...] = ()
    """Events that are not."""

    @property
    def resource_name(self) -> str:
        """What the filter and its alarm are called in AWS."""
        return f"session-manager-{self.name}"


def metric_filters(folder: Optional[Path] = None) -> tuple[MetricFilter, ...]:
    """The metric filters that come with the program, or those in ``folder``, sorted by name.

    Raises MetricFilterError.
    """
    return tuple(load(path) for path in sorted((folder or Path(__file__).parent).glob("*.toml")))


def load(path: Path) -> MetricFilter:
    """Read one metric filter's file. Raises MetricFilterError if it cannot be used."""
    try:
        return _metric_filter(path.stem, parse_toml(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise MetricFilterError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MetricFilterError(f"{path} is not a metric filter: {error}") from None


def has_regex(pattern: str) -> bool:
    """Does a filter pattern hold a regular expression? A log group has a quota for those.

    A percent sign inside double quotes is an ordinary character.
    """
    return "%" in re.sub(r'"(?:[^"\\]|\\.)*"', "", pattern)


def _metric_filter(name: str, data: Mapping[str, Any]) -> MetricFilter:
    only(data, _KEYS)
    found = MetricFilter(
        name=name,
        title=word(data, "title"),
        why=" ".join(word(data, "why").split()),
        needs=cast(Needs, one_of(data, "needs", _NEEDS)),
        pattern=word(data, "pattern"),
        metric=word(data, "metric"),
        dimensions=tuple((str(k), str(v)) for k, v in data.get("dimensions", {}).items()),
        alarm=_alarm(data["alarm"]) if "alarm" in data else None,
        matches=tuple(word(example, "event") for example in data.get("matches", [])),
        passes=tuple(word(example, "event") for example in data.get("passes", [])),
    )
    _check_pattern(found)
    _check_dimensions(found)
    if not _METRIC.fullmatch(found.metric):
        raise ValueError(f"metric: {found.metric!r} is not letters and digits")
    if not found.matches or not found.passes:
        raise ValueError("it needs examples of events: matches and passes")
    return found


def _check_pattern(found: MetricFilter) -> None:
    if len(found.pattern) > _LONGEST_PATTERN:
        raise ValueError(f"pattern: longer than {_LONGEST_PATTERN} characters")
    if found.pattern.startswith("{") != (found.needs == "streaming"):
        raise ValueError("needs: a pattern of JSON fields needs streaming, and no other does")


def _check_dimensions(found: MetricFilter) -> None:
    if len(found.dimensions) > _DIMENSIONS_AT_MOST:
        raise ValueError(f"dimensions: more than {_DIMENSIONS_AT_MOST}")
    for _, selector in found.dimensions:
        if not _SELECTOR.fullmatch(selector) or selector not in found.pattern:
            raise ValueError(f"dimensions: {selector!r} is no field of the pattern")
    if found.dimensions and found.alarm:
        # CloudWatch does not add up over dimensions: the alarm would watch a metric without data.
        raise ValueError("alarm: a metric with dimensions has no sum that an alarm could watch")


def _alarm(data: Mapping[str, Any]) -> Alarm:
    only(data, _ALARM_KEYS)
    alarm = Alarm(
        title=word(data, "title"),
        threshold=float(data["threshold"]),
        period=int(data["period"]),
        evaluation_periods=int(data.get("evaluation_periods", Alarm.evaluation_periods)),
        comparison=one_of(data, "comparison", _COMPARISONS, Alarm.comparison),
        treat_missing_data=one_of(data, "treat_missing_data", _MISSING, Alarm.treat_missing_data),
    )
    if alarm.period < 60 or alarm.period % 60:
        raise ValueError("alarm.period: it must be a multiple of 60 seconds")
    if alarm.evaluation_periods < 1:
        raise ValueError("alarm.evaluation_periods: it must be at least 1")
    return alarm
