"""The operating system's user under which sessions run, and what sudo lets it do.

Sources: agent source ``agent/session/utility/utility_unix.go`` (``id``, ``useradd``, the sudoers
file) and ``agent/session/shell/shell_unix.go``: the agent sets the user's numbers and starts ``sh``
itself. It neither logs in nor asks PAM, so passwords are not looked at. nsswitch.conf(5), getent(1)
and macOS's dscl(1) for users of a directory.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ssmdiag.world.call import Absent, Answer, Known, Unreachable
from ssmdiag.world.host.place import Place, text_of, unread
from ssmdiag.world.host.program import run

SUDOERS = "/etc/sudoers.d/ssm-agent-users"

_LOCAL = {"files", "compat", "systemd"}
"""Sources of users that need nobody else; systemd's only knows of users of running services."""
_NEVER_A_NAME = re.compile(r"\A\Z|\A-|[:/\s\0]")
_DSCL = ("UniqueID", "PrimaryGroupID", "NFSHomeDirectory", "UserShell")
_NOT_FOUND = 2
"""getent's exit code."""


def _session_user(place: Place, asked: Mapping[str, Any]) -> Answer:
    name = str(asked["Name"])
    if place.platform == "win32":
        return Absent(
            "users of sessions are not looked at on Windows: there ssm-user is a local "
            "administrator, whose password the agent sets for each session"
        )
    if _NEVER_A_NAME.search(name):
        return _answer(place, name, None)
    return _of_directory(place, name) if place.platform == "darwin" else _of_files(place, name)


def _answer(place: Place, name: str, fields: Optional[Sequence[str]]) -> Answer:
    """``fields``: uid, gid, home and shell; None if there is no such user."""
    uid, gid, home, shell = fields or ("", "", "", "")
    return Known(
        {
            "Name": name,
            "Exists": fields is not None,
            "Uid": int(uid) if uid.isdigit() else None,
            "Gid": int(gid) if gid.isdigit() else None,
            "Home": home or None,
            "Shell": shell or None,
            "MadeWith": None if place.platform == "darwin" else "useradd",
            "Sudoers": _sudoers(place, name),
        }
    )


def _of_files(place: Place, name: str) -> Answer:
    passwd = place.path("/etc/passwd")
    try:
        entry = _entry(passwd.read_text(encoding="utf-8", errors="replace"), name)
    except OSError as error:
        return unread(passwd, error)
    sources = _directories(place)
    if entry or not sources:
        return _answer(place, name, entry)
    where = f"the directory of users ({', '.join(sources)} in /etc/nsswitch.conf)"
    if not place.here:
        return Unreachable(f"{where} cannot be asked from another machine")
    told = run(place, "getent", "passwd", name)
    if told is None or told.status not in (0, _NOT_FOUND):
        return Unreachable(f"{where} did not answer `getent passwd`")
    return _answer(place, name, _entry(told.output, name) if told.status == 0 else None)


def _entry(text: str, name: str) -> Optional[Sequence[str]]:
    for line in text.splitlines():
        fields = line.split(":")
        # A directory may know its users without regard to case.
        if len(fields) >= 7 and fields[0].lower() == name.lower():
            return fields[2], fields[3], fields[5], fields[6]
    return None


def _directories(place: Place) -> list[str]:
    """Where else users are looked up, as nsswitch.conf names it."""
    text = text_of(place.path("/etc/nsswitch.conf"))
    found = re.search(r"^\s*passwd:([^#\n]*)", text, re.MULTILINE)
    words = re.sub(r"\[[^\]]*\]", " ", found[1]).split() if found else []
    return [word for word in words if word not in _LOCAL]


def _of_directory(place: Place, name: str) -> Answer:
    """macOS: the answer of ``dscl``, one ``Key: value`` a line."""
    told = run(place, "dscl", "/Search", "-read", f"/Users/{name}", *_DSCL)
    if told is None:
        return Unreachable("users are not told: dscl could not be run, or did not answer")
    if told.status != 0:
        if "eDSRecordNotFound" in told.complaint:
            return _answer(place, name, None)
        return Unreachable("users are not told: dscl failed")
    said = {key: value.strip() for key, value in re.findall(r"^(\w+):(.*)", told.output, re.M)}
    return _answer(place, name, [said.get(key, "") for key in _DSCL])


def _sudoers(place: Place, name: str) -> dict[str, Any]:
    """The file that the agent makes together with ssm-user; None for what only root may see."""
    path = place.path(SUDOERS)
    told: dict[str, Any] = {"Path": SUDOERS, "Exists": None, "Grants": None, "Mode": None}
    try:
        told.update(Mode=f"{stat.S_IMODE(path.stat().st_mode):04o}", Exists=True)
        text = path.read_text(encoding="utf-8", errors="replace")
        told["Grants"] = bool(re.search(rf"^\s*{re.escape(name)}\s[^#\n]*=", text, re.MULTILINE))
    except (FileNotFoundError, NotADirectoryError):
        told["Exists"] = False
    except OSError:
        pass
    return told


OPERATIONS = {"GetSessionUser": _session_user}
