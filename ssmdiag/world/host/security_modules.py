"""SELinux and AppArmor: whether they rule over the agent, and what they lately kept from it.

Sources: Red Hat's "Using SELinux" (audit log, ``avc: denied``), selinuxfs's ``enforce``; AppArmor's
wiki, "AppArmor Failures" (``apparmor="DENIED"``); proc(5) (``attr/current``); auditd's epoch times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from ssmdiag.world.call import Absent, Answer, Known
from ssmdiag.world.host.place import Place, text_of
from ssmdiag.world.host.processes import CORE, PROGRAMS, agent_processes
from ssmdiag.world.host.program import output_of

_LOGS = ("audit/audit.log", "kern.log", "messages", "syslog")
"""Where the kernel's refusals are written, below /var/log: with auditd to the first alone."""
_MOST = 256 * 1024
_NEWEST = 5
_LONGEST = 500
# The kernel keeps 15 characters of a program's name.
_NAMES = "|".join(re.escape(name[:15]) for name in PROGRAMS)
_OURS = re.compile(rf'\bcomm="(?:{_NAMES})"')
_SELINUX = re.compile(r"avc:\s+denied\s(?!.*\bpermissive=1)")
_APPARMOR = re.compile(r'apparmor="DENIED"')
_MOMENT = re.compile(r"audit\((\d{1,10})\.\d+:\d+\)")

_Told = dict[str, Any]


def _security_modules(place: Place, _: Mapping[str, Any]) -> Answer:
    if place.platform != "linux":
        return Absent("SELinux and AppArmor are Linux's")
    selinux, apparmor = _selinux(place), _apparmor(place)
    if selinux or apparmor:
        lines = _kernel_log(place)
        for module, form in ((selinux, _SELINUX), (apparmor, _APPARMOR)):
            if module is not None:
                module["Denials"] = None if lines is None else _denials(lines, form)
    return Known({"Selinux": selinux, "Apparmor": apparmor})


def _selinux(place: Place) -> Optional[_Told]:
    enforce = _line(place, "/sys/fs/selinux/enforce")
    if enforce in ("0", "1"):
        return {"Mode": "enforcing" if enforce == "1" else "permissive"}
    # The file system is there only while the module is on.
    return {"Mode": "disabled"} if place.path("/etc/selinux/config").exists() else None


def _apparmor(place: Place) -> Optional[_Told]:
    """``Profile`` is ``unconfined`` if none rules over the agent, None if that was not seen."""
    if _line(place, "/sys/module/apparmor/parameters/enabled") != "Y":
        return None
    for process in agent_processes(place):
        attributes = f"/proc/{process.pid}/attr"
        label = _line(place, f"{attributes}/apparmor/current") or _line(
            place, f"{attributes}/current"
        )
        if process.name == CORE and label:
            profile, _, mode = label.partition(" (")
            return {"Profile": profile, "Mode": mode.rstrip(")") or None}
    return {"Profile": None, "Mode": None}


def _kernel_log(place: Place) -> Optional[list[str]]:
    """The newest lines of the log that holds refusals, oldest first; None if none can be read."""
    for name in _LOGS:
        path = place.path(f"/var/log/{name}")
        try:
            return _end(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
    told = output_of(place, "journalctl", "-k", "-q", "-r", "-o", "cat")
    return None if told is None else told.splitlines()[::-1]


def _end(path: Path) -> list[str]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MOST))
        return file.read().decode("utf-8", "replace").splitlines()


def _denials(lines: list[str], form: re.Pattern[str]) -> list[_Told]:
    ours = [line for line in lines if form.search(line) and _OURS.search(line)]
    return [{"Time": _moment(line), "Text": line.strip()[:_LONGEST]} for line in ours[-_NEWEST:]]


def _moment(line: str) -> Optional[str]:
    found = _MOMENT.search(line)
    if found is None:
        return None
    return datetime.fromtimestamp(int(found[1]), timezone.utc).isoformat()


def _line(place: Place, path: str) -> str:
    return text_of(place.path(path)).strip("\0\n ")


OPERATIONS = {"GetSecurityModules": _security_modules}
