"""AWS's own answer beside ours: the IAM policy simulator.

It reads identity policies, the permissions boundary and the organization's SCPs; the policies of
resources it does not simulate for roles (IAM API Reference, SimulatePrincipalPolicy), so ours is
compared without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ssmdiag.model import PolicyType
from ssmdiag.policy.caller import account_of, assumes_role
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate, policy_is_mandatory
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.caller.principals import Who
from ssmdiag.requirements.contract import gap_of
from ssmdiag.world.call import Ask, Call, Known, call

_WORDS = {"allowed": "allowed", "explicitDeny": "denied", "implicitDeny": "denied"}


def compared(ask: Ask, request: Request, policies: Policies, who: Who) -> list[str]:
    """What the simulator says, and whether ours agrees, in words."""
    if who.principal_arn is None:
        return [f"the IAM policy simulator cannot be asked about {who.words}: its ARN is not known"]
    answer = ask(_simulation(request, who.principal_arn))
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the IAM policy simulator's answer")
        return [f"{gap.why}: {gap.settle}"]
    (result,) = answer.data["EvaluationResults"]
    theirs = str(result["EvalDecision"])
    ours = _of_identity_alone(request, policies)
    if ours.outcome == "undetermined":
        verdict = f"ssmdiag leaves that open: {ours.reasons[0]}"
    elif ours.outcome == _WORDS.get(theirs):
        verdict = "ssmdiag agrees"
    else:
        verdict = f"ssmdiag says {ours.outcome}: {ours.reasons[0]}"
    scope = "from identity policies, boundary and SCPs alone"
    return [f"the IAM policy simulator says {theirs}{_because(result)}, {scope}; {verdict}"]


def _simulation(request: Request, arn: str) -> Call:
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyType": "string" if isinstance(value, str) else "stringList",
            "ContextKeyValues": [value] if isinstance(value, str) else list(value),
        }
        for key, value in request.context.items()
        if value is not None
    ]
    more: dict[str, Any] = {"ContextEntries": entries} if entries else {}
    return call(
        "iam",
        "SimulatePrincipalPolicy",
        PolicySourceArn=arn,
        ActionNames=[request.action],
        ResourceArns=[request.resource],
        **more,
    )


def _of_identity_alone(request: Request, policies: Policies) -> Decision:
    """Ours, as if the resource were the caller's own and left it all to the caller's policies."""
    account = account_of(request.principal)
    own: list[Policy] = []
    if policy_is_mandatory(request):
        statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*"}
        kind: PolicyType = "trust" if assumes_role(request.action) else "resource"
        own = [Policy("its own policy", kind, {"Statement": statement})]
    same_account = replace(request, resource_account=account)
    return evaluate(same_account, replace(policies, resource=own, grants=()))


def _because(result: Mapping[str, Any]) -> str:
    """The statements that it names, and what else decided."""
    named = [str(s.get("SourcePolicyId", "")) for s in result.get("MatchedStatements") or ()]
    parts = [f"by {', '.join(dict.fromkeys(named))}"] if named else []
    organization = result.get("OrganizationsDecisionDetail") or {}
    if organization.get("AllowedByOrganizations") is False:
        parts.append("the organization does not allow it")
    boundary = result.get("PermissionsBoundaryDecisionDetail") or {}
    if boundary.get("AllowedByPermissionsBoundary") is False:
        parts.append("the permissions boundary does not allow it")
    missing = result.get("MissingContextValues") or ()
    if missing:
        parts.append(f"without knowing {', '.join(missing)}")
    return f" ({'; '.join(parts)})" if parts else ""
