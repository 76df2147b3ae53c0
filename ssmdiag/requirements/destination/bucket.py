"""Session logs in S3: the bucket, its encryption, and the right to write to it.

The agent asks for the bucket's default encryption and repeats it in the upload's headers; if it may
not ask, or does not know the algorithm, it uploads without them, and a bucket policy that demands
the headers then refuses the upload. Its requests go to the bucket's region. Sources: agent source
``agent/s3util/s3util.go``; Amazon S3 User Guide, "Protecting data with server-side encryption";
Systems Manager User Guide, "Logging session data using Amazon S3".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Optional, Union

from ssmdiag.iam.arn import partition_of
from ssmdiag.model import (
    Allow,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.destination.bucket_facts import (
    Encryption,
    bucket_encryption,
    bucket_exists,
    bucket_policy,
    bucket_region,
    creation,
    default_encryption,
    reading_encryption,
)
from ssmdiag.requirements.identity.agent import Agent, same_identity, the_agent
from ssmdiag.requirements.preferences.facts import Preferences, preferences_with_bucket
from ssmdiag.requirements.role.authorisation import Need, Witness, permission
from ssmdiag.requirements.role.permissions import agent_need
from ssmdiag.requirements.role.policies import RolePolicies, read_role
from ssmdiag.world.call import Ask

EXISTS = "bucket/exists"
_HEADER = "s3:x-amz-server-side-encryption"
_HEADER_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_KNOWN_TO_AGENT = ("AES256", "aws:kms")
_REPEATED = (
    "the agent sends the bucket's default encryption as a header, if that is "
    + " or ".join(_KNOWN_TO_AGENT)
)

Stage = tuple[Preferences, Agent, RolePolicies]


def stage_of(ask: Ask, situation: Situation) -> Union[Stage, Verdict]:
    """Who writes to which bucket; the Verdict of all that concerns it, if that is not known yet."""
    found = preferences_with_bucket(ask, situation)
    if not isinstance(found, Preferences):
        return found
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    if bucket_exists(ask, found.bucket) is False:
        return waits(EXISTS, "the bucket has to exist first")
    return found, agent, read_role(ask, agent.role)


def _exists(ask: Ask, situation: Situation) -> Verdict:
    found = preferences_with_bucket(ask, situation)
    if not isinstance(found, Preferences):
        return found
    exists = bucket_exists(ask, found.bucket)
    resource = Resource("bucket", found.bucket)
    if isinstance(exists, Gap):
        return Unverified(exists.why, (resource,), exists.settle)
    if exists:
        return Holds(f"bucket {found.bucket} exists")
    create = creation(found.bucket, situation.region)
    return Broken(
        f"bucket {found.bucket}, which the preferences name, does not exist",
        resource,
        ("GetBucketLocation: no such bucket",),
        (Write((create,), f"create bucket {found.bucket} in {situation.region}"),),
    )


def _encryption(ask: Ask, situation: Situation) -> Verdict:
    found = preferences_with_bucket(ask, situation)
    if not isinstance(found, Preferences):
        return found
    if not found.flag("s3EncryptionEnabled"):
        return NotApplicable("the preferences do not demand an encrypted bucket")
    if bucket_exists(ask, found.bucket) is False:
        return waits(EXISTS, "the bucket has to exist first")
    encryption = bucket_encryption(ask, found.bucket)
    resource = Resource("bucket", found.bucket)
    if isinstance(encryption, Gap):
        return Unverified(encryption.why, (resource,), encryption.settle)
    if encryption.algorithm in _KNOWN_TO_AGENT:
        return Holds(f"bucket {found.bucket} is encrypted with {encryption.algorithm}")
    stage = stage_of(ask, situation)
    accepted = _accepted(ask, situation, stage) if isinstance(stage, tuple) else None
    return Broken(
        f"bucket {found.bucket} is encrypted with {encryption.algorithm}, which the agent takes "
        "for not encrypted",
        resource,
        ("the agent knows AES256 and aws:kms only",),
        (_default_encryption(found.bucket, accepted or _with_kms(encryption)),),
    )


def _with_kms(now: Encryption) -> Encryption:
    """Encryption with KMS, and with the bucket's own key if it has one."""
    return Encryption("aws:kms", now.key)


def _accepted(ask: Ask, situation: Situation, stage: Stage) -> Optional[Encryption]:
    """Another default encryption, which the agent would repeat and so be allowed to upload.

    It never takes the bucket off a key that somebody chose for it.
    """
    now = bucket_encryption(ask, stage[0].bucket)
    if isinstance(now, Gap):
        return None
    others = [_with_kms(now)] if now.key else [_with_kms(now), Encryption("AES256", None)]
    for other in others:
        if other.algorithm == now.algorithm:
            continue
        if isinstance(_upload(ask, situation, stage, other), Holds):
            return other
    return None


def _default_encryption(bucket: str, wanted: Encryption) -> Write:
    order = default_encryption(bucket, wanted.algorithm, wanted.key)
    return Write((order,), f"set the default encryption of bucket {bucket} to {wanted.algorithm}")


