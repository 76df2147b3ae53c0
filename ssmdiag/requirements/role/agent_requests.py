"""Every signed request that the agent makes for sessions, as the configuration in force needs it.

What only updates, inventory or Run Command ask for is not among them. Sources: agent source
``agent/session``, ``agent/agentlogstocloudwatch`` and ``agent/s3util``; Systems Manager User Guide,
"Create a custom IAM role for Session Manager".
"""

from __future__ import annotations

from ssmdiag.model import Situation
from ssmdiag.requirements.destination.bucket import uploading
from ssmdiag.requirements.identity.agent import Agent, find_agent
from ssmdiag.requirements.key.session_key import decrypting
from ssmdiag.requirements.role.authorisation import Need
from ssmdiag.requirements.role.permissions import channels, reporting, writing_logs
from ssmdiag.requirements.role.policies import read_role
from ssmdiag.world.call import Ask


def agent_requests(ask: Ask, situation: Situation) -> tuple[Need, ...]:
    """The agent's requests, as what its role needs for them; none if its role is not known.

    Without readable preferences those of logging and encryption are missing.
    """
    agent = find_agent(ask, situation)
    if not isinstance(agent, Agent):
        return ()
    role = read_role(ask, agent.role)
    return (
        reporting(situation, agent, role),
        *channels(situation, agent, role),
        *decrypting(ask, situation, agent, role),
        *writing_logs(ask, situation, agent, role),
        *uploading(ask, situation, agent, role),
    )
