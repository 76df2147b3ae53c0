"""What filter patterns compare values with: text with asterisks, numbers, a limited regex.

CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters,
filter log events, and Live Tail".
"""

from __future__ import annotations

import operator
import re
import warnings
from typing import Any, Callable, Optional, Union

Scalar = Union[str, int, float]
Test = Callable[[Scalar], bool]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BARE = re.compile(r"[\w.*]+", re.ASCII)
# User guide, "Supported regular expressions (regex) syntax"; its own examples have blanks as well.
_LIMITED = re.compile(
    r"(?:[A-Za-z0-9 :_#=@/;,^$?\[\]{}|*+.-]|\\(?:[dDsSwW]|x[0-9A-Fa-f]{2}|[^A-Za-z0-9]))+"
)
_COMMON = re.compile(r"[\x00-\x7f]+")


class PatternError(ValueError):
    """A filter pattern that CloudWatch Logs refuses; its text is what AWS answers."""

    def __init__(self, text: str = "Invalid filter pattern") -> None:
        super().__init__(text)


def invalid_characters(term: str) -> PatternError:
    """The refusal of a term that would have to stand in quotes, or of an unsupported regex."""
    return PatternError(f"Invalid character(s) in term '{term}'")


def limited_regex(written: str) -> re.Pattern[str]:
    """Compile ``%expression%``, if it uses nothing but what filter patterns support."""
    expression = written[1:-1]
    if not (_LIMITED.fullmatch(expression) and _COMMON.fullmatch(expression)):
        raise invalid_characters(written)
    try:
        with warnings.catch_warnings():
            # Python warns of "[[", which is nothing special to CloudWatch Logs.
            warnings.simplefilter("ignore")
            return re.compile(expression, re.ASCII)
    except (re.error, OverflowError):
        raise invalid_characters(written) from None


def comparison(sign: str, kind: str, written: str, texts_are_numbers: bool) -> Test:
    """What ``sign`` and the value after it ask of a value in a log event.

    ``kind`` is the value's token: string, regex or word. In space-delimited events everything is
    text, so that numbers are compared as they read.
    """
    if sign in _ORDERS:
        if kind != "word" or not _NUMBER.fullmatch(written):
            raise PatternError
        return _ordered(_ORDERS[sign], float(written), texts_are_numbers)
    equal = _equality(kind, written, texts_are_numbers)
    return equal if sign == "=" else lambda value: not equal(value)


def _ordered(order: Callable[[Any, Any], bool], bound: float, texts_are_numbers: bool) -> Test:
    def test(value: Scalar) -> bool:
        number = _number(value, texts_are_numbers)
        return number is not None and order(number, bound)

    return test


def _equality(kind: str, written: str, texts_are_numbers: bool) -> Test:
    if kind == "regex":
        expression = limited_regex(written)
        return lambda value: bool(expression.search(str(value)))
    if kind == "string":
        return _wildcards(unquoted(written))
    if _NUMBER.fullmatch(written):
        return lambda value: (
            str(value) == written or _number(value, texts_are_numbers) == float(written)
        )
    if not _BARE.fullmatch(written):
        raise invalid_characters(written)
    return _wildcards(written)


def _wildcards(text: str) -> Test:
    # "Filter and Pattern Syntax", edition of 2023: an asterisk inside a term is itself.
    first, last = text.startswith("*"), text.endswith("*") and len(text) > 1
    core = re.escape(text[first : len(text) - last])
    expression = re.compile(".*" * first + core + ".*" * last, re.DOTALL)
    return lambda value: bool(expression.fullmatch(str(value)))


def unquoted(written: str) -> str:
    """The text between double quotes, where a backslash stands before quotes and backslashes."""
    return re.sub(r'\\(["\\])', r"\1", written[1:-1])


def _number(value: Scalar, texts_are_numbers: bool) -> Optional[float]:
    if isinstance(value, str):
        readable = texts_are_numbers and _NUMBER.fullmatch(value)
        return float(value) if readable else None
    return float(value)
