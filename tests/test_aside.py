"""What is written aside stands there as a whole, for whom it is meant, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ssmdiag.aside import write_aside


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_gets_its_mode_whatever_the_old_one_had(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"an older one, which is longer")
    file.chmod(0o640)
    write_aside(file, b"new", mode)
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["folder", "absent/file"])
def test_what_cannot_be_put_in_its_place_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=name.partition("/")[0]):
        write_aside(tmp_path / name, b"data")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
