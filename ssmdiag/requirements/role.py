"""What the agent's role must be allowed: reporting, channels, the session key, CloudWatch Logs.

The resource of each request is the literal that AWS checks, which is not always the one that people
expect (``logs:DescribeLogGroups`` is checked against an empty group name). Sources: Systems Manager
User Guide, "Create a custom IAM role for Session Manager"; Amazon CloudWatch Logs User Guide,
"Overview of managing access permissions"; agent source ``agent/session/crypto/kmsservice.go``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional, Union

from ssmdiag.iam.arn import partition_of
from ssmdiag.iam.policy import Grant
from ssmdiag.model import (
    Admit,
    Allow,
    Broken,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.authorisation import Need, permission
from ssmdiag.requirements.contract import Gap, Requirement, doubted, waits
from ssmdiag.requirements.identity import Agent, find_agent, same_identity
from ssmdiag.requirements.key_facts import Key, key_policy, session_key
from ssmdiag.requirements.log_group_facts import find_group, listing
from ssmdiag.requirements.preferences import READABLE, Preferences, find_preferences
from ssmdiag.requirements.role_policies import RolePolicies, read_role
from ssmdiag.world.call import Ask, Known, call

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
    return Need(
        role=agent.role,
        role_arn=role.arn or agent.arn(situation.region),
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


def _kms_decrypt(ask: Ask, situation: Situation) -> Verdict:
    requirement = "role/kms-decrypt"
    agent = find_agent(ask, situation)
    if not isinstance(agent, Agent):
        return waits(_AGENT, "not known before the agent's role is")
    found = find_preferences(ask, situation)
    key = session_key(ask, situation)
    if key is None:
        return NotApplicable("sessions are not encrypted with a KMS key")
    role = read_role(ask, agent.role)
    if isinstance(key, Key):
        written = found.key if isinstance(found, Preferences) else key.written
        return permission(situation, _decrypt_need(ask, situation, agent, role, key, written), role)
    named = key_in_log(situation, requirement)
    if isinstance(key, Preferences):
        return waits("preferences/session-key", "kmsKeyId has to be mended first")
    if isinstance(found, Preferences) and found.key.startswith("arn:") and ":key/" in found.key:
        named = found.key
    if named is None:
        return waits("preferences/session-key", "not known before the session key is")
    unread = Key(named, named, "", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    return permission(situation, _decrypt_need(ask, situation, agent, role, unread, named), role)


def key_in_log(situation: Situation, requirement: str) -> Optional[str]:
    """The key ARN that AWS named when it refused, if it did."""
    for symptom in reversed(doubted(situation, requirement)):
        denial = symptom.failure.denial if symptom.failure else None
        if denial and denial.resource and ":key/" in denial.resource:
            return denial.resource
    return None


def _decrypt_need(
    ask: Ask, situation: Situation, agent: Agent, role: RolePolicies, key: Key, written: str
) -> Need:
    policy = key_policy(ask, key.arn)
    context: dict[str, Union[str, Sequence[str], None]] = {
        "kms:ViaService": None,
        "kms:CallerAccount": agent.account,
        "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "kms:EncryptionContext:aws:ssm:TargetId": agent.session,
        "kms:RequestAlias": written.rsplit(":", 1)[-1] if "alias/" in written else None,
        "kms:GrantIsForAWSResource": None,
        "aws:CalledVia": None,
        "aws:SourceArn": None,
        "aws:SourceAccount": None,
    }
    texts = json.dumps([p.document for p in (role.identity or ())], default=dict)
    texts += "" if isinstance(policy, Gap) else json.dumps(policy.document, default=dict)
    if "ResourceAliases" in texts:
        context.update(_aliases(ask, key))
    return agent_need(
        situation,
        agent,
        role,
        requirement="role/kms-decrypt",
        action="kms:Decrypt",
        resource=key.arn,
        what=f"the session key {key.arn}",
        context=context,
        owner=key.account,
        resource_policy=policy if isinstance(policy, Gap) else (policy,),
        resource_policy_of=Resource("key-policy", key.arn),
        remedy=Allow(agent.role, ("kms:Decrypt",), key.arn, "SessionKey"),
        admission=Admit(
            key.arn,
            "SessionManagerNode",
            ("AWS", role.arn or agent.arn(situation.region)),
            ("kms:Decrypt",),
        ),
        grants=lambda: grants(ask, key.arn),
    )


def _aliases(ask: Ask, key: Key) -> dict[str, Sequence[str]]:
    answer = ask(call("kms", "ListAliases", KeyId=key.arn))
    if not isinstance(answer, Known):
        return {}
    return {"kms:ResourceAliases": [a["AliasName"] for a in answer.data.get("Aliases", [])]}


def grants(ask: Ask, key_arn: str) -> Optional[Sequence[Grant]]:
    """The grants of a key, or None if they may not be read."""
    answer = ask(call("kms", "ListGrants", KeyId=key_arn))
    if not isinstance(answer, Known):
        return None
    return [
        Grant(g.get("GranteePrincipal", ""), tuple(g.get("Operations", ())), g.get("Constraints"))
        for g in answer.data.get("Grants", [])
    ]


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
            witness=ask(listing(group)) if lists and same_identity(ask, agent) else None,
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
            return denial.resource.split(":log-group:")[1].split(":")[0]
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
    Requirement("role/kms-decrypt", "The role may use the session key", "permission", _kms_decrypt),
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
