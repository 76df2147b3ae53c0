"""Heads of HTTP answers: read up to the empty line, the body left alone.

Sources: RFC 9112 (messages), RFC 9110 (``CONNECT``), RFC 7617 (what a proxy is told of its user).
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Optional, Union

from ssmdiag.values import dataclass
from ssmdiag.world.host.dialling import Failure, failure

_MOST = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]*))?\r?\n")
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Head:
    """The status line and headers of an answer."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """By name in lower case; of one that stands twice, the first."""

    def __str__(self) -> str:
        return f"{self.status} {self.reason}".strip()


def get(host: str) -> bytes:
    """The request for ``/``, after whose answer the server hangs up."""
    return _request(f"GET / HTTP/1.1\r\nHost: {_bracketed(host)}", ("Connection: close",))


def connect(host: str, port: int, user: Optional[str], password: Optional[str]) -> bytes:
    """The request to a proxy for a connection to a host by its name."""
    target = f"{_bracketed(host)}:{port}"
    credentials = base64.b64encode(f"{user}:{password or ''}".encode()).decode("ascii")
    login = (f"Proxy-Authorization: Basic {credentials}",) if user is not None else ()
    return _request(f"CONNECT {target} HTTP/1.1\r\nHost: {target}", login)


def exchange(connection: socket.socket, request: bytes, seconds: float) -> Union[Head, Failure]:
    """Send a request and read the head of its answer, all within ``seconds``."""
    ends = time.monotonic() + seconds
    read = b""
    try:
        connection.settimeout(seconds)
        connection.sendall(request)
        while not _END.search(read):
            connection.settimeout(max(ends - time.monotonic(), 0.001))
            more = connection.recv(8192)
            if not more:
                break
            read += more
            if len(read) > _MOST:
                return Failure("protocol", "the answer's headers do not end")
    except OSError as error:
        return _parsed(read) if read else failure(error)
    return _parsed(read)


def _parsed(read: bytes) -> Union[Head, Failure]:
    if not read:
        return Failure("reset", "the connection was closed without an answer")
    status = _STATUS.match(read)
    if status is None:
        return Failure("protocol", "the answer is not HTTP")
    try:
        headers = http.client.parse_headers(io.BytesIO(read[status.end() :]))
    except http.client.HTTPException as error:
        return Failure("protocol", str(error) or type(error).__name__)
    first = {name.lower(): value for name, value in reversed(headers.items())}
    reason = (status[2] or b"").decode("latin-1").strip()
    return Head(int(status[1]), reason, first)


def _request(first: str, headers: Iterable[str]) -> bytes:
    lines = (first, "User-Agent: ssmdiag", "Accept: */*", *headers)
    return "".join(f"{line}\r\n" for line in lines).encode("ascii") + b"\r\n"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
