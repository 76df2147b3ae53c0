"""Carrying out the commands of a Logs Insights query on log events.

CloudWatch Logs User Guide, the pages on display, fields, filter, stats, sort, limit, parse, dedup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Optional, Union

from ssmdiag.demo.additions.insights.functions import (
    AGGREGATES,
    FUNCTIONS,
    OPERATORS,
    order_key,
    shown,
)
from ssmdiag.demo.additions.insights.query import (
    Apply,
    Command,
    Constant,
    Dedup,
    Display,
    Expression,
    Field,
    Fields,
    Filter,
    Limit,
    Parse,
    Sort,
    Stats,
)
from ssmdiag.values import dataclass

Row = dict[str, Any]
POINTER = "@ptr"

_USUAL = ("@timestamp", "@message")


@dataclass
class Outcome:
    """The rows of a query so far, and which of their columns are shown."""

    rows: list[Row]
    fields: list[str] = field(default_factory=list)
    parsed: list[str] = field(default_factory=list)
    displayed: Optional[list[str]] = None
    matched: int = 0

    def shown(self, most: int) -> list[list[dict[str, str]]]:
        """The results as GetQueryResults prints them: a missing value has no entry."""
        columns = self.displayed
        if columns is None:
            columns = [*(self.fields or _USUAL), *self.parsed]
        return [
            [
                {"field": name, "value": shown(row[name])}
                for name in dict.fromkeys([*columns, POINTER])
                if row.get(name) is not None
            ]
            for row in self.rows[:most]
        ]


def evaluate(commands: Sequence[Command], events: Iterable[Row]) -> Outcome:
    """Carry out the commands on events; without a sort the newest event comes first."""
    newest_first = sorted(events, key=lambda row: -row["@timestamp"])
    outcome = Outcome(newest_first, matched=len(newest_first))
    for command in commands:
        _carry_out(command, outcome)
    return outcome


def _carry_out(command: Command, outcome: Outcome) -> None:
    if isinstance(command, Filter):
        outcome.rows = [row for row in outcome.rows if _value(command.condition, row)]
        outcome.matched = len(outcome.rows)
    elif isinstance(command, (Fields, Display)):
        _show(command, outcome)
    elif isinstance(command, Parse):
        _parse(command, outcome)
    elif isinstance(command, Stats):
        _stats(command, outcome)
    else:
        outcome.rows = _arranged(command, outcome.rows)


def _show(command: Union[Fields, Display], outcome: Outcome) -> None:
    for item in command.items:
        if not isinstance(item.expression, Field) or item.alias:
            for row in outcome.rows:
                row[item.name] = _value(item.expression, row)
    names = [item.name for item in command.items]
    if isinstance(command, Display):
        outcome.displayed = names
    else:
        outcome.fields += names


def _parse(command: Parse, outcome: Outcome) -> None:
    outcome.parsed += command.names
    for row in outcome.rows:
        source = _value(command.source, row)
        match = None if source is None else command.expression.search(shown(source))
        if match is not None:
            row.update(zip(command.names, _groups(command, match)))


def _groups(command: Parse, match: Any) -> Iterable[Any]:
    if match.re.groupindex:
        return [match.group(name) for name in command.names]
    groups: Iterable[Any] = match.groups()
    return groups


def _arranged(command: Union[Sort, Limit, Dedup], rows: list[Row]) -> list[Row]:
    if isinstance(command, Limit):
        return rows[: command.count]
    if isinstance(command, Dedup):
        return _deduplicated(command, rows)
    for name, descends in reversed(command.keys):
        rows = sorted(rows, key=lambda row: order_key(row.get(name)), reverse=descends)
    return rows


def _deduplicated(command: Dedup, rows: list[Row]) -> list[Row]:
    kept: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        values = [row.get(name) for name in command.names]
        key = tuple(shown(value) for value in values)
        # "Null values are not considered duplicates for evaluation."
        if None in values or key not in seen:
            kept.append(row)
        seen.add(key)
    return kept


def _stats(command: Stats, outcome: Outcome) -> None:
    groups: dict[tuple[str, ...], tuple[Row, list[Row]]] = {}
    for row in outcome.rows:
        keys = {item.name: _value(item.expression, row) for item in command.by}
        identity = tuple("" if value is None else shown(value) for value in keys.values())
        groups.setdefault(identity, (keys, []))[1].append(row)
    if not command.by and not groups:
        groups[()] = ({}, [])
    outcome.rows = [_summary(command, keys, rows) for keys, rows in groups.values()]
    outcome.fields, outcome.parsed = [item.name for item in (*command.by, *command.items)], []
    outcome.displayed = None


def _summary(command: Stats, keys: Row, rows: list[Row]) -> Row:
    # A second stats works on rows that have no time any more.
    in_time = sorted(rows, key=lambda row: row.get("@timestamp", 0))
    summary = dict(keys)
    for item in command.items:
        summary[item.name] = _aggregate(item.expression, in_time, summary)
    return summary


def _aggregate(expression: Expression, rows: Sequence[Row], known: Mapping[str, Any]) -> Any:
    if isinstance(expression, Apply) and expression.function in AGGREGATES:
        if not expression.operands:
            return len(rows)
        values = [_value(expression.operands[0], row) for row in rows]
        return AGGREGATES[expression.function][2]([v for v in values if v is not None])
    if isinstance(expression, Apply):
        return _applied(expression, [_aggregate(o, rows, known) for o in expression.operands])
    return _value(expression, known)


def _value(expression: Expression, row: Mapping[str, Any]) -> Any:
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Field):
        return row.get(expression.name)
    operands = [_value(operand, row) for operand in expression.operands]
    if expression.function == "bin":
        operands = [row.get("@timestamp"), *operands]
    return _applied(expression, operands)


def _applied(expression: Apply, operands: Sequence[Any]) -> Any:
    function = OPERATORS.get(expression.function)
    return (function or FUNCTIONS[expression.function][2])(*operands)
