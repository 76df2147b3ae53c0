"""What a file proposes: a policy, a session document or write Calls; as Calls that carry it out.

A file says what it is by its content, and what it replaces only if the configuration in force
leaves no choice (``proposal_targets``). Sources: the API References of IAM, KMS, S3, EC2 and
Systems Manager, for the operation that writes each document; IAM User Guide, "IAM JSON policy
elements" (which policies have a Principal, and which a Resource).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ssmdiag.diagnose.proposal_targets import (
    Content,
    ProposalError,
    Target,
    TargetKind,
    named_target,
    only_target,
)
from ssmdiag.diagnose.proposed_calls import read_calls
from ssmdiag.model import PolicyType, Situation
from ssmdiag.policy.document import Policy, PolicyError, parse, statements_of
from ssmdiag.policy.merge import QUOTAS, listed, size_of
from ssmdiag.requirements.preferences.facts import Preferences, reading, rewrite
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Call, call

_TYPES: Mapping[Content, PolicyType] = {
    "identity": "identity",
    "resource": "resource",
    "trust": "trust",
}
_QUOTAS = {
    "key": "key",
    "bucket": "bucket",
    "trust": "trust",
    "role-policy": "inline",
    "managed-policy": "managed",
}
_WRITES: Mapping[TargetKind, tuple[str, str, str]] = {
    "key": ("kms", "PutKeyPolicy", "Policy"),
    "bucket": ("s3", "PutBucketPolicy", "Policy"),
    "trust": ("iam", "UpdateAssumeRolePolicy", "PolicyDocument"),
    "role-policy": ("iam", "PutRolePolicy", "PolicyDocument"),
    "managed-policy": ("iam", "CreatePolicyVersion", "PolicyDocument"),
    "vpc-endpoint": ("ec2", "ModifyVpcEndpoint", "PolicyDocument"),
}
"""Service and operation that write each document, and the parameter that holds it."""
_WHICH: Mapping[TargetKind, Callable[[Target], dict[str, Any]]] = {
    "key": lambda t: {"KeyId": t.name, "PolicyName": "default"},
    "bucket": lambda t: {"Bucket": t.name},
    "trust": lambda t: {"RoleName": t.name},
    "role-policy": lambda t: {"RoleName": t.role, "PolicyName": t.name},
    "managed-policy": lambda t: {"PolicyArn": t.name, "SetAsDefault": True},
    "vpc-endpoint": lambda t: {"VpcEndpointId": t.name},
}


@dataclass(frozen=True)
class Proposal:
    """One proposed change: what it does in words, and the Calls that carry it out."""

    summary: str
    calls: tuple[Call, ...]


def propose(text: str, target: Optional[str], ask: Ask, situation: Situation) -> Proposal:
    """Read what ``text`` proposes, for ``target`` if that is given.

    Raises ProposalError, and UnreadableError where AWS does not let see what it would replace.
    """
    try:
        value = parse(text)
    except PolicyError as error:
        raise ProposalError(str(error)) from None
    calls = read_calls(value)
    if calls is not None:
        if target is not None:
            raise ProposalError("it holds write Calls, which say themselves what they change")
        operations = dict.fromkeys(f"{c.service}:{c.operation}" for c in calls)
        return Proposal(f"its write Calls are made ({', '.join(operations)})", calls)
    content = _content_of(value)
    if content in _TYPES and (problem := Policy("", _TYPES[content], value).problem):
        raise ProposalError(problem)
    if target is None:
        chosen = only_target(value, content, ask, situation)
    else:
        chosen = named_target(target, content, ask, situation)
    _fits(value, chosen)
    return Proposal(f"{chosen.words} becomes what the file says", _orders(value, chosen, ask))


def _content_of(value: Any) -> Content:
    """What kind of document this is."""
    if isinstance(value, Mapping) and "Statement" in value:
        return _policy_content(value)
    if isinstance(value, Mapping) and ("sessionType" in value or "inputs" in value):
        if not isinstance(value.get("inputs", {}), Mapping):
            raise ProposalError("the inputs of the session document are no object")
        return "document"
    raise ProposalError(
        "it is neither a policy (it has no Statement), nor a session document (it has no "
        "sessionType), nor JSON with write Calls (a plan, a Report, a Change)"
    )


def _policy_content(document: Mapping[str, Any]) -> Content:
    statements = statements_of(document)
    if not any("Principal" in s or "NotPrincipal" in s for s in statements):
        return "identity"
    actions = [str(a) for s in statements for a in listed(s.get("Action"))]
    if any("Resource" in s or "NotResource" in s for s in statements) or not actions:
        return "resource"
    return "trust" if all(a.lower().startswith("sts:") for a in actions) else "resource"


def _fits(value: Mapping[str, Any], target: Target) -> None:
    quota = QUOTAS[_QUOTAS[target.kind]] if target.kind in _QUOTAS else None
    if quota is not None and size_of(value) > quota:
        raise ProposalError(
            f"it has {size_of(value)} characters, and {target.words} may have {quota} at most"
        )


def _orders(value: Mapping[str, Any], target: Target, ask: Ask) -> tuple[Call, ...]:
    """The Calls that put ``value`` where ``target`` is now."""
    if target.kind == "document":
        return _document(value, target.name, ask)
    text = json.dumps(value, indent=2)
    service, operation, parameter = _WRITES[target.kind]
    which = _WHICH[target.kind](target)
    return (call(service, operation, **which, **{parameter: text}),)


def _document(value: Mapping[str, Any], name: str, ask: Ask) -> tuple[Call, ...]:
    missing = isinstance(ask(reading(name)), Absent)
    preferences = Preferences(name, dict(value), "the file", written=not missing)
    return rewrite(preferences, {}, "").calls
