"""What IAM calls the permission for an operation, where that is not the operation's own name.

Source: Service Authorization Reference, "Actions defined by" Amazon S3, Amazon OpenSearch Service
and IAM.
"""

from __future__ import annotations

_OTHERWISE = {
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("opensearch", "DescribeDomain"): "es:DescribeDomain",
}


def action_of(service: str, operation: str) -> str:
    """The IAM action that permits ``operation``; ``service`` is boto3's name."""
    return _OTHERWISE.get((service, operation), f"{service}:{operation}")
