"""The ground a set-up is to stand on: what the account has, so that every choice can be made.

What cannot be is said here, before anything is planned. Sources: AWS KMS API Reference,
DescribeKey; IAM API Reference, GetRole and ListInstanceProfilesForRole.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Optional

from ssmdiag.iam.arn import parse_arn, partition_of
from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.requirements.identity.agent import CALLER, Agent, find_agent
from ssmdiag.requirements.key.facts import Key, find_key
from ssmdiag.requirements.preferences.facts import (
    Preferences,
    content_of,
    find_preferences,
    reading,
)
from ssmdiag.setup.wanted import DEFAULT_ALIAS, Wanted, Wish, alias_of, complaints, role_of
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Known, Unreachable, call


class WishError(Exception):
    """What is wished for cannot be; the message says why, one line each."""


def account_of(ask: Ask) -> str:
    """The account whose credentials these are. Raises WishError."""
    answer = ask(CALLER)
    if isinstance(answer, Known):
        return str(answer.data["Account"])
    why = answer.why if isinstance(answer, Unreachable) else "AWS refused sts:GetCallerIdentity"
    raise WishError(
        f"it is not known in which account to set up ({why}): give credentials, or --account to "
        "plan for an empty account"
    )


def settle(wish: Wish, ask: Ask, region: str, account: str) -> Wanted:
    """Make every choice that ``wish`` leaves open from what the account has. Raises WishError."""
    _raise(complaints(wish, region, account))
    made = _chosen(wish, ask, region, account, _in_force(ask, region))
    if not made.group and not made.bucket:
        _raise(("it is not said where sessions shall be logged: give --log-group or --s3-bucket",))
    # What is in use may not be a name at all: that is what is to be mended.
    in_use_names = replace(wish, log_group=made.group or None, s3_bucket=made.bucket or None)
    _raise(complaints(in_use_names, region, account))
    if made.key_arn and not made.new_key:
        _usable(_found(ask, wish.key or made.alias or made.key_arn))
    if not made.hybrid:
        _in_a_profile(ask, made.role)
    return replace(
        made,
        admins=tuple(_principal(each, ask, made.partition, account) for each in wish.key_admin),
        users=tuple(_principal(each, ask, made.partition, account) for each in wish.session_user),
    )


def settle_back(wish: Wish, ask: Ask, region: str, account: str) -> Wanted:
    """What a way back starts from; nothing of it has to be fit for a set-up, or to exist.

    Where the preferences name nothing any more, those before them tell it: so a way back that was
    cut short can go on, and one that is done is seen to be. Raises WishError.
    """
    _raise(complaints(wish, region, account))
    now = _in_force(ask, region)
    return _chosen(wish, ask, region, account, _before(ask, now) if now else None)


def _in_force(ask: Ask, region: str) -> Optional[Preferences]:
    found = find_preferences(ask, Situation(region))
    return found if isinstance(found, Preferences) else None


def _before(ask: Ask, now: Preferences) -> Preferences:
    """The preferences before they named nothing."""
    if now.destinations or now.key:
        return now
    answer = ask(reading(now.document))
    version = str(answer.data.get("DocumentVersion")) if isinstance(answer, Known) else ""
    if not version.isdigit() or version == "1":
        return now
    earlier = ask(reading(now.document, str(int(version) - 1)))
    content = content_of(earlier)
    return replace(now, content=content) if content else now


def _chosen(
    wish: Wish, ask: Ask, region: str, account: str, prefs: Optional[Preferences]
) -> Wanted:
    """Every choice made, but for people: those that ``wish`` leaves open as ``prefs`` have it."""
    group = _either(wish.log_group, prefs.group if prefs else "")
    encryption = True if wish.session_encryption is None else wish.session_encryption
    in_use = _Key("", False, "")
    if group or encryption:
        in_use = _key(wish, ask, region, account, prefs, group)
    role = _role(wish, ask, Situation(region))
    return Wanted(
        account=account,
        region=region,
        wish=wish,
        role=role.name,
        role_arn=role.arn or f"arn:{partition_of(region)}:iam::{account}:role/{role.name}",
        hybrid=role.hybrid,
        group=group,
        bucket=_either(wish.s3_bucket, prefs.bucket if prefs else ""),
        prefix=_either(wish.s3_prefix, prefs.prefix if prefs else "").rstrip("/"),
        key_arn=in_use.arn,
        new_key=in_use.new,
        alias=in_use.alias,
        session_encryption=encryption,
        admins=(),
        users=(),
    )


def situation_of(wanted: Wanted) -> Situation:
    """What a Requirement may know: no log was read, and the agent is one that has the role."""
    node = "mi-0123456789abcdef0" if wanted.hybrid else "i-0123456789abcdef0"
    session = f"assumed-role/{wanted.role}/{node}"
    principal = f"arn:{wanted.partition}:sts::{wanted.account}:{session}"
    return Situation(wanted.region, principals=(principal,))


def _raise(lines: tuple[str, ...]) -> None:
    if lines:
        raise WishError("; ".join(lines))


def _either(wished: Optional[str], now: str) -> str:
    return now if wished is None else wished


# --- the key ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Key:
    arn: str
    new: bool
    alias: str


def _key(
    wish: Wish, ask: Ask, region: str, account: str, prefs: Optional[Preferences], group: str
) -> _Key:
    alias = alias_of(wish.key_alias) if wish.key_alias else ""
    if wish.key:
        arn = _found(ask, wish.key).arn
        named = find_key(ask, alias) if alias else None
        if isinstance(named, Key) and named.arn != arn:
            _raise((f"{alias} is the alias of {named.arn}, not of {wish.key}",))
        return _Key(arn, False, alias)
    if not alias:
        # What is in use already shall stay in use.
        for name in (prefs.key if prefs else "", _key_of(ask, group)):
            key = find_key(ask, name) if name else None
            if isinstance(key, Key):
                return _Key(key.arn, False, "")
    alias = alias or DEFAULT_ALIAS
    if isinstance(find_key(ask, alias), Absent):
        name = alias.removeprefix("alias/").replace("/", "-")
        stand_in = f"arn:{partition_of(region)}:kms:{region}:{account}:key/<{name}>"
        return _Key(stand_in, True, alias)
    return _Key(_found(ask, alias).arn, False, alias)


def _found(ask: Ask, name: str) -> Key:
    key = find_key(ask, name)
    if isinstance(key, Absent):
        raise WishError(f"there is no key {name} in this account and region ({key.why})")
    if isinstance(key, Gap):
        raise WishError(f"{key.why}: {key.settle}")
    return key


def _usable(key: Key) -> None:
    """Raises WishError unless a key can encrypt sessions and log groups."""
    name = key.written
    if key.spec != "SYMMETRIC_DEFAULT" or key.usage != "ENCRYPT_DECRYPT":
        raise WishError(
            f"key {name} is {key.spec} for {key.usage}: sessions and log groups take a symmetric "
            "encryption key only"
        )
    if key.manager == "AWS":
        raise WishError(f"key {name} is managed by AWS, and nobody may edit its policy: name yours")


def _key_of(ask: Ask, group: str) -> str:
    found = described(ask, group) if group else None
    return str(found.get("kmsKeyId") or "") if isinstance(found, dict) else ""


# --- the role -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Role:
    name: str
    arn: str = ""
    hybrid: bool = False


def _role(wish: Wish, ask: Ask, situation: Situation) -> _Role:
    if wish.role is None:
        agent = find_agent(ask, situation)
        if not isinstance(agent, Agent):
            raise WishError(
                "it is not known which role the nodes have: give --role, or run this on a node"
            )
        name = agent.role
    else:
        name = role_of(wish.role)
    answer = ask(call("iam", "GetRole", RoleName=name))
    if not isinstance(answer, Known):
        return _Role(name)
    data = answer.data["Role"]
    trusted = json.dumps(data.get("AssumeRolePolicyDocument", {}))
    hybrid = "ssm.amazonaws.com" in trusted and "ec2.amazonaws.com" not in trusted
    return _Role(name, str(data["Arn"]), hybrid)


def _in_a_profile(ask: Ask, role: str) -> None:
    """Raises WishError for a role that exists, and that no instance can have."""
    if not isinstance(ask(call("iam", "GetRole", RoleName=role)), Known):
        return
    profiles = ask(call("iam", "ListInstanceProfilesForRole", RoleName=role))
    if not isinstance(profiles, Known) or profiles.data.get("InstanceProfiles"):
        return
    empty = ask(call("iam", "GetInstanceProfile", InstanceProfileName=role))
    # An empty one of the same name is what a set-up leaves that was cut short.
    if not isinstance(empty, Known) or empty.data["InstanceProfile"]["Roles"]:
        raise WishError(
            f"role {role} is in no instance profile, so no instance can have it: name the role of "
            "your nodes, or one that does not exist yet"
        )


def _principal(text: str, ask: Ask, partition: str, account: str) -> str:
    """The ARN of an administrator or a user. Raises WishError if there is nobody of that name."""
    arn = parse_arn(text)
    kind, name = "role", text
    if arn is not None:
        kind, _, rest = arn.resource.partition("/")
        name = rest.rsplit("/", 1)[-1]
        if arn.account != account:
            return text
    operation = "GetRole" if kind == "role" else "GetUser"
    answer = ask(call("iam", operation, **{f"{kind.title()}Name": name}))
    if isinstance(answer, Absent):
        # KMS refuses a key policy that names nobody.
        raise WishError(f"there is no {kind} {name} in account {account}")
    if isinstance(answer, Known):
        return str(answer.data[kind.title()]["Arn"])
    return text if arn else f"arn:{partition}:iam::{account}:role/{name}"
