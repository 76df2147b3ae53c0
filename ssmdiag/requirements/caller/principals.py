"""A role, session or user that somebody names by its ARN, and the policies that hang on it.

Sources: IAM API Reference (GetRole, GetUser, ListUserPolicies, ListGroupsForUser, ...); IAM User
Guide, "Policies and permissions in AWS Identity and Access Management" (a user has those of its
groups) and "IAM identifiers".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Optional, Union

from ssmdiag.iam.arn import parse_arn, partition_of, role_name_of, session_name_of
from ssmdiag.model import Situation
from ssmdiag.policy.document import Policy
from ssmdiag.policy.request import ContextValue
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.identity.agent import CALLER
from ssmdiag.requirements.role.policies import (
    Holder,
    boundary_policies,
    identity_policies,
    read_role,
)
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Known, call


@dataclass(frozen=True)
class Nobody:
    """Whoever is meant does not exist, or is nobody whose policies can be read."""

    why: str


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
    unique_id: str = ""
    """``AROA…`` or ``AIDA…``; empty if it is not known."""
    boundary_arn: str = ""

    @property
    def name(self) -> str:
        """The name of the role or user, else all of the ARN."""
        if self.role:
            return self.role
        is_user = ":user/" in self.principal
        return self.principal.rpartition("/")[2] if is_user else self.principal


def named(ask: Ask, situation: Situation, arn: str) -> Union[Who, Nobody]:
    """Read the caller that ``arn`` names: a role, a session of a role, a user or a root user."""
    parsed = parse_arn(arn)
    if parsed is None:
        return Nobody(f"{arn} is no ARN")
    elsewhere = _of_another_account(ask, parsed.account)
    role = role_name_of(arn)
    if role is not None and elsewhere is None:
        return role_named(ask, situation, role, arn if parsed.service == "sts" else None)
    if (parsed.service, parsed.resource) == ("iam", "root"):
        return Who(f"the root user of account {parsed.account}", arn, arn, parsed.account)
    is_user = parsed.service == "iam" and parsed.resource.startswith("user/")
    if elsewhere is not None and (role or is_user):
        # A session's role ARN cannot be told from it: the path is lost.
        known = None if parsed.service == "sts" else arn
        return Who(arn, arn, known, parsed.account, None, None, gap=elsewhere)
    if is_user:
        return _user(ask, arn, parsed.account)
    return Nobody(f"{arn} is no role, session or user whose policies can be read")


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


def role_named(
    ask: Ask, situation: Situation, name: str, session: Optional[str]
) -> Union[Who, Nobody]:
    """Read the role ``name`` of this account; ``session`` is the ARN of one of its sessions."""
    answer = ask(call("iam", "GetRole", RoleName=name))
    if isinstance(answer, Absent):
        return Nobody(f"role {name} does not exist in this account ({answer.why})")
    policies = read_role(ask, name)
    known = parse_arn(session or policies.arn)
    account = known.account if known else asking(ask).get("Account", "")
    # Without its ARN the role's path is not known: only a session's ARN goes without.
    partition = partition_of(situation.region)
    some_session = f"arn:{partition}:sts::{account}:assumed-role/{name}/ssmdiag"
    data = answer.data["Role"] if isinstance(answer, Known) else {}
    return Who(
        words=f"role {name}",
        principal=session or policies.arn or some_session,
        principal_arn=policies.arn or None,
        account=account,
        identity=policies.identity,
        boundary=policies.boundary,
        role=name,
        gap=policies.gap,
        context=_tags(data),
        unique_id=str(data.get("RoleId") or ""),
        boundary_arn=policies.boundary_arn,
    )


def _tags(data: Mapping[str, Any]) -> dict[str, ContextValue]:
    return {f"aws:PrincipalTag/{tag['Key']}": str(tag["Value"]) for tag in data.get("Tags") or ()}


# --- users --------------------------------------------------------------------------------------


def _user(ask: Ask, arn: str, account: str) -> Union[Who, Nobody]:
    name = arn.rpartition("/")[2]
    answer = ask(call("iam", "GetUser", UserName=name))
    if isinstance(answer, Absent):
        return Nobody(f"user {name} does not exist in this account ({answer.why})")
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
        unique_id=str(data.get("UserId") or ""),
        boundary_arn=boundary_arn,
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


# --- what they are called where sessions are concerned ------------------------------------------

_NOT_KNOWN = "EXAMPLEID"


def owner_names(who: Who) -> tuple[str, ...]:
    """What a session that ``who`` starts may be named after, most likely first.

    That is the user's name or the name of the role's session; the user guide's policies for roles
    write ``${aws:userid}``, which is the role's id, a colon, and the name of the session.
    """
    if who.role is None:
        return (who.name,)
    session = session_name_of(who.principal) or "someone"
    return (session, user_id(who))


def user_id(who: Who) -> str:
    """``aws:userid`` of ``who``; with an id that stands for the real one if that is not known."""
    unique = who.unique_id or _NOT_KNOWN
    if who.role is None:
        return unique
    return f"{unique}:{session_name_of(who.principal) or 'someone'}"
