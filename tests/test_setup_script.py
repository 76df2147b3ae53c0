"""The script of a plan: run by ``sh`` with the real AWS CLI, twice, from every starting state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.formats.script import script
from tests.starting_states import STATES, planned, start, unmet

_MAKING = ("Create", "Update")


def run(text: str, account: Account) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", text], env=account.environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", STATES)
def test_a_script_leaves_nothing_to_be_done_and_may_be_run_again(
    name: str, account: Account
) -> None:
    state = STATES[name]
    start(state, account.id)
    text = script(planned(state))

    first = run(text, account)
    assert (first.returncode, first.stderr) == (0, "")
    assert unmet(state) == []

    account.received.clear()
    again = run(text, account)
    assert (again.returncode, again.stderr) == (0, "")
    assert [o for _, o in account.requests if o.startswith(_MAKING)] == []
    assert unmet(state) == []


@pytest.mark.parametrize("name", STATES)
def test_shellcheck_finds_nothing_in_a_script(name: str, account: Account, tmp_path: Path) -> None:
    state = STATES[name]
    start(state, account.id)
    file = tmp_path / "setup.sh"
    file.write_text(script(planned(state)), encoding="utf-8")
    shellcheck = Path(sys.executable).with_name("shellcheck")
    command = [str(shellcheck), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == ""
