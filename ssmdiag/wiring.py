"""The composition root: real files, clock, boto3 and host become finished objects here.

Nothing below this file reads the environment, opens a file or looks at the clock by itself.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Callable, Optional

from ssmdiag.can.judge import judge
from ssmdiag.can.principals import NoSuchPrincipalError
from ssmdiag.can.question import Question
from ssmdiag.can.resources import NoSuchResourceError
from ssmdiag.catalog import draft as drafting
from ssmdiag.catalog import explain as explaining
from ssmdiag.catalog import fold as folding
from ssmdiag.catalog import lint as linting
from ssmdiag.catalog import load as loading
from ssmdiag.catalog import match as matching
from ssmdiag.catalog import trial as trying
from ssmdiag.catalog.pattern import Catalog, Pattern, Problem
from ssmdiag.diagnose import diagnosis
from ssmdiag.diagnose.evidence import LITERALS, Evidence
from ssmdiag.diagnose.findings import Commands
from ssmdiag.diagnose.hearing import heard_out
from ssmdiag.log import files, period, reading
from ssmdiag.model import Record, Report, Situation, SourceFile
from ssmdiag.policy.judgement import Judgement
from ssmdiag.render.layout import Layout
from ssmdiag.render.page import markdown, page
from ssmdiag.requirements import registry
from ssmdiag.setup.commands import commands
from ssmdiag.world import host, snapshot
from ssmdiag.world.asking import Asking, Door, first_of, nothing
from ssmdiag.world.aws import Access, Aws, configured_region
from ssmdiag.world.call import Answer, Call, Known


class JobError(Exception):
    """The job could not be done; the message is one line that says what to do (exit code 3)."""


@dataclass(frozen=True)
class Surroundings:
    """What the process stands in."""

    platform: str
    environ: Mapping[str, str]
    stdin: BinaryIO
    now: datetime


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
    snapshot: Optional[Path] = None
    save_snapshot: Optional[Path] = None
    region: Optional[str] = None
    profile: Optional[str] = None
    endpoint_url: Optional[str] = None
    assume_role: Optional[str] = None
    timeout: float = 10.0


@dataclass(frozen=True)
class Heard:
    """What a log said: its Symptoms, and who and where the agent is."""

    folded: folding.Folded
    evidence: Evidence


def diagnose(job: Job, around: Surroundings) -> Report:
    """Read the log, ask what has to be asked, and report. Raises JobError."""
    known = catalogue(job.patterns, around)
    catalog = known.catalog
    opened = _open(job, around, catalog)
    heard = hear(catalog, opened)
    _require_something(job, opened, heard)
    door, region = _door(job, around, heard.evidence.region)
    ask = Asking(door)
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
    report = replace(report, notes=(*report.notes, *left_out))
    if job.save_snapshot is not None:
        write_aside(job.save_snapshot, snapshot.dump(ask.answers, region))
    return report


def can(question: Question, job: Job, around: Surroundings, *, compare: bool) -> Judgement:
    """Answer a person's own question; ``job`` says how AWS is reached. Raises JobError."""
    door, region = _door(job, around, None)
    ask = Asking(door)
    try:
        judgement = judge(question, ask, region, in_region(region), compare)
    except (NoSuchPrincipalError, NoSuchResourceError) as error:
        raise JobError(str(error)) from None
    if job.save_snapshot is not None:
        write_aside(job.save_snapshot, snapshot.dump(ask.answers, region))
    return judgement


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
    if job.offline and not any(source.records for source in opened.sources):
        raise JobError("the log is empty, and with --offline there is nothing else to judge by")


def shipped_catalog() -> Catalog:
    """The patterns that come with the program. Raises JobError if they are damaged."""
    return _loaded(())[0]


def _loaded(own: Sequence[Path]) -> tuple[Catalog, tuple[Problem, ...]]:
    """The shipped patterns with those of ``own`` folders. Raises JobError if ours are damaged."""
    shipped = loading.shipped()
    catalog, problems = loading.load([shipped, *own])
    for problem in problems:
        if shipped in (Path(problem.file), *Path(problem.file).parents):
            raise JobError(f"the pattern catalogue is damaged: {problem}; reinstall ssmdiag")
    return catalog, problems


