"""Where ``watch`` tells: a line at once, and the news to every sink."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Optional, TextIO

from ssmdiag.diagnose.news import News
from ssmdiag.model import Cluster
from ssmdiag.render.json import plain
from ssmdiag.render.layout import visible
from ssmdiag.render.scrub import scrub
from ssmdiag.streams import drop
from ssmdiag.tell.message import Message, Priority
from ssmdiag.tell.sink import LONGEST, SinkClosedError, SinkError
from ssmdiag.tell.spool import Delivery
from ssmdiag.tell.stream import write
from ssmdiag.wiring.job import MisuseError
from ssmdiag.wiring.sinks import sinks_of
from ssmdiag.wiring.watch_job import WatchJob
from ssmdiag.wiring.watching import Sighting

_AGAIN = 10.0
"""Seconds in which more lines of one kind are only counted."""
_KINDS_AT_MOST = 1000
_FLUSHES = 5.0
"""Seconds at the end in which what is still to be sent is sent."""


class Terminal:
    """Lines on standard output, as text or as JSON; what concerns the run itself on stderr."""

    def __init__(self, out: TextIO, err: TextIO, *, as_json: bool) -> None:
        self._out, self._err = out, err
        self._json = as_json
        self._gone = False
        self._trouble = ""
        self.delivery: Optional[Delivery] = None
        self._shown: dict[str, float] = {}
        self._more: dict[str, int] = {}

    def sighted(self, sightings: Iterable[Sighting]) -> None:
        """Every line of trouble to a program, at once; to people a line of each kind, and a burst
        of one kind is counted."""
        for sighting in sightings:
            kind = sighting.hit.pattern.id if sighting.hit else "unrecognised"
            if self._json or self._is_new(kind):
                self._line(_sighting(sighting, kind, self._more.pop(kind, 0)))
            else:
                self._more[kind] = self._more.get(kind, 0) + 1

    def _is_new(self, kind: str) -> bool:
        now = time.monotonic()
        if now - self._shown.get(kind, -_AGAIN) < _AGAIN:
            return False
        if len(self._shown) > _KINDS_AT_MOST:
            self._shown.clear()
        self._shown[kind] = now
        return True

    def told(self, news: Iterable[News], open_causes: int) -> None:
        """The news, once they were cross-checked: here, and to every sink."""
        for each in news:
            whole = {**document(each), "open_causes": open_causes}
            # Whatever becomes of the line, the message is safe.
            if self.delivery is not None:
                self.delivery.offer(_message(each, whole))
            self._line(whole)

    def unknown(self, cluster: Cluster) -> None:
        """Errors that no pattern knows: nobody can say what they mean."""
        whole = {"kind": "unknown", "count": cluster.count, "template": scrub(cluster.template)}
        self._line(whole)

    @property
    def gone(self) -> bool:
        """Does nobody read standard output any more?"""
        return self._gone

    def said(self, note: str) -> None:
        """What should be known of the run itself; that nobody can be told so is no failure."""
        with suppress(OSError, ValueError):
            print(f"ssmdiag: {visible(scrub(note))}", file=self._err, flush=True)

    def _line(self, whole: dict[str, Any]) -> None:
        text = json.dumps(whole, ensure_ascii=True) if self._json else _worded(whole)
        try:
            write(self._out, text)
        except SinkClosedError:
            self._gone = True
            self._out = io.StringIO()
        except SinkError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                self.said(self._trouble)


def _sighting(sighting: Sighting, kind: str, more: int) -> dict[str, Any]:
    record, hit = sighting.seen.record, sighting.hit
    return {
        "kind": "seen",
        "id": sighting.seen.identity,
        "pattern": kind,
        "title": hit.pattern.title if hit else "an error that no pattern knows",
        "time": record.time.isoformat() if record.time else None,
        "level": record.level,
        "session": record.session,
        "message": scrub(record.message),
        "unsaid": more,
    }


def document(news: News) -> dict[str, Any]:
    """One piece of news as a JSON object."""
    return {
        "kind": news.kind,
        "id": f"{news.key}@{news.cause.since}",
        "subject": news.cause.subject,
        "verdict": news.cause.verdict,
        "severity": news.cause.severity,
        "since": news.cause.since,
        "time": news.cause.told or news.cause.seen,
        "findings": [plain(finding) for finding in news.findings],
    }


def _message(news: News, whole: dict[str, Any]) -> Message:
    return Message(
        id=f"{whole['id']}:{news.kind}:{whole['time']}",
        kind=news.kind,
        priority=_priority(news),
        subject=f"{_WORDS[news.kind]} {news.cause.subject}",
        text=_worded(whole),
        document=whole,
        time=datetime.fromisoformat(str(whole["time"])),
    )


def _priority(news: News) -> Priority:
    if news.kind == "resolved":
        return "notice"
    if news.cause.verdict != "broken":
        return "warning"
    return "critical" if news.cause.severity in ("session-refused", "offline") else "error"


_WORDS = {
    "appeared": "NEW",
    "changed": "CHANGED",
    "reminder": "STILL",
    "resolved": "RESOLVED",
}


def _worded(whole: dict[str, Any]) -> str:
    if whole["kind"] == "unknown":
        return visible(f"UNKNOWN {whole['count']} times: {whole['template']}")
    if whole["kind"] == "seen":
        message = " ".join(str(whole["message"]).split())
        line = f"{whole['time'] or '-'} {whole['level'] or '-'} [{whole['pattern']}] {message}"
        return visible(line)
    lines = [f"{_WORDS[whole['kind']]} {whole['subject']}"]
    for finding in whole["findings"]:
        commands = (finding.get("change") or {}).get("commands") or []
        lines += [f"  to mend it: {command}" for command in commands]
        lines += [f"  to be done: {advice}" for advice in finding.get("advice") or []]
    return visible("\n".join(lines))


@contextmanager
def opened(places: tuple[str, ...], job: WatchJob, *, as_json: bool) -> Iterator[Terminal]:
    """Open every place where is to be told; what cannot be told is kept in the state folder.

    Raises JobError.
    """
    terminal = Terminal(sys.stdout, sys.stderr, as_json=as_json)
    if sinks := sinks_of(places, job.reach):
        try:
            terminal.delivery = Delivery(sinks, job.state.parent / "spool", say=terminal.said)
        except ValueError as error:
            raise MisuseError(f"--tell: {error}") from None
    try:
        yield terminal
    finally:
        if terminal.delivery is not None:
            terminal.delivery.close(_FLUSHES, under_way=LONGEST + _FLUSHES)
        try:
            sys.stdout.flush()
        except OSError:
            drop(sys.stdout)
