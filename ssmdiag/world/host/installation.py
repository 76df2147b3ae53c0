"""How the agent was installed, and which version.

Sources: agent source ``packaging`` (paths of the packages); deb(5) and dpkg(1) (the status file);
rpm(8); snapd's documentation, "Managing updates" and "The snap format"; pkgutil(1) of macOS and
its receipts; Systems Manager User Guide, "Checking the SSM Agent version number".
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping
from typing import Any, Optional
from xml.parsers.expat import ExpatError

from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Known
from ssmdiag.world.host.agent_files import config_folder, node_path
from ssmdiag.world.host.agent_state import version_in_log
from ssmdiag.world.host.place import Place, text_of
from ssmdiag.world.host.processes import CORE, agent_processes
from ssmdiag.world.host.program import output_of

_BINARIES = ("/usr/bin/amazon-ssm-agent", "/usr/sbin/amazon-ssm-agent")
"""The second is that of SUSE's own package."""
_SNAPS = ("/snap/amazon-ssm-agent", "/var/lib/snapd/snap/amazon-ssm-agent")
_MACOS = "/opt/aws/ssm/bin/amazon-ssm-agent"
_RECEIPT = "/private/var/db/receipts/com.amazon.aws.ssm.plist"
_DPKG_STATUS = "/var/lib/dpkg/status"
_RPM_DATABASES = ("/var/lib/rpm", "/usr/lib/sysimage/rpm")

_VERSION = re.compile(r"\d+(?:\.\d+){2,3}")


@dataclass(frozen=True)
class _Package:
    """One way in which the agent is there."""

    kind: str
    binary: str
    version: Optional[str] = None
    source: str = ""
    """What told the version."""
    snap: Optional[Mapping[str, Any]] = None


def _installation(place: Place, _: Mapping[str, Any]) -> Answer:
    packages = _packages(place)
    if not packages:
        return Absent("the agent is not installed on this node")
    package = packages[0]
    version, source = package.version, package.source
    if version is None:
        version, source = _version_otherwise(place, package.binary)
    told: dict[str, Any] = {
        "Kind": package.kind,
        "Version": version,
        "VersionFrom": source if version else None,
        "Binary": package.binary,
    }
    if package.snap is not None:
        told["Snap"] = package.snap
    if packages[1:]:
        told["Also"] = [other.kind for other in packages[1:]]
    return Known(told)


def _packages(place: Place) -> list[_Package]:
    """Every way in which it is installed: the one that runs first."""
    if place.platform == "win32":
        return _of_windows(place)
    if place.platform == "darwin":
        return _of_macos(place)
    found = [p for p in (_of_snap(place), _of_system(place), _of_moved(place)) if p]
    running = {process.folder for process in agent_processes(place)}
    # A snap runs from /snap/amazon-ssm-agent/<revision>, to which "current" only leads.
    return sorted(found, key=lambda p: not any(f.startswith(_home(p.binary)) for f in running))


def _home(binary: str) -> str:
    return binary.rpartition("/")[0].replace("/current", "/")


def _of_snap(place: Place) -> Optional[_Package]:
    for folder in _SNAPS:
        current = place.path(f"{folder}/current")
        if not (current / CORE).exists():
            continue
        try:
            revision = current.readlink().name
        except OSError:
            revision = ""
        version = _field(text_of(current / "meta" / "snap.yaml"), "version").strip("'\"")
        snap = {"Revision": revision, "Held": held_snap(place)}
        binary = f"{folder}/current/{CORE}"
        return _Package("snap", binary, _plain(version), "snap.yaml", snap)
    return None


def held_snap(place: Place) -> Optional[bool]:
    """Are refreshes held? The last column of ``snap list`` says so: ``classic,held``."""
    listing = output_of(place, "snap", "list", CORE)
    rows = [line.split() for line in (listing or "").splitlines() if line.startswith(CORE)]
    return "held" in rows[0][-1].split(",") if rows else None


def _of_system(place: Place) -> Optional[_Package]:
    """The program in the system's own folder, and the package to which it belongs."""
    binary = next((path for path in _BINARIES if place.path(path).exists()), None)
    if binary is None:
        return None
    for entry in text_of(place.path(_DPKG_STATUS)).split("\n\n"):
        if _field(entry, "Package") == CORE and _field(entry, "Status").endswith(" installed"):
            return _Package("deb", binary, _plain(_field(entry, "Version")), "dpkg")
    asked = output_of(place, "rpm", "-q", "--qf", "%{VERSION}\n", CORE)
    if asked is not None:
        return _Package("rpm", binary, _plain(asked), "rpm")
    if not place.here and any(place.path(folder).is_dir() for folder in _RPM_DATABASES):
        # Its database cannot be read without rpm, but nothing else puts a program there.
        return _Package("rpm", binary)
    return _Package("files", binary)


def _of_moved(place: Place) -> Optional[_Package]:
    """An agent that runs from elsewhere, as ECS Exec and Greengrass start it."""
    for process in agent_processes(place):
        usual = ("/usr/bin", "/usr/sbin", *_SNAPS)
        if process.name == CORE and process.folder and not process.folder.startswith(usual):
            return _Package("files", f"{process.folder}/{CORE}")
    return None


def _of_macos(place: Place) -> list[_Package]:
    if not place.path(_MACOS).exists():
        return []
    try:
        receipt = plistlib.loads(place.path(_RECEIPT).read_bytes())
        version = _plain(str(receipt.get("PackageVersion", "")))
    except (OSError, ValueError, AttributeError, ExpatError):
        return [_Package("files", _MACOS)]
    return [_Package("pkg", _MACOS, version, "the installer's receipt")]


def _of_windows(place: Place) -> list[_Package]:
    program = config_folder(place) / f"{CORE}.exe"
    return [_Package("msi", node_path(place, program))] if program.exists() else []


def _version_otherwise(place: Place, binary: str) -> tuple[Optional[str], str]:
    """Where no package tells it: what the program says, else what the agent logged at its start."""
    said = _plain(output_of(place, binary, "-version") or "")
    return (said, "the program") if said else (version_in_log(place), "the agent's log")


def _plain(text: str) -> Optional[str]:
    """``3.3.987.0`` of ``3.3.987.0-1``."""
    found = _VERSION.search(text)
    return found[0] if found else None


def _field(text: str, name: str) -> str:
    found = re.search(rf"^{name}:[ \t]*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


OPERATIONS = {"GetAgentInstallation": _installation}
