"""Permissions for a role whose inline policies are full: a managed policy beside them.

Sources: IAM User Guide, "IAM and AWS STS quotas" (6,144 characters a managed policy, 10 attached to
a role, 5 versions); IAM API Reference, CreatePolicy, CreatePolicyVersion, AttachRolePolicy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Optional, Union

from ssmdiag.iam.arn import parse_arn
from ssmdiag.model import Advice, Write
from ssmdiag.policy.merge import QUOTAS, Statement, listed, size_of, with_statements
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.role.policies import managed_policies
from ssmdiag.world.call import Absent, Ask, Call, Known, call

_ATTACHED = 10
_VERSIONS = 5


def allow_in_managed(
    ask: Ask, role: str, name: str, statements: Sequence[Statement]
) -> Union[Write, Advice]:
    """Put ``statements`` into the customer managed policy ``name`` of ``role``, made if need be."""
    arn = _arn(ask, role, name)
    attached = ask(call("iam", "ListAttachedRolePolicies", RoleName=role))
    if arn is None or not isinstance(attached, Known):
        return Advice(f"attach a managed policy to role {role} with {json.dumps(statements)}")
    arns = [policy["PolicyArn"] for policy in attached.data["AttachedPolicies"]]
    if arn in arns:
        return _new_version(ask, arn, statements)
    if len(arns) >= _ATTACHED:
        return Advice(
            f"role {role} has no room for more inline policies and {len(arns)} managed ones "
            f"(quota {_ATTACHED}): put {json.dumps(statements)} into one of those"
        )
    return _attached(ask, role, arn, name, statements)


def _arn(ask: Ask, role: str, name: str) -> Optional[str]:
    answer = ask(call("iam", "GetRole", RoleName=role))
    arn = parse_arn(answer.data["Role"]["Arn"]) if isinstance(answer, Known) else None
    return f"arn:{arn.partition}:iam::{arn.account}:policy/{name}" if arn else None


def _attached(
    ask: Ask, role: str, arn: str, name: str, statements: Sequence[Statement]
) -> Union[Write, Advice]:
    document = with_statements({}, statements)
    if size_of(document) > QUOTAS["managed"]:
        return _too_large(arn, document)
    if not isinstance(ask(call("iam", "GetPolicy", PolicyArn=arn)), Absent):
        # Somebody else's policy, or one that cannot be seen: a name that only this content has.
        digest = hashlib.sha256(json.dumps(document).encode()).hexdigest()[:8]
        arn, name = f"{arn}-{digest}", f"{name}-{digest}"
    text = json.dumps(document, indent=2)
    orders: tuple[Call, ...] = (
        call("iam", "CreatePolicy", PolicyName=name, PolicyDocument=text),
        call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn),
    )
    return Write(orders, f'{_said(statements)} (managed policy "{name}" for role {role})')


def _new_version(ask: Ask, arn: str, statements: Sequence[Statement]) -> Union[Write, Advice]:
    current = managed_policies(ask, [arn], "identity")
    versions = ask(call("iam", "ListPolicyVersions", PolicyArn=arn))
    if isinstance(current, Gap) or not isinstance(versions, Known):
        return Advice(f"add {json.dumps(statements)} to managed policy {arn}")
    if len(versions.data["Versions"]) >= _VERSIONS:
        return Advice(
            f"managed policy {arn} has {_VERSIONS} versions: delete one that is not in use "
            "(iam:DeletePolicyVersion) and run ssmdiag again"
        )
    document = with_statements(current[0].document, statements)
    if size_of(document) > QUOTAS["managed"]:
        return _too_large(arn, document)
    text = json.dumps(document, indent=2)
    order = call(
        "iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=text, SetAsDefault=True
    )
    return Write((order,), f"{_said(statements)} (managed policy {arn})")


def _too_large(arn: str, document: dict[str, Any]) -> Advice:
    size, quota = size_of(document), QUOTAS["managed"]
    return Advice(f"managed policy {arn} would have {size} of {quota} characters: split it")


def _said(statements: Sequence[Statement]) -> str:
    actions = (action for statement in statements for action in listed(statement["Action"]))
    return f"allow {', '.join(dict.fromkeys(actions))}"
