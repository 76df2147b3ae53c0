"""``setup apply`` that is ended on the way, as whoever runs it sees it: signals, pipes, folders."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from ssmdiag.demo.account import Account
from tests.program import ssmdiag
from tests.starting_states import GROUP, ROLE, STATES, start, unmet

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

_ARTICLE = (
    *("--log-group", GROUP, "--key-alias", "session-manager-logs", "--role", ROLE),
    *("--retention", "365", "--session-user", "Operators"),
)


@pytest.fixture
def empty(account: Account) -> Account:
    start(STATES["empty"], account.id)
    account.received.clear()
    return account


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ssmdiag", "setup", "apply", "--yes", *_ARTICLE],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERM": "dumb"},
    )


def _keys() -> list[str]:
    return [key["KeyArn"] for key in boto3.client("kms").list_keys()["Keys"]]


def test_a_key_without_alias_is_told_and_used_by_the_next_run(empty: Account) -> None:
    empty.faults.refuse("kms", "CreateAlias")
    done = ssmdiag("setup", "apply", "--yes", *_ARTICLE)
    (key,) = _keys()
    assert done.returncode == 1
    assert f"ssmdiag: made and not used yet: {key}\n" in done.stderr
    assert done.stderr.endswith(
        f"ssmdiag: to go on: see to that, and run the same again, with --key {key}: else another "
        "key is made\n"
    )
    empty.faults.clear()
    again = ssmdiag("setup", "apply", "--yes", *_ARTICLE, "--key", key)
    assert (again.returncode, again.stderr) == (0, "")
    assert _keys() == [key]
    assert unmet(STATES["empty"]) == []


def test_an_interrupt_tells_where_it_stands(empty: Account) -> None:
    empty.faults.hang("kms", "CreateAlias")
    program = _started()
    end = time.monotonic() + 60
    while ("kms", "CreateAlias") not in empty.requests and time.monotonic() < end:
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    _, told = program.communicate(timeout=60)
    (key,) = _keys()
    assert program.returncode == 130
    assert "ssmdiag: it was cut short; kms:CreateAlias may have been done all the same" in told
    assert re.search("^ssmdiag: done: iam:CreateInstanceProfile, .*kms:CreateKey$", told, re.M)
    assert re.search("^ssmdiag: not done: kms:CreateAlias, kms:EnableKeyRotation", told, re.M)
    assert f"run the same again, with --key {key}" in told


def test_a_reader_who_leaves_does_not_end_it(empty: Account) -> None:
    # Until then nothing can be done: the reader surely leaves before.
    empty.faults.hang("iam", "CreateRole")
    with _started() as program:
        assert program.stdout is not None
        assert program.stderr is not None
        while not program.stdout.readline().startswith("1/"):
            pass
        program.stdout.close()
        empty.faults.clear()
        told = program.stderr.read()
    assert (program.returncode, told) == (0, "")
    assert unmet(STATES["empty"]) == []


def test_a_folder_that_cannot_hold_copies_is_noticed_before_anything_is_done(
    account: Account, tmp_path: Path
) -> None:
    start(STATES["foreign statements"], account.id)
    (tmp_path / "afile").write_text("", encoding="utf-8")
    account.received.clear()
    folder = str(tmp_path / "afile/x")
    done = ssmdiag("setup", "apply", "--yes", *_ARTICLE, "--backup", folder)
    assert done.returncode == 3
    assert done.stderr == (f"ssmdiag: {folder} cannot be used: Not a directory; see --backup\n")
    assert [o for _, o in account.requests if o.startswith(("Put", "Update", "Create"))] == []