@dataclass(frozen=True)
class Catalogue:
    """The catalogue that is in use, and what of the user's own files could not be used."""

    catalog: Catalog
    problems: tuple[Problem, ...]
    folders: tuple[Path, ...]


def catalogue(own: Sequence[Path], around: Surroundings) -> Catalogue:
    """The shipped patterns with those of the host and of ``own`` folders, which override by id."""
    usual = _usual_patterns(around)
    folders = (*([usual] if usual.is_dir() else []), *own)
    catalog, problems = _loaded(folders)
    return Catalogue(catalog, problems, (loading.shipped(), *folders))


def _usual_patterns(around: Surroundings) -> Path:
    if around.platform == "win32":
        return Path(around.environ.get("ProgramData", r"C:\ProgramData"), "ssmdiag", "patterns.d")
    return Path("/etc/ssmdiag/patterns.d")


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
    return diagnosis.diagnose(situation, log, registry.discover(), ask, in_region(region))


def in_region(region: str) -> Commands:
    """Word write Calls as commands for one region."""

    def worded(calls: Sequence[Call]) -> tuple[str, ...]:
        return commands(calls, region)

    return worded


def _open(job: Job, around: Surroundings, catalog: Catalog) -> reading.Reading:
    places = job.places or files.default_places(around.platform, around.environ)
    wanted = matching.interesting(catalog, LITERALS)
    return reading.read(
        places, stdin=around.stdin, span=job.span, session=job.session, interesting=wanted
    )


def _door(job: Job, around: Surroundings, logged_region: Optional[str]) -> tuple[Door, str]:
    if job.snapshot is not None:
        answers, then = _snapshot(job.snapshot)
        return snapshot.door(answers), job.region or then
    if job.offline:
        return nothing("AWS was not asked (--offline)"), job.region or logged_region or ""
    region = job.region or logged_region or configured_region(job.profile)
    if not region:
        raise JobError(
            "the node's region is not known: neither the log nor the AWS configuration names it; "
            "give --region"
        )
    aws = Aws(Access(region, job.profile, job.endpoint_url, job.assume_role, job.timeout))
    if (job.profile or job.assume_role) and (why := aws.enter()):
        raise JobError(f"{why}; see --profile and --assume-role")
    on_host = host.door(around.platform, around.environ)
    return first_of([("host", on_host)], aws.read), region


def performing(region: str) -> Callable[[Call], Any]:
    """A function that carries out write Calls through boto3; for the demonstration account."""
    aws = Aws(Access(region))

    def perform(order: Call) -> Any:
        answer = aws.write(order)
        if not isinstance(answer, Known):
            raise JobError(f"{order.service}:{order.operation} failed: {answer}")
        return answer.data

    return perform


def _snapshot(path: Path) -> tuple[dict[Call, Answer], str]:
    try:
        return snapshot.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobError(f"snapshot {path} cannot be read: {error.strerror}") from None
    except (snapshot.SnapshotError, UnicodeDecodeError) as error:
        raise JobError(f"{path} is not a snapshot: {error}") from None


def write_aside(path: Path, text: str) -> None:
    """Write a file as a whole: aside, synced, readable by its owner only, renamed."""
    try:
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).replace(path)
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}") from None


# --- the catalogue itself -----------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """How a catalogue did: counts, and everything that is wrong."""

    patterns: int
    lines: int
    problems: tuple[Problem, ...]


def tried(folder: Optional[Path]) -> Tried:
    """Load, lint and try the catalogue in ``folder``, beside the shipped one. Raises JobError."""
    shipped = loading.shipped()
    if folder is not None and not folder.is_dir():
        raise JobError(f"{folder} is not a folder that can be read")
    own, problems = loading.load([folder or shipped])
    whole, _ = loading.load([shipped, *([folder] if folder else [])])
    fixtures = trying.fixtures_of(folder or shipped)
    names = {f"{pattern.id}.toml" for pattern in own.patterns}
    unwise = [p for p in linting.lint(whole, registry.titles()) if p.file in names]
    lines, untrue = trying.trial(whole, own.patterns, fixtures)
    return Tried(len(own.patterns), lines, (*problems, *unwise, *untrue))