def _read_encryption(ask: Ask, situation: Situation) -> Verdict:
    stage = stage_of(ask, situation)
    if not isinstance(stage, tuple):
        return stage
    found, agent, role = stage
    verdict = permission(situation, _encryption_need(ask, situation, found, agent, role), role)
    if not isinstance(verdict, Broken) or found.flag("s3EncryptionEnabled"):
        return verdict
    upload = _upload(ask, situation, stage, header=None)
    if isinstance(upload, Broken) and isinstance(_upload_as_is(ask, situation, stage), Holds):
        return verdict
    return NotApplicable("the agent uploads without knowing the encryption, and nothing forbids it")


def _encryption_need(
    ask: Ask, situation: Situation, found: Preferences, agent: Agent, role: RolePolicies
) -> Need:
    policy = bucket_policy(ask, found.bucket)
    arn = f"arn:{partition_of(situation.region)}:s3:::{found.bucket}"
    action = "s3:GetEncryptionConfiguration"
    same = same_identity(ask, agent)
    return agent_need(
        situation,
        agent,
        role,
        requirement="role/get-bucket-encryption",
        action=action,
        resource=arn,
        what=f"bucket {found.bucket}",
        context={"aws:RequestedRegion": _place(ask, situation, found.bucket)},
        resource_policy=policy,
        resource_policy_of=Resource("bucket", found.bucket),
        remedy=Allow(agent.role, (action,), arn, "ReadBucketEncryption"),
        witness=Witness("ssmdiag's own Call", partial(ask, reading_encryption(found.bucket)))
        if same
        else None,
    )


def _write(ask: Ask, situation: Situation) -> Verdict:
    stage = stage_of(ask, situation)
    if not isinstance(stage, tuple):
        return stage
    verdict = _upload_as_is(ask, situation, stage)
    if not (isinstance(verdict, Broken) and verdict.resource.kind == "bucket"):
        return verdict
    # A policy that demands another algorithm is met by making that one the bucket's default.
    accepted = _accepted(ask, situation, stage)
    if accepted is None:
        return verdict
    return Broken(
        verdict.said,
        verdict.resource,
        (*verdict.evidence, _REPEATED),
        (_default_encryption(stage[0].bucket, accepted),),
    )


def _upload_as_is(ask: Ask, situation: Situation, stage: Stage) -> Verdict:
    return _upload(ask, situation, stage, _header(ask, stage[0].bucket))


def _header(ask: Ask, bucket: str) -> Optional[Encryption]:
    """What the agent sends as headers: the default encryption, if it knows the algorithm."""
    found = bucket_encryption(ask, bucket)
    if isinstance(found, Gap) or found.algorithm not in _KNOWN_TO_AGENT:
        return None
    return found


def _upload(ask: Ask, situation: Situation, stage: Stage, header: Optional[Encryption]) -> Verdict:
    """Judge PutObject with the encryption headers that the agent would send."""
    return permission(situation, _upload_need(ask, situation, stage, header), stage[2])


def uploading(ask: Ask, situation: Situation, agent: Agent, role: RolePolicies) -> tuple[Need, ...]:
    """What the agent needs of the bucket to upload session logs; nothing without a bucket.

    The key of the bucket is not among it: S3 itself asks KMS.
    """
    stage = stage_of(ask, situation)
    if not isinstance(stage, tuple):
        return ()
    return (
        _encryption_need(ask, situation, stage[0], agent, role),
        _upload_need(ask, situation, stage, _header(ask, stage[0].bucket)),
    )


def _place(ask: Ask, situation: Situation, bucket: str) -> str:
    """The region that the agent's requests go to: the bucket's own, wherever the node is."""
    return bucket_region(ask, bucket, situation.region) or situation.region


def _upload_need(
    ask: Ask, situation: Situation, stage: Stage, header: Optional[Encryption]
) -> Need:
    found, agent, role = stage
    policy = bucket_policy(ask, found.bucket)
    base = f"arn:{partition_of(situation.region)}:s3:::{found.bucket}"
    folder = f"{base}/{found.prefix}/" if found.prefix else f"{base}/"
    context: dict[str, Union[str, Sequence[str], None]] = {
        _HEADER: header.algorithm if header else None,
        _HEADER_KEY: header.key if header else None,
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:RequestedRegion": _place(ask, situation, found.bucket),
    }
    return agent_need(
        situation,
        agent,
        role,
        requirement="role/put-object",
        action="s3:PutObject",
        resource=f"{folder}session-0123456789abcdef0.log",
        what=f"bucket {found.bucket}",
        context=context,
        resource_policy=policy,
        resource_policy_of=Resource("bucket", found.bucket),
        remedy=Allow(agent.role, ("s3:PutObject",), f"{folder}*", "WriteSessionLogToBucket"),
    )


REQUIREMENTS = (
    Requirement(EXISTS, "The bucket exists", "destination", _exists),
    Requirement(
        "bucket/encryption", "The bucket is encrypted as demanded", "destination", _encryption
    ),
    Requirement(
        "role/get-bucket-encryption",
        "The role may read the bucket's encryption",
        "permission",
        _read_encryption,
    ),
    Requirement("role/put-object", "The role may write to the bucket", "permission", _write),
)
