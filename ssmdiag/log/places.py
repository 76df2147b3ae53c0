"""Where logs are, and how these places look from outside. Loads next to nothing itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from ssmdiag.folders import program_data

Look = dict[str, Optional[dict[str, list[int]]]]
"""By place, the size, the time of change and the inode of each file; None: it is not there."""

_GLOB = "*?["


def default_places(
    platform: str, environ: Mapping[str, str], root: Path = Path("/")
) -> tuple[str, ...]:
    """Where the agent of this platform (``sys.platform``) logs, on a node whose ``/`` is ``root``.

    The agent's ``agent/appconfig/constants_*.go``. The snap is confined classically and logs to the
    same folder as the rpm and the deb; so does macOS.
    """
    if platform == "win32":
        return (program_data(environ) + r"\Amazon\SSM\Logs",)
    return (str(root / "var/log/amazon/ssm"),)


def look(places: Sequence[str]) -> Optional[Look]:
    """The files of these folders, or around these files; None where that cannot be told so."""
    seen: Look = {}
    for place in places:
        if place == "-" or any(char in place for char in _GLOB):
            return None
        path = Path(place)
        # What a file is rolled over to begins with its name.
        folder, name = (path, "") if path.is_dir() else (path.parent, path.name)
        try:
            with os.scandir(folder) as entries:
                near = [entry for entry in entries if entry.name.startswith(name)]
            seen[place] = {entry.name: _outside(entry.stat()) for entry in near}
        except FileNotFoundError:
            seen[place] = None
        except OSError:
            return None
    return seen


def _outside(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ino]
