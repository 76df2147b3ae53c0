"""The way back: sessions are no longer encrypted or logged, and nobody loses a log or a key.

What only served the set-up is taken away: the preferences' inputs, the statements that it gave the
nodes' role, those for who starts sessions. Keys and logs, and what reading them needs, are left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

from ssmdiag.model import Resource
from ssmdiag.policy.document import statements_of
from ssmdiag.policy.merge import Statement, listed
from ssmdiag.requirements.checking import check, to_look_at
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.key.facts import key_policy
from ssmdiag.requirements.preferences.facts import (
    DEFAULT_DOCUMENT,
    Preferences,
    find_preferences,
    rewrite,
)
from ssmdiag.requirements.registry import discover
from ssmdiag.requirements.role.policies import inline_policies
from ssmdiag.setup.documents import replaced
from ssmdiag.setup.grounds import situation_of
from ssmdiag.setup.plan import Plan, Step, make_plan
from ssmdiag.setup.targets.key_policy import USERS
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Ask, call
from ssmdiag.world.overlay import Overlay

_OFF = {
    "s3BucketName": "",
    "s3EncryptionEnabled": False,
    "cloudWatchLogGroupName": "",
    "cloudWatchEncryptionEnabled": False,
    "kmsKeyId": "",
}
# Without these a node is not managed at all, whether its sessions are logged or not.
_STAY = ("ReportToSystemsManager", "MessageChannels")


def make_removal(wanted: Wanted, ask: Ask) -> Plan:
    """Plan the way back from ``wanted``."""
    steps = tuple(step for step in _steps(wanted, ask) if step.calls)
    calls = [order for step in steps for order in step.calls]
    situation = situation_of(wanted)
    # That sessions are logged nowhere is what is wanted now.
    ordinary = [r for r in to_look_at(discover(), situation) if r.layer != "preferences"]
    texts = {order: replaced(ask, order) for order in calls}
    return Plan(
        wanted,
        steps,
        check(ordinary, ask, situation),
        check(ordinary, Overlay(ask, calls) if calls else ask, situation),
        {order: text for order, text in texts.items() if text is not None},
        purpose="The way back from encrypted Session Manager logging",
        left=tuple(_left(wanted)),
    )


def _steps(wanted: Wanted, ask: Ask) -> Iterator[Step]:
    found = find_preferences(ask, situation_of(wanted))
    if isinstance(found, Preferences):
        on = {name: off for name, off in _OFF.items() if found.text(name) not in ("", "false")}
        if on:
            write = rewrite(found, on, f"turn encryption and logging off in {DEFAULT_DOCUMENT}")
            resource = Resource("prefs-document", DEFAULT_DOCUMENT)
            why = (f"document {DEFAULT_DOCUMENT} sets {', '.join(on)}",)
            yield Step(resource, write.summary, why, (), write.calls)
    yield from _role(wanted, ask)
    if wanted.key_arn and not wanted.new_key:
        yield from _key(wanted, ask)


def _role(wanted: Wanted, ask: Ask) -> Iterator[Step]:
    policies = inline_policies(ask, wanted.role)
    if isinstance(policies, Gap):
        return
    ours = _given(wanted, ask, [name for name, _ in policies])
    for name, document in policies:
        rest = _without(document, ours)
        if rest is None:
            continue
        which = {"RoleName": wanted.role, "PolicyName": name}
        if rest["Statement"]:
            text = json.dumps(rest, indent=2)
            order = call("iam", "PutRolePolicy", **which, PolicyDocument=text)
        else:
            order = call("iam", "DeleteRolePolicy", **which)
        summary = f"take back what role {wanted.role} was given (inline policy {name})"
        why = (f"inline policy {name} of role {wanted.role} holds statements of the set-up",)
        yield Step(Resource("role", wanted.role), summary, why, (), (order,))


def _given(wanted: Wanted, ask: Ask, names: Sequence[str]) -> list[Statement]:
    """The statements that the set-up would give the role, were it given nothing yet."""
    bare = [call("iam", "DeleteRolePolicy", RoleName=wanted.role, PolicyName=n) for n in names]
    plan = make_plan(wanted, Overlay(ask, bare) if bare else ask)
    written = [c.parameters for c in plan.calls if c.operation == "PutRolePolicy"]
    statements = [s for p in written for s in json.loads(p["PolicyDocument"])["Statement"]]
    return [s for s in statements if s["Sid"] not in _STAY]


def _without(document: Mapping[str, Any], ours: Sequence[Statement]) -> Optional[dict[str, Any]]:
    """The document without what is ours in it; None if nothing is."""
    statements = statements_of(document)
    rest = [s for s in statements if not any(_is(s, mine) for mine in ours)]
    return None if len(rest) == len(statements) else {**document, "Statement": rest}


def _is(statement: Mapping[str, Any], mine: Statement) -> bool:
    """Is this statement ours? By its name, too: others may have allowed the same for their own
    reasons, and actions may have been added to it."""
    same = all(statement.get(k) == mine.get(k) for k in ("Effect", "Resource", "Condition"))
    named = str(statement.get("Sid", "")).rstrip("0123456789") == mine["Sid"]
    return same and named and set(listed(statement.get("Action"))) <= set(listed(mine["Action"]))


def _key(wanted: Wanted, ask: Ask) -> Iterator[Step]:
    policy = key_policy(ask, wanted.key_arn)
    if isinstance(policy, Gap):
        return
    users = [
        {**statement, "Sid": USERS}
        for statement in statements_of(policy.document)
        if str(statement.get("Sid", "")).rstrip("0123456789") == USERS
    ]
    rest = _without(policy.document, users)
    if rest is None or not rest["Statement"]:
        return
    order = call(
        "kms",
        "PutKeyPolicy",
        KeyId=wanted.key_arn,
        PolicyName="default",
        Policy=json.dumps(rest, indent=2),
    )
    summary = "take back what those who start sessions were given"
    why = (f"the key's policy holds the statement {USERS}",)
    yield Step(Resource("key-policy", wanted.key_arn), summary, why, (), (order,))


def _left(wanted: Wanted) -> Iterator[str]:
    if wanted.group:
        yield f"log group {wanted.group}, with its events and its retention: it holds the logs"
    if wanted.bucket:
        yield f"bucket {wanted.bucket}: it holds logs"
    if wanted.key_arn and not wanted.new_key:
        yield (
            f"key {wanted.key_arn} and the statement of its policy for CloudWatch Logs: what was "
            "encrypted with it can be read with it only"
        )
    yield f"role {wanted.role}, its instance profile and other permissions: nodes have it"
