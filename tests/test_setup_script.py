"""The script of a plan: run by ``sh`` with the real AWS CLI, twice, from every starting state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.formats.script import script
from ssmdiag.setup.grounds import settle
from ssmdiag.setup.plan import Plan, make_plan
from ssmdiag.setup.remove import make_removal
from ssmdiag.world import empty
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from tests.starting_states import ROLE, STATES, WISH, planned, start, unmet

# What a script runs are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

_MAKING = ("Create", "Update")
_TWICE = (
    "empty, with a bucket",
    "foreign statements",
    "preferences that were not made the default",
    "China",
)


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

    if name not in _TWICE:
        return
    account.received.clear()
    again = run(text, account)
    assert (again.returncode, again.stderr) == (0, "")
    assert [o for _, o in account.requests if o.startswith(_MAKING)] == []
    assert unmet(state) == []


def removal() -> Plan:
    ask = Asking(Aws(Access("us-east-1")).read)
    return make_removal(settle(WISH, ask, "us-east-1", "123456789012"), ask)


def test_a_policy_that_was_changed_meanwhile_is_not_deleted_on_the_way_back(
    account: Account,
) -> None:
    start(STATES["finished"], account.id)
    text, iam = script(removal()), boto3.client("iam")
    name = {"RoleName": ROLE, "PolicyName": "SessionManagerLogging"}
    policy = iam.get_role_policy(**name)["PolicyDocument"]
    theirs = {"Sid": "AppNeedsS3", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy["Statement"].append(theirs)
    iam.put_role_policy(**name, PolicyDocument=json.dumps(policy))

    ran = run(text, account)

    assert ran.returncode == 1
    assert ran.stderr == (
        f"Stopped: inline policy SessionManagerLogging of role {ROLE} is no longer what it was: "
        "make the plan anew\n"
    )
    assert theirs in iam.get_role_policy(**name)["PolicyDocument"]["Statement"]


def test_the_way_back_deletes_what_is_unchanged_and_may_be_run_again(account: Account) -> None:
    start(STATES["finished"], account.id)
    text = script(removal())
    for _ in range(2):
        ran = run(text, account)
        assert (ran.returncode, ran.stderr) == (0, "")
    assert boto3.client("iam").list_role_policies(RoleName=ROLE)["PolicyNames"] == []


def test_a_script_says_which_key_it_made_before_the_key_has_its_alias(account: Account) -> None:
    start(STATES["empty"], account.id)
    text = script(planned(STATES["empty"]))
    account.faults.refuse("kms", "CreateAlias")
    ran = run(text, account)
    (key,) = boto3.client("kms").list_keys()["Keys"]
    assert ran.returncode != 0
    assert f"made key {key['KeyArn']}; if this stops before its alias" in ran.stdout


def test_the_script_for_the_names_of_the_article_is_shown_in_the_docs() -> None:
    ask = Asking(empty.door("123456789012", "us-east-1", WISH.session_user))
    text = script(make_plan(settle(WISH, ask, "us-east-1", "123456789012"), ask))
    file = Path(__file__).parent.parent / "docs/setup-article.sh"
    if os.environ.get("SSMDIAG_REGENERATE"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


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
