"""The Condition element: operators, their modifiers, and values that may be unknown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from ipaddress import ip_address, ip_network
from typing import Any, Literal, Optional, Union

from ssmdiag.iam.logic import Truth, all_of, any_of, negate
from ssmdiag.iam.pattern import Lookup, Pattern, Values, literal, read_pattern

Compare = Callable[[str, Pattern], bool]


@dataclass(frozen=True)
class Outcome:
    """Whether a Condition holds, and if not surely: which key, in words."""

    holds: Truth
    why: str = ""


def check(condition: Any, version: str, lookup: Lookup) -> Outcome:
    """Judge a Condition element: every operator and every key must hold.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators". The first key that
    fails is named; if none fails, the first that is unknown. No Condition always holds.
    """
    if not condition:
        return Outcome(True)
    if not isinstance(condition, Mapping):
        return Outcome(None, "its Condition is not understood")
    outcomes = [
        outcome
        for operator, keys in condition.items()
        for outcome in _check_operator(operator, keys, version, lookup)
    ]
    failing = [outcome for outcome in outcomes if outcome.holds is False]
    unknown = [outcome for outcome in outcomes if outcome.holds is None]
    return next(iter(failing + unknown), Outcome(True))


def _check_operator(operator: str, keys: Any, version: str, lookup: Lookup) -> list[Outcome]:
    if not isinstance(keys, Mapping):
        return [Outcome(None, f"its condition {operator} is not understood")]
    return [
        Outcome(
            _check_key(operator, key, texts(expected), version, lookup),
            _say(operator, key, texts(expected), lookup(key)),
        )
        for key, expected in keys.items()
    ]


def texts(value: Any) -> tuple[str, ...]:
    """A policy's value as strings: one or a list, JSON booleans and numbers included."""
    if isinstance(value, (list, tuple)):
        return tuple(text for item in value for text in texts(item))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)


def _say(operator: str, key: str, expected: tuple[str, ...], values: Values) -> str:
    if values is None:
        seen = "is not known"
    elif not values:
        seen = "is not in the request"
    else:
        seen = "is " + ", ".join(f'"{value}"' for value in values)
    wanted = " or ".join(f'"{text}"' for text in expected)
    return f"condition {operator} {key} wants {wanted}, and the key {seen}"


def _check_key(
    operator: str, key: str, expected: tuple[str, ...], version: str, lookup: Lookup
) -> Truth:
    quantifier, _, bare = operator.rpartition(":")
    values = lookup(key)
    if bare.lower() == "null":
        if values is None:
            return None
        return ("true" if not values else "false") in {text.lower() for text in expected}
    name, if_exists = _without_suffix(bare)
    comparison = _COMPARISONS.get(name)
    if comparison is None or values is None:
        return None
    if not values:
        return _absent(quantifier.lower(), if_exists, comparison.negated)
    results = (_check_value(value, comparison, expected, version, lookup) for value in values)
    if quantifier.lower() == "foranyvalue":
        return any_of(results)
    if quantifier.lower() == "forallvalues" or comparison.negated:
        return all_of(results)
    return any_of(results)


def _without_suffix(operator: str) -> tuple[str, bool]:
    lowered = operator.lower()
    if_exists = lowered.endswith("ifexists")
    return (lowered[: -len("ifexists")] if if_exists else lowered), if_exists


def _absent(quantifier: str, if_exists: bool, negated: bool) -> bool:
    if if_exists or quantifier == "forallvalues":
        return True
    return negated and quantifier != "foranyvalue"


def _check_value(
    value: str, comparison: Comparison, expected: tuple[str, ...], version: str, lookup: Lookup
) -> Truth:
    """Whether one value of the request equals one of the policy's; turned round if negated."""
    found = any_of(_compare(value, text, comparison, version, lookup) for text in expected)
    return negate(found) if comparison.negated else found


def _compare(value: str, text: str, comparison: Comparison, version: str, lookup: Lookup) -> Truth:
    pattern: Union[Pattern, Literal["unknown"], None] = literal(text)
    if comparison.variables:
        pattern = read_pattern(text, version, lookup)
    if pattern is None:
        return False
    return None if isinstance(pattern, str) else comparison.compare(value, pattern)


