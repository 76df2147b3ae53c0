"""Delivery: nobody waits for a sink that fails, and no message is lost silently."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import pytest

from ssmdiag.tell.message import Message
from ssmdiag.tell.pending import Bounds
from ssmdiag.tell.sink import Sink, SinkClosedError, SinkError
from ssmdiag.tell.spool import Delivery, Timing, folder_name
from tests.test_tell_message import news

SOON = Timing(first=0.002, longest=0.01)
PATIENCE = 5.0


class Box:
    """A sink that keeps what it gets, as long as nothing troubles it."""

    def __init__(self, name: str = "box", trouble: Optional[Exception] = None) -> None:
        self.name = name
        self.got: list[Message] = []
        self.tries = 0
        self._trouble = trouble
        self._changed = threading.Condition()

    def send(self, message: Message) -> None:
        with self._changed:
            self.tries += 1
            self._changed.notify_all()
        self.hold()
        with self._changed:
            if self._trouble is not None:
                raise self._trouble
            self.got.append(message)
            self._changed.notify_all()

    def hold(self) -> None:
        """Take no time."""

    def trouble(self, error: Optional[Exception]) -> None:
        with self._changed:
            self._trouble = error

    def tried(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.tries >= times, PATIENCE)

    def numbers(self, count: int) -> list[Any]:
        """The numbers of the first messages; None for one that was not offered."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= count, PATIENCE)
            return [message.document.get("n") for message in self.got]


class Hanging(Box):
    """A sink that never comes back, until it is let go."""

    def __init__(self, name: str = "hanging") -> None:
        super().__init__(name)
        self.go = threading.Event()

    def hold(self) -> None:
        self.go.wait()


def started(
    folder: Path,
    *sinks: Sink,
    said: Optional[list[str]] = None,
    bounds: Optional[Bounds] = None,
    timing: Timing = SOON,
) -> Delivery:
    """A delivery to these sinks that is not patient."""
    said = [] if said is None else said
    return Delivery(sinks, folder, say=said.append, bounds=bounds or Bounds(), timing=timing)


def offer(delivery: Delivery, numbers: Sequence[int]) -> None:
    for number in numbers:
        delivery.offer(news(id=f"n{number}", document={"n": number}))


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_every_sink_gets_every_message_in_order(tmp_path: Path) -> None:
    boxes = [Box("a"), Box("b"), Box("c")]
    delivery = started(tmp_path, *boxes)
    offer(delivery, range(20))
    assert [box.numbers(20) for box in boxes] == [[*range(20)]] * 3
    assert delivery.close(PATIENCE) == 0
    assert files(tmp_path) == []


