"""Whether the session key (and the bucket's key) is the right one and can be used.

Sources: AWS KMS Developer Guide, "Key states of KMS keys"; Systems Manager User Guide, "Turn on KMS
key encryption of session data".
"""

from __future__ import annotations

from typing import Optional, Union

from ssmdiag.iam.arn import parse_arn
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments, waits
from ssmdiag.requirements.destination.bucket_facts import bucket_key, bucket_region
from ssmdiag.requirements.identity.agent import Agent, find_agent
from ssmdiag.requirements.key.facts import Key, find_key, foreign, session_key
from ssmdiag.requirements.preferences.facts import (
    NO_KEY,
    Preferences,
    preferences_with_bucket,
    preferences_with_key,
    rewrite,
)
from ssmdiag.world.call import Absent, Ask, call


def _session_key_named(ask: Ask, situation: Situation) -> Verdict:
    found = preferences_with_key(ask, situation)
    if not isinstance(found, Preferences):
        return found
    if foreign(found.key, situation.region):
        return _other_region(ask, situation, found)
    key = find_key(ask, found.key)
    if isinstance(key, Absent) and "alias/" in found.key:
        return Broken(
            f"document {found.document} names the key {found.key}, and there is no such alias in "
            f"{situation.region}",
            Resource("prefs-document", found.document),
            (key.why,),
            (Advice("create the alias, or name an existing key in kmsKeyId"),),
        )
    if isinstance(key, Absent):
        return waits("key/state", "the key has to exist first")
    if isinstance(key, Gap):
        return _unread(ask, situation, found.key, key)
    return Holds(f"kmsKeyId names a key of {situation.region}")


def _unread(ask: Ask, situation: Situation, written: str, gap: Gap) -> Unverified:
    resource = Resource("key-policy", written)
    arn, agent = parse_arn(written), find_agent(ask, situation)
    if arn is None or not isinstance(agent, Agent) or arn.account == agent.account:
        return Unverified(gap.why, (resource,), gap.settle)
    return Unverified(
        f"the session key belongs to account {arn.account}, and neither its policy nor its state "
        "can be read from here",
        (resource,),
        f"the key's owner has to look whether key {written} is enabled, and whether its policy "
        f"admits account {agent.account}: role {agent.role} for kms:Decrypt, and those who start "
        "sessions for kms:GenerateDataKey",
        (gap.why,),
    )


def _other_region(ask: Ask, situation: Situation, found: Preferences) -> Verdict:
    arn = parse_arn(found.key)
    assert arn is not None
    here = found.key.replace(f":{arn.region}:", f":{situation.region}:", 1)
    remedies: tuple[Remedy, ...] = (
        Advice(f"name a symmetric KMS key of {situation.region} in kmsKeyId"),
    )
    if isinstance(find_key(ask, here), Key):
        summary = f"set kmsKeyId to {here} in {found.document}"
        remedies = (rewrite(found, {"kmsKeyId": here}, summary),)
    return Broken(
        f"document {found.document} names a key of {arn.region}; sessions in {situation.region} "
        "can only use a key of their own region",
        Resource("prefs-document", found.document),
        (f"kmsKeyId is {found.key}",),
        remedies,
    )


def _session_key_state(ask: Ask, situation: Situation) -> Verdict:
    key = session_key(ask, situation)
    if key is None:
        return NO_KEY
    if isinstance(key, Preferences):
        return waits("preferences/session-key", "kmsKeyId has to be mended first")
    if isinstance(key, Gap):
        return _state_from_log(situation, "key/state") or waits(
            "preferences/session-key", f"not known: {key.why}"
        )
    if isinstance(key, Absent) and "alias" in key.why.lower():
        return waits("preferences/session-key", "the alias does not exist")
    if isinstance(key, Key) and key.of_aws:
        return _of_aws(key)
    return usable(key, "the session key")


def _of_aws(key: Key) -> Broken:
    return Broken(
        f"the session key {key.arn} is an AWS managed key, whose policy admits only requests of "
        "the service that it is for",
        Resource("key-state", key.arn),
        ("DescribeKey: KeyManager AWS",),
        (Advice("create a symmetric customer managed key and name that one"),),
    )


