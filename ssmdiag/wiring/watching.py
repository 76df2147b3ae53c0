"""``watch``: the logs as they grow, what they come to, and what of it is news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Optional

from ssmdiag.catalog.fold import Folder
from ssmdiag.catalog.match import Hit, interesting
from ssmdiag.catalog.templates import looks_like_trouble
from ssmdiag.diagnose.evidence import LITERALS, Evidence
from ssmdiag.diagnose.news import Cause, News, news
from ssmdiag.log import files, layout
from ssmdiag.log.checkpoint import Checkpoint, load, save
from ssmdiag.log.tail import Seen, Start, Tail
from ssmdiag.model import Finding, Record, Report
from ssmdiag.wiring.catalogues import catalogue
from ssmdiag.wiring.diagnosing import Heard, decide
from ssmdiag.wiring.job import Surroundings
from ssmdiag.wiring.reach import Reach, door
from ssmdiag.world.asking import Asking, nothing

_FORGETS = timedelta(hours=1)
"""Without a line of trouble for so long, a run begins to gather anew."""


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
    offline: bool = False
    patterns: tuple[Path, ...] = ()
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True)
class Sighting:
    """A Record that is worth a line at once; what it means is told a moment later."""

    seen: Seen
    hit: Optional[Hit]


class Watch:
    """Reads what is new, decides what it comes to, and remembers how far it came.

    Every ``now`` is in UTC and says so.
    """

    def __init__(self, job: WatchJob, around: Surroundings) -> None:
        self._job = job
        self._around = around
        self.notes: list[str] = []
        """What should be said of the run itself; whoever says it empties the list."""
        known, said = load(job.state)
        self.notes += [said] if said else []
        self._marks = {log: dict(marks) for log, marks in known.marks.items()} if known else None
        told = known.told if known else {}
        self._causes = {key: Cause(**cause) for key, cause in told.get("causes", {}).items()}
        self._checked = _moment(told.get("checked"))
        self._evidence = Evidence(**told.get("evidence", {}))
        self._tails: dict[str, Tail] = {}
        self._asked: Optional[tuple[Asking, str]] = None
        self._answered: set[Record] = set()
        """Samples of the Symptoms that those Answers were asked for, or that they explain."""
        self._last_trouble: Optional[datetime] = None
        self._pending = self._begun = False
        self.reload()

    def reload(self) -> None:
        """Read the catalogue anew. Raises JobError."""
        self._catalogue = catalogue(self._job.patterns, self._around)
        self._gather_anew()
        self._wanted = (*layout.LOUD, interesting(self._catalogue.catalog, LITERALS))
        self.notes += [f"a pattern was left out: {p}" for p in self._catalogue.problems]

    def _gather_anew(self) -> None:
        self._folder = Folder(self._catalogue.catalog)
        self._counts: dict[Record, int] = {}

    @property
    def _places(self) -> tuple[str, ...]:
        around = self._around
        return self._job.places or files.default_places(
            around.platform, around.environ, self._job.reach.root
        )

    @property
    def folders(self) -> tuple[str, ...]:
        """Where something may happen."""
        places = self._places
        folders = (str(Path(place).parent) if _is_file(place) else place for place in places)
        return tuple(dict.fromkeys(folders))

    # --- reading --------------------------------------------------------------------------------

    def sightings(self, now: datetime) -> Iterator[Sighting]:
        """Read what is new, and take it in; what is trouble is handed on at once."""
        # The agent writes the node's own time.
        local = now.astimezone().replace(tzinfo=None)
        for tail in self._followed():
            for seen in tail.news(local, self._wanted):
                record = seen.record
                hit = self._folder.take(record)
                self._evidence.look(record)
                if _is_trouble(hit, record):
                    self._pending = True
                    self._last_trouble = now
                    yield Sighting(seen, hit)
            self.notes += tail.notes
            tail.notes.clear()
        self._begun = True

    def _followed(self) -> list[Tail]:
        """A tail for every log that is there now. errors.log says again what the main log says."""
        found = [each for each in files.find(self._places) if isinstance(each, files.LogFile)]
        families = dict.fromkeys(each.family for each in found)
        first = [log for log in families if not files.named(log).repeats_errors]
        for log in first or families:
            if log not in self._tails:
                self._tails[log] = self._tail(log)
        return list(self._tails.values())

    def _tail(self, log: str) -> Tail:
        if self._marks is None and not self._begun:
            return Tail(log, None, self._job.start)
        # A log that was not known before came after what was read: all of it is new.
        return Tail(log, (self._marks or {}).get(log, {}), "start")

    # --- deciding -------------------------------------------------------------------------------

    @property
    def open_causes(self) -> int:
        return len(self._causes)

    def due(self, now: datetime) -> bool:
        """Is there anything to decide: new trouble, or an open cause to be looked at again?"""
        return self._pending or (bool(self._causes) and self._overdue(now))

    def _overdue(self, now: datetime) -> bool:
        if self._checked is None:
            return True
        since = now - self._checked
        # A clock that was put back must not put the look off.
        return since >= self._job.recheck or since < timedelta(0)

    def decide(self, now: datetime) -> tuple[tuple[News, ...], Report]:
        """Cross-check what was read with AWS and the host. Raises JobError.

        The Answers of before count until they are to be checked again, unless a Symptom comes that
        they neither were asked for nor explain.
        """
        heard = Heard(self._folder.folded(), self._evidence)
        counts = {symptom.sample: symptom.count for symptom in heard.folded.symptoms}
        louder = {sample for sample, n in counts.items() if self._counts.get(sample) != n}
        if self._asked is None or self._overdue(now) or not louder <= self._answered:
            self._asked = self._asking()
            self._checked, self._answered = now, louder
        ask, region = self._asked
        report = decide(heard, ask, region, online=not self._job.offline)
        self._counts = counts
        self._answered |= {s.sample for f in report.findings for s in f.symptoms}
        told, self._causes = news(
            _worth(report),
            self._causes,
            now,
            self._job.remind,
            complete=not self._job.offline,
        )
        self._pending = False
        if self._last_trouble is None or now - self._last_trouble > _FORGETS:
            self._gather_anew()
        return told, report

    def _asking(self) -> tuple[Asking, str]:
        if self._job.offline:
            region = self._job.reach.region or self._evidence.region or ""
            return Asking(nothing("AWS is not asked (--offline)")), region
        through, region = door(self._job.reach, self._around, self._evidence.region)
        return Asking(through), region

    # --- remembering ----------------------------------------------------------------------------

    def save(self, now: datetime) -> None:
        """Write the checkpoint; where that fails it is said, and tried again the next time."""
        evidence = {
            "region": self._evidence.region,
            "instance_id": self._evidence.instance_id,
            "agent_version": self._evidence.agent_version,
            "credential_source": self._evidence.credential_source,
            "principals": self._evidence.principals[-5:],
        }
        told: dict[str, Any] = {
            "causes": {key: asdict(cause) for key, cause in self._causes.items()},
            "checked": self._checked.isoformat() if self._checked else "",
            "evidence": evidence,
        }
        marks = {**(self._marks or {}), **{log: t.marks for log, t in self._tails.items()}}
        said = save(self._job.state, Checkpoint(marks, told, now.isoformat()))
        self.notes += [said] if said else []


def _is_trouble(hit: Optional[Hit], record: Record) -> bool:
    if hit is None:
        return looks_like_trouble(record.level, record.message)
    return not hit.pattern.benign


def _worth(report: Report) -> Sequence[Finding]:
    """What one may be woken up for: what is broken, and what the log tells of."""
    return [f for f in report.findings if f.verdict == "broken" or f.symptoms]


def _is_file(place: str) -> bool:
    return Path(place).suffix != "" and not Path(place).is_dir()


def _moment(text: Any) -> Optional[datetime]:
    return datetime.fromisoformat(text) if text else None
