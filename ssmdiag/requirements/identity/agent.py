"""Who the agent is to AWS. boto3 on the node may well hold other credentials than the agent.

Sources: agent source ``common/identity`` and ``common/runtimeconfig``; Systems Manager User Guide,
"Default Host Management Configuration" and "Hybrid and multicloud environments"; Amazon ECS
Developer Guide, "Monitor Amazon ECS containers with ECS Exec" (the agent has the task's role).
"""

from __future__ import annotations

import re
from typing import Any, Literal, Optional, Union

from ssmdiag.iam.arn import parse_arn, partition_of, role_name_of, session_name_of
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent.facts import METADATA, told
from ssmdiag.requirements.contract import Gap, Requirement, doubted, waits
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Known, call

ID = "identity/agent-role"
DHMC_SETTING = "/ssm/managed-instance/default-ec2-instance-management-role"

RUNTIME_CONFIG = call("host", "GetRuntimeConfig")
PROFILE_ROLE = call("host", "GetInstanceMetadata", Path="iam/security-credentials/")
CALLER = call("sts", "GetCallerIdentity")

ECS_TASK = "ECS task"
_TASK_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NODE_ID = re.compile(r"m?i-[0-9a-f]{8,17}", re.ASCII)


@dataclass(frozen=True)
class Agent:
    """The identity under which the agent calls AWS."""

    role: str
    account: str
    session: str
    """Instance id, mi-... on a hybrid node, or the id of an ECS task."""
    how: str
    """``instance profile``, ``Default Host Management``, ``hybrid activation``, ``ECS task``."""
    source: str
    """What this was taken from, in words."""
    path: str = "/"

    @property
    def hybrid(self) -> bool:
        return self.session.startswith("mi-")

    def arn(self, region: str) -> str:
        return f"arn:{partition_of(region)}:iam::{self.account}:role{self.path}{self.role}"

    def principal(self, region: str) -> str:
        partition = partition_of(region)
        return f"arn:{partition}:sts::{self.account}:assumed-role/{self.role}/{self.session}"


@dataclass(frozen=True)
class NoRole:
    """The agent has no AWS credentials at all."""

    why: str


def find_agent(ask: Ask, situation: Situation) -> Union[Agent, NoRole, Gap]:
    """Tell the agent's identity from the host, the log and AWS, in this order of trust."""
    config, caller = told(ask(RUNTIME_CONFIG)), told(ask(CALLER))
    logged = situation.principals[-1] if situation.principals else None
    account = _account(logged) or str(caller.get("Account", "")) or None
    identity, source = config.get("IdentityType"), config.get("CredentialSource")
    session = config.get("InstanceId") or situation.instance_id or ""
    if identity == "EC2" and source == "None" and not _profile_role(ask):
        fallback = _default_host_management(ask, account or "", str(session), None)
        if isinstance(fallback, Agent) and account:
            return fallback
        return NoRole("the agent's identity_config.json names no source of credentials")
    if account is None:
        return Gap(
            "neither the agent's log nor AWS tells under which role the agent runs",
            "give ssmdiag credentials (sts:GetCallerIdentity needs no permission)",
        )
    if identity == "ECS" or str(session).startswith("ecs:"):
        return _task(logged, caller)
    if identity == "OnPrem" or str(session).startswith("mi-"):
        return _hybrid(ask, account, str(session), logged)
    if source == "SSM" or (source is None and situation.credential_source == "SSM"):
        return _default_host_management(ask, account, str(session), logged)
    if identity == "EC2" and (role := _profile_role(ask)):
        how = "instance profile"
        return Agent(role, account, str(session), how, "the instance metadata service")
    return _from_log_or_caller(situation, account, str(session), logged, caller)


def the_agent(ask: Ask, situation: Situation) -> Union[Agent, Unverified]:
    """The agent's identity; the Verdict of what cannot be looked at without it."""
    agent = find_agent(ask, situation)
    if isinstance(agent, Agent):
        return agent
    return waits(ID, "not known before the agent's role is")


def node_id(ask: Ask, situation: Situation) -> str:
    """The instance id, or mi-... id, of this node; empty if neither log nor host tells it."""
    config = told(ask(RUNTIME_CONFIG))
    return situation.instance_id or str(config.get("InstanceId") or "")


def is_node_id(text: str) -> bool:
    """An EC2 instance id, or the mi-... id of a hybrid node: fit for a printed command."""
    return _NODE_ID.fullmatch(text) is not None


def kind_of_node(ask: Ask, situation: Situation) -> Literal["EC2", "hybrid", "ECS", ""]:
    """As what the agent runs: by its own file, else by the node's id; empty if neither tells."""
    config = told(ask(RUNTIME_CONFIG))
    identity, node = config.get("IdentityType"), node_id(ask, situation)
    if identity == "ECS" or node.startswith("ecs:"):
        return "ECS"
    if identity == "OnPrem" or node.startswith("mi-"):
        return "hybrid"
    return "EC2" if identity == "EC2" or node.startswith("i-") else ""


def is_ec2(ask: Ask, situation: Situation) -> bool:
    """Is the node an EC2 instance, as whatever its agent runs?"""
    return kind_of_node(ask, situation) == "EC2" or bool(told(ask(METADATA)).get("Identity"))


def same_identity(ask: Ask, agent: Agent) -> bool:
    """Does ssmdiag ask AWS with the very role that the agent has?"""
    caller = str(told(ask(CALLER)).get("Arn", ""))
    account = _account(caller)
    return role_name_of(caller) == agent.role and account == agent.account


def _profile_role(ask: Ask) -> str:
    answer = ask(PROFILE_ROLE)
    words = str(answer.data).split() if isinstance(answer, Known) else []
    return words[0] if words else ""


