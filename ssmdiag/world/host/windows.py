"""What Windows keeps of the agent's service: registry values, asked of ``reg.exe``.

Sources: Systems Manager User Guide, "Configure SSM Agent to use a proxy for Windows Server
instances" (the service's ``Environment``); agent source ``agent/proxyconfig/proxy_windows.go``
(what it makes of WinHTTP's settings of the machine, which count where the service has none).
"""

from __future__ import annotations

import re
from typing import Optional

from ssmdiag.world.host.place import Place
from ssmdiag.world.host.program import output_of, run

SERVICE = "AmazonSSMAgent"

_SERVICE_KEY = rf"HKLM\SYSTEM\CurrentControlSet\Services\{SERVICE}"
_CONNECTIONS_KEY = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
_NAMED_PROXY = 2


def registry_is_told(place: Place) -> bool:
    """Can the registry be asked at all? Not that of a disk, which is seen from elsewhere."""
    return run(place, "reg", "query", _SERVICE_KEY) is not None


def service_environment(place: Place) -> dict[str, str]:
    """The variables that Windows gives to the service, by name."""
    lines = (registry_value(place, _SERVICE_KEY, "Environment") or "").split(r"\0")
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, equals, value in pairs if equals}


def winhttp_proxy(place: Place) -> dict[str, str]:
    """The variables that the agent makes of ``netsh winhttp set proxy``."""
    return proxy_of_winhttp(registry_value(place, _CONNECTIONS_KEY, "WinHttpSettings") or "")


def registry_value(place: Place, key: str, name: str) -> Optional[str]:
    """A value as ``reg query`` prints it: texts parted by ``\\0``, bytes as hexadecimal."""
    listing = output_of(place, "reg", "query", key, "/v", name) or ""
    found = re.search(rf"^\s+{re.escape(name)}\s+REG_\w+[ \t]+(.*?)\s*$", listing, re.MULTILINE)
    return found[1] if found else None


def proxy_of_winhttp(settings: str) -> dict[str, str]:
    """``WinHttpSettings``: flags at byte 8, then two texts, each after its length of 4 bytes."""
    try:
        raw = bytes.fromhex(settings)
    except ValueError:
        return {}
    if len(raw) < 16 or not raw[8] & _NAMED_PROXY:
        return {}
    length = int.from_bytes(raw[12:16], "little")
    proxy, rest = raw[16 : 16 + length].decode("ascii", "replace"), raw[16 + length :]
    bypass = rest[4 : 4 + int.from_bytes(rest[:4], "little")].decode("ascii", "replace")
    variables = _of_server_list(proxy)
    hosts = [entry for entry in re.split(r"[\s;]+", bypass) if entry and not entry.startswith("<")]
    if hosts:
        variables["no_proxy"] = ",".join(hosts)
    return variables


def _of_server_list(servers: str) -> dict[str, str]:
    """``http=a:80;https=b:443``; an address without a scheme fills the one that is missing."""
    named: dict[str, str] = {}
    plain = ""
    for entry in re.split(r"[\s;]+", servers):
        kind, equals, address = entry.partition("=")
        if not equals:
            plain = entry or plain
        elif kind in ("http", "https"):
            named[f"{kind}_proxy"] = address
    if plain:
        # Both absent: for http alone. That is the agent's own rule, and leaves https without.
        missing = "https_proxy" if set(named) == {"http_proxy"} else "http_proxy"
        named.setdefault(missing, plain)
    return named
