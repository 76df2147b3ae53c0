"""Who makes a request: the kinds of principals, told by their names and by what they ask.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

from typing import Literal, Optional

from ssmdiag.iam.arn import parse_arn
from ssmdiag.policy.request import Request

Kind = Literal[
    "session",  # of a role that was assumed
    "role",
    "user",
    "federated-user",  # of sts:GetFederationToken
    "root",
    "service",
    "provider",  # an identity provider that asks for a role
    "anonymous",
]

_WITH_PROVIDER = ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
_OF_A_TRUST = ("sts:assumerole", *_WITH_PROVIDER, "sts:tagsession", "sts:setsourceidentity")

_OF_ALIASES = ("kms:createalias", "kms:updatealias", "kms:deletealias")


def kind_of(request: Request) -> Kind:
    """The kind of ``request.principal``."""
    if request.action.lower() in _WITH_PROVIDER:
        return "provider"
    arn = parse_arn(request.principal)
    if arn is None:
        return "service" if "." in request.principal else "anonymous"
    kind, _, _ = arn.resource.partition("/")
    if kind == "assumed-role":
        return "session"
    if kind in ("role", "federated-user", "root"):
        return kind  # type: ignore[return-value]
    return "user"


def account_of(principal: str) -> Optional[str]:
    """The account that an IAM principal belongs to; None for a service and for nobody."""
    arn = parse_arn(principal)
    return arn.account if arn else None


def assumes_role(action: str) -> bool:
    """Whether a role's trust policy is the resource's policy: the role is asked for."""
    return action.lower() in _OF_A_TRUST


def manages_alias(action: str) -> bool:
    """Whether it is about an alias of a KMS key itself, and not about the key behind it."""
    return action.lower() in _OF_ALIASES
