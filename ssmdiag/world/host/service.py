"""The agent's service, as the operating system's service manager tells of it.

Sources: systemctl(1) (``show``), systemd.unit(5) (``[Install]``, masked units); Upstart Cookbook
(``status``); launchctl(1) (``print``); Microsoft's reference of ``sc query`` and ``sc qc``; agent
source ``packaging`` (names of the units) and ``agent/cli/diagnostics/service_check_*.go``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ssmdiag.world.call import Absent, Answer, Known, Unreachable
from ssmdiag.world.host.place import Place, text_of
from ssmdiag.world.host.processes import CORE, agent_processes
from ssmdiag.world.host.program import output_of, run
from ssmdiag.world.host.unit_environment import LAUNCHD, UNITS, UPSTART, unit_file
from ssmdiag.world.host.windows import SERVICE

_PROPERTIES = "Id,LoadState,ActiveState,UnitFileState,NRestarts,Result,User"
_WANTED = "/etc/systemd/system/multi-user.target.wants"
_LAUNCHD = "com.amazon.aws.ssm"

# Windows' own words → systemd's, which the reader of a Report knows.
_WINDOWS_STATES = {
    "RUNNING": "active",
    "STOPPED": "inactive",
    "START_PENDING": "activating",
    "STOP_PENDING": "deactivating",
    "PAUSED": "paused",
}
_WINDOWS_STARTS = {"AUTO_START": "enabled", "DEMAND_START": "manual", "DISABLED": "disabled"}
_NO_SUCH_SERVICE = "1060"


def _service(place: Place, _: Mapping[str, Any]) -> Answer:
    if place.platform == "win32":
        return _of_windows(place)
    if place.platform == "darwin":
        told = _of_launchd(place)
    else:
        told = _of_systemctl(place) or _of_unit_files(place) or _of_upstart(place)
    if told is None and any(process.name == CORE for process in agent_processes(place)):
        told = _told("none", None)
    return Known(told) if told else Absent("there is no service of the agent on this node")


def _told(manager: str, unit: Optional[str], **known: Any) -> dict[str, Any]:
    names = ("Active", "Enabled", "Restarts", "Result", "User")
    return {"Manager": manager, "Unit": unit, **{name: known.get(name) for name in names}}


def _of_systemctl(place: Place) -> Optional[dict[str, Any]]:
    """``systemctl show`` of both units, the package's and the snap's: a block of lines for each."""
    shown = output_of(place, "systemctl", "show", "--no-pager", "-p", _PROPERTIES, *UNITS)
    units = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in re.split(r"\n{2,}", shown or "")
    ]
    known = [unit for unit in units if unit.get("LoadState") in ("loaded", "masked")]
    # Both may be installed; the one that runs counts.
    known.sort(key=lambda unit: unit.get("ActiveState") != "active")
    if not known:
        return None
    unit, restarts = known[0], known[0].get("NRestarts", "")
    return _told(
        _manager(unit.get("Id", "")),
        unit.get("Id"),
        Active=unit.get("ActiveState") or None,
        Enabled=unit.get("UnitFileState") or None,
        Restarts=int(restarts) if restarts.isdigit() else None,
        Result=unit.get("Result") or None,
        # systemd leaves it empty for root.
        User=unit.get("User") or "root",
    )


def _of_unit_files(place: Place) -> Optional[dict[str, Any]]:
    """What can be told without systemd: is the unit there, and is it started with the system?"""
    path = unit_file(place)
    if path is None:
        return None
    unit = path.rpartition("/")[2]
    if _leads_nowhere(place, path):
        enabled = "masked"
    else:
        wanted = place.path(f"{_WANTED}/{unit}")
        enabled = "enabled" if wanted.is_symlink() or wanted.exists() else "disabled"
    return _told(_manager(unit), unit, Enabled=enabled)


def _leads_nowhere(place: Place, path: str) -> bool:
    try:
        return place.path(path).readlink().as_posix() == "/dev/null"
    except OSError:
        return False


def _manager(unit: str) -> str:
    return "snap" if unit.startswith("snap.") else "systemd"


def _of_upstart(place: Place) -> Optional[dict[str, Any]]:
    """``amazon-ssm-agent start/running, process 1234``."""
    job, override = (place.path(path) for path in UPSTART)
    if not job.is_file():
        return None
    manual = "manual" in text_of(override).split()
    status = output_of(place, "status", CORE) or ""
    found = re.search(r"\b(start/running|stop/waiting|start|stop)\b", status)
    states = {"start/running": "active", "stop/waiting": "inactive"}
    active = states.get(found[1], "activating") if found else None
    return _told("upstart", CORE, Active=active, Enabled="disabled" if manual else "enabled")


def _of_launchd(place: Place) -> Optional[dict[str, Any]]:
    """``state = running`` and ``last exit code = 1`` of ``launchctl print``."""
    shown = output_of(place, "launchctl", "print", f"system/{_LAUNCHD}")
    if shown is None:
        there = any(place.path(path).is_file() for path in LAUNCHD)
        return _told("launchd", _LAUNCHD) if there else None
    state = re.search(r"^\s*state = (.+)$", shown, re.MULTILINE)
    runs = re.search(r"^\s*runs = (\d+)$", shown, re.MULTILINE)
    ended = re.search(r"^\s*last exit code = (\d+)", shown, re.MULTILINE)
    return _told(
        "launchd",
        _LAUNCHD,
        Active=("active" if state[1].strip() == "running" else "inactive") if state else None,
        Restarts=max(int(runs[1]) - 1, 0) if runs else None,
        Result=("success" if ended[1] == "0" else "exit-code") if ended else None,
    )


def _of_windows(place: Place) -> Answer:
    """``STATE : 4 RUNNING`` of ``sc query``; the labels are translated, these words are not."""
    query = run(place, "sc", "query", SERVICE)
    if query is None:
        return Unreachable("the service is not told: sc could not be run")
    if _NO_SUCH_SERVICE in query.output:
        return Absent("there is no service of the agent on this node")
    state = re.search(r":\s+\d\s+([A-Z]+(?:_PENDING)?)\b", query.output)
    if query.status != 0 or not state:
        return Unreachable(f"sc query {SERVICE} ended with {query.status}")
    ended = re.search(r"WIN32_\w+\s*:\s+(\d+)\s", query.output)
    config = output_of(place, "sc", "qc", SERVICE) or ""
    start = re.search(r":\s+\d\s+([A-Z]+_START|DISABLED)\b", config)
    user = re.search(r"^\s*SERVICE_START_NAME\s*:\s+(.+?)\s*$", config, re.MULTILINE)
    return Known(
        _told(
            "windows",
            SERVICE,
            Active=_WINDOWS_STATES.get(state[1], state[1].lower()),
            Enabled=_WINDOWS_STARTS.get(start[1]) if start else None,
            Result=("success" if ended[1] == "0" else "exit-code") if ended else None,
            User=user[1] if user else None,
        )
    )


OPERATIONS = {"GetAgentService": _service}
