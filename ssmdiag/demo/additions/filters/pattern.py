"""The filter pattern syntax of CloudWatch Logs: which log events a pattern matches.

CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters,
filter log events, and Live Tail".
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import Callable, Optional

from ssmdiag.demo.additions.filters.fields import read_field_pattern
from ssmdiag.demo.additions.filters.json_objects import read_json_pattern
from ssmdiag.demo.additions.filters.values import (
    PatternError,
    invalid_characters,
    limited_regex,
    unquoted,
)
from ssmdiag.values import dataclass

_TERM = re.compile(r'\s*([?-]?)("(?:[^"\\]|\\.)*"|[^\s"]+)(?=\s|$)')
_REGEXES_AT_MOST = 2


@dataclass(frozen=True)
class FilterPattern:
    """A pattern that is well formed."""

    match: Callable[[str], Optional[dict[str, str]]] = field(hash=False)
    """The values that the pattern takes out of a message; None if it does not match."""
    regexes: int = 0


def read_pattern(text: str) -> FilterPattern:
    """Read a filter pattern. Raises PatternError with the words in which AWS refuses it."""
    text = text.strip()
    try:
        if text.startswith("{") and text.endswith("}"):
            regexes, match = read_json_pattern(text[1:-1])
        elif text.startswith("[") and text.endswith("]"):
            regexes, match = read_field_pattern(text[1:-1])
        elif text.startswith("%"):
            regexes, match = 1, _regex(text)
        else:
            regexes, match = 0, _terms(text)
    except RecursionError:
        raise PatternError from None
    if regexes > _REGEXES_AT_MOST:
        raise PatternError
    return FilterPattern(match, regexes)


def _regex(text: str) -> Callable[[str], Optional[dict[str, str]]]:
    if len(text) < 3 or not text.endswith("%") or "%" in text[1:-1]:
        raise PatternError
    expression = limited_regex(text)
    return lambda message: {} if expression.search(message) else None


def _terms(text: str) -> Callable[[str], Optional[dict[str, str]]]:
    terms: dict[str, list[str]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise PatternError
        terms[match.group(1)].append(_term(match.group(2)))
        at = match.end()

    def matches(message: str) -> Optional[dict[str, str]]:
        # "If you combine "?" with other filter patterns, all question mark terms will be ignored."
        if terms["?"] and not (terms[""] or terms["-"]):
            return {} if any(term in message for term in terms["?"]) else None
        every = all(term in message for term in terms[""])
        return {} if every and not any(term in message for term in terms["-"]) else None

    return matches


def _term(written: str) -> str:
    if written.startswith('"'):
        # '" "' is documented as the pattern that matches everything.
        return unquoted(written).strip(" ") and unquoted(written)
    if not written.replace("_", "a").isalnum():
        raise invalid_characters(written)
    return written
