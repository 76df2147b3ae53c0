"""Whether CloudWatch Logs can use the key that encrypts the log group.

Source: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Union

from ssmdiag.iam.arn import logs_principal
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
from ssmdiag.policy.decision import Decision, worst
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.destination.log_group_facts import Group, find_group
from ssmdiag.requirements.key.facts import Key, find_key, key_policy, session_key
from ssmdiag.requirements.key.state import usable
from ssmdiag.requirements.preferences.facts import Preferences, preferences_with_group
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
    found = preferences_with_group(ask, situation)
    if not isinstance(found, Preferences):
        return found
    group = find_group(ask, situation, found.group)
    if isinstance(group, Gap):
        return waits("log-group/exists", "not known before the log group is")
    name = group.key
    if name is None:
        if not found.flag("cloudWatchEncryptionEnabled"):
            return NotApplicable("the log group has no KMS key, and none is demanded")
        key = session_key(ask, situation)
        if not isinstance(key, Key) or key.of_aws:
            return waits("log-group/encrypted", "the log group has no key yet")
    else:
        own = find_key(ask, name)
        if isinstance(own, Absent):
            return usable(own, "the log group's key")
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
    return usable(key, "the log group's key")


def _log_group_key_policy(ask: Ask, situation: Situation) -> Verdict:
    found = log_group_key(ask, situation)
    if isinstance(found, (NotApplicable, Unverified)):
        return found
    if not isinstance(found, tuple):
        return waits("key/log-group-state", "the key has to exist first")
    group, key = found
    service = logs_principal(situation.region)
    policy = key_policy(ask, key.arn)
    resource = Resource("key-policy", key.arn)
    if isinstance(policy, Gap):
        settle = f"{policy.settle}; GetKeyPolicy works only in the key's own account {key.account}"
        return Unverified(policy.why, (resource,), settle)
    decision = worst([_admitted(service, group, key, policy, a) for a in _LOGS_MUST])
    if decision.outcome == "allowed":
        return Holds(f"the key policy lets {service} use key {key.id} for {group.name}")
    if decision.outcome == "undetermined":
        said = f"whether the key policy lets {service} use key {key.id} depends on a condition"
        settle = "compare the key policy's condition with the log group by hand"
        return Unverified(said, (resource,), settle, decision.reasons)
    remedy: Remedy = logs_admission(key.arn, group.arn(key.account), situation.region)
    if decision.explicit:
        remedy = Advice("narrow the Deny statement of the key policy that is named above")
    said = f"the policy of key {key.id} does not let CloudWatch Logs ({service}) use the key for "
    return Broken(f"{said}log group {group.name}", resource, decision.reasons, (remedy,))


def logs_admission(key_arn: str, group_arn: str, region: str) -> Admit:
    """What a key policy must say for CloudWatch Logs to encrypt one log group with the key."""
    condition = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}}
    service = ("Service", logs_principal(region))
    return Admit(key_arn, "CloudWatchLogs", service, LOGS_ACTIONS, condition)


def _admitted(service: str, group: Group, key: Key, policy: Policy, action: str) -> Decision:
    """Would the key policy let CloudWatch Logs use the key for this group?

    The guide does not say whether CloudWatch Logs names the source of its request, so a condition
    on it decides only if it decides alike in both cases.
    """
    group_arn, account = group.arn(key.account), group.account or key.account
    told = {"aws:SourceArn": group_arn, "aws:SourceAccount": account}
    decisions = [
        evaluate(
            Request(
                action=action,
                resource=key.arn,
                principal=service,
                resource_account=key.account,
                context={
                    "kms:EncryptionContext:aws:logs:arn": group_arn,
                    "kms:ViaService": None,
                    **source,
                },
            ),
            Policies(identity=(), resource=(policy,)),
        )
        for source in (told, dict.fromkeys(told))
    ]
    if decisions[0].outcome == decisions[1].outcome:
        return decisions[0]
    denied = next(d for d in decisions if d.outcome != "allowed")
    return replace(denied, outcome="undetermined")


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
