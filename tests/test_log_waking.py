"""Whoever waits for the logs is woken: by events, and by looking where there are none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssmdiag.log.waking import Waker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ssm"
    made.mkdir()
    (made / "a.log").write_text("x\n", encoding="utf-8")
    return made


@pytest.fixture
def waker(folder: Path) -> Iterator[Waker]:
    made = Waker([str(folder)])
    yield made
    made.close()


def _append(folder: Path) -> None:
    with (folder / "a.log").open("a", encoding="utf-8") as file:
        file.write("y\n")


def _rename(folder: Path) -> None:
    (folder / "a.log").rename(folder / "a.log.1")


@pytest.mark.parametrize("happens", [_append, _rename])
def test_a_change_wakes(happens: Callable[[Path], None], folder: Path, waker: Waker) -> None:
    threading.Timer(0.2, happens, (folder,)).start()
    start = time.monotonic()
    assert waker.wait(20)
    assert time.monotonic() - start < 4
    assert waker.how.startswith("file system events")


def test_where_nothing_happens_the_time_passes(waker: Waker) -> None:
    assert not waker.wait(0.3)


def test_reading_the_log_wakes_nobody(folder: Path, waker: Waker) -> None:
    threading.Timer(0.1, (folder / "a.log").read_text).start()
    assert not waker.wait(0.5)


def test_a_signal_wakes(waker: Waker) -> None:
    waker.wake()
    assert waker.wait(20)


def test_a_folder_that_comes_later_is_watched_and_so_is_one_that_is_made_anew(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "later"
    waker = Waker([str(folder)])
    assert "no folder to watch yet" in waker.how
    folder.mkdir()
    assert waker.wait(20)
    assert waker.how.startswith("file system events")
    shutil.rmtree(folder)
    folder.mkdir()
    while waker.wait(1):
        pass
    (folder / "a.log").write_text("x\n", encoding="utf-8")
    assert waker.wait(20)
    waker.close()


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can become a user of its own"
)
def test_where_no_watch_can_be_set_it_looks_and_says_so() -> None:
    # inotify's instances are counted by user: one whom nobody else is uses them all up.
    program = (
        "import ctypes, os, sys, threading; from pathlib import Path\n"
        "import watchdog.observers\n"
        "from ssmdiag.log.waking import Waker\n"
        "folder = Path(sys.argv[1])\n"
        "os.setuid(54321)\n"
        "libc = ctypes.CDLL(None)\n"
        "while libc.inotify_init() >= 0: pass\n"
        "waker = Waker([str(folder)])\n"
        "threading.Timer(0.2, lambda: (folder / 'a.log').write_text('longer')).start()\n"
        "print(waker.wait(20)); print(waker.how)"
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        command = [sys.executable, "-c", program, folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    woken, how = done.stdout.splitlines()
    assert woken == "True"
    assert how.startswith("a look every 0.2 s (no watch can be set: ")
