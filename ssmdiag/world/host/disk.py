"""The room on the volume to which the agent writes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Any

from ssmdiag.world.call import Answer, Known
from ssmdiag.world.host.agent_files import data_folder
from ssmdiag.world.host.place import Place, unread


def _disk_space(place: Place, _: Mapping[str, Any]) -> Answer:
    folder = data_folder(place)
    try:
        usage = shutil.disk_usage(folder)
        # Windows has no inodes, and some file systems make them as needed and say 0 of 0.
        inodes = os.statvfs(folder) if hasattr(os, "statvfs") else None
    except OSError as error:
        return unread(folder, error)
    files = inodes.f_favail if inodes and inodes.f_files else None
    return Known({"Path": str(folder), "FreeBytes": usage.free, "FreeFiles": files})


OPERATIONS = {"GetDiskSpace": _disk_space}
