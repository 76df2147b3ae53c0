"""Logs Insights query text → commands. What is not of the language is refused.

CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax" and its pages on the
commands display, fields, filter, stats, sort, limit, parse and dedup.
"""

from __future__ import annotations

from typing import Any, Callable

import regex

from ssmdiag.demo.additions.insights.expressions import Expressions
from ssmdiag.demo.additions.insights.query import (
    Command,
    Dedup,
    Display,
    Field,
    Fields,
    Filter,
    Limit,
    Named,
    Parse,
    Sort,
    Stats,
)
from ssmdiag.demo.additions.insights.tokens import (
    MalformedQueryError,
    field_name,
    string_value,
    tokens_of,
    unexpected,
)

_ELSEWHERE = frozenset(
    {
        *("addtotals", "anomaly", "diff", "expand", "filterindex", "join", "lookup"),
        *("pattern", "relevantfields", "source", "unmask", "unnest"),
    }
)


def read_query(text: str) -> tuple[Command, ...]:
    """Read a query. Raises MalformedQueryError."""
    try:
        return _Commands(text).all()
    except RecursionError:
        raise MalformedQueryError("the query is nested too deeply") from None


class _Commands(Expressions):
    """A reader of one query, from its first token to its end."""

    def __init__(self, query: str) -> None:
        super().__init__(query, tokens_of(query))
        self._readers: dict[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._items()),
            "display": lambda: Display(self._items()),
            "filter": lambda: Filter(self.expression()),
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            "parse": self._parse,
            "dedup": lambda: Dedup(self._names()),
        }

    def all(self) -> tuple[Command, ...]:
        commands = [self._command()]
        while self.skip("|"):
            commands.append(self._command())
        if self.next.kind != "end":
            unexpected(self.query, self.next.start, self.next.text)
        return tuple(commands)

    def _command(self) -> Command:
        word = self.next.word
        if word in _ELSEWHERE:
            # AWS knows it: still better than a wrong answer.
            raise MalformedQueryError(f"this demo account does not evaluate the command {word}")
        if word not in self._readers:
            unexpected(self.query, self.next.start, self.next.text)
        self.take("name")
        return self._readers[word]()

    def _items(self) -> tuple[Named, ...]:
        items = [self._named()]
        while self.skip(","):
            items.append(self._named())
        return tuple(items)

    def _named(self) -> Named:
        start = self.next.start
        expression = self.expression()
        written = self.query[start : self.last.end]
        if self.skip("as"):
            return Named(expression, field_name(self.take("name").text), alias=True)
        name = expression.name if isinstance(expression, Field) else written
        return Named(expression, name)

    def _names(self) -> tuple[str, ...]:
        names = [field_name(self.take("name").text)]
        while self.skip(","):
            names.append(field_name(self.take("name").text))
        return tuple(names)

    def _stats(self) -> Stats:
        items = self._items()
        return Stats(items, self._items() if self.skip("by") else ())

    def _sort(self) -> Sort:
        keys = [self._key()]
        while self.skip(","):
            keys.append(self._key())
        return Sort(tuple(keys))

    def _key(self) -> tuple[str, bool]:
        name = field_name(self.take("name").text)
        ascends = self.skip("asc")
        self.skip("desc")
        return name, not ascends

    def _limit(self) -> Limit:
        return Limit(int(float(self.take("number").text)))

    def _parse(self) -> Parse:
        source = Field(field_name(self.take("name").text))
        if self.next.kind == "regex":
            expression = self.regex_value(self.take("regex"))
            names = tuple(sorted(expression.groupindex, key=expression.groupindex.__getitem__))
            if not names:
                raise MalformedQueryError("a regular expression of parse needs named groups")
            return Parse(source, expression, names)
        glob = string_value(self.take("string").text)
        if not self.skip("as"):
            unexpected(self.query, self.next.start, self.next.text)
        names = self._names()
        if glob.count("*") != len(names):
            raise MalformedQueryError(
                f"parse has {glob.count('*')} wildcards and {len(names)} fields"
            )
        return Parse(source, _glob(glob, names), names)


def _glob(text: str, names: tuple[str, ...]) -> Any:
    parts = [regex.escape(part) for part in text.split("*")]
    # A wildcard at the end takes all the rest, any other as little as it can.
    wildcards = ["(.*?)"] * (len(names) - 1) + (["(.*)"] if text.endswith("*") else ["(.*?)"])
    pieces = [piece for pair in zip(parts, wildcards) for piece in pair] + parts[-1:]
    return regex.compile("".join(pieces), regex.DOTALL)
