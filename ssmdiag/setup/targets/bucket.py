"""The bucket: that it exists, shut to the public, and that a new one is encrypted with the key.

Sources: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage" and "Setting
default server-side encryption behavior"; agent source ``agent/s3util/s3util.go`` (which
encryption it knows).
"""

from __future__ import annotations

from ssmdiag.model import Broken, Holds, Resource, Verdict, Write
from ssmdiag.requirements.contract import Gap, Requirement, gap_of
from ssmdiag.requirements.destination.bucket_facts import (
    bucket_exists,
    creation,
    default_encryption,
)
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Absent, Ask, Call, Known, call

_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def requirements(wanted: Wanted) -> tuple[Requirement, ...]:
    """The bucket exists and is shut to the public."""
    if not wanted.bucket:
        return ()
    return (
        requirement("setup/bucket", "The bucket exists", "destination", _exists, wanted),
        requirement("setup/bucket-shut", "The bucket is shut", "destination", _shut, wanted),
    )


def _exists(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("bucket", wanted.bucket)
    found = bucket_exists(ask, wanted.bucket)
    if isinstance(found, Gap):
        return unread(found, resource)
    if found:
        return Holds(f"bucket {wanted.bucket} exists")
    write = Write(tuple(_creation(wanted)), f"create bucket {wanted.bucket}")
    return Broken(f"bucket {wanted.bucket} does not exist", resource, (), (write,))


def _shut(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("bucket", wanted.bucket)
    answer = ask(call("s3", "GetPublicAccessBlock", Bucket=wanted.bucket))
    if not isinstance(answer, (Known, Absent)):
        what = f"whether bucket {wanted.bucket} is shut to the public"
        return unread(gap_of(answer, what), resource)
    now = answer.data["PublicAccessBlockConfiguration"] if isinstance(answer, Known) else {}
    if all(now.get(block) for block in _BLOCKS):
        return Holds(f"bucket {wanted.bucket} is shut to the public")
    order = call(
        "s3",
        "PutPublicAccessBlock",
        Bucket=wanted.bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(_BLOCKS, True),
    )
    write = Write((order,), f"shut bucket {wanted.bucket} to the public")
    return Broken(f"bucket {wanted.bucket} may be opened to the public", resource, (), (write,))


def _creation(wanted: Wanted) -> list[Call]:
    calls = [creation(wanted.bucket, wanted.region)]
    if wanted.key_arn:
        calls.append(default_encryption(wanted.bucket, "aws:kms", wanted.key_arn))
    return calls
