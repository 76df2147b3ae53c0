"""A command of the operator's: what it gets, how it ends, and that it cannot hold anything up."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ssmdiag.tell.command import CommandSink
from ssmdiag.tell.sink import MessageRefusedError, SinkError
from tests.test_tell_message import HOSTILE, news

_TELL = """
import json, os, sys
document = json.load(sys.stdin)
names = {name: value for name, value in os.environ.items() if name.startswith("SSMDIAG_")}
print("noise on standard output")
with open(sys.argv[1], "w") as file:
    json.dump([document, names, sys.argv[2:]], file)
"""


def _told(tmp_path: Path, *words: str, **changes: Any) -> list[Any]:
    out = tmp_path / "told"
    CommandSink((sys.executable, "-c", _TELL, str(out), *words)).send(news(**changes))
    told: list[Any] = json.loads(out.read_text())
    return told


def test_a_command_gets_the_document_and_three_variables(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _told(tmp_path, kind="reminder", priority="critical") == [
        news().document,
        {
            "SSMDIAG_KIND": "reminder",
            "SSMDIAG_PRIORITY": "critical",
            "SSMDIAG_SUBJECT": "The role may not use the key",
        },
        [],
    ]
    assert capfd.readouterr() == ("", "")


def test_no_shell_sees_the_words_or_the_message(tmp_path: Path) -> None:
    words = ("$HOME", "`touch x`", "a b", ";", "*", "", "-n")
    subject = "$(touch x)\nPATH=/tmp\0"
    _, names, given = _told(tmp_path, *words, subject=subject)
    assert given == list(words)
    assert names["SSMDIAG_SUBJECT"] == "$(touch x) PATH=/tmp\\x00"


@given(HOSTILE)
@settings(max_examples=20, deadline=None)
def test_no_subject_keeps_a_command_from_starting(subject: str) -> None:
    CommandSink(("/bin/true",)).send(news(subject=subject * 50, document={subject: subject}))


def test_a_big_document_is_read_to_its_end(tmp_path: Path) -> None:
    document = {"text": "x" * 5_000_000}
    assert _told(tmp_path, document=document)[0] == document


def test_a_command_that_does_not_read_its_input_is_not_waited_for() -> None:
    CommandSink(("/bin/true",), timeout=1.5).send(news(document={"text": "x" * 5_000_000}))


def test_a_command_that_leaves_a_child_behind_is_not_waited_for(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    CommandSink(("/bin/sh", "-c", f"sleep 60 & echo $! > {pid}"), timeout=1.5).send(news())
    os.kill(int(pid.read_text()), 9)


@pytest.mark.parametrize("code", [1, 3, 64, 127, 255])
def test_an_exit_code_is_an_error(code: int) -> None:
    with pytest.raises(SinkError, match=f"/bin/sh exited with {code}; see its standard") as error:
        CommandSink(("/bin/sh", "-c", f"exit {code}")).send(news())
    assert not isinstance(error.value, MessageRefusedError)


def test_a_command_can_refuse_a_message_for_good() -> None:
    with pytest.raises(MessageRefusedError, match="does not take the message: it exited with 65"):
        CommandSink(("/bin/sh", "-c", "exit 65")).send(news())


def test_what_a_command_complains_of_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SinkError):
        CommandSink(("/bin/sh", "-c", "echo no route >&2; exit 1")).send(news())
    assert capfd.readouterr() == ("", "no route\n")


def test_a_command_that_a_signal_ends_is_an_error() -> None:
    with pytest.raises(SinkError, match="/bin/sh was ended by signal 15"):
        CommandSink(("/bin/sh", "-c", "kill $$")).send(news())


@pytest.mark.parametrize(
    ("mode", "said"), [(None, "No such file or directory"), (0o600, "Permission denied")]
)
def test_a_command_that_cannot_be_started_is_an_error(mode: int, said: str, tmp_path: Path) -> None:
    program = tmp_path / "notify"
    if mode:
        program.touch(mode)
    with pytest.raises(SinkError, match=f"{program} cannot be started: {said}; see its path"):
        CommandSink((str(program),)).send(news())


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 60 & echo $! $$ > {pids}; sleep 60"
    began = time.monotonic()
    with pytest.raises(SinkError, match=r"had not ended after 0\.4 seconds and was killed"):
        CommandSink(("/bin/sh", "-c", script), timeout=0.4).send(news())
    assert time.monotonic() - began < 1.5
    assert all(_is_dead(int(pid)) for pid in pids.read_text().split())


def _is_dead(pid: int) -> bool:
    for _ in range(100):
        status = Path(f"/proc/{pid}/stat")
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_a_command_starts_in_the_environment_that_is_given(tmp_path: Path) -> None:
    out = tmp_path / "names"
    environ = {"PATH": os.defpath, "ONLY": "this"}
    CommandSink(("/bin/sh", "-c", f"env > {out}"), environ=environ).send(news())
    names = {each.partition("=")[0] for each in out.read_text().splitlines()}
    assert {"PATH", "ONLY", "SSMDIAG_KIND"} <= names
    assert "HOME" not in names
