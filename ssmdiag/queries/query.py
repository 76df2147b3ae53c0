"""TOML files → ready queries, and a query with values → the text that CloudWatch Logs gets."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Optional, cast

from ssmdiag.toml import one_of, only, parse_toml, word
from ssmdiag.values import dataclass

Needs = Literal["streaming", "any"]

_NEEDS = ("streaming", "any")
_KEYS = frozenset({"title", "answers", "needs", "period", "query", "parameters", "whole"})
_PARAMETER_KEYS = frozenset({"description", "grammar", "default"})
_PERIOD = re.compile(r"\d{1,6}[smhdw]")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_LONGEST_SHOWN = 60


class QueryError(Exception):
    """A query that does not exist, cannot be filled or cannot be run: one line that says why."""


@dataclass(frozen=True)
class Parameter:
    """A place in a query that the asker fills."""

    name: str
    description: str
    """What the value is, as it ends the sentence "it must be"."""
    grammar: str
    """A regular expression that fits the whole value. No value with quotes or blanks may fit."""
    default: Optional[str] = None


@dataclass(frozen=True)
class Query:
    """A ready Logs Insights query about session logs."""

    name: str
    title: str
    answers: str
    """One sentence: what its rows say, and what they do not."""
    needs: Needs
    """``streaming``: fields of streamed events. ``any``: uploaded logs have their text only."""
    text: str
    """The query, with ``{{name}}`` where a Parameter's value goes."""
    period: str = "24h"
    """How far back it is usually asked."""
    parameters: tuple[Parameter, ...] = ()
    whole: bool = False
    """True if nothing of a row may be left out where it is long."""


def queries(folder: Optional[Path] = None) -> tuple[Query, ...]:
    """The queries that come with the program, or those in ``folder``, sorted by name."""
    return tuple(load(path) for path in sorted((folder or Path(__file__).parent).glob("*.toml")))


def named(name: str) -> Query:
    """The query of this name. Raises QueryError, which tells the names that are like it."""
    known = {query.name: query for query in queries()}
    if name not in known:
        near = difflib.get_close_matches(name, known) or sorted(known)
        raise QueryError(f"there is no query {_cut(name)}; there is {', '.join(near)}")
    return known[name]


def load(path: Path) -> Query:
    """Read one query's file. Raises QueryError if it cannot be used."""
    try:
        return _query(path.stem, parse_toml(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise QueryError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, re.error) as error:
        raise QueryError(f"{path} is not a query: {error}") from None


def filled(query: Query, values: Mapping[str, str]) -> str:
    """The query's text with a value in every place.

    Raises QueryError if a value is missing, is not asked for, or does not fit its grammar: no
    value reaches the query in another way, and what a string could be broken with is escaped.
    """
    parameters = {parameter.name: parameter for parameter in query.parameters}
    for name in values:
        if name not in parameters:
            has = ", ".join(parameters) or "none"
            raise QueryError(f"{query.name} has no parameter {_cut(name)}: it has {has}")
    chosen = {name: _value(query, p, values.get(name, p.default)) for name, p in parameters.items()}
    return _PLACE.sub(lambda place: chosen[place.group(1)], query.text).strip()


def _value(query: Query, parameter: Parameter, value: Optional[str]) -> str:
    wanted = f"it must be {parameter.description}"
    if value is None:
        raise QueryError(f"{query.name} needs a value for {parameter.name}: {wanted}")
    if not _fits(parameter.grammar, value):
        raise QueryError(f"{_cut(value)} is no value for {parameter.name}: {wanted}")
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _fits(grammar: str, value: str) -> bool:
    return re.fullmatch(grammar, value, re.ASCII) is not None


def _cut(text: str) -> str:
    shown = ascii(text)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."


def _query(name: str, data: Mapping[str, Any]) -> Query:
    only(data, _KEYS)
    query = Query(
        name=name,
        title=word(data, "title"),
        answers=" ".join(word(data, "answers").split()),
        needs=cast(Needs, one_of(data, "needs", _NEEDS)),
        text=word(data, "query").strip(),
        period=word(data, "period", Query.period),
        parameters=tuple(_parameter(*item) for item in data.get("parameters", {}).items()),
        whole=bool(data.get("whole", False)),
    )
    if not _PERIOD.fullmatch(query.period):
        raise ValueError(f"period: {query.period!r} is not like 24h")
    places = set(_PLACE.findall(query.text))
    if places != {parameter.name for parameter in query.parameters}:
        raise ValueError(f"the places in the query are {sorted(places)}, its parameters others")
    return query


def _parameter(name: str, data: Mapping[str, Any]) -> Parameter:
    only(data, _PARAMETER_KEYS)
    default = data.get("default")
    parameter = Parameter(name, word(data, "description"), word(data, "grammar"), default)
    re.compile(parameter.grammar)
    if default is not None and not _fits(parameter.grammar, default):
        raise ValueError(f"parameters.{name}: the default does not fit the grammar")
    return parameter
