"""Who said what, when: looked up by time, in bounded memory, in whatever order files are read."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, Optional, TypeVar

WINDOW = timedelta(minutes=2)
"""Lines of one event lie closer than this; the agent's own retries of a session lie within it."""

MOST_ENTRIES = 50_000

Key = TypeVar("Key", bound=Hashable)


class Nearby(Generic[Key]):
    """Remembers, for each session and each thing said, when and for which key it was said.

    Times go into boxes as wide as the window, so what was said around a moment is found in the box
    of that moment or beside it, also when a second file tells the same hours again.
    """

    def __init__(self) -> None:
        self._boxes: dict[tuple[Hashable, Hashable, Optional[int]], _Box[Key]] = {}

    def note(
        self, session: Optional[str], what: Hashable, time: Optional[datetime], key: Key
    ) -> None:
        for number in (_number(time), None) if time else (None,):
            self._boxes[session, what, number] = _Box(key, time, self._first(session, what, number))
        while len(self._boxes) > MOST_ENTRIES:
            self._boxes.pop(next(iter(self._boxes)))

    def find(
        self, session: Optional[str], what: Hashable, time: Optional[datetime]
    ) -> Optional[Key]:
        """The key for which ``what`` was said within the window around ``time``.

        Records without a time (excerpts) belong to one moment, and to every moment.
        """
        latest = self._boxes.get((session, what, None))
        if latest is None:
            return None
        if time is None or latest.last is None:
            return latest.key
        number = _number(time) or 0
        for beside in (number, number - 1, number + 1):
            box = self._boxes.get((session, what, beside))
            if box and box.near(time):
                return box.key
        return None

    def _first(
        self, session: Optional[str], what: Hashable, number: Optional[int]
    ) -> Optional[datetime]:
        box = self._boxes.pop((session, what, number), None)
        return box.first if box else None


class _Box(Generic[Key]):
    def __init__(self, key: Key, time: Optional[datetime], first: Optional[datetime]) -> None:
        self.key = key
        self.first = first or time
        self.last = time

    def near(self, time: datetime) -> bool:
        return any(t is not None and abs(t - time) <= WINDOW for t in (self.first, self.last))


def _number(time: Optional[datetime]) -> Optional[int]:
    # Times of agent logs carry no zone: datetime.timestamp() would bring in this machine's.
    return None if time is None else (time.replace(tzinfo=None) - datetime.min) // WINDOW
