"""S3: what a new bucket has from birth."""

from __future__ import annotations

from typing import Any

from ssmdiag.demo.additions.extending import Method, correct


def install() -> None:
    """Give new buckets SSE-S3, enforced ownership and blocked public access.

    S3 User Guide, "Setting default server-side encryption behavior" (all buckets, since January
    2023) and "Default settings for new S3 buckets" (since April 2023).
    """
    from moto.s3.models import S3Backend

    correct(S3Backend, "create_bucket", _with_defaults)
    correct(S3Backend, "delete_bucket_encryption", _back_to_default)


def _with_defaults(original: Method) -> Method:
    def create_bucket(backend: Any, *arguments: Any, **named: Any) -> Any:
        from moto.s3.models import PublicAccessBlock

        bucket = original(backend, *arguments, **named)
        bucket.encryption = _sse_s3()
        bucket.ownership_rule = "BucketOwnerEnforced"
        bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
        return bucket

    return create_bucket


def _back_to_default(original: Method) -> Method:
    def delete_bucket_encryption(backend: Any, bucket_name: str) -> None:
        original(backend, bucket_name)
        backend.get_bucket(bucket_name).encryption = _sse_s3()

    return delete_bucket_encryption


def _sse_s3() -> dict[str, Any]:
    default = {"SSEAlgorithm": "AES256"}
    return {"Rule": {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": "false"}}
