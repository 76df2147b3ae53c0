"""What the agent's own files say of it.

Source: agent source ``common/runtimeconfig/identity_config.go`` (the file holds no secret) and
``agent/appconfig/constants_unix.go``, ``constants_darwin.go``, ``constants_windows.go`` (paths).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ssmdiag.world.call import Answer, Known, Unreachable
from ssmdiag.world.host.place import Place, unread


def data_folder(place: Place) -> Path:
    """The folder that holds what the agent keeps."""
    if place.platform == "win32":
        base = place.environ.get("ProgramData", r"C:\ProgramData")
        return Path(base) / "Amazon" / "SSM"
    return place.path("/opt/aws/ssm" if place.platform == "darwin" else "/var/lib/amazon/ssm")


def _runtime_config(place: Place, _: Mapping[str, Any]) -> Answer:
    path = data_folder(place) / "runtimeconfig" / "identity_config.json"
    try:
        return Known(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        return unread(path, error)
    except ValueError as error:
        return Unreachable(f"{path}: {error}")


OPERATIONS = {"GetRuntimeConfig": _runtime_config}