# --- one comparison an operator -----------------------------------------------------------------


def _equal(value: str, pattern: Pattern) -> bool:
    return value == pattern.text


def _equal_ignoring_case(value: str, pattern: Pattern) -> bool:
    return value.lower() == pattern.text.lower()


def _like(value: str, pattern: Pattern) -> bool:
    return pattern.matches(value)


def _arn_like(value: str, pattern: Pattern) -> bool:
    """Each of the six parts is compared by itself: a ``*`` never reaches over a colon before
    the resource. ArnEquals and ArnLike behave the same."""
    wanted, seen = pattern.split(":", 5), value.split(":", 5)
    if len(wanted) == 1:
        return pattern.text == "*"
    return len(wanted) == len(seen) == 6 and all(
        part.matches(text) for part, text in zip(wanted, seen)
    )


def _numeric(test: Callable[[float, float], bool]) -> Compare:
    def compare(value: str, pattern: Pattern) -> bool:
        try:
            return test(float(value), float(pattern.text))
        except ValueError:
            return False

    return compare


def _date(test: Callable[[float, float], bool]) -> Compare:
    def compare(value: str, pattern: Pattern) -> bool:
        left, right = _moment(value), _moment(pattern.text)
        return left is not None and right is not None and test(left, right)

    return compare


def _moment(text: str) -> Optional[float]:
    """Seconds since 1970: from epoch time or the W3C profile of ISO 8601; UTC without a zone."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        return None


def _in_network(value: str, pattern: Pattern) -> bool:
    try:
        return ip_address(value) in ip_network(pattern.text, strict=False)
    except ValueError:
        return False


def _same_bytes(value: str, pattern: Pattern) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(
            pattern.text, validate=True
        )
    except (binascii.Error, ValueError):
        return False


@dataclass(frozen=True)
class Comparison:
    """How one operator compares; ``variables``: whether policy variables work with it."""

    compare: Compare
    negated: bool = False
    variables: bool = False


_COMPARISONS: Mapping[str, Comparison] = {
    "stringequals": Comparison(_equal, variables=True),
    "stringnotequals": Comparison(_equal, negated=True, variables=True),
    "stringequalsignorecase": Comparison(_equal_ignoring_case, variables=True),
    "stringnotequalsignorecase": Comparison(_equal_ignoring_case, negated=True, variables=True),
    "stringlike": Comparison(_like, variables=True),
    "stringnotlike": Comparison(_like, negated=True, variables=True),
    "arnequals": Comparison(_arn_like, variables=True),
    "arnlike": Comparison(_arn_like, variables=True),
    "arnnotequals": Comparison(_arn_like, negated=True, variables=True),
    "arnnotlike": Comparison(_arn_like, negated=True, variables=True),
    "numericequals": Comparison(_numeric(lambda a, b: a == b)),
    "numericnotequals": Comparison(_numeric(lambda a, b: a == b), negated=True),
    "numericlessthan": Comparison(_numeric(lambda a, b: a < b)),
    "numericlessthanequals": Comparison(_numeric(lambda a, b: a <= b)),
    "numericgreaterthan": Comparison(_numeric(lambda a, b: a > b)),
    "numericgreaterthanequals": Comparison(_numeric(lambda a, b: a >= b)),
    "dateequals": Comparison(_date(lambda a, b: a == b)),
    "datenotequals": Comparison(_date(lambda a, b: a == b), negated=True),
    "datelessthan": Comparison(_date(lambda a, b: a < b)),
    "datelessthanequals": Comparison(_date(lambda a, b: a <= b)),
    "dategreaterthan": Comparison(_date(lambda a, b: a > b)),
    "dategreaterthanequals": Comparison(_date(lambda a, b: a >= b)),
    "bool": Comparison(_equal_ignoring_case),
    "binaryequals": Comparison(_same_bytes),
    "ipaddress": Comparison(_in_network),
    "notipaddress": Comparison(_in_network, negated=True),
}