def test_any_thread_may_offer(tmp_path: Path) -> None:
    box = Box()
    delivery = started(tmp_path, box)
    threads = [
        threading.Thread(target=offer, args=(delivery, range(first, first + 25)))
        for first in (0, 100, 200, 300)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = box.numbers(100)
    for first in (0, 100, 200, 300):
        assert [n for n in got if first <= n < first + 25] == [*range(first, first + 25)]
    assert delivery.close(PATIENCE) == 0


def test_a_message_is_tried_until_it_is_taken_and_the_fault_is_said_once(tmp_path: Path) -> None:
    box, said = Box(trouble=SinkError("no route; mend it")), list[str]()
    delivery = started(tmp_path, box, said=said)
    offer(delivery, range(3))
    box.tried(5)
    box.trouble(SinkError("not allowed; grant it"))
    box.tried(box.tries + 3)
    box.trouble(None)
    assert box.numbers(3) == [0, 1, 2]
    delivery.close(PATIENCE)
    assert said == ["box: no route; mend it", "box: not allowed; grant it", "box: works again"]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_pauses_double_up_to_the_longest_and_half_of_them_is_chance(chance: float) -> None:
    timing = Timing(first=1.0, longest=60.0, random=lambda: chance)
    whole = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    pauses = [timing.pause(failures) for failures in range(1, 9)]
    assert pauses == [each / 2 + each / 2 * chance for each in whole]
    assert timing.pause(10**9) <= 60.0


def test_the_pauses_are_waited_for_and_start_anew_after_a_success(tmp_path: Path) -> None:
    waited: list[float] = []
    box = Box(trouble=SinkError("no"))

    def wait(_: threading.Event, seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) in (3, 5):
            box.trouble(None)
        return False

    delivery = started(tmp_path, box, timing=Timing(wait=wait, random=lambda: 1.0))
    offer(delivery, [1])
    assert box.numbers(1) == [1]
    box.trouble(SinkError("no"))
    offer(delivery, [2])
    assert box.numbers(2) == [1, 2]
    assert waited == [1.0, 2.0, 4.0, 1.0, 2.0]
    delivery.close(PATIENCE)


def test_a_sink_that_hangs_holds_up_neither_the_caller_nor_another(tmp_path: Path) -> None:
    hanging, box = Hanging(), Box()
    delivery = started(tmp_path, hanging, box)
    began = time.monotonic()
    offer(delivery, range(20))
    assert box.numbers(20) == [*range(20)]
    assert delivery.close(0.05) == 20
    assert time.monotonic() - began < 1.5
    assert hanging.tries == 1
    again = Box("hanging")
    delivery = started(tmp_path, again)
    assert again.numbers(20) == [*range(20)]
    assert delivery.close(PATIENCE) == 0
    hanging.go.set()


def test_the_end_waits_for_what_is_under_way_and_says_what_still_waits(tmp_path: Path) -> None:
    """Else what goes on without us delivers what the next run sends again."""
    hanging, said = Hanging(), list[str]()
    delivery = started(tmp_path, hanging, said=said)
    offer(delivery, [1, 2])
    hanging.tried(1)
    threading.Timer(0.2, hanging.go.set).start()
    assert delivery.close(0.0, under_way=PATIENCE) == 1
    assert (hanging.numbers(1), hanging.tries) == ([1], 1)
    assert said == ["1 messages for hanging still wait"]


def test_what_is_taken_after_the_end_is_not_sent_again(tmp_path: Path) -> None:
    hanging = Hanging()
    delivery = started(tmp_path, hanging)
    offer(delivery, [1, 2])
    hanging.tried(1)
    assert delivery.close(0.0) == 2
    hanging.go.set()
    assert hanging.numbers(1) == [1]
    deadline = time.monotonic() + PATIENCE
    while len(files(tmp_path)) > 1:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert hanging.tries == 1


_KILLED = """
import sys, threading
from pathlib import Path
from tests.test_tell_spool import SOON, Box, Delivery, Hanging, SinkError, offer

sinks = [Box("failing", SinkError("no")), Hanging(), Box("working")]
delivery = Delivery(sinks, Path(sys.argv[1]), say=lambda _: None, timing=SOON)
offer(delivery, range(int(sys.argv[2]), int(sys.argv[3])))
sinks[2].numbers(1)
print("offered", flush=True)
threading.Event().wait()
"""


def _killed(folder: Path, first: int, end: int) -> None:
    command = [sys.executable, "-c", _KILLED, str(folder), str(first), str(end)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "offered\n"
        os.kill(child.pid, signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL


def test_what_was_offered_before_the_program_was_killed_is_sent_by_the_next(
    tmp_path: Path,
) -> None:
    _killed(tmp_path, 0, 30)
    _killed(tmp_path, 30, 40)
    sinks = [Box("failing"), Box("hanging")]
    delivery = started(tmp_path, *sinks)
    offer(delivery, [40])
    assert [box.numbers(41) for box in sinks] == [[*range(41)]] * 2
    assert delivery.close(PATIENCE) == 0


def test_a_reader_that_has_gone_ends_its_sink_alone(tmp_path: Path) -> None:
    closed, box = Box("stdout", SinkClosedError("closed by its reader")), Box()
    said: list[str] = []
    delivery = started(tmp_path, closed, box, said=said)
    offer(delivery, range(3))
    assert box.numbers(3) == [0, 1, 2]
    assert delivery.close(PATIENCE) == 3
    assert delivery.gone == ("stdout",)
    assert closed.tries == 1
    assert said == ["stdout: closed by its reader"]


def test_a_mistake_in_a_sink_is_a_failure_like_others(tmp_path: Path) -> None:
    box, said = Box(trouble=ZeroDivisionError("ours\nalone")), list[str]()
    delivery = started(tmp_path, box, said=said)
    offer(delivery, [1])
    box.tried(3)
    box.trouble(None)
    assert box.numbers(1) == [1]
    delivery.close(PATIENCE)
    assert said[0] == "box: ZeroDivisionError('ours\\nalone')"


def test_a_standard_error_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    def say(_: str) -> None:
        raise OSError("No space left on device")

    box = Box(trouble=SinkError("no"))
    delivery = Delivery([box], tmp_path, say=say, timing=SOON)
    offer(delivery, [1])
    box.tried(2)
    box.trouble(None)
    assert box.numbers(1) == [1]
    assert delivery.close(PATIENCE) == 0


def test_the_end_does_not_wait_for_a_pause_and_tries_again(tmp_path: Path) -> None:
    box = Box(trouble=SinkError("no"))
    delivery = started(tmp_path, box, timing=Timing(first=600.0, longest=600.0))
    offer(delivery, [1])
    box.tried(1)
    box.trouble(None)
    began = time.monotonic()
    assert delivery.close(PATIENCE) == 0
    assert time.monotonic() - began < 1.5
    assert box.numbers(1) == [1]


def test_the_end_tries_for_as_long_as_it_is_given(tmp_path: Path) -> None:
    box = Box(trouble=SinkError("no"))
    delivery = started(tmp_path, box)
    offer(delivery, [1])
    began = time.monotonic()
    assert delivery.close(0.2) == 1
    assert 0.15 < time.monotonic() - began < 1.5
    assert box.tries > 5


def test_what_is_offered_after_the_end_waits_for_the_next_run(tmp_path: Path) -> None:
    box = Box()
    delivery = started(tmp_path, box)
    assert delivery.close(PATIENCE) == 0
    offer(delivery, [1])
    assert (box.tries, len(files(tmp_path))) == (0, 1)
    delivery = started(tmp_path, box)
    assert box.numbers(1) == [1]
    delivery.close(PATIENCE)


def test_two_sinks_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two sinks are called box"):
        started(tmp_path, Box(), Box())


def test_a_document_that_is_not_json_is_refused_before_it_is_anywhere(tmp_path: Path) -> None:
    delivery = started(tmp_path, Box())
    with pytest.raises(TypeError):
        delivery.offer(news(document={"path": tmp_path}))
    assert delivery.close(PATIENCE) == 0


def test_folders_of_sinks_are_readable_and_never_shared() -> None:
    names = ["exec:a b", "exec:a-b", "exec:a\tb", "file:../../etc", "file:", "x" * 500, "\ud800"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(len(each) < 80 and each.isascii() and "/" not in each for each in folders)
    assert folders[0].startswith("exec-a-b-")
    assert not any(each.startswith(".") for each in folders)
