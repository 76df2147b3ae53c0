"""``ssmdiag install`` as a person runs it, on a folder that stands in place of /."""

from __future__ import annotations

import io
import os
import sys
from datetime import datetime
from pathlib import Path

import pytest

from ssmdiag.wiring.installing import Choices, installation
from ssmdiag.wiring.job import JobError, Surroundings
from tests.program import Done, ssmdiag

_NOWHERE = Path("/nowhere/python3")
_PROGRAM = ("--program", "/usr/bin/ssmdiag")


def install(*arguments: str) -> Done:
    return ssmdiag("install", *arguments)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc/cron.d", "etc/systemd/system", "Library/LaunchDaemons"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_it_prints_the_files_and_writes_nothing(root: Path) -> None:
    done = install("systemd", *_PROGRAM, "--every", "10", "--root", str(root))
    assert done.returncode == 0
    assert done.stdout.startswith("# /etc/systemd/system/ssmdiag-watch.service\n# written by")
    assert "\n# /etc/systemd/system/ssmdiag-watch.timer\n" in done.stdout
    assert "OnUnitActiveSec=10min\n" in done.stdout
    assert done.stderr == "ssmdiag: nothing was written; --write does it\n"
    assert files(root) == []


@pytest.mark.parametrize(
    ("kind", "program", "names", "next_"),
    [
        ("cron", "/usr/bin/ssmdiag", ["ssmdiag"], None),
        (
            "systemd",
            "/usr/bin/ssmdiag",
            ["ssmdiag-watch.service", "ssmdiag-watch.timer"],
            "systemctl --root={root} enable ssmdiag-watch.timer",
        ),
        ("launchd", "/usr/bin/ssmdiag", ["ssmdiag.watch.plist"], None),
        (
            "windows-task",
            r"C:\ssmdiag\ssmdiag.exe",
            ["ssmdiag-watch.xml"],
            "schtasks /Create /TN ssmdiag-watch",
        ),
    ],
)
def test_what_is_written_is_told_with_the_commands_that_start_it_and_removed_again(
    kind: str, program: str, names: list[str], next_: str, root: Path
) -> None:
    there = ("--root", str(root))
    done = install(kind, "--program", program, "--write", *there)
    assert (done.returncode, done.stderr) == (0, "")
    assert files(root) == names
    assert [line for line in done.stdout.splitlines() if line.startswith("written: ")] == [
        f"written: {path}" for path in sorted(root.rglob("*")) if path.is_file()
    ]
    if next_ is None:
        assert "Now run" not in done.stdout
    else:
        assert f"  {next_.format(root=root)}" in done.stdout
    gone = install(kind, "--remove", *there)
    assert (gone.returncode, gone.stderr) == (0, "")
    assert gone.stdout.count("removed: ") == len(names)
    assert files(root) == []
    again = install(kind, "--remove", *there)
    assert (again.returncode, again.stdout) == (0, "nothing of this kind is installed\n")


def test_whom_to_tell_is_passed_on_and_its_file_can_be_written() -> None:
    told = ("--tell", "journald", "--tell", "file:/var/log/ssm diag/news.json")
    done = install("systemd", *_PROGRAM, "--forever", *told)
    assert (
        'watch --spread 5m --tell journald --tell "file:/var/log/ssm diag/news.json"\n'
        in done.stdout
    )
    assert 'ReadWritePaths="-/var/log/ssm diag"\n' in done.stdout
    assert "Type=notify\n" in done.stdout


def test_an_image_for_many_nodes_is_warned_of_the_common_minute(root: Path) -> None:
    done = install("cron", *_PROGRAM, "--write", "--root", str(root))
    assert "nodes of one image all run at once" in done.stdout


