"""The environment that the service's files give to the agent, before anything is started.

Sources: systemd.exec(5) (``Environment=``, ``EnvironmentFile=``, ``UnsetEnvironment=``),
systemd.unit(5) (drop-ins), systemd-system.conf(5) (``DefaultEnvironment=``); Upstart Cookbook
(``env``, ``.override``); launchd.plist(5) (``EnvironmentVariables``).
"""

from __future__ import annotations

import plistlib
import re
import shlex
from collections.abc import Iterator
from typing import Optional
from xml.parsers.expat import ExpatError

from ssmdiag.values import dataclass
from ssmdiag.world.host.place import Place, text_of

UNITS = ("amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service")

# Where the same name stands twice, the earlier folder counts.
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
UPSTART = ("/etc/init/amazon-ssm-agent.conf", "/etc/init/amazon-ssm-agent.override")
LAUNCHD = ("/Library/LaunchDaemons/com.amazon.aws.ssm.plist",)

_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Setting:
    """One variable as one file sets it."""

    name: str
    value: str
    path: str
    """The file, as the node names it."""


def unit_file(place: Place) -> Optional[str]:
    """The unit file of the agent's systemd service, of the package or of the snap."""
    for unit in UNITS:
        for folder in UNIT_FOLDERS:
            path = place.path(f"{folder}/{unit}")
            if path.is_file() or path.is_symlink():
                return f"{folder}/{unit}"
    return None


def files_in(place: Place, folder: str, pattern: str) -> list[str]:
    """The files of one folder of the node that fit a pattern, by name."""
    found = place.path(folder).glob(pattern)
    return sorted(f"{folder}/{path.name}" for path in found)


def service_environment(place: Place) -> tuple[Setting, ...]:
    """What the service's files set, each variable once, as the service manager counts them."""
    if place.platform == "darwin":
        settings = [s for path in LAUNCHD for s in _of_plist(place, path)]
    elif unit_file(place) is not None:
        settings = _of_systemd(place)
    else:
        settings = [s for path in UPSTART for s in _of_upstart(place, path)]
    return tuple({setting.name: setting for setting in settings}.values())


def _of_systemd(place: Place) -> list[Setting]:
    """The manager's defaults, then ``Environment=``, then the environment files; later wins."""
    direct: list[Setting] = []
    files: list[str] = []
    unset: set[str] = set()
    for path in _manager_files(place):
        for key, value in _lines(text_of(place.path(path))):
            if key == "DefaultEnvironment":
                direct += _assignments(value, path)
    defaults = tuple(direct)
    for path in unit_files(place):
        for key, value in _lines(text_of(place.path(path))):
            if key == "Environment":
                direct = [*direct, *_assignments(value, path)] if value else list(defaults)
            elif key == "EnvironmentFile":
                files = [*files, value.lstrip("-")] if value else []
            elif key == "UnsetEnvironment":
                unset.update(value.split())
    settings = direct + [setting for path in files for setting in of_assignments(place, path)]
    return [setting for setting in settings if setting.name not in unset]


def _manager_files(place: Place) -> list[str]:
    drop_ins = files_in(place, "/etc/systemd/system.conf.d", "*.conf")
    return ["/etc/systemd/system.conf", *drop_ins]


def unit_files(place: Place) -> list[str]:
    """The unit file and its drop-ins, in the order in which systemd reads them."""
    unit = unit_file(place)
    if unit is None:
        return []
    drop_ins: dict[str, str] = {}
    name = unit.rpartition("/")[2]
    for kind in (f"{name}.d", "service.d"):
        for folder in UNIT_FOLDERS:
            for path in files_in(place, f"{folder}/{kind}", "*.conf"):
                drop_ins.setdefault(path.rpartition("/")[2], path)
    return [unit, *(drop_ins[name] for name in sorted(drop_ins))]


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """``Key=value`` lines of a unit file; a backslash at the end goes on with the next line."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith(("#", ";", "[")):
            yield key.strip(), value.strip()


def _assignments(value: str, path: str) -> list[Setting]:
    """``"A=b c" D=e``, as one ``Environment=`` line has it; a percent sign is doubled there."""
    try:
        words = shlex.split(value)
    except ValueError:
        words = value.split()
    found = (_ASSIGNMENT.fullmatch(word) for word in words)
    return [Setting(m["name"], m["value"].replace("%%", "%"), path) for m in found if m]


def of_assignments(place: Place, path: str) -> list[Setting]:
    """``NAME=value`` or ``export NAME=value`` lines: environment files and shell profiles."""
    settings = []
    for line in text_of(place.path(path)).splitlines():
        words = re.sub(r"^\s*export\s+", "", line.strip())
        if words.startswith(("#", ";")) or not (found := _ASSIGNMENT.fullmatch(words)):
            continue
        settings.append(Setting(found["name"], _unquoted(found["value"]), path))
    return settings


def _unquoted(value: str) -> str:
    try:
        words = shlex.split(value, comments=True)
    except ValueError:
        return value.strip()
    return words[0] if words else ""


def _of_upstart(place: Place, path: str) -> list[Setting]:
    found = re.findall(r"^\s*env\s+(.*)$", text_of(place.path(path)), re.MULTILINE)
    return [setting for words in found for setting in _assignments(words, path)]


def _of_plist(place: Place, path: str) -> list[Setting]:
    try:
        content = plistlib.loads(place.path(path).read_bytes())
    except (OSError, ValueError, ExpatError):
        return []
    variables = content.get("EnvironmentVariables") if isinstance(content, dict) else None
    if not isinstance(variables, dict):
        return []
    return [Setting(str(name), str(value), path) for name, value in variables.items()]
