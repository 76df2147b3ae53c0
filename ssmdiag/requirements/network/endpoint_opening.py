"""The agent's requests against the policy of the VPC endpoint that they take, and its mending.

An endpoint policy grants nothing by itself, it only restricts: the other policies are taken to
allow. In the policy of a gateway endpoint a principal has to be ``*``, and an account that is named
there stands for its root user alone; so the role is named in a condition, which is right
everywhere. Sources: AWS PrivateLink Guide, "Control access to VPC
endpoints using endpoint policies"; Amazon VPC User Guide, "Amazon VPC quotas" (20,480 characters).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Union

from ssmdiag.model import Advice, Allow, Situation, Write
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy, statements_of
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.merge import Statement, listed, with_statements
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.network.vpc_facts import Endpoint, Vpc
from ssmdiag.requirements.role.agent_requests import agent_requests
from ssmdiag.requirements.role.authorisation import Need
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, call

_QUOTA = 20_480
_ACCOUNT = r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?"
_SID = "SessionManagerNode"
_ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_OTHERS_ALLOW = Policies(
    identity=(Policy("identity policies", "identity", {"Statement": _ALLOW}),),
    resource=(Policy("resource policy", "resource", {"Statement": {**_ALLOW, "Principal": "*"}}),),
)


@dataclass(frozen=True)
class Passage:
    """One request of the agent at the endpoint that it goes through."""

    need: Need
    endpoint: Endpoint
    decision: Decision


def judge(endpoint: Endpoint, request: Request) -> Decision:
    """Does the endpoint's policy let a request through? It must have been readable."""
    policies = endpoint.policy
    if endpoint.gateway and policies is not None:
        policies = tuple(_of_gateway(policy) for policy in policies)
    return evaluate(request, replace(_OTHERS_ALLOW, endpoint=policies))


def _of_gateway(policy: Policy) -> Policy:
    if policy.problem:
        return policy
    statements = [_root_alone(statement) for statement in statements_of(policy.document)]
    return replace(policy, document={**policy.document, "Statement": statements})


def _root_alone(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """The statement of a gateway endpoint's policy, with what the account in it stands for."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return statement
    named = listed(principal.get("AWS"))
    accounts = [found[1] for who in named if (found := re.fullmatch(_ACCOUNT, who))]
    if not accounts:
        return statement
    others = [who for who in named if not re.fullmatch(_ACCOUNT, who)]
    if others:
        return {**statement, "Principal": {**principal, "AWS": others}}
    condition = statement.get("Condition") or {}
    roots = {"aws:PrincipalArn": [f"arn:*:iam::{account}:root" for account in accounts]}
    return {**statement, "Condition": {**condition, "ArnLike": roots}}


def passage(vpc: Vpc, endpoint: Endpoint, need: Need) -> Passage:
    """Judge a request of the agent at one endpoint."""
    through = {"aws:SourceVpce": endpoint.id, "aws:SourceVpc": vpc.id}
    request = Request(
        action=need.action,
        resource=need.resource,
        principal=need.principal,
        principal_arn=need.role_arn or None,
        resource_account=need.owner or need.account,
        context={**need.context, **through},
    )
    return Passage(need, endpoint, judge(endpoint, request))


def shut_out(ask: Ask, situation: Situation, vpc: Vpc, endpoint: Endpoint) -> tuple[Need, ...]:
    """The agent's requests that this endpoint's policy allows to nobody like the agent."""
    needs = [
        need
        for need in agent_requests(ask, situation)
        if vpc.taken(service_of(need), situation.region) == endpoint
    ]
    decisions = [passage(vpc, endpoint, need).decision for need in needs]
    return tuple(n for n, d in zip(needs, decisions) if d.outcome == "denied" and not d.explicit)


def service_of(need: Need) -> str:
    """The service that a request goes to, as its endpoint is named."""
    return need.action.partition(":")[0].lower()


def opening(endpoint: Endpoint, needs: Sequence[Need]) -> Union[Write, Advice]:
    """What makes the endpoint's policy let ``needs`` through, beside all that it says already."""
    document = endpoint.policy[0].document if endpoint.policy else {}
    merged = json.dumps(with_statements(document, _statements(needs)), indent=2)
    actions = ", ".join(dict.fromkeys(need.action for need in needs))
    summary = f"allow {actions} to role {needs[0].role} in the policy of {endpoint.id}"
    if len(merged) > _QUOTA:
        return Advice(f"{summary} (ec2:ModifyVpcEndpoint), and shorten it below {_QUOTA} bytes")
    order = call("ec2", "ModifyVpcEndpoint", VpcEndpointId=endpoint.id, PolicyDocument=merged)
    return Write((order,), summary)


def _statements(needs: Sequence[Need]) -> list[Statement]:
    """One statement a resource, as an identity policy would write that."""
    actions: dict[str, list[str]] = {}
    for need in needs:
        written = need.remedy.resource if isinstance(need.remedy, Allow) else need.resource
        actions.setdefault(written, []).append(need.action)
    arn = needs[0].role_arn or _role_of(needs[0])
    return [
        {
            "Sid": _SID,
            "Effect": "Allow",
            "Principal": "*",
            "Action": names if len(names) > 1 else names[0],
            "Resource": resource,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}},
        }
        for resource, names in actions.items()
    ]


def _role_of(need: Need) -> str:
    """The role's ARN as its session's name tells it: without a path."""
    partition = need.principal.split(":")[1]
    return f"arn:{partition}:iam::{need.account}:role/{need.role}"
