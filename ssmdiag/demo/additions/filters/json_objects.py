"""Filter patterns in braces: conditions on the properties of a log event that is a JSON object.

CloudWatch Logs User Guide, "Using filter patterns to match terms in JSON log events".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Callable, Optional, Union

from ssmdiag.demo.additions.filters.values import PatternError, Scalar, comparison
from ssmdiag.demo.additions.filters.words import Condition, Tokens, conditions

_STEP = re.compile(r"\.?\[(\d+)\]|\.?\[(\*)\]|\.(\*)|\.?\[['\"](.*?)['\"]\]|\.([\w-]+)")
_SIGNS = ("=", "!=", "<", ">", "<=", ">=")
_WORDS = {"NULL": None, "TRUE": True, "FALSE": False}
_WILDCARDS_AT_MOST = 3

_EVERY = object()
_Step = Union[str, int, object]


def read_json_pattern(inside: str) -> tuple[int, Callable[[str], Optional[dict[str, str]]]]:
    """Read what stands between the braces: the number of regexes, and what matches."""
    tokens = Tokens(inside)
    selectors: list[str] = []

    def one(tokens: Tokens) -> Condition:
        selectors.append(tokens.take("selector"))
        return _condition(tokens, selectors[-1])

    condition = conditions(tokens, one)
    if tokens.kind is not None or sum(s.count("*") for s in selectors) > _WILDCARDS_AT_MOST:
        raise PatternError

    def match(message: str) -> Optional[dict[str, str]]:
        try:
            event = json.loads(message)
        except ValueError:
            return None
        if not isinstance(event, dict) or not condition(event):
            return None
        found = {s: _scalars(_find(event, _steps(s))) for s in selectors}
        return {selector: str(values[0]) for selector, values in found.items() if values}

    return tokens.regexes, match


def _condition(tokens: Tokens, selector: str) -> Condition:
    steps = _steps(selector)
    if tokens.skip("NOT"):
        if not tokens.skip("EXISTS"):
            raise PatternError
        return lambda event: not _find(event, steps)
    if tokens.skip("IS"):
        word = tokens.take("word")
        if word not in _WORDS:
            raise PatternError
        return lambda event: any(value is _WORDS[word] for value in _find(event, steps))
    sign = tokens.take("sign")
    if sign not in _SIGNS:
        raise PatternError
    kind = tokens.kind or ""
    test = comparison(sign, kind, tokens.take("string", "regex", "word"), texts_are_numbers=False)
    return lambda event: any(test(value) for value in _scalars(_find(event, steps)))


def _steps(selector: str) -> Sequence[_Step]:
    steps: list[_Step] = []
    for index, star, dot_star, quoted, name in _STEP.findall(selector):
        if star or dot_star:
            steps.append(_EVERY)
        else:
            steps.append(int(index) if index else quoted or name)
    # "Place arrays after property selectors"; one wildcard in a selector at most.
    if isinstance(steps[0], int) or steps.count(_EVERY) > 1:
        raise PatternError
    return steps


def _find(event: Any, steps: Sequence[_Step]) -> list[Any]:
    found = [event]
    for step in steps:
        found = [child for value in found for child in _children(value, step)]
    return found


def _children(value: Any, step: _Step) -> list[Any]:
    if step is _EVERY:
        return list(value.values() if isinstance(value, dict) else _list(value))
    if isinstance(step, int):
        return _list(value)[step : step + 1]
    return [value[step]] if isinstance(value, dict) and step in value else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _scalars(values: Sequence[Any]) -> list[Scalar]:
    # "If a property selector points to an array or object, the filter pattern won't match."
    return [v for v in values if isinstance(v, (str, int, float)) and not isinstance(v, bool)]
