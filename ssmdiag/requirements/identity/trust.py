"""Whether the service that hands out the node's credentials may assume the role.

Sources: IAM User Guide, "Roles terms and concepts" (trust policy); Systems Manager User Guide,
"Create the IAM service role required for Systems Manager in hybrid environments"; Amazon ECS
Developer Guide, "Amazon ECS task IAM role".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Union

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Verdict,
    Write,
)
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.merge import QUOTAS, Statement, size_of, with_statements
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.contract import Requirement
from ssmdiag.requirements.identity.agent import ECS_TASK, Agent, the_agent
from ssmdiag.requirements.role.policies import read_role
from ssmdiag.world.call import Ask, call


def _trusted(ask: Ask, situation: Situation) -> Verdict:
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    role = read_role(ask, agent.role)
    # Systems Manager assumes the roles of Default Host Management and of hybrid nodes.
    service = {"instance profile": "ec2", ECS_TASK: "ecs-tasks"}.get(agent.how, "ssm")
    principal = f"{service}.{_service_suffix(service, situation.region)}"
    if role.trust is None:
        return NotApplicable("the role trust policy was not read, and nothing casts doubt on it")
    decision = assuming(role.arn, role.trust, principal, agent.account)
    if decision.outcome != "denied":
        return Holds(f"{principal} may assume role {agent.role}", decision.reasons)
    return Broken(
        f"the trust policy of role {agent.role} does not let {principal} assume it, so the node "
        "gets no credentials",
        Resource("role", agent.role),
        decision.reasons,
        (remedy(agent.role, principal, role.trust.document, explicit=decision.explicit),),
    )


def assuming(role: str, trust: Policy, principal: str, account: str) -> Decision:
    """May a service assume the role with this ARN and trust policy, for ``account``?"""
    request = Request(
        "sts:AssumeRole",
        role,
        principal,
        resource_account=account,
        context={"aws:SourceAccount": account},
    )
    return evaluate(request, Policies(identity=(), resource=(trust,)))


def remedy(role: str, principal: str, trust: Mapping[str, Any], *, explicit: bool) -> Remedy:
    """What lets a service assume ``role``: a statement more, or a Deny less."""
    if explicit:
        return Advice(f"narrow the Deny statement in the trust policy of role {role}")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sts:AssumeRole",
    }
    return let_assume(role, trust, statement, principal)


def let_assume(
    role: str, trust: Mapping[str, Any], statement: Statement, principal: str
) -> Union[Write, Advice]:
    """Add ``statement``, which admits ``principal``, to the trust policy of ``role``."""
    document = with_statements(trust, [statement])
    if size_of(document) > QUOTAS["trust"]:
        return Advice(
            f"the trust policy of role {role} would have {size_of(document)} of {QUOTAS['trust']} "
            f"characters: make room for {json.dumps(statement)}"
        )
    text = json.dumps(document, indent=2)
    order = call("iam", "UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=text)
    return Write((order,), f"let {principal} assume role {role}")


def _service_suffix(service: str, region: str) -> str:
    # Only EC2's principal has China's own suffix there (IAM User Guide, "Service principals").
    return dns_suffix(region) if service == "ec2" else "amazonaws.com"


REQUIREMENTS = (Requirement("role/trust", "The node may assume its role", "identity", _trusted),)
