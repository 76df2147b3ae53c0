"""The condition operators: how each compares one value of the request with one of the policy.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal, Optional, Union

from ssmdiag.policy.pattern import Pattern
from ssmdiag.values import dataclass

Compare = Callable[[str, Pattern], bool]
Quantifier = Literal["any", "all", None]
_QUANTIFIERS: Mapping[str, Quantifier] = {"": None, "foranyvalue": "any", "forallvalues": "all"}


@dataclass(frozen=True)
class Comparison:
    """How one operator compares; ``variables``: whether policy variables work with it."""

    compare: Compare
    negated: bool = False
    variables: bool = False


@dataclass(frozen=True)
class Operator:
    """An operator with its modifiers. ``comparison`` is None for ``Null``."""

    written: str
    comparison: Optional[Comparison]
    quantifier: Quantifier = None
    if_exists: bool = False


_FORM = r"(?i)(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?"


@lru_cache(maxsize=256)
def read_operator(written: str) -> Optional[Operator]:
    """The operator of that name, letters of any case; None if there is none."""
    form = re.fullmatch(_FORM, written)
    if form is None:
        return None
    name, if_exists = form[2].lower(), bool(form[3])
    quantifier = _QUANTIFIERS[(form[1] or "").lower()]
    if name == "null":
        plain = not quantifier and not if_exists
        return Operator(written, None) if plain else None
    comparison = _COMPARISONS.get(name)
    return Operator(written, comparison, quantifier, if_exists) if comparison else None


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


_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"


def _number(text: str) -> Optional[float]:
    return float(text) if re.fullmatch(_NUMBER, text) else None


def _ordered(
    read: Callable[[str], Optional[float]], test: Callable[[float, float], bool]
) -> Compare:
    def compare(value: str, pattern: Pattern) -> bool:
        left, right = read(value), read(pattern.text)
        return left is not None and right is not None and test(left, right)

    return compare


_DATE = (
    r"(?P<date>\d{4}-\d\d(?:-\d\d)?)"
    r"(?:T(?P<time>\d\d:\d\d(?::\d\d)?)(?P<fraction>\.\d+)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)


def _moment(text: str) -> Optional[float]:
    """Seconds since 1970: from epoch time or the W3C profile of ISO 8601; UTC without a zone."""
    number = _number(text)
    if number is not None:
        return number
    form = re.fullmatch(_DATE, text)
    if form is None:
        return None
    date = f"{form['date']}-01" if len(form["date"]) == 7 else form["date"]
    zone = (form["zone"] or "Z").replace("Z", "+00:00")
    if ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    try:
        moment = datetime.fromisoformat(f"{date}T{form['time'] or '00:00'}{zone}")
        return moment.astimezone(timezone.utc).timestamp() + float(form["fraction"] or 0)
    except (ValueError, OverflowError):
        return None


def _in_network(value: str, pattern: Pattern) -> bool:
    network = _network(pattern.text)
    try:
        return network is not None and ip_address(value) in network
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _network(text: str) -> Union[IPv4Network, IPv6Network, None]:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _same_bytes(value: str, pattern: Pattern) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(
            pattern.text, validate=True
        )
    except (binascii.Error, ValueError):
        return False


def _pair(name: str, opposite: str, compare: Compare, variables: bool) -> dict[str, Comparison]:
    return {
        name: Comparison(compare, variables=variables),
        opposite: Comparison(compare, negated=True, variables=variables),
    }


def _scale(kind: str, read: Callable[[str], Optional[float]]) -> dict[str, Comparison]:
    return {
        **_pair(f"{kind}equals", f"{kind}notequals", _ordered(read, lambda a, b: a == b), False),
        f"{kind}lessthan": Comparison(_ordered(read, lambda a, b: a < b)),
        f"{kind}lessthanequals": Comparison(_ordered(read, lambda a, b: a <= b)),
        f"{kind}greaterthan": Comparison(_ordered(read, lambda a, b: a > b)),
        f"{kind}greaterthanequals": Comparison(_ordered(read, lambda a, b: a >= b)),
    }


_COMPARISONS: Mapping[str, Comparison] = {
    **_pair("stringequals", "stringnotequals", _equal, True),
    **_pair("stringequalsignorecase", "stringnotequalsignorecase", _equal_ignoring_case, True),
    **_pair("stringlike", "stringnotlike", _like, True),
    **_pair("arnequals", "arnnotequals", _arn_like, True),
    **_pair("arnlike", "arnnotlike", _arn_like, True),
    **_pair("ipaddress", "notipaddress", _in_network, False),
    **_scale("numeric", _number),
    **_scale("date", _moment),
    "bool": Comparison(_equal_ignoring_case, variables=True),
    "binaryequals": Comparison(_same_bytes),
}
