"""The Windows event log: one event of source ``ssmdiag`` for each message."""

from __future__ import annotations

import ctypes
import re
import sys
from typing import Any, Callable, Optional

from ssmdiag.tell.message import Kind, Message, Priority
from ssmdiag.tell.plain import one_line, printable
from ssmdiag.tell.sink import SinkError

SOURCE = "ssmdiag"

_ERROR, _WARNING, _INFORMATION = 0x0001, 0x0002, 0x0004
_TYPES: dict[Priority, int] = {
    "critical": _ERROR,
    "error": _ERROR,
    "warning": _WARNING,
    "notice": _INFORMATION,
    "info": _INFORMATION,
}
# Ids from 1 to 1000 can be shown with the messages of eventcreate.exe, which is on every Windows.
_IDS: dict[Kind, int] = {"appeared": 1, "changed": 2, "reminder": 3, "resolved": 4, "error": 5}
_LONGEST = 31_839
_CATEGORY = 0

Load = Callable[[], Any]


class EventLogSink:
    """Writes to the Application log of this host."""

    name = "eventlog"

    def __init__(self, load: Optional[Load] = None) -> None:
        self._load = load or advapi32

    def send(self, message: Message) -> None:
        """Raises SinkError if this is not Windows, or Windows refuses."""
        library = self._load()
        log = library.RegisterEventSourceW(None, SOURCE)
        if not log:
            raise _refusal("RegisterEventSource")
        try:
            strings = (ctypes.c_wchar_p * 1)(event_text(message))
            kind, event = event_type(message.priority), event_id(message.kind)
            if not library.ReportEventW(log, kind, _CATEGORY, event, None, 1, 0, strings, None):
                raise _refusal("ReportEvent")
        finally:
            library.DeregisterEventSource(log)


def event_type(priority: Priority) -> int:
    """The type that Event Viewer sorts by (Win32 API reference, "ReportEventW", ``wType``)."""
    return _TYPES[priority]


def event_id(kind: Kind) -> int:
    """What all events about one kind of news have in common."""
    return _IDS[kind]


def event_text(message: Message) -> str:
    """The text of the event.

    Win32 API reference, "ReportEventW": a string has at most 31,839 characters, which are UTF-16's,
    and ``%`` before a digit would be taken for a place to be filled.
    """
    text = f"{one_line(message.subject)}\n\n{printable(message.text)}\n\n{one_line(message.id)}"
    text = re.sub(r"%(?=\d)", "% ", text).replace("\n", "\r\n")
    units = text.encode("utf-16-le")[: _LONGEST * 2]
    return units.decode("utf-16-le", "ignore")


def advapi32() -> Any:
    """The library of the event log, its functions declared. Raises SinkError where there is none.

    Win32 API reference, "RegisterEventSourceW", "ReportEventW", "DeregisterEventSource".
    """
    if sys.platform != "win32":
        raise SinkError("there is no Windows event log on this system; see syslog and journald")
    library = ctypes.WinDLL("advapi32", use_last_error=True)
    library.RegisterEventSourceW.argtypes = (ctypes.c_wchar_p, ctypes.c_wchar_p)
    library.RegisterEventSourceW.restype = ctypes.c_void_p
    library.ReportEventW.argtypes = (
        ctypes.c_void_p,
        ctypes.c_ushort,
        ctypes.c_ushort,
        ctypes.c_ulong,
        ctypes.c_void_p,
        ctypes.c_ushort,
        ctypes.c_ulong,
        ctypes.POINTER(ctypes.c_wchar_p),
        ctypes.c_void_p,
    )
    library.ReportEventW.restype = ctypes.c_int
    library.DeregisterEventSource.argtypes = (ctypes.c_void_p,)
    return library


def _refusal(function: str) -> SinkError:
    code = 0
    if sys.platform == "win32":
        code = ctypes.get_last_error()
    return SinkError(f"the event log took no event: {function} failed with Windows error {code}")