def _state_from_log(situation: Situation, requirement: str) -> Optional[Unverified]:
    for symptom in doubted(situation, requirement):
        if symptom.failure and symptom.failure.kind == "key-state":
            name = dict(symptom.fields).get("key") or "the session key"
            return Unverified(
                f"the agent's log says that {name} cannot be used: {symptom.failure.text}",
                (Resource("key-state", name),),
                "allow kms:DescribeKey, or run `aws kms describe-key` with that key",
                (f"{symptom.title} ({moments(symptom)})",),
            )
    return None


def usable(key: Union[Key, Absent], what: str) -> Verdict:
    """Can this key be used at all: does it exist, is it symmetric, is it enabled?"""
    if isinstance(key, Absent):
        return Broken(
            f"{what} does not exist: it was deleted, or belongs to another region",
            Resource("key-state", what),
            (key.why,),
            (Advice("a deleted key cannot be brought back: name another key, or create one"),),
        )
    resource = Resource("key-state", key.arn)
    if key.spec != "SYMMETRIC_DEFAULT" or key.usage != "ENCRYPT_DECRYPT":
        return Broken(
            f"{what} {key.arn} is {key.spec} for {key.usage}; only a symmetric "
            "encryption key works",
            resource,
            (f"DescribeKey: KeySpec {key.spec}, KeyUsage {key.usage}",),
            (Advice("create a symmetric encryption key and name that one"),),
        )
    if key.state in _WORKING:
        return Holds(f"{what} {key.arn} is {key.state.lower()}")
    return Broken(
        f"{what} {key.arn} is {_STATE_WORDS.get(key.state, key.state)}, so nobody can use it",
        resource,
        (f"DescribeKey: KeyState {key.state}",),
        (_revival(key),),
    )


# A multi-Region key works while another becomes the primary one.
_WORKING = ("Enabled", "Updating")

_STATE_WORDS = {
    "Creating": "still being created",
    "PendingDeletion": "pending deletion",
    "PendingReplicaDeletion": "pending deletion, once its replicas are deleted",
    "PendingImport": "waiting for its key material",
    "Disabled": "disabled",
    "Unavailable": "unavailable (its custom key store is disconnected)",
}


def _revival(key: Key) -> Remedy:
    enable = call("kms", "EnableKey", key.region, KeyId=key.arn)
    if key.state == "Disabled":
        return Write((enable,), f"enable key {key.id}")
    if key.state in ("PendingDeletion", "PendingReplicaDeletion"):
        cancel = call("kms", "CancelKeyDeletion", key.region, KeyId=key.arn)
        return Write((cancel, enable), f"cancel the deletion of key {key.id} and enable it")
    if key.state == "PendingImport":
        return Advice("import the same key material again (kms:ImportKeyMaterial)")
    if key.state == "Unavailable":
        return Advice("reconnect the custom key store (kms:ConnectCustomKeyStore)")
    return Advice("wait until KMS shows the key as Enabled (`aws kms describe-key`)")


def _bucket_key_state(ask: Ask, situation: Situation) -> Verdict:
    found = preferences_with_bucket(ask, situation)
    if not isinstance(found, Preferences):
        return found
    name = bucket_key(ask, found.bucket)
    if isinstance(name, Gap):
        return waits("bucket/exists", name.why)
    if name is None:
        return NotApplicable("the bucket is not encrypted with a KMS key of yours")
    key = find_key(ask, name, bucket_region(ask, found.bucket, situation.region))
    if isinstance(key, Gap):
        return Unverified(key.why, (Resource("key-policy", name),), key.settle)
    return usable(key, "the bucket's key")


REQUIREMENTS = (
    Requirement(
        "preferences/session-key",
        "kmsKeyId names a key of this region",
        "preferences",
        _session_key_named,
    ),
    Requirement("key/state", "The session key can be used", "key", _session_key_state),
    Requirement("key/bucket-state", "The bucket's key can be used", "key", _bucket_key_state),
)
