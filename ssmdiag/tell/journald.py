"""systemd's journal: the message with its fields, in journald's native protocol."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Callable, Optional

from ssmdiag.tell.datagram import connected
from ssmdiag.tell.message import Kind, Message, line_within
from ssmdiag.tell.plain import cut, one_line, printable
from ssmdiag.tell.syslog import DAEMON, SEVERITIES

SOCKET = Path("/run/systemd/journal/socket")
MESSAGE_IDS: dict[Kind, str] = {
    "appeared": "4fa35ed7e3e14b14beaff47a47178eb0",
    "changed": "6ca81f9df8f74b08896716c3cace6d57",
    "reminder": "767cadac7c924976b32dff96d71b9383",
    "resolved": "0ac42202f3574034aeca83da36c19abe",
    "error": "77cabd51144e41f18e9ee12b75adef77",
}
"""What ``journalctl MESSAGE_ID=`` finds all news of one kind by. They never change."""

Memfd = Callable[[str, int], int]

# memfd_create(2) is not in glibc before 2.27, and Amazon Linux 2 has 2.26.
_MEMFD: Optional[Memfd] = getattr(os, "memfd_create", None)
_LONGEST_FIELD = 100_000
_TOO_BIG = (errno.EMSGSIZE, errno.ENOBUFS)


class JournaldSink:
    """Sends to journald on this host."""

    name = "journald"

    def __init__(self, path: Path = SOCKET, memfd: Optional[Memfd] = _MEMFD) -> None:
        self._path = path
        self._memfd = memfd

    def send(self, message: Message) -> None:
        """Raises SinkError if there is no journald, or it takes nothing."""
        data = entry(message)
        with connected(self._path, "systemd-journald") as channel:
            try:
                channel.send(data)
            except OSError as error:
                if error.errno not in _TOO_BIG:
                    raise
                if self._memfd is None:
                    channel.send(entry(message, _LONGEST_FIELD))
                else:
                    _send_sealed(channel, data, self._memfd)


def entry(message: Message, longest: int = sys.maxsize) -> bytes:
    """The message as a journal entry (systemd.journal-fields(7), "User Journal Fields").

    No field is longer than ``longest`` bytes, which must leave room for 100 kB.
    """
    subject = cut(one_line(message.subject), longest)
    text = cut(printable(message.text).strip("\n"), longest)
    fields = {
        "MESSAGE": f"{subject}\n{text}" if text else subject,
        "MESSAGE_ID": MESSAGE_IDS[message.kind],
        "PRIORITY": str(SEVERITIES[message.priority]),
        "SYSLOG_FACILITY": str(DAEMON),
        "SYSLOG_IDENTIFIER": "ssmdiag",
        "SSMDIAG_ID": one_line(message.id),
        "SSMDIAG_KIND": message.kind,
        "SSMDIAG_PRIORITY": message.priority,
        "SSMDIAG_SUBJECT": subject,
        "SSMDIAG_TIME": message.time.isoformat(),
        "SSMDIAG_DOCUMENT": line_within(message, longest),
    }
    return b"".join(_field(name, value.encode("utf-8")) for name, value in fields.items())


def _field(name: str, value: bytes) -> bytes:
    """systemd, "Journal Native Protocol": a value of several lines is preceded by its length."""
    if b"\n" not in value:
        return name.encode("ascii") + b"=" + value + b"\n"
    return name.encode("ascii") + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


def _send_sealed(channel: socket.socket, data: bytes, memfd: Memfd) -> None:
    """systemd, "Journal Native Protocol": what no datagram holds goes as a sealed memfd."""
    import fcntl

    handle = memfd("ssmdiag", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(data)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, seals)
        socket.send_fds(channel, [b""], [handle])
    finally:
        os.close(handle)
