"""A file of JSON lines: private, rotated by others, and whole after a full disk."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.tell.file import FileSink
from ssmdiag.tell.sink import SinkError
from tests.test_tell_message import news


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in path.read_text("ascii").splitlines()]


def test_documents_are_appended_to_a_file_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    for number in range(3):
        FileSink(path).send(news(document={"n": number, "text": "a\nb"}))
    assert _read(path) == [{"n": n, "text": "a\nb"} for n in range(3)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    path.touch()
    path.chmod(0o640)
    FileSink(path).send(news())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("recreated", [True, False])
def test_a_file_that_was_rotated_away_is_left_alone(tmp_path: Path, recreated: bool) -> None:
    path, old = tmp_path / "news.jsonl", tmp_path / "news.jsonl.1"
    sink = FileSink(path)
    sink.send(news(document={"n": 1}))
    path.rename(old)
    if recreated:
        path.touch()
    sink.send(news(document={"n": 2}))
    assert (_read(old), _read(path)) == ([{"n": 1}], [{"n": 2}])


def test_a_file_that_was_emptied_is_written_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    sink = FileSink(path)
    sink.send(news(document={"n": 1}))
    os.truncate(path, 0)
    sink.send(news(document={"n": 2}))
    assert path.read_bytes() == b'{"n": 2}\n'


def test_lines_of_several_writers_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"

    sinks = [FileSink(path) for _ in range(4)]
    for sink in sinks:
        sink.send(news(document={"n": 9}))

    def write(number: int) -> None:
        for _ in range(20):
            sinks[number].send(news(document={"n": number, "text": "x" * 10_000}))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    numbers = [each["n"] for each in _read(path)[4:]]
    assert sorted(numbers) == sorted([0, 1, 2, 3] * 20)


_FULL = """
import resource, sys
from pathlib import Path
from ssmdiag.tell.file import FileSink
from ssmdiag.tell.sink import SinkError
from tests.test_tell_message import news

path, unlimited = Path(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)
sink = FileSink(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (30, unlimited[1]))
for _ in range(2):
    try:
        sink.send(news(document={"text": "x" * 100}))
    except SinkError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
sink.send(news(document={"n": 1}))
"""


def test_a_line_that_a_full_disk_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", _FULL, path], capture_output=True, text=True, check=True
    )
    short, refused = done.stdout.splitlines()
    assert short == f"{path} took 30 of 113 bytes; see whether the disk is full"
    assert refused == f"{path} cannot be written: File too large; see its folder, owner and mode"
    torn, whole = path.read_text("ascii").splitlines()
    assert torn == '{"text": "' + "x" * 20
    assert json.loads(whole) == {"n": 1}


def test_what_is_no_file_is_not_written_to(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    for path in (fifo, Path(os.devnull)):
        with pytest.raises(SinkError, match="is not a file; name one"):
            FileSink(path).send(news())


def test_a_folder_that_is_missing_is_said_and_not_made(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "logs" / "news.jsonl")
    with pytest.raises(SinkError, match="cannot be written: No such file or directory; see its"):
        sink.send(news())
    (tmp_path / "logs").mkdir()
    sink.send(news(document={"n": 1}))
    assert _read(tmp_path / "logs" / "news.jsonl") == [{"n": 1}]
