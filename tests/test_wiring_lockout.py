"""A set-up is not carried out if it locks somebody out who starts sessions now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.demo import described
from ssmdiag.setup.grounds import settle
from ssmdiag.setup.plan import make_plan
from ssmdiag.setup.wanted import Wish
from ssmdiag.wiring.setup import Ground, objections
from ssmdiag.world.asking import Asking, first_of, nothing

BASELINE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures/scenarios/baseline.json").read_text("utf-8")
)
REGION, ACCOUNT = "eu-central-1", "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:role/PlatformOps"
WITHOUT_KEY = {"preferences": {"content": {"inputs": {"kmsKeyId": ""}}}}
DENIED = {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}
STARTS = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "locked_out"), [([STARTS, DENIED], True), ([STARTS], False)]
)
def test_who_could_not_use_the_session_key_would_be_locked_out(
    statements: list[dict[str, str]], locked_out: bool
) -> None:
    refused = _objections(statements, unproved=False)
    said = [line for line in refused if "would be refused with it" in line]
    assert bool(said) is locked_out, refused
    if locked_out:
        assert said[0].startswith(f"sessions that {USER} starts would be refused")
        assert "the user would read: “Encountered error while initiating handshake." in said[0]
        assert "--unproved" in said[0]


def test_whoever_insists_is_not_held_up_by_it() -> None:
    refused = _objections([STARTS, DENIED], unproved=True)
    assert not [line for line in refused if "would be refused with it" in line]


def _objections(statements: list[dict[str, str]], *, unproved: bool) -> tuple[str, ...]:
    user = {"user": {"policy": {"Version": "2012-10-17", "Statement": statements}}}
    whole = described.merge_patch(BASELINE["world"], WITHOUT_KEY)
    door = described.door(described.merge_patch(whole, user))
    ask = Asking(first_of([("host", nothing("no node is looked at"))], door))
    wish = Wish(log_group="/ledger/session-audit", role="LedgerNodeRole", session_user=(USER,))
    made = make_plan(settle(wish, ask, REGION, ACCOUNT), ask)
    assert made.calls
    return objections(made, Ground(ask, REGION, ACCOUNT), unproved=unproved)
