"""What the agent asks for besides sessions: the rest of AmazonSSMManagedInstanceCore, its own logs.

A session node needs little of that policy, and what it needs other Requirements decide; the rest is
for inventory, patching, associations and Run Command. What counts is what the policies allow, not
what a role is called. Sources: AWS Managed Policy Reference, "AmazonSSMManagedInstanceCore";
Systems Manager User Guide, "Configure instance permissions required for Systems Manager"; agent
source ``agent/agentlogstocloudwatch``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Callable, Optional

from ssmdiag.iam.arn import parse_arn, partition_of
from ssmdiag.model import (
    Allow,
    Broken,
    Denial,
    Holds,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.contract import Gap, Requirement, as_one, doubted, moments, waits
from ssmdiag.requirements.identity.agent import Agent, the_agent
from ssmdiag.requirements.preferences.facts import is_group_name
from ssmdiag.requirements.role.authorisation import permission
from ssmdiag.requirements.role.permissions import agent_need, channels, reporting
from ssmdiag.requirements.role.policies import RolePolicies, managed_policies, read_role
from ssmdiag.world.call import Ask, Known, call
from ssmdiag.world.empty import CORE, CORE_DOCUMENT

ID = "role/managed-instance-core"
CREATE_GROUP = "role/create-log-group"
PUBLISH = "role/publish-agent-log"

_ATTACHED_AT_MOST = 10
ACTIONS: tuple[str, ...] = tuple(
    action for statement in CORE_DOCUMENT["Statement"] for action in statement["Action"]
)

# Roles that are called after a policy of AWS's, or as a wizard of AWS's calls the role that has it.
_CALLED_AFTER: Mapping[str, str] = {
    "AmazonSSMManagedInstanceCore": CORE,
    "AmazonSSMRoleForInstancesQuickSetup": CORE,
    "AmazonEC2RoleforSSM": "AmazonEC2RoleforSSM",
    "AmazonSSMManagedEC2InstanceDefaultPolicy": "AmazonSSMManagedEC2InstanceDefaultPolicy",
    "AWSSystemsManagerDefaultEC2InstanceManagementRole": "AmazonSSMManagedEC2InstanceDefaultPolicy",
    "CloudWatchAgentServerPolicy": "CloudWatchAgentServerPolicy",
    "CloudWatchAgentServerRole": "CloudWatchAgentServerPolicy",
}


def _check(ask: Ask, situation: Situation) -> Verdict:
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    role = read_role(ask, agent.role)
    named = tuple(_namesakes(ask, agent.role))
    denial = _refusal(situation, ID, ACTIONS)
    if denial is not None:
        verdict = _refused(ask, situation, agent, role, denial)
        if isinstance(verdict, (Broken, Unverified)):
            verdict = replace(verdict, evidence=(*verdict.evidence, *named))
        return verdict
    needed = _needed(situation, agent, role, named)
    return needed or _the_rest(ask, situation, agent, role, named)


def _refused(
    ask: Ask, situation: Situation, agent: Agent, role: RolePolicies, denial: Denial
) -> Verdict:
    action = next(a for a in ACTIONS if a.lower() == (denial.action or "").lower())
    need = agent_need(
        situation,
        agent,
        role,
        requirement=ID,
        action=action,
        resource=denial.resource if parse_arn(denial.resource or "") else "*",
        what="all resources",
        remedy=_remedy(ask, situation, agent.role, (action,)),
    )
    return permission(situation, need, role)


def _needed(
    situation: Situation, agent: Agent, role: RolePolicies, named: tuple[str, ...]
) -> Optional[Verdict]:
    """What a session node needs: the same words as the Requirements that decide it, so that one
    Finding tells of it; None if all of it is allowed."""
    needs = (reporting(situation, agent, role), *channels(situation, agent, role))
    # They judge what the log says; this one looks at the policies alone.
    silent = replace(situation, symptoms=())
    verdicts = [permission(silent, need, role) for need in needs]
    broken = [v for v in verdicts if isinstance(v, Broken)]
    if broken:
        first = as_one(broken)
        return replace(first, evidence=(*first.evidence, *named))
    for need, verdict in zip(needs, verdicts):
        if not isinstance(verdict, Holds):
            return waits(need.requirement, f"whether the role is allowed {need.action} comes first")
    return None


def _the_rest(
    ask: Ask, situation: Situation, agent: Agent, role: RolePolicies, named: tuple[str, ...]
) -> Verdict:
    lacking = [a for a in ACTIONS if _outcome(situation, agent, role, a) == "denied"]
    symptoms = doubted(situation, ID)
    if symptoms and lacking:
        return Unverified(
            f"{symptoms[-1].title}; role {agent.role} is not allowed {', '.join(lacking)}, which "
            "may be why",
            (Resource("role", agent.role),),
            f"allow it, for instance with the managed policy {CORE}, and look at the log again",
            (f"in the agent's log {moments(symptoms[-1])}", *named),
            (_remedy(ask, situation, agent.role, lacking),),
        )
    if not lacking:
        return Holds(f"role {agent.role} is allowed all that {CORE} allows", named)
    note = (
        f"not allowed, and not needed for sessions: {', '.join(lacking)} (inventory, patching, "
        "associations, packages, Run Command through ec2messages)"
    )
    return Holds(f"role {agent.role} is allowed what sessions need of {CORE}", (note, *named))


def _outcome(situation: Situation, agent: Agent, role: RolePolicies, action: str) -> str:
    request = Request(
        action,
        "*",
        agent.principal(situation.region),
        role.arn or None,
        agent.account,
        {"aws:RequestedRegion": situation.region},
    )
    return evaluate(request, Policies(identity=role.identity, boundary=role.boundary)).outcome


def _remedy(ask: Ask, situation: Situation, role: str, actions: Sequence[str]) -> Remedy:
    """Attach the managed policy where there is room for it, else allow ``actions`` themselves."""
    core = _managed(situation, CORE)
    attached = _attached(ask, role)
    # Read beforehand, so that what it allows is known when the change is tried on paper.
    readable = not isinstance(managed_policies(ask, [core], "identity"), Gap)
    if attached is None or core in attached or len(attached) >= _ATTACHED_AT_MOST or not readable:
        return Allow(role, tuple(actions), "*", "ManagedInstanceCore")
    order = call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=core)
    return Write((order,), f"attach the managed policy {CORE} to role {role}")


def _managed(situation: Situation, name: str) -> str:
    return f"arn:{partition_of(situation.region)}:iam::aws:policy/{name}"


def _attached(ask: Ask, role: str) -> Optional[list[str]]:
    answer = ask(call("iam", "ListAttachedRolePolicies", RoleName=role))
    if not isinstance(answer, Known):
        return None
    return [str(policy["PolicyArn"]) for policy in answer.data["AttachedPolicies"]]


def _namesakes(ask: Ask, role: str) -> Iterator[str]:
    """Where a name promises a policy of AWS's that is not there."""
    attached = _attached(ask, role)
    if attached is None:
        return
    names = {arn.rsplit("/", 1)[-1]: arn for arn in attached}
    policy = next((p for n, p in _CALLED_AFTER.items() if role.lower().startswith(n.lower())), None)
    if policy and policy not in names:
        yield (
            f"role {role} is only called so: the managed policy {policy} is not attached to it, "
            "and a name allows nothing"
        )
    for name, arn in names.items():
        if name in _CALLED_AFTER.values() and ":iam::aws:" not in arn:
            yield f"{arn} is the account's own policy, and only called like AWS's {name}"


