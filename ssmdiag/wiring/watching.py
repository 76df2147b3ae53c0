"""``watch``: the logs as they grow, what they come to, and what of it is news."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Optional

from ssmdiag.catalog.fold import Folder
from ssmdiag.catalog.match import Hit, interesting
from ssmdiag.catalog.templates import looks_like_trouble
from ssmdiag.diagnose.evidence import LITERALS, Evidence
from ssmdiag.diagnose.news import Cause, News, cause_of, key_of, name_of, news
from ssmdiag.iam.failure import read_failure
from ssmdiag.log import files, layout
from ssmdiag.log.checkpoint import Checkpoint, load, save
from ssmdiag.log.places import Look, look
from ssmdiag.log.search import Search
from ssmdiag.log.tail import Mark, Seen, Tail
from ssmdiag.model import Finding, Record, Report, SourceFile, Unverified
from ssmdiag.values import dataclass
from ssmdiag.wiring.catalogues import catalogue
from ssmdiag.wiring.diagnosing import Heard, decide
from ssmdiag.wiring.job import Surroundings
from ssmdiag.wiring.reach import door
from ssmdiag.wiring.watch_job import WatchJob
from ssmdiag.world.asking import Asking, nothing
from ssmdiag.world.call import Unreachable

_FORGETS = timedelta(hours=1)
"""Without a line of trouble for so long, a run begins to gather anew."""
_DOUBLINGS = 5
"""How often the pause after a throttled look doubles: 15 minutes become up to 8 hours."""

_Marks = Mapping[str, Mapping[str, Mark]]


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
        self.blind = ""
        """Why none of the logs can be read; empty if one can be."""
        self._problems: dict[str, str] = {}
        """By place, why some cannot be read."""
        self._marks = {log: dict(marks) for log, marks in known.marks.items()} if known else None
        told = known.told if known else {}
        self._causes = {key: cause_of(cause) for key, cause in told.get("causes", {}).items()}
        self._checked = _moment(told.get("checked"))
        self._throttled: int = told.get("throttled", 0)
        """How many looks AWS throttled since no cause was open."""
        self._held_until = _moment(told.get("held_until"))
        self._asked_about: set[str] = set(told.get("asked_about", ()))
        """Symptoms that the last look was for."""
        self._evidence = Evidence(**told.get("evidence", {}))
        self._tails: dict[str, Tail] = {}
        self._seen: Optional[Look] = None
        self._asked: Optional[tuple[Asking, str]] = None
        self._answered: set[Record] = set()
        """Samples of the Symptoms that those Answers were asked for, or that they explain."""
        self._last_trouble: Optional[datetime] = None
        self._pending = self._begun = False
        self._settled: Optional[_Marks] = None
        """How far the logs were read before the first trouble that is not decided yet."""
        self.reload()

    @property
    def pending(self) -> bool:
        """Is there trouble that is not decided yet?"""
        return self._pending

    def reload(self) -> None:
        """Read the catalogue anew; what is ``pending`` would be forgotten. Raises JobError."""
        self._catalogue = catalogue(self._job.patterns, self._around)
        self._gather_anew()
        self._wanted = Search([*layout.LOUD, *interesting(self._catalogue.catalog, LITERALS)])
        self.notes += [f"a pattern was left out: {p}" for p in self._catalogue.problems]

    def _gather_anew(self) -> None:
        self._folder = Folder(self._catalogue.catalog)
        self._counts: dict[Record, int] = {}

    @property
    def folders(self) -> tuple[str, ...]:
        """Where something may happen."""
        places = self._job.logs(self._around)
        folders = (str(Path(place).parent) if _is_file(place) else place for place in places)
        return tuple(dict.fromkeys(folders))

    # --- reading --------------------------------------------------------------------------------

    def sightings(self, now: datetime) -> Iterator[Sighting]:
        """Read what is new, and take it in; what is trouble is handed on at once."""
        self._seen = look(self._job.logs(self._around))
        if not self._pending:
            self._settled = self._read_so_far()
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
        if self._pending and self._is_known(now):
            self._hear_on(now)

    def _read_so_far(self) -> Optional[_Marks]:
        """How far the logs were read; None if none ever was, so that it begins where it is told."""
        if self._marks is None and not self._begun:
            return None
        return {**(self._marks or {}), **{log: dict(t.marks) for log, t in self._tails.items()}}

    def _followed(self) -> list[Tail]:
        """A tail for every log that is there now. errors.log says again what the main log says."""
        readable, problems = self._looked_for()
        families = dict.fromkeys(each.family for each in readable)
        first = [log for log in families if not files.named(log).repeats_errors]
        for log in first or families:
            if log not in self._tails:
                self._tails[log] = self._tail(log)
        # One that a tail looks after may just be rolled over.
        self._heed({p: w for p, w in problems.items() if files.named(p).family not in self._tails})
        return list(self._tails.values())

    def _looked_for(self) -> tuple[list[files.LogFile], dict[str, str]]:
        """The files that can be read, and by path why others cannot be."""
        readable: list[files.LogFile] = []
        problems: dict[str, str] = {}
        for each in files.find(self._job.logs(self._around)):
            if isinstance(each, SourceFile):
                problem = each.problem
            else:
                # A tail opens its own files, and says what is wrong with them.
                problem = None if each.family in self._tails else _problem(each)
            if problem:
                problems[each.path] = problem
            elif isinstance(each, files.LogFile):
                readable.append(each)
        return readable, problems

    def _heed(self, problems: dict[str, str]) -> None:
        """Note what cannot be read, where that changes; if it is all, whoever runs this says it."""
        said = {path: f"{path}: {why}" for path, why in problems.items()}
        self.blind = "" if self._tails else "; ".join(said.values())
        if self._tails:
            self.notes += [said[p] for p, why in problems.items() if self._problems.get(p) != why]
            self._problems = problems

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
        if self._pending:
            return True
        waiting = bool(self._causes) or self._throttled > 0
        return waiting and self._overdue(now) and not self._held(now)

    def _is_known(self, now: datetime) -> bool:
        """Did a run of before ask about just this, not long ago, so that a cause of it is open?"""
        if self._asked is not None or not self._causes or self._overdue(now):
            return False
        heard = self._folder.folded()
        return not heard.clusters and all(name_of(s) in self._asked_about for s in heard.symptoms)

    def _hear_on(self, now: datetime) -> None:
        """What was heard is known: there is nothing to decide but that its causes last."""
        heard = {name_of(symptom) for symptom in self._folder.folded().symptoms}
        for key, cause in self._causes.items():
            if not heard.isdisjoint(cause.symptoms):
                self._causes[key] = replace(cause, seen=now.isoformat())
        self._pending = False

    def _held(self, now: datetime) -> bool:
        """Must AWS be left alone for a while, since it throttled?"""
        if self._held_until is None:
            return False
        # A clock that was put back must not put the look off.
        wait = self._held_until - now
        return timedelta(0) < wait <= self._job.recheck * (1 << _DOUBLINGS)

    def moment(self) -> float:
        """A random moment of the spread, in seconds; 0 if AWS is not asked at all."""
        if self._job.offline:
            return 0.0
        return random.uniform(0, self._job.spread.total_seconds())  # noqa: S311

    def _overdue(self, now: datetime) -> bool:
        if self._checked is None:
            return True
        since = now - self._checked
        # A clock that was put back must not put the look off.
        return since >= self._job.recheck or since < timedelta(0)

    def decide(self, now: datetime) -> tuple[tuple[News, ...], Report]:
        """Cross-check what was read with AWS and the host. Raises JobError.

        The Answers of before count until they are to be checked again, unless a Symptom comes that
        they neither were asked for nor explain. While AWS throttles, nothing is asked again.
        """
        heard = Heard(self._folder.folded(), self._evidence)
        counts = {symptom.sample: symptom.count for symptom in heard.folded.symptoms}
        louder = {sample for sample, n in counts.items() if self._counts.get(sample) != n}
        asks = self._asked is None or self._overdue(now) or not louder <= self._answered
        if self._held(now):
            asks = False
            self._asked = self._asked or self._asking_nobody(
                "AWS throttled the requests of before; it is asked again later"
            )
        elif asks or self._asked is None:
            self._asked = self._asking()
            self._checked, self._answered = now, louder
        ask, region = self._asked
        report = decide(heard, ask, region, online=not self._job.offline)
        self._counts = counts
        self._answered |= {s.sample for f in report.findings for s in f.symptoms}
        told = self._news(report, now)
        if asks:
            self._asked_about = {name_of(symptom) for symptom in heard.folded.symptoms}
            self._hold(now, _is_throttled(ask))
        self._pending = False
        if self._last_trouble is None or now - self._last_trouble > _FORGETS:
            self._gather_anew()
        return told, report

    def _hold(self, now: datetime, throttled: bool) -> None:
        """Leave AWS alone the longer, the more looks it throttled since no cause was open.

        The quotas are the account's. After a fault of a whole fleet, its nodes would take from one
        another, and from the agents, what AWS still answers; so they must not ask as often again
        as soon as one look was answered.
        """
        if throttled:
            self._throttled = min(self._throttled + 1, _DOUBLINGS)
        elif not self._causes:
            self._throttled = 0
        self._held_until = None
        if self._throttled:
            pause = self._job.recheck * (1 << self._throttled - 1) * (1 + random.random())  # noqa: S311
            self._held_until = now + pause
        if throttled and self._held_until:
            when = self._held_until.isoformat(timespec="minutes")
            self.notes.append(f"AWS throttles the account's requests; it is asked again at {when}")

    def _news(self, report: Report, now: datetime) -> tuple[News, ...]:
        """What of a Report is news; a cause that cannot be looked at now is as open as before."""
        unsure = {c.id for c in report.chain if isinstance(c.verdict, Unverified)}
        kept = {
            key: cause
            for key, cause in self._causes.items()
            if cause.verdict == "broken" and unsure & _requirements(key)
        }
        worth = [finding for finding in _worth(report) if not _is_told(finding, kept)]
        settled = {key for key in self._causes if _is_settled(key, self._causes[key], worth)}
        told, causes = news(
            worth,
            {key: c for key, c in self._causes.items() if key not in kept and key not in settled},
            now,
            self._job.remind,
            complete=not self._job.offline,
        )
        self._causes = {**kept, **causes}
        return told

    def _asking(self) -> tuple[Asking, str]:
        if self._job.offline:
            return self._asking_nobody("AWS is not asked (--offline)")
        through, region = door(self._job.reach, self._around, self._evidence.region)
        return Asking(through), region

    def _asking_nobody(self, why: str) -> tuple[Asking, str]:
        return Asking(nothing(why)), self._job.reach.region or self._evidence.region or ""

    # --- remembering ----------------------------------------------------------------------------

    def save(self, now: datetime) -> None:
        """Write the checkpoint; where that fails it is said, and tried again the next time.

        As long as nothing of the very first run is decided there is none: the next is the first.
        """
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
            "throttled": self._throttled,
            "asked_about": sorted(self._asked_about),
            "held_until": self._held_until.isoformat() if self._held_until else "",
            "evidence": evidence,
            "quiet": self._seen if self._is_quiet() else None,
        }
        # What is not decided is read again by the next run, should this one end here.
        marks = self._settled if self._pending else self._read_so_far()
        if marks is None:
            return
        said = save(self._job.state, Checkpoint(marks, told, now.isoformat()))
        self.notes += [said] if said else []

    def _is_quiet(self) -> bool:
        """Is there nothing to be done before the logs look otherwise than when they were read?"""
        unread = any(tail.lag for tail in self._tails.values())
        return not (self._causes or self._pending or unread or self.blind)


def _is_trouble(hit: Optional[Hit], record: Record) -> bool:
    if hit is None:
        return looks_like_trouble(record.level, record.message)
    return not hit.pattern.benign


def _worth(report: Report) -> Sequence[Finding]:
    """What one may be woken up for: what is broken, and what the log tells of."""
    return [f for f in report.findings if f.verdict == "broken" or f.symptoms]


def _requirements(key: str) -> set[str]:
    """The Requirements that the key of a cause names."""
    return set(key.rpartition(":")[2].split(","))


def _is_told(finding: Finding, kept: Mapping[str, Cause]) -> bool:
    """Says a Finding no more than a cause that is open and cannot be looked at now?"""
    named = set(finding.requirements)
    if finding.verdict == "broken":
        return any(named <= _requirements(key) for key in kept)
    return any(named & _requirements(key) for key in kept)


def _is_settled(key: str, cause: Cause, findings: Sequence[Finding]) -> bool:
    """Could a cause not be verified, of which it is now known what is broken?"""
    broken = [f for f in findings if f.verdict == "broken" and key_of(f) != key]
    return cause.verdict != "broken" and any(
        _requirements(key) & set(finding.requirements) for finding in broken
    )


def _is_throttled(ask: Asking) -> bool:
    failures = (read_failure(a.why) for a in ask.answers.values() if isinstance(a, Unreachable))
    return any(failure is not None and failure.kind == "throttled" for failure in failures)


def _problem(file: files.LogFile) -> Optional[str]:
    """Why a file cannot be read, in words; that it has just gone is none."""
    try:
        with Path(file.path).open("rb"):
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        return files.in_words(error)


def _is_file(place: str) -> bool:
    """A log that is not there yet is told from a folder by its suffix."""
    return Path(place).is_file() or (Path(place).suffix != "" and not Path(place).is_dir())


def _moment(text: Any) -> Optional[datetime]:
    return datetime.fromisoformat(text) if text else None
