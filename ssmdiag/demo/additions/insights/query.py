"""The parts of a Logs Insights query: commands, and the expressions that they hold."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Optional, Union

from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Constant:
    """A number, a text, a compiled regular expression, or a period in milliseconds."""

    value: Any


@dataclass(frozen=True)
class Field:
    """A field of the log event, or one that the query has made."""

    name: str


@dataclass(frozen=True)
class Apply:
    """A function or an operator with its operands."""

    function: str
    operands: tuple[Expression, ...] = ()


Expression = Union[Constant, Field, Apply]


@dataclass(frozen=True)
class Named:
    """An expression and the column that shows it; ``alias`` if the query gave it that name."""

    expression: Expression
    name: str
    alias: bool = False


@dataclass(frozen=True)
class Fields:
    items: tuple[Named, ...]


@dataclass(frozen=True)
class Display:
    items: tuple[Named, ...]


@dataclass(frozen=True)
class Filter:
    condition: Expression


@dataclass(frozen=True)
class Parse:
    """``expression`` is a compiled regular expression, whose groups in order are ``names``."""

    source: Expression
    expression: Any = field(hash=False)
    names: tuple[str, ...]


@dataclass(frozen=True)
class Stats:
    items: tuple[Named, ...]
    by: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Sort:
    keys: tuple[tuple[str, bool], ...]
    """Names of columns, each with whether it descends."""


@dataclass(frozen=True)
class Limit:
    count: int


@dataclass(frozen=True)
class Dedup:
    names: tuple[str, ...]


Command = Union[Fields, Display, Filter, Parse, Stats, Sort, Limit, Dedup]


def names_in(expression: Optional[Expression]) -> set[str]:
    """The fields that an expression reads."""
    if isinstance(expression, Field):
        return {expression.name}
    if isinstance(expression, Apply):
        read = {"@timestamp"} if expression.function == "bin" else set()
        return read.union(*(names_in(operand) for operand in expression.operands))
    return set()
