"""KMS keys: policies under their default name, states that exclude one another, foreign keys."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ROOT = {
    "Sid": "EnableIAM",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}
UNKNOWN = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def new_key() -> str:
    arn: str = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def error_of(refusal: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("named", [{}, {"PolicyName": "default"}], ids=["unnamed", "default"])
def test_a_key_policy_is_written_and_read_back(named: dict[str, str]) -> None:
    kms, key = boto3.client("kms"), new_key()

    kms.put_key_policy(KeyId=key, Policy=policy(ROOT), **named)

    answer = kms.get_key_policy(KeyId=key, **named)
    assert json.loads(answer["Policy"])["Statement"] == [ROOT]
    assert answer["PolicyName"] == "default"


@pytest.mark.usefixtures("account")
def test_no_key_has_a_policy_of_another_name() -> None:
    with pytest.raises(ClientError) as refusal:
        boto3.client("kms").get_key_policy(KeyId=new_key(), PolicyName="mine")

    assert error_of(refusal) == ("NotFoundException", "No such policy exists")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("text", ["{", "[]", '{"Version": "2012-10-17"}'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ClientError) as refusal:
        boto3.client("kms").put_key_policy(KeyId=new_key(), Policy=text)

    assert error_of(refusal)[0] == "MalformedPolicyDocumentException"


@pytest.mark.usefixtures("account")
def test_a_policy_that_locks_its_author_out_is_refused_unless_insisted_on() -> None:
    kms, key = boto3.client("kms"), new_key()
    logs_only = {**ROOT, "Principal": {"Service": "logs.us-east-1.amazonaws.com"}}

    with pytest.raises(ClientError, match="will not allow you to update the key policy"):
        kms.put_key_policy(KeyId=key, Policy=policy(logs_only))
    kms.put_key_policy(KeyId=key, Policy=policy(logs_only), BypassPolicyLockoutSafetyCheck=True)

    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"] == [logs_only]


@pytest.mark.usefixtures("account")
def test_a_key_is_described_by_id_arn_alias_and_alias_arn() -> None:
    kms, key = boto3.client("kms"), new_key()
    kms.create_alias(AliasName="alias/sessions", TargetKeyId=key)

    names = (
        key,
        key.rpartition("/")[2],
        "alias/sessions",
        "arn:aws:kms:us-east-1:123456789012:alias/sessions",
    )

    assert {kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"] for name in names} == {key}
    (alias,) = kms.list_aliases(KeyId=key)["Aliases"]
    assert alias["AliasName"] == "alias/sessions"
    assert kms.list_grants(KeyId=key)["Grants"] == []


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        (
            UNKNOWN,
            "NotFoundException",
            f"Key 'arn:aws:kms:us-east-1:123456789012:key/{UNKNOWN}' does not exist",
        ),
        (
            "alias/nowhere",
            "NotFoundException",
            "Alias arn:aws:kms:us-east-1:123456789012:alias/nowhere is not found.",
        ),
        (
            f"arn:aws:kms:eu-west-1:123456789012:key/{UNKNOWN}",
            "NotFoundException",
            "Invalid arn eu-west-1",
        ),
        (
            f"arn:aws:kms:us-east-1:210987654321:key/{UNKNOWN}",
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/administrator is not authorized to perform:"
            " kms:DescribeKey on this resource because the resource does not exist in this Region,"
            " no resource-based policies allow access, or a resource-based policy explicitly"
            " denies access",
        ),
    ],
    ids=["unknown key", "unknown alias", "other region", "other account"],
)
def test_a_key_that_cannot_be_found_is_refused_as_kms_words_it(
    name: str, code: str, message: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        boto3.client("kms").describe_key(KeyId=name)

    assert error_of(refusal) == (code, message)


@pytest.mark.usefixtures("account")
def test_a_key_comes_back_from_deletion_disabled_and_must_be_enabled() -> None:
    kms, key = boto3.client("kms"), new_key()

    def state() -> str:
        found: str = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        return found

    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert state() == "PendingDeletion"
    with pytest.raises(ClientError) as refusal:
        kms.enable_key(KeyId=key)
    assert error_of(refusal) == ("KMSInvalidStateException", f"{key} is pending deletion.")

    kms.cancel_key_deletion(KeyId=key)
    assert state() == "Disabled"
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.cancel_key_deletion(KeyId=key)

    kms.enable_key(KeyId=key)
    assert state() == "Enabled"


@pytest.mark.usefixtures("account")
def test_rotation_is_turned_on_for_a_key_that_is_enabled_only() -> None:
    kms, key = boto3.client("kms"), new_key()

    def refused() -> tuple[str, str]:
        with pytest.raises(ClientError) as refusal:
            kms.enable_key_rotation(KeyId=key)
        return error_of(refusal)

    kms.disable_key(KeyId=key)
    assert refused() == ("DisabledException", f"{key} is disabled.")
    kms.schedule_key_deletion(KeyId=key)
    assert refused() == ("KMSInvalidStateException", f"{key} is pending deletion.")
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


@pytest.mark.usefixtures("account")
def test_material_that_was_imported_is_not_rotated() -> None:
    kms = boto3.client("kms")
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    said = f"{key} origin is EXTERNAL which is not valid for this operation."
    for ask in (kms.enable_key_rotation, kms.get_key_rotation_status):
        with pytest.raises(ClientError) as refusal:
            ask(KeyId=key)
        assert error_of(refusal) == ("UnsupportedOperationException", said)


@pytest.mark.usefixtures("account")
def test_a_replica_is_one_and_is_rotated_with_its_primary_key_only() -> None:
    kms, there = boto3.client("kms"), boto3.client("kms", region_name="eu-west-1")
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")

    replica = there.describe_key(KeyId=key)["KeyMetadata"]
    primary = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert replica["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert primary["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    with pytest.raises(ClientError) as refusal:
        there.enable_key_rotation(KeyId=key)
    assert error_of(refusal)[0] == "UnsupportedOperationException"
    kms.enable_key_rotation(KeyId=key)
