"""The log group: that it exists, is encrypted with the key, and keeps its events long enough.

Source: Amazon CloudWatch Logs API Reference, CreateLogGroup, AssociateKmsKey and
PutRetentionPolicy.
"""

from __future__ import annotations

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    Remedy,
    Resource,
    Verdict,
    Write,
)
from ssmdiag.requirements.contract import Gap, Requirement
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Ask, call


def requirements(wanted: Wanted) -> tuple[Requirement, ...]:
    """The log group exists, encrypted with a key, and its retention is the wanted one."""
    if not wanted.group:
        return ()
    title = "The log group is encrypted"
    found = [requirement("setup/log-group", title, "destination", _encrypted, wanted)]
    if wanted.wish.retention is not None:
        title = "Events are kept as long as wanted"
        found.append(requirement("setup/retention", title, "destination", _retained, wanted))
    return tuple(found)


def _encrypted(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("log-group", wanted.group)
    group = described(ask, wanted.group)
    if isinstance(group, Gap):
        return unread(group, resource)
    key = str(group.get("kmsKeyId") or "") if group else ""
    if key == wanted.key_arn:
        return Holds(f"log group {wanted.group} is encrypted with the key")
    if key and not (wanted.wish.key or wanted.wish.key_alias):
        return Holds(f"log group {wanted.group} is encrypted with {key}")
    operation = "CreateLogGroup" if group is None else "AssociateKmsKey"
    order = call("logs", operation, logGroupName=wanted.group, kmsKeyId=wanted.key_arn)
    if group is None:
        said, summary = "does not exist", f"create log group {wanted.group}, encrypted"
    elif key:
        said = f"is encrypted with another key, {key}"
        summary = f"encrypt new events of log group {wanted.group} with the wanted key"
    else:
        said, summary = "has no KMS key", f"encrypt log group {wanted.group}"
    remedies: tuple[Remedy, ...] = (Write((order,), summary),)
    if key:
        remedies += (Advice(f"keep key {key}: the events of before cannot be read without it"),)
    return Broken(f"log group {wanted.group} {said}", resource, (), remedies)


def _retained(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("log-group", wanted.group)
    group = described(ask, wanted.group)
    if isinstance(group, Gap):
        return unread(group, resource)
    days, now = wanted.wish.retention, (group or {}).get("retentionInDays")
    if now == days:
        return Holds(f"log group {wanted.group} keeps events for {days} days")
    order = call("logs", "PutRetentionPolicy", logGroupName=wanted.group, retentionInDays=days)
    summary = f"keep the events of log group {wanted.group} for {days} days"
    remedies: tuple[Remedy, ...] = (Write((order,), summary),)
    filled = group is not None and "creationTime" in group
    if filled and days and (now is None or now > days):
        remedies += (Advice(f"events older than {days} days are deleted then"),)
    kept = f"for {now} days" if now else "for ever"
    return Broken(f"log group {wanted.group} keeps events {kept}", resource, (), remedies)
