"""Who is meant: by name or ARN, a service, or whoever asks.

Sources: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

from typing import Optional, Union

from ssmdiag.iam.arn import is_aws_host, parse_arn
from ssmdiag.model import Situation
from ssmdiag.requirements.caller.principals import Nobody, Who, asking, named, role_named
from ssmdiag.requirements.identity.agent import CALLER, Agent, find_agent
from ssmdiag.world.call import Ask, Known, reason


class NoSuchPrincipalError(Exception):
    """Whoever is meant does not exist, or is not known; the message says what to do."""


def find_who(ask: Ask, situation: Situation, wanted: Optional[str]) -> Who:
    """Read the caller that ``wanted`` names; without, the agent's role, or else who asks.

    Raises NoSuchPrincipalError.
    """
    found = _found(ask, situation, wanted)
    if isinstance(found, Nobody):
        raise NoSuchPrincipalError(found.why)
    return found


def _found(ask: Ask, situation: Situation, wanted: Optional[str]) -> Union[Who, Nobody]:
    if wanted is None:
        agent = find_agent(ask, situation)
        if isinstance(agent, Agent):
            return role_named(ask, situation, agent.role, agent.principal(situation.region))
        wanted = asking(ask).get("Arn") or ""
        if not wanted:
            answer = ask(CALLER)
            why = "AWS does not say" if isinstance(answer, Known) else reason(answer)
            return Nobody(
                f"it is not known who asks ({why}): give credentials, or name somebody with --as"
            )
    if parse_arn(wanted) is not None:
        return named(ask, situation, wanted)
    if is_aws_host(wanted):
        return Who(wanted, wanted, None, "")
    return role_named(ask, situation, wanted.rpartition("/")[2], None)
