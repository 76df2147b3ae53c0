"""Sink: what sends a Message somewhere, and how it says that it could not."""

from __future__ import annotations

from typing import Protocol

from ssmdiag.tell.message import Message

LONGEST = 30.0
"""Seconds after which a send that can be given up is."""


class SinkError(Exception):
    """The message was not sent; one line that says what happened and what to do.

    The same message may be sent later, when whatever stood in the way is gone.
    """


class SinkClosedError(SinkError):
    """Nobody will read this sink in this run any more: the program may as well end."""


class MessageRefusedError(SinkError):
    """This message will not be taken however often it is sent; the next one may be."""


class Sink(Protocol):
    """A place that Messages are sent to."""

    @property
    def name(self) -> str:
        """What it is called on the command line. No two sinks of a program are called the same."""

    def send(self, message: Message) -> None:
        """Send the message, or raise SinkError. It may take its time, but not for ever."""
