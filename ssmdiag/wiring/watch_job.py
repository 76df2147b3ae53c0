"""One ``watch`` as asked for, and whether there is anything for it to do.

Most runs from a timer find nothing: they are told without loading what a find needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from ssmdiag.log import files
from ssmdiag.log.checkpoint import LockedError, locked, peek
from ssmdiag.log.tail import Start, Tail
from ssmdiag.wiring.job import Reach, Surroundings


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
        return self.places or files.default_places(around.platform, around.environ, self.reach.root)


def has_nothing_to_do(job: WatchJob, around: Surroundings) -> bool:
    """Is no cause open, nothing left to be told, and no byte new since the checkpoint?

    False also where that cannot be told: a whole run says why.
    """
    try:
        with locked(job.state):
            known = peek(job.state)
    except (LockedError, OSError):
        return False
    if known is None or known.told.get("causes") or _untold(job):
        return False
    found = [each for each in files.find(job.logs(around)) if isinstance(each, files.LogFile)]
    logs = {each.family for each in found}
    # errors.log is not followed where the main log is there.
    followed = {log for log in logs if not files.named(log).repeats_errors} or logs
    return followed <= known.marks.keys() and not any(
        Tail(log, known.marks[log], "start").lag for log in followed
    )


def _untold(job: WatchJob) -> bool:
    spool = job.state.parent / "spool"
    return spool.is_dir() and any(spool.iterdir())
