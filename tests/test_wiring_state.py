"""Copies of what is replaced: none is lost, and a folder that cannot hold them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssmdiag.wiring.job import JobError
from ssmdiag.wiring.state import backup


def test_a_copy_never_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    folder = tmp_path / "bk"
    kept = [Path(backup(folder, "document X", text)) for text in ("first", "second", "third")]
    names = ["document-X.json", "document-X-2.json", "document-X-3.json"]
    assert [file.name for file in kept] == names
    assert [file.read_text(encoding="utf-8") for file in kept] == ["first", "second", "third"]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}


@pytest.mark.parametrize("within", ["file", "file/x"])
def test_what_is_no_folder_is_told_in_one_line(within: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(JobError, match=r"file.* cannot be used: .*; see --backup"):
        backup(tmp_path / within, "document X", "{}")
