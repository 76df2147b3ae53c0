"""What sink or disk did not take: it is counted, told as soon as that is possible, or said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ssmdiag.tell.message import Message
from ssmdiag.tell.pending import Bounds
from ssmdiag.tell.sink import MessageRefusedError, SinkError
from ssmdiag.tell.spool import folder_name
from tests.test_tell_message import news
from tests.test_tell_spool import PATIENCE, Box, files, offer, started


def test_the_oldest_are_lost_for_want_of_room_and_that_is_told_first(tmp_path: Path) -> None:
    box = Box(trouble=SinkError("no"))
    delivery = started(tmp_path, box, bounds=Bounds(messages=3))
    offer(delivery, [0])
    box.tried(2)
    offer(delivery, range(1, 30))
    assert len(list(tmp_path.rglob("*-*.json"))) <= 3
    box.trouble(None)
    assert box.numbers(4) == [None, 27, 28, 29]
    told = box.got[0]
    assert (told.kind, told.priority, told.document["lost"]["count"]) == ("error", "error", 27)
    assert told.subject == "27 messages for box could not be told"
    assert "no more than 3 messages" in told.text
    assert told.id == f"lost/box/{news().time.isoformat()}"
    assert delivery.close(PATIENCE) == 0
    assert files(tmp_path) == []


def test_a_loss_is_told_by_the_next_run_if_this_one_cannot(tmp_path: Path) -> None:
    delivery = started(tmp_path, Box(trouble=SinkError("no")), bounds=Bounds(messages=1))
    offer(delivery, range(3))
    assert delivery.close(0.0) == 1
    box = Box()
    delivery = started(tmp_path, box, bounds=Bounds(messages=1))
    assert box.numbers(2) == [None, 2]
    assert box.got[0].document["lost"]["count"] == 2
    delivery.close(PATIENCE)


def test_a_disk_that_takes_nothing_keeps_nothing_from_being_sent(tmp_path: Path) -> None:
    blocked, said = tmp_path / "spool", list[str]()
    blocked.write_text("")
    box = Box()
    delivery = started(blocked, box, said=said)
    offer(delivery, range(5))
    assert box.numbers(5) == [*range(5)]
    assert delivery.close(PATIENCE) == 0
    assert [("wait in memory only" in each) for each in said] == [True]


def test_what_neither_sink_nor_disk_took_is_said_at_the_end(tmp_path: Path) -> None:
    blocked, said = tmp_path / "spool", list[str]()
    blocked.write_text("")
    delivery = started(blocked, Box(trouble=SinkError("no")), said=said)
    offer(delivery, range(5))
    assert delivery.close(0.02) == 5
    assert said[-1] == "5 messages for box are lost: no sink, no disk took them"


_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from tests.test_tell_spool import Box, Delivery, offer

os.chdir(sys.argv[1])
os.chmod(".", 0o555)
if os.geteuid() == 0:
    os.setuid(65534)
box = Box()
delivery = Delivery([box], Path("spool"), say=print)
offer(delivery, [1, 2])
print(box.numbers(2), delivery.close(1.0))
"""


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _UNPRIVILEGED, tmp_path], capture_output=True, text=True, check=True
    )
    said, sent = done.stdout.splitlines()
    assert said.endswith(
        " cannot be written (Permission denied): until it can, messages for box wait in memory"
        " only, and end with the program"
    )
    assert sent == "[1, 2] 0"


def test_messages_for_a_sink_that_is_no_longer_named_are_said(tmp_path: Path) -> None:
    trouble = SinkError("no")
    delivery = started(tmp_path, Box("a", trouble), Box("b", trouble))
    offer(delivery, range(3))
    delivery.close(0.0)
    (tmp_path / "notes.txt").write_text("mine")
    said: list[str] = []
    box = Box("a")
    delivery = started(tmp_path, box, said=said)
    assert box.numbers(3) == [0, 1, 2]
    delivery.close(PATIENCE)
    where = tmp_path / folder_name("b")
    assert said == [f"3 messages wait in {where} for a sink that this run does not have"]


def test_a_message_that_is_refused_for_good_lets_the_next_one_through(tmp_path: Path) -> None:
    class Picky(Box):
        def send(self, message: Message) -> None:
            if message.document.get("n") == 1:
                raise MessageRefusedError("too odd")
            super().send(message)

    picky, said = Picky(), list[str]()
    delivery = started(tmp_path, picky, said=said)
    offer(delivery, range(3))
    assert picky.numbers(3) == [0, None, 2]
    assert "Why: too odd." in picky.got[1].text
    assert picky.got[1].subject == "1 message for box could not be told"
    delivery.close(PATIENCE)
    assert said == ["box: The role may not use the key: too odd"]


def test_a_sink_that_refuses_everything_is_said_and_ends(tmp_path: Path) -> None:
    box, said = Box(trouble=MessageRefusedError("never")), list[str]()
    delivery = started(tmp_path, box, said=said)
    offer(delivery, [1])
    assert delivery.close(PATIENCE) == 0
    assert said == [
        "box: The role may not use the key: never",
        "box: 1 message for box could not be told: never",
    ]
