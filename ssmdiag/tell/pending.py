"""Pending: the messages that one sink has not taken yet, in order, in memory and on disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Callable, Optional, Union

from ssmdiag.tell.folder import Folder, Found
from ssmdiag.tell.loss import Loss
from ssmdiag.tell.message import Message, decode, encode
from ssmdiag.values import dataclass

Say = Callable[[str], None]


@dataclass(frozen=True)
class Bounds:
    """How much may wait for one sink. Raises ValueError if that is nothing."""

    messages: int = 1000
    size: int = 16 * 1024 * 1024
    """Bytes, as they are kept on disk."""

    def __post_init__(self) -> None:
        if self.messages < 1 or self.size < 1:
            raise ValueError(f"there must be room for a message: {self}")


@dataclass(frozen=True)
class Waiting:
    """A message with its number in the queue."""

    number: int
    message: Message


class Pending:
    """A queue that survives the program, and that any thread may use.

    A message is on disk before ``add`` returns. Where the disk takes none, it is in memory only,
    which is said; all of them are written as soon as the disk takes one again.
    """

    def __init__(self, sink: str, folder: Folder, bounds: Bounds, say: Say) -> None:
        self._sink = sink
        self._folder = folder
        self._bounds = bounds
        self._say = say
        self._changed = threading.Condition()
        self._waiting: dict[int, bytes] = {}
        self._files: dict[int, Path] = {}
        self._useless: list[Path] = []
        self._size = 0
        self._last = 0
        self._taken: Optional[int] = None
        self._loss: Optional[Loss] = None
        self._kept_loss: Optional[Loss] = None
        self._trouble = False
        self._closing = False
        self._read_back()

    def add(self, message: Message) -> None:
        """Put a message at the end; if there is no room, the oldest ones are lost for it.

        Raises TypeError or ValueError for a document that is not JSON.
        """
        data = encode(message)
        with self._changed:
            self._last += 1
            self._waiting[self._last] = data
            self._size += len(data)
            self._make_room()
            self._keep()
            self._changed.notify_all()

    def next(self) -> Union[Waiting, Loss, None]:
        """What is to be sent now: a Loss before everything. Waits until there is something.

        None if there is nothing left and ``close`` was called. A message that is taken is not lost
        for want of room until ``put_back``.
        """
        with self._changed:
            while not (self._waiting or self._loss or self._closing):
                self._changed.wait()
            if self._loss is not None:
                return self._loss
            for number, data in self._waiting.items():
                self._taken = number
                return Waiting(number, decode(data))
            return None

    def put_back(self) -> None:
        """The message that was taken could not be sent; it stays the first."""
        with self._changed:
            self._taken = None
            self._make_room()
            self._keep()

    def done(self, sent: Union[Waiting, Loss]) -> None:
        """It was sent, and needs not be kept any longer."""
        with self._changed:
            self._taken = None
            if isinstance(sent, Waiting):
                self._remove(sent.number)
            elif self._loss is not None:
                left = self._loss.since(sent)
                self._loss = left if left.count > 0 else None
            self._keep()

    def refused(self, waiting: Waiting, why: str) -> None:
        """It will never be sent: it is lost."""
        with self._changed:
            self._taken = None
            self._lose(waiting.number, why)
            self._keep()

    def close(self) -> None:
        """Let ``next`` wait no longer."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def left(self) -> tuple[int, int]:
        """How many messages wait, and of how many of these the end of the program is the end."""
        with self._changed:
            self._keep()
            return len(self._waiting), len(self._waiting) - len(self._files)

    # --- all that follows is done under the lock --------------------------------------------------

    def _read_back(self) -> None:
        try:
            self._loss = self._kept_loss = self._folder.loss()
            for found in self._folder.read(self._bounds.size):
                self._take_over(found)
        except OSError as error:
            self._in_trouble(error)
        self._make_room()
        self._keep()

    def _take_over(self, found: Found) -> None:
        # Two programs may have given the same number.
        self._last = number = max(found.number, self._last + 1)
        self._files[number] = found.file
        if found.data is None or not _is_message(found.data):
            self._lose(number, f"a file in {self._folder.path} could not be read")
            return
        self._waiting[number] = found.data
        self._size += len(found.data)

    def _make_room(self) -> None:
        room = self._bounds
        while len(self._waiting) > room.messages or self._size > room.size:
            oldest = next((n for n in self._waiting if n != self._taken), None)
            if oldest is None:
                return
            self._lose(oldest, f"no more than {room.messages} messages and {room.size} bytes wait")

    def _lose(self, number: int, why: str) -> None:
        time = decode(self._waiting[number]).time.isoformat() if number in self._waiting else ""
        loss = Loss(1, time, time, why)
        self._loss = loss if self._loss is None else self._loss.and_then(loss)
        # It is counted before it is gone, since the program may be killed in between.
        try:
            self._put_loss()
        except OSError as error:
            self._in_trouble(error)
        self._remove(number)

    def _remove(self, number: int) -> None:
        self._size -= len(self._waiting.pop(number, b""))
        if number in self._files:
            self._useless.append(self._files.pop(number))

    def _keep(self) -> None:
        try:
            changed = self._put_on_disk()
        except OSError as error:
            self._in_trouble(error)
            return
        if changed and self._trouble:
            self._trouble = False
            self._say(f"{self._folder.path} can be written again")

    def _put_on_disk(self) -> bool:
        """Whether there was anything to write or to remove, and it was."""
        changed = bool(self._useless)
        while self._useless:
            self._folder.discard(self._useless[-1])
            self._useless.pop()
        for number, data in self._waiting.items():
            if number not in self._files:
                self._files[number] = self._folder.keep(number, data)
                changed = True
        return self._put_loss() or changed

    def _put_loss(self) -> bool:
        if self._loss == self._kept_loss:
            return False
        self._folder.keep_loss(self._loss)
        self._kept_loss = self._loss
        return True

    def _in_trouble(self, error: OSError) -> None:
        if not self._trouble:
            self._trouble = True
            self._say(
                f"{self._folder.path} cannot be written ({error.strerror}): until it can,"
                f" messages for {self._sink} wait in memory only, and end with the program"
            )


def _is_message(data: bytes) -> bool:
    try:
        decode(data)
    except ValueError:
        return False
    return True
