"""What becomes of a stream that nobody reads."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TextIO

# Windows has no word for a broken pipe: it says that the argument, the pipe, is not valid.
_UNREAD = (errno.EPIPE, errno.ESHUTDOWN, errno.EINVAL)


def is_unread(error: OSError) -> bool:
    """Did writing fail because whoever read the stream has gone?"""
    return error.errno in _UNREAD


def unwritten(error: OSError) -> str:
    """Why standard output cannot be written otherwise, for people."""
    return f"standard output cannot be written: {error.strerror}; see what it leads to"


def drop(stream: TextIO) -> None:
    """Let all that is, and will be, written to ``stream`` go nowhere: Python, too, writes what is
    left at exit, and would complain."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
