"""Refusals by policies that cannot be read from a node: those of the organization and of sessions.

Sources: IAM User Guide, "Policy evaluation logic"; Organizations User Guide, "Service control
policies" and "Resource control policies".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from ssmdiag.model import Advice, Denial, PolicyType, Resource, ResourceKind, Unverified
from ssmdiag.policy.document import WORDS, with_article

_ORGANIZATION = (
    "organizations:ListPoliciesForTarget and organizations:DescribePolicy in the management "
    "account show which one"
)
_UNSEEN: Mapping[PolicyType, tuple[ResourceKind, str]] = {
    "scp": ("scp", _ORGANIZATION),
    "rcp": ("scp", _ORGANIZATION),
    "vpc-endpoint": ("vpc-endpoint", "ec2:DescribeVpcEndpoints shows the endpoint's policy"),
    "session": ("role", "look at the session policy that the credentials were made with"),
}


def refusing_policy(denial: Denial) -> str:
    """The policy that refused, as far as AWS named it."""
    return denial.policy_arn or with_article(WORDS[denial.policy_type or "identity"])


def refused_unseen(
    denial: Denial, action: str, role: str, evidence: tuple[str, ...]
) -> Optional[Unverified]:
    """The Verdict on a refusal although every policy that can be read allows ``action`` to
    ``role``; None if AWS named a kind of policy that can be read."""
    if denial.policy_type is None:
        return Unverified(
            f"{action} was refused, but every policy that can be read allows it now: it was "
            "mended since, or a policy that cannot be read from here refuses it",
            (
                Resource("scp", "a service control policy"),
                Resource("vpc-endpoint", "a VPC endpoint policy"),
            ),
            "start a session and look whether the refusal comes again",
            evidence,
        )
    if denial.policy_type not in _UNSEEN:
        return None
    kind, settle = _UNSEEN[denial.policy_type]
    name = refusing_policy(denial)
    return Unverified(
        f"{action} is refused by {name}, as AWS says; role, boundary and resource policy "
        "allow it, and that policy cannot be read from here",
        (Resource(kind, name),),
        settle,
        evidence,
        (Advice(f"whoever owns {name} has to exempt {role} from it"),),
    )
