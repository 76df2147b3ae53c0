"""A file is written as a whole or not at all; what is no file is written to."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from ssmdiag.wiring.job import JobError, write_aside


def test_a_file_is_replaced_as_a_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    report.write_text("an older one, which is longer", "utf-8")
    write_aside(report, "new")
    assert report.read_text("utf-8") == "new"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [report]


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "report.txt"
    link.symlink_to(tmp_path / "there" / "real.txt")
    write_aside(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "real.txt").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_aside(pipe, "through it")
    reader.join(timeout=10)
    assert got == [b"through it"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["folder", "absent/report.txt"])
def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(JobError, match=f"{name} cannot be written: "):
        write_aside(tmp_path / name, "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
