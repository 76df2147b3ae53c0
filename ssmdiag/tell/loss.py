"""Loss: messages that will not be sent any more, and how that is told."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from ssmdiag.tell.message import Message
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Loss:
    """How many messages were lost since that was last told, of what times, and why the last."""

    count: int
    first: str
    """When the first of them was told of, in ISO 8601; empty if that could not be read."""
    last: str
    why: str

    def and_then(self, later: Loss) -> Loss:
        """Both together."""
        return Loss(
            self.count + later.count, self.first or later.first, later.last or self.last, later.why
        )

    def since(self, told: Loss) -> Loss:
        """What is left to tell after ``told``, which this began with."""
        return replace(self, count=self.count - told.count, first=told.last)

    def message(self, sink: str, now: datetime) -> Message:
        """The news that messages were lost: the first that ``sink`` gets when it works again."""
        count = "1 message" if self.count == 1 else f"{self.count} messages"
        subject = f"{count} for {sink} could not be told"
        text = (
            f"{count} for {sink} will not be sent any more. The first was of"
            f" {self.first or 'an unknown time'}, the last of {self.last or 'an unknown time'}.\n"
            f"Why: {self.why}.\n"
            "What they said is in the logs of the node: ssmdiag diagnose reads them again."
        )
        document: dict[str, Any] = {
            "id": f"lost/{sink}/{self.first}",
            "kind": "error",
            "priority": "error",
            "subject": subject,
            "text": text,
            "time": now.isoformat(),
            "sink": sink,
            "lost": asdict(self),
        }
        return Message(document["id"], "error", "error", subject, text, document, now)


def encode(loss: Loss) -> bytes:
    """The loss as a file."""
    return json.dumps(asdict(loss)).encode("ascii")


def decode(data: bytes) -> Loss:
    """The loss that ``encode`` wrote. Raises ValueError if it is none."""
    try:
        loss = Loss(**json.loads(data))
        return replace(loss, count=int(loss.count))
    except TypeError as error:
        raise ValueError(f"not a loss: {error}") from None