def pattern_file(pattern_id: str, own: Sequence[Path], around: Surroundings) -> str:
    """The text of the file that ``pattern_id`` was read from. Raises JobError."""
    known = catalogue(own, around)
    _the_pattern(known, pattern_id)
    for folder in reversed(known.folders):
        path = folder / f"{pattern_id}.toml"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise JobError(f"the file of {pattern_id} is gone")


def _the_pattern(known: Catalogue, pattern_id: str) -> Pattern:
    if pattern_id in known.catalog:
        return known.catalog[pattern_id]
    ids = [pattern.id for pattern in known.catalog.patterns]
    near = [i for i in ids if pattern_id in i] or difflib.get_close_matches(pattern_id, ids, 3, 0.5)
    hint = f"; nearest: {', '.join(near[:5])}" if near else ""
    raise JobError(f"there is no pattern {pattern_id!r}{hint} (see `ssmdiag patterns list`)")


def explanation(pattern_id: str, own: Sequence[Path], around: Surroundings, layout: Layout) -> str:
    """The page about one pattern. Raises JobError."""
    known = catalogue(own, around)
    pattern = _the_pattern(known, pattern_id)
    return page(pattern.title, pattern.id, _sections(known, pattern), explaining.EXAMPLES, layout)


def _sections(known: Catalogue, pattern: Pattern) -> Sequence[explaining.Section]:
    lines: list[trying.Stated] = []
    for folder in known.folders:
        # Examples are welcome, and `patterns test` is there to tell why there are none.
        with suppress(OSError, ValueError, KeyError, TypeError):
            lines += trying.lines_of(pattern, trying.fixtures_of(folder))
    return explaining.sections(known.catalog, pattern, registry.titles(), lines)


def pattern_docs(own: Sequence[Path], around: Surroundings) -> str:
    """All patterns as the page of the docs."""
    known = catalogue(own, around)
    chapters = []
    for pattern in known.catalog.patterns:
        sections = _sections(known, pattern)
        chapters.append(markdown(pattern.title, pattern.id, sections, explaining.EXAMPLES))
    head = (
        "# What the agent writes, and what it means\n\n"
        "Made from the catalogue by `ssmdiag explain --all --output docs/patterns.md`.\n"
    )
    return "\n".join([head, *chapters])


def drafted(
    pattern_id: str, log: Optional[str], number: int, own: Sequence[Path], around: Surroundings
) -> tuple[tuple[str, str], tuple[str, str]]:
    """A draft for the ``number``-th unknown error of ``log``: names and texts of its two files.

    Raises JobError.
    """
    known = catalogue(own, around)
    if pattern_id in known.catalog:
        raise JobError(f"there is a pattern {pattern_id} already: choose another id")
    job = Job(places=(log,) if log else (), span=period.ALL)
    opened = _open(job, around, known.catalog)
    clusters = hear(known.catalog, opened).folded.clusters
    if number > len(clusters):
        raise JobError(f"the log has {len(clusters)} kinds of errors that no pattern knows")
    try:
        pattern, fixture = drafting.draft(pattern_id, clusters[number - 1])
    except drafting.DraftError as error:
        raise JobError(str(error)) from None
    return (f"{pattern_id}.toml", pattern), (f"fixtures/{pattern_id}.toml", fixture)


def write_new(folder: Path, files: Iterable[tuple[str, str]]) -> Iterator[Path]:
    """Write files into a catalogue's folder, none over another. Raises JobError."""
    paths = [(folder / name, text) for name, text in files]
    for path, _ in paths:
        if path.exists():
            raise JobError(f"{path} exists already")
    for path, text in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise JobError(f"{path} cannot be written: {error.strerror}") from None
        yield path
