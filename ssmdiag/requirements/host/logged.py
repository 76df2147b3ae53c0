"""What no probe looks at in the host beneath the agent, told or cleared by the log alone.

Source: agent source ``common/identity`` (identities are tried one after the other; that EC2's does
not answer outside EC2 is logged as an error and means nothing).
"""

from __future__ import annotations

from ssmdiag.model import Holds, NotApplicable, Situation, Verdict
from ssmdiag.requirements.agent.facts import INSTALLATION, METADATA, told
from ssmdiag.requirements.contract import Requirement, as_logged, doubted
from ssmdiag.requirements.identity.agent import Agent, find_agent
from ssmdiag.world.call import Ask

_HOST = "local/host"
_SERVICE = "identity/metadata-service"


def _host(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, _HOST)
    if not symptoms:
        return NotApplicable(_unlooked(ask))
    agent = find_agent(ask, situation)
    metadata_only = all(any(x.requirement == _SERVICE for x in s.suspects) for s in symptoms)
    if metadata_only and isinstance(agent, Agent) and agent.hybrid:
        return Holds(f"{agent.session} is a hybrid node, which has no instance metadata service")
    if metadata_only and told(ask(METADATA)).get("Identity"):
        return Holds("instance metadata answers now")
    settle = "look at the host: limits, users, and the agent's service"
    return as_logged(_HOST, symptoms, settle)


def _unlooked(ask: Ask) -> str:
    if told(ask(INSTALLATION)).get("Kind") == "msi":
        return (
            "on Windows, files locked by an antivirus or a leftover process, PowerShell's policies "
            "and session users show only in the agent's log: `ssmdiag diagnose` reads it"
        )
    return "nothing in the log casts doubt on it"


REQUIREMENTS = (Requirement(_HOST, "The host lets the agent work", "host", _host, standing=False),)
