"""The bucket as facts: its policy and its default encryption.

Sources: Amazon S3 API Reference, GetBucketEncryption and GetBucketPolicy; Amazon S3 User Guide,
"Setting default server-side encryption behavior".
"""

from __future__ import annotations

from typing import Optional, Union

from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Call, Known, call


@dataclass(frozen=True)
class Encryption:
    """The default encryption of a bucket."""

    algorithm: str
    """``AES256``, ``aws:kms`` or ``aws:kms:dsse``."""
    key: Optional[str]
    """The KMS key as configured; None for SSE-S3 and for the AWS managed key."""


def creation(bucket: str, region: str) -> Call:
    """The Call that makes a bucket in ``region``: us-east-1 is not said (S3 API Reference)."""
    if region == "us-east-1":
        return call("s3", "CreateBucket", Bucket=bucket)
    place = {"LocationConstraint": region}
    return call("s3", "CreateBucket", Bucket=bucket, CreateBucketConfiguration=place)


def default_encryption(bucket: str, algorithm: str, key: Optional[str]) -> Call:
    """The Call that sets the default encryption of a bucket, with a bucket key."""
    default = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    wanted = {"Rules": [rule]}
    return call(
        "s3", "PutBucketEncryption", Bucket=bucket, ServerSideEncryptionConfiguration=wanted
    )


def bucket_region(ask: Ask, bucket: str, node_region: str) -> str:
    """Where the bucket is, written as a Call's region: empty for the node's own."""
    answer = ask(call("s3", "GetBucketLocation", Bucket=bucket))
    if not isinstance(answer, Known):
        return ""
    # us-east-1 has no location constraint, eu-west-1 may have an old name (S3 API Reference).
    place = answer.data.get("LocationConstraint") or "us-east-1"
    place = "eu-west-1" if place == "EU" else place
    return "" if place == node_region else str(place)


def bucket_exists(ask: Ask, bucket: str) -> Union[bool, Gap]:
    """Does the bucket exist, as far as these credentials may see?"""
    answer = ask(call("s3", "GetBucketLocation", Bucket=bucket))
    if isinstance(answer, Known):
        return True
    if isinstance(answer, Absent):
        return False
    return gap_of(answer, f"bucket {bucket}")


def reading_encryption(bucket: str) -> Call:
    """The Call that asks for the default encryption, as the agent makes it."""
    return call("s3", "GetBucketEncryption", Bucket=bucket)


def bucket_encryption(ask: Ask, bucket: str) -> Union[Encryption, Gap]:
    """The default encryption of a bucket."""
    answer = ask(reading_encryption(bucket))
    if not isinstance(answer, Known):
        return gap_of(answer, f"the default encryption of bucket {bucket}")
    rules = answer.data.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
    return Encryption(str(default.get("SSEAlgorithm", "AES256")), default.get("KMSMasterKeyID"))


def bucket_key(ask: Ask, bucket: str) -> Union[str, Gap, None]:
    """The customer's KMS key that the bucket encrypts with, if it does."""
    found = bucket_encryption(ask, bucket)
    if isinstance(found, Gap):
        return found
    managed = found.key is None or found.key.endswith("alias/aws/s3")
    return None if managed or not found.algorithm.startswith("aws:kms") else found.key


def bucket_policy(ask: Ask, bucket: str) -> Union[tuple[Policy, ...], Gap]:
    """The bucket policy, as a tuple that is empty if there is none."""
    answer = ask(call("s3", "GetBucketPolicy", Bucket=bucket))
    if isinstance(answer, Absent):
        return ()
    if not isinstance(answer, Known):
        return gap_of(answer, f"the policy of bucket {bucket}")
    try:
        document = parse(answer.data["Policy"])
    except PolicyError as error:
        return Gap(f"the policy of bucket {bucket} is malformed: {error}", "write it anew")
    return (Policy("bucket policy", "resource", document),)
