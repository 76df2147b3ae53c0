"""The long-running form, with a watch that is scripted."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from ssmdiag.diagnose.news import News
from ssmdiag.model import Cluster
from ssmdiag.wiring.loop import Loop
from ssmdiag.wiring.watching import Sighting, Watch


class Scripted:
    """A watch in which something is to be decided at its first look, and then no more."""

    def __init__(self, folder: Path) -> None:
        self.folders = (str(folder),)
        self.notes: list[str] = []
        self.blind = ""
        self.pending = False
        self.looks = 0

    def sightings(self, _: datetime) -> Iterator[Sighting]:
        self.looks += 1
        return iter(())

    def due(self, _: datetime) -> bool:
        return self.looks == 1

    def moment(self) -> float:
        return 0.0

    def save(self, _: datetime) -> None:
        """Nothing is kept."""


class Deaf:
    """Nobody listens after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def gone(self) -> bool:
        return time.monotonic() > self._ends

    def sighted(self, sightings: Iterable[Sighting]) -> None: ...

    def told(self, news: Iterable[News], open_causes: int) -> None: ...

    def unknown(self, cluster: Cluster) -> None: ...

    def said(self, note: str) -> None: ...


@pytest.fixture
def handlers() -> Iterator[None]:
    kept = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for each, handler in kept.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("handlers")
def test_what_needs_no_decision_any_more_is_not_waited_for_busily(tmp_path: Path) -> None:
    """A clock that was put back makes a look that was due one that is not."""
    watch = Scripted(tmp_path)
    environ: dict[str, Any] = {"WATCHDOG_USEC": "500000"}
    Loop(cast(Watch, watch), Deaf(3.0), environ).run()
    assert 3 < watch.looks < 30
