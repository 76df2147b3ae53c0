"""A file of JSON lines, which others may rotate."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Optional

from ssmdiag.tell.message import Message, line
from ssmdiag.tell.sink import SinkError

# Without O_NONBLOCK a pipe of that name would be waited for; without O_BINARY Windows changes the
# ends of lines.
_HOW = os.O_RDWR | os.O_APPEND | os.O_CREAT
_HOW |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class FileSink:
    """Appends each document as one line.

    The file is made for its owner only; one that is there keeps its mode. It is opened again when
    another file, or none, has its name (logrotate(8), "create"). A line is one write(2) with
    O_APPEND, so that lines of several programs do not mix (POSIX, "write").
    """

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path}"
        self._path = path
        self._handle: Optional[int] = None
        self._torn = False

    def send(self, message: Message) -> None:
        """Raises SinkError if the file cannot be opened, or not the whole line be written."""
        data = line(message).encode("ascii") + b"\n"
        try:
            handle = self._open()
            if self._torn:
                data = b"\n" + data
            written = os.write(handle, data)
            self._torn = written < len(data)
        except OSError as error:
            self._close()
            raise SinkError(
                f"{self._path} cannot be written: {error.strerror}; see its folder, owner and mode"
            ) from None
        if self._torn:
            raise SinkError(
                f"{self._path} took {written} of {len(data)} bytes; see whether the disk is full"
            )

    def _open(self) -> int:
        if self._handle is not None and self._is_current(self._handle):
            return self._handle
        self._close()
        handle = os.open(self._path, _HOW, 0o600)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise SinkError(f"{self._path} is not a file; name one, or see stdout and exec")
        self._handle = handle
        # Looked at once, since other programs may be in the middle of a line at any later time.
        self._torn = _is_torn(handle)
        return handle

    def _is_current(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _is_torn(handle: int) -> bool:
    """Whether the last line has no end, since the disk was full or a machine was switched off."""
    if os.lseek(handle, 0, os.SEEK_END) == 0:
        return False
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) != b"\n"
