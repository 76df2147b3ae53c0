"""CloudWatch Logs takes a KMS key for a log group only if it could use it."""

from __future__ import annotations

import json
from typing import Any, Optional

import boto3
import pytest
from botocore.exceptions import ClientError

GROUP = "sessions"
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:sessions"
ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}
FOR_LOGS = {
    "Effect": "Allow",
    "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
    "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
    "Resource": "*",
    "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP_ARN}},
}


def key_with(*statements: dict[str, Any], **kind: str) -> str:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [ROOT, *statements]})
    arn: str = boto3.client("kms").create_key(Policy=policy, **kind)["KeyMetadata"]["Arn"]
    return arn


def kms_key_of(name: str) -> Optional[str]:
    (group,) = boto3.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    key: Optional[str] = group.get("kmsKeyId")
    return key


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "addressed",
    [
        {"logGroupName": GROUP},
        {"resourceIdentifier": GROUP_ARN},
        {"resourceIdentifier": f"{GROUP_ARN}:*"},
    ],
    ids=["by name", "by ARN", "by ARN with :*"],
)
def test_a_key_that_admits_the_service_is_associated_and_taken_off_again(
    addressed: dict[str, str],
) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    key = key_with(FOR_LOGS)

    logs.associate_kms_key(kmsKeyId=key, **addressed)
    associated = kms_key_of(GROUP)
    logs.disassociate_kms_key(**addressed)

    assert associated == key
    assert kms_key_of(GROUP) is None


def statement(**changes: Any) -> dict[str, Any]:
    return {**FOR_LOGS, **changes}


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "unfit",
    [
        [],
        [statement(Principal={"Service": "logs.eu-west-1.amazonaws.com"})],
        [statement(Condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": "arn:other"}})],
        [
            statement(
                Condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": f"{GROUP_ARN}:*"}}
            )
        ],
        [FOR_LOGS, statement(Effect="Deny", Condition={})],
    ],
    ids=["no statement", "other region", "other group", "group ARN with :*", "denied"],
)
def test_a_key_policy_that_does_not_let_the_service_in_is_refused(
    unfit: list[dict[str, Any]],
) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)

    with pytest.raises(ClientError) as refusal:
        logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key_with(*unfit))

    assert refusal.value.response["Error"] == {
        "Code": "InvalidParameterException",
        "Message": "The specified KMS key does not exist or is not allowed to be used with LogGroup"
        f" '{GROUP_ARN}'",
    }
    assert kms_key_of(GROUP) is None


def disabled() -> str:
    key = key_with(FOR_LOGS)
    boto3.client("kms").disable_key(KeyId=key)
    return key


def pending_deletion() -> str:
    key = key_with(FOR_LOGS)
    boto3.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


def asymmetric() -> str:
    return key_with(FOR_LOGS, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


def absent() -> str:
    return "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


def of_another_region() -> str:
    return key_with(FOR_LOGS).replace("us-east-1", "eu-west-1")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("key", [disabled, pending_deletion, asymmetric, absent, of_another_region])
def test_an_unusable_key_is_refused_for_a_new_group_as_for_an_old_one(key: Any) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)

    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key())
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.create_log_group(logGroupName="new", kmsKeyId=key())

    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert names == [GROUP]


@pytest.mark.usefixtures("account")
def test_a_group_can_be_born_encrypted() -> None:
    key = key_with(FOR_LOGS)

    boto3.client("logs").create_log_group(
        logGroupName=GROUP, kmsKeyId=key, logGroupClass="INFREQUENT_ACCESS"
    )

    (group,) = boto3.client("logs").describe_log_groups()["logGroups"]
    assert group["kmsKeyId"] == key
    assert group["logGroupClass"] == "INFREQUENT_ACCESS"
    assert group["arn"] == f"{GROUP_ARN}:*"
    assert group["logGroupArn"] == GROUP_ARN


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("addressed", "code"),
    [
        ({"logGroupName": "nowhere"}, "ResourceNotFoundException"),
        ({"resourceIdentifier": f"{GROUP_ARN}-2"}, "ResourceNotFoundException"),
        ({"resourceIdentifier": "arn:aws:s3:::bucket"}, "InvalidParameterException"),
        ({}, "InvalidParameterException"),
        ({"logGroupName": GROUP, "resourceIdentifier": GROUP_ARN}, "InvalidParameterException"),
    ],
)
def test_a_group_that_is_not_there_or_not_named_is_refused(
    addressed: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        boto3.client("logs").disassociate_kms_key(**addressed)

    assert refusal.value.response["Error"]["Code"] == code


@pytest.mark.usefixtures("account")
def test_a_space_in_a_groups_name_is_an_invalid_parameter() -> None:
    logs = boto3.client("logs")

    with pytest.raises(logs.exceptions.InvalidParameterException, match="logGroupNamePrefix"):
        logs.describe_log_groups(logGroupNamePrefix="session logs")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="logGroupName"):
        logs.create_log_group(logGroupName="session logs")
