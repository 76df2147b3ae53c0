"""What the operators and functions of Logs Insights make of values.

CloudWatch Logs User Guide, "Boolean, comparison, numeric, datetime, and other functions". A value
that is missing makes a comparison neither true nor false, so that ``filter`` drops the event.
"""

from __future__ import annotations

import math
import operator
import re
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Callable, Optional

Function = Callable[..., Any]

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_MANY = 100
_DAY = 24 * 60 * 60 * 1000

PERIODS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), (1, 1000)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (1000, 60)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), (60_000, 60)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (3_600_000, 24)),
    **dict.fromkeys(("d", "day", "days"), (_DAY, 10_000)),
}
"""Milliseconds of a unit, and how many of it one period has at most: more are cut to that."""


class Timestamp(int):
    """Milliseconds since the epoch that are shown as a date; what is computed of them is not."""


def shown(value: Any) -> str:
    """A value as GetQueryResults prints it, times in UTC."""
    if isinstance(value, Timestamp):
        moment = datetime.fromtimestamp(value // 1000, tz=timezone.utc)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{value % 1000:03d}"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        rounded = round(value, 4)
        return str(int(rounded)) if rounded.is_integer() else str(rounded)
    return str(value)


def number(value: Any) -> Optional[float]:
    """The number that a value is or reads as."""
    if isinstance(value, (int, float)):
        return value
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def order_key(value: Any) -> tuple[Any, ...]:
    """The documented order of ``sort``: texts before numbers; digits in a text by their length."""
    as_number = number(value)
    if as_number is not None:
        return (1, as_number)
    chunks = re.findall(r"\d+|\D+", "" if value is None else str(value))
    return (0, [("0", len(c), c) if c.isdigit() else (c, 0, "") for c in chunks])


def _compared(compare: Callable[[Any, Any], bool], equality: bool = False) -> Function:
    def function(left: Any, right: Any) -> Optional[bool]:
        if left is None or right is None:
            return None
        numbers = number(left), number(right)
        # Two texts of digits are the same only to the letter, but follow each other as numbers.
        as_texts = equality and isinstance(left, str) and isinstance(right, str)
        if None not in numbers and not as_texts:
            return compare(*numbers)
        return compare(shown(left), shown(right))

    return function


def _computed(compute: Callable[[Any, Any], float]) -> Function:
    def function(left: Any, right: Any) -> Optional[float]:
        first, second = number(left), number(right)
        if first is None or second is None:
            return None
        try:
            return compute(first, second)
        except (ArithmeticError, ValueError):
            return None

    return function


def _numeric(compute: Callable[..., Any]) -> Function:
    def function(*values: Any) -> Any:
        numbers = [n for n in map(number, values) if n is not None]
        try:
            return compute(*numbers) if len(numbers) == len(values) else None
        except (ArithmeticError, ValueError):
            return None

    return function


def _text(compute: Callable[..., Any]) -> Function:
    def function(*values: Any) -> Any:
        if any(value is None for value in values):
            return None
        return compute(*(shown(value) for value in values))

    return function


def _and(*values: Optional[bool]) -> Optional[bool]:
    if any(value is not None and not value for value in values):
        return False
    return None if None in values else True


def _or(*values: Optional[bool]) -> Optional[bool]:
    if any(values):
        return True
    return None if None in values else False


def _like(value: Any, pattern: Any) -> Optional[bool]:
    if value is None:
        return None
    text = shown(value)
    return pattern in text if isinstance(pattern, str) else bool(pattern.search(text))


def _in(value: Any, *members: Any) -> Optional[bool]:
    equal = _compared(operator.eq, equality=True)
    return None if value is None else any(equal(value, member) for member in members)


def _substring(text: Any, start: Any, length: Any = None) -> Optional[str]:
    first, count = number(start), number(length)
    if text is None or first is None:
        return None
    end = None if count is None else int(first) + int(count)
    return shown(text)[int(first) : end]


def _floored(moment: Any, period: int) -> Optional[Timestamp]:
    value = number(moment)
    return None if value is None else Timestamp(value // period * period)


def _ceiled(moment: Any, period: int) -> Optional[Timestamp]:
    value = number(moment)
    return None if value is None else Timestamp(-(-value // period) * period)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


OPERATORS: dict[str, Function] = {
    "and": _and,
    "or": _or,
    "not": lambda value: None if value is None else not value,
    "like": _like,
    "in": _in,
    "=": _compared(operator.eq, equality=True),
    "!=": _compared(operator.ne, equality=True),
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "+": _computed(operator.add),
    "-": _computed(operator.sub),
    "*": _computed(operator.mul),
    "/": _computed(operator.truediv),
    "%": _computed(math.fmod),
    "^": _computed(operator.pow),
}

FUNCTIONS: dict[str, tuple[int, int, Function]] = {
    "abs": (1, 1, _numeric(abs)),
    "ceil": (1, 1, _numeric(math.ceil)),
    "floor": (1, 1, _numeric(math.floor)),
    "greatest": (1, _MANY, _numeric(lambda *values: max(values))),
    "least": (1, _MANY, _numeric(lambda *values: min(values))),
    "log": (1, 1, _numeric(math.log)),
    "sqrt": (1, 1, _numeric(math.sqrt)),
    "ispresent": (1, 1, lambda value: value is not None),
    "coalesce": (1, _MANY, _first),
    "isempty": (1, 1, lambda value: int(value is None or value == "")),
    "isblank": (1, 1, lambda value: int(value is None or not shown(value).strip())),
    "concat": (1, _MANY, _text(lambda *texts: "".join(texts))),
    "ltrim": (1, 2, _text(str.lstrip)),
    "rtrim": (1, 2, _text(str.rstrip)),
    "trim": (1, 2, _text(str.strip)),
    "strlen": (1, 1, _text(len)),
    "toupper": (1, 1, _text(str.upper)),
    "tolower": (1, 1, _text(str.lower)),
    "substr": (2, 3, _substring),
    "replace": (3, 3, _text(str.replace)),
    "strcontains": (2, 2, _text(lambda text, part: int(part in text))),
    "bin": (1, 1, _floored),
    "datefloor": (2, 2, _floored),
    "dateceil": (2, 2, _ceiled),
    "frommillis": (1, 1, lambda value: _floored(value, 1)),
    "tomillis": (1, 1, _numeric(int)),
    "now": (0, 0, lambda: int(time.time())),
}
"""Fewest and most operands, and the function. ``bin`` gets the event's time as its first."""


def _sum(values: Sequence[Any]) -> Optional[float]:
    numbers = [n for n in map(number, values) if n is not None]
    return sum(numbers) if numbers else None


def _average(values: Sequence[Any]) -> Optional[float]:
    numbers = [n for n in map(number, values) if n is not None]
    return sum(numbers) / len(numbers) if numbers else None


def _extreme(choose: Callable[..., Any]) -> Callable[[Sequence[Any]], Any]:
    def function(values: Sequence[Any]) -> Any:
        found = choose(values, key=order_key) if values else None
        return int(found) if isinstance(found, Timestamp) else found

    return function


AGGREGATES: dict[str, tuple[int, int, Callable[[Sequence[Any]], Any]]] = {
    "count": (0, 1, len),
    "count_distinct": (1, 1, lambda values: len({shown(value) for value in values})),
    "min": (1, 1, _extreme(min)),
    "max": (1, 1, _extreme(max)),
    "sum": (1, 1, _sum),
    "avg": (1, 1, _average),
    "earliest": (1, 1, lambda values: values[0] if values else None),
    "latest": (1, 1, lambda values: values[-1] if values else None),
}
"""Fewest and most operands, and what is made of a group's values, which are in order of time."""
