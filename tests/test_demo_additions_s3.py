"""A new bucket is encrypted, owned by its owner and closed to the public."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

AES256 = {"SSEAlgorithm": "AES256"}


@pytest.fixture
def s3(account: Any) -> Any:
    del account
    client = boto3.client("s3")
    client.create_bucket(Bucket="session-archive")
    return client


def default_encryption(s3: Any) -> Any:
    answer = s3.get_bucket_encryption(Bucket="session-archive")
    (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return rule["ApplyServerSideEncryptionByDefault"]


def test_a_new_bucket_has_what_aws_gives_it(s3: Any) -> None:
    controls = s3.get_bucket_ownership_controls(Bucket="session-archive")["OwnershipControls"]
    block = s3.get_public_access_block(Bucket="session-archive")["PublicAccessBlockConfiguration"]

    assert default_encryption(s3) == AES256
    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert set(block.values()) == {True}
    assert s3.get_bucket_location(Bucket="session-archive")["LocationConstraint"] is None


def test_default_encryption_can_be_changed_and_falls_back_to_sse_s3(s3: Any) -> None:
    with_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/archive"}

    s3.put_bucket_encryption(
        Bucket="session-archive",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": with_key}]
        },
    )
    assert default_encryption(s3) == with_key

    s3.delete_bucket_encryption(Bucket="session-archive")
    assert default_encryption(s3) == AES256


def test_the_agents_upload_is_taken(s3: Any) -> None:
    s3.put_object(
        Bucket="session-archive",
        Key="sessions/alice-01.log",
        Body=b"$ exit",
        ACL="bucket-owner-full-control",
    )

    stored = s3.head_object(Bucket="session-archive", Key="sessions/alice-01.log")
    assert stored["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize(
    ("operation", "bucket", "code"),
    [
        ("get_bucket_policy", "session-archive", "NoSuchBucketPolicy"),
        ("get_bucket_policy", "nobodys-archive", "NoSuchBucket"),
        ("get_bucket_encryption", "nobodys-archive", "NoSuchBucket"),
        ("get_bucket_location", "nobodys-archive", "NoSuchBucket"),
    ],
)
def test_what_is_not_there_is_said_in_its_own_code(
    s3: Any, operation: str, bucket: str, code: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(s3, operation)(Bucket=bucket)

    assert refusal.value.response["Error"]["Code"] == code
