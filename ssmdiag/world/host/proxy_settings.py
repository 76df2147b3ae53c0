"""The proxy that the agent uses, and the settings that it does not see.

Sources: agent source ``agent/proxyconfig`` (the agent's own list of variables) and Go's package
``golang.org/x/net/http/httpproxy`` (which variables its HTTP client reads, upper case first);
Systems Manager User Guide, "Configuring SSM Agent to use a proxy".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Optional
from urllib.parse import unquote, urlsplit

from ssmdiag.values import dataclass
from ssmdiag.world.call import Answer, Known, Unreachable
from ssmdiag.world.host import unit_environment, windows
from ssmdiag.world.host.place import Place, once
from ssmdiag.world.host.processes import Environment, agent_environment
from ssmdiag.world.host.program import output_of
from ssmdiag.world.no_proxy import exempts

VARIABLES = ("https_proxy", "http_proxy", "no_proxy")

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_PROFILES = ("/etc/environment", "/etc/profile", "/root/.bashrc", "/root/.profile")
_SERVICE = "the registry"
_WINHTTP = "WinHTTP's settings of the machine"


@dataclass(frozen=True)
class ProxyRoute:
    """The proxy between the agent and one host."""

    scheme: str
    """``http``, ``https`` or ``socks5``: how the proxy itself is spoken to."""
    host: str
    port: int
    user: Optional[str] = None
    password: Optional[str] = field(default=None, repr=False)
    """For connecting; never in an Answer."""
    url: str = ""
    """The address with user and password masked."""
    source: str = ""
    """Where it is set: a file of the node, or a name for the registry."""


def proxy_for(
    place: Place, host: str, port: int = 443, scheme: str = "https"
) -> Optional[ProxyRoute]:
    """The proxy through which the agent asks ``host``; None if it goes there directly."""
    environment = _in_force(place)
    value = effective(environment.variables, f"{scheme}_proxy")
    if not value or exempts(effective(environment.variables, "no_proxy"), host, port):
        return None
    return _route(value, environment.source)


@once
def _in_force(place: Place) -> Environment:
    return _running(place) or _configured(place)


def effective(variables: Mapping[str, str], name: str) -> str:
    """A variable as Go reads it: upper case before lower case, the first that is not empty."""
    return variables.get(name.upper()) or variables.get(name, "")


def masked(value: str) -> str:
    """The same text without what stands before an at sign: user and password of a proxy."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://|//)?.*@", r"\1[masked]@", value, flags=re.DOTALL)


def _route(value: str, source: str) -> Optional[ProxyRoute]:
    if not re.match(r"(https?|socks5h?)://", value, re.IGNORECASE):
        value = f"http://{value}"
    try:
        url = urlsplit(value)
        scheme, host, port = url.scheme.lower(), url.hostname, url.port
    except ValueError:
        # As Go's client does: what is no address is no proxy.
        return None
    if not host:
        return None
    user, password = (unquote(part) if part else None for part in (url.username, url.password))
    return ProxyRoute(scheme, host, port or _PORTS[scheme], user, password, masked(value), source)


def _running(place: Place) -> Optional[Environment]:
    """The proxy's variables of the running agent, if they may be read."""
    running = agent_environment(place)
    if running is None:
        return None
    # Of all that stands there nothing else is kept.
    proxy = {name: value for name, value in running.variables.items() if _is_proxy(name)}
    return Environment(proxy, running.source)


def _configured(place: Place) -> Environment:
    """What the agent gets when it is started the next time."""
    if place.platform == "win32":
        return _of_windows(place)
    settings = _proxy_settings(place)
    paths = dict.fromkeys(setting.path for setting in settings)
    source = ", ".join(paths) or "the service's unit files"
    return Environment({s.name: s.value for s in settings}, source)


def _of_windows(place: Place) -> Environment:
    """The service's own variables; each kind that is missing there is taken from WinHTTP."""
    service = {
        name: value for name, value in windows.service_environment(place).items() if _is_proxy(name)
    }
    machine = windows.winhttp_proxy(place)
    lower = {name.lower() for name in service}
    if lower & {"http_proxy", "https_proxy"}:
        machine.pop("http_proxy", None)
        machine.pop("https_proxy", None)
    if "no_proxy" in lower:
        machine.pop("no_proxy", None)
    return Environment({**machine, **service}, _SERVICE if service or not machine else _WINHTTP)


def _proxy_settings(place: Place) -> list[unit_environment.Setting]:
    return [s for s in unit_environment.service_environment(place) if _is_proxy(s.name)]


def _is_proxy(name: str) -> bool:
    return name in VARIABLES or (name.isupper() and name.lower() in VARIABLES)


def _told(variables: Mapping[str, str]) -> dict[str, str]:
    """What Go's client makes of the variables: lower case names, masked values."""
    found = {name: effective(variables, name) for name in VARIABLES}
    return {name: masked(value) for name, value in found.items() if value}


def _settings(place: Place, _: Mapping[str, Any]) -> Answer:
    if place.platform == "win32" and not windows.registry_is_told(place):
        return Unreachable("the registry is not told: reg could not be run")
    running = _running(place)
    agent = running or _configured(place)
    settings = _proxy_settings(place)
    elsewhere = _profiles(place, {setting.path for setting in settings})
    pending: list[str] = []
    if running is not None:
        for setting in settings:
            if running.variables.get(setting.name, "") != setting.value:
                told = elsewhere.setdefault(setting.path, {})
                told[setting.name.lower()] = masked(setting.value)
                pending.append(setting.path)
    data: dict[str, Any] = {
        "Source": agent.source,
        "Variables": _told(agent.variables),
        "Elsewhere": elsewhere,
    }
    if pending:
        data["Pending"] = list(dict.fromkeys(pending))
    return Known(data)


def _profiles(place: Place, seen: set[str]) -> dict[str, dict[str, str]]:
    """Settings of shells and of snapd, which no service sees, but for the files ``seen``."""
    if place.platform == "win32":
        return {}
    found: dict[str, dict[str, str]] = {}
    for path in (*_PROFILES, *unit_environment.files_in(place, "/etc/profile.d", "*.sh")):
        settings = unit_environment.of_assignments(place, path) if path not in seen else []
        if told := _told({s.name: s.value for s in settings if _is_proxy(s.name)}):
            found[path] = told
    if told := _of_snapd(place):
        found["snap set system proxy"] = told
    return found


def _of_snapd(place: Place) -> dict[str, str]:
    """``snap get -d system proxy``: for snapd's own downloads, not for the snaps."""
    try:
        content = json.loads(output_of(place, "snap", "get", "-d", "system", "proxy") or "{}")
        proxy = dict(content.get("proxy") or {})
    except (ValueError, AttributeError, TypeError):
        return {}
    named = {f"{kind}_proxy": str(proxy.get(kind) or "") for kind in ("https", "http")}
    return _told({**named, "no_proxy": str(proxy.get("no-proxy") or "")})


OPERATIONS = {"GetProxySettings": _settings}
