"""What ``no_proxy`` means to the agent: names, addresses and networks, each with a port or none.

Source: Go's package ``golang.org/x/net/http/httpproxy``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Optional, Union

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def exempts(no_proxy: str, host: str, port: int) -> bool:
    """Does ``no_proxy`` let ``host`` be asked directly? The node itself always is."""
    name = host.strip("[]").rstrip(".").lower()
    address = _address(name)
    if name == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return any(_matches(entry, name, address, port) for entry in entries if entry)


def _matches(entry: str, name: str, address: Optional[_Address], port: int) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        return address is not None and address in network
    wanted, wanted_port = _host_and_port(entry)
    if wanted_port and wanted_port != str(port):
        return False
    exact = _address(wanted)
    if exact is not None:
        return exact == address
    suffix = wanted[1:] if wanted.startswith("*.") else wanted
    if not suffix:
        return False
    if suffix.startswith("."):
        return name.endswith(suffix)
    return name == suffix or name.endswith(f".{suffix}")


def _host_and_port(entry: str) -> tuple[str, str]:
    if _address(entry) is not None:
        return entry, ""
    found = re.fullmatch(r"\[(.+)\](?::(\w*))?|([^:]*):(\w*)", entry)
    if not found:
        return entry, ""
    return found[1] or found[3] or "", found[2] or found[4] or ""


def _address(text: str) -> Optional[_Address]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
