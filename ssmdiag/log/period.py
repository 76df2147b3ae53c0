"""Which part of a log is asked for, and where in a file it begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import BinaryIO, Optional

from ssmdiag.log import layout
from ssmdiag.values import dataclass

SLACK = timedelta(hours=2)
"""How far the times of one file may run backwards: the end of daylight-saving time, processes
that write late, a clock put right."""
_BLOCK = 64 << 10
_FARTHEST_BACK = 8 << 20

_AGO = r"(\d{1,6})\s*(s|m|h|d|w)"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MOMENT = r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))?"
_ZONED = r"\d{4}-\d\d-\d\d[T ][\d:.]+\s*(?:Z|[+-]\d\d:?\d\d)"


@dataclass(frozen=True)
class Period:
    """From ``since`` to ``until``, both included; None is open. Local times of the agent's host."""

    since: Optional[datetime] = None
    until: Optional[datetime] = None

    def __contains__(self, moment: datetime) -> bool:
        after = self.since is None or moment >= self.since
        return after and (self.until is None or moment <= self.until)


@dataclass(frozen=True)
class Span:
    """What was asked for. ``last`` counts where ``since`` is None: back from the newest Record.

    Not from the wall clock: a log that was copied from another host, or that fell silent days ago,
    has its interesting part at its own end.
    """

    since: Optional[datetime] = None
    until: Optional[datetime] = None
    last: Optional[timedelta] = timedelta(hours=24)

    def period(self, newest: Optional[datetime]) -> Period:
        """The Period meant, if the log's newest Record is of ``newest`` (None: not known)."""
        ends = [end for end in (newest, self.until) if end is not None]
        if self.since is not None or self.last is None or not ends:
            return Period(self.since, self.until)
        try:
            return Period(min(ends) - self.last, self.until)
        except OverflowError:
            return Period(None, self.until)


ALL = Span(last=None)


def parse_moment(text: str, now: datetime) -> datetime:
    """Read ``24h``, ``90m``, ``7d`` (before ``now``), ``2026-11-20`` or ``2026-11-20T14:00[:05]``.

    A date alone is its midnight. Raises ValueError with one line that says what would be right.
    """
    text = text.strip()
    ago = re.fullmatch(_AGO, text)
    moment = re.fullmatch(_MOMENT, text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))})
        if moment:
            day, clock = moment.groups()
            return datetime.combine(date.fromisoformat(day), _clock(clock or "00:00"))
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a moment: there is no such date or time") from None
    if re.fullmatch(_ZONED, text):
        raise ValueError(
            f"{text!r} names a time zone, but agent logs are in the node's local time: leave it out"
        )
    raise ValueError(
        f"{text!r} is not a moment: write 90m, 24h or 7d, or 2026-11-20 or 2026-11-20T14:00"
    )


def _clock(text: str) -> time:
    whole, _, fraction = text.partition(".")
    return time.fromisoformat(whole).replace(microsecond=int(fraction.ljust(6, "0") or 0))


def start_of(file: BinaryIO, size: int, since: datetime) -> int:
    """Offset of a Record in a seekable file before which nothing belongs to ``since`` or later.

    Bisects on the times of headers, so that a few blocks are read instead of the file. Right as
    long as times run backwards by no more than ``SLACK``; what is then read too much is for a
    filter to drop.
    """
    low, high = 0, size
    while high - low > _BLOCK:
        middle = (low + high) // 2
        found = _first_stamp(file, middle, high)
        if found is None or found[1] + SLACK >= since:
            high = middle
        else:
            low = found[0]
    return low


def _first_stamp(file: BinaryIO, start: int, end: int) -> Optional[tuple[int, datetime]]:
    file.seek(start)
    block = b""
    while start + len(block) < end:
        more = file.read(_BLOCK)
        if not more:
            return None
        block += more
        for offset, moment in layout.stamps(block):
            return start + offset, moment
        keep = block[-layout.LONGEST_HEADER :]
        start += len(block) - len(keep)
        block = keep
    return None


def oldest(block: bytes) -> Optional[datetime]:
    """Time of the first dated header in the first bytes of a file."""
    return next((moment for _, moment in layout.stamps(b"\n" + block)), None)


def newest(file: BinaryIO, size: int) -> Optional[datetime]:
    """Time of the newest Record near the end of a seekable file; None if there is none."""
    reach = _BLOCK
    while True:
        start = max(0, size - reach)
        file.seek(start)
        block = (b"" if start else b"\n") + file.read(size - start)
        moment = newest_of([moment for _, moment in layout.stamps(block)])
        if moment is not None:
            return moment
        if not start or reach >= _FARTHEST_BACK:
            return None
        reach *= 4


def newest_of(moments: Sequence[datetime]) -> Optional[datetime]:
    """The newest of the times at the end of a log, in the order of its lines; None if none is.

    What is ahead of the last one by more than ``SLACK`` was written while the clock was wrong.
    """
    return max((m for m in moments if m - moments[-1] <= SLACK), default=None)
