"""The way back: sessions are no longer encrypted or logged, and nobody loses a log or a key.

What only served the set-up is taken away: the preferences' inputs, the statements that it gave the
nodes' role, those for who starts sessions. Keys and logs, and what reading them needs, are left.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from ssmdiag.model import Broken, Holds, NotApplicable, Resource, Unverified, Verdict, Write
from ssmdiag.policy.document import statements_of
from ssmdiag.policy.merge import Statement, listed
from ssmdiag.requirements.checking import check, to_look_at
from ssmdiag.requirements.contract import Gap, Requirement
from ssmdiag.requirements.key.facts import key_policy
from ssmdiag.requirements.preferences.facts import DEFAULT_DOCUMENT, rewrite
from ssmdiag.requirements.registry import discover
from ssmdiag.requirements.role.policies import inline_policies
from ssmdiag.setup.grounds import situation_of
from ssmdiag.setup.plan import Plan, make_plan, plan_for
from ssmdiag.setup.targets.key_policy import USERS
from ssmdiag.setup.targets.preferences import now_in_force, saved
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, call
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
    """Plan the way back from ``wanted``; what could not be read stays open in it."""
    situation = situation_of(wanted)
    made = plan_for(wanted, tuple(_requirements(wanted, ask)), (), ask, situation)
    # That sessions are logged nowhere is what is wanted now.
    ordinary = [r for r in to_look_at(discover(), situation) if r.layer != "preferences"]
    before = check(ordinary, ask, situation)
    after = check(ordinary, Overlay(ask, made.calls) if made.calls else ask, situation)
    # What is broken or unknown already is nothing that the way back breaks, or has to wait for.
    others = [
        now
        for was, now in zip(before, after)
        if isinstance(now.verdict, (Holds, NotApplicable))
        or type(now.verdict) is not type(was.verdict)
    ]
    return replace(
        made,
        before=(*made.before, *before),
        after=(*made.after, *others),
        purpose="The way back from encrypted Session Manager logging",
        left=tuple(_left(wanted)),
        planned_by="setup remove",
        checked_by="setup remove, with the same options",
    )


def _requirements(wanted: Wanted, ask: Ask) -> Iterator[Requirement]:
    title = "Sessions are neither encrypted nor logged"
    yield requirement("remove/preferences", title, "preferences", _preferences, wanted)
    given = _given(wanted, ask)
    title = "The role has nothing that only the set-up gave it"
    yield requirement("remove/role", title, "permission", lambda w, a: _role(w, a, given), wanted)
    if wanted.key_arn and not wanted.new_key:
        title = "The key's policy names nobody who starts sessions"
        yield requirement("remove/key-policy", title, "key", _key, wanted)


def _preferences(wanted: Wanted, ask: Ask) -> Verdict:
    del wanted  # whatever they name is turned off
    resource = Resource("prefs-document", DEFAULT_DOCUMENT)
    found = now_in_force(ask)
    if isinstance(found, Gap):
        return unread(found, resource)
    if not found.written:
        return Holds(f"document {DEFAULT_DOCUMENT} does not exist")
    on = {name: off for name, off in _OFF.items() if found.text(name) not in ("", "false")}
    if not on:
        return Holds(f"document {DEFAULT_DOCUMENT} turns nothing on")
    write = rewrite(found, on, f"turn encryption and logging off in {DEFAULT_DOCUMENT}")
    said = f"document {DEFAULT_DOCUMENT} sets {', '.join(on)}"
    return Broken(said, resource, (), (saved(ask, write),))


# --- the role -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Given:
    """What the set-up gave the role, as far as it is known."""

    statements: Sequence[Statement]
    unknown: Optional[Gap] = None
    """Why it may be more."""


def _given(wanted: Wanted, ask: Ask) -> _Given:
    """The statements that the set-up would give the role, were it given nothing yet."""
    policies = inline_policies(ask, wanted.role)
    if isinstance(policies, Gap) or not policies:
        return _Given(())
    bare = [
        call("iam", "DeleteRolePolicy", RoleName=wanted.role, PolicyName=n) for n, _ in policies
    ]
    plan = make_plan(wanted, Overlay(ask, bare))
    written = [c.parameters for c in plan.calls if c.operation == "PutRolePolicy"]
    statements = [s for p in written for s in json.loads(p["PolicyDocument"])["Statement"]]
    ours = [s for s in statements if s["Sid"] not in _STAY]
    unknown = [c for c in plan.open if isinstance(c.verdict, Unverified)]
    of_role = [c for c in unknown if c.id.startswith("role/")]
    # What only waits for something else does not say itself what would settle it.
    own = [c for c in of_role if c in plan.unverified]
    first = next(iter([*own, *plan.unverified, *of_role] if of_role else ()), None)
    if first is None or not isinstance(first.verdict, Unverified):
        return _Given(ours)
    why = f"whether the set-up gave it more is not known: {first.verdict.said}"
    return _Given(ours, Gap(why, first.verdict.settle))


def _role(wanted: Wanted, ask: Ask, given: _Given) -> Verdict:
    role, resource = wanted.role, Resource("role", wanted.role)
    if isinstance(ask(call("iam", "ListRolePolicies", RoleName=role)), Absent):
        return Holds(f"role {role} does not exist")
    policies = inline_policies(ask, role)
    if isinstance(policies, Gap):
        return unread(policies, resource)
    rests = {name: _without(document, given.statements) for name, document in policies}
    writes = {n: _taken_back(role, n, rest) for n, rest in rests.items() if rest is not None}
    if writes:
        said = f"role {role} has what the set-up gave it, in inline policy {', '.join(writes)}"
        return Broken(said, resource, (), tuple(writes.values()))
    if policies and given.unknown:
        return unread(given.unknown, resource)
    return Holds(f"role {role} has nothing that only the set-up gave it")


def _taken_back(role: str, name: str, rest: Mapping[str, Any]) -> Write:
    which = {"RoleName": role, "PolicyName": name}
    order = call("iam", "DeleteRolePolicy", **which)
    if rest["Statement"]:
        text = json.dumps(rest, indent=2)
        order = call("iam", "PutRolePolicy", **which, PolicyDocument=text)
    return Write((order,), f"take back what role {role} was given (inline policy {name})")


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


# --- the key ------------------------------------------------------------------------------------


def _key(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("key-policy", wanted.key_arn)
    policy = key_policy(ask, wanted.key_arn)
    if isinstance(policy, Gap):
        return unread(policy, resource)
    users = [
        {**statement, "Sid": USERS}
        for statement in statements_of(policy.document)
        if str(statement.get("Sid", "")).rstrip("0123456789") == USERS
    ]
    rest = _without(policy.document, users)
    # KMS takes no policy without statements.
    if rest is None or not rest["Statement"]:
        return Holds(f"the key's policy holds no statement {USERS} that can be taken away")
    order = call(
        "kms",
        "PutKeyPolicy",
        KeyId=wanted.key_arn,
        PolicyName="default",
        Policy=json.dumps(rest, indent=2),
    )
    write = Write((order,), "take back what those who start sessions were given")
    return Broken(f"the key's policy holds the statement {USERS}", resource, (), (write,))


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
