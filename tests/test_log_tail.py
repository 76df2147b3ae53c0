"""A tail reads what is new, through whatever happens to the files, and no Record twice."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ssmdiag.log.tail import SETTLED, Start, Tail


@dataclass
class Agent:
    """Writes numbered errors, and does to its log what happens to logs."""

    folder: Path
    number: int = 0
    rolls: int = 0
    lost: set[int] = field(default_factory=set)
    """Numbers that were thrown away by rotation."""

    @property
    def log(self) -> Path:
        return self.folder / "amazon-ssm-agent.log"

    def write(self, lines: int = 1, more: str = "") -> None:
        with self.log.open("a", encoding="utf-8") as file:
            for _ in range(lines):
                self.number += 1
                clock = f"2026-11-24 20:{self.number // 60 % 60:02d}:{self.number % 60:02d}"
                file.write(f"{clock}.{self.number:04d} ERROR [x] number {self.number}\n{more}")

    def rotate(self) -> None:
        """As the agent's seelog does: the highest number is the newest, five are kept."""
        if self.log.exists():
            self.rolls += 1
            self.log.rename(self._roll(self.rolls))
            self._throw_away()

    def copy_and_truncate(self) -> None:
        if self.log.exists() and self.log.stat().st_size:
            self.rolls += 1
            shutil.copy(self.log, self._roll(self.rolls))
            os.truncate(self.log, 0)
            self._throw_away()

    def _roll(self, number: int) -> Path:
        return self.folder / f"amazon-ssm-agent.log.{number}"

    def _throw_away(self) -> None:
        old = self._roll(self.rolls - 5)
        if old.exists():
            text = old.read_text(encoding="utf-8")
            numbered = [line.split("number ")[1] for line in text.splitlines() if "number" in line]
            self.lost.update(map(int, numbered))
            old.unlink()


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def tail(agent: Agent, start: Start = "start") -> Tail:
    return Tail(str(agent.log), None, start)


def again(before: Tail) -> Tail:
    """The tail of another process, which has the marks of the one before."""
    return Tail(before.family, dict(before.marks), "now")


def numbers(it: Tail, later: float = 0) -> list[int]:
    seen = it.news(datetime.now() + timedelta(seconds=later))
    return [int(each.record.message.split("number ")[1].split()[0]) for each in seen]


def _rotations(agent: Agent) -> None:
    for _ in range(3):
        agent.rotate()
        agent.write(2)


def _rewritten(agent: Agent) -> None:
    agent.log.unlink()
    agent.write(2)


def _grown_behind(agent: Agent) -> None:
    """Another process still holds the file that was rotated away, and writes to it."""
    with agent.log.open("a", encoding="utf-8") as held:
        agent.rotate()
        agent.write(1)
        agent.number += 1
        held.write(f"2026-11-24 21:00:00.0000 ERROR [y] number {agent.number}\n")


@pytest.mark.parametrize(
    ("happens", "count"),
    [
        pytest.param(lambda agent: agent.write(3), 3, id="lines are added"),
        pytest.param(lambda agent: agent.write(0), 0, id="nothing happens"),
        pytest.param(_rotations, 6, id="it is rotated three times"),
        pytest.param(_rewritten, 2, id="it is deleted and made anew"),
        pytest.param(_grown_behind, 2, id="a rotated file goes on growing"),
    ],
)
def test_what_came_since_is_read_once(
    happens: Callable[[Agent], None], count: int, agent: Agent
) -> None:
    agent.write(5)
    first = tail(agent)
    assert numbers(first) == [1, 2, 3, 4, 5]
    happens(agent)
    for it in (again(first), first):
        assert sorted(numbers(it)) == list(range(6, 6 + count))
        assert numbers(it) == []


def test_a_copy_that_was_truncated_is_found_again(agent: Agent) -> None:
    agent.write(3)
    it = tail(agent)
    assert numbers(it) == [1, 2, 3]
    agent.write(2)
    agent.copy_and_truncate()
    agent.write(1)
    assert numbers(it) == [4, 5, 6]


def test_a_log_may_come_later(agent: Agent) -> None:
    it = tail(agent, "now")
    assert numbers(it) == []
    agent.write(2)
    assert numbers(it) == [1, 2]