def _task(logged: Optional[str], caller: dict[str, Any]) -> Union[Agent, Gap]:
    """The role of an ECS task, if a session that bears the task's id shows it."""
    asker = str(caller.get("Arn", ""))
    sources = (
        (logged or "", "a denial in the agent's log"),
        (asker, "the credentials that ssmdiag itself found here"),
    )
    for arn, source in sources:
        role, session, account = role_name_of(arn), session_name_of(arn), _account(arn)
        if role and account and session and _TASK_ID.fullmatch(session):
            return Agent(role, account, session, ECS_TASK, source)
    return Gap(
        "the role of the ECS task, under which the agent runs, is not known",
        "run ssmdiag in the task's container, with the task's own credentials",
    )


def _hybrid(ask: Ask, account: str, session: str, logged: Optional[str]) -> Union[Agent, Gap]:
    how = "hybrid activation"
    role = role_name_of(logged) if logged else None
    if role:
        return Agent(role, account, session, how, "a denial in the agent's log")
    filters = [{"Key": "InstanceIds", "Values": [session]}]
    answer = told(ask(call("ssm", "DescribeInstanceInformation", Filters=filters)))
    for node in answer.get("InstanceInformationList", []):
        if node.get("IamRole"):
            name = str(node["IamRole"]).rsplit("/", 1)[-1]
            return Agent(name, account, session, how, "ssm:DescribeInstanceInformation")
    return Gap(
        f"the service role of the hybrid node {session} is not known",
        "allow ssm:DescribeInstanceInformation",
    )


def _default_host_management(
    ask: Ask, account: str, session: str, logged: Optional[str]
) -> Union[Agent, Gap]:
    how = "Default Host Management"
    answer = told(ask(call("ssm", "GetServiceSetting", SettingId=DHMC_SETTING)))
    value = str(answer.get("ServiceSetting", {}).get("SettingValue") or "")
    if value and not value.startswith("$"):
        path, _, name = value.rpartition("/")
        folder = f"/{path}/" if path else "/"
        return Agent(name, account, session, how, "ssm:GetServiceSetting", folder)
    role = role_name_of(logged) if logged else None
    if role:
        return Agent(role, account, session, how, "a denial in the agent's log")
    return Gap("the role of Default Host Management is not known", "allow ssm:GetServiceSetting")


def _from_log_or_caller(
    situation: Situation,
    account: str,
    session: str,
    logged: Optional[str],
    caller: dict[str, Any],
) -> Union[Agent, Gap]:
    how = "Default Host Management" if situation.credential_source == "SSM" else "instance profile"
    role = role_name_of(logged) if logged else None
    if logged and role:
        name = session_name_of(logged) or session
        if name.startswith("mi-"):
            how = "hybrid activation"
        elif _TASK_ID.fullmatch(name):
            how = ECS_TASK
        return Agent(role, account, name, how, "a denial in the agent's log")
    arn = str(caller.get("Arn", ""))
    role, name = role_name_of(arn), session_name_of(arn) or ""
    if role and name.startswith(("i-", "mi-")):
        return Agent(role, account, name, how, "the credentials that ssmdiag itself found here")
    return Gap(
        "the role under which the agent runs is not known: ssmdiag itself runs as "
        f"{arn or 'nobody'}, and the agent's identity_config.json could not be used",
        "run ssmdiag on the node, as root",
    )


def _account(principal: Optional[str]) -> Optional[str]:
    arn = parse_arn(principal) if principal else None
    return arn.account if arn else None


def _check(ask: Ask, situation: Situation) -> Verdict:
    agent = find_agent(ask, situation)
    if isinstance(agent, Agent):
        said = f"the agent runs as role {agent.role} ({agent.how})"
        asker = told(ask(CALLER)).get("Arn", "nobody")
        evidence = (f"known from {agent.source}", f"ssmdiag itself asks as {asker}")
        return Holds(said, (*evidence, *_whence(told(ask(RUNTIME_CONFIG)))))
    signs = doubted(situation, ID)
    if isinstance(agent, NoRole):
        return Broken(
            "the node has no IAM role: no instance profile that works, and Default Host "
            "Management is not configured",
            Resource("role", situation.instance_id or "this node"),
            (agent.why,),
            (
                Advice(
                    "attach an instance profile whose role has the policy "
                    "AmazonSSMManagedInstanceCore and the session logging permissions "
                    "(ec2:AssociateIamInstanceProfile), or configure Default Host Management "
                    f"(ssm:UpdateServiceSetting {DHMC_SETTING}); then restart the agent"
                ),
            ),
        )
    if not situation.online and not signs:
        return NotApplicable("nothing in the log casts doubt on it")
    suspects = (Resource("role", "the agent's role"),) if signs else ()
    return Unverified(agent.why, suspects, agent.settle)


def _whence(config: dict[str, Any]) -> list[str]:
    """Where the agent itself says that its credentials come from."""
    places = {
        ("EC2", "EC2"): "from the instance profile, by instance metadata",
        ("EC2", "SSM"): "from Systems Manager, by Default Host Management",
        ("OnPrem", "SSM"): "from Systems Manager, by the registration in the agent's vault",
    }
    said = []
    identity, source = config.get("IdentityType"), config.get("CredentialSource")
    if identity:
        place = places.get((str(identity), str(source)), f"source {source or 'not told'}")
        said.append(f"the agent's identity_config.json: identity {identity}, credentials {place}")
    if config.get("ShareFile"):
        profile = config.get("ShareProfile") or "default"
        said.append(f"it keeps them in {config['ShareFile']}, profile {profile}")
    return said


REQUIREMENTS = (Requirement(ID, "The agent has the credentials of a role", "identity", _check),)
