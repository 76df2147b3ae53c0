"""Records → Symptoms: what is the same is counted, what merely says it again is folded in."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from typing import Optional, Union

from ssmdiag.catalog.match import Hit, match
from ssmdiag.catalog.nearby import WINDOW, Nearby
from ssmdiag.catalog.pattern import SAME_FAILURE, Catalog, Pattern
from ssmdiag.catalog.suspicion import suspects
from ssmdiag.catalog.templates import Templates, looks_like_trouble
from ssmdiag.iam.arn import role_name_of
from ssmdiag.model import SEVERITIES, Cluster, Failure, Record, Severity, Suspect, Symptom
from ssmdiag.values import dataclass

_REQUEST_ID = "request id: "

MOST_SYMPTOMS = 2_000
MOST_WAITING = 500
MOST_SESSIONS = 100
"""How many are kept; what comes after is still counted."""


@dataclass(frozen=True)
class Folded:
    """What the Records of one run come to."""

    symptoms: tuple[Symptom, ...]
    """In the order in which they were first seen."""
    clusters: tuple[Cluster, ...]
    noise: tuple[Symptom, ...]
    """What looks like trouble and is known not to be, alike; its explanation says why."""
    benign: int
    records: int


class Folder:
    """Folds Records as they come, in memory bounded by what differs."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._symptoms, self._noise = _Folding(catalog), _Folding(catalog)
        self._templates = Templates()
        self._benign = self._records = 0

    def take(self, record: Record) -> Optional[Hit]:
        """Fold one Record in; tells what it was recognised as.

        Only WARN and above (and Records without a level that read like trouble) that no Pattern
        knows become Clusters.
        """
        self._records += 1
        hit = match(self._catalog, record)
        if hit is None:
            if looks_like_trouble(record.level, record.message):
                self._templates.take(record)
        elif hit.pattern.benign:
            self._benign += 1
            self._noise.take(hit, record, self._records)
        else:
            self._symptoms.take(hit, record, self._records)
        return hit

    def folded(self) -> Folded:
        """What it comes to so far. Echoes that wait for what they repeat wait no longer."""
        return Folded(
            self._symptoms.symptoms(),
            self._templates.clusters(),
            self._noise.symptoms(),
            self._benign,
            self._records,
        )


def fold(catalog: Catalog, records: Iterable[Record]) -> Folded:
    """Fold a stream of Records, in any order of files."""
    folder = Folder(catalog)
    for record in records:
        folder.take(record)
    return folder.folded()


_Same = Union[tuple[str, ...], str, None]
_Key = tuple[str, tuple[str, ...], _Same]
_Place = tuple[Optional[str], _Key]
"""A session, and what is said in it."""


@dataclass
class _Gathered:
    """Records of one Pattern about one subject."""

    hit: Hit
    order: int
    sample: Record
    severity: Severity
    count: int = 0
    first: Optional[datetime] = None
    last: Optional[datetime] = None
    sessions: dict[str, None] = field(default_factory=dict)
    clues: dict[Pattern, None] = field(default_factory=dict)

    def add(self, hit: Hit, record: Record) -> None:
        self.count += 1
        self._span(record.time, record.time)
        self._concern(hit.session)

    def take_over(self, other: _Gathered) -> None:
        self.count += other.count
        if other.order < self.order:
            self.order, self.sample = other.order, other.sample
        self._span(other.first, other.last)
        self._heed(other)

    def hear(self, echo: _Gathered) -> None:
        """The echo's consequence counts, its Records do not."""
        if echo.hit.pattern.clue_to:
            self.clues[echo.hit.pattern] = None
        self._heed(echo)

    def near(self, time: Optional[datetime]) -> bool:
        if time is None or self.first is None or self.last is None:
            return True
        return self.first - WINDOW <= time <= self.last + WINDOW

    def _heed(self, other: _Gathered) -> None:
        self.severity = max(self.severity, other.severity, key=SEVERITIES.index)
        for session in other.sessions:
            self._concern(session)

    def _span(self, first: Optional[datetime], last: Optional[datetime]) -> None:
        if first and (self.first is None or first < self.first):
            self.first = first
        if last and (self.last is None or last > self.last):
            self.last = last

    def _concern(self, session: Optional[str]) -> None:
        if session and len(self.sessions) < MOST_SESSIONS:
            self.sessions[session] = None


class _Waiting:
    """Bursts of echoes that came before what they repeat."""

    def __init__(self) -> None:
        self._bursts: dict[_Place, _Gathered] = {}
        self._in_session: dict[Optional[str], dict[_Place, None]] = {}

    def __len__(self) -> int:
        return len(self._bursts)

    def get(self, place: _Place) -> Optional[_Gathered]:
        return self._bursts.get(place)

    def put(self, place: _Place, burst: _Gathered) -> None:
        self._bursts[place] = burst
        self._in_session.setdefault(place[0], {})[place] = None

    def pop(self, place: _Place) -> _Gathered:
        beside = self._in_session[place[0]]
        del beside[place]
        if not beside:
            del self._in_session[place[0]]
        return self._bursts.pop(place)

    def longest(self) -> _Place:
        """The one that waits longest."""
        return next(iter(self._bursts))

    def most_basic(self) -> _Place:
        """The one that repeats none of the others: of a chain, its lowest link."""
        waiting = {(session, key[0]) for session, key in self._bursts}
        for (session, key), burst in self._bursts.items():
            if not any((session, origin) in waiting for origin in _origins(burst.hit)):
                return session, key
        return self.longest()

    def for_word_of(self, hit: Hit) -> list[tuple[_Place, _Gathered]]:
        """Those of the same session that repeat what ``hit`` says."""
        said = set(_says(hit))
        beside = [(place, self._bursts[place]) for place in self._in_session.get(hit.session, ())]
        return [(p, burst) for p, burst in beside if not said.isdisjoint(_origins(burst.hit))]


