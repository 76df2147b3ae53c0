"""The two forms of ``watch``: once, and for ever: wake, read, tell, decide a moment later."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import Literal, Optional, Protocol

from ssmdiag.diagnose.news import News
from ssmdiag.log import files
from ssmdiag.log.lock import LockedError, locked
from ssmdiag.log.waking import Waker
from ssmdiag.model import Cluster
from ssmdiag.wiring.job import JobError, MisuseError, Surroundings
from ssmdiag.wiring.telling import opened
from ssmdiag.wiring.watch_job import WatchJob
from ssmdiag.wiring.watching import Sighting, Watch

_GATHERS = 1.0
"""Seconds after the first line of trouble in which what belongs to it is waited for."""
_SAVES = 5.0
"""Seconds between two checkpoints while lines come."""
_IDLES = 30.0
_RETRIES = 30.0


class Teller(Protocol):
    """Where a run tells what it finds."""

    def sighted(self, sightings: Iterable[Sighting]) -> None: ...

    def told(self, news: Iterable[News], open_causes: int) -> None: ...

    def unknown(self, cluster: Cluster) -> None: ...

    @property
    def gone(self) -> bool: ...

    def said(self, note: str) -> None: ...


Verdict = Literal["ok", "broken", "unverified"]


def watch(
    job: WatchJob, around: Surroundings, places: tuple[str, ...], *, as_json: bool, once: bool
) -> Verdict:
    """Watch, and tell on standard output and at ``places``. Raises JobError.

    The verdict is that of the one pass; of a run that goes on until it is stopped, ``ok``.
    """
    if any(each.path == files.STDIN for each in files.find(job.places)):
        raise MisuseError("watch follows files; standard input is read by ssmdiag diagnose -")
    with ExitStack() as held:
        try:
            held.enter_context(locked(job.state))
        except LockedError as error:
            raise JobError(str(error)) from None
        except OSError as error:
            raise JobError(f"{job.state} cannot be used: {error.strerror or error}") from None
        teller = held.enter_context(opened(places, job, as_json=as_json))
        it = Watch(job, around)
        if once:
            return _once(it, teller)
        Loop(it, teller, around.environ).run()
        return "ok"


def _once(watch: Watch, teller: Teller) -> Verdict:
    """One pass: no news is silence, and lines are told as what they come to.

    Raises JobError, after all that can be done is done, if no log can be read.
    """
    for _ in watch.sightings(_now()):
        pass
    verdict: Verdict = "ok"
    if watch.due(_now()):
        time.sleep(watch.moment())
        told, report = watch.decide(_now())
        teller.told(told, watch.open_causes)
        for cluster in report.unrecognised:
            teller.unknown(cluster)
        verdict = report.verdict
    _remember(watch, teller)
    if watch.blind:
        raise JobError(f"{watch.blind}; name a LOG (files, folders)")
    return verdict


def _remember(watch: Watch, teller: Teller) -> None:
    watch.save(_now())
    for note in watch.notes:
        teller.said(note)
    watch.notes.clear()


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Loop:
    """Goes on until it is told to stop, by SIGTERM or SIGINT; SIGHUP reloads the catalogue."""

    def __init__(self, watch: Watch, teller: Teller, environ: Mapping[str, str]) -> None:
        self._watch = watch
        self._teller = teller
        self._service = Service(environ)
        self._waker = Waker(watch.folders)
        self._stopped = self._reloads = False
        self._how = self._blind = ""
        self._decides_at: Optional[float] = None
        self._saved_at = time.monotonic()

    def run(self) -> None:
        """Watch. The checkpoint is written at the end, too."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._reload)
        try:
            self._pass()
            self._remember()
            self._say_how()
            self._service.tell("READY=1")
            while not self._stopped and not self._teller.gone:
                self._service.tell("WATCHDOG=1")
                self._waker.wait(self._patience())
                self._pass()
                self._say_how()
        finally:
            self._service.tell("STOPPING=1")
            self._waker.close()
            self._remember()

    def _stop(self, *_: object) -> None:
        self._stopped = True
        self._wake()

    def _reload(self, *_: object) -> None:
        self._reloads = True
        self._wake()

    def _wake(self) -> None:
        # A signal may come while this very thread holds the lock of what it waits for.
        threading.Thread(target=self._waker.wake, daemon=True).start()

    def _patience(self) -> float:
        """How long to wait for something to happen."""
        patience = self._service.half_watchdog or _IDLES
        if self._decides_at is not None:
            patience = min(patience, self._decides_at - time.monotonic())
        return max(patience, 0.0)

    def _say_how(self) -> None:
        if self._waker.how != self._how:
            self._how = self._waker.how
            self._teller.said(f"watching {', '.join(self._watch.folders)} by {self._how}")

    def _say_whether_blind(self) -> None:
        if self._watch.blind != self._blind:
            self._blind = self._watch.blind
            self._teller.said(self._blind or "there is a log that can be read now")

    def _pass(self) -> None:
        before = len(self._watch.notes)
        self._teller.sighted(self._watch.sightings(_now()))
        self._say_whether_blind()
        if self._watch.due(now := _now()):
            if self._decides_at is None:
                # A thousand nodes that saw one fault must not all ask in the same second.
                gathers = _GATHERS * (1 + random.random())  # noqa: S311
                self._decides_at = time.monotonic() + gathers + self._watch.moment()
            elif time.monotonic() >= self._decides_at:
                self._decide(now)
        else:
            self._decides_at = None
        # What is not decided yet would be forgotten.
        if self._reloads and not self._watch.pending:
            self._reloads = False
            self._reloaded()
        if len(self._watch.notes) != before or time.monotonic() - self._saved_at >= _SAVES:
            self._remember()

    def _decide(self, now: datetime) -> None:
        try:
            told, _ = self._watch.decide(now)
        except JobError as error:
            self._teller.said(str(error))
            self._decides_at = time.monotonic() + _RETRIES
            return
        self._decides_at = None
        self._teller.told(told, self._watch.open_causes)
        self._remember()

    def _reloaded(self) -> None:
        try:
            self._watch.reload()
            self._teller.said("the catalogue was read anew")
        except JobError as error:
            self._teller.said(f"the catalogue of before is kept: {error}")

    def _remember(self) -> None:
        _remember(self._watch, self._teller)
        self._saved_at = time.monotonic()


class Service:
    """systemd's side: readiness and the watchdog (sd_notify(3)); silent where there is none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        own = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        micros = environ.get("WATCHDOG_USEC", "") if own else ""
        self.half_watchdog: Optional[float] = int(micros) / 2e6 if micros.isdigit() else None

    def tell(self, state: str) -> None:
        """Send one state; that nobody listens is no failure."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.connect(self._address)
                notify.send(state.encode())
        except OSError:
            return
