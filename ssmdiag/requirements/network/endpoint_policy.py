"""Which VPC endpoint policy refused the agent's requests, where AWS itself said that one did?

Principal, action and resource are taken from the refusal, which is what AWS judged. Source: AWS
PrivateLink Guide, "Control access to VPC endpoints using endpoint policies".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from ssmdiag.iam.arn import parse_arn, role_name_of
from ssmdiag.model import (
    Advice,
    Broken,
    Denial,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.request import Request
from ssmdiag.requirements.contract import Gap, Requirement, as_one, moments
from ssmdiag.requirements.identity.agent import Agent, the_agent
from ssmdiag.requirements.network.endpoint_opening import judge, opening, shut_out
from ssmdiag.requirements.network.vpc_facts import ENDPOINT_POLICY, Endpoint, Vpc, find_vpc
from ssmdiag.requirements.role.policies import read_role
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask


@dataclass(frozen=True)
class _Refusal:
    """One request that AWS says a VPC endpoint policy refused."""

    denial: Denial
    action: str
    told: str

    @property
    def service(self) -> str:
        return self.action.partition(":")[0].lower()

    @property
    def what(self) -> str:
        return f"{self.action} on {self.denial.resource or 'its resource'}"


def _check(ask: Ask, situation: Situation) -> Verdict:
    if not any(_names_endpoint_policy(s) for s in situation.symptoms):
        return NotApplicable("AWS named no VPC endpoint policy in a refusal")
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    refusals = _refusals(situation, agent)
    if not refusals:
        return NotApplicable("AWS named no VPC endpoint policy in a refusal to the node's role")
    vpc = find_vpc(ask, situation)
    if vpc is None:
        gap = Gap("the node is no EC2 instance", "look at the endpoint of the network it is in")
        return _unread(refusals[0], gap)
    if isinstance(vpc, Gap):
        return _unread(refusals[0], vpc)
    verdicts = [_judged(ask, situation, agent, vpc, refusal) for refusal in refusals]
    broken = [v for v in verdicts if isinstance(v, Broken)]
    return as_one(broken) if broken else verdicts[0]


def _names_endpoint_policy(symptom: Symptom) -> bool:
    denial = symptom.failure.denial if symptom.failure else None
    return denial is not None and denial.policy_type == "vpc-endpoint"


def _refusals(situation: Situation, agent: Agent) -> list[_Refusal]:
    """The node's refused requests, of each action the newest, if an endpoint policy refused it."""
    newest: dict[str, tuple[Denial, Symptom]] = {}
    for symptom in situation.symptoms:
        denial = symptom.failure.denial if symptom.failure else None
        if denial is None or denial.action is None:
            continue
        # Who starts a session comes through endpoints of another network.
        if denial.principal and role_name_of(denial.principal) != agent.role:
            continue
        newest[denial.action] = (denial, symptom)
    return [
        _Refusal(denial, action, f"AWS refused it: {denial.message} ({moments(symptom)})")
        for action, (denial, symptom) in newest.items()
        if denial.policy_type == "vpc-endpoint"
    ]


def _judged(ask: Ask, situation: Situation, agent: Agent, vpc: Vpc, refusal: _Refusal) -> Verdict:
    endpoint = vpc.taken(refusal.service, situation.region)
    if endpoint is None:
        why = f"{vpc.id} shows no endpoint that takes the node's requests to {refusal.service}"
        gap = Gap(why, "look for an endpoint that another VPC or account shares with this one")
        return _unread(refusal, gap)
    if endpoint.policy is None:
        gap = Gap(f"the policy of {endpoint.id} is not valid JSON", "write the policy anew")
        return _unread(refusal, gap)
    request = _request(ask, situation, agent, vpc, endpoint, refusal)
    decision = judge(endpoint, request)
    if decision.outcome == "denied":
        broken = _broken(agent, endpoint, refusal, decision)
        opened = None if decision.explicit else _opening(ask, situation, vpc, endpoint, refusal)
        return replace(broken, remedies=(opened,)) if opened else broken
    explicit = refusal.denial.explicit
    if decision.outcome == "undetermined" and explicit in (decision.explicit, None):
        # AWS has seen the value that the condition asks for, and says how it came out.
        return replace(_broken(agent, endpoint, refusal, decision), provable=False)
    gap = Gap(
        f"the policy of {endpoint.id}, as it is now, does not explain it: it was mended since, or "
        "the request took another endpoint",
        "start a session and look whether the refusal comes again",
    )
    return _unread(refusal, gap, endpoint.id)


def _opening(
    ask: Ask, situation: Situation, vpc: Vpc, endpoint: Endpoint, refusal: _Refusal
) -> Optional[Remedy]:
    """The mended policy, if the refused request is one that is known apart from the log."""
    needs = shut_out(ask, situation, vpc, endpoint)
    known = any(need.action.lower() == refusal.action.lower() for need in needs)
    return opening(endpoint, needs) if known else None


def _request(
    ask: Ask,
    situation: Situation,
    agent: Agent,
    vpc: Vpc,
    endpoint: Endpoint,
    refusal: _Refusal,
) -> Request:
    resource = refusal.denial.resource or "*"
    arn = parse_arn(resource)
    return Request(
        action=refusal.action,
        resource=resource,
        principal=refusal.denial.principal or agent.principal(situation.region),
        principal_arn=read_role(ask, agent.role).arn or None,
        resource_account=arn.account if arn and arn.account.isdigit() else None,
        context={
            "aws:RequestedRegion": situation.region,
            "aws:SourceVpce": endpoint.id,
            "aws:SourceVpc": vpc.id,
        },
    )


def _broken(agent: Agent, endpoint: Endpoint, refusal: _Refusal, decision: Decision) -> Broken:
    where = f" {decision.cited.statement}" if decision.cited and decision.explicit else ""
    advice = f"allow {refusal.what} to role {agent.role} in the policy of {endpoint.id}"
    if decision.explicit:
        advice = f"exempt role {agent.role} from the Deny statement{where} of {endpoint.id}"
    return Broken(
        f"the policy of VPC endpoint {endpoint.id} ({refusal.service}) does not let role "
        f"{agent.role} do {refusal.what}",
        Resource("vpc-endpoint", endpoint.id),
        (*decision.reasons, refusal.told),
        (Advice(f"{advice} (ec2:ModifyVpcEndpoint)"),),
    )


def _unread(refusal: _Refusal, gap: Gap, endpoint: Optional[str] = None) -> Unverified:
    name = endpoint or refusal.denial.policy_arn or "a VPC endpoint policy"
    return Unverified(
        f"{refusal.action} was refused by a VPC endpoint policy, as AWS says; {gap.why}",
        (Resource("vpc-endpoint", name),),
        gap.settle,
        (refusal.told,),
        (Advice("whoever owns the endpoint has to let the node's role through in its policy"),),
    )


REQUIREMENTS = (
    Requirement(
        ENDPOINT_POLICY,
        "The policies of the VPC endpoints let the agent through",
        "network",
        _check,
    ),
)
