"""Every form in which AWS says "access denied", as a client reads it off the wire."""

from __future__ import annotations

from typing import Any, Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account

NODE = "arn:aws:sts::123456789012:assumed-role/NodeRole/i-0c1d2e3f4a5b6c7d8"
DESCRIBE = f"User: {NODE} is not authorized to perform: logs:DescribeLogGroups"
ON_GROUPS = " on resource: arn:aws:logs:us-east-1:123456789012:log-group::log-stream:"
SCP = "arn:aws:organizations::210987654321:policy/o-a1b2c3d4e5/service_control_policy/p-9z8y7x6w"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (
            {"reason": "identity"},
            " because no identity-based policy allows the logs:DescribeLogGroups action",
        ),
        (
            {"reason": "boundary"},
            " because no permissions boundary allows the logs:DescribeLogGroups action",
        ),
        (
            {"reason": "scp"},
            " because no service control policy allows the logs:DescribeLogGroups action",
        ),
        (
            {"reason": "vpc-endpoint"},
            " because no VPC endpoint policy allows the logs:DescribeLogGroups action",
        ),
        (
            {"reason": "session"},
            " because no session policy allows the logs:DescribeLogGroups action",
        ),
        (
            {"reason": "trust"},
            " because no role trust policy allows the logs:DescribeLogGroups action",
        ),
        (
            {"reason": "identity", "explicit": True},
            " with an explicit deny in an identity-based policy",
        ),
        (
            {"reason": "resource", "explicit": True},
            " with an explicit deny in a resource-based policy",
        ),
        (
            {"reason": "rcp", "explicit": True},
            " with an explicit deny in a resource control policy",
        ),
        ({"reason": "session", "explicit": True}, " with an explicit deny in a sessions policy"),
        ({"reason": "trust", "explicit": True}, " with an explicit deny in the role trust policy"),
        (
            {"reason": "scp", "explicit": True, "policy_arn": SCP},
            f" with an explicit deny in a service control policy: {SCP}",
        ),
        (
            {"reason": "transitive"},
            " with an explicit deny in a VPC endpoint policy transitively through a service"
            " control policy",
        ),
        ({"reason": None}, ""),
    ],
    ids=str,
)
def test_the_reason_is_worded_as_aws_words_it(
    account: Account, order: dict[str, Any], reason: str
) -> None:
    account.act_as(NODE)
    account.faults.refuse("logs", "DescribeLogGroups", **order)

    with pytest.raises(ClientError) as refusal:
        boto3.client("logs").describe_log_groups()

    assert refusal.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": DESCRIBE + ON_GROUPS + reason,
    }


KEY = "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
BECAUSE = " because no identity-based policy allows the {} action"


@pytest.mark.parametrize(
    ("ask", "service", "operation", "status", "code", "said"),
    [
        (
            lambda: boto3.client("kms").describe_key(KeyId=KEY),
            *("kms", "DescribeKey", 400, "AccessDeniedException"),
            f"kms:DescribeKey on resource: {KEY}" + BECAUSE.format("kms:DescribeKey"),
        ),
        (
            lambda: boto3.client("ssm").get_document(Name="SSM-SessionManagerRunShell"),
            *("ssm", "GetDocument", 400, "AccessDeniedException"),
            "ssm:GetDocument on resource:"
            " arn:aws:ssm:us-east-1:123456789012:document/SSM-SessionManagerRunShell"
            + BECAUSE.format("ssm:GetDocument"),
        ),
        (
            lambda: boto3.client("logs").describe_log_streams(logGroupName="sessions"),
            *("logs", "DescribeLogStreams", 400, "AccessDeniedException"),
            "logs:DescribeLogStreams on resource:"
            " arn:aws:logs:us-east-1:123456789012:log-group:sessions:log-stream:"
            + BECAUSE.format("logs:DescribeLogStreams"),
        ),
        (
            lambda: boto3.client("iam").get_role(RoleName="NodeRole"),
            *("iam", "GetRole", 403, "AccessDenied"),
            "iam:GetRole on resource: role NodeRole" + BECAUSE.format("iam:GetRole"),
        ),
        (
            lambda: boto3.client("s3").get_bucket_encryption(Bucket="archive"),
            *("s3", "GetBucketEncryption", 403, "AccessDenied"),
            's3:GetEncryptionConfiguration on resource: "arn:aws:s3:::archive"'
            + BECAUSE.format("s3:GetEncryptionConfiguration"),
        ),
        (
            lambda: boto3.client("s3").put_object(Bucket="archive", Key="s/1.log", Body=b""),
            *("s3", "PutObject", 403, "AccessDenied"),
            's3:PutObject on resource: "arn:aws:s3:::archive/s/1.log"'
            + BECAUSE.format("s3:PutObject"),
        ),
    ],
    ids=["kms", "ssm", "logs", "iam", "s3 bucket", "s3 object"],
)
def test_each_service_refuses_in_its_own_protocol_and_names_its_own_resource(
    account: Account,
    ask: Callable[[], Any],
    service: str,
    operation: str,
    status: int,
    code: str,
    said: str,
) -> None:
    account.act_as(NODE)
    account.faults.refuse(service, operation)

    with pytest.raises(ClientError) as refusal:
        ask()

    error = refusal.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status
    assert error["Error"]["Code"] == code
    assert error["Error"]["Message"] == f"User: {NODE} is not authorized to perform: {said}"


def test_kms_can_keep_key_and_cause_to_itself(account: Account) -> None:
    account.act_as(NODE)
    account.faults.refuse("kms", reason="undisclosed")
    kms = boto3.client("kms")
    because = (
        " because the resource does not exist in this Region, no resource-based policies allow"
        " access, or a resource-based policy explicitly denies access"
    )

    with pytest.raises(ClientError) as described:
        kms.describe_key(KeyId=KEY)
    with pytest.raises(ClientError) as decrypted:
        kms.decrypt(CiphertextBlob=b"?")

    start = f"User: {NODE} is not authorized to perform: "
    assert described.value.response["Error"]["Message"] == (
        f"{start}kms:DescribeKey on this resource{because}"
    )
    assert decrypted.value.response["Error"]["Message"] == (
        f"{start}kms:Decrypt on the resource associated with this ciphertext{because}"
    )


def test_ec2_encodes_the_reason_as_well(account: Account) -> None:
    account.act_as(NODE)
    account.faults.refuse("ec2", "DescribeInstances")

    with pytest.raises(ClientError) as refusal:
        boto3.client("ec2").describe_instances()

    error = refusal.value.response["Error"]
    assert error["Code"] == "UnauthorizedOperation"
    assert error["Message"].startswith(
        f"You are not authorized to perform this operation. User: {NODE} is not authorized to"
        " perform: ec2:DescribeInstances because no identity-based policy allows"
    )
    assert " Encoded authorization failure message: " in error["Message"]


def test_s3_says_less_to_strangers_and_nothing_to_head(account: Account) -> None:
    account.faults.refuse("s3", reason="bare")
    s3 = boto3.client("s3")

    with pytest.raises(ClientError) as got:
        s3.get_bucket_policy(Bucket="archive")
    with pytest.raises(ClientError) as headed:
        s3.head_bucket(Bucket="archive")

    assert got.value.response["Error"]["Message"] == "Access Denied"
    assert headed.value.response["Error"] == {"Code": "403", "Message": "Forbidden"}
