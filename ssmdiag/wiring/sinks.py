"""The addresses of the command line become sinks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Callable

from ssmdiag.tell.address import Address, parse
from ssmdiag.tell.cloudwatch import NAMESPACE, EmfSink, MetricsSink
from ssmdiag.tell.command import CommandSink
from ssmdiag.tell.eventbridge import EventBridgeSink
from ssmdiag.tell.file import FileSink
from ssmdiag.tell.journald import JournaldSink
from ssmdiag.tell.sink import Sink
from ssmdiag.tell.sns import SnsSink
from ssmdiag.tell.stream import StreamSink
from ssmdiag.tell.syslog import SyslogSink
from ssmdiag.tell.windows_event import EventLogSink
from ssmdiag.wiring.job import MisuseError, Reach
from ssmdiag.wiring.reach import access
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Answer, Call

_LOCAL: Mapping[str, Callable[[Address], Sink]] = {
    "stdout": lambda it: StreamSink(sys.stdout, "json" if it.value else "text"),
    "file": lambda it: FileSink(Path(it.value)),
    "syslog": lambda it: SyslogSink("rfc5424" if it.value else "classic"),
    "journald": lambda _: JournaldSink(),
    "eventlog": lambda _: EventLogSink(),
    "emf": lambda _: EmfSink(sys.stdout),
    "exec": lambda it: CommandSink(it.words, environ=os.environ),
}
_AWS: Mapping[str, Callable[[Address, Door], Sink]] = {
    "sns": lambda it, write: SnsSink(it.value, write),
    "eventbridge": lambda it, write: EventBridgeSink(write, it.value or None),
    "metrics": lambda it, write: MetricsSink(write, it.value or NAMESPACE),
}


def sinks_of(places: tuple[str, ...], reach: Reach) -> list[Sink]:
    """The sinks that ``places`` name; nothing is opened yet. Raises JobError."""
    addresses = []
    for place in places:
        try:
            addresses.append(parse(place))
        except ValueError as error:
            raise MisuseError(f"--tell {place}: {error}") from None
    write = _writing(reach)
    return [
        _AWS[each.scheme](each, write) if each.scheme in _AWS else _LOCAL[each.scheme](each)
        for each in addresses
    ]


def _writing(reach: Reach) -> Door:
    """AWS for whoever tells; it is reached only when there is something to tell."""
    opened: list[Door] = []

    def write(order: Call) -> Answer:
        if not opened:
            opened.append(access(reach)[0].write)
        return opened[0](order)

    return write