def test_user_and_memory_are_passed_on() -> None:
    done = install("systemd", *_PROGRAM, "--user", "watcher", "--memory", "1G")
    assert "User=watcher\n" in done.stdout
    assert "MemoryMax=1G\n" in done.stdout


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("cron", *_PROGRAM, "--every", "7"), 2, "cron cannot run it every 7 minutes"),
        (("cron", *_PROGRAM, "--every", "0"), 2, "it may be 1 to 1440"),
        (("cron", "--program", "a\nb"), 2, "no file of ours can carry"),
        (("systemd", "--program", "bin/ssmdiag"), 2, "not the absolute path"),
        (("systemd", *_PROGRAM, "--user", "a b"), 2, "cannot be the name of a user"),
        (("systemd", *_PROGRAM, "--memory", "lots"), 2, "no amount of memory"),
        (("windows-task", *_PROGRAM), 2, "absolute path of a Windows program"),
        (("cron", *_PROGRAM, "--tell", "snss:topic"), 2, "is no place to tell: there is sns"),
        (("systemd", *_PROGRAM, "--tell", "sns:topic"), 2, "it must be sns: and the ARN"),
        (("cron", *_PROGRAM, "--tell", "file:news.json"), 2, "is no place to tell here"),
        (("systemd", *_PROGRAM, "--write", "--root", "{root}/none"), 3, "there is no folder"),
        (("systemd", *_PROGRAM, "--write", "--root", "{root}/etc"), 3, "is not installed"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    asked: tuple[str, ...], code: int, said: str, root: Path
) -> None:
    done = install(*(word.format(root=root) for word in asked))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    "asked",
    [
        ("systemd", "--write", "--remove"),
        ("systemd", "--every", "10", "--forever"),
        ("cron", "--forever"),
        ("launchd", "--memory", "1G"),
        ("windows-task", "--user", "alice"),
    ],
)
def test_options_that_a_kind_cannot_honour_are_misuse(asked: tuple[str, ...]) -> None:
    done = install(*asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("does", ["--write", "--remove"])
def test_a_kind_that_this_platform_lacks_is_only_printed_or_written_elsewhere(does: str) -> None:
    foreign = "systemd" if sys.platform == "win32" else "windows-task"
    program = "/usr/bin/ssmdiag" if sys.platform == "win32" else r"C:\ssmdiag.exe"
    done = install(foreign, "--program", program, does)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"this platform has no {foreign}" in done.stderr
    assert install(foreign, "--program", program).returncode == 0


# --- which program ------------------------------------------------------------------------------


def around(*folders: Path, platform: str = "linux", interpreter: Path = _NOWHERE) -> Surroundings:
    path = os.pathsep.join(map(str, folders))
    now = datetime(2026, 11, 20)
    return Surroundings(platform, {"PATH": path}, io.BytesIO(), now, interpreter)


def program(folder: Path, name: str = "ssmdiag") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _command(started: str, surroundings: Surroundings) -> str:
    (file,) = installation("cron", Choices(), started, surroundings).files
    return file.text.splitlines()[-1].partition("root ")[2].partition(" watch")[0]


def test_the_program_is_the_one_that_runs_by_the_name_it_was_called(tmp_path: Path) -> None:
    called = tmp_path / "bin/ssmdiag"
    called.parent.mkdir()
    called.symlink_to(program(tmp_path / "versions/1.0"))
    assert _command(str(called), around()) == str(called)


def test_a_module_that_runs_is_found_beside_its_interpreter_or_on_the_path(tmp_path: Path) -> None:
    started = str(tmp_path / "ssmdiag/__main__.py")
    on_path = program(tmp_path / "bin")
    assert _command(started, around(on_path.parent)) == str(on_path)
    beside = program(tmp_path / "venv/bin")
    interpreter = beside.with_name("python3")
    assert _command(started, around(on_path.parent, interpreter=interpreter)) == str(beside)


def test_a_program_that_is_nowhere_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="give --program"):
        _command(str(tmp_path / "ssmdiag/__main__.py"), around(tmp_path))
