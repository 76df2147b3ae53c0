"""The Session Manager plugin of the AWS CLI, which who starts a session needs.

Source: Systems Manager User Guide, "Install the Session Manager plugin for the AWS CLI" and
"Verify the Session Manager plugin installation".
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

from ssmdiag.folders import program_files
from ssmdiag.world.call import Absent, Answer, Known
from ssmdiag.world.host.agent_files import node_path, windows_folder
from ssmdiag.world.host.place import Place, text_of
from ssmdiag.world.host.program import output_of

_PLUGIN = "session-manager-plugin"
_FOLDERS = (
    "/usr/local/sessionmanagerplugin/bin",
    "/usr/local/bin",
    "/usr/bin",
    "/opt/homebrew/bin",
)
_VERSION = re.compile(r"\d+(?:\.\d+){2,3}")


def _plugin(place: Place, _: Mapping[str, Any]) -> Answer:
    path = _path(place)
    if path is None:
        return Absent("the Session Manager plugin is not installed on this machine")
    # The packages put a file VERSION beside the folder of the program.
    said = output_of(place, str(path), "--version") or text_of(path.parent.parent / "VERSION")
    version = _VERSION.search(said)
    return Known({"Path": node_path(place, path), "Version": version[0] if version else None})


def _path(place: Place) -> Optional[Path]:
    """As the AWS CLI finds it, in the PATH; else where its packages put it."""
    if place.here and (found := shutil.which(_PLUGIN, path=place.environ.get("PATH", ""))):
        return Path(found)
    if place.platform == "win32":
        folder = windows_folder(place, program_files) / "Amazon" / "SessionManagerPlugin" / "bin"
        paths = [folder / f"{_PLUGIN}.exe"]
    else:
        paths = [place.path(f"{folder}/{_PLUGIN}") for folder in _FOLDERS]
    return next((path for path in paths if path.exists()), None)


OPERATIONS = {"GetCallerPlugin": _plugin}