def test_half_a_line_is_left_until_it_is_whole(agent: Agent) -> None:
    agent.write(1)
    it = tail(agent)
    assert numbers(it) == [1]
    with agent.log.open("a", encoding="utf-8") as file:
        file.write("2026-11-24 20:00:02.0002 ERROR [x] num")
        file.flush()
        assert numbers(it) == []
        file.write("ber 2\n")
    assert numbers(it) == [2]


def test_lines_that_come_later_tell_their_record_again_under_the_same_identity(
    agent: Agent,
) -> None:
    agent.write(1)
    it = tail(agent)
    (first,) = it.news(datetime.now())
    with agent.log.open("a", encoding="utf-8") as file:
        file.write("\tstatus code: 400, request id: 1\n")
    (grown,) = it.news(datetime.now())

    assert (first.open, grown.open) == (True, True)
    assert first.identity == grown.identity
    assert "status code: 400" in grown.record.message
    assert list(it.news(datetime.now())) == []
    assert list(it.news(datetime.now() + timedelta(seconds=SETTLED + 1))) == []
    assert [mark.offset for mark in it.marks.values()] == [agent.log.stat().st_size]


@pytest.mark.parametrize(
    ("start", "expected"),
    [("start", [1, 2, 3]), ("now", []), (timedelta(minutes=1), [3])],
)
def test_the_first_run_begins_where_it_is_told_to(
    start: Start, expected: list[int], agent: Agent
) -> None:
    now = datetime.now()
    moments = (now - timedelta(hours=6), now - timedelta(hours=3, minutes=5), now)
    with agent.log.open("w", encoding="utf-8") as file:
        for number, moment in enumerate(moments, start=1):
            file.write(f"{moment:%Y-%m-%d %H:%M:%S}.0000 ERROR [x] number {number}\n")
    assert numbers(tail(agent, start), later=SETTLED + 1) == expected


def test_when_every_file_is_gone_that_was_read_it_is_said(agent: Agent) -> None:
    agent.write(1)
    it = tail(agent)
    assert numbers(it) == [1]
    for _ in range(7):
        agent.rotate()
        agent.write(1)
    assert numbers(it) == [3, 4, 5, 6, 7, 8]
    assert "lines may have been lost" in it.notes[0]


def test_a_damaged_archive_beside_the_log_is_told_once_and_does_not_stop_the_rest(
    agent: Agent,
) -> None:
    agent.write(3)
    packed = gzip.compress(agent.log.read_bytes() * 500)
    damaged = agent.folder / "amazon-ssm-agent.log.1.gz"
    damaged.write_bytes(packed[: len(packed) // 2] + bytes(range(256)) * 20)
    it = tail(agent)
    assert numbers(it) == [1, 2, 3]
    agent.write(1)
    assert numbers(it) == [4]
    assert it.notes == [f"{damaged}: the compressed data is damaged, so it is not read"]


def test_an_archive_that_was_read_is_not_opened_again_while_it_looks_the_same(agent: Agent) -> None:
    agent.write(2)
    archive = agent.folder / "amazon-ssm-agent.log.1.gz"
    archive.write_bytes(gzip.compress(agent.log.read_bytes()))
    os.utime(archive, (1_790_000_000, 1_790_000_000))
    agent.log.unlink()
    it = tail(agent)
    assert numbers(it) == [1, 2]
    archive.write_bytes(b"\x1f\x8b".ljust(archive.stat().st_size, b"-"))
    os.utime(archive, (1_790_000_000, 1_790_000_000))
    agent.write(1)
    assert numbers(it) == [3]
    assert it.notes == []


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_and_nothing_told_twice_whatever_happens(seed: int, agent: Agent) -> None:
    chance = random.Random(seed)
    agent.write(2)
    it, seen, identities = tail(agent), [], set()
    for _ in range(80):
        dice = chance.random()
        if dice < 0.5:
            agent.write(chance.randint(1, 4), more=chance.choice(["", "\tstatus code: 400\n"]))
        elif dice < 0.6:
            agent.rotate()
        elif dice < 0.66:
            agent.copy_and_truncate()
        elif dice < 0.7:
            it = again(it)
        else:
            for each in it.news(datetime.now()):
                seen.append(int(each.record.message.split("number ")[1].split()[0]))
                identities.add(each.identity)
    seen += numbers(it)
    assert sorted(set(seen) | agent.lost) == list(range(1, agent.number + 1))
    assert len(seen) == len(set(seen))
    assert len(identities) <= len(seen)
