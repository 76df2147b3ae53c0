"""Places, a Span and what is of interest → the Records of all files in order, each once."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import BinaryIO, Optional

from ssmdiag.log import files, layout, opening
from ssmdiag.log.files import LogFile
from ssmdiag.log.opening import Account
from ssmdiag.log.period import SLACK, Period, Span
from ssmdiag.log.records import parse_records
from ssmdiag.log.search import Search
from ssmdiag.model import Record, SourceFile

_HELD_BACK = timedelta(seconds=1)
_REMEMBERED = 1 << 16
"""Errors that may be unpaired at a time between the main log and errors.log."""


class Reading:
    """The Records of one run, to be iterated over once, and the account of where they came from.

    ``sources`` and ``period`` are final when the Records are exhausted. That nothing at all could
    be read is for the caller to see: every source has a problem.
    """

    def __init__(
        self,
        found: Sequence[files.Found],
        stdin: BinaryIO,
        span: Span,
        session: Optional[str],
        wanted: Optional[Search],
    ) -> None:
        self._found = found
        self._stdin = stdin
        self._span = span
        self._session = session
        self._wanted = wanted
        self._accounts = {each: Account(each) for each in found if isinstance(each, LogFile)}
        self._looks = {file: opening.look(file) for file in self._accounts}
        self._streams = [self._by_age(each) for each in files.streams(list(self._accounts))]
        self._oldest = min(
            (look.oldest for look in self._looks.values() if look.oldest), default=None
        )
        self._newest = self._newest_of_streams()
        self._asked = span.period(self._newest)

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """The account of every file and of every place where nothing could be read."""
        return tuple(
            self._accounts[each].source() if isinstance(each, LogFile) else each
            for each in self._found
        )

    @property
    def period(self) -> Period:
        """The part of what was asked for that the files cover; open where they bear no times."""
        since = [each for each in (self._asked.since, self._oldest) if each]
        until = [each for each in (self._asked.until, self._newest) if each]
        return Period(max(since, default=None), min(until, default=None))

    def __iter__(self) -> Iterator[Record]:
        streams = [self._tagged(stream) for stream in self._streams]
        pairs = _Pairs()
        paired = len({stream[0].repeats_errors for stream in self._streams}) > 1
        for _, record, repeats in heapq.merge(*streams, key=itemgetter(0)):
            if not (paired and pairs.complete(record, repeats)):
                yield record

    def _tagged(self, stream: Sequence[LogFile]) -> Iterator[tuple[datetime, Record, bool]]:
        """The Records of one log with the moment that orders them; errors.log is marked.

        It is held back a little: the main log, where Records of several processes are not strictly
        in order, shall come first with what both say.
        """
        repeats = stream[0].repeats_errors
        delay = _HELD_BACK if repeats else timedelta()
        moment = datetime.min
        for record in self._within(stream):
            if record.time is not None:
                moment = record.time + delay
            yield moment, record, repeats

    def _within(self, stream: Sequence[LogFile]) -> Iterator[Record]:
        """The Records of the period; one without a time shares the fate of that before it."""
        from_stdin = stream[0].path == files.STDIN
        period = Period(self._span.since, self._span.until) if from_stdin else self._asked
        inside: Optional[bool] = None
        for file, following in zip(stream, [*stream[1:], None]):
            if self._ends_before(period, following):
                self._accounts[file].bytes_total = self._looks[file].size
                continue
            if inside is None:
                oldest = self._looks[file].oldest
                inside = oldest is None or oldest in period
            for record in self._records(file, period):
                if record.time is not None:
                    inside = record.time in period
                    self._see(record.time)
                if inside:
                    yield record

    def _ends_before(self, period: Period, following: Optional[LogFile]) -> bool:
        """Whether a file must be wholly before the period, as the next one starts before it."""
        next_starts = self._looks[following].oldest if following else None
        return bool(period.since and next_starts and next_starts + SLACK < period.since)

    def _records(self, file: LogFile, period: Period) -> Iterator[Record]:
        start = 0
        if period.since is not None and self._looks[file].plain:
            start = opening.start_of(file, period.since)
        account = self._accounts[file]
        with opening.opened(account, self._stdin, start) as read:
            for record in parse_records(read, file=file.path, offset=start, wanted=self._wanted):
                if self._session is None or _concerns(record, self._session):
                    yield record

    def _see(self, time: datetime) -> None:
        self._oldest = min(self._oldest or time, time)
        self._newest = max(self._newest or time, time)

    def _by_age(self, stream: list[LogFile]) -> list[LogFile]:
        """Order by the first time in each, if all have one: not all rotation numbers as seelog."""
        ages = {file: self._looks[file].oldest for file in stream}
        if None in ages.values():
            return stream
        return sorted(stream, key=lambda file: ages[file] or datetime.min)

    def _newest_of_streams(self) -> Optional[datetime]:
        """The newest time of all logs, without hibernate.log if possible.

        While the agent hibernates, that alone goes on; the reason stands where the main log ends.
        """
        speaking = [each for each in self._streams if not each[0].hibernates]
        for streams in (speaking, self._streams):
            times = [time for stream in streams if (time := self._newest_in(stream))]
            if times:
                return max(times)
        return None

    def _newest_in(self, stream: Sequence[LogFile]) -> Optional[datetime]:
        worth_unpacking = self._span.since is None and self._span.last is not None
        for file in reversed(stream):
            plain = self._looks[file].plain
            if (plain or worth_unpacking) and (time := opening.newest(file, plain)):
                return time
        return None


def read(
    places: Sequence[str],
    *,
    stdin: BinaryIO,
    span: Span,
    session: Optional[str] = None,
    interesting: Optional[Sequence[bytes]] = None,
) -> Reading:
    """Read the logs at these places: files, folders, globs, ``-`` for standard input.

    With ``session``, only Records that mention this session id. With ``interesting``, Records of
    level INFO and below may be left out unless they hold one of these words. ``span.last`` does not
    cut standard input, which has passed by before its newest Record is known.
    """
    wanted: Optional[Search] = None
    if session is not None:
        wanted = Search([session.encode()])
    elif interesting is not None:
        wanted = Search([*layout.LOUD, *interesting])
    return Reading(files.find(places), stdin, span, session, wanted)


def _concerns(record: Record, session: str) -> bool:
    return session in record.message or session in record.context


class _Pairs:
    """Pairs each error of the main log with its repetition in errors.log, whichever comes first.

    Counts, because the same may well happen twice in one moment, and remembers only errors that
    have no partner yet.
    """

    def __init__(self) -> None:
        self._unpaired: OrderedDict[int, int] = OrderedDict()

    def complete(self, record: Record, repeats: bool) -> bool:
        """Whether the other log has said this already."""
        if record.time is None or record.level not in ("ERROR", "CRITICAL"):
            return False
        key = hash((record.time, record.level, record.context, record.message))
        step = -1 if repeats else 1
        waiting = self._unpaired.pop(key, 0)
        if waiting + step:
            self._unpaired[key] = waiting + step
        if len(self._unpaired) > _REMEMBERED:
            self._unpaired.popitem(last=False)
        return waiting * step < 0
