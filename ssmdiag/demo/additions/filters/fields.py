"""Filter patterns in brackets: conditions on the fields of a space-delimited log event.

CloudWatch Logs User Guide, "Using filter patterns to match terms in space-delimited log events".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable, Optional

from ssmdiag.demo.additions.filters.values import PatternError, comparison
from ssmdiag.demo.additions.filters.words import Condition, Tokens, conditions
from ssmdiag.values import dataclass

_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')
_NAME = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True)
class _Field:
    """One field of a pattern: blank ones have no name, the ellipsis stands for any number."""

    name: str = ""
    condition: Optional[Condition] = None
    ellipsis: bool = False


def read_field_pattern(inside: str) -> tuple[int, Callable[[str], Optional[dict[str, str]]]]:
    """Read what stands between the brackets: the number of regexes, and what matches."""
    tokens = Tokens(inside)
    fields = [_field(tokens)]
    while tokens.skip(","):
        fields.append(_field(tokens))
    if tokens.kind is not None or sum(field.ellipsis for field in fields) > 1:
        raise PatternError

    def match(message: str) -> Optional[dict[str, str]]:
        values = _assigned(fields, [m.group(m.lastindex or 0) for m in _FIELD.finditer(message)])
        if values is None:
            return None
        if not all(f.condition is None or f.condition(value) for f, value in values):
            return None
        return {
            f"${field.name or number}": value for number, (field, value) in enumerate(values, 1)
        }

    return tokens.regexes, match


def _field(tokens: Tokens) -> _Field:
    if tokens.kind is None or tokens.comes(","):
        return _Field()
    if tokens.skip("..."):
        return _Field(ellipsis=True)
    names: list[str] = []

    def one(tokens: Tokens) -> Condition:
        names.append(tokens.take("word"))
        if tokens.comes(",", "&&", "||", ")") or tokens.kind is None:
            return lambda _: True
        sign, kind = tokens.take("sign"), tokens.kind
        written = tokens.take("string", "regex", "word")
        return comparison(sign, kind or "", written, texts_are_numbers=True)

    condition = conditions(tokens, one)
    if len(set(names)) != 1 or not _NAME.fullmatch(names[0]):
        raise PatternError
    return _Field(names[0], condition)


def _assigned(fields: Sequence[_Field], values: list[str]) -> Optional[list[tuple[_Field, str]]]:
    """Which value each field takes; the last one takes all the rest, None if there are too few."""
    dots = next((at for at, field in enumerate(fields) if field.ellipsis), None)
    if dots is not None:
        spare = len(values) - (len(fields) - 1)
        filled = [*fields[:dots], *[_Field()] * max(spare, 0), *fields[dots + 1 :]]
    else:
        filled, last = list(fields), len(fields) - 1
        values = [*values[:last], " ".join(values[last:])] if len(values) > last else values
    return list(zip(filled, values)) if len(filled) == len(values) else None
