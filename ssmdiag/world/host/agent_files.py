"""What the agent's own files say of it.

Source: agent source ``common/runtimeconfig/identity_config.go`` (the file holds no secret),
``agent/managedInstances/registration`` and ``agent/managedInstances/vault/fsvault`` (whose files
are secret, and are named only), and ``agent/appconfig/constants_unix.go``,
``constants_darwin.go``, ``constants_windows.go`` (paths).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any, Callable, Optional

from ssmdiag.folders import program_data, program_files
from ssmdiag.world.call import Absent, Answer, Known, Unreachable
from ssmdiag.world.host.place import Place, unread


def data_folder(place: Place) -> Path:
    """The folder that holds what the agent keeps."""
    if place.platform == "win32":
        return windows_folder(place, program_data) / "Amazon" / "SSM"
    return place.path("/opt/aws/ssm" if place.platform == "darwin" else "/var/lib/amazon/ssm")


def config_folder(place: Place) -> Path:
    """The folder of ``amazon-ssm-agent.json`` and ``seelog.xml``."""
    if place.platform == "win32":
        return windows_folder(place, program_files) / "Amazon" / "SSM"
    return place.path("/opt/aws/ssm" if place.platform == "darwin" else "/etc/amazon/ssm")


def log_folder(place: Place) -> Path:
    """The folder to which the agent logs unless seelog.xml says another."""
    if place.platform == "win32":
        return data_folder(place) / "Logs"
    return place.path("/var/log/amazon/ssm")


def windows_folder(place: Place, named: Callable[[Mapping[str, str]], str]) -> Path:
    """One of ``ssmdiag.folders`` on this node; below another root it is where it usually is."""
    if place.here:
        return Path(named(place.environ))
    return place.root / PureWindowsPath(named({})).name


def node_path(place: Place, path: Path) -> str:
    """A path as the node itself names it, whatever the root."""
    if place.here:
        return str(path)
    below = path.relative_to(place.root)
    if place.platform == "win32":
        return str(PureWindowsPath("C:\\", *below.parts))
    return f"/{below.as_posix()}"


def _runtime_config(place: Place, _: Mapping[str, Any]) -> Answer:
    path = data_folder(place) / "runtimeconfig" / "identity_config.json"
    try:
        return Known(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        return unread(path, error)
    except ValueError as error:
        return Unreachable(f"{path}: {error}")


def _registration(place: Place, _: Mapping[str, Any]) -> Answer:
    """The hybrid registration, and the names of what the vault holds."""
    folder = data_folder(place)
    if place.platform != "linux":
        folder /= "InstanceData" if place.platform == "win32" else "data"
    if not folder.is_dir():
        return Absent(f"{folder} does not exist")
    path = folder / "registration"
    try:
        hybrid = _hybrid(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hybrid = None
    except OSError as error:
        return unread(path, error)
    except ValueError as error:
        return Unreachable(f"{path}: {error}")
    return Known({"Hybrid": hybrid, "Vault": _vault(folder / "Vault" / "Store")})


def _hybrid(text: str) -> Optional[dict[str, str]]:
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    node, region = str(content.get("ManagedInstanceID", "")), str(content.get("Region", ""))
    return {"ManagedInstanceID": node, "Region": region} if node.startswith("mi-") else None


def _vault(store: Path) -> Optional[list[str]]:
    try:
        return sorted(path.name for path in store.iterdir())
    except FileNotFoundError:
        return []
    except OSError:
        return None


OPERATIONS = {"GetRuntimeConfig": _runtime_config, "GetRegistration": _registration}
