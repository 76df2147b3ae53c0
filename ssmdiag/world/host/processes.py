"""The agent's processes.

Sources: proc(5) (``cmdline``, ``environ``, ``stat``, ``status``); ps(1) of macOS; Microsoft's
reference of ``tasklist``; agent source ``agent/appconfig/constants_unix.go`` (names of the
programs).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from ssmdiag.model import Denial
from ssmdiag.values import dataclass
from ssmdiag.world.call import Answer, Denied, Known, Unreachable
from ssmdiag.world.host.place import Place, once
from ssmdiag.world.host.program import output_of

CORE = "amazon-ssm-agent"
WORKER = "ssm-agent-worker"
PROGRAMS = (CORE, WORKER, "ssm-session-worker", "ssm-document-worker", "ssm-session-logger")

# The unit of times in /proc: 1/100 s on every architecture for which the agent is built.
_TICKS = 100


@dataclass(frozen=True)
class Process:
    """One running program of the agent."""

    pid: int
    name: str
    """One of ``PROGRAMS``."""
    user: Optional[str] = None
    started: Optional[str] = None
    """ISO 8601, UTC."""
    folder: str = ""
    """Where its program lies, as the node names it; empty if that is not known."""


@dataclass(frozen=True)
class Environment:
    """Variables with their values unmasked, by the name under which they are set."""

    variables: Mapping[str, str] = field(repr=False)
    source: str
    """Where they are set: a file of the node, or a name for the registry."""


@once
def agent_processes(place: Place) -> tuple[Process, ...]:
    """The agent's processes that can be seen, oldest number first; a hidden one is left out."""
    if place.platform == "win32":
        return tuple(_by_tasklist(output_of(place, "tasklist", "/fo", "csv", "/nh") or ""))
    if place.platform == "darwin":
        return tuple(_by_ps(output_of(place, "ps", "-axo", "pid=,user=,lstart=,comm=") or ""))
    return tuple(_by_proc(place))


def agent_environment(place: Place) -> Optional[Environment]:
    """The environment of the running agent; None if none runs, or if it may not be read.

    That of its core: the workers, which it starts, have theirs from it, and sessions from them.
    """
    for process in agent_processes(place):
        found = environment_of(place, process.pid) if process.name == CORE else None
        if found is not None:
            return found
    return None


def environment_of(place: Place, pid: int) -> Optional[Environment]:
    """What a process of Linux was started with; None if it has ended or keeps that from us."""
    if place.platform != "linux":
        return None
    path = f"/proc/{pid}/environ"
    try:
        text = _text(place.path(path))
    except OSError:
        return None
    return Environment(dict(v.split("=", 1) for v in text.split("\0") if "=" in v), path)


def _by_proc(place: Place) -> Iterator[Process]:
    users, boot = _users(place), _boot_time(place)
    for pid in _pids(place):
        folder = place.path(f"/proc/{pid}")
        try:
            program = _text(folder / "cmdline").partition("\0")[0]
            home, _, name = program.rpartition("/")
            if name not in PROGRAMS:
                continue
            status = _text(folder / "status")
            uid = re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)
            started = _started(_text(folder / "stat"), boot)
        except OSError:
            # It has ended meanwhile, or is hidden from us.
            continue
        if re.search(r"^NSpid:([ \t]+\d+){2}", status, re.MULTILINE):
            # It runs in a container of this node, as ECS Exec's agents do: it is not the node's.
            continue
        user = users.get(uid[1], uid[1]) if uid else None
        yield Process(pid, name, user, started, _home(folder) or home)


def _home(folder: Path) -> str:
    """The program's folder by the kernel's own link, which only root may read."""
    try:
        return str((folder / "exe").readlink().parent)
    except OSError:
        return ""


def _pids(place: Place) -> list[int]:
    try:
        return sorted(int(p.name) for p in place.path("/proc").iterdir() if p.name.isdigit())
    except OSError:
        return []


def _users(place: Place) -> dict[str, str]:
    """Names of users by number, of the node's own file; users of a directory keep their number."""
    try:
        lines = _text(place.path("/etc/passwd")).splitlines()
    except OSError:
        return {}
    fields = (line.split(":") for line in lines)
    return {entry[2]: entry[0] for entry in fields if len(entry) > 2}


def _boot_time(place: Place) -> Optional[int]:
    try:
        found = re.search(r"^btime (\d+)", _text(place.path("/proc/stat")), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def _started(stat: str, boot: Optional[int]) -> Optional[str]:
    # The second field is the program's name in brackets, which may itself hold blanks and brackets.
    fields = stat.rpartition(")")[2].split()
    if boot is None or len(fields) < 20 or not fields[19].isdigit():
        return None
    try:
        moment = datetime.fromtimestamp(boot + int(fields[19]) // _TICKS, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.isoformat()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _by_ps(listing: str) -> list[Process]:
    """``812 root Tue Nov 24 22:25:20 2026 /opt/aws/ssm/bin/amazon-ssm-agent``; time is local."""
    found = []
    for line in listing.splitlines():
        fields = line.split(None, 7)
        if len(fields) < 8 or not fields[0].isdigit():
            continue
        name = fields[7].rsplit("/", 1)[-1].strip()
        if name in PROGRAMS:
            found.append(Process(int(fields[0]), name, fields[1], _lstart(fields[2:7])))
    return found


def _lstart(fields: list[str]) -> Optional[str]:
    try:
        moment = datetime.strptime(" ".join(fields), "%a %b %d %H:%M:%S %Y").astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(timezone.utc).isoformat()


def _by_tasklist(listing: str) -> list[Process]:
    """``"amazon-ssm-agent.exe","2212","Services","0","21,400 K"``."""
    found = []
    for row in csv.reader(listing.splitlines()):
        name = row[0].lower()[: -len(".exe")] if row and row[0].lower().endswith(".exe") else ""
        if name in PROGRAMS and len(row) > 1 and row[1].isdigit():
            found.append(Process(int(row[1]), name))
    return found


def _processes(place: Place, _: Mapping[str, Any]) -> Answer:
    found = agent_processes(place)
    if not found and (why := _blind(place)):
        return why
    processes = [
        {"Pid": p.pid, "Name": p.name, "User": p.user, "Started": p.started} for p in found
    ]
    return Known({"Processes": processes})


def _blind(place: Place) -> Optional[Answer]:
    """Why no process was seen, if that does not mean that none runs."""
    if place.platform in ("win32", "darwin"):
        program = ("tasklist",) if place.platform == "win32" else ("ps", "-p", "1")
        if output_of(place, *program) is None:
            return Unreachable(f"the processes are not told: {program[0]} could not be run")
        return None
    proc = place.path("/proc")
    if (proc / "1").exists():
        return None
    if not place.here:
        return Unreachable(f"{proc} tells of no processes: only the node's files are looked at")
    # The first process is always there, unless /proc is mounted with hidepid.
    why = "the processes of other users may only be seen by root"
    return Denied(Denial(message=why, action=f"read {proc}"))


OPERATIONS = {"GetProcesses": _processes}
