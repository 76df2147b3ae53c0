"""Which files are meant by the places that a person names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ssmdiag.log.files import Found, LogFile, find, streams
from ssmdiag.log.places import default_places
from ssmdiag.model import SourceFile


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "/var/log/amazon/ssm"),
        ("darwin", {}, "/var/log/amazon/ssm"),
        ("win32", {}, r"C:\ProgramData\Amazon\SSM\Logs"),
        ("win32", {"PROGRAMDATA": r"D:\Data"}, r"D:\Data\Amazon\SSM\Logs"),
    ],
)
def test_every_platform_has_its_default_place(
    platform: str, environ: dict[str, str], expected: str
) -> None:
    assert default_places(platform, environ) == (expected,)


def test_in_a_folder_the_agents_own_logs_are_meant(tmp_path: Path) -> None:
    agents = {
        "amazon-ssm-agent.log",
        "amazon-ssm-agent.log.17",
        "amazon-ssm-agent.log.16.gz",
        "errors.log",
        "hibernate.log.1",
        "ssm-agent-worker.log",
    }
    _touch(tmp_path, *agents, "notes.txt", "other.log", "amazon-ssm-agent.json")
    assert _names(find([str(tmp_path)])) == sorted(agents)


def test_in_a_folder_without_them_everything_that_is_named_like_a_log_is_read(
    tmp_path: Path,
) -> None:
    _touch(tmp_path, "node-7.log", "node-7.log.1", "pasted.txt", "old.gz", "image.png")
    assert _names(find([str(tmp_path)])) == ["node-7.log", "node-7.log.1", "old.gz", "pasted.txt"]


def test_a_glob_is_expanded_here_where_no_shell_did(tmp_path: Path) -> None:
    _touch(tmp_path, "a.log", "b.log", "c.txt")
    assert _names(find([str(tmp_path / "*.log")])) == ["a.log", "b.log"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    _touch(tmp_path, "errors.log")
    (tmp_path / "same.log").symlink_to(tmp_path / "errors.log")
    places = [str(tmp_path), str(tmp_path / "errors.log"), str(tmp_path / "same.log"), "-", "-"]
    assert _names(find(places)) == ["errors.log", "-"]


def test_what_cannot_be_read_is_said_in_words_and_the_rest_is_found(tmp_path: Path) -> None:
    _touch(tmp_path, "agent.log")
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop.log").symlink_to(tmp_path / "loop.log")
    places = ["agent.log", "absent.log", "empty", "*.zip", "loop.log"]
    found = find([str(tmp_path / place) for place in places])
    assert _names(found) == ["agent.log"]
    assert [each.problem for each in found if isinstance(each, SourceFile)] == [
        "there is no such file or folder",
        "there is no log in this folder",
        "no file matches this pattern",
        "too many levels of symbolic links",
    ]


def test_a_named_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    (found,) = find([str(tmp_path / "pipe.log")])
    assert isinstance(found, SourceFile)
    assert found.problem == "not a regular file; a pipe is read from standard input, as '-'"


def test_rolled_over_files_come_oldest_first_and_errors_and_hibernation_last(
    tmp_path: Path,
) -> None:
    _touch(
        tmp_path,
        "hibernate.log",
        "errors.log",
        "amazon-ssm-agent.log",
        "amazon-ssm-agent.log.9.gz",
        "amazon-ssm-agent.log.10",
    )
    files = [each for each in find([str(tmp_path)]) if isinstance(each, LogFile)]
    assert [_names(stream) for stream in streams(files)] == [
        ["amazon-ssm-agent.log.9.gz", "amazon-ssm-agent.log.10", "amazon-ssm-agent.log"],
        ["errors.log"],
        ["hibernate.log"],
    ]


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"")


def _names(found: Sequence[Found]) -> list[str]:
    return [Path(each.path).name for each in found if isinstance(each, LogFile)]
