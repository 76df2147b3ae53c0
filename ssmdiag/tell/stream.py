"""Standard output: as text for people, or as JSON lines for the next program of a pipe."""

from __future__ import annotations

from typing import Literal, TextIO

from ssmdiag.streams import is_unread, unwritten
from ssmdiag.tell.message import Message, line
from ssmdiag.tell.plain import one_line, printable
from ssmdiag.tell.sink import SinkClosedError, SinkError

Form = Literal["text", "json"]


class StreamSink:
    """Writes to a stream and flushes at once."""

    def __init__(self, stream: TextIO, form: Form = "text") -> None:
        self.name = "stdout" if form == "text" else f"stdout:{form}"
        self._stream = stream
        self._form = form

    def send(self, message: Message) -> None:
        """Raises SinkClosedError if whoever read the stream has gone, SinkError otherwise."""
        write(self._stream, line(message) if self._form == "json" else _text(message))


def write(stream: TextIO, text: str) -> None:
    """Write a line, or several, and flush. Raises as ``StreamSink.send`` does.

    Characters that the stream's encoding lacks are escaped.
    """
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except ValueError:
        raise SinkClosedError("standard output was closed by this program") from None
    except OSError as error:
        if is_unread(error):
            raise SinkClosedError("standard output was closed by its reader") from None
        raise SinkError(unwritten(error)) from None


def _text(message: Message) -> str:
    stamp = message.time.strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f"{stamp} {message.priority} {message.kind}: {one_line(message.subject)}"
    body = printable(message.text).strip("\n")
    return f"{head}\n{body}\n" if body else head
