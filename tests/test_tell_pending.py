"""What waits for a sink: in order, within its bounds, on disk, and counted when it is lost."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.tell.folder import Folder
from ssmdiag.tell.loss import Loss
from ssmdiag.tell.message import Message, encode
from ssmdiag.tell.pending import Bounds, Pending, Waiting
from tests.test_tell_message import news


class Queue:
    """A queue in a folder, with what it said."""

    def __init__(self, path: Path, bounds: Optional[Bounds] = None) -> None:
        self.path = path
        self.said: list[str] = []
        self.pending = Pending("box", Folder(path), bounds or Bounds(), self.said.append)
        self.pending.close()

    def add(self, *numbers: int) -> None:
        for number in numbers:
            self.pending.add(_numbered(number))

    def drain(self) -> list[object]:
        """Everything, as if a sink had taken it: numbers of messages, and losses."""
        taken: list[object] = []
        while (item := self.pending.next()) is not None:
            taken.append(item if isinstance(item, Loss) else item.message.document["n"])
            self.pending.done(item)
        return taken

    def files(self) -> list[Path]:
        return sorted(self.path.glob("*-*.json"))


def _numbered(number: int) -> Message:
    return news(id=f"n{number}", document={"n": number})


_SIZE = len(encode(_numbered(1)))
_TIME = news().time.isoformat()


def test_messages_are_files_for_their_owner_only_until_they_are_sent(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "spool" / "box")
    queue.add(1, 2)
    assert [stat.S_IMODE(file.stat().st_mode) for file in queue.files()] == [0o600] * 2
    assert stat.S_IMODE(queue.path.stat().st_mode) == 0o700
    assert queue.drain() == [1, 2]
    assert list(queue.path.iterdir()) == []
    assert queue.said == []


def test_a_folder_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    Queue(folder).add(1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_an_earlier_run_left_comes_first(tmp_path: Path) -> None:
    Queue(tmp_path).add(1, 2, 3)
    queue = Queue(tmp_path)
    queue.add(4)
    assert queue.drain() == [1, 2, 3, 4]
    assert Queue(tmp_path).drain() == []


def test_order_outlives_any_number_of_messages(tmp_path: Path) -> None:
    queue = Queue(tmp_path)
    queue.add(1)
    (file,) = queue.files()
    file.rename(tmp_path / f"{10**13}-aaaaaaaa.json")
    queue = Queue(tmp_path)
    queue.add(2)
    assert Queue(tmp_path).drain() == [1, 2]


def test_messages_of_two_programs_with_one_number_are_both_sent(tmp_path: Path) -> None:
    Queue(tmp_path / "a").add(1)
    Queue(tmp_path / "b").add(2)
    for file in (tmp_path / "b").iterdir():
        file.rename(tmp_path / "a" / file.name)
    assert sorted(map(str, Queue(tmp_path / "a").drain())) == ["1", "2"]
    assert list((tmp_path / "a").iterdir()) == []


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Bounds(messages=3))
    queue.add(1, 2, 3, 4, 5)
    assert len(queue.files()) == 3
    why = "no more than 3 messages and 16777216 bytes wait"
    assert queue.drain() == [Loss(2, _TIME, _TIME, why), 3, 4, 5]
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_go_when_they_are_too_big(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Bounds(size=3 * _SIZE))
    queue.add(1, 2, 3, 4)
    assert sum(file.stat().st_size for file in queue.files()) <= 3 * _SIZE
    loss, *rest = queue.drain()
    assert isinstance(loss, Loss)
    assert (loss.count, rest) == (1, [2, 3, 4])


def test_a_message_that_is_bigger_than_all_the_room_is_lost_and_counted(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Bounds(size=_SIZE - 1))
    queue.add(1)
    assert queue.files() == []
    (loss,) = queue.drain()
    assert isinstance(loss, Loss)
    assert loss.count == 1


def test_what_is_being_sent_is_not_lost_for_want_of_room(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Bounds(messages=2))
    queue.add(1)
    taken = queue.pending.next()
    assert isinstance(taken, Waiting)
    queue.add(2, 3)
    queue.pending.done(taken)
    loss, *rest = queue.drain()
    assert isinstance(loss, Loss)
    assert (loss.count, rest) == (1, [3])


def test_what_could_not_be_sent_is_the_first_again(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Bounds(messages=2))
    queue.add(1, 2)
    assert isinstance(queue.pending.next(), Waiting)
    queue.pending.put_back()
    assert queue.drain() == [1, 2]


def test_what_was_lost_is_not_forgotten_by_the_next_run(tmp_path: Path) -> None:
    Queue(tmp_path, Bounds(messages=1)).add(1, 2, 3)
    queue = Queue(tmp_path, Bounds(messages=1))
    queue.add(4)
    (loss, *rest) = queue.drain()
    assert isinstance(loss, Loss)
    assert (loss.count, rest) == (3, [4])
    assert Queue(tmp_path).drain() == []


def test_what_is_lost_while_a_loss_is_told_is_told_next(tmp_path: Path) -> None:
    queue = Queue(tmp_path, Bounds(messages=1))
    queue.add(1, 2)
    told = queue.pending.next()
    assert isinstance(told, Loss)
    queue.add(3, 4)
    queue.pending.done(told)
    loss, *rest = queue.drain()
    assert isinstance(loss, Loss)
    assert (loss.count, rest) == (2, [4])


def test_bounds_that_were_narrowed_hold_for_what_is_there(tmp_path: Path) -> None:
    Queue(tmp_path).add(*range(5))
    queue = Queue(tmp_path, Bounds(messages=2))
    assert len(queue.files()) == 2
    assert queue.drain()[1:] == [3, 4]


@pytest.mark.parametrize("data", [b"", b"{", encode(_numbered(1))[:-9], b"x" * 2_000_000])
def test_a_file_that_cannot_be_read_is_lost_and_counted(data: bytes, tmp_path: Path) -> None:
    queue = Queue(tmp_path)
    queue.add(1, 2)
    queue.files()[0].write_bytes(data)
    queue = Queue(tmp_path, Bounds(size=1_000_000))
    why = f"a file in {tmp_path} could not be read"
    assert queue.drain() == [Loss(1, "", "", why), 2]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"[]", b'{"count": "x"}', b'{"count": 1}'])
def test_a_count_that_cannot_be_read_is_a_loss(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "lost.json").write_bytes(data)
    (loss,) = Queue(tmp_path).drain()
    assert isinstance(loss, Loss)
    assert loss.why == "the count of lost messages could not be read"


def test_what_was_half_written_and_what_is_not_ours_is_no_message(tmp_path: Path) -> None:
    (tmp_path / ".aside-a1b2c3d4").write_bytes(encode(_numbered(1))[:20])
    (tmp_path / "notes.txt").write_text("mine")
    assert Queue(tmp_path).drain() == []
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


def test_a_disk_that_takes_nothing_stops_nothing_and_is_said_once(tmp_path: Path) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("a file where the folder should be")
    queue = Queue(blocked / "box", Bounds(messages=3))
    queue.add(1, 2, 3, 4)
    assert queue.said == [
        f"{blocked / 'box'} cannot be written (Not a directory): until it can, messages for box"
        " wait in memory only, and end with the program"
    ]
    assert queue.pending.left() == (3, 3)
    loss, *rest = queue.drain()
    assert isinstance(loss, Loss)
    assert (loss.count, rest) == (1, [2, 3, 4])


def test_what_waited_in_memory_is_kept_as_soon_as_the_disk_takes_it(tmp_path: Path) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("")
    queue = Queue(blocked / "box", Bounds(messages=2))
    queue.add(1, 2, 3)
    blocked.unlink()
    queue.add(4)
    assert queue.said[1:] == [f"{blocked / 'box'} can be written again"]
    assert queue.pending.left() == (2, 0)
    again = Queue(blocked / "box")
    loss, *rest = again.drain()
    assert isinstance(loss, Loss)
    assert (loss.count, rest) == (2, [3, 4])


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    queue = Queue(tmp_path / "box")
    queue.add(1)
    for file in queue.files():
        file.unlink()
    queue.path.rmdir()
    queue.add(2)
    assert queue.drain() == [1, 2]
    assert queue.said == []


_FULL = """
import resource, sys
from pathlib import Path
from tests.test_tell_pending import Queue

unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, unlimited[1]))
queue = Queue(Path(sys.argv[1]))
queue.add(1, 2)
print(len(list(queue.path.iterdir())), *queue.pending.left())
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
queue.add(3)
print(len(list(queue.path.iterdir())), *queue.pending.left())
print(*queue.said, sep="\\n")
"""


def test_a_full_disk_leaves_no_halves_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "0 2 2",
        "3 3 0",
        f"{tmp_path} cannot be written (File too large): until it can, messages for box wait in"
        " memory only, and end with the program",
        f"{tmp_path} can be written again",
    ]
    assert Queue(tmp_path).drain() == [1, 2, 3]


@pytest.mark.parametrize("room", [(0, 1), (1, 0), (-1, -1)])
def test_bounds_leave_room_for_a_message(room: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="there must be room for a message"):
        Bounds(*room)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["add", "send", "fail", "refuse", "restart", "lose disk", "mend"])),
    st.integers(1, 4),
)
def test_every_message_is_sent_or_waits_or_is_counted(steps: list[str], room: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "spool", "box")
        queue = Queue(path, Bounds(messages=room))
        offered, sent, lost = 0, list[int](), 0
        for step in [*steps, "mend", "restart", *["send"] * (len(steps) + 2)]:
            if step == "add":
                queue.add(offered)
                offered += 1
            elif step == "lose disk":
                _block(path)
            elif step == "mend":
                _unblock(path)
                queue.pending.left()
            elif step == "restart" and queue.pending.left()[1] == 0 and _is_whole(path):
                queue = Queue(path, Bounds(messages=room))
            elif (item := queue.pending.next()) is None:
                continue
            elif step == "fail":
                queue.pending.put_back()
            elif isinstance(item, Loss):
                lost += item.count
                queue.pending.done(item)
            elif step == "refuse":
                queue.pending.refused(item, "no")
            else:
                sent.append(item.message.document["n"])
                queue.pending.done(item)
        assert sent == sorted(set(sent))
        assert len(sent) + lost == offered
        assert not any(path.glob("*")) if path.exists() else True


def _block(path: Path) -> None:
    if not path.parent.is_file():
        if path.parent.exists():
            path.parent.rename(path.parent.with_name("away"))
        path.parent.write_text("")


def _unblock(path: Path) -> None:
    if path.parent.is_file():
        path.parent.unlink()
        away = path.parent.with_name("away")
        if away.exists():
            away.rename(path.parent)


def _is_whole(path: Path) -> bool:
    return not path.parent.is_file()
