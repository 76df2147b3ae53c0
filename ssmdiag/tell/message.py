"""Message: one piece of news, as every sink gets it."""

from __future__ import annotations

import json
from dataclasses import field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, get_args

from ssmdiag.tell.plain import cut, one_line, printable
from ssmdiag.values import dataclass

Kind = Literal["appeared", "changed", "reminder", "resolved", "error"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Priority = Literal["critical", "error", "warning", "notice", "info"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)

# JSON writes one byte as three at most.
_LONGEST_TEXT = 30_000
_LONGEST_NAME = 1000


@dataclass(frozen=True)
class Message:
    """One piece of news. Raises ValueError if ``time`` is not in UTC."""

    id: str
    """The same news has the same id, however often and wherever it is told."""
    kind: Kind
    priority: Priority
    subject: str
    """One line."""
    text: str
    """Several lines, for people."""
    document: dict[str, Any] = field(hash=False)
    """A JSON object: the whole of it, for programs."""
    time: datetime

    def __post_init__(self) -> None:
        if self.time.utcoffset() != timedelta(0):
            raise ValueError(f"the time of message {self.id} is not in UTC: {self.time}")


def line(message: Message) -> str:
    """The document on one line of ASCII, without its end.

    Raises TypeError or ValueError if the document holds what JSON has no word for.
    """
    return json.dumps(message.document, allow_nan=False)


def line_within(message: Message, longest: int) -> str:
    """``line``, or where that is longer than ``longest`` bytes, what stands in for the document.

    ``longest`` must leave room for 100 kB: the document's place is taken by the first lines of the
    text, since the news itself may not be lost for its length. Raises as ``line`` does.
    """
    whole = line(message)
    if len(whole) <= longest:
        return whole
    return json.dumps(
        {
            "id": cut(printable(message.id), _LONGEST_NAME),
            "kind": message.kind,
            "priority": message.priority,
            "subject": cut(one_line(message.subject), _LONGEST_NAME),
            "time": message.time.isoformat(),
            "text": cut(printable(message.text), _LONGEST_TEXT),
            "left_out": f"the document has {len(whole)} bytes, of which {longest} can be sent",
        }
    )


def encode(message: Message) -> bytes:
    """The whole message as a file. Raises as ``line`` does."""
    values = {**vars(message), "time": message.time.isoformat()}
    return json.dumps(values, allow_nan=False).encode("ascii")


def decode(data: bytes) -> Message:
    """The message that ``encode`` wrote. Raises ValueError if it is none."""
    try:
        values = json.loads(data)
        time = datetime.fromisoformat(values.pop("time")).astimezone(timezone.utc)
        message = Message(**values, time=time)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a message: {error!r}") from None
    texts = (message.id, message.subject, message.text)
    known = message.kind in KINDS and message.priority in PRIORITIES
    typed = all(isinstance(text, str) for text in texts) and isinstance(message.document, dict)
    if not (known and typed):
        raise ValueError("not a message: a field of it is not what it should be")
    return message
