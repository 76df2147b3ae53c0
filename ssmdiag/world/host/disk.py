"""The room on the volumes to which the agent writes, and whether they may be written to.

Sources: statvfs(3); agent source ``agent/appconfig`` and ``seelog_unix.xml`` (the folders).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssmdiag.world.call import Answer, Known
from ssmdiag.world.host.agent_files import data_folder, log_folder, node_path
from ssmdiag.world.host.place import Place, unread


def _disk_space(place: Place, asked: Mapping[str, Any]) -> Answer:
    """The volume of the ``data`` folder, or of the ``logs`` folder if ``Folder`` says so."""
    folder = log_folder(place) if asked.get("Folder") == "logs" else data_folder(place)
    try:
        room = _room(folder)
        return Known({"Path": node_path(place, folder), **room})
    except OSError as error:
        return unread(folder, error)


def _room(folder: Path) -> dict[str, Any]:
    if sys.platform == "win32":
        # Windows has no inodes, and tells of no volume that it is read-only but on writing.
        return {"FreeBytes": shutil.disk_usage(folder).free, "FreeFiles": None, "ReadOnly": None}
    return measured(os.statvfs(folder))


def measured(volume: os.statvfs_result) -> dict[str, Any]:
    """Free bytes and inodes of a volume (None: it makes inodes as needed), and the mount's flag."""
    return {
        # The agent runs as root, which may also fill what is kept back for root.
        "FreeBytes": volume.f_bfree * volume.f_frsize,
        "FreeFiles": volume.f_ffree if volume.f_files else None,
        "ReadOnly": bool(volume.f_flag & os.ST_RDONLY),
    }


OPERATIONS = {"GetDiskSpace": _disk_space}
