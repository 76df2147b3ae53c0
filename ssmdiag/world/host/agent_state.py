"""What the ends of the agent's logs say of its state: waiting, hibernating, worker started.

Sources: agent source ``core/app/credentialrefresher`` (back-off), ``agent/agent.go`` and
``agent/hibernation`` (hibernation), ``core/workerprovider`` (the worker). Only the few lines that
tell of the state are looked for; what they mean for the user is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Optional

from ssmdiag.values import dataclass
from ssmdiag.world.call import Answer, Known
from ssmdiag.world.host.agent_config import log_files
from ssmdiag.world.host.agent_files import log_folder
from ssmdiag.world.host.clock import to_utc
from ssmdiag.world.host.place import Place, unread

_END = 256 * 1024
_LONGEST = 2000

_LINE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?(?P<utc>Z?) "
    r"(?:TRACE|DEBUG|INFO|WARN|ERROR|CRITICAL) (?P<text>.*)",
    re.DOTALL,
)
_CORE_STARTS = re.compile(r"amazon-ssm-agent - v(?P<version>\d+(?:\.\d+)+)")
_CORE_STOPS = re.compile(r"\[amazon-ssm-agent\] (?:Stopping Core Agent|Bye\.)")
_WORKER_STARTS = re.compile(r"Worker ssm-agent-worker \(pid:\d+\) started|ssm-agent-worker - v\d")
_WORKER_WORKS = re.compile(r"ssm-agent-worker - v\d|\[ssm-agent-worker\] \[MessageService\]")
_FAILS = re.compile(
    r"Retrieve credentials produced (?:\w+ )*error: (?P<refresher>.+)"
    r"|Failed to connect to Systems Manager with [\w ]+ credentials\. (?:Err: )?(?P<provider>.+)",
    re.DOTALL,
)
_SLEEPS = re.compile(r"Sleeping for (?P<duration>\S+) before retrying retrieve credentials")
_SUCCEEDS = re.compile(r"\[CredentialRefresher\] (?:Credentials ready|Next credential rotation)")
_HIBERNATES = re.compile(
    r"Entering SSM Agent hibernate - (?P<error>.*)|Agent is in hibernate mode", re.DOTALL
)
_PING_FAILS = re.compile(r"Health ping failed with error - (?P<error>.*)", re.DOTALL)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


@dataclass(frozen=True)
class _Entry:
    at: datetime
    text: str
    hibernate: bool
    """Of hibernate.log."""


@dataclass(frozen=True)
class _Hibernation:
    since: datetime
    last: datetime
    error: str = ""


@dataclass(frozen=True)
class _State:
    """What is known after some lines of one run of the agent."""

    errors: tuple[str, ...] = ()
    """Of the last attempt to get credentials, if it failed."""
    waits_until: Optional[datetime] = None
    worker: Optional[datetime] = None
    hibernation: Optional[_Hibernation] = None


def _agent_state(place: Place, _: Mapping[str, Any]) -> Answer:
    main, *others = log_files(place)
    try:
        entries = list(_entries(place, main))
    except OSError as error:
        return unread(main, error)
    for path in (*others, log_folder(place) / "hibernate.log"):
        try:
            entries += _entries(place, path)
        except OSError:
            continue
    state = _State()
    for entry in sorted(entries, key=lambda entry: entry.at):
        state = _after(state, entry)
    last = max((entry.at for entry in entries if not entry.hibernate), default=None)
    return Known({"LastLine": _iso(last), **_told(state)})


def version_in_log(place: Place) -> Optional[str]:
    """The version that the agent said when it last started; None if its log's end is silent."""
    try:
        entries = list(_entries(place, log_files(place)[0]))
    except OSError:
        return None
    found = [match["version"] for entry in entries if (match := _CORE_STARTS.search(entry.text))]
    return found[-1] if found else None


def _entries(place: Place, path: Path) -> Iterator[_Entry]:
    """The last entries of a log; lines without a time belong to the one before."""
    with path.open("rb") as file:
        start = max(0, file.seek(0, 2) - _END)
        file.seek(start)
        lines = file.read(_END).decode("utf-8", "replace").splitlines()
    text = ""
    for line in (*lines, ""):
        if text and (not line or _LINE.match(line)):
            if entry := _entry(place, text, path.name == "hibernate.log"):
                yield entry
            text = ""
        text = f"{text} {line.strip()}" if text else line if _LINE.match(line) else ""


def _entry(place: Place, line: str, hibernate: bool) -> Optional[_Entry]:
    found = _LINE.match(line)
    if not found:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    try:
        at = datetime.fromisoformat(f"{found['day']}T{found['time']}.{fraction}")
        at = at.replace(tzinfo=timezone.utc) if found["utc"] else to_utc(place, at)
    except (ValueError, OverflowError):
        return None
    return _Entry(at, found["text"][:_LONGEST], hibernate)


def _after(state: _State, entry: _Entry) -> _State:
    """The state after one more entry."""
    text = entry.text
    if _CORE_STARTS.search(text):
        return _State()
    if _CORE_STOPS.search(text):
        return replace(state, waits_until=None, hibernation=None, worker=None)
    if found := _FAILS.search(text):
        error = (found["refresher"] or found["provider"]).strip()
        # After a wait the next attempt begins, whose errors replace the last one's; within one,
        # a later line often repeats an earlier one.
        known = () if state.waits_until else state.errors
        said = tuple(earlier for earlier in known if earlier not in error)
        return replace(state, errors=(*said, error), waits_until=None)
    if found := _SLEEPS.search(text):
        return replace(state, waits_until=_later(entry.at, found["duration"]))
    if _SUCCEEDS.search(text):
        return replace(state, errors=(), waits_until=None)
    return _after_worker(state, entry)


def _after_worker(state: _State, entry: _Entry) -> _State:
    text, hibernation = entry.text, state.hibernation
    if found := _HIBERNATES.search(text):
        error = found["error"] or (hibernation.error if hibernation else "")
        since = hibernation.since if hibernation else entry.at
        return replace(state, hibernation=_Hibernation(since, entry.at, error))
    if hibernation and entry.hibernate:
        found = _PING_FAILS.search(text)
        error = found["error"] if found else hibernation.error
        return replace(state, hibernation=replace(hibernation, last=entry.at, error=error))
    if _WORKER_WORKS.search(text):
        state = replace(state, hibernation=None)
    if _WORKER_STARTS.search(text):
        state = replace(state, worker=entry.at)
    return state


def _later(at: datetime, duration: str) -> Optional[datetime]:
    """``1h2m3.5s``, as Go writes durations."""
    found = _DURATION.fullmatch(duration)
    if not found:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return at + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _told(state: _State) -> dict[str, Any]:
    hibernation = state.hibernation
    return {
        "LastCredentialError": "; ".join(state.errors) or None,
        "NextCredentialAttempt": _iso(state.waits_until),
        "WorkerStarted": _iso(state.worker),
        "Hibernating": hibernation
        and {
            "Since": _iso(hibernation.since),
            "Last": _iso(hibernation.last),
            "Error": hibernation.error,
        },
    }


def _iso(moment: Optional[datetime]) -> Optional[str]:
    return moment.isoformat(timespec="seconds") if moment else None


OPERATIONS = {"GetAgentState": _agent_state}
