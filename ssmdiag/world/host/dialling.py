"""From a host's name to a connection, and what it means when there is none.

Sources: getaddrinfo(3), connect(2) and ip-route(8) (error numbers); Go's ``net.Dialer``, by which
the agent connects (it tries both address families).
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Union

from ssmdiag.values import dataclass

_ADDRESSES = 2

_NO_ROUTE = (
    errno.ENETUNREACH,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT,
    # connect() to what a route of type "blackhole" leads to.
    errno.EINVAL,
)
# A name server answered, and knows no address. Any other error of the resolver is no answer.
_UNKNOWN_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


@dataclass(frozen=True)
class Failure:
    """Why it went no further: a kind that Requirements decide by, and the words it came with."""

    kind: str
    problem: str


def addresses(host: str, port: int, seconds: float) -> Union[list[str], Failure]:
    """The addresses of a name by the node's own resolver, in its order, each once."""
    found: list[Union[list[str], Failure]] = []
    # getaddrinfo cannot be interrupted: it is left behind when the time is up.
    resolver = threading.Thread(
        target=lambda: found.append(_resolved(host, port)), name=f"resolve {host}", daemon=True
    )
    resolver.start()
    resolver.join(seconds)
    return found[0] if found else Failure("silence", f"no name server answered in {seconds:.3g} s")


def _resolved(host: str, port: int) -> Union[list[str], Failure]:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return failure(error)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


def both_families(found: Sequence[str]) -> list[str]:
    """The few addresses that are tried: the first, and the first of the other family if any."""
    other = [a for a in found if (":" in a) != (":" in found[0])]
    return list(dict.fromkeys([*found[:1], *other[:1], *found]))[:_ADDRESSES]


def dial(address: str, port: int, seconds: float) -> Union[socket.socket, Failure]:
    """Connect to one address by TCP."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        return failure(error)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
    except OSError as error:
        connection.close()
        return failure(error)
    return connection


def failure(error: Exception) -> Failure:
    """What an error of the resolver, of a connection or of the TLS library means."""
    return Failure(_kind(error), _words(error))


def _kind(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "name" if error.errno in _UNKNOWN_NAME else "silence"
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "silence"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "reset"
    if isinstance(error, ssl.SSLError):
        return "protocol"
    if isinstance(error, UnicodeError):
        return "name"
    no_route = isinstance(error, OSError) and error.errno in _NO_ROUTE
    return "no-route" if no_route else "other"


def _words(error: Exception) -> str:
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "timed out"
    if isinstance(error, UnicodeError):
        return "not a host name"
    if isinstance(error, OSError) and error.errno == errno.EINVAL:
        return "the routing table discards what goes there"
    if isinstance(error, ssl.SSLError) and error.reason:
        return str(error.reason).replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return str(error.strerror)
    return str(error) or type(error).__name__
