"""One ``watch`` as asked for, and whether there is anything for it to do.

Most runs from a timer find nothing: they are told without loading what a find needs.
"""

from __future__ import annotations

import json
import stat
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ssmdiag.log.lock import LockedError, locked
from ssmdiag.log.places import default_places, look
from ssmdiag.values import dataclass
from ssmdiag.wiring.job import MisuseError, Reach, Surroundings

if TYPE_CHECKING:
    from ssmdiag.log.tail import Start


@dataclass(frozen=True)
class WatchJob:
    """One ``watch`` as asked for."""

    places: tuple[str, ...] = ()
    start: Start = "now"
    """Where the very first run begins."""
    state: Path = Path("watch.json")
    """The checkpoint."""
    remind: timedelta = timedelta(hours=24)
    recheck: timedelta = timedelta(minutes=15)
    """How often an open cause is looked at again, and how long AWS's answers count."""
    spread: timedelta = timedelta(0)
    """AWS is asked at a random moment of so long, since other nodes may see the same trouble."""
    offline: bool = False
    patterns: tuple[Path, ...] = ()
    reach: Reach = field(default_factory=Reach)

    def logs(self, around: Surroundings) -> tuple[str, ...]:
        """Where the logs are."""
        return self.places or default_places(around.platform, around.environ, self.reach.root)


def require_file(state: Path) -> None:
    """Raises MisuseError for a checkpoint that is a folder or a device: it would be moved away."""
    try:
        mode = state.stat().st_mode
    except OSError:
        # It is not there yet, or whoever opens it says why it cannot be.
        return
    if not stat.S_ISREG(mode):
        raise MisuseError(f"--state {state} is no file; name one, which need not be there yet")


def has_nothing_to_do(job: WatchJob, around: Surroundings) -> bool:
    """Did the run before leave nothing open or untold, and do the logs look as they did to it?

    False also where that cannot be told: a whole run says why.
    """
    try:
        with locked(job.state):
            quiet = json.loads(job.state.read_text("utf-8"))["told"]["quiet"]
    except (LockedError, OSError, ValueError, KeyError, TypeError):
        return False
    return quiet is not None and not _untold(job) and quiet == look(job.logs(around))


def _untold(job: WatchJob) -> bool:
    spool = job.state.parent / "spool"
    return spool.is_dir() and any(spool.iterdir())
