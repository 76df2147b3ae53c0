"""Requests that got no answer: how Go and botocore word it, and which host was meant."""

from __future__ import annotations

import re
from typing import Optional

_TROUBLE = r"""(?x)
      \bdial\ (?:tcp|udp)\b | \blookup\ \S+\ on\ | \bno\ such\ host\b | \bi/o\ timeout\b
    | \bconnection\ (?:refused|reset|timed\ out)\b | \bbroken\ pipe\b
    | \b(?:network\ is|no\ route\ to\ host|host\ is)(?:\ unreachable)?\b
    | \bx509:\  | \btls:\  | \bTLS\ handshake\ timeout | \bproxyconnect\b
    | \bread\ tcp\b | \bwrite\ tcp\b | (?::\ |\bunexpected\ )EOF\b
    | \bcontext\ deadline\ exceeded\b | Client\.Timeout\ exceeded | \brequest\ canceled\b
    | \bRequestError:\ send\ request\ failed\b | server\ misbehaving
    | Could\ not\ connect\ to\ the\ endpoint\ URL | Connect\ timeout\ on\ endpoint\ URL
    | Read\ timeout\ on\ endpoint\ URL | Failed\ to\ connect\ to\ proxy\ URL
    | Connection\ was\ closed\ before\ we\ received\ a\ valid\ response
    | SSL\ validation\ failed\ for | \bName\ or\ service\ not\ known\b
    | \bNewConnectionError\b | \bMax\ retries\ exceeded\ with\ url\b
    """
_URL = r"\b(?:https?|wss?)://(?P<host>\[[0-9a-fA-F:.]+\]|[\w.%-]+)"
_LOOKUP = r"\blookup (?P<host>[\w.-]+)"
_POOL = r"\bhost='(?P<host>[\w.-]+)'"
_DIAL = r"\b(?:dial|read|write) (?:tcp|udp) (?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):\d"


def trouble_at(text: str) -> Optional[int]:
    """Where flattened ``text`` first says that a request got no answer; None if it does not."""
    found = re.search(_TROUBLE, text)
    return found.start() if found else None


def host_meant(text: str) -> Optional[str]:
    """The endpoint that was to be reached: the URL before the trouble, else the first after it,
    else the name looked up, else the address dialled. A proxy in between is not it."""
    trouble = trouble_at(text) or 0
    before = [found["host"] for found in re.finditer(_URL, text[:trouble])]
    if before:
        return str(before[-1]).rstrip(".")
    for form in (_URL, _POOL, _LOOKUP, _DIAL):
        found = re.compile(form).search(text, trouble)
        if found:
            return str(found["host"]).rstrip(".")
    return None
