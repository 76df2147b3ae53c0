"""Whether the instance profile gives the node a role that EC2 can assume.

Sources: EC2 User Guide, "Instance metadata categories" (``iam/info``, ``iam/security-credentials``)
and "Troubleshoot IAM roles" (codes other than Success); IAM User Guide, "Use instance profiles" (a
profile holds one role, or none).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ssmdiag.iam.arn import dns_suffix, parse_arn
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Verdict,
)
from ssmdiag.requirements.agent.facts import METADATA, restarting, told
from ssmdiag.requirements.contract import Requirement, as_logged, doubted, gap_of, waits
from ssmdiag.requirements.identity.agent import Agent, find_agent, kind_of_node
from ssmdiag.requirements.identity.trust import assuming, remedy
from ssmdiag.requirements.role.policies import read_role
from ssmdiag.world.call import Ask, Known

_ID = "identity/instance-profile"
_METADATA = "identity/metadata-service"
_NAME = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)


def _profile(ask: Ask, situation: Situation) -> Verdict:
    answer, symptoms = ask(METADATA), doubted(situation, _ID)
    data = told(answer)
    if kind_of_node(ask, situation) in ("hybrid", "ECS") and not data.get("Identity"):
        return NotApplicable("the node is no EC2 instance")
    if not isinstance(answer, Known):
        if symptoms:
            return as_logged(_ID, symptoms, gap_of(answer, "the instance metadata service").settle)
        return waits(_METADATA, "instance metadata could not be asked")
    if data.get("Token") != "answered" or data.get("TokenStatus") not in (200, None):
        return waits(_METADATA, "instance metadata does not answer")
    profile = data.get("Profile")
    if not isinstance(profile, dict):
        return NotApplicable("the instance has no instance profile; see identity/agent-role")
    return _role(ask, situation, data, profile)


def _role(
    ask: Ask, situation: Situation, data: Mapping[str, Any], profile: Mapping[str, Any]
) -> Verdict:
    arn, role = str(profile.get("InstanceProfileArn") or ""), str(data.get("Role") or "")
    name = arn.rpartition("/")[2]
    code = str(profile.get("Code") or "Success")
    seen = (
        f"instance metadata, iam/info: Code {code}, {arn or profile.get('Message', 'no profile')}"
    )
    if code != "Success":
        return Broken(
            f"EC2 cannot use the node's instance profile: {code}",
            Resource("role", name or "the instance profile"),
            (seen,),
            (Advice(_associate(ask)),),
        )
    if not role:
        return Broken(
            f"instance profile {name} holds no role (it was taken out, or deleted)",
            Resource("role", name or "the instance profile"),
            (seen, "instance metadata, iam/security-credentials: no role"),
            (Advice(_fill(ask, name)),),
        )
    credentials = data.get("Credentials")
    shown = credentials if isinstance(credentials, dict) else {}
    refused = str(shown.get("Code") or "")
    if refused in ("", "Success"):
        said = f"instance profile {name or 'of the instance'} gives the node role {role}"
        return Holds(said, (seen,))
    message = f" ({shown['Message']})" if shown.get("Message") else ""
    return _not_assumed(ask, situation, role, f"{refused}{message}")


def _not_assumed(ask: Ask, situation: Situation, role: str, code: str) -> Verdict:
    principal = f"ec2.{dns_suffix(situation.region)}"
    said = f"EC2 could not assume role {role} for this node: {code}"
    seen = (f"instance metadata, iam/security-credentials/{role}: Code {code}",)
    again = f"then on the node {restarting(ask)}"
    known = read_role(ask, role)
    arn = parse_arn(known.arn)
    if known.trust is None or arn is None:
        mend = f"the trust policy of role {role} must hold {json.dumps(_letting(principal))}"
        mend += "; if the role was deleted and made again, put it into the instance profile again"
        return Broken(said, Resource("role", role), seen, (Advice(f"{mend}; {again}"),))
    decision = assuming(known.arn, known.trust, principal, arn.account)
    if decision.outcome != "denied":
        mend = f"the trust policy lets {principal} assume it now; EC2 tries again within the hour"
        return Broken(said, Resource("role", role), seen, (Advice(f"{mend}; {again}"),))
    agent = find_agent(ask, situation)
    if isinstance(agent, Agent) and agent.role == role and agent.how == "instance profile":
        return waits("role/trust", f"{said}; its trust policy does not let {principal}")
    letting = remedy(role, principal, known.trust.document, explicit=decision.explicit)
    return Broken(said, Resource("role", role), (*seen, *decision.reasons), (letting,))


def _letting(principal: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}


def _associate(ask: Ask) -> str:
    return (
        "attach an instance profile that exists (ec2:ReplaceIamInstanceProfileAssociation), whose "
        f"role has the policy AmazonSSMManagedInstanceCore; then on the node: {restarting(ask)}"
    )


def _fill(ask: Ask, name: str) -> str:
    profile = name if _NAME.fullmatch(name) else "PROFILE"
    return (
        "who administers IAM has to run `aws iam add-role-to-instance-profile "
        f"--instance-profile-name {profile} --role-name ROLE` with a role that has the policy "
        f"AmazonSSMManagedInstanceCore; then on the node {restarting(ask)}"
    )


REQUIREMENTS = (
    Requirement(
        _ID,
        "The instance profile gives the node a role",
        "identity",
        _profile,
        standing=False,
    ),
)
