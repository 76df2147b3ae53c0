"""The checkpoint survives what kills a process, and never hides that it was damaged."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ssmdiag.log.checkpoint import Checkpoint, load, save
from ssmdiag.log.lock import LockedError, locked
from ssmdiag.log.tail import Mark

KNOWN = Checkpoint({"a.log": {"head": Mark(7, "b", "s")}}, {"causes": {}}, "2026-11-24T20:00:00")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "state" / "watch.json"
    assert save(path, KNOWN) is None
    assert load(path) == (KNOWN, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["watch.json"]


def test_the_first_run_has_none(tmp_path: Path) -> None:
    assert load(tmp_path / "watch.json") == (None, None)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"schema": "ssmdiag.checkpoint/9"}', '{"schema": "ssmdiag.checkpoint/1"}'],
)
def test_a_damaged_one_is_put_aside_and_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    path.write_text(text, encoding="utf-8")
    found, said = load(path)
    assert found is None
    assert said is not None
    assert "put aside as watch.json.damaged" in said
    assert (tmp_path / "watch.json.damaged").read_text(encoding="utf-8") == text
    assert load(path) == (None, None)


def test_who_only_looks_leaves_a_damaged_one_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    path.write_text("{", encoding="utf-8")
    found, said = load(path, put_aside=False)
    assert (found, "put aside" in str(said)) == (None, False)
    assert str(said).startswith(f"the checkpoint {path} cannot be used (")
    assert [each.name for each in tmp_path.iterdir()] == ["watch.json"]


def test_where_nothing_can_be_written_the_old_one_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    save(path, KNOWN)
    # To the kernel a file that may not grow is like a full disk, and root is refused as well.
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from ssmdiag.log.checkpoint import Checkpoint, save\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "print(save(Path(sys.argv[1]), Checkpoint(saved='later')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert f"the checkpoint {path} cannot be written" in done.stdout
    assert load(path) == (KNOWN, None)
    assert [each.name for each in tmp_path.iterdir()] == ["watch.json"]


def test_a_second_run_is_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "watch.json"
    program = (
        "import sys; from pathlib import Path; from ssmdiag.log.lock import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=os.environ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        said = "another run of ssmdiag watch is at work"
        with pytest.raises(LockedError, match=said), locked(path):
            pass
        other.kill()
    with locked(path):
        pass
