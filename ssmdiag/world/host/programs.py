"""Where the agent finds the programs that it runs for sessions.

Sources: agent source ``agent/session/shell/shell_unix.go`` (``sh``, ``id``, ``script``, ``cat`` by
name alone, so by the PATH of its own environment); systemd.exec(5), "Environment Variables in
Spawned Processes" (the PATH of a service).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Optional

from ssmdiag.world.call import Absent, Answer, Known, Unreachable
from ssmdiag.world.host.place import Place
from ssmdiag.world.host.processes import agent_environment

_USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_LINKS = 8


def _programs(place: Place, asked: Mapping[str, Any]) -> Answer:
    if place.platform == "win32":
        return Absent("sessions on Windows run in PowerShell, which comes with it")
    path = _search_path(place)
    folders = [f for f in path.split(":") if f.startswith("/") and place.path(f).is_dir()]
    if not folders:
        # Only a part of the node's files is seen; a node without any program does not exist.
        return Unreachable(f"none of the folders of the agent's PATH is there: {path}")
    return Known({str(name): _found(place, folders, str(name)) for name in asked["Names"]})


def _search_path(place: Place) -> str:
    """The PATH of the running agent, else the one that its service is given."""
    running = agent_environment(place)
    return running.variables.get("PATH", _USUAL) if running else _USUAL


def _found(place: Place, folders: list[str], name: str) -> Optional[str]:
    paths = (f"{folder.rstrip('/')}/{name}" for folder in folders if "/" not in name)
    return next((path for path in paths if _runs(place, path)), None)


def _runs(place: Place, path: str) -> bool:
    try:
        for _ in range(_MOST_LINKS):
            if not place.path(path).is_symlink():
                break
            # An absolute link means a file of the node, not of the machine that looks at it.
            path = os.path.normpath(PurePosixPath(path).parent / place.path(path).readlink())
        mode = place.path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


OPERATIONS = {"GetPrograms": _programs}
