"""Whether CloudWatch Logs can use the key that encrypts the log group.

Source: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
"""

from __future__ import annotations

from typing import Union

from ssmdiag.iam.arn import logs_principal
from ssmdiag.iam.evaluate import evaluate
from ssmdiag.iam.policy import Decision, Policies, Policy, Request
from ssmdiag.model import (
    Admit,
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments, waits
from ssmdiag.requirements.key import usable
from ssmdiag.requirements.key_facts import Key, find_key, key_policy, session_key
from ssmdiag.requirements.log_group_facts import Group, find_group
from ssmdiag.requirements.preferences_facts import READABLE, find_preferences
from ssmdiag.world.call import Absent, Ask

LOGS_ACTIONS = (
    "kms:Encrypt*",
    "kms:Decrypt*",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:Describe*",
)
# Describe* is left out: DescribeKey has no encryption context, so the documented statement itself
# does not allow it.
_LOGS_MUST = ("kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom")


def log_group_key(ask: Ask, situation: Situation) -> Union[tuple[Group, Key], Verdict]:
    """The group and the key that CloudWatch Logs has to use for it: its own, or the one to be."""
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return waits(READABLE, "not known before the preferences are")
    if not found.group:
        return NotApplicable("no log group is configured")
    group = find_group(ask, situation, found.group)
    if isinstance(group, Gap):
        return waits("log-group/exists", "not known before the log group is")
    name = group.key
    if name is None:
        if not found.flag("cloudWatchEncryptionEnabled"):
            return NotApplicable("the log group has no KMS key, and none is demanded")
        key = session_key(ask, situation)
        if not isinstance(key, Key):
            return waits("log-group/encrypted", "the log group has no key yet")
    else:
        own = find_key(ask, name)
        if isinstance(own, Absent):
            return usable(own, "the log group's key", "key/log-group-state", situation)
        if isinstance(own, Gap):
            return Unverified(own.why, (Resource("key-policy", name),), own.settle)
        key = own
    return group, key


def _log_group_key_state(ask: Ask, situation: Situation) -> Verdict:
    found = log_group_key(ask, situation)
    if not isinstance(found, tuple):
        return found
    _, key = found
    shared = session_key(ask, situation)
    if isinstance(shared, Key) and shared.arn == key.arn:
        return NotApplicable("the log group's key is the session key")
    return usable(key, "the log group's key", "key/log-group-state", situation)


def _log_group_key_policy(ask: Ask, situation: Situation) -> Verdict:
    found = log_group_key(ask, situation)
    if not isinstance(found, tuple):
        return (
            found
            if isinstance(found, (NotApplicable, Unverified))
            else waits("key/log-group-state", "the key has to exist first")
        )
    group, key = found
    service = logs_principal(situation.region)
    group_arn = group.arn(key.account)
    policy = key_policy(ask, key.arn)
    resource = Resource("key-policy", key.arn)
    signs = tuple(f"{s.title} ({moments(s)})" for s in doubted(situation, "key/log-group-policy"))
    if isinstance(policy, Gap):
        settle = f"{policy.settle}; GetKeyPolicy works only in the key's own account {key.account}"
        return Unverified(policy.why, (resource,), settle, signs)
    decisions = [_admitted(service, group_arn, key, policy, action) for action in _LOGS_MUST]
    bad = next((d for d in decisions if d.outcome == "denied"), None)
    if bad is None and all(d.outcome == "allowed" for d in decisions):
        return Holds(f"the key policy lets {service} use key {key.id} for {group.name}")
    if bad is None:
        reasons = next(d.reasons for d in decisions if d.outcome == "undetermined")
        settle = "compare the key policy's condition with the log group by hand"
        said = f"whether the key policy lets {service} use key {key.id} depends on a condition"
        return Unverified(said, (resource,), settle, (*reasons, *signs))
    condition = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}}
    remedy = Admit(key.arn, "CloudWatchLogs", ("Service", service), LOGS_ACTIONS, condition)
    said = f"the policy of key {key.id} does not let CloudWatch Logs ({service}) use the key for "
    said += f"log group {group.name}"
    remedies: tuple[Remedy, ...] = (remedy,)
    if bad.explicit:
        remedies = (Advice("narrow the Deny statement of the key policy that is named above"),)
    return Broken(said, resource, (*bad.reasons, *signs), remedies)


def _admitted(service: str, group_arn: str, key: Key, policy: Policy, action: str) -> Decision:
    """Would the key policy let CloudWatch Logs use the key for this group?"""
    request = Request(
        action=action,
        resource=key.arn,
        principal=service,
        resource_account=key.account,
        context={"kms:EncryptionContext:aws:logs:arn": group_arn, "kms:ViaService": None},
    )
    return evaluate(request, Policies(identity=(), resource=(policy,)))


REQUIREMENTS = (
    Requirement(
        "key/log-group-state", "The log group's key can be used", "key", _log_group_key_state
    ),
    Requirement(
        "key/log-group-policy",
        "The key policy admits CloudWatch Logs",
        "key",
        _log_group_key_policy,
    ),
)
