"""What the agent's role must be allowed: reporting, channels, the session key, CloudWatch Logs.

The resource of each request is the literal that AWS checks, which is not always the one that people
expect (``logs:DescribeLogGroups`` is checked against an empty group name). Sources: Systems Manager
User Guide, "Create a custom IAM role for Session Manager"; Amazon CloudWatch Logs User Guide,
"Overview of managing access permissions"; agent source ``agent/session/crypto/kmsservice.go``.
"""

from __future__ import annotations

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
from ssmdiag.requirements.contract import Gap, Requirement, as_one, doubted
from ssmdiag.requirements.destination.log_group_facts import find_group, listing
from ssmdiag.requirements.identity.agent import Agent, same_identity, the_agent
from ssmdiag.requirements.preferences.facts import (
    Preferences,
    is_group_name,
    preferences_with_group,
)
from ssmdiag.requirements.role.authorisation import Need, Witness, permission
from ssmdiag.requirements.role.policies import RolePolicies, read_role
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask

CHANNELS = (
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
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


def reporting(situation: Situation, agent: Agent, role: RolePolicies) -> Need:
    """What the agent needs to report to Systems Manager."""
    kind, service = ("managed-instance", "ssm") if agent.hybrid else ("instance", "ec2")
    base = f"arn:{partition_of(situation.region)}:{service}:{situation.region}:{agent.account}"
    action = "ssm:UpdateInstanceInformation"
    return agent_need(
        situation,
        agent,
        role,
        requirement="role/report-to-ssm",
        action=action,
        resource=f"{base}:{kind}/{agent.session}",
        what="this node",
        remedy=Allow(agent.role, (action,), "*", "ReportToSystemsManager"),
    )


def _report(ask: Ask, situation: Situation) -> Verdict:
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    role = read_role(ask, agent.role)
    return permission(situation, reporting(situation, agent, role), role)


def channels(situation: Situation, agent: Agent, role: RolePolicies) -> tuple[Need, ...]:
    """What the agent needs to open its message channels."""
    return tuple(
        agent_need(
            situation,
            agent,
            role,
            requirement="role/message-channels",
            action=action,
            resource="*",
            what="all resources",
            remedy=Allow(agent.role, (action,), "*", "MessageChannels"),
        )
        for action in CHANNELS
    )


def _channels(ask: Ask, situation: Situation) -> Verdict:
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    role = read_role(ask, agent.role)
    verdicts = [permission(situation, n, role) for n in channels(situation, agent, role)]
    broken = [v for v in verdicts if isinstance(v, Broken)]
    if broken:
        return as_one(broken)
    return next((v for v in verdicts if isinstance(v, Unverified)), verdicts[0])


@dataclass(frozen=True)
class _OnLogs:
    """One action of CloudWatch Logs that the agent needs."""

    action: str
    stream: Optional[str]
    """What follows ``log-stream:``; None for a list."""
    sid: str

    @property
    def requirement(self) -> str:
        return "role/" + _kebab(self.action.split(":")[1])


_FIND_GROUP = _OnLogs("logs:DescribeLogGroups", None, "FindLogGroup")
_CREATE_STREAM = _OnLogs("logs:CreateLogStream", "", "WriteSessionLog")
_FIND_STREAM = _OnLogs("logs:DescribeLogStreams", "", "WriteSessionLog")
_PUT_EVENTS = _OnLogs("logs:PutLogEvents", _SAMPLE_STREAM, "WriteSessionLog")
_ON_LOGS = (_FIND_GROUP, _CREATE_STREAM, _FIND_STREAM, _PUT_EVENTS)


def writing_logs(
    ask: Ask, situation: Situation, agent: Agent, role: RolePolicies
) -> tuple[Need, ...]:
    """What the agent needs to write session logs to the log group; none without a group."""
    group = _group_name(ask, situation, _FIND_GROUP.requirement)
    if not isinstance(group, str):
        return ()
    return tuple(_logs_need(ask, situation, agent, role, group, one) for one in _ON_LOGS)


def _logs_need(
    ask: Ask, situation: Situation, agent: Agent, role: RolePolicies, group: str, one: _OnLogs
) -> Need:
    base = f"arn:{partition_of(situation.region)}:logs:{situation.region}:{agent.account}"
    lists = one.stream is None
    return agent_need(
        situation,
        agent,
        role,
        requirement=one.requirement,
        action=one.action,
        # A list request is authorised on an empty group name (permission reference of Logs).
        resource=f"{base}:log-group:{'' if lists else group}:log-stream:{one.stream or ''}",
        what="the log groups of this region" if lists else f"log group {group}",
        witness=Witness("ssmdiag's own Call", partial(ask, listing(group)))
        if lists and same_identity(ask, agent)
        else None,
        remedy=Allow(
            agent.role, (one.action,), "*" if lists else f"{base}:log-group:{group}:*", one.sid
        ),
    )


def _logs(one: _OnLogs) -> Callable[[Ask, Situation], Verdict]:
    def check(ask: Ask, situation: Situation) -> Verdict:
        agent = the_agent(ask, situation)
        if not isinstance(agent, Agent):
            return agent
        group = _group_name(ask, situation, one.requirement)
        if not isinstance(group, str):
            return group
        role = read_role(ask, agent.role)
        return permission(situation, _logs_need(ask, situation, agent, role, group, one), role)

    return check


def _group_name(ask: Ask, situation: Situation, requirement: str) -> Union[str, Verdict]:
    """The name to judge: the group that exists, or the one that the preferences or the log name."""
    found = preferences_with_group(ask, situation)
    if isinstance(found, NotApplicable):
        return found
    if isinstance(found, Preferences):
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
    return found


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
        _logs(_FIND_GROUP),
    ),
    Requirement(
        "role/create-log-stream",
        "The role may create the session's log stream",
        "permission",
        _logs(_CREATE_STREAM),
    ),
    Requirement(
        "role/describe-log-streams",
        "The role may look at log streams",
        "permission",
        _logs(_FIND_STREAM),
    ),
    Requirement(
        "role/put-log-events",
        "The role may write log events",
        "permission",
        _logs(_PUT_EVENTS),
    ),
)
