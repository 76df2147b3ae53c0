"""``diagnose``: a log and the world become a Report."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import Callable, Optional

from ssmdiag.catalog import fold as folding
from ssmdiag.catalog import match as matching
from ssmdiag.catalog.pattern import Catalog
from ssmdiag.diagnose import diagnosis
from ssmdiag.diagnose.evidence import LITERALS, Evidence
from ssmdiag.diagnose.hearing import heard_out
from ssmdiag.log import period, reading
from ssmdiag.log.places import default_places
from ssmdiag.model import Cluster, Record, Report, Situation, SourceFile
from ssmdiag.requirements import registry
from ssmdiag.requirements.checking import to_look_at
from ssmdiag.values import dataclass
from ssmdiag.wiring.catalogues import catalogue
from ssmdiag.wiring.job import JobError, Reach, Surroundings
from ssmdiag.wiring.reach import door, in_region, keep
from ssmdiag.world.asking import Asking, nothing


@dataclass(frozen=True)
class Job:
    """One ``diagnose`` as asked for."""

    places: tuple[str, ...] = ()
    span: period.Span = field(default_factory=period.Span)
    session: Optional[str] = None
    offline: bool = False
    noise: bool = False
    """Tell also what is known to be harmless."""
    patterns: tuple[Path, ...] = ()
    """Folders of the user's own catalogues."""
    bundle: Optional[Path] = None
    """An archive whose log and Answers stand for the node's."""
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True)
class Heard:
    """What a log said: its Symptoms, and who and where the agent is."""

    folded: folding.Folded
    evidence: Evidence


def diagnose(job: Job, around: Surroundings) -> Report:
    """Read the log, ask what has to be asked, and report. Raises JobError."""
    if job.bundle is not None:
        job, around = _from_bundle(job, around, job.bundle)
    report, ask, region = examine(job, around)
    keep(job.reach, ask, region)
    return report


def examine(
    job: Job, around: Surroundings, seen: Callable[[Record], None] = lambda _: None
) -> tuple[Report, Asking, str]:
    """As ``diagnose``, with the Answers that the Report rests on; ``seen`` gets every Record that
    was looked at. Raises JobError."""
    known = catalogue(job.patterns, around)
    opened = _open(job, around, known.catalog)
    heard = hear(known.catalog, _passing(opened, seen))
    _require_something(job, opened, heard)
    ask, region = _asking(job, around, heard.evidence.region)
    report = decide(
        heard,
        ask,
        region,
        online=not job.offline,
        noise=job.noise,
        sources=opened.sources,
        covered=(opened.period.since, opened.period.until),
    )
    left_out = tuple(f"A pattern was left out: {problem}." for problem in known.problems)
    return replace(report, notes=(*report.notes, *left_out)), ask, region


def _passing(records: Iterable[Record], seen: Callable[[Record], None]) -> Iterator[Record]:
    for record in records:
        seen(record)
        yield record


def _from_bundle(job: Job, around: Surroundings, path: Path) -> tuple[Job, Surroundings]:
    """The same job on the log and the Answers of an archive."""
    from ssmdiag.wiring.archive import LOG, ArchiveError, member

    try:
        log = member(path.read_bytes(), LOG)
    except OSError as error:
        raise JobError(f"bundle {path} cannot be read: {error.strerror}") from None
    except ArchiveError as error:
        raise JobError(f"{path}: {error}") from None
    job = replace(job, places=("-",), span=period.ALL, reach=replace(job.reach, snapshot=path))
    return job, replace(around, stdin=io.BytesIO(log))


def _require_something(job: Job, opened: reading.Reading, heard: Heard) -> None:
    """What was not read must not pass for a log without trouble."""
    if not any(source.problem is None for source in opened.sources):
        problems = "; ".join(f"{s.path}: {s.problem}" for s in opened.sources)
        raise JobError(f"{problems}; name a LOG (files, folders), or - for standard input")
    since, until = opened.period.since, opened.period.until
    if since and until and since > until:
        raise JobError(f"the log ends at {until}, before the period asked for; see --since")
    if job.session and not heard.folded.records:
        raise JobError(f"the log says nothing of session {job.session}; look further with --all")
    if job.offline and not any(source.bytes_read for source in opened.sources):
        raise JobError("the log is empty, and with --offline there is nothing else to judge by")


def hear(catalog: Catalog, records: Iterable[Record]) -> Heard:
    """Fold Records into Symptoms and gather what else they tell."""
    evidence = Evidence()
    return Heard(folding.fold(catalog, evidence.watch(records)), evidence)


def decide(
    heard: Heard,
    ask: Asking,
    region: str,
    *,
    online: bool,
    noise: bool = False,
    sources: tuple[SourceFile, ...] = (),
    covered: tuple[Optional[datetime], Optional[datetime]] = (None, None),
) -> Report:
    """Diagnose what was heard, with the Answers behind ``ask``."""
    folded, evidence = heard.folded, heard.evidence
    situation = Situation(
        region=region,
        online=online,
        symptoms=heard_out(folded.symptoms, evidence.starts),
        principals=tuple(evidence.principals),
        credential_source=evidence.credential_source,
        instance_id=evidence.instance_id,
        starts=tuple(evidence.starts),
        agent_version=evidence.agent_version,
    )
    told = folded.noise if noise else ()
    log = diagnosis.Reading(folded.clusters, folded.benign, told, sources, covered)
    wanted = to_look_at(registry.discover(None if online else _doubted(situation)), situation)
    return diagnosis.diagnose(situation, log, wanted, ask, in_region(region))


def _doubted(situation: Situation) -> frozenset[str]:
    return frozenset(x.requirement for s in situation.symptoms for x in s.suspects)


def _open(job: Job, around: Surroundings, catalog: Catalog) -> reading.Reading:
    places = job.places or default_places(around.platform, around.environ, job.reach.root)
    wanted = matching.interesting(catalog, LITERALS)
    return reading.read(
        places, stdin=around.stdin, span=job.span, session=job.session, interesting=wanted
    )


def _asking(job: Job, around: Surroundings, logged_region: Optional[str]) -> tuple[Asking, str]:
    if job.offline:
        nobody = Asking(nothing("AWS was not asked (--offline)"))
        return nobody, job.reach.region or logged_region or ""
    through, region = door(job.reach, around, logged_region)
    return Asking(through), region


def clusters(log: Optional[str], catalog: Catalog, around: Surroundings) -> tuple[Cluster, ...]:
    """The errors of a whole log that no pattern knows."""
    job = Job(places=(log,) if log else (), span=period.ALL)
    return hear(catalog, _open(job, around, catalog)).folded.clusters
