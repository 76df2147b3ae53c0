"""From a denial to the least edit that turns it round, or to the statement that is in the way.

Adding helps where nothing allows: to the identity policies of who asks, or to the policy of what
is asked for. It cannot help against a Deny, a permissions boundary, a session policy, a service or
resource control policy or a VPC endpoint policy: there a statement must be narrowed or extended by
whoever owns that policy. Source: IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Optional, Union

from ssmdiag.iam.arn import parse_arn, role_name_of
from ssmdiag.model import PolicyType
from ssmdiag.policy.caller import kind_of
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import WORDS, Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.merge import Statement, with_statements
from ssmdiag.policy.request import Policies, Request
from ssmdiag.values import dataclass

SID = "AllowedBySsmdiag"

_OWNERS: Mapping[PolicyType, str] = {
    "identity": "whoever manages the identity (iam:PutRolePolicy or iam:CreatePolicyVersion)",
    "resource": "the owner of the resource",
    "trust": "whoever manages the role (iam:UpdateAssumeRolePolicy)",
    "boundary": "whoever owns the boundary policy (iam:CreatePolicyVersion)",
    "session": "whoever makes the credentials (the Policy of sts:AssumeRole)",
    "scp": "the organization's management account (organizations:UpdatePolicy)",
    "rcp": "the organization's management account (organizations:UpdatePolicy)",
    "vpc-endpoint": "the owner of the VPC (ec2:ModifyVpcEndpoint)",
}


@dataclass(frozen=True)
class Addition:
    """One statement to be added to the policies of the caller, or to that of the resource."""

    to: Literal["identity", "resource", "trust"]
    statement: Statement


@dataclass(frozen=True)
class Obstacle:
    """A policy that no addition gets past: what has to be done in it, and who can."""

    layer: PolicyType
    what: str
    who: str

    def __str__(self) -> str:
        return f"{self.what}; {self.who} can"


_ANONYMOUS = Obstacle(
    "resource",
    "sign the request with somebody's credentials: nobody can be allowed it without, but everybody",
    "the caller",
)


@dataclass(frozen=True)
class Mending:
    """The additions in the order in which they are needed, and what still stands in the way.

    ``proof`` is the Decision with all additions in place: they mend it if that is ``allowed``.
    """

    additions: tuple[Addition, ...]
    obstacle: Optional[Obstacle]
    proof: Decision


def mend(request: Request, policies: Policies, resource: Optional[str] = None) -> Mending:
    """The least additions that make ``policies`` allow ``request``.

    Each is one statement that allows the request's own action to its own caller on its own
    resource, no more; cross-account it takes one on either side. ``resource`` is how an
    identity-based policy writes the resource, where that is not the literal that AWS checks.
    """
    additions: list[Addition] = []
    while True:
        decision = evaluate(request, policies)
        to = decision.layer
        added = {addition.to for addition in additions}
        if decision.outcome != "denied":
            return Mending(tuple(additions), None, decision)
        if kind_of(request) == "anonymous":
            return Mending((), _ANONYMOUS, decision)
        if decision.explicit or to not in ("identity", "resource", "trust") or to in added:
            wanted = f"{request.action} on {resource or request.resource}"
            obstacle = obstacle_of(decision, wanted, policies)
            return Mending(tuple(additions), obstacle, decision)
        addition = Addition(to, statement_for(request, to, resource))
        additions.append(addition)
        policies = added_to(policies, addition)


def obstacle_of(decision: Decision, wanted: str, policies: Policies) -> Obstacle:
    """What has to be done in the policy that denies, where adding permissions cannot help.

    ``wanted`` is what is denied, in words: action and resource.
    """
    layer: PolicyType = decision.layer or "identity"
    cited = decision.cited
    if decision.explicit and cited:
        what = f"narrow or remove the Deny {cited.named}: adding permissions cannot help"
    else:
        where = cited.named if cited else _restricting(layer, policies)
        what = f"extend {where}, so that it allows {wanted}"
    return Obstacle(layer, what, _OWNERS[layer])


def _restricting(layer: PolicyType, policies: Policies) -> str:
    """The policies of a kind that can only restrict, by name."""
    kinds: Mapping[PolicyType, Optional[Sequence[Policy]]] = {
        "boundary": policies.boundary,
        "session": policies.session,
        "vpc-endpoint": policies.endpoint,
    }
    named = [policy.named for policy in kinds.get(layer) or ()]
    return " or ".join(named) or f"the {WORDS[layer]}"


def statement_for(
    request: Request,
    to: Literal["identity", "resource", "trust"],
    resource: Optional[str] = None,
) -> Statement:
    """The narrowest statement that allows ``request`` in a policy of that kind; see ``mend``."""
    statement: Statement = {"Sid": SID, "Effect": "Allow"}
    if to != "identity":
        statement["Principal"] = principal_for(request)
    statement["Action"] = request.action
    if to != "trust":
        # The resource of a key policy is the key that it is attached to (KMS Developer Guide).
        arn = parse_arn(request.resource)
        own_key = to == "resource" and arn is not None and arn.service == "kms"
        written = resource if to == "identity" else None
        statement["Resource"] = "*" if own_key else written or _literally(request.resource)
    condition = _condition_for(request)
    return {**statement, "Condition": condition} if condition else statement


def _literally(resource: str) -> str:
    """The ARN with nothing in it that a policy would take for a wildcard or a variable."""
    if resource == "*":
        return resource
    return "".join(f"${{{char}}}" if char in "*?$" else char for char in resource)


_KEPT: tuple[str, ...] = ("kms:viaservice",)
_KEPT_FOR_SERVICES = (*_KEPT, "aws:sourcearn", "aws:sourceaccount", "kms:encryptioncontext:")


def _condition_for(request: Request) -> dict[str, Any]:
    """What keeps the statement from meaning more: a service acts for many, so it is held to the
    thing that it acts for (IAM User Guide, "The confused deputy problem"); and a key that is used
    through a service need not be usable without it."""
    kept = _KEPT_FOR_SERVICES if kind_of(request) == "service" else _KEPT
    values = {
        key: value
        for key, value in request.context.items()
        if value is not None and key.lower().startswith(kept)
    }
    return {"StringEquals": values} if values else {}


def principal_for(request: Request) -> Union[str, dict[str, str]]:
    """The Principal element that means the caller: a session by its role."""
    kind = kind_of(request)
    if kind == "anonymous":
        return "*"
    words = {"service": "Service", "provider": "Federated"}
    who = _role_behind(request) if kind == "session" else request.principal
    return {words.get(kind, "AWS"): who}


def _role_behind(request: Request) -> str:
    """The role of a session; if its path is not known, as if it had none."""
    arn = parse_arn(request.principal)
    if request.principal_arn or arn is None:
        return request.principal_arn or request.principal
    name = role_name_of(request.principal)
    return f"arn:{arn.partition}:iam::{arn.account}:role/{name}"


def added_to(policies: Policies, addition: Addition) -> Policies:
    """``policies`` with one more statement: merged into the resource's policy, of which there is
    one; beside the identity's, of which there may be many."""
    if addition.to == "identity":
        document = with_statements({}, [addition.statement])
        more = Policy(SID, "identity", document)
        return replace(policies, identity=[*(policies.identity or ()), more])
    old: Sequence[Policy] = policies.resource or ()
    name = old[0].name if old else "resource policy"
    document = with_statements(old[0].document if old else {}, [addition.statement])
    return replace(policies, resource=[Policy(name, addition.to, document), *old[1:]])
