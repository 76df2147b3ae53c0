"""Delivery: messages go to every sink, each as soon as it takes them, and none is lost silently."""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Union

from ssmdiag.tell.folder import Folder, others
from ssmdiag.tell.loss import Loss
from ssmdiag.tell.message import Message
from ssmdiag.tell.pending import Bounds, Pending, Say, Waiting
from ssmdiag.tell.plain import one_line
from ssmdiag.tell.sink import MessageRefusedError, Sink, SinkClosedError, SinkError
from ssmdiag.values import dataclass

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Timing:
    """How long is waited before a failed message is sent again, and by which clock."""

    first: float = 1.0
    longest: float = 300.0
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait
    """Wait for the event, at most so many seconds; whether it happened."""
    random: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)

    def pause(self, failures: int) -> float:
        """Twice as long after each failure, the half of it by chance.

        AWS Architecture Blog, "Exponential Backoff And Jitter", calls this equal jitter: a fleet
        whose sink was away must not come back at once.
        """
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, 32))
        return full / 2 + full / 2 * self.random()


class Delivery:
    """Sends messages to sinks, each from a thread and a folder of its own.

    ``offer`` waits for no sink. A message is sent to each sink at least once, after those offered
    before; it is tried again until it is taken, in this run or in the next one that is given the
    same folder. When a sink has more waiting than ``bounds`` lets, its oldest messages are lost;
    that is the first that it is told when it works again.

    Two programs with the same folder at the same time may both send what an earlier one left.

    ``say`` gets one line on what a person beside the program should know, from any thread; where
    it cannot write that line it may raise OSError. Raises ValueError if two sinks have one name.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        folder: Path,
        *,
        say: Say,
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        timing: Timing = Timing(),  # noqa: B008 - frozen
    ) -> None:
        names = [sink.name for sink in sinks]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sinks are called {name}")
        self._timing = timing
        self._say = say = _undisturbed(say)
        self._end = _End(timing)
        for other, count in others(folder, {folder_name(name) for name in names}).items():
            say(f"{count} messages wait in {other} for a sink that this run does not have")
        self._senders = [
            _Sender(
                sink,
                Pending(sink.name, Folder(folder / folder_name(sink.name)), bounds, say),
                timing,
                self._end,
                say,
            )
            for sink in sinks
        ]
        self._threads = [
            threading.Thread(target=sender.run, name=f"tell {sender.name}", daemon=True)
            for sender in self._senders
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, message: Message) -> None:
        """Have the message sent to every sink. When this returns it will outlive the program.

        All that is waited for is one small file a sink; if that cannot be written, the message
        waits in memory, which is said. Raises TypeError or ValueError for a document that is not
        JSON.
        """
        for sender in self._senders:
            sender.pending.add(message)

    @property
    def gone(self) -> tuple[str, ...]:
        """The sinks that raised SinkClosedError: nothing more is sent to them in this run."""
        return tuple(sender.name for sender in self._senders if sender.gone)

    def close(self, seconds: float, *, under_way: float = 0.0) -> int:
        """Send what waits, for so long at most; returns how many messages are left.

        Then a send that is under way is waited for, ``under_way`` seconds at most: a sink that
        takes a message after that gets it again from the next run. What is left stays in the folder
        for that; what is in memory only is lost. Both are said.
        """
        deadline = self._end.begin(seconds)
        for sender in self._senders:
            sender.pending.close()
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._timing.clock()))
        self._end.over.set()
        deadline = self._timing.clock() + under_way
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._timing.clock()))
        return sum(self._left(sender) for sender in self._senders)

    def _left(self, sender: _Sender) -> int:
        waiting, fleeting = sender.pending.left()
        if fleeting:
            self._say(f"{fleeting} messages for {sender.name} are lost: no sink, no disk took them")
        if waiting > fleeting and not sender.gone:
            self._say(f"{waiting - fleeting} messages for {sender.name} still wait")
        return waiting


def folder_name(sink: str) -> str:
    """What the folder of a sink is called: readable, and never the same for two names."""
    readable = re.sub(r"[^\w.-]+", "-", sink, flags=re.ASCII).strip("-.")[:_LONGEST_NAME]
    return f"{readable}-{hashlib.sha256(sink.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _undisturbed(say: Say) -> Say:
    """The disk that is full may be the one that standard error leads to."""

    def tell(line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            say(line)

    return tell


class _End:
    """The end of a Delivery, which begins when ``close`` is called."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._deadline = 0.0
        self.begun = threading.Event()
        self.over = threading.Event()

    def begin(self, seconds: float) -> float:
        self._deadline = self._timing.clock() + seconds
        self.begun.set()
        return self._deadline

    def left(self) -> float:
        """Seconds until sending ends; without end before ``close``."""
        if self.over.is_set():
            return 0.0
        return self._deadline - self._timing.clock() if self.begun.is_set() else float("inf")


class _Sender:
    """Sends what one sink has not taken yet."""

    def __init__(self, sink: Sink, pending: Pending, timing: Timing, end: _End, say: Say) -> None:
        self.name = sink.name
        self.pending = pending
        self.gone = False
        self._sink = sink
        self._timing = timing
        self._end = end
        self._say = say
        self._failures = 0
        self._said = ""

    def run(self) -> None:
        while self._end.left() > 0:
            item = self.pending.next()
            if item is None:
                return
            try:
                self._send(item)
            except SinkClosedError as error:
                self.pending.put_back()
                self.gone = True
                self._say(f"{self.name}: {error}")
                return
            except Exception as error:
                self.pending.put_back()
                self._failed(_words(error))
            else:
                self._worked()

    def _send(self, item: Union[Waiting, Loss]) -> None:
        if isinstance(item, Loss):
            message = item.message(self.name, self._timing.now())
        else:
            message = item.message
        try:
            self._sink.send(message)
        except MessageRefusedError as error:
            self._say(f"{self.name}: {one_line(message.subject)}: {error}")
            if isinstance(item, Waiting):
                self.pending.refused(item, str(error))
                return
        self.pending.done(item)

    def _failed(self, why: str) -> None:
        if why != self._said:
            self._said = why
            self._say(f"{self.name}: {why}")
        self._failures += 1
        pause = self._timing.pause(self._failures)
        if not self._end.begun.is_set():
            if self._timing.wait(self._end.begun, pause):
                self._failures = 0
        elif (left := self._end.left()) > 0:
            self._timing.wait(self._end.over, min(pause, left))

    def _worked(self) -> None:
        if self._said:
            self._say(f"{self.name}: works again")
        self._failures, self._said = 0, ""


def _words(error: Exception) -> str:
    """A sink that fails otherwise than it may is a mistake of ours, but no reason to stop."""
    return str(error) if isinstance(error, SinkError) else one_line(repr(error))
