"""The log group itself: that it exists under the configured name, and that it is encrypted.

Sources: agent source ``agent/session/shell/shell.go`` (what is checked at the start of a session);
Amazon CloudWatch Logs API Reference, CreateLogGroup and AssociateKmsKey.
"""

from __future__ import annotations

from typing import Union

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
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.destination.log_group_facts import Group, find_group
from ssmdiag.requirements.key.facts import Key, session_key
from ssmdiag.requirements.preferences.facts import (
    Preferences,
    is_group_name,
    preferences_with_group,
    rewrite,
)
from ssmdiag.world.call import Ask, call

EXISTS = "log-group/exists"
ENCRYPTED = "log-group/encrypted"

_TAKES_TIME = "the association takes up to five minutes and covers new events only"

Found = tuple[Preferences, Group]


def _found(ask: Ask, situation: Situation) -> Union[Found, Verdict]:
    preferences = preferences_with_group(ask, situation)
    if not isinstance(preferences, Preferences):
        return preferences
    group = find_group(ask, situation, preferences.group)
    if isinstance(group, Gap):
        said = f"whether log group {preferences.group} exists: {group.why}"
        return Unverified(said, (Resource("log-group", preferences.group),), group.settle)
    return preferences, group


def _exists(ask: Ask, situation: Situation) -> Verdict:
    found = _found(ask, situation)
    if not isinstance(found, tuple):
        return found
    preferences, group = found
    if group.exact and group.log_class == "DELIVERY":
        return Broken(
            f"log group {group.name} is of class DELIVERY, which takes only what AWS services "
            "deliver to it",
            Resource("log-group", group.name),
            ("the class of a log group is fixed when it is created",),
            (Advice("name a log group of class STANDARD or INFREQUENT_ACCESS instead"),),
        )
    if group.exact:
        return Holds(f"log group {group.name} exists in {situation.region}")
    if not is_group_name(group.written):
        return waits("preferences/log-group-name", "the configured name has to be mended first")
    if group.exists:
        summary = f"set cloudWatchLogGroupName to {group.name} in {preferences.document}"
        return Broken(
            f"document {preferences.document} names log group {group.written}, which does not "
            f"exist in {situation.region}; {group.name} does",
            Resource("prefs-document", preferences.document),
            ("names of log groups are case-sensitive",),
            (rewrite(preferences, {"cloudWatchLogGroupName": group.name}, summary),),
        )
    key = session_key(ask, situation) if preferences.flag("cloudWatchEncryptionEnabled") else None
    encryption = {"kmsKeyId": key.arn} if isinstance(key, Key) and not key.of_aws else {}
    create = call("logs", "CreateLogGroup", logGroupName=group.name, **encryption)
    return Broken(
        f"log group {group.name} does not exist in {situation.region}, and the agent never "
        "creates it",
        Resource("log-group", group.name),
        ("the agent looks in the node's own account and region only",),
        (Write((create,), f"create log group {group.name} in {situation.region}"),),
    )


def _encrypted(ask: Ask, situation: Situation) -> Verdict:
    found = _found(ask, situation)
    if isinstance(found, Unverified):
        return waits(EXISTS, "not known before the log group is")
    if not isinstance(found, tuple):
        return found
    preferences, group = found
    if not preferences.flag("cloudWatchEncryptionEnabled"):
        return NotApplicable("the preferences do not demand an encrypted log group")
    if group.key:
        return Holds(f"log group {group.name} is encrypted with {group.key}")
    if not group.exists:
        return waits(EXISTS, "the log group has to exist first")
    return Broken(
        f"log group {group.name} has no KMS key, and the preferences allow sessions only with an "
        "encrypted log group",
        Resource("log-group", group.name),
        ("DescribeLogGroups shows no kmsKeyId; the default encryption does not count",),
        (_association(ask, situation, group), Advice(_TAKES_TIME)),
    )


def _association(ask: Ask, situation: Situation, group: Group) -> Remedy:
    key = session_key(ask, situation)
    if not isinstance(key, Key) or key.of_aws:
        return Advice(
            f"choose a symmetric KMS key of {situation.region} whose policy admits CloudWatch "
            f"Logs, and associate it (logs:AssociateKmsKey) with {group.name}"
        )
    order = call("logs", "AssociateKmsKey", logGroupName=group.name, kmsKeyId=key.arn)
    return Write((order,), f"encrypt log group {group.name} with key {key.id}")


REQUIREMENTS = (
    Requirement(EXISTS, "The log group exists", "destination", _exists),
    Requirement(ENCRYPTED, "The log group is encrypted as demanded", "destination", _encrypted),
)
