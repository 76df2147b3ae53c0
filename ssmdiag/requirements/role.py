"""What the agent's role must be allowed: reporting, channels, the session key, CloudWatch Logs.

The resource of each request is the literal that AWS checks, which is not always the one that people
expect (``logs:DescribeLogGroups`` is checked against an empty group name). Sources: Systems Manager
User Guide, "Create a custom IAM role for Session Manager"; Amazon CloudWatch Logs User Guide,
"Overview of managing access permissions"; agent source ``agent/session/crypto/kmsservice.go``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Callable, Optional, Union

from ssmdiag.iam.arn import partition_of
from ssmdiag.model import (
    Allow,
    Broken,
    NotApplicable,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.authorisation import Need, Witness, permission
from ssmdiag.requirements.contract import Gap, Requirement, doubted, waits
from ssmdiag.requirements.identity import Agent, find_agent, same_identity
from ssmdiag.requirements.log_group_facts import find_group, listing
from ssmdiag.requirements.preferences_facts import (
    READABLE,
    Preferences,
    find_preferences,
    is_group_name,
)
from ssmdiag.requirements.role_policies import RolePolicies, read_role
from ssmdiag.world.call import Ask

CHANNELS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
_AGENT = "identity/agent-role"
_SAMPLE_STREAM = "session-0123456789abcdef0"


def agent_need(situation: Situation, agent: Agent, role: RolePolicies, **wanted: object) -> Need:
    """A Need of the agent's role; ``wanted`` holds the other fields of ``Need``."""
    context = {"aws:RequestedRegion": situation.region, **wanted.pop("context", {})}  # type: ignore[dict-item]
    return Need(
        role=agent.role,
        context=context,
        role_arn=role.arn,
        principal=agent.principal(situation.region),
        account=agent.account,
        **wanted,  # type: ignore[arg-type]
    )


def _report(ask: Ask, situation: Situation) -> Verdict:
    agent = find_agent(ask, situation)
    if not isinstance(agent, Agent):
        return waits(_AGENT, "not known before the agent's role is")
    role = read_role(ask, agent.role)
    kind, service = ("managed-instance", "ssm") if agent.hybrid else ("instance", "ec2")
    base = f"arn:{partition_of(situation.region)}:{service}:{situation.region}:{agent.account}"
    action = "ssm:UpdateInstanceInformation"
    need = agent_need(
        situation,
        agent,
        role,
        requirement="role/report-to-ssm",
        action=action,
        resource=f"{base}:{kind}/{agent.session}",
        what="this node",
        remedy=Allow(agent.role, (action,), "*", "ReportToSystemsManager"),
    )
    return permission(situation, need, role)


def _channels(ask: Ask, situation: Situation) -> Verdict:
    agent = find_agent(ask, situation)
    if not isinstance(agent, Agent):
        return waits(_AGENT, "not known before the agent's role is")
    role = read_role(ask, agent.role)
    verdicts = [
        permission(
            situation,
            agent_need(
                situation,
                agent,
                role,
                requirement="role/message-channels",
                action=action,
                resource="*",
                what="all resources",
                remedy=Allow(agent.role, (action,), "*", "MessageChannels"),
            ),
            role,
        )
        for action in CHANNELS
    ]
    broken = [v for v in verdicts if isinstance(v, Broken)]
    if broken:
        first, remedies = broken[0], tuple(r for v in broken for r in v.remedies)
        evidence = tuple(dict.fromkeys(e for v in broken for e in v.evidence))
        return replace(first, evidence=evidence, remedies=remedies)
    return next((v for v in verdicts if isinstance(v, Unverified)), verdicts[0])


def _logs(action: str, stream: Optional[str], sid: str) -> Callable[[Ask, Situation], Verdict]:
    """An action of CloudWatch Logs; ``stream`` is what follows ``log-stream:``, None for a list."""
    requirement = "role/" + _kebab(action.split(":")[1])

    def check(ask: Ask, situation: Situation) -> Verdict:
        agent = find_agent(ask, situation)
        if not isinstance(agent, Agent):
            return waits(_AGENT, "not known before the agent's role is")
        group = _group_name(ask, situation, requirement)
        if isinstance(group, NotApplicable):
            return group
        if group is None:
            return waits(READABLE, "not known before the preferences are")
        role = read_role(ask, agent.role)
        base = f"arn:{partition_of(situation.region)}:logs:{situation.region}:{agent.account}"
        lists = stream is None
        need = agent_need(
            situation,
            agent,
            role,
            requirement=requirement,
            action=action,
            # A list request is authorised on an empty group name (permission reference of Logs).
            resource=f"{base}:log-group:{'' if lists else group}:log-stream:{stream or ''}",
            what="the log groups of this region" if lists else f"log group {group}",
            witness=Witness("ssmdiag's own Call", partial(ask, listing(group)))
            if lists and same_identity(ask, agent)
            else None,
            remedy=Allow(
                agent.role, (action,), "*" if lists else f"{base}:log-group:{group}:*", sid
            ),
        )
        return permission(situation, need, role)

    return check


def _group_name(
    ask: Ask, situation: Situation, requirement: str
) -> Union[str, NotApplicable, None]:
    """The name to judge: the group that exists, or the one that the preferences or the log name."""
    found = find_preferences(ask, situation)
    if isinstance(found, Preferences):
        if not found.group:
            return NotApplicable("no log group is configured")
        group = find_group(ask, situation, found.group)
        return found.group.strip() if isinstance(group, Gap) else group.name
    for symptom in reversed(doubted(situation, requirement)):
        denial = symptom.failure.denial if symptom.failure else None
        if denial and denial.resource and ":log-group:" in denial.resource:
            name = denial.resource.split(":log-group:")[1].split(":")[0]
            # A log is hostile: only what can be a name may find its way into a command. A list
            # request is refused on no group at all.
            if not name or is_group_name(name):
                return name
    return None


def _kebab(operation: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in operation).lstrip("-")


REQUIREMENTS = (
    Requirement(
        "role/report-to-ssm", "The role may report to Systems Manager", "credentials", _report
    ),
    Requirement(
        "role/message-channels", "The role may open message channels", "permission", _channels
    ),
    Requirement(
        "role/describe-log-groups",
        "The role may find the log group",
        "permission",
        _logs("logs:DescribeLogGroups", None, "FindLogGroup"),
    ),
    Requirement(
        "role/create-log-stream",
        "The role may create the session's log stream",
        "permission",
        _logs("logs:CreateLogStream", "", "WriteSessionLog"),
    ),
    Requirement(
        "role/describe-log-streams",
        "The role may look at log streams",
        "permission",
        _logs("logs:DescribeLogStreams", "", "WriteSessionLog"),
    ),
    Requirement(
        "role/put-log-events",
        "The role may write log events",
        "permission",
        _logs("logs:PutLogEvents", _SAMPLE_STREAM, "WriteSessionLog"),
    ),
)
