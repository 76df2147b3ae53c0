"""Amazon SNS: a message to whoever subscribed to a topic."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from ssmdiag.iam.arn import parse_arn
from ssmdiag.tell.aws import carried_out
from ssmdiag.tell.message import Message, line_within
from ssmdiag.tell.plain import ascii_line, cut, one_line, printable
from ssmdiag.tell.sink import SinkError
from ssmdiag.world.asking import Door
from ssmdiag.world.call import call

Body = Literal["text", "json"]

_LONGEST_SUBJECT = 99
"""SNS API Reference, "Publish": a Subject is ASCII on one line of less than 100 characters."""
_LONGEST_BODY = 262_144 - 1024
"""SNS API Reference, "Publish": 256 KB, of which the attributes are a part."""


class SnsSink:
    """Publishes to one topic, in the topic's own region.

    ``text`` suits e-mail; ``json`` is the document, for subscribers that are programs.
    """

    def __init__(self, topic_arn: str, write: Door, body: Body = "text") -> None:
        self.name = f"sns:{topic_arn}"
        self._topic_arn = topic_arn
        self._write = write
        self._body = body

    def send(self, message: Message) -> None:
        """Raises SinkError, naming the permission to grant if that is what lacks."""
        arn = parse_arn(self._topic_arn)
        if arn is None:
            raise SinkError(f"{one_line(self._topic_arn)} is not the ARN of a topic; correct it")
        order = call(
            "sns",
            "Publish",
            arn.region,
            TopicArn=self._topic_arn,
            Subject=ascii_line(message.subject, _LONGEST_SUBJECT) or message.kind,
            Message=self._worded(message),
            MessageAttributes={"kind": _text(message.kind), "priority": _text(message.priority)},
            **self._in_order(message),
        )
        carried_out(order, self._write, self._topic_arn)

    def _worded(self, message: Message) -> str:
        if self._body == "json":
            return line_within(message, _LONGEST_BODY)
        return cut(printable(message.text), _LONGEST_BODY) or message.kind

    def _in_order(self, message: Message) -> dict[str, str]:
        """SNS API Reference, "Publish": what only FIFO topics take, and demand."""
        if not self._topic_arn.endswith(".fifo"):
            return {}
        news = f"{message.kind}\n{message.id}\n{message.time.isoformat()}"
        return {
            "MessageGroupId": "ssmdiag",
            "MessageDeduplicationId": hashlib.sha256(news.encode("utf-8", "replace")).hexdigest(),
        }


def _text(value: str) -> dict[str, Any]:
    return {"DataType": "String", "StringValue": value}
