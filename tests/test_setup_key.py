"""The key of a set-up in every state that can be mended, and keys that AWS does not rotate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.model import NotApplicable
from ssmdiag.wiring.reach import performing
from tests.starting_states import STATES, WISH, State, carry_out, planned, start, unmet

_ROTATION = "setup/key-rotation"


def _state(key: str) -> State:
    return State(STATES["empty"].build, wish=replace(WISH, key=key, key_alias=None))


@pytest.mark.parametrize("deletion", [False, True], ids=["disabled", "pending deletion"])
def test_a_key_can_be_used_before_its_rotation_is_turned_on(
    deletion: bool, account: Account
) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=key)
    if deletion:
        kms.schedule_key_deletion(KeyId=key)
    state = _state(key)
    start(state, account.id)

    plan = planned(state)
    operations = [order.operation for order in plan.calls if order.service == "kms"]
    reviving = ["CancelKeyDeletion", "EnableKey"] if deletion else ["EnableKey"]
    assert operations == [*reviving, "EnableKeyRotation", "PutKeyPolicy"]
    carry_out(performing(state.region), plan.calls)
    assert unmet(state) == []


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"Origin": "EXTERNAL"}, "its material was imported (origin EXTERNAL)"),
        ({"Origin": "AWS_CLOUDHSM"}, "it is in a custom key store"),
    ],
    ids=["imported", "in a key store"],
)
def test_a_key_that_aws_does_not_rotate_is_not_to_be_rotated(
    made: Mapping[str, Any], why: str, account: Account
) -> None:
    state = _state(boto3.client("kms").create_key(**made)["KeyMetadata"]["Arn"])
    start(state, account.id)
    _not_rotated(state, why)


def test_a_replica_is_rotated_with_its_primary_key(account: Account) -> None:
    there = boto3.client("kms", region_name="eu-west-1")
    key = there.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    replica = there.replicate_key(KeyId=key, ReplicaRegion="us-east-1")["ReplicaKeyMetadata"]
    state = _state(replica["Arn"])
    start(state, account.id)
    _not_rotated(state, "it is a replica, and rotated with its primary key")


def _not_rotated(state: State, why: str) -> None:
    plan = planned(state)
    (rotation,) = (checked for checked in plan.before if checked.id == _ROTATION)
    assert isinstance(rotation.verdict, NotApplicable)
    assert rotation.verdict.said == f"AWS does not rotate this key by itself: {why}"
    assert "EnableKeyRotation" not in [order.operation for order in plan.calls]
    carry_out(performing(state.region), plan.calls)
    assert unmet(state) == []
