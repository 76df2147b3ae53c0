"""Who is meant, and the policies that hang on them.

Sources: IAM API Reference (GetUser, ListUserPolicies, ListGroupsForUser, ...); IAM User Guide,
"Policies and permissions in AWS Identity and Access Management" (a user has those of its groups).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from ssmdiag.iam.arn import parse_arn, partition_of, role_name_of
from ssmdiag.model import Situation
from ssmdiag.policy.document import Policy
from ssmdiag.policy.request import ContextValue
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.identity import CALLER, Agent, find_agent
from ssmdiag.requirements.role_policies import (
    Holder,
    boundary_policies,
    identity_policies,
    read_role,
)
from ssmdiag.world.call import Absent, Ask, Known, call


class NoSuchPrincipalError(Exception):
    """Whoever is meant does not exist, or is not known; the message says what to do."""


@dataclass(frozen=True)
class Who:
    """A caller. ``identity`` and ``boundary`` are None if they could not be read (``gap``)."""

    words: str
    principal: str
    principal_arn: Optional[str]
    account: str
    identity: Optional[Sequence[Policy]] = ()
    boundary: Optional[Sequence[Policy]] = ()
    """The permissions boundary."""
    role: Optional[str] = None
    gap: Optional[Gap] = None
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)


def find_who(ask: Ask, situation: Situation, wanted: Optional[str]) -> Who:
    """Read the caller that ``wanted`` names; without, the agent's role, or else who asks.

    Raises NoSuchPrincipalError.
    """
    if wanted is None:
        agent = find_agent(ask, situation)
        if isinstance(agent, Agent):
            return _role(ask, situation, agent.role, agent.principal(situation.region))
        wanted = asking(ask).get("Arn") or ""
        if not wanted:
            why = getattr(ask(CALLER), "why", "AWS does not say")
            raise NoSuchPrincipalError(
                f"it is not known who asks ({why}): give credentials, or name somebody with --as"
            )
    arn = parse_arn(wanted)
    if arn is None:
        is_service = wanted.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"))
        if is_service:
            return Who(wanted, wanted, None, "")
        return _role(ask, situation, wanted.rpartition("/")[2], None)
    elsewhere = _of_another_account(ask, arn.account)
    role = role_name_of(wanted)
    if role is not None and elsewhere is None:
        return _role(ask, situation, role, wanted if arn.service == "sts" else None)
    if (arn.service, arn.resource) == ("iam", "root"):
        return Who(f"the root user of account {arn.account}", wanted, wanted, arn.account)
    is_user = arn.service == "iam" and arn.resource.startswith("user/")
    if elsewhere is not None and (role or is_user):
        # A session's role ARN cannot be told from it: the path is lost.
        known = None if arn.service == "sts" else wanted
        return Who(wanted, wanted, known, arn.account, None, None, gap=elsewhere)
    if is_user:
        return _user(ask, wanted, arn.account)
    raise NoSuchPrincipalError(f"{wanted} is no role, session or user whose policies can be read")


def asking(ask: Ask) -> Mapping[str, str]:
    """Whose credentials ssmdiag has: ``Arn`` and ``Account``; empty if that is not known."""
    answer = ask(CALLER)
    return answer.data if isinstance(answer, Known) else {}


def _of_another_account(ask: Ask, account: str) -> Optional[Gap]:
    own = asking(ask).get("Account")
    if own in (None, account):
        return None
    return Gap(
        f"the policies of account {account} cannot be read from account {own}",
        f"ask with credentials of account {account}",
    )


def _role(ask: Ask, situation: Situation, name: str, session: Optional[str]) -> Who:
    answer = ask(call("iam", "GetRole", RoleName=name))
    if isinstance(answer, Absent):
        raise NoSuchPrincipalError(f"role {name} does not exist in this account ({answer.why})")
    policies = read_role(ask, name)
    known = parse_arn(session or policies.arn)
    account = known.account if known else asking(ask).get("Account", "")
    # Without its ARN the role's path is not known: only a session's ARN goes without.
    partition = partition_of(situation.region)
    some_session = f"arn:{partition}:sts::{account}:assumed-role/{name}/ssmdiag"
    return Who(
        words=f"role {name}",
        principal=session or policies.arn or some_session,
        principal_arn=policies.arn or None,
        account=account,
        identity=policies.identity,
        boundary=policies.boundary,
        role=name,
        gap=policies.gap,
        context=_tags(answer.data["Role"]) if isinstance(answer, Known) else {},
    )


def _tags(data: Mapping[str, Any]) -> dict[str, ContextValue]:
    return {f"aws:PrincipalTag/{tag['Key']}": str(tag["Value"]) for tag in data.get("Tags") or ()}


# --- users --------------------------------------------------------------------------------------


def _user(ask: Ask, arn: str, account: str) -> Who:
    name = arn.rpartition("/")[2]
    answer = ask(call("iam", "GetUser", UserName=name))
    if isinstance(answer, Absent):
        raise NoSuchPrincipalError(f"user {name} does not exist in this account ({answer.why})")
    data = answer.data["User"] if isinstance(answer, Known) else {}
    boundary_arn = data.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    boundary = boundary_policies(ask, boundary_arn)
    identity = _policies_of_user(ask, name)
    gaps = [x for x in (identity, boundary) if isinstance(x, Gap)]
    if not isinstance(answer, Known):
        gaps.insert(0, gap_of(answer, f"user {name}"))
    unread = bool(gaps) and not isinstance(answer, Known)
    return Who(
        words=f"user {name}",
        principal=arn,
        principal_arn=arn,
        account=account,
        identity=None if isinstance(identity, Gap) else identity,
        boundary=None if unread or isinstance(boundary, Gap) else boundary,
        gap=gaps[0] if gaps else None,
        context=_tags(data),
    )


def _policies_of_user(ask: Ask, name: str) -> Union[tuple[Policy, ...], Gap]:
    groups = ask(call("iam", "ListGroupsForUser", UserName=name))
    if not isinstance(groups, Known):
        return gap_of(groups, f"the list of groups of user {name}")
    holders: list[tuple[Holder, str]] = [("User", name)]
    holders += [("Group", group["GroupName"]) for group in groups.data["Groups"]]
    found: list[Policy] = []
    for kind, holder in holders:
        who = {f"{kind}Name": holder}
        attached = ask(call("iam", f"ListAttached{kind}Policies", **who))
        if not isinstance(attached, Known):
            return gap_of(attached, f"the policies attached to {kind.lower()} {holder}")
        arns = [policy["PolicyArn"] for policy in attached.data["AttachedPolicies"]]
        policies = identity_policies(ask, holder, arns, kind)
        if isinstance(policies, Gap):
            return policies
        found += policies
    return tuple(found)
