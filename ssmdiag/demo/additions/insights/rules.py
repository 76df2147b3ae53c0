"""What the commands of a Logs Insights query must have to do with each other.

AWS compiles a query before it runs; what it refuses then is refused here in its words.
"""

from __future__ import annotations

from collections.abc import Sequence

from ssmdiag.demo.additions.insights.functions import AGGREGATES
from ssmdiag.demo.additions.insights.query import (
    Apply,
    Command,
    Dedup,
    Display,
    Expression,
    Fields,
    Filter,
    Limit,
    Named,
    Parse,
    Sort,
    Stats,
    names_in,
)
from ssmdiag.demo.additions.insights.tokens import MalformedQueryError


def check_query(commands: Sequence[Command]) -> None:
    """Raise MalformedQueryError if AWS would not run these commands one after the other."""
    _check_places(commands)
    _check_names(commands)
    _check_after_stats(commands)


def _check_places(commands: Sequence[Command]) -> None:
    for command, follower in zip(commands, commands[1:]):
        # User guide, "dedup": "The only query command that you can use in a query after the
        # dedup command is limit."
        if isinstance(command, Dedup) and not isinstance(follower, Limit):
            raise MalformedQueryError("only limit can follow dedup")
    for command in commands:
        for expression in _expressions(command):
            if not isinstance(command, Stats) and _aggregates(expression):
                raise MalformedQueryError("aggregation functions can only be used in stats")


def _check_names(commands: Sequence[Command]) -> None:
    """A field that the query has made cannot be made again, nor listed again by ``fields``."""
    made: set[str] = set()
    counted: set[str] = set()
    listed: set[str] = set()
    for command in commands:
        new = list(_made(command))
        if isinstance(command, Fields):
            new += [item.name for item in command.items if item.name in made and not item.alias]
        for name in new:
            if name in made | counted | listed:
                raise MalformedQueryError(f"Ephemeral field is already defined: {name}")
            (counted if isinstance(command, Stats) else made).add(name)
        if isinstance(command, Fields):
            listed |= {item.name for item in command.items if not item.alias}


def _check_after_stats(commands: Sequence[Command]) -> None:
    known: set[str] = set()
    counted = False
    for command in commands:
        if counted:
            unknown = sorted(_read(command) - known)
            if unknown:
                raise MalformedQueryError(
                    f"Unknown symbols found in or after stats: {', '.join(unknown)}"
                )
        if isinstance(command, Stats):
            known, counted = _counted(command), True
        known |= set(_made(command))


def _counted(command: Stats) -> set[str]:
    known = {item.name for item in command.by}
    for item in command.items:
        loose = sorted(_outside_aggregates(item.expression) - known)
        if loose:
            raise MalformedQueryError(
                f"Unknown symbols found in or after stats: {', '.join(loose)}"
            )
        known.add(item.name)
    return known


def _outside_aggregates(expression: Expression) -> set[str]:
    if isinstance(expression, Apply) and expression.function not in AGGREGATES:
        return set().union(*map(_outside_aggregates, expression.operands))
    return set() if isinstance(expression, Apply) else names_in(expression)


def _made(command: Command) -> tuple[str, ...]:
    if isinstance(command, Parse):
        return command.names
    return tuple(item.name for item in _items(command) if item.alias)


def _read(command: Command) -> set[str]:
    if isinstance(command, Sort):
        return {name for name, _ in command.keys}
    if isinstance(command, Dedup):
        return set(command.names)
    return set().union(*map(names_in, _expressions(command)))


def _items(command: Command) -> tuple[Named, ...]:
    if isinstance(command, (Fields, Display)):
        return command.items
    return (*command.by, *command.items) if isinstance(command, Stats) else ()


def _expressions(command: Command) -> list[Expression]:
    if isinstance(command, Filter):
        return [command.condition]
    if isinstance(command, Parse):
        return [command.source]
    return [item.expression for item in _items(command)]


def _aggregates(expression: Expression) -> bool:
    if not isinstance(expression, Apply):
        return False
    return expression.function in AGGREGATES or any(map(_aggregates, expression.operands))
