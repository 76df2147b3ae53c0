"""Buckets (Amazon S3 API Reference)."""

from __future__ import annotations

from typing import Any

from ssmdiag.world.call import Absent, Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns

# All four are on for a new bucket (Amazon S3 User Guide, "Blocking public access").
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def _create_bucket(write: Parameters, question: Call, answer: Answer) -> Answer:
    bucket = write["Bucket"]
    place = write.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    if concerns(question, "s3", "GetBucketLocation", Bucket=bucket):
        return Known({"LocationConstraint": place})
    if concerns(question, "s3", "GetBucketEncryption", Bucket=bucket):
        # Every new bucket has SSE-S3 (Amazon S3 User Guide, "default bucket encryption").
        return Known(
            _encryption([{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}])
        )
    if concerns(question, "s3", "GetPublicAccessBlock", Bucket=bucket):
        return Known({"PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKS, True)})
    if concerns(question, "s3", "GetBucketPolicy", Bucket=bucket):
        return Absent("a new bucket has no policy")
    return answer


def _put_bucket_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    if concerns(question, "s3", "GetBucketPolicy", Bucket=write["Bucket"]):
        return Known({"Policy": write["Policy"]})
    return answer


def _put_bucket_encryption(write: Parameters, question: Call, answer: Answer) -> Answer:
    if concerns(question, "s3", "GetBucketEncryption", Bucket=write["Bucket"]):
        return Known(_encryption(write["ServerSideEncryptionConfiguration"]["Rules"]))
    return answer


def _encryption(rules: list[Any]) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _put_public_access_block(write: Parameters, question: Call, answer: Answer) -> Answer:
    if concerns(question, "s3", "GetPublicAccessBlock", Bucket=write["Bucket"]):
        wanted = write["PublicAccessBlockConfiguration"]
        return Known({"PublicAccessBlockConfiguration": wanted})
    return answer


EFFECTS: Effects = {
    "PutPublicAccessBlock": _put_public_access_block,
    "CreateBucket": _create_bucket,
    "PutBucketPolicy": _put_bucket_policy,
    "PutBucketEncryption": _put_bucket_encryption,
}