class _Folding:
    """The state of one run: Symptoms so far, and echoes still waiting for what they repeat."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._symptoms: dict[_Key, _Gathered] = {}
        self._waiting = _Waiting()
        self._said: Nearby[_Key] = Nearby()
        self._last_errors: dict[str, str] = {}

    def take(self, hit: Hit, record: Record, order: int) -> None:
        one = _Gathered(hit, order, record, hit.pattern.severity)
        one.add(hit, record)
        if self._told_before(hit):
            one.count = 0
        if _origins(hit):
            self._echo(one)
        else:
            self._stand(one)

    def symptoms(self) -> tuple[Symptom, ...]:
        while len(self._waiting):
            self._settle(self._waiting.most_basic())
        ordered = sorted(self._symptoms.values(), key=_first_seen)
        return tuple(self._symptom(gathered) for gathered in ordered)

    def _told_before(self, hit: Hit) -> bool:
        """Two parts of the agent may log one failed request: its request id is the same then."""
        if _REQUEST_ID not in hit.error:
            return False
        before = self._last_errors.get(hit.pattern.id)
        self._last_errors[hit.pattern.id] = hit.error
        return before == hit.error

    def _echo(self, one: _Gathered) -> None:
        if self._fold_in(one):
            return
        place = (one.hit.session, _key(one.hit))
        burst = self._waiting.get(place)
        if burst and burst.near(one.first):
            burst.take_over(one)
            return
        if burst:
            self._settle(place)
        self._waiting.put(place, one)
        if len(self._waiting) > MOST_WAITING:
            self._settle(self._waiting.longest())

    def _fold_in(self, echo: _Gathered) -> bool:
        hit = echo.hit
        for origin in _origins(hit):
            for time in (echo.first, echo.last):
                key = self._said.find(hit.session, origin, time)
                if key is not None:
                    self._symptoms[key].hear(echo)
                    self._said.note(hit.session, hit.pattern.id, echo.last, key)
                    return True
        return False

    def _stand(self, one: _Gathered) -> None:
        """A Symptom of its own; echoes that came before it are folded in now."""
        hit, key = one.hit, _key(one.hit)
        if key not in self._symptoms and len(self._symptoms) >= MOST_SYMPTOMS:
            key = (hit.pattern.id, (), None)
        if key in self._symptoms:
            self._symptoms[key].take_over(one)
        else:
            self._symptoms[key] = one
        for what in _says(hit):
            for time in dict.fromkeys((one.first, one.last)):
                self._said.note(hit.session, what, time, key)
        for place, burst in self._waiting.for_word_of(hit):
            if self._fold_in(burst):
                self._waiting.pop(place)

    def _settle(self, place: _Place) -> None:
        """Nobody said it before: it stands alone, or, being only a clue, is dropped."""
        burst = self._waiting.pop(place)
        if not self._fold_in(burst) and not burst.hit.pattern.clue_to:
            self._stand(burst)

    def _symptom(self, gathered: _Gathered) -> Symptom:
        hit = gathered.hit
        pattern = hit.pattern
        named, decided = suspects(self._catalog, pattern, hit.failure)
        for clue in gathered.clues:
            hinted, _ = suspects(self._catalog, clue, None)
            named = tuple(dict.fromkeys((*hinted, *named)))
            decided = _one_kind(named)
        return Symptom(
            pattern=pattern.id,
            title=pattern.title,
            severity=gathered.severity,
            count=gathered.count,
            first=gathered.first,
            last=gathered.last,
            sessions=tuple(gathered.sessions),
            fields=hit.fields,
            failure=hit.failure,
            suspects=named,
            decided=decided,
            sample=gathered.sample,
            explanation=pattern.benign or pattern.explanation,
        )


def _one_kind(named: tuple[Suspect, ...]) -> bool:
    return len({suspect.resource for suspect in named}) == 1


def _first_seen(gathered: _Gathered) -> tuple[bool, datetime, int, str]:
    first = gathered.first
    return first is None, first or datetime.min, gathered.order, gathered.hit.pattern.id


def _says(hit: Hit) -> tuple[Hashable, ...]:
    """What an echo can refer to: the Pattern, and the failed request if there is one."""
    same = _same(hit)
    return (hit.pattern.id,) if same is None else (hit.pattern.id, ("same", same))


def _origins(hit: Hit) -> tuple[Hashable, ...]:
    """What an echo repeats: ids of Patterns, or the same failed request."""
    pattern = hit.pattern
    return tuple(
        ("same", _same(hit)) if origin == SAME_FAILURE else origin
        for origin in (*pattern.echo_of, *pattern.clue_to)
    )


def _key(hit: Hit) -> _Key:
    fields = dict(hit.fields)
    return hit.pattern.id, tuple(fields.get(name, "") for name in hit.pattern.subject), _same(hit)


@lru_cache(maxsize=1024)
def _who(principal: str) -> str:
    """Sessions of one role are refused alike, whoever opened them."""
    return role_name_of(principal) or principal


def _same(hit: Hit) -> _Same:
    """What makes two failed requests the same one: not the request id, not the log stream."""
    failure: Optional[Failure] = hit.failure
    if failure is None:
        return hit.error or None
    denial = failure.denial
    if denial is None:
        told = bool(failure.code or failure.host)
        return (failure.kind, failure.code or "", failure.host or "") if told else failure.text
    return (
        failure.kind,
        failure.code or "",
        denial.action or "",
        _who(denial.principal or ""),
        denial.policy_type or "",
        str(denial.explicit),
    )
