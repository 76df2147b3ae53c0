"""The resource types of KMS, S3 and Systems Manager, and the list of all types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ssmdiag.demo.additions.cloudformation import iam, logs
from ssmdiag.demo.additions.cloudformation.kinds import (
    NOTHING,
    Kind,
    Made,
    Own,
    Place,
    Properties,
    RefusedError,
    put_again,
    put_new,
    retag,
    tag_changes,
)

_LONGEST_WAIT = 30
"""CloudFormation User Guide, "AWS::KMS::Key", PendingWindowInDays: days, unless said otherwise."""

_IMMUTABLE_IN_A_KEY = ("KeySpec", "KeyUsage", "MultiRegion")
"""The same page: a change of these fails, lest a key be replaced by accident."""

_OF_A_DOCUMENT_VERSION = ("Content", "DocumentFormat", "TargetType", "VersionName")


# --- KMS ----------------------------------------------------------------------------------------


def _create_key(place: Place, _: str, new: Properties) -> Made:
    asked = {name: new.get(name) for name in ("Description", *_IMMUTABLE_IN_A_KEY)}
    key = place.do("kms", "CreateKey", Policy=new.get("KeyPolicy"), **asked)["KeyMetadata"]
    return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _change_key(place: Place, made: Made, old: Properties, new: Properties) -> None:
    key = {"KeyId": made.id}
    if old is not NOTHING and any(old.get(name) != new.get(name) for name in _IMMUTABLE_IN_A_KEY):
        raise RefusedError(f"The properties {', '.join(_IMMUTABLE_IN_A_KEY)} cannot be changed.")
    policy = new.get("KeyPolicy")
    # At first too: in this account only PutKeyPolicy checks what CreateKey checks in AWS.
    if policy and policy != old.get("KeyPolicy"):
        bypass = new.get("BypassPolicyLockoutSafetyCheck")
        place.do("kms", "PutKeyPolicy", Policy=policy, BypassPolicyLockoutSafetyCheck=bypass, **key)
    if old is not NOTHING and old.get("Description") != new.get("Description"):
        place.do("kms", "UpdateKeyDescription", Description=new.get("Description", ""), **key)
    _change_rotation(place, key, old, new)
    if old.get("Enabled", True) != new.get("Enabled", True):
        place.do("kms", "EnableKey" if new.get("Enabled", True) else "DisableKey", **key)
    gone, changed = tag_changes(old, new)
    if gone:
        place.do("kms", "UntagResource", TagKeys=gone, **key)
    if changed:
        pairs = [{"TagKey": name, "TagValue": value} for name, value in changed.items()]
        place.do("kms", "TagResource", Tags=pairs, **key)


def _change_rotation(
    place: Place, key: Mapping[str, str], old: Properties, new: Properties
) -> None:
    rotates, days = new.get("EnableKeyRotation", False), new.get("RotationPeriodInDays")
    if rotates and (not old.get("EnableKeyRotation") or days != old.get("RotationPeriodInDays")):
        place.do("kms", "EnableKeyRotation", RotationPeriodInDays=days, **key)
    elif not rotates and old.get("EnableKeyRotation"):
        place.do("kms", "DisableKeyRotation", **key)


def _delete_key(place: Place, made: Made, old: Properties) -> None:
    state = place.do("kms", "DescribeKey", KeyId=made.id)["KeyMetadata"]["KeyState"]
    if state != "PendingDeletion":
        days = old.get("PendingWindowInDays", _LONGEST_WAIT)
        place.do("kms", "ScheduleKeyDeletion", KeyId=made.id, PendingWindowInDays=days)


def _create_alias(place: Place, name: str, new: Properties) -> Made:
    place.do("kms", "CreateAlias", AliasName=name, TargetKeyId=new["TargetKeyId"])
    return Made(name)


def _change_alias(place: Place, made: Made, old: Properties, new: Properties) -> None:
    if old is not NOTHING:
        # Not UpdateAlias, which loses the alias in moto 5.1.
        _delete_alias(place, made, old)
        _create_alias(place, made.id, new)


def _delete_alias(place: Place, made: Made, _: Properties) -> None:
    place.undo("kms", "DeleteAlias", AliasName=made.id)


# --- S3 -----------------------------------------------------------------------------------------


def _bucket_exists(place: Place, name: str, _: Properties) -> bool:
    return place.find("s3", "HeadBucket", Bucket=name) is not None


def _put_bucket(place: Place, name: str, _: Properties) -> Made:
    elsewhere = {"LocationConstraint": place.region} if place.region != "us-east-1" else None
    place.do("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=elsewhere)
    return Made(
        name,
        {
            "Arn": f"arn:{place.partition}:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com",
        },
    )


def _change_bucket(place: Place, made: Made, old: Properties, new: Properties) -> None:
    for name, (put, delete, written) in _OF_A_BUCKET.items():
        if name in new and new[name] != old.get(name):
            place.do("s3", put, Bucket=made.id, **written(new[name]))
        elif name in old and name not in new:
            place.undo("s3", delete, Bucket=made.id)


def _delete_bucket(place: Place, made: Made, _: Properties) -> None:
    place.undo("s3", "DeleteBucket", Bucket=made.id)


def _encryption(value: Properties) -> Mapping[str, Any]:
    renamed = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    rules = [
        {renamed.get(name, name): each for name, each in rule.items()}
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


_OF_A_BUCKET: Mapping[str, tuple[str, str, Callable[[Any], Mapping[str, Any]]]] = {
    "BucketEncryption": ("PutBucketEncryption", "DeleteBucketEncryption", _encryption),
    "OwnershipControls": (
        "PutBucketOwnershipControls",
        "DeleteBucketOwnershipControls",
        lambda value: {"OwnershipControls": value},
    ),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        "DeletePublicAccessBlock",
        lambda value: {"PublicAccessBlockConfiguration": value},
    ),
    "Tags": (
        "PutBucketTagging",
        "DeleteBucketTagging",
        lambda value: {"Tagging": {"TagSet": value}},
    ),
}
"""How each property is put, and taken away again."""


def _bucket_policy_exists(place: Place, _: str, new: Properties) -> bool:
    return place.find("s3", "GetBucketPolicy", Bucket=new["Bucket"]) is not None


def _put_bucket_policy(place: Place, _: str, new: Properties) -> Made:
    place.do("s3", "PutBucketPolicy", Bucket=new["Bucket"], Policy=new["PolicyDocument"])
    return Made(new["Bucket"])


def _delete_bucket_policy(place: Place, made: Made, _: Properties) -> None:
    place.undo("s3", "DeleteBucketPolicy", Bucket=made.id)


# --- Systems Manager ----------------------------------------------------------------------------


def _create_document(place: Place, name: str, new: Properties) -> Made:
    given = {each: new.get(each) for each in ("DocumentType", *_OF_A_DOCUMENT_VERSION)}
    place.do("ssm", "CreateDocument", Name=name, **given)
    return Made(name)


def _change_document(place: Place, made: Made, old: Properties, new: Properties) -> None:
    if old is not NOTHING and any(
        old.get(each) != new.get(each) for each in _OF_A_DOCUMENT_VERSION
    ):
        version = _version_with(place, made, new) or _new_version(place, made, new)
        place.do("ssm", "UpdateDocumentDefaultVersion", Name=made.id, DocumentVersion=version)
    whose = {"ResourceType": "Document", "ResourceId": made.id}
    retag(place, "ssm", ("AddTagsToResource", "RemoveTagsFromResource"), whose, old, new)


def _new_version(place: Place, made: Made, new: Properties) -> str:
    given = {each: new.get(each) for each in _OF_A_DOCUMENT_VERSION}
    updated = place.do("ssm", "UpdateDocument", Name=made.id, DocumentVersion="$LATEST", **given)
    return str(updated["DocumentDescription"]["DocumentVersion"])


def _version_with(place: Place, made: Made, new: Properties) -> str:
    """The version that has this content already: UpdateDocument would refuse it as a duplicate."""
    for listed in place.do("ssm", "ListDocumentVersions", Name=made.id)["DocumentVersions"]:
        version = {"Name": made.id, "DocumentVersion": listed["DocumentVersion"]}
        if place.do("ssm", "GetDocument", **version)["Content"] == new["Content"]:
            return str(listed["DocumentVersion"])
    return ""


def _delete_document(place: Place, made: Made, _: Properties) -> None:
    place.undo("ssm", "DeleteDocument", Name=made.id)


KINDS: Mapping[str, Kind] = {
    **iam.KINDS,
    **logs.KINDS,
    "AWS::KMS::Key": Own(
        _create_key,
        _change_key,
        _delete_key,
        properties=(
            *("BypassPolicyLockoutSafetyCheck", "Description", "EnableKeyRotation", "Enabled"),
            *("KeyPolicy", "KeySpec", "KeyUsage", "MultiRegion", "PendingWindowInDays"),
            *("RotationPeriodInDays", "Tags"),
        ),
        attributes=("Arn", "KeyId"),
    ),
    "AWS::KMS::Alias": Own(
        _create_alias,
        _change_alias,
        _delete_alias,
        properties=("AliasName", "TargetKeyId"),
        required=("AliasName", "TargetKeyId"),
        fixed=("AliasName",),
        named_by="AliasName",
    ),
    "AWS::S3::Bucket": Own(
        put_new(_put_bucket, _bucket_exists),
        _change_bucket,
        _delete_bucket,
        properties=("BucketName", *_OF_A_BUCKET),
        fixed=("BucketName",),
        attributes=("Arn", "DomainName", "RegionalDomainName"),
        named_by="BucketName",
    ),
    "AWS::S3::BucketPolicy": Own(
        put_new(_put_bucket_policy, _bucket_policy_exists),
        put_again(_put_bucket_policy),
        _delete_bucket_policy,
        properties=("Bucket", "PolicyDocument"),
        required=("Bucket", "PolicyDocument"),
        fixed=("Bucket",),
    ),
    "AWS::SSM::Document": Own(
        _create_document,
        _change_document,
        _delete_document,
        properties=("DocumentType", "Name", "Tags", "UpdateMethod", *_OF_A_DOCUMENT_VERSION),
        required=("Content",),
        fixed=("DocumentType", "Name"),
        fixed_in_a_version=_OF_A_DOCUMENT_VERSION,
        named_by="Name",
    ),
}
"""CloudFormation User Guide, "AWS resource and property types reference"."""
