"""``queries``: a ready query becomes a search, and a search rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Optional

from ssmdiag.log.period import Span, parse_moment
from ssmdiag.model import Situation
from ssmdiag.queries.query import Query, QueryError, filled, named
from ssmdiag.queries.run import Result, Search, run
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.preferences.facts import find_preferences
from ssmdiag.wiring.job import JobError, MisuseError, Reach, Surroundings
from ssmdiag.wiring.reach import access
from ssmdiag.world.asking import Asking, first_of, nothing


def query_named(name: str) -> Query:
    """The ready query of this name. Raises MisuseError."""
    try:
        return named(name)
    except QueryError as error:
        raise MisuseError(str(error)) from None


def text_of(query: Query, values: Mapping[str, str]) -> str:
    """The query with its parameters filled in. Raises MisuseError."""
    try:
        return filled(query, values)
    except QueryError as error:
        raise MisuseError(str(error)) from None


def search(
    text: str,
    groups: tuple[str, ...],
    span: Span,
    reach: Reach,
    around: Surroundings,
    seconds: float,
) -> Result:
    """Run a query's text over ``groups``, by default those of the preferences. Raises JobError."""
    if reach.snapshot or reach.save_snapshot:
        raise MisuseError("queries are asked of CloudWatch Logs, not of a Snapshot: leave it out")
    aws, region = access(reach)
    if not groups:
        nobody = nothing("no node is looked at")
        found = find_preferences(Asking(first_of([("host", nobody)], aws.read)), Situation(region))
        if isinstance(found, Gap) or not found.group:
            why = found.why if isinstance(found, Gap) else "the preferences name no log group"
            raise JobError(f"{why}: give --log-group")
        groups = (found.group,)
    since = span.since or around.now
    until = span.until or around.now
    wanted = Search(text, groups, _epoch(since), _epoch(until), region)
    try:
        return run(wanted, aws.read, sleep=time.sleep, clock=time.monotonic, seconds=seconds)
    except QueryError as error:
        raise JobError(str(error)) from None


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def span_of(since: Optional[str], until: Optional[str], period: str, now: datetime) -> Span:
    """The period that is asked about; ``period`` is the query's own. Raises MisuseError."""
    try:
        return Span(
            since=parse_moment(since or period, now),
            until=parse_moment(until, now) if until else None,
        )
    except ValueError as error:
        raise MisuseError(str(error)) from None
