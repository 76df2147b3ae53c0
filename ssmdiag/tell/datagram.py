"""The sockets on which a host's log daemons take datagrams."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ssmdiag.tell.sink import SinkError

_SECONDS = 5.0
"""A daemon that takes nothing for so long is told of, instead of being waited for."""


@contextmanager
def connected(path: Path, daemon: str) -> Iterator[socket.socket]:
    """A datagram socket that leads to ``path``. Raises SinkError, also for what fails inside.

    It is connected anew for every message, since daemons start again and news are rare.
    """
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise SinkError(f"there is no {path} on this system; see eventlog")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as channel:
            channel.settimeout(_SECONDS)
            channel.connect(str(path))
            yield channel
    except OSError as error:
        raise SinkError(
            f"{path} cannot be written: {error.strerror or error}; see whether {daemon} runs"
        ) from None