# --- what the agent writes to CloudWatch Logs besides sessions ----------------------------------

_PUBLISHING = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
)


def _besides(
    requirement: str, actions: Sequence[str], sid: str
) -> Callable[[Ask, Situation], Verdict]:
    """Judges only what the log complains of: without it, nobody knows whether it is wanted."""

    def check(ask: Ask, situation: Situation) -> Verdict:
        symptoms = doubted(situation, requirement)
        if not symptoms:
            return NotApplicable("sessions do not need it, and nothing in the log asks for it")
        agent = the_agent(ask, situation)
        if not isinstance(agent, Agent):
            return agent
        denial = _refusal(situation, requirement, actions)
        named = _named_in(situation, agent, denial) if denial else None
        if denial is None or named is None:
            return Unverified(
                f"{symptoms[-1].title}, and the log does not tell what exactly was refused",
                (Resource("role", agent.role),),
                f"look whether role {agent.role} is allowed {', '.join(actions)}",
                (f"in the agent's log: {symptoms[-1].sample.message}",),
            )
        group, written = named
        role = read_role(ask, agent.role)
        action = next(a for a in actions if a.lower() == (denial.action or "").lower())
        need = agent_need(
            situation,
            agent,
            role,
            requirement=requirement,
            action=action,
            resource=str(denial.resource),
            what=f"log group {group}" if group else "the log groups of this region",
            remedy=Allow(agent.role, (action,), written, sid),
        )
        return permission(situation, need, role)

    return check


def _named_in(situation: Situation, agent: Agent, denial: Denial) -> Optional[tuple[str, str]]:
    """The log group that AWS named when it refused, and how a policy writes it."""
    arn = parse_arn(denial.resource or "")
    kind, _, rest = arn.resource.partition(":") if arn else ("", "", "")
    group = rest.partition(":")[0]
    if kind != "log-group" or not (not group or is_group_name(group)):
        # A log is hostile: only what can be a name may find its way into a command.
        return None
    base = f"arn:{partition_of(situation.region)}:logs:{situation.region}:{agent.account}"
    return group, f"{base}:log-group:{group}:*" if group else "*"


def _refusal(situation: Situation, requirement: str, actions: Sequence[str]) -> Optional[Denial]:
    """The newest refusal of one of ``actions`` that casts doubt on ``requirement``."""
    known = {action.lower() for action in actions}
    for symptom in reversed(doubted(situation, requirement)):
        denial = symptom.failure.denial if symptom.failure else None
        if denial is not None and (denial.action or "").lower() in known:
            return denial
    return None


REQUIREMENTS = (
    Requirement(
        ID,
        "The role has what AmazonSSMManagedInstanceCore allows",
        "permission",
        _check,
        standing=False,
    ),
    Requirement(
        CREATE_GROUP,
        "The role may create log groups (for Run Command's output)",
        "permission",
        _besides(CREATE_GROUP, ("logs:CreateLogGroup",), "CreateLogGroup"),
        standing=False,
    ),
    Requirement(
        PUBLISH,
        "The role may publish the agent's own log",
        "permission",
        _besides(PUBLISH, _PUBLISHING, "PublishAgentLog"),
        standing=False,
    ),
)
