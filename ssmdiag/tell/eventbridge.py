"""Amazon EventBridge: the document as an event, for rules to act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ssmdiag.iam.arn import parse_arn
from ssmdiag.tell.aws import carried_out
from ssmdiag.tell.message import Kind, Message, line_within
from ssmdiag.tell.plain import one_line
from ssmdiag.tell.sink import MessageRefusedError, SinkError
from ssmdiag.world.asking import Door
from ssmdiag.world.call import call

SOURCE = "ssmdiag"
DETAIL_TYPES: dict[Kind, str] = {
    "appeared": "Cause Appeared",
    "changed": "Cause Changed",
    "reminder": "Cause Reminder",
    "resolved": "Cause Resolved",
    "error": "Watch Error",
}
"""What rules match. They never change."""

_LONGEST_ENTRY = 256 * 1024 - 1
_BYTES_OF_TIME = 14
_MALFORMED = ("MalformedDetail", "InvalidArgument")


class EventBridgeSink:
    """Puts events on a bus, which is named or given as an ARN; the account's default otherwise."""

    def __init__(self, write: Door, bus: Optional[str] = None) -> None:
        self.name = f"eventbridge:{bus}" if bus else "eventbridge"
        self._write = write
        self._bus = bus

    def send(self, message: Message) -> None:
        """Raises SinkError, naming the permission to grant if that is what lacks.

        PutEvents answers with success even where it took no entry (EventBridge API Reference,
        "PutEvents", ``FailedEntryCount``): that is an error here.
        """
        kind = DETAIL_TYPES[message.kind]
        entry = {
            "Source": SOURCE,
            "DetailType": kind,
            "Detail": line_within(message, _room(kind)),
            "Time": message.time.isoformat(),
        }
        if self._bus:
            entry["EventBusName"] = self._bus
        arn = parse_arn(self._bus or "")
        order = call("events", "PutEvents", arn.region if arn else "", Entries=[entry])
        bus = self._bus or "default"
        resource = bus if arn else f"event bus {bus}"
        answer = carried_out(order, self._write, resource)
        if answer.get("FailedEntryCount"):
            raise _failed(answer, bus)


def _room(kind: str) -> int:
    """EventBridge User Guide, "Calculating PutEvents event entry size": less than 256 KB."""
    return _LONGEST_ENTRY - _BYTES_OF_TIME - len(SOURCE) - len(kind)


def _failed(answer: Mapping[str, Any], bus: str) -> SinkError:
    entries: list[Mapping[str, str]] = answer.get("Entries", [])
    failed = next((entry for entry in entries if entry.get("ErrorCode")), {})
    code = failed.get("ErrorCode", "no reason given")
    error = MessageRefusedError if code in _MALFORMED else SinkError
    return error(
        one_line(
            f"event bus {bus} did not take the event: {code}: {failed.get('ErrorMessage', '')};"
            " see the quotas and the policy of the bus"
        )
    )
