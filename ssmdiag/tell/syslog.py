"""Syslog: one line for each message, on the socket that syslog(3) writes to."""

from __future__ import annotations

import os
import re
import socket
from datetime import tzinfo
from pathlib import Path
from typing import Literal, Optional

from ssmdiag.tell.datagram import connected
from ssmdiag.tell.message import Message, Priority
from ssmdiag.tell.plain import cut, lines, one_line

Format = Literal["classic", "rfc5424"]

SOCKET = Path("/dev/log")
SEVERITIES: dict[Priority, int] = {
    "critical": 2,
    "error": 3,
    "warning": 4,
    "notice": 5,
    "info": 6,
}
"""RFC 5424, 6.2.1 "PRI", table 2; journald's PRIORITY has the same numbers."""
DAEMON = 3
"""The facility: RFC 5424, 6.2.1 "PRI", table 1."""

_TAG = "ssmdiag"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONGEST = 8192
"""Bytes of a datagram: rsyslog's default for maxMessageSize, which others exceed."""


class SyslogSink:
    """Sends to a syslog daemon on this host."""

    def __init__(
        self,
        form: Format = "classic",
        path: Path = SOCKET,
        host: Optional[str] = None,
        zone: Optional[tzinfo] = None,
    ) -> None:
        self.name = "syslog" if form == "classic" else f"syslog:{form}"
        self._form = form
        self._path = path
        self._host = host
        self._zone = zone

    def send(self, message: Message) -> None:
        """Raises SinkError if there is no daemon, or it takes nothing."""
        if self._form == "classic":
            data = classic(message, os.getpid(), self._zone)
        else:
            data = rfc5424(message, os.getpid(), self._host or socket.gethostname())
        with connected(self._path, "a syslog daemon") as channel:
            channel.send(data)


def classic(message: Message, pid: int, zone: Optional[tzinfo] = None) -> bytes:
    """The message as syslog(3) of the GNU C library words it for the local socket.

    It is RFC 3164, 4.1 "syslog Message Parts", without the host. The time is the host's own, in
    the zone given or the system's.
    """
    time = message.time.astimezone(zone)
    stamp = f"{_MONTHS[time.month - 1]} {time.day:2} {time:%H:%M:%S}"
    return _datagram(f"<{_pri(message)}>{stamp} {_TAG}[{pid}]: ", message)


def rfc5424(message: Message, pid: int, host: str) -> bytes:
    """The message as RFC 5424, 6 "Syslog Message Format", has it; MSGID is the kind.

    There is no structured data, which would need a private enterprise number, and no byte order
    mark, which receivers print; RFC 5424 then takes the text for MSG-ANY.
    """
    stamp = message.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    name = re.sub(r"[^!-~]", "-", host)[:255] or "-"
    return _datagram(f"<{_pri(message)}>1 {stamp} {name} {_TAG} {pid} {message.kind} - ", message)


def _pri(message: Message) -> int:
    return DAEMON * 8 + SEVERITIES[message.priority]


def _datagram(head: str, message: Message) -> bytes:
    subject = one_line(message.subject)
    text = [each for each in lines(message.text) if each != subject]
    said = f"{message.kind}: {subject} ({one_line(message.id)})"
    return cut(head + " | ".join((said, *text)), _LONGEST).encode("utf-8")
