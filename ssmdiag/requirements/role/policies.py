"""The policies of one IAM role, read whole or not at all.

Sources: IAM API Reference, GetRole, ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies,
GetPolicy, GetPolicyVersion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Optional, Union

from ssmdiag.policy.document import Policy, statements_of
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Ask, Denied, Known, call


@dataclass(frozen=True)
class RolePolicies:
    """What IAM holds for a role. ``identity`` or ``boundary`` is None if it could not be read."""

    identity: Optional[tuple[Policy, ...]]
    boundary: Optional[tuple[Policy, ...]]
    arn: str = ""
    boundary_arn: str = ""
    trust: Optional[Policy] = None
    """The role trust policy; None if it could not be read."""
    gap: Optional[Gap] = None

    def documents(self) -> tuple[Mapping[str, Any], ...]:
        """Every identity policy's document; none if they could not be read."""
        return tuple(policy.document for policy in self.identity or ())


def read_role(ask: Ask, role: str) -> RolePolicies:
    """Read everything that IAM holds for ``role``."""
    whole, attached, inline = ask.all(
        [
            call("iam", "GetRole", RoleName=role),
            call("iam", "ListAttachedRolePolicies", RoleName=role),
            call("iam", "ListRolePolicies", RoleName=role),
        ]
    )
    data = whole.data.get("Role", {}) if isinstance(whole, Known) else {}
    boundary_arn = data.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    unread = [a for a in (whole, attached, inline) if not isinstance(a, Known)]
    if unread or not isinstance(attached, Known):
        gap = _gap(role, unread)
        return RolePolicies(None, None, data.get("Arn", ""), boundary_arn, gap=gap)
    arns = [p["PolicyArn"] for p in attached.data["AttachedPolicies"]]
    identity = identity_policies(ask, role, arns)
    boundary = boundary_policies(ask, boundary_arn)
    trust = data.get("AssumeRolePolicyDocument")
    gaps = [x for x in (identity, boundary) if isinstance(x, Gap)]
    return RolePolicies(
        identity=None if isinstance(identity, Gap) else identity,
        boundary=None if isinstance(boundary, Gap) else boundary,
        arn=data.get("Arn", ""),
        boundary_arn=boundary_arn,
        trust=Policy("role trust policy", "trust", trust) if isinstance(trust, dict) else None,
        gap=gaps[0] if gaps else None,
    )


Holder = Literal["Role", "User", "Group"]
"""What policies can hang on, as the operations of IAM name it."""


def inline_policies(
    ask: Ask, holder: str, kind: Holder = "Role"
) -> Union[tuple[tuple[str, dict[str, Any]], ...], Gap]:
    """Name and document of every inline policy of a role, user or group."""
    who = {f"{kind}Name": holder}
    names = ask(call("iam", f"List{kind}Policies", **who))
    if not isinstance(names, Known):
        return gap_of(names, f"the list of inline policies of {kind.lower()} {holder}")
    answers = ask.all(
        [
            call("iam", f"Get{kind}Policy", **who, PolicyName=name)
            for name in names.data["PolicyNames"]
        ]
    )
    found = []
    for name, answer in zip(names.data["PolicyNames"], answers):
        if not isinstance(answer, Known):
            return gap_of(answer, f"inline policy {name} of {kind.lower()} {holder}")
        found.append((str(name), dict(answer.data["PolicyDocument"])))
    return tuple(found)


def identity_policies(
    ask: Ask, holder: str, arns: Sequence[str], kind: Holder = "Role"
) -> Union[tuple[Policy, ...], Gap]:
    """The inline policies of a role, user or group, and the managed ones named ``arns``."""
    own = inline_policies(ask, holder, kind)
    if isinstance(own, Gap):
        return own
    managed = managed_policies(ask, arns, "identity")
    if isinstance(managed, Gap):
        return managed
    return (*(Policy(n, "identity", d) for n, d in own), *managed)


def boundary_policies(ask: Ask, arn: str) -> Union[tuple[Policy, ...], Gap]:
    """The permissions boundary named ``arn``; none if that is empty."""
    return managed_policies(ask, [arn], "boundary") if arn else ()


def managed_policies(ask: Ask, arns: Sequence[str], kind: Any) -> Union[tuple[Policy, ...], Gap]:
    """The documents of managed policies in their default versions."""
    heads = ask.all([call("iam", "GetPolicy", PolicyArn=arn) for arn in arns])
    versions = []
    for arn, head in zip(arns, heads):
        if not isinstance(head, Known):
            return gap_of(head, f"policy {arn}")
        version = head.data["Policy"]["DefaultVersionId"]
        versions.append(call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version))
    found = []
    for arn, answer in zip(arns, ask.all(versions)):
        if not isinstance(answer, Known):
            return gap_of(answer, f"policy {arn}")
        name = arn.rsplit("/", 1)[-1]
        found.append(Policy(name, kind, answer.data["PolicyVersion"]["Document"], arn))
    return tuple(found)


def _gap(role: str, unread: Sequence[Answer]) -> Gap:
    if any(isinstance(answer, Absent) for answer in unread):
        return Gap(f"role {role} does not exist in this account", "check the role's name")
    denied = [a.denial.action or "" for a in unread if isinstance(a, Denied)]
    if denied:
        return Gap(
            f"the policies of role {role} may not be read with these credentials",
            "allow iam:GetRole, iam:ListRolePolicies, iam:GetRolePolicy, "
            "iam:ListAttachedRolePolicies, iam:GetPolicy and iam:GetPolicyVersion",
        )
    return gap_of(unread[0], f"role {role}")


def resources(document: Mapping[str, Any]) -> Iterator[str]:
    """Every Resource that the Allow statements of a policy name."""
    for statement in statements_of(document):
        if statement.get("Effect") == "Allow":
            named = statement.get("Resource", [])
            yield from named if isinstance(named, list) else [named]
