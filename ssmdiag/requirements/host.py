"""The host beneath the agent, as far as AWS-side facts can clear it.

Source: agent source ``common/identity`` (identities are tried one after the other; that EC2's does
not answer outside EC2 is logged as an error and means nothing).
"""

from __future__ import annotations

from ssmdiag.model import Holds, NotApplicable, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.contract import Requirement, doubted, moments
from ssmdiag.requirements.identity import Agent, find_agent
from ssmdiag.world.call import Ask

_ID = "local/host"
_METADATA = "169.254.169.254"


def _check(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, _ID)
    if not symptoms:
        return NotApplicable("nothing in the log casts doubt on it")
    agent = find_agent(ask, situation)
    metadata_only = all(_METADATA in s.sample.message for s in symptoms)
    if metadata_only and isinstance(agent, Agent) and agent.hybrid:
        return Holds(f"{agent.session} is a hybrid node, which has no instance metadata service")
    worst = symptoms[0]
    kinds = dict.fromkeys(x.resource for x in worst.suspects if x.requirement == _ID)
    return Unverified(
        f"the agent's log says: {worst.title}",
        tuple(Resource(kind, "this node") for kind in kinds),
        "look at the host: disk space, limits, users, and the agent's service",
        tuple(f"{s.title}: {s.sample.message} ({moments(s)})" for s in symptoms),
    )


REQUIREMENTS = (Requirement(_ID, "The host lets the agent work", "host", _check, standing=False),)
