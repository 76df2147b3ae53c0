"""The key: that it exists, has its alias, and is rotated.

Sources: AWS KMS API Reference, CreateKey, CreateAlias and EnableKeyRotation; AWS KMS Developer
Guide, "Default key policy" and "Rotate AWS KMS keys" (which keys AWS rotates).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ssmdiag.model import Broken, Holds, NotApplicable, Resource, Verdict, Write
from ssmdiag.requirements.changes import admitting
from ssmdiag.requirements.contract import Gap, Requirement, gap_of
from ssmdiag.requirements.key.facts import find_key
from ssmdiag.setup.targets import key_policy
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Absent, Answer, Ask, Call, Known, call, promising


def requirements(wanted: Wanted) -> tuple[Requirement, ...]:
    """The key exists under its alias, and its material is rotated every year."""
    if not wanted.key_arn:
        return ()
    return (
        requirement("setup/key", "The key exists", "key", _exists, wanted),
        requirement("setup/key-rotation", "The key is rotated", "key", _rotates, wanted),
    )


def _exists(wanted: Wanted, ask: Ask) -> Verdict:
    name = wanted.alias or wanted.key_arn
    resource = Resource("key-state", name)
    found = find_key(ask, name)
    if isinstance(found, Gap):
        return unread(found, resource)
    if not isinstance(found, Absent):
        return Holds(f"{name} is key {found.id}")
    if wanted.new_key:
        calls, summary = tuple(_creation(wanted)), f"create a key with the alias {wanted.alias}"
    else:
        calls = (_alias(wanted),)
        summary = f"give key {wanted.key_arn.rsplit('/', 1)[-1]} the alias {wanted.alias}"
    said = f"there is no key {name} in {wanted.region}"
    return Broken(said, resource, (found.why,), (Write(calls, summary),))


def _rotates(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("key-state", wanted.alias or wanted.key_arn)
    if why := _why_not(ask(call("kms", "DescribeKey", KeyId=wanted.key_arn))):
        return NotApplicable(f"AWS does not rotate this key by itself: {why}")
    answer = ask(call("kms", "GetKeyRotationStatus", KeyId=wanted.key_arn))
    if not isinstance(answer, Known):
        return unread(gap_of(answer, "whether the key is rotated"), resource)
    if answer.data.get("KeyRotationEnabled"):
        return Holds("the key's material is rotated every year")
    order = call("kms", "EnableKeyRotation", KeyId=wanted.key_arn)
    write = Write((order,), "rotate the key's material every year")
    return Broken("the key's material is not rotated", resource, (), (write,))


def _why_not(described: Answer) -> str:
    """Why KMS cannot rotate a key automatically; empty if it can, or if that is not known."""
    data = described.data["KeyMetadata"] if isinstance(described, Known) else {}
    origin = data.get("Origin", "AWS_KMS")
    if data.get("CustomKeyStoreId") or origin in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"):
        return "it is in a custom key store"
    if origin != "AWS_KMS":
        return f"its material was imported (origin {origin})"
    if data.get("MultiRegionConfiguration", {}).get("MultiRegionKeyType") == "REPLICA":
        return "it is a replica, and rotated with its primary key"
    return ""


def _creation(wanted: Wanted) -> Iterator[Call]:
    create = call(
        "kms",
        "CreateKey",
        Description="Session Manager: sessions and their logs",
        Policy=json.dumps(_policy(wanted), indent=2),
    )
    yield promising(create, "KeyMetadata.Arn", wanted.key_arn)
    yield _alias(wanted)


def _alias(wanted: Wanted) -> Call:
    return call("kms", "CreateAlias", AliasName=wanted.alias, TargetKeyId=wanted.key_arn)


def _policy(wanted: Wanted) -> dict[str, Any]:
    # Without the first statement no IAM policy has any effect on the key.
    root = {
        "Sid": "EnableIAM",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{wanted.partition}:iam::{wanted.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    admitted = [admitting(admit) for admit in key_policy.admissions(wanted)]
    return {"Version": "2012-10-17", "Statement": [root, *admitted]}
